//! The attackers find what is there to be found, and nothing where nothing is.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small made-up numbers"
)]

use crate::support::table;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use ingot_privacy::attack::{
    Effort, Levels, Linkage, Pair, Scene, linkage, membership_by_distance, membership_by_loss,
};
use std::sync::Arc;

/// A fixed stream of numbers in [0, 1).
fn stream(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const CITIES: [&str; 6] = ["上海", "北京", "London", "Paris", "广州", "Rome"];
const ILLNESSES: [&str; 4] = ["flu", "gout", "asthma", "none"];

struct People {
    age: Vec<i64>,
    income: Vec<f64>,
    city: Vec<&'static str>,
    illness: Vec<&'static str>,
}

/// Persons whose age, income and city together are theirs alone; the illness follows from the age.
fn people(count: usize, seed: u64) -> People {
    let mut next = stream(seed);
    let age: Vec<i64> = (0..count).map(|_| 18 + (next() * 70.0) as i64).collect();
    let income = (0..count).map(|row| (next() * 9e4).floor() + row as f64 / 1e5).collect();
    let city = (0..count).map(|_| CITIES[(next() * 6.0) as usize]).collect();
    let illness = age.iter().map(|age| ILLNESSES[(age % 4) as usize]).collect();
    People { age, income, city, illness }
}

impl People {
    fn batch(&self) -> RecordBatch {
        table(vec![
            ("age", Arc::new(Int64Array::from(self.age.clone())) as ArrayRef),
            ("income", Arc::new(Float64Array::from(self.income.clone()))),
            ("city", Arc::new(StringArray::from(self.city.clone()))),
            ("illness", Arc::new(StringArray::from(self.illness.clone()))),
        ])
    }
}

fn reversed(batch: &RecordBatch) -> RecordBatch {
    let order = arrow::array::UInt32Array::from_iter_values((0..batch.num_rows() as u32).rev());
    arrow::compute::take_record_batch(batch, &order).unwrap()
}

fn quasi() -> Vec<Pair> {
    ["age", "income", "city"].map(Pair::same).to_vec()
}

/// Against a result whose rows are in reversed order.
fn against(known: &RecordBatch, released: &RecordBatch, effort: Effort) -> Linkage {
    let rows = known.num_rows();
    let truth: Vec<Option<usize>> = (0..rows).map(|row| Some(rows - 1 - row)).collect();
    let scene = Scene {
        known: std::slice::from_ref(known),
        released: &[reversed(&released.slice(0, rows))],
        truth: &truth,
        quasi: &quasi(),
        person: None,
        levels: &Levels::new(),
        wanted: Some(&Pair::same("illness")),
    };
    linkage(&scene, &effort).unwrap()
}

#[test]
fn an_unprotected_table_is_found_whole() {
    let batch = people(3_000, 1).batch();
    let found = against(&batch, &batch, Effort::default());
    assert_eq!((found.targets, found.rows, found.columns, found.blocked), (2_000, 3_000, 3, false));
    assert_eq!((found.sure.hits, found.unique.hits, found.found.hits), (2_000, 2_000, 2_000));
    assert!(found.found.lower > 0.998 && found.guess < 0.001);
    let inference = found.inference.unwrap();
    assert_eq!(inference.right.hits, 2_000);
    assert!(inference.guess.value < 0.35);
}

#[test]
fn a_table_too_large_to_compare_whole_is_found_by_its_rare_values() {
    let batch = people(3_000, 2).batch();
    let effort = Effort { candidates: 100, ..Effort::default() };
    let found = against(&batch, &batch, effort);
    assert!(found.blocked);
    assert_eq!(found.unique.hits, 2_000);
}

#[test]
fn a_fully_generalised_table_gives_no_more_than_chance() {
    let people = people(500, 3);
    let stars = || Arc::new(StringArray::from(vec!["*"; 500])) as ArrayRef;
    let released = table(vec![
        ("age", stars()),
        ("income", stars()),
        ("city", stars()),
        ("illness", Arc::new(StringArray::from(people.illness.clone()))),
    ]);
    let found = against(&people.batch(), &released, Effort::default());
    assert_eq!((found.targets, found.sure.hits, found.unique.hits), (500, 0, 0));
    assert!(found.found.lower <= found.guess && found.guess <= found.found.upper, "{found:?}");
    assert!(found.found.hits <= 6);
    let inference = found.inference.unwrap();
    assert_eq!(inference.right, inference.guess);
}

#[test]
fn classes_of_k_hide_a_person_among_k_and_are_read_as_intervals() {
    // 40 persons a class: ages 20–29 … 60–69 in two cities, 4 of every age.
    let rows = 400;
    let age: Vec<i64> = (0..rows).map(|row| 20 + row % 50).collect();
    let city: Vec<&str> = (0..rows).map(|row| CITIES[usize::from(row / 50 % 2 == 0)]).collect();
    let shown: Vec<String> =
        age.iter().map(|age| format!("[{},{})", age / 10 * 10, age / 10 * 10 + 10)).collect();
    let quasi = ["age", "city"].map(Pair::same);
    let known = table(vec![
        ("age", Arc::new(Int64Array::from(age)) as ArrayRef),
        ("city", Arc::new(StringArray::from(city.clone()))),
    ]);
    let released = table(vec![
        ("age", Arc::new(StringArray::from(shown)) as ArrayRef),
        ("city", Arc::new(StringArray::from(city))),
    ]);
    let truth: Vec<Option<usize>> = (0..rows as usize).map(Some).collect();
    let found_with = |seed| {
        let scene = Scene {
            known: std::slice::from_ref(&known),
            released: std::slice::from_ref(&released),
            truth: &truth,
            quasi: &quasi,
            person: None,
            levels: &Levels::new(),
            wanted: None,
        };
        linkage(&scene, &Effort { seed, ..Effort::default() }).unwrap()
    };
    let hits: u64 = (0..50).map(|seed| found_with(seed).found.hits).sum();
    // 50 × 400 guesses of 1 in 40: 500 expected, 22 the standard deviation.
    assert!((412..=588).contains(&hits), "{hits}");
    assert_eq!(found_with(1).sure.hits, 0);
    assert_eq!(found_with(1), found_with(1));
}

#[test]
fn noise_on_every_value_is_seen_through_while_it_is_small() {
    let people = people(1_000, 4);
    let noisy = |spread: f64| {
        let mut next = stream(5);
        let mut moved = People {
            age: people.age.clone(),
            income: people.income.clone(),
            city: people.city.clone(),
            illness: people.illness.clone(),
        };
        moved.age.iter_mut().for_each(|age| *age += ((next() - 0.5) * 70.0 * spread) as i64);
        moved.income.iter_mut().for_each(|income| *income += (next() - 0.5) * 9e4 * spread);
        moved.batch()
    };
    let found = |spread| against(&people.batch(), &noisy(spread), Effort::default()).found.value;
    let (little, much) = (found(0.01), found(2.0));
    assert!(little > 0.8, "{little}");
    assert!(much < 0.1, "{much}");
}

#[test]
fn suppressed_persons_are_attacked_in_vain() {
    let batch = people(100, 6).batch();
    let truth: Vec<Option<usize>> = (0..100).map(|row| (row < 50).then_some(row)).collect();
    let scene = Scene {
        known: std::slice::from_ref(&batch),
        released: &[batch.slice(0, 50)],
        truth: &truth,
        quasi: &quasi(),
        person: None,
        levels: &Levels::new(),
        wanted: None,
    };
    let found = linkage(&scene, &Effort::default()).unwrap();
    assert_eq!((found.targets, found.unique.hits), (100, 50));
    assert!(found.sure.hits > 50, "a wrong link can look sure");
}

#[test]
fn attacks_that_cannot_be_run_say_why() {
    let batch = people(10, 7).batch();
    let truth: Vec<Option<usize>> = (0..10).map(Some).collect();
    let code = |released: &RecordBatch, truth: &[Option<usize>], quasi: &[Pair]| {
        let scene = Scene {
            known: std::slice::from_ref(&batch),
            released: std::slice::from_ref(released),
            truth,
            quasi,
            person: None,
            levels: &Levels::new(),
            wanted: None,
        };
        linkage(&scene, &Effort::default()).unwrap_err().code()
    };
    assert_eq!(code(&batch, &truth, &[]), "privacy-attack-columns");
    assert_eq!(code(&batch, &truth, &[Pair::same("name")]), "privacy-attack-column");
    assert_eq!(code(&batch, &truth[..9], &quasi()), "privacy-attack-truth");
    assert_eq!(code(&batch.slice(0, 5), &truth, &quasi()), "privacy-attack-truth");
    assert_eq!(code(&batch.slice(0, 0), &truth, &quasi()), "privacy-attack-empty");
    assert_eq!(
        membership_by_loss(&[], &[1.0], &Effort::default()).unwrap_err().code(),
        "privacy-attack-empty"
    );
    assert_eq!(
        membership_by_loss(&[f64::NAN], &[1.0], &Effort::default()).unwrap_err().code(),
        "privacy-attack-loss"
    );
}

#[test]
fn members_of_a_copied_table_are_known_and_those_of_a_fresh_one_are_not() {
    let (members, others, fresh) =
        (people(800, 8).batch(), people(800, 9).batch(), people(800, 10).batch());
    let judge = |released: &RecordBatch| {
        membership_by_distance(
            std::slice::from_ref(&members),
            std::slice::from_ref(&others),
            std::slice::from_ref(released),
            &quasi(),
            &Effort::default(),
        )
        .unwrap()
    };
    let copied = judge(&members);
    assert!(copied.auc > 0.999 && copied.auc_lower > 0.99 && copied.advantage > 0.99, "{copied:?}");
    assert_eq!((copied.members, copied.others, copied.at_one_percent.hits), (800, 800, 800));
    let synthetic = judge(&fresh);
    assert!(synthetic.auc_lower < 0.5 && 0.5 < synthetic.auc_upper, "{synthetic:?}");
    assert!(synthetic.at_one_percent.value < 0.03 && synthetic.advantage < 0.1, "{synthetic:?}");
}

#[test]
fn loss_thresholds_by_hand() {
    let found = membership_by_loss(&[0.1, 0.2, 0.4], &[0.3, 0.5, 0.6], &Effort::default()).unwrap();
    assert!((found.auc - 8.0 / 9.0).abs() < 1e-12);
    assert!((found.advantage - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!((found.at_one_percent.hits, found.at_one_percent.of), (2, 3));
    let same = membership_by_loss(
        &[1.0, 2.0, f64::INFINITY],
        &[1.0, 2.0, f64::INFINITY],
        &Effort::default(),
    )
    .unwrap();
    assert!((same.auc - 0.5).abs() < 1e-12 && same.advantage.abs() < 1e-12);
    assert_eq!(same.at_one_percent.hits, 0);
}

#[test]
fn loss_thresholds_on_shifted_losses_meet_theory() {
    // Losses uniform on [0, 1) and on [0.2, 1.2): AUC = 1 − 0.8²/2 = 0.68, advantage 0.2.
    let mut next = stream(11);
    let members: Vec<f64> = (0..50_000).map(|_| next()).collect();
    let others: Vec<f64> = (0..50_000).map(|_| 0.2 + next()).collect();
    let found = membership_by_loss(&members, &others, &Effort::default()).unwrap();
    assert_eq!((found.members, found.others), (2_000, 2_000));
    assert!(found.auc_lower < 0.68 && 0.68 < found.auc_upper, "{found:?}");
    assert!((found.advantage - 0.2).abs() < 0.03);
    // At 1 % false alarms the threshold is 0.21.
    assert!((found.at_one_percent.value - 0.21).abs() < 0.03);
    assert_eq!(found, membership_by_loss(&members, &others, &Effort::default()).unwrap());
    let other =
        membership_by_loss(&members, &others, &Effort { seed: 43, ..Effort::default() }).unwrap();
    assert!((found.auc - other.auc).abs() > 0.0);
}

#[test]
fn the_area_lies_in_its_interval_in_about_95_of_100_samples() {
    // Exponential losses of means 0.4 and 1: the area is 1/1.4. Hanley and McNeil's variance is that of exponential scores.
    let mut next = stream(12);
    let mut losses =
        |mean: f64| -> Vec<f64> { (0..60).map(|_| -mean * (1.0 - next()).ln()).collect() };
    let inside = (0..2_000)
        .filter(|_| {
            let (members, others) = (losses(0.4), losses(1.0));
            let found = membership_by_loss(&members, &others, &Effort::default()).unwrap();
            found.auc_lower <= 1.0 / 1.4 && 1.0 / 1.4 <= found.auc_upper
        })
        .count();
    assert!((1_860..=1_940).contains(&inside), "{inside}");
}

#[test]
fn who_knows_the_hierarchy_finds_the_group() {
    let jobs = ["nurse", "doctor", "clerk", "teller"].repeat(10);
    let group = |job: &str| if ["nurse", "doctor"].contains(&job) { "health" } else { "office" };
    let groups: Vec<&str> = jobs.iter().map(|job| group(job)).collect();
    let floors: Vec<&str> =
        groups.iter().map(|group| if *group == "health" { "3" } else { "5" }).collect();
    let words = |words: &[&str]| -> ArrayRef { Arc::new(StringArray::from(words.to_vec())) };
    let known = table(vec![("job", words(&jobs)), ("floor", words(&floors))]);
    let released = table(vec![("job", words(&groups)), ("floor", words(&floors))]);
    let truth: Vec<Option<usize>> = (0..jobs.len()).map(Some).collect();
    let told = |levels: &Levels| {
        let scene = Scene {
            person: None,
            known: std::slice::from_ref(&known),
            released: std::slice::from_ref(&released),
            truth: &truth,
            quasi: &[Pair::same("job")],
            levels,
            wanted: Some(&Pair::same("floor")),
        };
        linkage(&scene, &Effort::default()).unwrap().inference.unwrap().right.hits
    };
    let above = jobs
        .iter()
        .map(|job| ((*job).to_owned(), [group(job).to_owned(), "*".to_owned()].into()))
        .collect();
    // Without it everything is equally far, and the commonest floor is guessed.
    assert_eq!(told(&Levels::new()), 20);
    assert_eq!(told(&Levels::from([("job".to_owned(), above)])), 40);
}
