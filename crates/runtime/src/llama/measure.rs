//! How good a model is at texts, and how far another is from it: perplexity, and what the distributions of all next tokens differ
//! by (Kullback-Leibler divergence, in nats).

use super::memory::Sealed;
use super::native::{Batch, Context, Model, Sizes, Step, failed};
use crate::generate::Token;
use crate::gguf::{self, Shape};
use crate::messages::MODELS_APART;
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Tokens of one window: what comes before it is not seen.
const WINDOW: usize = 512;
/// Tokens of one step: their scores are in memory at once.
const STRIDE: usize = 64;

/// A model that is only measured.
#[derive(Clone)]
pub struct Weights {
    model: Arc<Model>,
    bytes: u64,
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weights").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Weights {
    /// Opens a model as it lies on disk.
    ///
    /// # Errors
    /// When the file cannot be read or is no model of a served family.
    pub fn open(path: &Path) -> Result<Self> {
        let header = gguf::read_file(path, &gguf::Limits::default())?;
        let shape = Shape::of(&header)?;
        let needed = shape.memory(WINDOW as u64, STRIDE as u64, STRIDE as u64);
        let packed = super::enough(needed, shape.copies, None)?;
        let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
        Ok(Self { model: Arc::new(Model::load(Sealed::open(path)?, packed)?), bytes })
    }

    pub(super) fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model)
    }

    /// Bytes of its file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// How a model stands to its reference on some texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// Tokens compared.
    pub tokens: u64,
    /// The reference's perplexity: e to the mean negative log-probability of the texts' tokens.
    pub reference_perplexity: f64,
    /// The model's.
    pub perplexity: f64,
    /// Mean divergence of the model's distributions from the reference's, in nats.
    pub divergence: f64,
    /// The divergence that one token in a hundred exceeds.
    pub divergence_p99: f64,
    /// Share of tokens at which both think the same token likeliest.
    pub agreement: f64,
}

/// A text to measure on.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// Its tokens, marks among them.
    pub tokens: &'a [Token],
    /// As many: whether a model is judged by what it expects in this token's place.
    pub counted: &'a [bool],
}

/// Compares a model with its reference, over at most `most` tokens that count. What lies further back than a window of 512 tokens
/// is not seen.
///
/// # Errors
/// When the two know other tokens, or cannot compute.
pub fn distance(
    reference: &Weights,
    model: &Weights,
    texts: &[Passage<'_>],
    most: usize,
) -> Result<Distance> {
    if reference.model.vocabulary() != model.model.vocabulary() {
        return Err(Fault::new(&MODELS_APART));
    }
    let (mut first, mut second) = (Reader::new(reference)?, Reader::new(model)?);
    let mut sum = Sums::default();
    for text in texts {
        for (begin, window) in (0..).step_by(WINDOW).zip(text.tokens.chunks(WINDOW)) {
            let counts = |at: usize| text.counted.get(begin + at).copied().unwrap_or(false);
            if sum.divergences.len() >= most || !(1..window.len()).any(counts) {
                continue;
            }
            first.begin();
            second.begin();
            for start in (0..window.len()).step_by(STRIDE) {
                let part =
                    window.get(start..(start + STRIDE).min(window.len())).unwrap_or_default();
                first.read(part, start)?;
                second.read(part, start)?;
                for place in 0..part.len() {
                    // The last token of a window has nothing after it.
                    let Some(next) = window.get(start + place + 1) else { break };
                    if !counts(start + place + 1) {
                        continue;
                    }
                    let (Some(left), Some(right)) = (first.scores(place), second.scores(place))
                    else {
                        return Err(failed("reading scores"));
                    };
                    sum.add(left, right, *next);
                }
            }
        }
    }
    Ok(sum.distance())
}

#[derive(Default)]
struct Sums {
    left: f64,
    right: f64,
    same: u64,
    divergences: Vec<f64>,
}

impl Sums {
    fn add(&mut self, left: &[f32], right: &[f32], next: Token) {
        let (left_total, left_best) = total(left);
        let (right_total, right_best) = total(right);
        let at = usize::try_from(next).unwrap_or(usize::MAX);
        let of = |scores: &[f32], total: f64| {
            scores.get(at).map_or(f64::NEG_INFINITY, |score| f64::from(*score) - total)
        };
        self.left -= of(left, left_total);
        self.right -= of(right, right_total);
        self.same += u64::from(left_best == right_best);
        let divergence: f64 = left
            .iter()
            .zip(right)
            .map(|(left, right)| {
                let log = f64::from(*left) - left_total;
                // Tokens that unlikely add nothing that could be seen.
                if log < -20.0 {
                    0.0
                } else {
                    log.exp() * (log - (f64::from(*right) - right_total))
                }
            })
            .sum();
        self.divergences.push(divergence.max(0.0));
    }

    fn distance(mut self) -> Distance {
        #[expect(clippy::cast_precision_loss, reason = "far below the range")]
        let count = self.divergences.len().max(1) as f64;
        let mean = self.divergences.iter().sum::<f64>() / count;
        self.divergences.sort_unstable_by(f64::total_cmp);
        let last = self.divergences.len().saturating_sub(1);
        let tail = self.divergences.get(last - last / 100).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "far below the range")]
        let agreement = self.same as f64 / count;
        Distance {
            tokens: self.divergences.len() as u64,
            reference_perplexity: (self.left / count).exp(),
            perplexity: (self.right / count).exp(),
            divergence: mean,
            divergence_p99: tail,
            agreement,
        }
    }
}

/// The logarithm of the sum of all, and which is the largest.
fn total(scores: &[f32]) -> (f64, usize) {
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let (at, most) = best.map_or((0, 0.0), |(at, most)| (at, *most));
    let sum: f64 = scores.iter().map(|score| f64::from((score - most).exp())).sum();
    (f64::from(most) + sum.ln(), at)
}

struct Reader {
    context: Context,
    batch: Batch,
}

impl Reader {
    fn new(weights: &Weights) -> Result<Self> {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let sizes = Sizes {
            tokens: number(WINDOW),
            sequences: 1,
            batch: number(STRIDE),
            outputs: number(STRIDE),
            threads: super::threads(0),
        };
        Ok(Self { context: Context::new(weights.model(), sizes, None)?, batch: Batch::default() })
    }

    fn begin(&mut self) {
        self.context.forget(0, 0);
    }

    fn read(&mut self, tokens: &[Token], start: usize) -> Result<()> {
        self.batch.clear();
        for (position, token) in (start..).zip(tokens) {
            self.batch.push(*token, position, 0, true);
        }
        match self.context.step(&mut self.batch, None)? {
            Step::Done => Ok(()),
            _ => Err(failed("measuring")),
        }
    }

    fn scores(&self, place: usize) -> Option<&[f32]> {
        self.context.scores(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_that_of_the_textbook() {
        let mut sums = Sums::default();
        let logs = |p: [f32; 2]| p.map(f32::ln);
        sums.add(&logs([0.5, 0.5]), &logs([0.25, 0.75]), 0);
        let distance = sums.distance();
        let expected = 0.5 * (2.0_f64).ln() + 0.5 * (2.0_f64 / 3.0).ln();
        assert!((distance.divergence - expected).abs() < 1e-6);
        assert!((distance.reference_perplexity - 2.0).abs() < 1e-6);
        assert!((distance.perplexity - 4.0).abs() < 1e-5);
        let mut same = Sums::default();
        same.add(&[1.0, 3.0], &[2.0, 4.0], 1);
        let same = same.distance();
        assert!(same.divergence < 1e-12 && same.agreement > 0.99);
    }
}
