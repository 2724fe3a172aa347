//! Numbers.

use super::{Figures, Sampling, quantile, ratio, rounded, with_intervals};
use crate::outcome::Metric;

/// Root mean square error, mean absolute error and R², with intervals.
pub(crate) fn regression(scores: &[f64], labels: &[f64], sampling: Sampling<'_>) -> Vec<Metric> {
    let work = scores.len().saturating_mul(3);
    with_intervals(labels.len(), work, sampling, |counts| figures(scores, labels, counts))
}

fn figures(scores: &[f64], labels: &[f64], weights: &[f64]) -> Figures {
    let rows = || scores.iter().zip(labels).zip(weights);
    let total: f64 = weights.iter().sum();
    let mean = ratio(rows().map(|((_, y), w)| y * w).sum(), total);
    let (mut square, mut absolute, mut spread) = (0.0, 0.0, 0.0);
    for ((p, y), w) in rows() {
        square += w * (p - y) * (p - y);
        absolute += w * (p - y).abs();
        spread += w * (y - mean) * (y - mean);
    }
    vec![
        ("rmse", ratio(square, total).sqrt()),
        ("mae", ratio(absolute, total)),
        ("r2", 1.0 - ratio(square, spread)),
    ]
}

/// The 5 %, 25 %, 50 %, 75 % and 95 % quantiles of prediction minus truth, to three digits: with the prediction, an exact one would tell
/// a person's truth.
pub(crate) fn quantiles(scores: &[f64], labels: &[f64]) -> Vec<f64> {
    let mut errors: Vec<f64> = scores.iter().zip(labels).map(|(p, y)| p - y).collect();
    errors.sort_unstable_by(f64::total_cmp);
    let found = [0.05, 0.25, 0.5, 0.75, 0.95].iter().filter_map(|&at| quantile(&errors, at));
    found.map(rounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_tell_nobodys_error() {
        let truth: Vec<f64> = (0..101_u32).map(|row| 1234.567 * f64::from(row)).collect();
        let found = quantiles(&[0.0; 101], &truth);
        assert_eq!(found, [-117_000.0, -92_600.0, -61_700.0, -30_900.0, -6_170.0]);
    }

    #[test]
    fn known_values() {
        // scikit-learn's documentation example: R² 0.9486, mean absolute error 0.5, mean squared error 0.375.
        let (truth, guess) = ([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]);
        let values: Vec<f64> =
            figures(&guess, &truth, &[1.0; 4]).into_iter().map(|(_, value)| value).collect();
        assert!((values[0] - 0.375_f64.sqrt()).abs() < 1e-12);
        assert!((values[1] - 0.5).abs() < 1e-12);
        assert!((values[2] - 0.948_608_137_044_967_9).abs() < 1e-12);
    }
}
