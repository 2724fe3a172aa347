//! From a model's own scores to probabilities that mean what they say.

use crate::Objective;
use serde::{Deserialize, Serialize};

/// A monotone map fitted on scores the model had not been trained on.
///
/// `margin` below is the forest's raw sum; `p` its own probability (sigmoid or softmax of the margin).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub enum Calibration {
    /// The model's own probability or number.
    #[default]
    None,
    /// Binary: `1 / (1 + exp(-(a·margin + b)))` (Platt 1999). `a > 0`.
    Platt {
        /// Slope.
        a: f64,
        /// Intercept.
        b: f64,
    },
    /// Binary: the piecewise linear function through the points `(x, y)` over `p`, constant outside (isotonic regression).
    Isotonic {
        /// Strictly increasing model probabilities.
        x: Vec<f64>,
        /// Calibrated probabilities in [0, 1], never decreasing.
        y: Vec<f64>,
    },
    /// Multiclass: softmax of `margin / t` (Guo et al. 2017). `t > 0`.
    Temperature {
        /// Above 1 softens, below 1 sharpens.
        t: f64,
    },
}

impl Calibration {
    /// Turns the margins of one row into scores, in place.
    pub fn apply(&self, objective: &Objective, margins: &mut [f64]) {
        match self {
            Self::None => objective.convert(margins),
            Self::Platt { a, b } => {
                for margin in margins {
                    *margin = sigmoid(a * *margin + b);
                }
            }
            Self::Isotonic { x, y } => {
                objective.convert(margins);
                for score in margins {
                    *score = interpolate(x, y, *score);
                }
            }
            Self::Temperature { t } => {
                for margin in margins.iter_mut() {
                    *margin /= t;
                }
                objective.convert(margins);
            }
        }
    }

    /// The method's name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platt { .. } => "platt",
            Self::Isotonic { .. } => "isotonic",
            Self::Temperature { .. } => "temperature",
        }
    }

    /// What is wrong with the numbers, or with their use for `objective`; `None` when nothing is.
    pub fn defect(&self, objective: &Objective) -> Option<&'static str> {
        match (self, objective) {
            (Self::None, _) => None,
            (Self::Platt { a, b }, Objective::Binary { .. }) => {
                (!(a.is_finite() && b.is_finite() && *a > 0.0))
                    .then_some("calibration.a must be positive, calibration.b finite")
            }
            (Self::Isotonic { x, y }, Objective::Binary { .. }) => isotonic_defect(x, y),
            (Self::Temperature { t }, Objective::Softmax { .. }) => {
                (!(t.is_finite() && *t > 0.0)).then_some("calibration.t must be positive")
            }
            _ => Some("the calibration method does not fit the objective"),
        }
    }
}

fn isotonic_defect(x: &[f64], y: &[f64]) -> Option<&'static str> {
    let unit = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
    if x.is_empty() || x.len() != y.len() || x.len() > 1_000_000 {
        return Some("calibration.x and calibration.y must have the same length, at least 1");
    }
    if !unit(x) || !unit(y) {
        return Some("calibration.x and calibration.y must lie in [0, 1]");
    }
    let rising = x.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let never_falling = y.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
    (!(rising && never_falling))
        .then_some("calibration.x must increase and calibration.y never decrease")
}

/// `1 / (1 + e^-z)`.
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Piecewise linear through the points, constant outside; `x` strictly increasing and as long as `y`.
fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let upper = x.partition_point(|&known| known < at);
    let point = |index: usize| Some((*x.get(index)?, *y.get(index)?));
    match (upper.checked_sub(1).and_then(point), point(upper)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * ((at - x0) / (x1 - x0)),
        (Some((_, only)), None) | (None, Some((_, only))) => only,
        (None, None) => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_known_value() {
        let binary = Objective::Binary { sigmoid: 1.0 };
        let mut row = [0.0];
        Calibration::Platt { a: 2.0, b: 3.0_f64.ln() }.apply(&binary, &mut row);
        assert!((row[0] - 0.75).abs() < 1e-15);

        let isotonic = Calibration::Isotonic { x: vec![0.25, 0.75], y: vec![0.1, 0.5] };
        for (margin, expected) in [(0.0, 0.3), (-9.0, 0.1), (9.0, 0.5)] {
            let mut row = [margin];
            isotonic.apply(&binary, &mut row);
            assert!((row[0] - expected).abs() < 1e-15, "{margin}");
        }

        let mut row = [2.0_f64.ln() * 2.0, 0.0];
        Calibration::Temperature { t: 2.0 }.apply(&Objective::Softmax { classes: 2 }, &mut row);
        assert!((row[0] - 2.0 / 3.0).abs() < 1e-15 && (row[1] - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn defects_are_named() {
        let binary = Objective::Binary { sigmoid: 1.0 };
        assert!(Calibration::Platt { a: -1.0, b: 0.0 }.defect(&binary).is_some());
        assert!(Calibration::Platt { a: f64::NAN, b: 0.0 }.defect(&binary).is_some());
        assert!(Calibration::Temperature { t: 1.0 }.defect(&binary).is_some());
        let isotonic = |x: &[f64], y: &[f64]| Calibration::Isotonic { x: x.into(), y: y.into() };
        assert!(isotonic(&[0.1, 0.1], &[0.0, 1.0]).defect(&binary).is_some());
        assert!(isotonic(&[0.1, 0.2], &[0.5, 0.4]).defect(&binary).is_some());
        assert!(isotonic(&[0.1, f64::NAN], &[0.5, 0.6]).defect(&binary).is_some());
        assert!(isotonic(&[], &[]).defect(&binary).is_some());
        assert!(isotonic(&[0.1, 0.2], &[0.5, 0.5]).defect(&binary).is_none());
    }
}
