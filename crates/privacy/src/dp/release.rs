//! Noise, after it is paid for.

use super::account::{Amount, Loss, UNITS};
use super::exact::{Ratio, below, bernoulli_exp, discrete_gaussian, discrete_laplace};
use super::ledger::{Ledger, Receipt};
use super::messages::{NOTHING, RECEIPT, SHARE};
use super::random::{Buffered, Entropy};
use super::statistic::{Candidates, Exact, LEVEL, Scale, Statistic, Unit, Whole, read};
use arrow::array::RecordBatch;
use ingot_base::{Clock, Digest, Fault, Result, fault};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

/// Statistics of one table, read and ready: every fault that the question can have is behind, nothing is spent yet.
pub struct Question {
    dataset: Digest,
    unit: Unit,
    parts: Vec<(Statistic, Exact)>,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("what", &self.what()).finish_non_exhaustive()
    }
}

/// One released number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The statistic's name: `sum(age)`.
    pub statistic: String,
    /// The category of a histogram (`*` for all others), the level of a quantile; empty otherwise.
    pub part: String,
    /// The number. Counts are not rounded up to 0: with the negative ones they are right on average.
    pub value: f64,
    /// In at least 95 of 100 releases the noise moves the number by at most this: how far it is from what the same rows, moved into the
    /// bounds, would give without noise. `None` of a quantile: its noise is in the rank, and only the values tell how far that moves one.
    pub margin: Option<f64>,
}

/// What may be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The data set.
    pub dataset: Digest,
    /// Whom the guarantee protects.
    pub unit: Unit,
    /// What it cost altogether.
    pub loss: Loss,
    /// The ledger's line.
    pub ledger_line: u64,
    /// The numbers.
    pub figures: Vec<Figure>,
}

impl Question {
    /// Reads the table. `dataset` is the digest of its rows, or of those of the source it was derived from.
    ///
    /// # Errors
    /// When nothing is asked, a column is missing or of the wrong type, or bounds, grid or categories are unusable. Only
    /// schema and settings decide that, never values.
    pub fn new(
        batches: &[RecordBatch],
        dataset: Digest,
        unit: Unit,
        statistics: &[Statistic],
    ) -> Result<Self> {
        if statistics.is_empty() {
            return Err(Fault::new(&NOTHING));
        }
        let parts = statistics
            .iter()
            .map(|statistic| Ok((statistic.clone(), read(batches, &unit, statistic)?)))
            .collect::<Result<_>>()?;
        Ok(Self { dataset, unit, parts })
    }

    /// The statistics' names, for the ledger.
    pub fn what(&self) -> String {
        let names: Vec<String> = self.parts.iter().map(|(name, _)| name.to_string()).collect();
        names.join(", ")
    }

    /// Whether a price can be divided among the statistics; ask before paying.
    ///
    /// # Errors
    /// When a part would be less than 10⁻⁹.
    pub fn affordable(&self, loss: Loss) -> Result<()> {
        self.parts.iter().try_for_each(|(_, exact)| self.share(loss, exact.parts()).map(|_| ()))
    }

    /// Pays for the release, once it is sure that the price can be divided: nothing is spent on a question that must fail.
    ///
    /// # Errors
    /// As [`affordable`](Self::affordable) and [`Ledger::spend`].
    pub fn pay(
        &self,
        ledger: &Ledger,
        loss: Loss,
        stage: &str,
        clock: &dyn Clock,
    ) -> Result<Receipt> {
        self.affordable(loss)?;
        ledger.spend(self.dataset, loss, stage, &self.what(), clock)
    }

    /// Adds noise and releases. Every statistic costs the same part of the receipt's price.
    ///
    /// # Errors
    /// When the receipt is for another data set, the price cannot be divided, or there is no randomness.
    #[expect(clippy::needless_pass_by_value, reason = "a receipt pays once")]
    pub fn release(self, receipt: Receipt, entropy: &mut dyn Entropy) -> Result<Release> {
        let Receipt { dataset, loss, number } = receipt;
        if dataset != self.dataset {
            return Err(Fault::new(&RECEIPT));
        }
        let mut bits = Buffered::new(entropy);
        let mut figures = Vec::new();
        for (statistic, exact) in &self.parts {
            let share = self.share(loss, exact.parts())?;
            let noise = Noise { loss: share, rows: self.unit.rows() };
            for (part, value, margin) in noise.figures(&mut bits, exact)? {
                figures.push(Figure { statistic: statistic.to_string(), part, value, margin });
            }
        }
        Ok(Release { dataset, unit: self.unit, loss, ledger_line: number, figures })
    }

    fn share(&self, loss: Loss, within: u64) -> Result<Loss> {
        let parts = within * self.parts.len() as u64;
        let divide = |amount: Amount| match amount.units() / parts {
            0..1_000 => Err(Fault::new(&SHARE).arg("parts", parts)),
            units => Ok(Amount::of_units(units)),
        };
        Ok(match loss {
            Loss::Pure(epsilon) => Loss::Pure(divide(epsilon)?),
            Loss::Zcdp(rho) => Loss::Zcdp(divide(rho)?),
        })
    }
}

type Named = (String, f64, Option<f64>);

/// How much noise lies outside a half-width.
struct Tail {
    /// The share, on both sides.
    outside: f64,
    /// The same as standard deviations of a normal distribution.
    deviations: f64,
}

/// One number that is within its half-width in 95 of 100 releases,
const ALONE: Tail = Tail { outside: 0.05, deviations: 1.959_964 };
/// and two and three that all are (Bonferroni).
const OF_TWO: Tail = Tail { outside: 0.05 / 2.0, deviations: 2.241_403 };
const OF_THREE: Tail = Tail { outside: 0.05 / 3.0, deviations: 2.393_980 };

/// A number with noise, and the ends between which it is without.
struct Noisy {
    value: i128,
    low: f64,
    high: f64,
}

/// The noise of one part.
struct Noise {
    loss: Loss,
    rows: u64,
}

impl Noise {
    fn figures(&self, bits: &mut Buffered<'_>, exact: &Exact) -> Result<Vec<Named>> {
        let one = |value, margin| vec![(String::new(), value, margin)];
        Ok(match exact {
            Exact::Count(count) => {
                one(as_f64(self.noisy(bits, *count)?), Some(self.margin(count.per_row, &ALONE)))
            }
            Exact::Histogram(bins) => bins
                .iter()
                .map(|(name, count)| {
                    let value = as_f64(self.noisy(bits, *count)?);
                    Ok((name.clone(), value, Some(self.margin(count.per_row, &ALONE))))
                })
                .collect::<Result<_>>()?,
            Exact::Sum { sum, step } => one(
                as_f64(self.noisy(bits, *sum)?) * step,
                Some(self.margin(sum.per_row, &ALONE) * step),
            ),
            Exact::Mean { count, sum, scale } => {
                let count = self.within(bits, *count, &OF_TWO)?;
                let sum = self.within(bits, *sum, &OF_TWO)?;
                let value = mean(sum.value, count.value, scale.reach);
                let margin = beyond(value, mean_ends(&sum, &count, scale.reach));
                one((as_f64(scale.centre) + value) * scale.step, Some(margin * scale.step))
            }
            Exact::Variance { count, sum, squares, scale } => {
                let count = self.within(bits, *count, &OF_THREE)?;
                let sum = self.within(bits, *sum, &OF_THREE)?;
                let squares = self.within(bits, *squares, &OF_THREE)?;
                let value = variance(count.value, sum.value, squares.value, scale);
                let margin = beyond(value, variance_ends(&count, &sum, &squares, scale));
                one(value * scale.step * scale.step, Some(margin * scale.step * scale.step))
            }
            Exact::Quantiles { levels } => levels
                .iter()
                .map(|candidates| {
                    #[expect(clippy::cast_precision_loss, reason = "at most 10000")]
                    let name = candidates.level as f64 / LEVEL as f64;
                    Ok((name.to_string(), self.choose(bits, candidates)?, None))
                })
                .collect::<Result<_>>()?,
        })
    }

    /// The number with noise for its sensitivity: rows of a person times change a row.
    fn noisy(&self, bits: &mut Buffered<'_>, whole: Whole) -> Result<i128> {
        let drawn = match self.loss {
            Loss::Pure(_) => discrete_laplace(bits, &self.scale(whole.per_row)?)?,
            Loss::Zcdp(_) => discrete_gaussian(bits, &self.scale(whole.per_row)?)?,
        };
        i128::try_from(drawn)
            .ok()
            .and_then(|noise| whole.value.checked_add(noise))
            .ok_or_else(|| fault::internal("noise beyond 128 bits"))
    }

    /// The number with noise, and the ends between which it is without.
    fn within(&self, bits: &mut Buffered<'_>, whole: Whole, tail: &Tail) -> Result<Noisy> {
        let value = self.noisy(bits, whole)?;
        let margin = self.margin(whole.per_row, tail);
        Ok(Noisy { value, low: as_f64(value) - margin, high: as_f64(value) + margin })
    }

    /// Laplace: Δ/ε. Gauss: σ² = Δ²/(2ρ) (Canonne, Kamath, Steinke 2020, theorem 4).
    ///
    /// All rows of a person can fall on one bin, so Δ is the same for L1 and L2.
    fn scale(&self, per_row: u64) -> Result<Ratio> {
        let delta = BigUint::from(per_row.max(1)) * self.rows;
        match self.loss {
            Loss::Pure(epsilon) => Ratio::new(delta * UNITS, epsilon.units()),
            Loss::Zcdp(rho) => {
                Ratio::new(&delta * &delta * UNITS, BigUint::from(rho.units()) * 2_u32)
            }
        }
    }

    /// The half-width of the noise, in whole numbers.
    #[expect(clippy::cast_precision_loss, reason = "a width for people")]
    fn margin(&self, per_row: u64, tail: &Tail) -> f64 {
        let delta = per_row.max(1) as f64 * self.rows as f64;
        match self.loss {
            Loss::Pure(epsilon) => {
                // P(|X| > t) = 2·e^(−(t+1)/s) / (1 + e^(−1/s)) for whole t.
                let scale = delta / epsilon.value();
                let outside = tail.outside * (1.0 + (-1.0 / scale).exp()) / 2.0;
                (-scale * outside.ln() - 1.0).ceil().max(0.0)
            }
            Loss::Zcdp(rho) => (tail.deviations * delta / (2.0 * rho.value()).sqrt()).ceil(),
        }
    }

    /// Permute-and-flip (`McKenna`, Sheldon 2020): ε-private, and never worse on average than the exponential mechanism.
    ///
    /// In random order, the first candidate that passes a coin of probability exp(−ε·(badness − least)/(2Δ)) wins. A best
    /// candidate passes surely, so it ends within one round. For ρ the ε with ε²/2 = ρ is used.
    fn choose(&self, bits: &mut Buffered<'_>, candidates: &Candidates) -> Result<f64> {
        let epsilon = match self.loss {
            Loss::Pure(epsilon) => u128::from(epsilon.units()),
            Loss::Zcdp(rho) => (u128::from(rho.units()) * 2 * u128::from(UNITS)).isqrt(),
        };
        let under = BigUint::from(candidates.per_row()) * self.rows * 2_u32 * UNITS;
        let least = candidates.badness.iter().min().copied().unwrap_or_default();
        let mut order: Vec<(f64, u128)> =
            candidates.grid.iter().copied().zip(candidates.badness.iter().copied()).collect();
        while !order.is_empty() {
            let drawn = below(bits, &BigUint::from(order.len()))?;
            let place = usize::try_from(drawn).unwrap_or_default();
            let (value, badness) = order.swap_remove(place.min(order.len() - 1));
            if bernoulli_exp(bits, &(BigUint::from(badness - least) * epsilon), &under)? {
                return Ok(value);
            }
        }
        Err(fault::internal("a quantile without candidates"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "after the noise, rounding reveals nothing")]
fn as_f64(value: i128) -> f64 {
    value as f64
}

/// The mean distance from the centre, kept within the bounds; a count below 1 counts as 1.
fn mean(sum: i128, count: i128, reach: i128) -> f64 {
    (as_f64(sum) / as_f64(count.max(1))).clamp(-as_f64(reach), as_f64(reach))
}

fn variance(count: i128, sum: i128, squares: i128, scale: &Scale) -> f64 {
    let most = as_f64(scale.reach) * as_f64(scale.reach);
    let mean = mean(sum, count, scale.reach);
    let square = as_f64(squares) / as_f64(count.max(1)) + as_f64(scale.half_square);
    (square - mean * mean).clamp(0.0, most)
}

/// Between which ends a quotient is. They come from numbers with noise alone, so they tell no more than these.
fn quotient_ends(over: &Noisy, count: &Noisy) -> (f64, f64) {
    let (few, many) = (count.low.max(1.0), count.high.max(1.0));
    // A smaller count moves an end away from zero.
    ((over.low / few).min(over.low / many), (over.high / few).max(over.high / many))
}

fn mean_ends(sum: &Noisy, count: &Noisy, reach: i128) -> (f64, f64) {
    let reach = as_f64(reach);
    let (low, high) = quotient_ends(sum, count);
    (low.clamp(-reach, reach), high.clamp(-reach, reach))
}

fn variance_ends(count: &Noisy, sum: &Noisy, squares: &Noisy, scale: &Scale) -> (f64, f64) {
    let most = as_f64(scale.reach) * as_f64(scale.reach);
    let (low, high) = mean_ends(sum, count, scale.reach);
    let greatest = low.abs().max(high.abs());
    let least = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
    let (low, high) = quotient_ends(squares, count);
    let half = as_f64(scale.half_square);
    let end = |square: f64, mean: f64| (square + half - mean * mean).clamp(0.0, most);
    (end(low, greatest), end(high, least))
}

/// How far the farther of two ends is.
fn beyond(value: f64, (low, high): (f64, f64)) -> f64 {
    (high - value).max(value - low).max(0.0)
}
