//! Several classes: macro averages, every class weighing the same.

use super::{
    BOOTSTRAP_WORK, EPSILON, Figures, Sampling, ascending, at, quantile, ranked, ratio, sure,
    with_intervals,
};
use crate::outcome::Metric;
use crate::target::class_index;
use ingot_base::Rng;
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
        // A draw without a rare class leaves its recall out of the mean, which lifts it where that recall is low.
        let balanced = metrics.iter_mut().find(|metric| metric.name == "balanced_accuracy");
        if let (Some(metric), None) = (balanced, sampling.groups)
            && let Some((low, high)) = balanced_within(&truth, &guess, classes, sampling.seed)
        {
            (metric.low, metric.high) = (low, high);
        }
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

/// The bootstrap interval of the mean recall, rows drawn within each class.
fn balanced_within(
    truth: &[usize],
    guess: &[usize],
    classes: usize,
    seed: u64,
) -> Option<(f64, f64)> {
    let mut right: Vec<Vec<bool>> = vec![Vec::new(); classes];
    for (truth, guess) in truth.iter().zip(guess) {
        if let Some(own) = right.get_mut(*truth) {
            own.push(truth == guess);
        }
    }
    let repetitions = (BOOTSTRAP_WORK / truth.len().max(1)).clamp(100, 1000);
    let mut rng = Rng::new(seed, "bootstrap within classes");
    let recall = |own: &[bool], rng: &mut Rng| {
        let hit = |_| own.get(rng.below(own.len())).copied().unwrap_or_default();
        let hits: f64 = (0..own.len()).map(hit).map(|hit| f64::from(u8::from(hit))).sum();
        ratio(hits, own.iter().map(|_| 1.0).sum())
    };
    let mut draws: Vec<f64> = (0..repetitions)
        .map(|_| mean_of_defined(right.iter().map(|own| recall(own, &mut rng))))
        .collect();
    draws.sort_unstable_by(f64::total_cmp);
    Some((quantile(&draws, 0.025)?, quantile(&draws, 0.975)?))
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
    fn the_interval_of_mean_recall_does_not_lean_away_from_a_rare_class() {
        // Nine of ten right in two classes; of the third, two rows, one is missed.
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for row in 0..22 {
            let truth = if row < 20 { row % 2 } else { 2 };
            let guess = if row == 0 || row == 21 { 1 - truth.min(1) } else { truth };
            rows.extend((0..3).map(|class| if class == guess { 0.8 } else { 0.1 }));
            labels.push(f64::from(u8::try_from(truth).unwrap()));
        }
        let scores = Matrix::new(22, 3, rows).unwrap();
        let metrics = Multiclass { scores: &scores, labels: &labels }.metrics(Sampling::rows(1));
        let found = metrics.iter().find(|metric| metric.name == "balanced_accuracy").unwrap();
        assert!((found.value - (0.9 + 1.0 + 0.5) / 3.0).abs() < 1e-9, "{found:?}");
        let (below, above) = (found.value - found.low, found.high - found.value);
        assert!(above < 0.21 && (below - above).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn a_rare_class_that_is_never_right_leaves_the_mean_recall_uncertain() {
        let never = [[0.8, 0.1, 0.1]; 10].concat();
        let scores = Matrix::new(10, 3, never).unwrap();
        let labels = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        // Every draw within the classes says the same.
        let all = balanced_within(&labels.map(class_index), &[0; 10], 3, 1).unwrap();
        assert_eq!(all, (0.5, 0.5));
        let metrics = Multiclass { scores: &scores, labels: &labels }.metrics(Sampling::rows(1));
        let found = metrics.iter().find(|metric| metric.name == "balanced_accuracy").unwrap();
        assert!((found.value - 0.5).abs() < 1e-12 && found.method == "wilson", "{found:?}");
        // The means of the limits of 9 of 9, from 9 / (9 + z²) to 1, and of 0 of 1, from 0 to z² / (1 + z²).
        assert!((found.low..=found.high).contains(&0.5), "{found:?}");
        assert!((found.high - found.low - 0.546).abs() < 1e-3, "{found:?}");
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
