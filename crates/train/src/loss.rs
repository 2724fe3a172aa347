//! The loss candidates are compared by, summed in row order: LightGBM's own metrics are summed by threads, in an order that may change
//! their last digits and with them the winner.

use crate::target::class_index;
use std::collections::BTreeMap;

const EPSILON: f64 = 1e-15;

/// A loss per row, smaller is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Loss {
    /// Classification: the negative logarithm of the probability given to the truth.
    Log,
    /// Root of the mean square.
    Square,
    Absolute,
    Huber(f64),
    Fair(f64),
    /// Pinball loss at a quantile.
    Quantile(f64),
    /// Relative to the truth, at least 1.
    Percentage,
}

impl Loss {
    /// What LightGBM's regression objective minimises; its parameters default to LightGBM's.
    pub(crate) fn of_regression(objective: &str, params: &BTreeMap<String, String>) -> Self {
        let alpha = params.get("alpha").and_then(|text| text.parse().ok()).unwrap_or(0.9);
        match objective {
            "regression_l1" => Self::Absolute,
            "huber" => Self::Huber(alpha),
            "fair" => Self::Fair(1.0),
            "quantile" => Self::Quantile(alpha),
            "mape" => Self::Percentage,
            _ => Self::Square,
        }
    }

    /// The weighted mean over rows; `scores` class after class, as LightGBM gives them.
    pub(crate) fn mean(self, scores: &[f64], labels: &[f64], weights: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        let rows = labels.len();
        let several = scores.len() > rows;
        for (row, (&label, &weight)) in labels.iter().zip(weights).enumerate() {
            let class = if several { class_index(label) } else { 0 };
            let score = scores.get(class * rows + row).copied().unwrap_or(f64::NAN);
            sum += weight * self.of_row(score, label, several);
            total += weight;
        }
        let mean = sum / total;
        if self == Self::Square { mean.sqrt() } else { mean }
    }

    fn of_row(self, score: f64, label: f64, several: bool) -> f64 {
        let error = score - label;
        match self {
            Self::Log => {
                let p = if several || label > 0.5 { score } else { 1.0 - score };
                -p.clamp(EPSILON, 1.0).ln()
            }
            Self::Square => error * error,
            Self::Absolute => error.abs(),
            Self::Huber(alpha) if error.abs() <= alpha => 0.5 * error * error,
            Self::Huber(alpha) => alpha * (error.abs() - 0.5 * alpha),
            Self::Fair(c) => c * error.abs() - c * c * (error.abs() / c).ln_1p(),
            Self::Quantile(alpha) if error > 0.0 => (1.0 - alpha) * error,
            Self::Quantile(alpha) => -alpha * error,
            Self::Percentage => error.abs() / label.abs().max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let near = |loss: Loss, scores: &[f64], labels: &[f64], wanted: f64| {
            let found = loss.mean(scores, labels, &vec![1.0; labels.len()]);
            assert!((found - wanted).abs() < 1e-12, "{loss:?} {found} {wanted}");
        };
        near(Loss::Log, &[0.8, 0.3], &[1.0, 0.0], -f64::midpoint(0.8_f64.ln(), 0.7_f64.ln()));
        // Two rows, two classes, class after class.
        near(
            Loss::Log,
            &[0.9, 0.4, 0.1, 0.6],
            &[0.0, 1.0],
            -f64::midpoint(0.9_f64.ln(), 0.6_f64.ln()),
        );
        near(Loss::Square, &[1.0, 5.0], &[0.0, 2.0], 5.0_f64.sqrt());
        near(Loss::Absolute, &[1.0, 5.0], &[0.0, 2.0], 2.0);
        near(Loss::Huber(1.0), &[0.5, 3.0], &[0.0, 0.0], f64::midpoint(0.125, 2.5));
        near(Loss::Quantile(0.9), &[1.0, -1.0], &[0.0, 0.0], f64::midpoint(0.1, 0.9));
        near(Loss::Percentage, &[5.0, 1.0], &[4.0, 0.0], f64::midpoint(0.25, 1.0));
        near(Loss::Fair(1.0), &[1.0], &[0.0], 1.0 - 2.0_f64.ln());
    }
}
