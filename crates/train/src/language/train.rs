//! The training loop: shuffled batches, accumulated gradients, clipping, `AdamW`, a cosine after a warm-up; a checkpoint from which it
//! goes on bit by bit the same.

use super::adapter::Adapter;
use super::model::BaseModel;
use super::net::{Batch, Chance, Net, Weigh};
use super::preference::{self, Pair, Preferences};
use super::words::Example;
use crate::group::{Alone, Group};
use crate::messages::CHECKPOINT;
use ingot_base::{Fault, Result, Rng};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How an adapter is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSettings {
    /// Passes over the examples.
    pub epochs: usize,
    /// Examples that go through the model at once, side by side.
    pub batch: usize,
    /// Batches whose gradients make one step.
    pub accumulate: usize,
    /// The greatest step of `AdamW`.
    pub learning_rate: f64,
    /// Share of the steps in which the learning rate rises to it.
    pub warmup: f64,
    /// Whether it then falls along half a cosine.
    pub cosine: bool,
    /// Decoupled weight decay (Loshchilov & Hutter 2019).
    pub weight_decay: f64,
    /// Gradients longer than this are shortened to it; 0: never.
    pub clip: f64,
    /// Layers are computed again on the way back instead of kept in memory.
    pub frugal: bool,
    /// Seed of order and dropout.
    pub seed: u64,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Mean loss of the tokens learnt, of preferences of the pairs, before the step.
    pub loss: f64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Length of the gradient before clipping.
    pub norm: f64,
    /// Tokens that went through the model.
    pub tokens: usize,
}

/// What is learnt from.
#[derive(Debug)]
enum Lesson<'a> {
    /// Answers.
    Answers(&'a [Example]),
    /// Answers that were preferred to others.
    Preferences(Preferences<'a>),
}

impl Lesson<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Answers(examples) => examples.len(),
            Self::Preferences(preferences) => preferences.pairs.len(),
        }
    }

    fn batch(&self, own: &[usize]) -> Batch {
        match self {
            Self::Answers(examples) => batch(examples, own),
            Self::Preferences(preferences) => preference::batch(preferences.pairs, own),
        }
    }

    /// The texts of that batch, of a pair both.
    fn texts<'l>(&'l self, own: &'l [usize]) -> impl Iterator<Item = &'l Example> {
        let of = move |index: &usize| match self {
            Self::Answers(examples) => [examples.get(*index), None],
            Self::Preferences(preferences) => {
                let pair = preferences.pairs.get(*index);
                [pair.map(|pair| &pair.chosen), pair.map(|pair| &pair.rejected)]
            }
        };
        own.iter().flat_map(of).flatten()
    }

    /// Tokens of that batch.
    fn tokens(&self, own: &[usize]) -> usize {
        self.texts(own).map(|text| text.tokens.len()).sum()
    }

    /// What the loss of that batch is the mean over: tokens of answers, or pairs.
    fn counted(&self, own: &[usize]) -> usize {
        match self {
            Self::Answers(_) => self.texts(own).map(Example::counted).sum(),
            Self::Preferences(_) => own.len(),
        }
    }
}

/// An adapter in training.
#[derive(Debug)]
pub struct Trainer<'a> {
    base: &'a BaseModel,
    settings: &'a TrainSettings,
    lesson: Lesson<'a>,
    group: &'a dyn Group,
    adapter: Adapter,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: Vec<Step>,
    best: Option<(f64, usize, Vec<f32>)>,
    validation: Vec<f64>,
    accuracies: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    key: String,
    steps: Vec<Step>,
    validation: Vec<f64>,
    #[serde(default)]
    accuracies: Vec<f64>,
    best: Option<(f64, usize)>,
}

impl<'a> Trainer<'a> {
    /// From the beginning, from answers.
    pub fn new(
        base: &'a BaseModel,
        adapter: Adapter,
        settings: &'a TrainSettings,
        examples: &'a [Example],
    ) -> Self {
        Self::answering(base, adapter, settings, examples, &Alone)
    }

    /// The same with the processes of a group, which share every batch.
    pub fn answering(
        base: &'a BaseModel,
        adapter: Adapter,
        settings: &'a TrainSettings,
        examples: &'a [Example],
        group: &'a dyn Group,
    ) -> Self {
        Self::of(base, adapter, settings, Lesson::Answers(examples), group)
    }

    /// From the beginning, from preferences, with the processes of a group; `beta`, above 0, says how closely the model is held to its
    /// base.
    pub fn preferring(
        base: &'a BaseModel,
        adapter: Adapter,
        settings: &'a TrainSettings,
        (pairs, beta): (&'a [Pair], f64),
        group: &'a dyn Group,
    ) -> Self {
        let reference =
            preference::likelihoods_together((base, None), pairs, settings.batch, group, &|| {});
        let preferences = Preferences { pairs, reference, beta };
        Self::of(base, adapter, settings, Lesson::Preferences(preferences), group)
    }

    fn of(
        base: &'a BaseModel,
        adapter: Adapter,
        settings: &'a TrainSettings,
        lesson: Lesson<'a>,
        group: &'a dyn Group,
    ) -> Self {
        let zero = vec![0.0; adapter.parameters()];
        Self {
            base,
            settings,
            lesson,
            group,
            adapter,
            first: zero.clone(),
            second: zero,
            steps: Vec::new(),
            best: None,
            validation: Vec::new(),
            accuracies: Vec::new(),
        }
    }

    /// Steps of one pass over the examples.
    pub fn steps_per_epoch(&self) -> usize {
        let each = self.settings.batch.max(1) * self.settings.accumulate.max(1);
        self.lesson.len().div_ceil(each)
    }

    /// Steps in all.
    pub fn total(&self) -> usize {
        self.steps_per_epoch() * self.settings.epochs
    }

    /// The steps that were made.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Validation losses after each epoch.
    pub fn validation(&self) -> &[f64] {
        &self.validation
    }

    /// The adapter as it is.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// The examples of a step, batch by batch.
    pub fn batches(&self, step: usize) -> Vec<Vec<usize>> {
        let per = self.steps_per_epoch().max(1);
        let mut order: Vec<usize> = (0..self.lesson.len()).collect();
        Rng::new(self.settings.seed ^ ((step / per) as u64).wrapping_mul(0x9E37_79B9), "sft order")
            .shuffle(&mut order);
        let batch = self.settings.batch.max(1);
        let each = batch * self.settings.accumulate.max(1);
        let own = order.chunks(each.max(1)).nth(step % per).unwrap_or_default();
        own.chunks(batch).map(<[usize]>::to_vec).collect()
    }

    /// The learning rate of a step.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "steps are counted in millions"
    )]
    fn rate(&self, step: usize) -> f64 {
        let (settings, total) = (self.settings, self.total());
        // At least the last step has its full size: where there is one alone, it would teach nothing at the rate 0 that a warm-up begins with.
        let warm = (settings.warmup * total as f64).ceil() as usize;
        let warm = warm.min(total.saturating_sub(1));
        if step < warm {
            return settings.learning_rate * step as f64 / warm as f64;
        }
        if !settings.cosine {
            return settings.learning_rate;
        }
        let done = (step - warm) as f64 / (total - warm).max(1) as f64;
        settings.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }

    /// Makes the next step; `None` when all are made.
    pub fn step(&mut self) -> Option<Step> {
        let index = self.steps.len();
        if index >= self.total() {
            return None;
        }
        let chosen = self.batches(index);
        let counted: usize = chosen.iter().map(|own| self.lesson.counted(own)).sum();
        let tokens = chosen.iter().map(|own| self.lesson.tokens(own)).sum();
        #[expect(clippy::cast_precision_loss, reason = "tokens of a step")]
        let count = counted.max(1) as f64;
        let mut gradients = vec![0.0; self.adapter.parameters()];
        let mut loss = 0.0;
        for (number, own) in chosen.iter().enumerate() {
            loss += self.learn((index, number), own, count, &mut gradients);
        }
        self.group.sum([gradients.as_mut_slice()]);
        let [loss] = self.group.total([loss]);
        let norm = gradients.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        let shrink = if self.settings.clip > 0.0 {
            (self.settings.clip / (norm + 1e-6)).min(1.0)
        } else {
            1.0
        };
        let rate = self.rate(index);
        self.update(&gradients, shrink, rate);
        let step = Step { loss: loss / count, learning_rate: rate, norm, tokens };
        self.steps.push(step);
        Some(step)
    }

    /// Adds to the gradients what this process's share of a batch says, given its step and number; gives the share's losses.
    fn learn(
        &self,
        (step, number): (usize, usize),
        whole: &[usize],
        count: f64,
        gradients: &mut [f32],
    ) -> f64 {
        let share = self.group.share(whole.len());
        let before = self.lesson.tokens(whole.get(..share.start).unwrap_or_default());
        let own = whole.get(share).unwrap_or_default();
        if own.is_empty() {
            return 0.0;
        }
        let batch = self.lesson.batch(own);
        let net = Net { base: self.base, adapter: Some(&self.adapter) };
        let seed =
            Rng::new(self.settings.seed ^ ((step << 16 | number) as u64), "sft dropout").bits();
        let chance = (self.adapter.form.dropout > 0.0).then_some(Chance {
            share: self.adapter.form.dropout,
            seed,
            before,
        });
        #[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
        let share = (1.0 / count) as f32;
        let frugal = self.settings.frugal;
        match &self.lesson {
            Lesson::Answers(_) => net.learn(&batch, gradients, Weigh::Same(share), frugal, chance),
            Lesson::Preferences(preferences) => {
                let mut loss = 0.0;
                let mut weigh = |losses: &[f32]| {
                    let (sum, weights) = preferences.weigh(own, losses, share);
                    loss += sum;
                    weights
                };
                net.learn(&batch, gradients, Weigh::By(&mut weigh), frugal, chance);
                loss
            }
        }
    }

    /// `AdamW` with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    fn update(&mut self, gradients: &[f32], shrink: f64, rate: f64) {
        const BETA: (f64, f64) = (0.9, 0.999);
        let power = i32::try_from(self.steps.len() + 1).unwrap_or(i32::MAX);
        let corrections = (1.0 - BETA.0.powi(power), (1.0 - BETA.1.powi(power)).sqrt());
        let kept = 1.0 - rate * self.settings.weight_decay;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, gradient), (first, second)) in
            self.adapter.values.iter_mut().zip(gradients).zip(moments)
        {
            let gradient = f64::from(*gradient) * shrink;
            let mean = BETA.0 * f64::from(*first) + (1.0 - BETA.0) * gradient;
            let square = BETA.1 * f64::from(*second) + (1.0 - BETA.1) * gradient * gradient;
            let change = rate / corrections.0 * mean / (square.sqrt() / corrections.1 + 1e-8);
            #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
            {
                (*first, *second) = (mean as f32, square as f32);
                *value = (f64::from(*value) * kept - change) as f32;
            }
        }
    }

    /// Notes the validation loss after an epoch, and keeps the adapter if it is the best so far.
    pub fn validated(&mut self, loss: f64) {
        self.validation.push(loss);
        if self.best.as_ref().is_none_or(|best| loss < best.0) {
            self.best = Some((loss, self.validation.len(), self.adapter.values.clone()));
        }
    }

    /// Notes the share of the validation pairs that were preferred rightly, after an epoch.
    pub fn preferred(&mut self, accuracy: f64) {
        self.accuracies.push(accuracy);
    }

    /// Those shares after each epoch; none without preferences.
    pub fn accuracies(&self) -> &[f64] {
        &self.accuracies
    }

    /// The adapter of the best epoch, or the last one; and the epoch, from 1.
    ///
    /// # Errors
    /// Never in practice: the numbers are the trainer's own.
    pub fn finish(self) -> Result<(Adapter, usize)> {
        let mut adapter = self.adapter;
        match self.best {
            None => Ok((adapter, self.settings.epochs)),
            Some((_, epoch, values)) => {
                adapter.fill(values)?;
                Ok((adapter, epoch))
            }
        }
    }

    /// Everything that the next step depends on, besides examples and settings, which `key` stands for.
    ///
    /// # Errors
    /// Never in practice.
    pub fn checkpoint(&self, key: &str) -> Result<Vec<u8>> {
        let state = State {
            key: key.to_owned(),
            steps: self.steps.clone(),
            validation: self.validation.clone(),
            accuracies: self.accuracies.clone(),
            best: self.best.as_ref().map(|best| (best.0, best.1)),
        };
        let lost = || Fault::new(&CHECKPOINT);
        let state = serde_json::to_string(&state).map_err(|error| lost().because(error))?;
        let bytes = |numbers: &[f32]| {
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()
        };
        let mut parts = vec![
            ("adapter", bytes(&self.adapter.values)),
            ("first", bytes(&self.first)),
            ("second", bytes(&self.second)),
        ];
        if let Some(best) = &self.best {
            parts.push(("best", bytes(&best.2)));
        }
        let views = parts.iter().map(|(name, bytes)| {
            let view = TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)
                .map_err(|error| lost().because(error))?;
            Ok((*name, view))
        });
        let views = views.collect::<Result<Vec<_>>>()?;
        // One entry: its order is no question.
        let about = HashMap::from([("state".to_owned(), state)]);
        safetensors::serialize(views, Some(about)).map_err(|error| lost().because(error))
    }

    /// Goes on from a checkpoint with the same key; says whether it did.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn resume(&mut self, key: &str, bytes: &[u8]) -> Result<bool> {
        let lost = || Fault::new(&CHECKPOINT);
        let (_, about) =
            SafeTensors::read_metadata(bytes).map_err(|error| lost().because(error))?;
        let state = about.metadata().as_ref().and_then(|map| map.get("state")).ok_or_else(lost)?;
        let state: State = serde_json::from_str(state).map_err(|error| lost().because(error))?;
        if state.key != key {
            return Ok(false);
        }
        let file = SafeTensors::deserialize(bytes).map_err(|error| lost().because(error))?;
        let read = |name: &str| -> Result<Vec<f32>> {
            let tensor = file.tensor(name).map_err(|error| lost().because(error))?;
            ingot_runtime::weights::numbers(tensor.dtype(), tensor.data())
                .filter(|own| own.len() == self.first.len())
                .ok_or_else(lost)
        };
        let (values, first, second) = (read("adapter")?, read("first")?, read("second")?);
        self.best = match state.best {
            Some((loss, epoch)) => Some((loss, epoch, read("best")?)),
            None => None,
        };
        self.adapter.fill(values)?;
        (self.first, self.second) = (first, second);
        (self.steps, self.validation) = (state.steps, state.validation);
        self.accuracies = state.accuracies;
        Ok(true)
    }
}

/// Examples side by side.
pub(super) fn batch(examples: &[Example], own: &[usize]) -> Batch {
    let mut batch = Batch::default();
    for example in own.iter().filter_map(|index| examples.get(*index)) {
        batch.push(&example.tokens, &example.learnt);
    }
    batch
}

/// Mean loss of all tokens to be learnt.
pub fn mean_loss(
    base: &BaseModel,
    adapter: Option<&Adapter>,
    examples: &[Example],
    batch_size: usize,
) -> f64 {
    mean_loss_together((base, adapter), examples, batch_size, &Alone, &|| {})
}

/// The same by all processes of a group, each of which takes some of the batches; `told` hears of each.
pub(super) fn mean_loss_together(
    (base, adapter): (&BaseModel, Option<&Adapter>),
    examples: &[Example],
    batch_size: usize,
    group: &dyn Group,
    told: &dyn Fn(),
) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    let all: Vec<usize> = (0..examples.len()).collect();
    let batches = all.chunks(batch_size.max(1));
    let share = group.share(batches.len());
    for own in batches.skip(share.start).take(share.len()) {
        let losses = Net { base, adapter }.losses(&batch(examples, own));
        sum += losses.iter().map(|loss| f64::from(*loss)).sum::<f64>();
        count += losses.len();
        told();
    }
    #[expect(clippy::cast_precision_loss, reason = "tokens are counted in millions")]
    let [sum, count] = group.total([sum, count as f64]);
    sum / count.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text whose tokens are to be learnt where `learnt` has a 1.
    fn text(learnt: &str) -> Example {
        let learnt: Vec<bool> = learnt.bytes().map(|byte| byte == b'1').collect();
        Example { tokens: vec![7; learnt.len()], learnt }
    }

    #[test]
    fn what_a_batch_holds_is_counted_without_making_it() {
        // The first token follows nothing; the last index is of no text.
        let (examples, own) = ([text("1101"), text("00"), text("011")], [2, 0, 9]);
        let answers = Lesson::Answers(&examples);
        let batch = answers.batch(&own);
        assert_eq!((answers.tokens(&own), answers.counted(&own)), (7, 4));
        assert_eq!((batch.len(), batch.learnt()), (7, 4));
        let pairs = [
            Pair { chosen: text("011"), rejected: text("01") },
            Pair { chosen: text("01111"), rejected: text("0111") },
        ];
        let preferences = Preferences { pairs: &pairs, reference: vec![[0.0; 2]; 2], beta: 0.1 };
        let preferences = Lesson::Preferences(preferences);
        assert_eq!((preferences.tokens(&[1]), preferences.counted(&[1])), (9, 1));
        assert_eq!((preferences.batch(&[0, 1]).len(), preferences.tokens(&[0, 1])), (14, 14));
    }
}
