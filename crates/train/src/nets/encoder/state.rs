//! What is trained, with Adam's moments, and how it is kept so that training goes on bit by bit the same.

use super::super::head::{AdamStep, Epoch, Gradients, Net};
use super::change::Change;
use crate::messages::CHECKPOINT;
use ingot_base::{Fault, Result};
use ingot_runtime::onnx::Dense;
use rayon::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Numbers that one task takes.
const NUMBERS: usize = 1 << 14;

/// An encoder's change and the head as one list of numbers, in training.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The change's numbers, then the head's, layer by layer, weights before biases.
    pub(super) values: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    decays: Vec<bool>,
    /// Steps that were made.
    pub(super) step: usize,
    pub(super) history: Vec<Epoch>,
    /// Validation loss, number of the pass and numbers of the best so far.
    pub(super) best: (f64, usize, Vec<f32>),
}

/// What a checkpoint tells besides numbers.
#[derive(Serialize, Deserialize)]
struct About {
    key: String,
    step: usize,
    history: Vec<Epoch>,
    loss: f64,
    epoch: usize,
}

impl State {
    /// From the beginning, which has this loss on the validation rows.
    pub(super) fn new(change: &Change, head: &Net, loss: f64) -> Self {
        let (mut values, mut decays) = (change.values.clone(), change.decays());
        for layer in &head.layers {
            values.extend(layer.weight.iter().chain(&layer.bias));
            decays
                .extend(layer.weight.iter().map(|_| true).chain(layer.bias.iter().map(|_| false)));
        }
        let zero = vec![0.0; values.len()];
        Self {
            best: (loss, 0, values.clone()),
            values,
            first: zero.clone(),
            second: zero,
            decays,
            step: 0,
            history: Vec::new(),
        }
    }

    /// Writes numbers to the change and the head.
    pub(super) fn tell(values: &[f32], change: &mut Change, head: &mut Net) {
        let (own, mut rest) = values.split_at(change.values.len().min(values.len()));
        change.values.copy_from_slice(own);
        for Dense { weight, bias } in &mut head.layers {
            for part in [weight, bias] {
                let (own, after) = rest.split_at(part.len().min(rest.len()));
                part.copy_from_slice(own);
                rest = after;
            }
        }
    }

    /// One step of Adam, with decoupled weight decay; the gradients are sums over so many rows.
    pub(super) fn update(
        &mut self,
        (change, head): (&[f32], &Gradients),
        rows: usize,
        (rate, decay): (f64, f64),
    ) {
        self.step += 1;
        let step = AdamStep::new(self.step, rate);
        #[expect(clippy::cast_precision_loss, reason = "a batch's rows")]
        let share = 1.0 / rows.max(1) as f64;
        let gradients: Vec<f32> = change.iter().chain(head.numbers()).copied().collect();
        self.values
            .par_chunks_mut(NUMBERS)
            .zip(self.first.par_chunks_mut(NUMBERS))
            .zip(self.second.par_chunks_mut(NUMBERS))
            .zip(gradients.par_chunks(NUMBERS))
            .zip(self.decays.par_chunks(NUMBERS))
            .for_each(|((((weights, first), second), gradients), decays)| {
                let moments = first.iter_mut().zip(second);
                let given = gradients.iter().zip(decays);
                for ((weight, moments), (gradient, decays)) in
                    weights.iter_mut().zip(moments).zip(given)
                {
                    let decay = if *decays { decay } else { 0.0 };
                    step.change(weight, moments, f64::from(*gradient) * share, decay);
                }
            });
    }

    /// Everything that the next pass depends on, besides rows and settings, which `key` stands for.
    ///
    /// # Errors
    /// Never in practice.
    pub(super) fn checkpoint(&self, key: &str) -> Result<Vec<u8>> {
        let lost = || Fault::new(&CHECKPOINT);
        let about = About {
            key: key.to_owned(),
            step: self.step,
            history: self.history.clone(),
            loss: self.best.0,
            epoch: self.best.1,
        };
        let about = serde_json::to_string(&about).map_err(|error| lost().because(error))?;
        let bytes = |numbers: &[f32]| -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
        };
        let parts = [
            ("values", bytes(&self.values)),
            ("first", bytes(&self.first)),
            ("second", bytes(&self.second)),
            ("best", bytes(&self.best.2)),
        ];
        let views = parts.iter().map(|(name, bytes)| {
            let view = TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)
                .map_err(|error| lost().because(error))?;
            Ok((*name, view))
        });
        let views = views.collect::<Result<Vec<_>>>()?;
        // One entry: its order is no question.
        let about = HashMap::from([("state".to_owned(), about)]);
        safetensors::serialize(views, Some(about)).map_err(|error| lost().because(error))
    }

    /// Goes on from a checkpoint with the same key; says whether it did.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(super) fn resume(&mut self, key: &str, bytes: &[u8]) -> Result<bool> {
        let lost = || Fault::new(&CHECKPOINT);
        let (_, head) = SafeTensors::read_metadata(bytes).map_err(|error| lost().because(error))?;
        let about = head.metadata().as_ref().and_then(|map| map.get("state")).ok_or_else(lost)?;
        let about: About = serde_json::from_str(about).map_err(|error| lost().because(error))?;
        if about.key != key {
            return Ok(false);
        }
        let file = SafeTensors::deserialize(bytes).map_err(|error| lost().because(error))?;
        let read = |name: &str| -> Result<Vec<f32>> {
            let tensor = file.tensor(name).map_err(|error| lost().because(error))?;
            ingot_runtime::weights::numbers(tensor.dtype(), tensor.data())
                .filter(|own| own.len() == self.values.len())
                .ok_or_else(lost)
        };
        let (values, first, second) = (read("values")?, read("first")?, read("second")?);
        let best = (about.loss, about.epoch, read("best")?);
        *self = Self {
            values,
            first,
            second,
            decays: std::mem::take(&mut self.decays),
            step: about.step,
            history: about.history,
            best,
        };
        Ok(true)
    }
}
