//! Whether probabilities mean what they say.

use super::{EPSILON, at, share};
use crate::outcome::ReliabilityBin;
use crate::target::class_index;
use ingot_runtime::Matrix;

const BINS: usize = 10;

/// Reliability in ten bins of equal width; empty ones are left out.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a tenth of [0, 1] and row counts"
)]
pub(crate) fn bins(scores: &[f64], labels: &[f64]) -> Vec<ReliabilityBin> {
    let mut sums = [(0.0, 0_u64, 0_u64); BINS];
    for (&p, &y) in scores.iter().zip(labels) {
        let index = ((p * BINS as f64) as usize).min(BINS - 1);
        if let Some((sum, hits, rows)) = sums.get_mut(index) {
            *sum += p;
            *hits += u64::from(y > 0.5);
            *rows += 1;
        }
    }
    let filled = sums.into_iter().filter_map(|(sum, hits, rows)| Some((sum, share(hits, rows)?)));
    filled
        .map(|(sum, share)| ReliabilityBin {
            predicted: sum / share.rows as f64,
            observed: share.value,
            low: share.low,
            high: share.high,
            rows: share.rows,
        })
        .collect()
}

/// Expected calibration error (Naeini et al. 2015): the bins' mean distance of prediction and truth, weighted by their rows.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn ece(bins: &[ReliabilityBin]) -> f64 {
    let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
    let gaps = bins.iter().map(|bin| (bin.predicted - bin.observed).abs() * bin.rows as f64);
    gaps.sum::<f64>() / rows.max(1) as f64
}

/// The mean squared distance of probabilities and truth (Brier 1950), summed over classes for several.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn brier(scores: &Matrix, labels: &[f64]) -> f64 {
    let rows = scores.iter_rows().zip(labels);
    let squares = rows.map(|(row, &label)| match row {
        [p] => (p - label) * (p - label),
        row => row
            .iter()
            .enumerate()
            .map(|(class, p)| (p - f64::from(u8::from(class == class_index(label)))).powi(2))
            .sum(),
    });
    squares.sum::<f64>() / scores.rows().max(1) as f64
}

/// Weighted mean negative logarithm of the probability given to the truth.
pub(crate) fn log_loss(scores: &Matrix, labels: &[f64], weights: &[f64]) -> f64 {
    let (mut loss, mut total) = (0.0, 0.0);
    for ((row, &label), &weight) in scores.iter_rows().zip(labels).zip(weights) {
        let p = match row {
            [p] if label > 0.5 => *p,
            [p] => 1.0 - p,
            row => at(row, class_index(label)),
        };
        loss -= weight * p.clamp(EPSILON, 1.0).ln();
        total += weight;
    }
    loss / total
}

/// Several classes as two: the likeliest class's probability, and whether it was right.
pub(crate) fn multiclass_top(scores: &Matrix, labels: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let rows = scores.iter_rows().zip(labels);
    rows.map(|(row, &label)| {
        let (class, p) = super::multiclass::top(row);
        (p, f64::from(u8::from(class == class_index(label))))
    })
    .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ece_and_brier_have_their_known_values() {
        // Two bins: 0.1 (4 rows, 1 true: gap 0.15) and 0.9 (6 rows, 3 true: gap 0.4).
        let scores = [[0.1; 4].as_slice(), &[0.9; 6]].concat();
        let labels = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
        let bins = bins(&scores, &labels);
        assert_eq!(bins.len(), 2);
        assert!((ece(&bins) - (0.15 * 4.0 + 0.4 * 6.0) / 10.0).abs() < 1e-12);
        let matrix = Matrix::new(2, 1, vec![0.8, 0.3]).unwrap();
        assert!((brier(&matrix, &[1.0, 0.0]) - 0.065).abs() < 1e-12);
        let matrix = Matrix::new(1, 3, vec![0.2, 0.5, 0.3]).unwrap();
        assert!((brier(&matrix, &[2.0]) - (0.04 + 0.25 + 0.49)).abs() < 1e-12);
        assert!((log_loss(&matrix, &[2.0], &[3.0]) + 0.3_f64.ln()).abs() < 1e-12);
    }
}
