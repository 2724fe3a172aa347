//! Figures that rules need before they can be applied: bounds, means, medians, modes.

use crate::config::{ImputeMethod, OutlierMethod};
use std::collections::BTreeMap;

/// Most numbers of a column that are kept to find quantiles: 256 MiB.
const KEPT: usize = 1 << 25;
/// Most different values that are counted to find a mode.
const MODES: usize = 1 << 20;

/// What is gathered of a column.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Finite numbers in row order; beyond [`KEPT`] every second one, then every fourth, and so on.
    numbers: Vec<f64>,
    stride: u64,
    seen: u64,
    counts: BTreeMap<String, u64>,
}

impl Gathered {
    pub(crate) fn number(&mut self, value: f64) {
        let stride = self.stride.max(1);
        if self.seen.is_multiple_of(stride) && value.is_finite() {
            self.numbers.push(value);
            if self.numbers.len() >= KEPT {
                let mut index = 0_usize;
                self.numbers.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride = stride * 2;
            }
        }
        self.seen += 1;
    }

    pub(crate) fn text(&mut self, value: &str) {
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
        } else if self.counts.len() < MODES {
            self.counts.insert(value.to_owned(), 1);
        }
    }

    /// Lower and upper bound; `None` without numbers.
    pub(crate) fn bounds(&mut self, method: OutlierMethod) -> Option<(f64, f64)> {
        if let OutlierMethod::Range(low, high) = method {
            return Some((low, high));
        }
        self.numbers.sort_by(f64::total_cmp);
        if self.numbers.is_empty() {
            return None;
        }
        Some(match method {
            OutlierMethod::Iqr(factor) => {
                let (first, third) = (quantile(&self.numbers, 0.25), quantile(&self.numbers, 0.75));
                (first - factor * (third - first), third + factor * (third - first))
            }
            OutlierMethod::ZScore(factor) => {
                let (mean, deviation) = mean_deviation(&self.numbers);
                (mean - factor * deviation, mean + factor * deviation)
            }
            OutlierMethod::Quantile(tail) => {
                (quantile(&self.numbers, tail), quantile(&self.numbers, 1.0 - tail))
            }
            OutlierMethod::Range(low, high) => (low, high),
        })
    }

    /// The value that fills in, as text; `None` when there is nothing to take it from.
    pub(crate) fn filling(&mut self, method: &ImputeMethod) -> Option<String> {
        match method {
            ImputeMethod::Constant(text) => Some(text.clone()),
            ImputeMethod::Mean => {
                (!self.numbers.is_empty()).then(|| mean_deviation(&self.numbers).0.to_string())
            }
            ImputeMethod::Median => {
                self.numbers.sort_by(f64::total_cmp);
                (!self.numbers.is_empty()).then(|| quantile(&self.numbers, 0.5).to_string())
            }
            ImputeMethod::Mode => {
                let most = self.counts.values().max()?;
                self.counts.iter().find(|(_, count)| *count == most).map(|(value, _)| value.clone())
            }
        }
    }
}

/// Quantile of sorted numbers with linear interpolation (type 7 of Hyndman and Fan 1996, the default of `NumPy` and R).
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
    let at = share.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let below = at.floor() as usize;
    let low = sorted.get(below).copied().unwrap_or(f64::NAN);
    let high = sorted.get((below + 1).min(last)).copied().unwrap_or(low);
    low + (high - low) * (at - at.floor())
}

/// Mean and sample standard deviation.
#[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
fn mean_deviation(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_numpys() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 10.0];
        assert!((quantile(&sorted, 0.25) - 2.0).abs() < 1e-12);
        assert!((quantile(&sorted, 0.9) - 7.6).abs() < 1e-12);
        assert!((quantile(&[5.0], 0.3) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn bounds_of_every_method() {
        let mut column = Gathered::default();
        for value in [1.0, 2.0, 3.0, 4.0, f64::NAN] {
            column.number(value);
        }
        assert_eq!(column.bounds(OutlierMethod::Iqr(1.5)), Some((-0.5, 5.5)));
        let (low, high) = column.bounds(OutlierMethod::ZScore(1.0)).unwrap();
        assert!(
            (low - (2.5 - 1.290_994_448_735_805_6)).abs() < 1e-12
                && (high + low - 5.0).abs() < 1e-12
        );
        assert_eq!(column.bounds(OutlierMethod::Quantile(0.0)), Some((1.0, 4.0)));
        assert_eq!(Gathered::default().bounds(OutlierMethod::Iqr(1.0)), None);
    }

    #[test]
    fn the_mode_is_the_smallest_of_the_most_frequent() {
        let mut column = Gathered::default();
        for value in ["b", "a", "b", "a", "c"] {
            column.text(value);
        }
        assert_eq!(column.filling(&ImputeMethod::Mode).as_deref(), Some("a"));
    }
}
