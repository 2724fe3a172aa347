//! Figures of quality with 95 % confidence intervals. Every row counts once, whatever its source's weight in training. Intervals are
//! `DeLong`'s for the AUC, a uniform band for KS, otherwise seeded percentile bootstraps over rows; where rows belong to groups, bootstraps
//! over groups, for the AUC too.
//!
//! Where all draws give the same figure, as they do for a share that is 0 or 1, an interval of no width would claim certainty: there it is
//! made of Wilson's (1927), which the module `sure` tells of. A figure that is not defined is left out, and the report says so.

mod band;
mod binary;
mod calibration;
mod delong;
mod multiclass;
mod regression;
mod sampling;
mod sure;

pub(crate) use binary::{Binary, roc_points};
pub(crate) use calibration::{bins, brier, ece, log_loss, multiclass_top};
pub(crate) use multiclass::{Multiclass, top};
pub(crate) use regression::{quantiles, regression};
pub(crate) use sampling::{Sampling, distinct};

use crate::outcome::{Gap, Metric, Share};
use ingot_base::Rng;

/// Probabilities are kept this far from 0 and 1 in logarithms.
pub(crate) const EPSILON: f64 = 1e-15;
/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;
/// Row visits a bootstrap may cost.
const BOOTSTRAP_WORK: usize = 60_000_000;

/// Wilson's score interval (1927) for `hits` of `rows`; none without rows.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn share(hits: u64, rows: u64) -> Option<Share> {
    share_of(hits as f64, rows)
}

/// The same where a row may be hit by half.
#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
pub(crate) fn share_of(hits: f64, rows: u64) -> Option<Share> {
    if rows == 0 {
        return None;
    }
    let p = hits / rows as f64;
    let (low, high) = wilson(p, rows as f64);
    Some(Share { value: p, low, high, rows })
}

/// Wilson's score interval (1927) for a share `p` of `n` units, at least one, that know nothing of each other. It begins at 0 where none
/// is hit and ends at 1 where all are, which rounding would miss.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let low = if p <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if p >= 1.0 { 1.0 } else { ((centre + half) / scale).min(1.0) };
    (low, high)
}

/// Figures by name, on rows by how often each counts; a figure that is not defined is NaN.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// Figures with bootstrap intervals; those that are not defined on all rows are left out.
///
/// `work` is the cost of one evaluation in row visits; it bounds the repetitions (100 to 1000).
pub(crate) fn with_intervals(
    rows: usize,
    work: usize,
    sampling: Sampling<'_>,
    figures: impl Fn(&[f64]) -> Figures,
) -> Vec<Metric> {
    let points = figures(&vec![1.0; rows]);
    let repetitions = (BOOTSTRAP_WORK / work.max(1)).clamp(100, 1000);
    let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(repetitions); points.len()];
    let mut rng = Rng::new(sampling.seed, "bootstrap");
    let mut sample = vec![0.0; rows];
    for _ in 0..repetitions {
        sampling.draw(&mut rng, &mut sample);
        for (draw, (_, value)) in draws.iter_mut().zip(figures(&sample)) {
            if value.is_finite() {
                draw.push(value);
            }
        }
    }
    let named = points.into_iter().zip(draws).filter(|((_, value), _)| value.is_finite());
    named
        .map(|((name, value), mut draw)| {
            draw.sort_unstable_by(f64::total_cmp);
            let (low, high) = (quantile(&draw, 0.025), quantile(&draw, 0.975));
            Metric {
                name: name.to_owned(),
                value,
                low: low.unwrap_or(value),
                high: high.unwrap_or(value),
                method: sampling.method().to_owned(),
            }
        })
        .collect()
}

/// The mean of paired differences with its 95 % normal interval; none of fewer than two rows or groups. Among groups the variance is of
/// the groups' sums (Liang and Zeger 1986), with the correction for their number.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn paired(differences: &[f64], sampling: Sampling<'_>) -> Option<Gap> {
    let rows = differences.len() as f64;
    let mut sums = vec![0.0; sampling.units(differences.len())];
    let units = sums.len() as f64;
    if units < 2.0 {
        return None;
    }
    let value = differences.iter().sum::<f64>() / rows;
    for (row, difference) in differences.iter().enumerate() {
        let unit = sampling.groups.map_or(Some(row), |all| all.get(row).map(|&one| one as usize));
        if let Some(sum) = unit.and_then(|unit| sums.get_mut(unit)) {
            *sum += difference - value;
        }
    }
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let half = Z * (squares * units / (units - 1.0)).sqrt() / rows;
    Some(Gap { value, low: value - half, high: value + half })
}

/// A quantile of sorted values by linear interpolation; none of none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index into the values"
)]
pub(crate) fn quantile(sorted: &[f64], at: f64) -> Option<f64> {
    let position = at * (sorted.len().checked_sub(1)?) as f64;
    let low = *sorted.get(position.floor() as usize)?;
    let high = *sorted.get(position.ceil() as usize)?;
    Some(low + (high - low) * position.fract())
}

/// Three significant digits: what documents tell of a quantile, which may be one person's value.
pub(crate) fn rounded(value: f64) -> f64 {
    // Written out and read back, so that 0.07 stays 0.07; there is one zero.
    format!("{value:.2e}").parse().unwrap_or(value) + 0.0
}

/// Row indices by ascending score.
pub(crate) fn ascending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| at(scores, a).total_cmp(&at(scores, b)));
    order
}

pub(crate) fn at(values: &[f64], index: usize) -> f64 {
    values.get(index).copied().unwrap_or(f64::NAN)
}

pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

/// What one pass over rows in ascending order of score finds.
pub(crate) struct Ranked {
    /// The probability that a positive row scores above a negative one, ties counted half.
    pub(crate) auc: f64,
    /// The largest distance between both classes' cumulative score distributions.
    pub(crate) ks: f64,
}

/// AUC and Kolmogorov-Smirnov distance; `order` sorts `scores` ascending.
pub(crate) fn ranked(
    order: &[usize],
    scores: &[f64],
    positive: impl Fn(usize) -> bool,
    weights: &[f64],
) -> Ranked {
    let (mut negatives, mut positives, mut concordant) = (0.0, 0.0, 0.0);
    let mut steps = Vec::new();
    let mut index = 0;
    while let Some(&first) = order.get(index) {
        let score = at(scores, first);
        let (mut tied_negative, mut tied_positive) = (0.0, 0.0);
        while let Some(&row) = order.get(index) {
            if at(scores, row).total_cmp(&score).is_ne() {
                break;
            }
            if positive(row) {
                tied_positive += at(weights, row);
            } else {
                tied_negative += at(weights, row);
            }
            index += 1;
        }
        concordant += tied_positive * (negatives + 0.5 * tied_negative);
        negatives += tied_negative;
        positives += tied_positive;
        steps.push((negatives, positives));
    }
    let ks = steps
        .iter()
        .map(|(n, p)| (ratio(*n, negatives) - ratio(*p, positives)).abs())
        .fold(f64::NAN, f64::max);
    Ranked { auc: ratio(concordant, negatives * positives), ks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_has_its_known_value() {
        // 8 of 10: 0.4902 … 0.9433 (Newcombe 1998 and any table of Wilson intervals).
        let share = share(8, 10).unwrap();
        assert!((share.low - 0.490_16).abs() < 1e-4 && (share.high - 0.943_32).abs() < 1e-4);
        assert!(super::share(0, 0).is_none());
    }

    #[test]
    fn wilson_ends_exactly_where_nobody_or_everybody_is_hit() {
        for rows in 1..200 {
            let (none, all) = (share(0, rows).unwrap(), share(rows, rows).unwrap());
            // Positive zero, to the bit.
            assert_eq!(none.low.to_bits(), 0.0_f64.to_bits(), "0 of {rows}");
            assert_eq!(all.high.to_bits(), 1.0_f64.to_bits(), "{rows} of {rows}");
            assert!(none.high > 0.0 && all.low < 1.0);
        }
    }

    #[test]
    fn auc_and_ks_have_their_known_values() {
        // scikit-learn's documentation example: AUC 0.75.
        let (y, p) = ([false, false, true, true], [0.1, 0.4, 0.35, 0.8]);
        let order = ascending(&p);
        let found = ranked(&order, &p, |row| y[row], &[1.0; 4]);
        assert!((found.auc - 0.75).abs() < 1e-15);
        assert!((found.ks - 0.5).abs() < 1e-15);
        // All tied: no information.
        let found = ranked(&ascending(&[0.5; 4]), &[0.5; 4], |row| y[row], &[1.0; 4]);
        assert!((found.auc - 0.5).abs() < 1e-15 && found.ks.abs() < 1e-15);
        // A weight of 2 is a row twice.
        let (y2, p2) = ([false, false, true, true, true], [0.1, 0.4, 0.35, 0.8, 0.35]);
        let twice = ranked(&ascending(&p2), &p2, |row| y2[row], &[1.0; 5]);
        let weighted = ranked(&order, &p, |row| y[row], &[1.0, 1.0, 2.0, 1.0]);
        assert!((twice.auc - weighted.auc).abs() < 1e-15 && (twice.ks - weighted.ks).abs() < 1e-15);
    }

    #[test]
    fn paired_differences_have_their_known_interval() {
        // Mean 2, sample deviation 1, three rows: half width 1.96 / √3.
        let gap = paired(&[1.0, 2.0, 3.0], Sampling::rows(1)).unwrap();
        assert!((gap.value - 2.0).abs() < 1e-12);
        assert!((gap.high - gap.value - Z / 3.0_f64.sqrt()).abs() < 1e-12);
        assert!(paired(&[1.0], Sampling::rows(1)).is_none());
        // Every row twice tells no more than once, if it is known that it is the same row.
        let doubled = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
        let groups = Sampling { seed: 1, groups: Some(&[0, 0, 1, 1, 2, 2]) };
        let same = paired(&doubled, groups).unwrap();
        assert!((same.value - gap.value).abs() < 1e-12 && (same.high - gap.high).abs() < 1e-12);
        assert!(paired(&doubled, Sampling { seed: 1, groups: Some(&[0; 6]) }).is_none());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "written out")]
    fn three_digits_are_told() {
        for (value, told) in
            [(13_502_991_214.0, 13.5e9), (-0.012_345, -0.0123), (0.07, 0.07), (-0.0, 0.0)]
        {
            assert_eq!(rounded(value), told);
        }
        assert!(rounded(-0.0).is_sign_positive() && rounded(f64::NAN).is_nan());
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.5), Some(1.5));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_bootstrap_covers_a_mean() {
        let values: Vec<f64> = (0..400).map(f64::from).collect();
        let metrics = with_intervals(400, 400, Sampling::rows(7), |weights| {
            let total: f64 = weights.iter().sum();
            let sum: f64 = weights.iter().zip(&values).map(|(w, v)| w * v).sum();
            vec![("mean", sum / total), ("nothing", f64::NAN)]
        });
        let [mean] = &metrics[..] else { panic!("the undefined figure is left out") };
        // Standard error 115.5 / 20 = 5.77.
        assert!((mean.value - 199.5).abs() < 1e-9);
        assert!((mean.high - mean.low - 2.0 * 1.96 * 5.77).abs() < 3.0, "{mean:?}");
    }
}
