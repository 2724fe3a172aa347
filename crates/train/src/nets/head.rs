//! Dense layers with `ReLU` between them, trained by Adam on cross-entropy. The gradients are written out: for layers this small
//! a framework's graph would cost more than the arithmetic, and every sum has one order, so equal inputs give equal bits.

use crate::group::{Alone, Group};
use ingot_base::Rng;
use ingot_runtime::onnx::{Activation, Dense};
use serde::{Deserialize, Serialize};

/// How a head is trained. The defaults are Keras's for `Adam`, with one dense layer.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadSettings {
    /// Widths of hidden layers.
    pub hidden: Vec<usize>,
    /// Passes over the training rows at most; at least 1.
    pub epochs: usize,
    /// Rows in a step; at least 1.
    pub batch: usize,
    /// Adam's step; above 0.
    pub learning_rate: f64,
    /// Decoupled weight decay (Loshchilov & Hutter 2019); 0 is plain Adam.
    pub weight_decay: f64,
    /// How the step changes.
    pub schedule: Schedule,
    /// Share of features left out at random in a step; in [0, 1).
    pub dropout: f64,
    /// Epochs without a lower validation loss before training stops; 0: it does not.
    pub patience: usize,
}

/// How the learning rate changes over the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// Down to nothing along half a cosine.
    Cosine,
}

/// One pass over the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Mean cross-entropy of the training rows, each as its step saw it; `None` where the training tells nothing of single rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_loss: Option<f64>,
    /// Mean cross-entropy of the validation rows after the pass.
    pub validation_loss: Option<f64>,
    /// Share of the validation rows whose likeliest class is right.
    pub validation_accuracy: Option<f64>,
    /// Adam's step at the end of the pass.
    pub learning_rate: f64,
}

/// The share of knowing nothing (ln of the classes) that a loss must be above to be worth a warning, and the part of the loss that a pass
/// must take away to be still learning.
const UNLEARNT: (f64, f64) = (0.3, 0.02);

/// Whether a training ended while the loss of its training rows still fell, on rows that it had not learnt yet. Of a rate that goes down to
/// nothing the end tells nothing: no loss falls there.
pub(super) fn still_falling(
    history: &[Epoch],
    settings: &HeadSettings,
    best: usize,
    classes: usize,
) -> bool {
    if settings.schedule == Schedule::Cosine {
        return false;
    }
    let [.., before, last] = history else { return false };
    let (Some(before), Some(last)) = (before.train_loss, last.train_loss) else { return false };
    #[expect(clippy::cast_precision_loss, reason = "classes are few")]
    let nothing = (classes.max(2) as f64).ln();
    // One that stopped sooner, or was better on the validation rows before, had learnt what it could.
    let whole = history.len() == settings.epochs && best + 1 == settings.epochs;
    whole && last > UNLEARNT.0 * nothing && last < (1.0 - UNLEARNT.1) * before
}

impl Epoch {
    /// Whether a figure of the pass is no number.
    pub(super) fn is_lost(&self) -> bool {
        let numbers = [self.train_loss, self.validation_loss, self.validation_accuracy];
        numbers.into_iter().flatten().any(|number| !number.is_finite())
    }
}

/// Rows with their classes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Examples<'a> {
    pub(crate) features: &'a [f32],
    pub(crate) width: usize,
    /// The right answer to each row.
    pub(crate) truths: &'a [Truth],
}

impl<'a> Examples<'a> {
    pub(crate) fn row(&self, index: usize) -> &'a [f32] {
        self.features.get(index * self.width..(index + 1) * self.width).unwrap_or_default()
    }

    pub(crate) fn truth(&self, index: usize) -> Truth {
        self.truths.get(index).copied().unwrap_or(Truth::of(0))
    }
}

/// The right answer to a row: a class, or two with their shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Truth {
    pub(crate) class: usize,
    pub(crate) other: usize,
    /// Of `class`, in [0, 1]; `other` has the rest.
    pub(crate) share: f64,
    /// How much its loss counts; 1 in the mean of all rows.
    pub(crate) weight: f64,
}

impl Truth {
    /// All of one class.
    pub(crate) const fn of(class: usize) -> Self {
        Self { class, other: class, share: 1.0, weight: 1.0 }
    }

    /// How much of a class the answer is.
    fn of_class(self, class: usize) -> f64 {
        let own = if self.class == class { self.share } else { 0.0 };
        if self.other == class { own + (1.0 - self.share) } else { own }
    }
}

/// A head in training.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    pub(crate) layers: Vec<Dense>,
    pub(crate) activation: Activation,
}

/// A trained net and how it came to be.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) net: Net,
    pub(crate) history: Vec<Epoch>,
    /// Index of the pass whose weights were kept.
    pub(crate) best: usize,
}

/// Trains a net for so many classes; two are one output with a sigmoid.
pub(crate) fn fit(
    settings: &HeadSettings,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    classes: usize,
    seed: u64,
) -> Fitted {
    fit_together(settings, train, validation, (classes, seed), &Alone)
}

/// The same by all processes of a group: each takes its share of every batch and of the validation rows. What is random is what it would be
/// of one process.
pub(crate) fn fit_together(
    settings: &HeadSettings,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    (classes, seed): (usize, u64),
    group: &dyn Group,
) -> Fitted {
    let mut net = Net::new(settings, train.width, classes, seed);
    let mut adam = Adam::new(&net);
    let mut order: Vec<usize> = (0..train.truths.len()).collect();
    let mut shuffle = Rng::new(seed, "head order");
    let mut drop = Rng::new(seed, "head dropout");
    let steps = settings.epochs * order.len().div_ceil(settings.batch.max(1));
    let (mut history, mut kept) = (Vec::new(), (f64::INFINITY, 0, net.clone()));
    for epoch in 0..settings.epochs {
        shuffle.shuffle(&mut order);
        let mut loss = 0.0;
        for rows in order.chunks(settings.batch.max(1)) {
            adam.rate = settings.rate(adam.step, steps);
            let mut gradients = Gradients::of(&net);
            let own = group.share(rows.len());
            for (at, &row) in rows.iter().enumerate() {
                if own.contains(&at) {
                    let features = dropped(train.row(row), settings.dropout, &mut || drop.unit());
                    loss += gradients.add(&net, &features, train.truth(row));
                } else {
                    passed(train.width, settings.dropout, &mut || drop.unit());
                }
            }
            gradients.sum(group);
            gradients.divide(rows.len());
            adam.update(&mut net, &gradients, settings.weight_decay);
        }
        let judged = validation.map(|rows| net.judge_together(rows, group));
        let [loss] = group.total([loss]);
        #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
        history.push(Epoch {
            train_loss: Some(loss / order.len().max(1) as f64),
            validation_loss: judged.map(|judged| judged.0),
            validation_accuracy: judged.map(|judged| judged.1),
            learning_rate: adam.rate,
        });
        if history.last().is_some_and(Epoch::is_lost) {
            break;
        }
        match judged {
            Some((loss, _)) if loss < kept.0 => kept = (loss, epoch, net.clone()),
            Some(_) if settings.patience > 0 && epoch - kept.1 >= settings.patience => break,
            Some(_) => {}
            None => kept = (0.0, epoch, net.clone()),
        }
    }
    Fitted { net: kept.2, history, best: kept.1 }
}

impl HeadSettings {
    /// Adam's step at one of so many steps.
    #[expect(clippy::cast_precision_loss, reason = "steps are counted in millions")]
    pub(super) fn rate(&self, step: usize, steps: usize) -> f64 {
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let done = step as f64 / steps.max(1) as f64;
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }
}

/// Inverted dropout: what stays is scaled so that the expectation stays. `draw` gives numbers uniform in 0 to 1.
pub(super) fn dropped(row: &[f32], share: f64, draw: &mut dyn FnMut() -> f64) -> Vec<f32> {
    if share <= 0.0 {
        return row.to_vec();
    }
    #[expect(clippy::cast_possible_truncation, reason = "a factor near 1")]
    let scale = (1.0 / (1.0 - share)) as f32;
    row.iter().map(|number| if draw() < share { 0.0 } else { number * scale }).collect()
}

/// Draws what [`dropped`] would of a row so wide that another process takes.
pub(super) fn passed(width: usize, share: f64, draw: &mut dyn FnMut() -> f64) {
    if share > 0.0 {
        for _ in 0..width {
            draw();
        }
    }
}

impl Net {
    /// Weights uniform within ±√(6 / (inputs + outputs)) (Glorot & Bengio 2010), biases 0.
    pub(super) fn new(settings: &HeadSettings, width: usize, classes: usize, seed: u64) -> Self {
        let activation = if classes <= 2 { Activation::Sigmoid } else { Activation::Softmax };
        let last = if classes <= 2 { 1 } else { classes };
        let mut random = Rng::new(seed, "head weights");
        let mut inputs = width;
        let layers = settings
            .hidden
            .iter()
            .copied()
            .chain([last])
            .map(|outputs| {
                #[expect(clippy::cast_precision_loss, reason = "widths are counted in thousands")]
                let bound = (6.0 / (inputs + outputs) as f64).sqrt();
                #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
                let weight =
                    (0..inputs * outputs).map(|_| random.between(-bound, bound) as f32).collect();
                inputs = outputs;
                Dense { weight, bias: vec![0.0; outputs] }
            })
            .collect();
        Self { layers, activation }
    }

    /// The output of each layer after its `ReLU`; the last as it is.
    pub(super) fn forward(&self, features: &[f32]) -> Vec<Vec<f32>> {
        let mut outputs: Vec<Vec<f32>> = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let input = outputs.last().map_or(features, Vec::as_slice);
            let mut output = layer.bias.clone();
            for (number, weights) in input.iter().zip(layer.weight.chunks(layer.bias.len().max(1)))
            {
                // Of the buckets of words nearly all are empty.
                if *number == 0.0 {
                    continue;
                }
                for (slot, weight) in output.iter_mut().zip(weights) {
                    *slot += number * weight;
                }
            }
            if index + 1 < self.layers.len() {
                for number in &mut output {
                    // `max` would make 0 of what is no number, and hide a training that diverged.
                    if *number < 0.0 {
                        *number = 0.0;
                    }
                }
            }
            outputs.push(output);
        }
        outputs
    }

    /// Probabilities: one of the second class, or one for each class.
    pub(crate) fn scores(&self, features: &[f32]) -> Vec<f64> {
        let logits = self.forward(features).pop().unwrap_or_default();
        probabilities(&logits, self.activation)
    }

    /// Mean cross-entropy and accuracy, by all processes of a group.
    #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    pub(super) fn judge_together(&self, rows: Examples<'_>, group: &dyn Group) -> (f64, f64) {
        let (mut loss, mut right) = (0.0, 0_usize);
        for index in group.share(rows.truths.len()) {
            let truth = rows.truth(index);
            let logits = self.forward(rows.row(index)).pop().unwrap_or_default();
            let (own, is_right) = judged(&logits, truth, self.activation);
            loss += own;
            right += usize::from(is_right);
        }
        let count = rows.truths.len().max(1) as f64;
        let [loss, right] = group.total([loss, right as f64]);
        (loss / count, right / count)
    }

    /// The same, alone.
    #[cfg(test)]
    pub(super) fn judge(&self, rows: Examples<'_>) -> (f64, f64) {
        self.judge_together(rows, &Alone)
    }

    /// The weights as bytes: equal of equal nets, and only of these.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let numbers = self.layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias));
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }
}

/// Cross-entropy of a row, and whether its likeliest class is the right one.
pub(super) fn judged(logits: &[f32], truth: Truth, activation: Activation) -> (f64, bool) {
    let scores = probabilities(logits, activation);
    let guess = match activation {
        Activation::Sigmoid => usize::from(scores.first().is_some_and(|score| *score >= 0.5)),
        Activation::Softmax => crate::metrics::top(&scores).0,
    };
    (cross_entropy(logits, truth, activation).0, guess == truth.class)
}

pub(super) fn probabilities(logits: &[f32], activation: Activation) -> Vec<f64> {
    match activation {
        Activation::Sigmoid => {
            logits.iter().map(|logit| 1.0 / (1.0 + (-f64::from(*logit)).exp())).collect()
        }
        Activation::Softmax => {
            let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> =
                logits.iter().map(|logit| f64::from(logit - greatest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect()
        }
    }
}

/// Cross-entropy of a row, −w Σ t ln p over the classes, and its gradient by the logits: probability minus truth, times w.
#[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
pub(super) fn cross_entropy(
    logits: &[f32],
    truth: Truth,
    activation: Activation,
) -> (f64, Vec<f32>) {
    let scores = probabilities(logits, activation);
    let share = |class: usize| match activation {
        Activation::Sigmoid => truth.of_class(1),
        Activation::Softmax => truth.of_class(class),
    };
    let loss = if let (Activation::Sigmoid, Some(logit)) = (activation, logits.first()) {
        // log(1 + exp(z)) − y z, without overflow.
        let logit = f64::from(*logit);
        logit.max(0.0) - logit * share(1) + (-logit.abs()).exp().ln_1p()
    } else {
        let cost = |class: usize| {
            let score = scores.get(class).copied().unwrap_or(f64::NAN);
            // What is no number stays none.
            let bounded = if score < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { score };
            -bounded.ln()
        };
        truth.share * cost(truth.class) + (1.0 - truth.share) * cost(truth.other)
    };
    let error = |(class, score): (usize, &f64)| (truth.weight * (score - share(class))) as f32;
    (truth.weight * loss, scores.iter().enumerate().map(error).collect())
}

/// Sums of gradients, one for each weight and bias.
pub(super) struct Gradients(Vec<Dense>);

impl Gradients {
    /// Sums that somebody else made.
    #[cfg(feature = "nets")]
    pub(super) fn made(sums: Vec<Dense>) -> Self {
        Self(sums)
    }

    pub(super) fn of(net: &Net) -> Self {
        let zero = |layer: &Dense| Dense {
            weight: vec![0.0; layer.weight.len()],
            bias: vec![0.0; layer.bias.len()],
        };
        Self(net.layers.iter().map(zero).collect())
    }

    /// Adds a row's gradients, by the chain rule from the last layer to the first; gives its loss.
    pub(super) fn add(&mut self, net: &Net, features: &[f32], truth: Truth) -> f64 {
        let outputs = net.forward(features);
        let logits = outputs.last().map(Vec::as_slice).unwrap_or_default();
        let (loss, error) = cross_entropy(logits, truth, net.activation);
        self.descend(net, features, &outputs, error, false);
        loss
    }

    /// Adds a row's gradients: `outputs` is what [`Net::forward`] gave, `error` the loss's gradient by the last of it. Gives the
    /// gradient by the features where it is asked for.
    pub(super) fn descend(
        &mut self,
        net: &Net,
        features: &[f32],
        outputs: &[Vec<f32>],
        mut error: Vec<f32>,
        through: bool,
    ) -> Vec<f32> {
        for (index, layer) in net.layers.iter().enumerate().rev() {
            let before = index.checked_sub(1).and_then(|before| outputs.get(before));
            let input = before.map_or(features, Vec::as_slice);
            let Some(sums) = self.0.get_mut(index) else { continue };
            let wide = error.len().max(1);
            for (sum, own) in sums.bias.iter_mut().zip(&error) {
                *sum += own;
            }
            for (number, sums) in input.iter().zip(sums.weight.chunks_mut(wide)) {
                if *number == 0.0 {
                    continue;
                }
                for (sum, own) in sums.iter_mut().zip(&error) {
                    *sum += number * own;
                }
            }
            if index > 0 || through {
                let back = input.iter().zip(layer.weight.chunks(wide)).map(|(number, weights)| {
                    let sum: f32 =
                        weights.iter().zip(&error).map(|(weight, own)| weight * own).sum();
                    // Features have no `ReLU` behind them.
                    if index == 0 || *number > 0.0 { sum } else { 0.0 }
                });
                error = back.collect();
            }
        }
        error
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = &f32> {
        self.0.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias))
    }

    fn numbers_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        self.0.iter_mut().flat_map(|layer| layer.weight.iter_mut().chain(&mut layer.bias))
    }

    /// Sums of all processes' gradients, on each of them.
    pub(super) fn sum(&mut self, group: &dyn Group) {
        let layers = self.0.iter_mut();
        group.sum(layers.flat_map(|layer| [&mut layer.weight[..], &mut layer.bias[..]]));
    }

    /// Euclidean length of all numbers together.
    pub(super) fn length(&self) -> f64 {
        self.numbers().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt()
    }

    /// Adds another's numbers, shortened to a length if they are longer.
    #[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
    pub(super) fn add_clipped(&mut self, other: &Self, most: f64) {
        let length = other.length();
        // What is no number says nothing of the row.
        if !length.is_finite() {
            return;
        }
        let share = (most / length.max(f64::MIN_POSITIVE)).min(1.0);
        for (sum, own) in self.numbers_mut().zip(other.numbers()) {
            *sum += (f64::from(*own) * share) as f32;
        }
    }

    /// Adds a draw to every number.
    #[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
    pub(super) fn add_noise(&mut self, draw: &mut dyn FnMut() -> f64) {
        for number in self.numbers_mut() {
            *number += draw() as f32;
        }
    }

    /// Multiplies every number.
    #[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
    pub(super) fn scale(&mut self, factor: f64) {
        for number in self.numbers_mut() {
            *number = (f64::from(*number) * factor) as f32;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a batch's rows")]
    pub(super) fn divide(&mut self, rows: usize) {
        for layer in &mut self.0 {
            for number in layer.weight.iter_mut().chain(&mut layer.bias) {
                *number /= rows.max(1) as f32;
            }
        }
    }
}

/// What a step of Adam does to each number (Kingma & Ba 2015), with β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdamStep {
    corrections: (f64, f64),
    rate: f64,
}

impl AdamStep {
    const BETA: (f64, f64) = (0.9, 0.999);

    /// The step of this number, from 1.
    pub(super) fn new(step: usize, rate: f64) -> Self {
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let corrections = (1.0 - Self::BETA.0.powi(power), 1.0 - Self::BETA.1.powi(power));
        Self { corrections, rate }
    }

    /// Changes a number and its moments; `decay` is decoupled (Loshchilov & Hutter 2019).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "moments are single precision")]
    pub(super) fn change(
        self,
        weight: &mut f32,
        (first, second): (&mut f32, &mut f32),
        gradient: f64,
        decay: f64,
    ) {
        let beta = Self::BETA;
        *first = (beta.0 * f64::from(*first) + (1.0 - beta.0) * gradient) as f32;
        *second = (beta.1 * f64::from(*second) + (1.0 - beta.1) * gradient * gradient) as f32;
        let mean = f64::from(*first) / self.corrections.0;
        let square = f64::from(*second) / self.corrections.1;
        let kept = f64::from(*weight) * (1.0 - self.rate * decay);
        *weight = (kept - self.rate * mean / (square.sqrt() + 1e-8)) as f32;
    }
}

/// Adam, with the moments of all numbers.
pub(super) struct Adam {
    first: Gradients,
    second: Gradients,
    pub(super) step: usize,
    pub(super) rate: f64,
}

impl Adam {
    pub(super) fn new(net: &Net) -> Self {
        Self { first: Gradients::of(net), second: Gradients::of(net), step: 0, rate: 0.0 }
    }

    pub(super) fn update(&mut self, net: &mut Net, gradients: &Gradients, decay: f64) {
        self.step += 1;
        let step = AdamStep::new(self.step, self.rate);
        let moments = self.first.0.iter_mut().zip(&mut self.second.0);
        for ((layer, gradient), (first, second)) in
            net.layers.iter_mut().zip(&gradients.0).zip(moments)
        {
            let own = layer.weight.iter_mut().zip(&gradient.weight);
            for ((weight, gradient), (first, second)) in
                own.zip(first.weight.iter_mut().zip(&mut second.weight))
            {
                step.change(weight, (first, second), f64::from(*gradient), decay);
            }
            let own = layer.bias.iter_mut().zip(&gradient.bias);
            for ((bias, gradient), (first, second)) in
                own.zip(first.bias.iter_mut().zip(&mut second.bias))
            {
                step.change(bias, (first, second), f64::from(*gradient), 0.0);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::group::threads::together;

    fn settings() -> HeadSettings {
        HeadSettings {
            hidden: vec![],
            epochs: 5,
            batch: 32,
            learning_rate: 0.001,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            dropout: 0.0,
            patience: 0,
        }
    }

    /// Clouds around the corners of a square, one class each.
    fn clouds(classes: usize, rows: usize, seed: u64) -> (Vec<f32>, Vec<Truth>) {
        let mut random = Rng::new(seed, "clouds");
        let (mut features, mut truths) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let class = row % classes;
            for axis in 0..2 {
                let centre = if class >> axis & 1 == 1 { 1.5 } else { -1.5 };
                features.push((centre + random.between(-1.0, 1.0)) as f32);
            }
            truths.push(Truth::of(class));
        }
        (features, truths)
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let how = HeadSettings { hidden: vec![3], ..settings() };
        let mixed = Truth { class: 1, other: 0, share: 0.3, weight: 1.0 };
        for (classes, truth) in [
            (2, Truth::of(1)),
            (3, Truth::of(1)),
            (2, mixed),
            (3, Truth { other: 2, ..mixed }),
            (2, Truth { weight: 2.5, ..Truth::of(0) }),
            (3, Truth { weight: 0.25, ..mixed }),
        ] {
            let net = Net::new(&how, 2, classes, 7);
            let features = [0.7, -1.3];
            let mut gradients = Gradients::of(&net);
            gradients.add(&net, &features, truth);
            let loss = |net: &Net| {
                cross_entropy(&net.forward(&features).pop().unwrap(), truth, net.activation).0
            };
            for layer in 0..2 {
                for index in 0..net.layers[layer].weight.len() {
                    let (mut above, mut below) = (net.clone(), net.clone());
                    above.layers[layer].weight[index] += 1e-2;
                    below.layers[layer].weight[index] -= 1e-2;
                    let expected = (loss(&above) - loss(&below)) / 2e-2;
                    let own = f64::from(gradients.0[layer].weight[index]);
                    assert!(
                        (own - expected).abs() < 2e-3,
                        "{classes} {layer} {index}: {own} {expected}"
                    );
                }
            }
        }
    }

    /// The loss of a mixture is the mixture of the losses, and two parts of one class are that class.
    #[test]
    fn a_mixture_costs_what_its_parts_do() {
        for (activation, logits) in
            [(Activation::Sigmoid, vec![0.4]), (Activation::Softmax, vec![0.4, -1.0, 0.2])]
        {
            let of = |truth| cross_entropy(&logits, truth, activation);
            let (one, other) = (of(Truth::of(0)), of(Truth::of(1)));
            let both = of(Truth { class: 0, other: 1, share: 0.7, weight: 1.0 });
            assert!((both.0 - (0.7 * one.0 + 0.3 * other.0)).abs() < 1e-12);
            for ((both, one), other) in both.1.iter().zip(&one.1).zip(&other.1) {
                assert!((both - (0.7 * one + 0.3 * other)).abs() < 1e-6);
            }
            let same = of(Truth { class: 1, other: 1, share: 0.7, weight: 1.0 });
            assert!((same.0 - other.0).abs() < 1e-12);
        }
    }

    /// With both moments corrected, Adam's first step is the learning rate against the gradient's sign.
    #[test]
    fn the_first_step_moves_by_the_learning_rate() {
        let how = HeadSettings { epochs: 1, learning_rate: 0.1, ..settings() };
        let before = Net::new(&how, 2, 2, 3);
        let rows = Examples { features: &[1.0, -2.0], width: 2, truths: &[Truth::of(1)] };
        let after = fit(&how, rows, None, 2, 3).net;
        let moved = |index: usize| after.layers[0].weight[index] - before.layers[0].weight[index];
        assert!((moved(0) - 0.1).abs() < 1e-5 && (moved(1) + 0.1).abs() < 1e-5);
        assert!((after.layers[0].bias[0] - 0.1).abs() < 1e-5);
    }

    #[test]
    fn clouds_are_told_apart_and_the_same_seed_gives_the_same_bits() {
        for (classes, hidden) in [(2, vec![]), (4, vec![8])] {
            let (features, truths) = clouds(classes, 400, 1);
            let train = Examples { features: &features, width: 2, truths: &truths };
            let how = HeadSettings { hidden, epochs: 20, learning_rate: 0.02, ..settings() };
            let (features, truths) = clouds(classes, 200, 2);
            let test = Examples { features: &features, width: 2, truths: &truths };
            let fitted = fit(&how, train, Some(test), classes, 5);
            assert!(fitted.net.judge(test).1 > 0.99, "{classes} classes");
            assert_eq!(fit(&how, train, Some(test), classes, 5).net.layers, fitted.net.layers);
            assert_ne!(fit(&how, train, Some(test), classes, 6).net.layers, fitted.net.layers);
        }
    }

    /// Losses and weights of several processes are one's, but for the order of sums; all have the same bits.
    #[test]
    fn processes_train_together_what_one_trains() {
        for (classes, hidden, dropout) in [(2, vec![], 0.0), (4, vec![8], 0.3)] {
            // The last batch has three rows: with four processes one of them has none.
            let (features, truths) = clouds(classes, 99, 1);
            let train = Examples { features: &features, width: 2, truths: &truths };
            let (features, truths) = clouds(classes, 31, 2);
            let test = Some(Examples { features: &features, width: 2, truths: &truths });
            let how =
                HeadSettings { hidden, epochs: 6, dropout, learning_rate: 0.02, ..settings() };
            let one = fit(&how, train, test, classes, 5);
            for size in [2, 4] {
                let all =
                    together(size, |group| fit_together(&how, train, test, (classes, 5), group));
                for own in &all {
                    assert_eq!(own.net.bytes(), all[0].net.bytes());
                    assert_eq!((own.best, &own.history), (all[0].best, &all[0].history));
                    assert_eq!(own.history.len(), one.history.len());
                    for (own, one) in own.history.iter().zip(&one.history) {
                        let losses = |epoch: &Epoch| [epoch.train_loss, epoch.validation_loss];
                        for (own, one) in losses(own).into_iter().zip(losses(one)) {
                            let (own, one) = (own.unwrap(), one.unwrap());
                            assert!((own - one).abs() < 1e-5, "{size}: {own} {one}");
                        }
                    }
                    let numbers = |fitted: &Fitted| -> Vec<f32> {
                        let layers = fitted.net.layers.iter();
                        layers.flat_map(|layer| layer.weight.clone()).collect()
                    };
                    for (own, one) in numbers(own).iter().zip(numbers(&one)) {
                        assert!((own - one).abs() < 1e-4, "{size}: {own} {one}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_training_that_ends_too_soon_is_known_by_its_losses() {
        let of = |losses: &[f64], epochs: usize, best: usize| {
            let epoch = |loss: &f64| Epoch {
                train_loss: Some(*loss),
                validation_loss: None,
                validation_accuracy: None,
                learning_rate: 0.1,
            };
            let history: Vec<Epoch> = losses.iter().map(epoch).collect();
            still_falling(&history, &HeadSettings { epochs, ..settings() }, best, 2)
        };
        assert!(of(&[0.72, 0.66, 0.61], 3, 2));
        assert!(!of(&[0.72, 0.66, 0.61], 10, 2), "it was stopped");
        assert!(!of(&[0.72, 0.66, 0.61], 3, 1), "it was better before");
        assert!(!of(&[0.72, 0.66, 0.658], 3, 2), "it learns no more");
        assert!(!of(&[0.2, 0.15, 0.1], 3, 2), "it has learnt");
        assert!(!of(&[0.7], 1, 0), "nobody knows");
    }

    #[test]
    fn patience_ends_a_training_that_only_learns_by_heart() {
        let (features, _) = clouds(2, 60, 1);
        let mut random = Rng::new(9, "labels");
        let truths: Vec<Truth> = (0..60).map(|_| Truth::of(random.below(2))).collect();
        let rows = |from: usize| Examples {
            features: &features[from * 2..][..60],
            width: 2,
            truths: &truths[from..][..30],
        };
        let how = HeadSettings {
            hidden: vec![32],
            epochs: 400,
            learning_rate: 0.05,
            patience: 5,
            ..settings()
        };
        let fitted = fit(&how, rows(0), Some(rows(30)), 2, 1);
        assert!(fitted.history.len() < 400 && fitted.best + 6 == fitted.history.len());
    }
}
