//! Tables with a known truth.

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use ingot_base::Tabular;
use ingot_train::{Tables, TrainConfig, Trained};
use std::sync::Arc;
use std::time::Duration;

/// `SplitMix64`.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[(self.unit() * items.len() as f64) as usize]
    }
}

pub(crate) struct Person {
    pub(crate) age: f64,
    pub(crate) income: Option<f64>,
    pub(crate) job: &'static str,
    pub(crate) sex: &'static str,
    pub(crate) owner: bool,
    pub(crate) noise: f64,
    pub(crate) draw: f64,
}

impl Person {
    /// Log odds of default.
    pub(crate) fn margin(&self) -> f64 {
        let income = self.income.map_or(0.8, |income| (4000.0 - income) / 2500.0);
        let job = match self.job {
            "工人" => 0.7,
            "经理" => -0.9,
            _ => 0.0,
        };
        -1.2 + income + job - (self.age - 40.0) / 25.0 - if self.owner { 0.6 } else { 0.0 }
    }

    pub(crate) fn bad(&self) -> bool {
        self.draw < 1.0 / (1.0 + (-self.margin()).exp())
    }
}

pub(crate) fn people(seed: u64, count: usize) -> Vec<Person> {
    let mut draw = Draw(seed);
    (0..count)
        .map(|_| Person {
            age: (18.0 + draw.unit() * 60.0).floor(),
            income: (draw.unit() > 0.1)
                .then_some(0.0)
                .map(|_| (1500.0 + draw.unit() * 6000.0).round()),
            job: draw.pick(&["工人", "农民", "经理", "教师"]),
            sex: draw.pick(&["女", "男"]),
            owner: draw.unit() < 0.4,
            noise: draw.unit(),
            draw: draw.unit(),
        })
        .collect()
}

/// The people as a table; `target` becomes the column `risk`.
pub(crate) fn table(people: &[Person], target: ArrayRef) -> RecordBatch {
    let count = people.len();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "user_id",
            Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("u{row:07}")))),
        ),
        ("number", Arc::new(Int64Array::from_iter_values(0..count as i64))),
        ("age", Arc::new(Float64Array::from_iter_values(people.iter().map(|p| p.age)))),
        ("income", Arc::new(people.iter().map(|p| p.income).collect::<Float64Array>())),
        ("job", Arc::new(StringArray::from_iter_values(people.iter().map(|p| p.job)))),
        ("sex", Arc::new(StringArray::from_iter_values(people.iter().map(|p| p.sex)))),
        ("owner", Arc::new(people.iter().map(|p| Some(p.owner)).collect::<BooleanArray>())),
        ("noise", Arc::new(Float64Array::from_iter_values(people.iter().map(|p| p.noise)))),
        ("empty", Arc::new((0..count).map(|_| None::<f64>).collect::<Float64Array>())),
        ("constant", Arc::new(StringArray::from_iter_values((0..count).map(|_| "CN")))),
        ("risk", target),
        ("_source", Arc::new(StringArray::from_iter_values((0..count).map(|_| "bank")))),
        ("_row", Arc::new(UInt64Array::from_iter_values(1..=count as u64))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

pub(crate) fn risk(people: &[Person]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(
        people.iter().map(|p| if p.bad() { "bad" } else { "good" }),
    ))
}

pub(crate) fn credit(seed: u64, count: usize) -> RecordBatch {
    let people = people(seed, count);
    let target = risk(&people);
    table(&people, target)
}

/// A quick configuration that no clock cuts short.
pub(crate) fn config(task: Tabular) -> TrainConfig {
    let mut config = TrainConfig::new(task, "risk");
    config.budget = Duration::from_hours(1);
    config.trials = 5;
    // Tests run side by side already.
    config.threads = 1;
    config
}

pub(crate) fn run(
    config: &TrainConfig,
    train: &RecordBatch,
    test: &RecordBatch,
) -> ingot_base::Result<Trained> {
    let tables = Tables {
        train: std::slice::from_ref(train),
        validation: &[],
        test: std::slice::from_ref(test),
    };
    ingot_train::train(config, &tables, &ingot_base::Silent)
}
