//! From the numbers that a value takes to the range that eight bits should cover.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The range of a value; it holds 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// At most 0.
    pub low: f32,
    /// At least 0.
    pub high: f32,
}

/// Ranges by the name of the value.
pub type Ranges = BTreeMap<String, Range>;

/// What calibration finds out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// Ranges.
    pub ranges: Ranges,
    /// Means of each channel of the values that convolutions and products take, by the name of the value.
    pub means: BTreeMap<String, Vec<f32>>,
}

/// How a range is found from what a value took on calibration inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// From the least to the greatest.
    MinMax,
    /// The range whose eight-bit copy is nearest to what was seen by Kullback-Leibler divergence (Migacz 2017, "8-bit inference
    /// with `TensorRT`"), here for both ends at once.
    Entropy,
    /// All but the outermost: this share of the numbers that are not 0 lies within, in percent, above 50 and at most 100; at each end that a
    /// value has half of the rest is cut.
    Percentile(f64),
}

/// Cells of a histogram.
const BINS: usize = 2048;
/// What eight bits tell apart.
const LEVELS: usize = 256;

/// Least and greatest of what was seen, with 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Extent {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

/// Sums by channel.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Channels {
    sums: Vec<f64>,
    count: u64,
}

/// The numbers of a value a channel at a time, with the channel's index. The channels of a picture's map are its second dimension, those
/// of a row or a sequence its last.
pub(crate) fn planes<'n>(
    shape: &[usize],
    numbers: &'n [f32],
) -> impl Iterator<Item = (usize, &'n [f32])> {
    let (channels, inner) = match shape {
        [_, channels, inner @ ..] if inner.len() >= 2 => (*channels, inner.iter().product()),
        [.., channels] => (*channels, 1),
        [] => (0, 1),
    };
    (0..channels).cycle().zip(numbers.chunks_exact(usize::max(inner, 1)))
}

impl Channels {
    pub(crate) fn add(&mut self, shape: &[usize], numbers: &[f32]) {
        for (channel, plane) in planes(shape, numbers) {
            if self.sums.len() <= channel {
                self.sums.resize(channel + 1, 0.0);
            }
            if let Some(sum) = self.sums.get_mut(channel) {
                *sum += plane.iter().map(|number| f64::from(*number)).sum::<f64>();
            }
        }
        self.count += (numbers.len() / self.sums.len().max(1)) as u64;
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a mean of single precision"
    )]
    pub(crate) fn means(&self) -> Vec<f32> {
        self.sums.iter().map(|sum| (sum / self.count.max(1) as f64) as f32).collect()
    }
}

impl Extent {
    pub(crate) fn add(&mut self, numbers: &[f32]) {
        for number in numbers.iter().filter(|number| number.is_finite()) {
            self.low = self.low.min(*number);
            self.high = self.high.max(*number);
        }
    }
}

/// How often numbers fell into each of equal cells.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    extent: Extent,
    counts: Vec<u64>,
}

impl Histogram {
    pub(crate) fn new(extent: Extent) -> Self {
        Self { extent, counts: vec![0; BINS] }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below BINS"
    )]
    pub(crate) fn add(&mut self, numbers: &[f32]) {
        let scale = BINS as f32 / (self.extent.high - self.extent.low).max(f32::MIN_POSITIVE);
        for number in numbers.iter().filter(|number| number.is_finite()) {
            let at = ((number - self.extent.low) * scale).max(0.0) as usize;
            if let Some(count) = self.counts.get_mut(at.min(BINS - 1)) {
                *count += 1;
            }
        }
    }

    pub(crate) fn range(&self, method: Calibration) -> Range {
        let whole = Range { low: self.extent.low, high: self.extent.high };
        match method {
            Calibration::MinMax => whole,
            Calibration::Percentile(percent) => self.percentile(percent).unwrap_or(whole),
            Calibration::Entropy => self.entropy().unwrap_or(whole),
        }
    }

    /// The upper edge of the cells before `at`.
    #[expect(clippy::cast_precision_loss, reason = "an index below BINS")]
    fn edge(&self, at: usize) -> f32 {
        let share = at as f32 / BINS as f32;
        self.extent.low + (self.extent.high - self.extent.low) * share
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shares of counts"
    )]
    fn percentile(&self, percent: f64) -> Option<Range> {
        // What an activation has made 0 is exact, and says nothing of how large the others are.
        let zero = self.counts.get(self.cell_of_zero().min(BINS - 1)).copied().unwrap_or(0);
        let total = self.counts.iter().sum::<u64>() - zero;
        let outside = (total as f64 * (1.0 - percent / 100.0) / 2.0) as u64;
        let first = reached(self.counts.iter().copied().enumerate(), outside)?;
        let last = reached(self.counts.iter().copied().enumerate().rev(), outside)?;
        let low = if self.extent.low < 0.0 { self.edge(first).min(0.0) } else { 0.0 };
        let high = if self.extent.high > 0.0 { self.edge(last + 1).max(0.0) } else { 0.0 };
        Some(Range { low, high })
    }

    /// Of ranges that shrink from both ends in proportion, the one whose copy diverges least.
    fn entropy(&self) -> Option<Range> {
        const STEPS: usize = 64;
        // The cell of 0 stays within: eight-bit numbers have an exact 0.
        let zero = self.counts.len().min(self.cell_of_zero());
        let mut best: Option<(f64, Range)> = None;
        for step in 0..STEPS {
            let first = zero * step / (STEPS + STEPS / 4);
            let last = BINS - (BINS - zero) * step / (STEPS + STEPS / 4);
            let divergence = self.divergence(first, last)?;
            if best.is_none_or(|(least, _)| divergence < least) {
                let range =
                    Range { low: self.edge(first).min(0.0), high: self.edge(last).max(0.0) };
                best = Some((divergence, range));
            }
        }
        best.map(|(_, range)| range)
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below BINS"
    )]
    fn cell_of_zero(&self) -> usize {
        let span = (self.extent.high - self.extent.low).max(f32::MIN_POSITIVE);
        (-self.extent.low / span * BINS as f32) as usize
    }

    /// `Σ p ln(p/q)` in nats between all that was seen, what lies outside moved to the outermost cells within, and its copy
    /// in 256 levels. Numbers in the cell of 0 are left out: exact in both, and of a rectified value most of all.
    #[expect(clippy::cast_precision_loss, reason = "counts and indices")]
    fn divergence(&self, first: usize, last: usize) -> Option<f64> {
        /// What stands for a level that nothing fell into.
        const FLOOR: f64 = 1e-9;
        let inside = self.counts.get(first..last)?;
        let zero = self.cell_of_zero().min(BINS - 1);
        let seen = |at: usize, count: u64| if first + at == zero { 0 } else { count };
        let mut moved: Vec<f64> =
            inside.iter().enumerate().map(|(at, count)| seen(at, *count) as f64).collect();
        let plain = moved.clone();
        *moved.first_mut()? += self.counts.get(..first)?.iter().sum::<u64>() as f64;
        *moved.last_mut()? += self.counts.get(last..)?.iter().sum::<u64>() as f64;
        let mut copy = vec![0.0; plain.len()];
        for level in 0..LEVELS {
            let from = level * plain.len() / LEVELS;
            let to = (level + 1) * plain.len() / LEVELS;
            let cells = plain.get(from..to)?;
            let filled = cells.iter().filter(|count| **count > 0.0).count();
            let mean = cells.iter().sum::<f64>() / filled.max(1) as f64;
            for (slot, count) in copy.get_mut(from..to)?.iter_mut().zip(cells) {
                *slot = if *count > 0.0 { mean } else { 0.0 };
            }
        }
        let (total, copied) = (moved.iter().sum::<f64>(), copy.iter().sum::<f64>());
        if total <= 0.0 || copied <= 0.0 {
            return Some(0.0);
        }
        let terms = moved.iter().zip(&copy).filter(|(p, _)| **p > 0.0);
        Some(terms.map(|(p, q)| p / total * ((p / total) / (q / copied).max(FLOOR)).ln()).sum())
    }
}

/// The first cell with which more lies behind than may be outside.
fn reached(mut counts: impl Iterator<Item = (usize, u64)>, outside: u64) -> Option<usize> {
    let mut sum = 0;
    counts.find_map(|(at, count)| {
        sum += count;
        (sum > outside).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(numbers: &[f32]) -> Histogram {
        let mut extent = Extent::default();
        extent.add(numbers);
        let mut histogram = Histogram::new(extent);
        histogram.add(numbers);
        histogram
    }

    #[test]
    fn a_far_outlier_is_cut_off_by_all_but_min_max() {
        let mut numbers: Vec<f32> = (0..20_000_u16).map(|at| f32::from(at) / 20_000.0).collect();
        numbers.push(40.0);
        let histogram = histogram(&numbers);
        assert_eq!(histogram.range(Calibration::MinMax), Range { low: 0.0, high: 40.0 });
        let percentile = histogram.range(Calibration::Percentile(99.9));
        assert!((percentile.high - 1.0).abs() < 0.05, "{percentile:?}");
        let entropy = histogram.range(Calibration::Entropy);
        assert!(entropy.high < 20.0 && entropy.low == 0.0, "{entropy:?}");
    }

    #[test]
    fn zeros_do_not_count_in_a_percentile() {
        let numbers: Vec<f32> = (1..=10_000_u16).map(|at| f32::from(at).sqrt()).collect();
        let with: Vec<f32> = numbers.iter().copied().chain(vec![0.0; 90_000]).collect();
        let of = |numbers: &[f32]| histogram(numbers).range(Calibration::Percentile(90.0)).high;
        assert!((of(&numbers) - of(&with)).abs() < 0.1, "{} {}", of(&numbers), of(&with));
        assert!((of(&with) - 9_500.0_f32.sqrt()).abs() < 0.1, "half of what is cut is at this end");
    }

    #[test]
    fn ranges_hold_zero() {
        for method in [Calibration::MinMax, Calibration::Entropy, Calibration::Percentile(99.0)] {
            let range = histogram(&[2.0, 3.0, 5.0]).range(method);
            assert!(range.low <= 0.0 && range.high >= 2.0, "{method:?}: {range:?}");
            let range = histogram(&[-2.0, -3.0, -5.0]).range(method);
            assert!(range.low <= -2.0 && range.high >= 0.0, "{method:?}: {range:?}");
            let range = histogram(&[0.0, f32::NAN, f32::INFINITY]).range(method);
            assert!(range.low == 0.0 && range.high == 0.0, "{method:?}: {range:?}");
        }
    }
}
