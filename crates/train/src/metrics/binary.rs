//! Two classes.

use super::{EPSILON, Figures, ascending, at, delong, ranked, ratio, with_intervals};
use crate::outcome::Metric;

/// Scores and truth of rows.
pub(crate) struct Binary<'a> {
    pub(crate) scores: &'a [f64],
    /// 1 for the positive class.
    pub(crate) labels: &'a [f64],
    pub(crate) weights: &'a [f64],
    /// Scores at or above it are labelled positive.
    pub(crate) threshold: f64,
}

impl Binary<'_> {
    /// Every figure with its interval.
    pub(crate) fn metrics(&self, seed: u64) -> Vec<Metric> {
        let order = ascending(self.scores);
        let work = self.scores.len().saturating_mul(4);
        let mut metrics =
            with_intervals(self.weights, work, seed, |weights| self.figures(&order, weights));
        #[expect(clippy::float_cmp, reason = "weights are exactly 1 unless given")]
        let unweighted = self.weights.iter().all(|&weight| weight == 1.0);
        if unweighted
            && let Some(auc) = metrics.iter_mut().find(|metric| metric.name == "auc")
            && let Some((low, high)) = delong::interval(self.scores, self.labels)
        {
            (auc.low, auc.high, auc.method) = (low, high, "delong".to_owned());
        }
        metrics
    }

    fn figures(&self, order: &[usize], weights: &[f64]) -> Figures {
        let (mut total, mut loss, mut square) = (0.0, 0.0, 0.0);
        let (mut tp, mut fp, mut fn_, mut tn) = (0.0, 0.0, 0.0, 0.0);
        for ((&p, &y), &w) in self.scores.iter().zip(self.labels).zip(weights) {
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
        let ranked = ranked(order, self.scores, |row| at(self.labels, row) > 0.5, weights);
        let (recall, specificity) = (ratio(tp, tp + fn_), ratio(tn, tn + fp));
        vec![
            ("auc", ranked.auc),
            ("ks", ranked.ks),
            ("log_loss", ratio(loss, total)),
            ("brier", ratio(square, total)),
            ("accuracy", ratio(tp + tn, total)),
            ("balanced_accuracy", f64::midpoint(recall, specificity)),
            ("precision", if tp + fp > 0.0 { ratio(tp, tp + fp) } else { 0.0 }),
            ("recall", recall),
            ("f1", ratio(2.0 * tp, 2.0 * tp + fp + fn_)),
        ]
    }
}

/// The ROC curve from (0, 0) to (1, 1), thinned to at most 101 points.
pub(crate) fn roc_points(scores: &[f64], labels: &[f64], weights: &[f64]) -> Vec<(f64, f64)> {
    let mut order = ascending(scores);
    order.reverse();
    let total = |wanted: bool| -> f64 {
        labels.iter().zip(weights).filter(|(y, _)| (**y > 0.5) == wanted).map(|(_, w)| w).sum()
    };
    let (positives, negatives) = (total(true), total(false));
    if positives <= 0.0 || negatives <= 0.0 {
        return vec![];
    }
    let (mut tp, mut fp) = (0.0, 0.0);
    let mut points = vec![(0.0, 0.0)];
    for (turn, &row) in order.iter().enumerate() {
        if at(labels, row) > 0.5 {
            tp += at(weights, row);
        } else {
            fp += at(weights, row);
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
        let (scores, labels, weights) = ([0.9, 0.6, 0.4, 0.2], [1.0, 0.0, 1.0, 0.0], [1.0; 4]);
        let metrics =
            Binary { scores: &scores, labels: &labels, weights: &weights, threshold: 0.5 }
                .metrics(1);
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
        ];
        for (name, wanted) in expected {
            assert!((value(name) - wanted).abs() < 1e-12, "{name}: {} {wanted}", value(name));
        }
    }

    #[test]
    fn the_roc_curve_joins_the_corners() {
        let scores: Vec<f64> = (0..1000).map(|i| f64::from(i % 500) / 500.0).collect();
        let labels: Vec<f64> = (0..1000).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let points = roc_points(&scores, &labels, &vec![1.0; 1000]);
        assert!(points.len() <= 102);
        assert_eq!((points[0], *points.last().unwrap()), ((0.0, 0.0), (1.0, 1.0)));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
    }
}
