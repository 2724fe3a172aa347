//! Low-rank changes of frozen matrices (`LoRA`, Hu et al. 2021): W·x becomes W·x + alpha/rank · B·(A·x).

use super::model::{Part, Shape};
use crate::messages::ADAPTER_INVALID;
use ingot_base::{Fault, Result, Rng};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Which matrices get an adapter, and of what form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterForm {
    /// Rank of every change; at least 1.
    pub rank: usize,
    /// The change is scaled by `alpha / rank`.
    pub alpha: f32,
    /// Share of what goes into A that is left out at random in training; in [0, 1).
    pub dropout: f32,
    /// The matrices, of every layer.
    pub targets: Vec<Part>,
}

impl AdapterForm {
    /// What the change is multiplied by.
    #[expect(clippy::cast_precision_loss, reason = "ranks are counted in hundreds")]
    pub fn scale(&self) -> f32 {
        self.alpha / self.rank.max(1) as f32
    }
}

/// Where one matrix's A (`rank × inputs`) and B (`outputs × rank`) are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) a: Range<usize>,
    pub(super) b: Range<usize>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// An adapter of a whole model.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// Its form.
    pub form: AdapterForm,
    /// All numbers, layer by layer, part by part, A before B.
    pub(super) values: Vec<f32>,
    pub(super) places: Vec<[Option<Place>; 7]>,
}

impl Adapter {
    /// A fresh one: A uniform within ±1/√inputs (`kaiming_uniform_` with a = √5, as PEFT begins), B zero, so that nothing changes yet.
    pub fn new(form: &AdapterForm, shape: &Shape, seed: u64) -> Self {
        let mut random = Rng::new(seed, "adapter");
        let mut adapter = Self { form: form.clone(), values: Vec::new(), places: Vec::new() };
        for _ in 0..shape.layers {
            let mut layer: [Option<Place>; 7] = Default::default();
            for part in Part::ALL.into_iter().filter(|part| form.targets.contains(part)) {
                let (inputs, outputs) = part.size(shape);
                let start = adapter.values.len();
                #[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
                let bound = 1.0 / (inputs as f64).sqrt();
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "weights are single precision"
                )]
                adapter
                    .values
                    .extend((0..form.rank * inputs).map(|_| random.between(-bound, bound) as f32));
                let middle = adapter.values.len();
                adapter.values.resize(middle + outputs * form.rank, 0.0);
                if let Some(slot) = layer.get_mut(part.index()) {
                    *slot = Some(Place {
                        a: start..middle,
                        b: middle..adapter.values.len(),
                        inputs,
                        outputs,
                    });
                }
            }
            adapter.places.push(layer);
        }
        adapter
    }

    /// How many numbers are trained.
    pub fn parameters(&self) -> usize {
        self.values.len()
    }

    pub(super) fn place(&self, layer: usize, part: Part) -> Option<&Place> {
        self.places.get(layer)?.get(part.index())?.as_ref()
    }

    pub(super) fn a(&self, place: &Place) -> &[f32] {
        self.values.get(place.a.clone()).unwrap_or_default()
    }

    pub(super) fn b(&self, place: &Place) -> &[f32] {
        self.values.get(place.b.clone()).unwrap_or_default()
    }

    /// Every changed matrix: layer, part and place.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, Part, &Place)> {
        self.places.iter().enumerate().flat_map(|(layer, parts)| {
            Part::ALL
                .into_iter()
                .zip(parts)
                .filter_map(move |(part, place)| Some((layer, part, place.as_ref()?)))
        })
    }

    /// Replaces the numbers.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub(super) fn fill(&mut self, values: Vec<f32>) -> Result<()> {
        if values.len() != self.values.len() || !values.iter().all(|number| number.is_finite()) {
            return Err(
                Fault::new(&ADAPTER_INVALID).arg("detail", "its numbers are not those of its form")
            );
        }
        self.values = values;
        Ok(())
    }
}
