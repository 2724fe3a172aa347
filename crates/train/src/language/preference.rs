//! Learning to prefer one answer to another: direct preference optimisation (Rafailov et al. 2023, "Direct Preference Optimization: Your
//! Language Model is Secretly a Reward Model").
//!
//! Of a question with a preferred answer c and a rejected one r, the loss is −ln σ(β·m) with the margin
//! m = (ln π(c) − ln π₀(c)) − (ln π(r) − ln π₀(r)), where π is the model with its adapter and π₀ the base alone (equation 7). What π₀
//! says never changes: it is computed once.

use super::adapter::Adapter;
use super::model::BaseModel;
use super::net::{Batch, Net};
use super::sft::last_answer;
use super::words::{Example, Unfit, Words};
use crate::group::{Alone, Group};
use ingot_runtime::generate::Message;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A question with the answer that was preferred, and the same question with the one that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The preferred answer.
    pub chosen: Example,
    /// The other one.
    pub rejected: Example,
}

/// Natural logarithms of the probabilities of a pair's answers: the preferred one's, the rejected one's.
pub type Likelihoods = [f64; 2];

/// How a model stands to the preferences of some pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Preference {
    /// Mean loss, in nats; ln 2 of a model that is its own reference.
    pub loss: f64,
    /// Pairs whose margin is above 0: the answer that was preferred gained more than the other; half of those whose margin is 0.
    pub preferred: f64,
    /// Pairs whose preferred answer is the likelier one, whatever the base says; half of those whose answers are equally likely.
    pub likelier: f64,
    /// All pairs.
    pub pairs: u64,
}

impl Preference {
    /// Share of the pairs whose margin is above 0, ties by half, in [0, 1]; 0 of none.
    #[expect(clippy::cast_precision_loss, reason = "pairs are counted in millions")]
    pub fn accuracy(&self) -> f64 {
        self.preferred / self.pairs.max(1) as f64
    }
}

impl Words {
    /// A conversation whose last answer was preferred to another.
    ///
    /// # Errors
    /// Why it is not learnt from: what is wrong with one of the two.
    pub fn pair(
        &self,
        messages: &[Message],
        rejected: &str,
        limit: usize,
    ) -> std::result::Result<Pair, Unfit> {
        let (asked, answer) = last_answer(messages).ok_or(Unfit::Silent)?;
        let calls = messages.get(asked.len()).is_some_and(|one| !one.tool_calls.is_empty());
        if answer.trim() == rejected.trim() && !answer.trim().is_empty() && !calls {
            return Err(Unfit::Alike);
        }
        let chosen = messages.get(..=asked.len()).unwrap_or_default();
        // Earlier answers stand in both: what they add to the margin is nothing.
        let rejected = [asked, &[Message::new("assistant", rejected)]].concat();
        Ok(Pair { chosen: self.example(chosen, limit)?, rejected: self.example(&rejected, limit)? })
    }
}

/// Pairs side by side: of each the preferred answer and then the other.
pub(super) fn batch(pairs: &[Pair], own: &[usize]) -> Batch {
    let mut batch = Batch::default();
    for pair in own.iter().filter_map(|index| pairs.get(*index)) {
        for example in [&pair.chosen, &pair.rejected] {
            batch.push(&example.tokens, &example.learnt);
        }
    }
    batch
}

/// From the losses of a batch's tokens to the likelihoods of its pairs.
fn sums<'a>(losses: &[f32], pairs: impl Iterator<Item = &'a Pair>) -> Vec<Likelihoods> {
    let mut rest = losses;
    let mut next = |example: &Example| -> f64 {
        let (own, after) = rest.split_at(example.counted().min(rest.len()));
        rest = after;
        -own.iter().map(|loss| f64::from(*loss)).sum::<f64>()
    };
    pairs.map(|pair| [next(&pair.chosen), next(&pair.rejected)]).collect()
}

/// How likely a model finds the answers of each pair.
pub fn likelihoods(
    base: &BaseModel,
    adapter: Option<&Adapter>,
    pairs: &[Pair],
    batch_size: usize,
) -> Vec<Likelihoods> {
    likelihoods_together((base, adapter), pairs, batch_size, &Alone, &|| {})
}

/// The same by all processes of a group, each of which takes some of the batches; `told` hears of each.
pub(super) fn likelihoods_together(
    (base, adapter): (&BaseModel, Option<&Adapter>),
    pairs: &[Pair],
    batch_size: usize,
    group: &dyn Group,
    told: &dyn Fn(),
) -> Vec<Likelihoods> {
    let all: Vec<usize> = (0..pairs.len()).collect();
    let batches = all.chunks(batch_size.max(1));
    let share = group.share(batches.len());
    let mut found = Vec::with_capacity(pairs.len());
    for own in batches.skip(share.start).take(share.len()) {
        let losses = Net { base, adapter }.losses(&batch(pairs, own));
        found.extend(sums(&losses, own.iter().filter_map(|index| pairs.get(*index))));
        told();
    }
    group.joined(found.concat()).as_chunks::<2>().0.to_vec()
}

/// Mean loss of the tokens of the preferred answers, from their likelihoods: what [`mean_loss`](super::mean_loss) says of these alone.
#[expect(clippy::cast_precision_loss, reason = "tokens are counted in millions")]
pub(super) fn chosen_loss(found: &[Likelihoods], pairs: &[Pair]) -> f64 {
    let sum: f64 = found.iter().map(|[chosen, _]| chosen).sum();
    let tokens: usize = pairs.iter().map(|pair| pair.chosen.counted()).sum();
    -sum / tokens.max(1) as f64
}

/// How much more the preferred answer gained than the other, in nats.
fn margin(own: Likelihoods, reference: Likelihoods) -> f64 {
    let ([chosen, rejected], [first, second]) = (own, reference);
    (chosen - first) - (rejected - second)
}

/// −ln σ(x), for any x.
fn cost(x: f64) -> f64 {
    (-x).max(0.0) + (-x.abs()).exp().ln_1p()
}

/// σ(−x): how far the loss of an answer is pulled.
fn pull(x: f64) -> f64 {
    1.0 / (1.0 + x.exp())
}

/// How much a comparison counts for what should be the greater: a tie by half.
fn won(how: Option<Ordering>) -> f64 {
    match how {
        Some(Ordering::Greater) => 1.0,
        Some(Ordering::Equal) => 0.5,
        Some(Ordering::Less) | None => 0.0,
    }
}

/// How a model stands to pairs, from what it and its reference say of them.
#[expect(clippy::cast_precision_loss, reason = "pairs are counted in millions")]
pub fn preference(own: &[Likelihoods], reference: &[Likelihoods], beta: f64) -> Preference {
    let mut found = Preference { loss: 0.0, preferred: 0.0, likelier: 0.0, pairs: 0 };
    for (own, reference) in own.iter().zip(reference) {
        let margin = margin(*own, *reference);
        let [chosen, rejected] = own;
        found.loss += cost(beta * margin);
        found.preferred += won(margin.partial_cmp(&0.0));
        found.likelier += won(chosen.partial_cmp(rejected));
        found.pairs += 1;
    }
    found.loss /= found.pairs.max(1) as f64;
    found
}

/// Pairs to learn from, and what the base says of them.
#[derive(Debug)]
pub(super) struct Preferences<'a> {
    pub(super) pairs: &'a [Pair],
    pub(super) reference: Vec<Likelihoods>,
    pub(super) beta: f64,
}

impl Preferences<'_> {
    /// Of a batch of these pairs, whose tokens have these losses: the sum of its losses, and the gradient of it, times `share`, by the
    /// loss of every token (the tokens of the preferred answer are to become likelier, those of the other less likely).
    pub(super) fn weigh(&self, own: &[usize], losses: &[f32], share: f32) -> (f64, Vec<f32>) {
        let pairs = || own.iter().filter_map(|index| self.pairs.get(*index));
        let reference = own.iter().filter_map(|index| self.reference.get(*index));
        let (mut sum, mut weights) = (0.0, Vec::with_capacity(losses.len()));
        for ((found, reference), pair) in sums(losses, pairs()).iter().zip(reference).zip(pairs()) {
            let scaled = self.beta * margin(*found, *reference);
            sum += cost(scaled);
            #[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
            let weight = (self.beta * pull(scaled)) as f32 * share;
            for (example, weight) in [(&pair.chosen, weight), (&pair.rejected, -weight)] {
                weights.resize(weights.len() + example.counted(), weight);
            }
        }
        (sum, weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_that_of_the_paper() {
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-12, "{found}");
        near(cost(0.0), 2.0_f64.ln());
        near(cost(1.5), -(1.0 / (1.0 + (-1.5_f64).exp())).ln());
        near(cost(-1.5), -(1.0 / (1.0 + 1.5_f64.exp())).ln());
        near(cost(-800.0), 800.0);
        near(pull(0.0), 0.5);
        assert!(cost(800.0) >= 0.0 && pull(800.0) >= 0.0 && (pull(-800.0) - 1.0).abs() < 1e-12);
        // The preferred answer gained 2, the other lost 1.
        near(margin([-3.0, -6.0], [-5.0, -5.0]), 3.0);
        let found = preference(&[[-3.0, -6.0], [-5.0, -5.0]], &[[-5.0, -5.0]; 2], 0.5);
        near(found.loss, f64::midpoint(cost(1.5), cost(0.0)));
        // The second pair is a tie in both, which counts half: the figure of the base had it so, this one counted it as lost.
        near(found.preferred, 1.5);
        near(found.likelier, 1.5);
        assert_eq!(found.pairs, 2);
        near(found.accuracy(), 0.75);
        let lost = preference(&[[-6.0, -3.0], [f64::NAN, -1.0]], &[[-5.0, -5.0]; 2], 0.5);
        near(lost.accuracy(), 0.0);
    }
}
