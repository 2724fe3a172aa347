//! Two classes.

use super::{
    EPSILON, Figures, Sampling, ascending, at, band, delong, ranked, ratio, sure, with_intervals,
};
use crate::Cost;
use crate::outcome::Metric;

/// Scores and truth of rows.
pub(crate) struct Binary<'a> {
    pub(crate) scores: &'a [f64],
    /// 1 for the positive class.
    pub(crate) labels: &'a [f64],
    /// Scores at or above it are labelled positive.
    pub(crate) threshold: f64,
    /// What mistakes cost, where the recipe says so.
    pub(crate) cost: Option<Cost>,
}

impl Binary<'_> {
    /// Every figure with its interval.
    pub(crate) fn metrics(&self, sampling: Sampling<'_>) -> Vec<Metric> {
        let order = ascending(self.scores);
        let work = self.scores.len().saturating_mul(4);
        let mut metrics = with_intervals(self.labels.len(), work, sampling, |counts| {
            self.figures(&order, counts)
        });
        for metric in &mut metrics {
            let (found, method) = match metric.name.as_str() {
                "auc" if sampling.groups.is_none() => {
                    (delong::interval(self.scores, self.labels), "delong")
                }
                "ks" => (band::interval(&order, self.scores, self.labels, sampling), "band"),
                _ => (None, ""),
            };
            if let Some((low, high)) = found {
                (metric.low, metric.high, metric.method) = (low, high, method.to_owned());
            }
        }
        sure::widen(&mut metrics, |name, value| self.limits(name, value, sampling));
        metrics
    }

    /// Wilson's limits of a figure that is made of shares.
    fn limits(&self, name: &str, value: f64, sampling: Sampling<'_>) -> Option<sure::Limits> {
        let rows = self.labels.len();
        let positive = |row: usize| at(self.labels, row) > 0.5;
        let labelled = |row: usize| at(self.scores, row) >= self.threshold;
        let right = |row: usize| positive(row) == labelled(row);
        let recall = || sure::share(rows, sampling, positive, labelled);
        let specificity = || sure::share(rows, sampling, |row| !positive(row), right);
        match name {
            "auc" => sure::auc(value, rows, sampling, positive),
            // Where one threshold parts the classes: the share of one above it less the share of the other.
            "ks" if value >= 1.0 => sure::auc(value, rows, sampling, positive)
                .map(|(low, high)| ((2.0 * low - 1.0).max(0.0), high)),
            "accuracy" => sure::share(rows, sampling, |_| true, right),
            "precision" => sure::share(rows, sampling, labelled, positive),
            "recall" => recall(),
            "balanced_accuracy" => sure::mean([recall()?, specificity()?].into_iter()),
            "f1" => {
                let either = |row| positive(row) || labelled(row);
                sure::share(rows, sampling, either, right).map(sure::f1)
            }
            "cost" if value <= 0.0 => {
                let dearest =
                    self.cost.map_or(0.0, |cost| cost.false_positive.max(cost.false_negative));
                let wrong = sure::share(rows, sampling, |_| true, |row| !right(row));
                wrong.map(|(low, high)| (low * dearest, high * dearest))
            }
            _ => None,
        }
    }

    /// `counts`: how often each row stands in the sample.
    fn figures(&self, order: &[usize], counts: &[f64]) -> Figures {
        let (mut total, mut loss, mut square) = (0.0, 0.0, 0.0);
        let (mut tp, mut fp, mut fn_, mut tn) = (0.0, 0.0, 0.0, 0.0);
        for ((&p, &y), &w) in self.scores.iter().zip(self.labels).zip(counts) {
            let positive = y > 0.5;
            total += w;
            let of_truth = if positive { p } else { 1.0 - p };
            loss -= w * of_truth.clamp(EPSILON, 1.0).ln();
            square += w * (p - y) * (p - y);
            match (positive, p >= self.threshold) {
                (true, true) => tp += w,
                (false, true) => fp += w,
                (true, false) => fn_ += w,
                (false, false) => tn += w,
            }
        }
        let ranked = ranked(order, self.scores, |row| at(self.labels, row) > 0.5, counts);
        let (recall, specificity) = (ratio(tp, tp + fn_), ratio(tn, tn + fp));
        let mut figures = vec![
            ("auc", ranked.auc),
            ("ks", ranked.ks),
            ("log_loss", ratio(loss, total)),
            ("brier", ratio(square, total)),
            ("accuracy", ratio(tp + tn, total)),
            ("balanced_accuracy", f64::midpoint(recall, specificity)),
            ("precision", ratio(tp, tp + fp)),
            ("recall", recall),
            ("f1", ratio(2.0 * tp, 2.0 * tp + fp + fn_)),
        ];
        if let Some(cost) = self.cost {
            figures
                .push(("cost", ratio(fp * cost.false_positive + fn_ * cost.false_negative, total)));
        }
        figures
    }
}

/// The ROC curve from (0, 0) to (1, 1), thinned to at most 101 points.
pub(crate) fn roc_points(scores: &[f64], labels: &[f64]) -> Vec<(f64, f64)> {
    let mut order = ascending(scores);
    order.reverse();
    let all: f64 = labels.iter().map(|_| 1.0).sum();
    let positives: f64 = labels.iter().filter(|y| **y > 0.5).map(|_| 1.0).sum();
    let negatives = all - positives;
    if positives <= 0.0 || negatives <= 0.0 {
        return vec![];
    }
    let (mut tp, mut fp) = (0.0, 0.0);
    let mut points = vec![(0.0, 0.0)];
    for (turn, &row) in order.iter().enumerate() {
        if at(labels, row) > 0.5 {
            tp += 1.0;
        } else {
            fp += 1.0;
        }
        let tied = order
            .get(turn + 1)
            .is_some_and(|&next| at(scores, next).total_cmp(&at(scores, row)).is_eq());
        if !tied {
            points.push((fp / negatives, tp / positives));
        }
    }
    let step = points.len().div_ceil(100).max(1);
    let last = points.len() - 1;
    let kept =
        points.into_iter().enumerate().filter(|(index, _)| index % step == 0 || *index == last);
    kept.map(|(_, point)| point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_known_value() {
        let (scores, labels) = ([0.9, 0.6, 0.4, 0.2], [1.0, 0.0, 1.0, 0.0]);
        let cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
        let judged = Binary { scores: &scores, labels: &labels, threshold: 0.5, cost };
        let metrics = judged.metrics(Sampling::rows(1));
        let value = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap().value;
        let expected = [
            ("auc", 0.75),
            ("ks", 0.5),
            ("log_loss", -(0.9_f64.ln() + 0.4_f64.ln() + 0.4_f64.ln() + 0.8_f64.ln()) / 4.0),
            ("brier", (0.01 + 0.36 + 0.36 + 0.04) / 4.0),
            ("accuracy", 0.5),
            ("balanced_accuracy", 0.5),
            ("precision", 0.5),
            ("recall", 0.5),
            ("f1", 0.5),
            ("cost", 6.0 / 4.0),
        ];
        for (name, wanted) in expected {
            assert!((value(name) - wanted).abs() < 1e-12, "{name}: {} {wanted}", value(name));
        }
    }

    fn judged(scores: &[f64], labels: &[f64], sampling: Sampling<'_>) -> Vec<Metric> {
        let cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
        Binary { scores, labels, threshold: 0.5, cost }.metrics(sampling)
    }

    fn find<'m>(metrics: &'m [Metric], name: &str) -> &'m Metric {
        metrics.iter().find(|metric| metric.name == name).unwrap()
    }

    #[test]
    fn nothing_labelled_positive_has_no_precision_and_no_certain_recall() {
        let labels: Vec<f64> = (0..200).map(|row| f64::from(u8::from(row < 27))).collect();
        let scores: Vec<f64> = (0..200).map(|row| f64::from(row % 10) / 100.0).collect();
        let metrics = judged(&scores, &labels, Sampling::rows(1));
        assert!(metrics.iter().all(|metric| metric.name != "precision"), "it is not defined");
        let recall = find(&metrics, "recall");
        assert!(recall.value.abs() < 1e-12 && recall.low.abs() < 1e-12);
        assert!((recall.high - 0.124_56).abs() < 1e-4, "0 of 27: {recall:?}");
        assert_eq!(recall.method, "wilson");
        let balanced = find(&metrics, "balanced_accuracy");
        assert!((balanced.value - 0.5).abs() < 1e-12 && balanced.low < 0.5 && balanced.high > 0.5);
        assert_eq!(find(&metrics, "accuracy").method, "bootstrap", "it has a width");
        let (f1, found) = (find(&metrics, "f1"), recall.high);
        assert!(f1.high > found && f1.high < 2.0 * found, "{f1:?}");
    }

    #[test]
    fn a_faultless_result_on_few_rows_is_not_certain() {
        let labels = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        let scores = labels.map(|label| 0.1 + 0.8 * label);
        let metrics = judged(&scores, &labels, Sampling::rows(1));
        for name in
            ["auc", "ks", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "cost"]
        {
            let metric = find(&metrics, name);
            assert!(metric.high - metric.low > 0.1, "{metric:?}");
            assert!(metric.low <= metric.value && metric.value <= metric.high, "{metric:?}");
            assert_eq!(metric.method, "wilson", "{name}");
        }
        assert!((find(&metrics, "accuracy").low - 0.722_47).abs() < 1e-4);
        // The same of two groups is two observations.
        let groups = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
        let grouped = judged(&scores, &labels, Sampling::of(1, Some(&groups)));
        assert!((find(&grouped, "accuracy").low - 0.342_37).abs() < 1e-4);
        // A constant has an AUC of 0.5 by its nature.
        let constant = judged(&[0.2; 10], &labels, Sampling::rows(1));
        let auc = find(&constant, "auc");
        assert!(auc.high - auc.low < 1e-12 && auc.method == "delong", "{auc:?}");
    }

    #[test]
    fn the_roc_curve_joins_the_corners() {
        let scores: Vec<f64> = (0..1000).map(|i| f64::from(i % 500) / 500.0).collect();
        let labels: Vec<f64> = (0..1000).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let points = roc_points(&scores, &labels);
        assert!(points.len() <= 102);
        assert_eq!((points[0], *points.last().unwrap()), ((0.0, 0.0), (1.0, 1.0)));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
    }
}
