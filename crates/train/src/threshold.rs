//! From probabilities to labels at the lowest expected cost.

use crate::Cost;
use crate::metrics::{ascending, at, ratio};
use crate::outcome::ThresholdRow;

/// Thresholds a table always shows.
const SHOWN: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// The optimal threshold when probabilities are exact (Elkan 2001): `fp / (fp + fn)`.
pub(crate) fn theoretical(cost: Option<Cost>) -> f64 {
    cost.map_or(0.5, |cost| cost.false_positive / (cost.false_positive + cost.false_negative))
}

/// Without stated costs both mistakes cost 1.
pub(crate) fn or_equal(cost: Option<Cost>) -> Cost {
    cost.unwrap_or(Cost { false_positive: 1.0, false_negative: 1.0 })
}

/// The threshold of lowest total cost on held-out rows: midway between neighbouring scores, of equal costs the one nearest to the
/// theoretical. Without stated costs 0.5, which needs no fitting.
pub(crate) fn choose(scores: &[f64], labels: &[f64], cost: Option<Cost>) -> f64 {
    let ideal = theoretical(cost);
    let Some(cost) = cost else { return ideal };
    let order = ascending(scores);
    // Below every score all rows are positive: each negative one costs.
    let negatives = labels.iter().filter(|y| **y < 0.5).map(|_| cost.false_positive);
    let mut total: f64 = negatives.sum();
    let mut best = (total, order.first().map_or(ideal, |&row| at(scores, row) * 0.5));
    for (turn, &row) in order.iter().enumerate() {
        total += if at(labels, row) > 0.5 { cost.false_negative } else { -cost.false_positive };
        let next = order.get(turn + 1).map_or(1.0, |&row| at(scores, row));
        if next <= at(scores, row) {
            continue;
        }
        let threshold = f64::midpoint(at(scores, row), next);
        let slack = 1e-9 * (1.0 + best.0.abs());
        let nearer = (threshold - ideal).abs() < (best.1 - ideal).abs();
        if total < best.0 - slack || (total <= best.0 + slack && nearer) {
            best = (total, threshold);
        }
    }
    best.1.clamp(1e-6, 1.0 - 1e-6)
}

/// The figures of one threshold.
pub(crate) fn row(scores: &[f64], labels: &[f64], cost: Cost, threshold: f64) -> ThresholdRow {
    let (mut tp, mut fp, mut positives, mut negatives) = (0.0, 0.0, 0.0, 0.0);
    for (&p, &y) in scores.iter().zip(labels) {
        let selected = f64::from(u8::from(p >= threshold));
        if y > 0.5 {
            positives += 1.0;
            tp += selected;
        } else {
            negatives += 1.0;
            fp += selected;
        }
    }
    let defined = |value: f64| if value.is_finite() { value } else { 0.0 };
    let total = positives + negatives;
    ThresholdRow {
        threshold,
        cost: defined(ratio(
            fp * cost.false_positive + (positives - tp) * cost.false_negative,
            total,
        )),
        selected: defined(ratio(tp + fp, total)),
        recall: defined(ratio(tp, positives)),
        false_positive_rate: defined(ratio(fp, negatives)),
    }
}

/// The chosen, the theoretical and round thresholds compared, ascending.
pub(crate) fn table(
    scores: &[f64],
    labels: &[f64],
    cost: Cost,
    chosen: &[f64],
) -> Vec<ThresholdRow> {
    let mut thresholds: Vec<f64> = SHOWN.iter().chain(chosen).copied().collect();
    thresholds.sort_unstable_by(f64::total_cmp);
    thresholds.dedup();
    thresholds.into_iter().map(|threshold| row(scores, labels, cost, threshold)).collect()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small exact numbers")]
mod tests {
    use super::*;
    use ingot_base::Rng;

    #[test]
    fn calibrated_scores_lead_to_the_theoretical_threshold() {
        let mut rng = Rng::new(1, "threshold");
        let scores: Vec<f64> = (0..50_000).map(|_| rng.unit()).collect();
        let labels: Vec<f64> =
            scores.iter().map(|&p| f64::from(u8::from(rng.unit() < p))).collect();
        let cost = Cost { false_positive: 1.0, false_negative: 5.0 };
        let chosen = choose(&scores, &labels, Some(cost));
        assert!((chosen - 1.0 / 6.0).abs() < 0.03, "{chosen}");
        let costs = |at: f64| row(&scores, &labels, cost, at).cost;
        assert!(costs(chosen) <= costs(1.0 / 6.0) && costs(chosen) < costs(0.5));
    }

    #[test]
    fn small_cases_by_hand() {
        let (scores, labels) = ([0.2, 0.4, 0.6, 0.8], [0.0, 1.0, 0.0, 1.0]);
        let choose = |fp: f64, fnn: f64| {
            super::choose(&scores, &labels, Some(Cost { false_positive: fp, false_negative: fnn }))
        };
        // Missing a positive is dear: one false positive at 0.3. A false positive is dear: one miss at 0.7.
        assert!((choose(1.0, 10.0) - 0.3).abs() < 1e-12);
        assert!((choose(10.0, 1.0) - 0.7).abs() < 1e-12);
        assert_eq!(super::choose(&scores, &labels, None), 0.5);
        let at_half = row(&scores, &labels, Cost { false_positive: 2.0, false_negative: 3.0 }, 0.5);
        assert_eq!((at_half.cost, at_half.selected, at_half.recall), (5.0 / 4.0, 0.5, 0.5));
    }

    #[test]
    fn one_sided_rows_stay_within_bounds() {
        let cost = Some(Cost { false_positive: 1.0, false_negative: 1.0 });
        for label in [0.0, 1.0] {
            let threshold = choose(&[0.0, 1.0], &[label; 2], cost);
            assert!(threshold > 0.0 && threshold < 1.0);
        }
    }
}
