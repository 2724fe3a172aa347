//! Two classes.

use super::{
    EPSILON, Figures, Sampling, ascending, at, band, delong, ranked, ratio, with_intervals,
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
        metrics
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
            ("precision", if tp + fp > 0.0 { ratio(tp, tp + fp) } else { 0.0 }),
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
