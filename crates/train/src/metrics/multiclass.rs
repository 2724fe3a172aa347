//! Several classes: macro averages, every class weighing the same.

use super::{EPSILON, Figures, Sampling, ascending, at, ranked, ratio, sure, with_intervals};
use crate::outcome::Metric;
use crate::target::class_index;
use ingot_runtime::Matrix;

/// Scores (`rows × classes`) and truth of rows.
pub(crate) struct Multiclass<'a> {
    pub(crate) scores: &'a Matrix,
    pub(crate) labels: &'a [f64],
}

/// The likeliest class, the first among equals, and its probability.
pub(crate) fn top(row: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, &p) in row.iter().enumerate() {
        if p > best.1 {
            best = (class, p);
        }
    }
    best
}

impl Multiclass<'_> {
    /// Every figure with its interval. The AUC is the mean over classes, each against the rest.
    pub(crate) fn metrics(&self, sampling: Sampling<'_>) -> Vec<Metric> {
        let classes = self.scores.cols();
        let columns: Vec<Vec<f64>> =
            (0..classes).map(|class| self.scores.column(class).collect()).collect();
        let orders: Vec<Vec<usize>> = columns.iter().map(|column| ascending(column)).collect();
        let truth: Vec<usize> = self.labels.iter().map(|&label| class_index(label)).collect();
        let guess: Vec<usize> = self.scores.iter_rows().map(|row| top(row).0).collect();
        let work = self.scores.rows().saturating_mul(4 * classes);
        let mut metrics = with_intervals(self.labels.len(), work, sampling, |counts| {
            let mut figures = self.pointwise(&truth, &guess, counts);
            let areas = columns.iter().zip(&orders).enumerate().map(|(class, (column, order))| {
                ranked(order, column, |row| truth.get(row) == Some(&class), counts).auc
            });
            figures.push(("auc", mean_of_defined(areas)));
            figures
        });
        sure::widen(&mut metrics, |name, value| {
            limits(name, value, classes, (&truth, &guess), sampling)
        });
        metrics
    }

    fn pointwise(&self, truth: &[usize], guess: &[usize], weights: &[f64]) -> Figures {
        let classes = self.scores.cols();
        let (mut total, mut right, mut loss, mut square) = (0.0, 0.0, 0.0, 0.0);
        // Per class: hits, true rows, guessed rows.
        let mut counts = vec![(0.0, 0.0, 0.0); classes];
        for (index, row) in self.scores.iter_rows().enumerate() {
            let weight = at(weights, index);
            if weight == 0.0 {
                continue;
            }
            let (Some(&truth), Some(&guess)) = (truth.get(index), guess.get(index)) else {
                continue;
            };
            total += weight;
            loss -= weight * at(row, truth).clamp(EPSILON, 1.0).ln();
            let distance =
                |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == truth))).powi(2);
            square += weight * row.iter().enumerate().map(distance).sum::<f64>();
            if truth == guess {
                right += weight;
                if let Some(count) = counts.get_mut(truth) {
                    count.0 += weight;
                }
            }
            if let Some(count) = counts.get_mut(truth) {
                count.1 += weight;
            }
            if let Some(count) = counts.get_mut(guess) {
                count.2 += weight;
            }
        }
        let recall = mean_of_defined(counts.iter().map(|(hits, rows, _)| ratio(*hits, *rows)));
        let f1 = counts.iter().map(|(hits, rows, guessed)| ratio(2.0 * hits, rows + guessed));
        vec![
            ("log_loss", ratio(loss, total)),
            ("brier", ratio(square, total)),
            ("accuracy", ratio(right, total)),
            ("balanced_accuracy", recall),
            ("f1", mean_of_defined(f1)),
        ]
    }
}

/// Wilson's limits of a figure that is made of shares.
fn limits(
    name: &str,
    value: f64,
    classes: usize,
    (truth, guess): (&[usize], &[usize]),
    sampling: Sampling<'_>,
) -> Option<sure::Limits> {
    let rows = truth.len();
    let is = |row: usize, class: usize| truth.get(row) == Some(&class);
    let said = |row: usize, class: usize| guess.get(row) == Some(&class);
    let right = |row: usize| truth.get(row) == guess.get(row);
    let of = |class: usize| match name {
        "balanced_accuracy" => sure::share(rows, sampling, |row| is(row, class), right),
        "f1" => {
            let either = |row| is(row, class) || said(row, class);
            sure::share(rows, sampling, either, right).map(sure::f1)
        }
        "auc" => sure::auc(value, rows, sampling, |row| is(row, class)),
        _ => None,
    };
    match name {
        "accuracy" => sure::share(rows, sampling, |_| true, right),
        _ => sure::mean((0..classes).filter_map(of)),
    }
}

fn mean_of_defined(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values.filter(|value| value.is_finite()) {
        sum += value;
        count += 1.0;
    }
    ratio(sum, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macro_figures_have_their_known_values() {
        let scores =
            Matrix::new(4, 3, vec![0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.4, 0.5, 0.1, 0.1, 0.2, 0.7])
                .unwrap();
        let labels = [0.0, 1.0, 0.0, 2.0];
        let metrics = Multiclass { scores: &scores, labels: &labels }.metrics(Sampling::rows(1));
        let value = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap().value;
        assert!((value("accuracy") - 0.75).abs() < 1e-12);
        assert!((value("balanced_accuracy") - (0.5 + 1.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((value("f1") - (2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((value("auc") - 1.0).abs() < 1e-12);
        let loss = -(0.7_f64.ln() + 0.6_f64.ln() + 0.4_f64.ln() + 0.7_f64.ln()) / 4.0;
        assert!((value("log_loss") - loss).abs() < 1e-12);
    }

    #[test]
    fn a_faultless_result_on_few_rows_is_not_certain() {
        let rows = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]].concat().repeat(4);
        let scores = Matrix::new(12, 3, rows).unwrap();
        let labels: Vec<f64> = (0..12).map(|row| f64::from(row % 3)).collect();
        let metrics = Multiclass { scores: &scores, labels: &labels }.metrics(Sampling::rows(1));
        for name in ["accuracy", "balanced_accuracy", "f1", "auc"] {
            let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
            assert!(metric.high - metric.low > 0.2 && metric.method == "wilson", "{metric:?}");
        }
        // 12 of 12: lower end 12 / (12 + z²).
        let accuracy = metrics.iter().find(|metric| metric.name == "accuracy").unwrap();
        assert!((accuracy.low - 0.757_50).abs() < 1e-4, "{accuracy:?}");
    }
}
