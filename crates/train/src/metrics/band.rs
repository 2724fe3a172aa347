//! An interval for the Kolmogorov-Smirnov distance of two classes.
//!
//! The largest of many noisy distances lies above the true one, the more so the smaller that is; quantiles of resampled distances, each
//! biased once more, may miss even the figure itself. What can be resampled is the whole difference of the two distribution functions:
//! the largest deviation of a resampled difference from the one found is distributed, for many rows, as that of the one found from the true
//! one (Bickel and Freedman 1981, section 4). The distance is 1-Lipschitz in that deviation, so its 95 % quantile on both sides of the
//! figure covers the true distance at least that often, also where there is no difference at all.

use super::{Sampling, at, quantile, ratio};
use ingot_base::Rng;

/// Repetitions, fewer for large tables.
const REPETITIONS: usize = 400;
/// Row visits they may cost.
const WORK: usize = 40_000_000;

/// The 95 % interval, cut to [0, 1]; `order` sorts `scores` ascending. None without rows of both classes. Rows are drawn within each
/// class, groups, which may hold both, without regard to it.
pub(crate) fn interval(
    order: &[usize],
    scores: &[f64],
    labels: &[f64],
    sampling: Sampling<'_>,
) -> Option<(f64, f64)> {
    let (positive, negative): (Vec<usize>, Vec<usize>) =
        (0..labels.len()).partition(|&row| at(labels, row) > 0.5);
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let found = difference(order, scores, labels, &vec![1.0; labels.len()]);
    let ks = found.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let mut rng = Rng::new(sampling.seed, "band");
    let repetitions = (WORK / labels.len().max(1)).clamp(100, REPETITIONS);
    let mut counts = vec![0.0; labels.len()];
    let mut deviations = Vec::with_capacity(repetitions);
    for _ in 0..repetitions {
        if sampling.groups.is_some() {
            sampling.draw(&mut rng, &mut counts);
        } else {
            within(&mut rng, &[&positive, &negative], &mut counts);
        }
        let drawn = difference(order, scores, labels, &counts);
        let apart = drawn.iter().zip(&found).map(|(drawn, found)| (drawn - found).abs());
        // Without one of the classes nothing is apart, and a figure by itself would say that nothing differs.
        let furthest = apart.fold(f64::NAN, f64::max);
        if furthest.is_finite() {
            deviations.push(furthest);
        }
    }
    deviations.sort_unstable_by(f64::total_cmp);
    let half = quantile(&deviations, 0.95)?;
    Some(((ks - half).max(0.0), (ks + half).min(1.0)))
}

/// Draws rows of each class as often as it has them.
fn within(rng: &mut Rng, classes: &[&[usize]], counts: &mut [f64]) {
    counts.fill(0.0);
    for class in classes {
        for _ in 0..class.len() {
            let row = class.get(rng.below(class.len())).copied().unwrap_or_default();
            if let Some(count) = counts.get_mut(row) {
                *count += 1.0;
            }
        }
    }
}

/// The negative class's distribution function minus the positive one's at every distinct score, ascending.
fn difference(order: &[usize], scores: &[f64], labels: &[f64], counts: &[f64]) -> Vec<f64> {
    let (mut positives, mut negatives) = (0.0, 0.0);
    let mut sums = Vec::with_capacity(order.len());
    for (turn, &row) in order.iter().enumerate() {
        if at(labels, row) > 0.5 {
            positives += at(counts, row);
        } else {
            negatives += at(counts, row);
        }
        let tied = order
            .get(turn + 1)
            .is_some_and(|&next| at(scores, next).total_cmp(&at(scores, row)).is_eq());
        if !tied {
            sums.push((negatives, positives));
        }
    }
    sums.into_iter().map(|(n, p)| ratio(n, negatives) - ratio(p, positives)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ascending, ranked};

    /// Uniform negatives; positives uniform after a shift: the true distance is the shift.
    fn sample(rng: &mut Rng, rows: usize, shift: f64) -> (Vec<f64>, Vec<f64>) {
        let labels: Vec<f64> = (0..rows).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
        let scores = labels.iter().map(|y| rng.unit() + y * shift).collect();
        (scores, labels)
    }

    #[test]
    fn it_covers_the_true_distance_and_the_figure_itself() {
        let mut rng = Rng::new(5, "ks");
        for shift in [0.0, 0.1, 0.4] {
            let mut covered = 0;
            for round in 0..120 {
                let (scores, labels) = sample(&mut rng, 150, shift);
                let order = ascending(&scores);
                let (low, high) =
                    interval(&order, &scores, &labels, Sampling::rows(round)).unwrap();
                let ks = ranked(&order, &scores, |row| labels[row] > 0.5, &[1.0; 150]).ks;
                assert!(low <= ks && ks <= high, "{low} {ks} {high}");
                assert!(high - low < 0.6, "an interval that tells something");
                covered += u32::from(low <= shift && shift <= high);
            }
            // 95 % of 120 are 114; two standard errors less are 109.
            assert!(covered >= 109, "{covered} of 120 for {shift}");
        }
    }

    #[test]
    fn a_draw_without_one_of_the_classes_says_nothing() {
        // Positives stand in one group of three alone: a draw without it knows no distance.
        let labels: Vec<f64> = (0..60).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
        let groups: Vec<u32> = (0..60).map(|row| row % 3).collect();
        let mut rng = Rng::new(8, "ks");
        let scores: Vec<f64> = labels.iter().map(|y| rng.unit() + y * 0.2).collect();
        let order = ascending(&scores);
        let sampling = Sampling { seed: 1, groups: Some(&groups) };
        let mut counts = vec![0.0; 60];
        let mut empty = 0;
        for _ in 0..200 {
            sampling.draw(&mut rng, &mut counts);
            let drawn = difference(&order, &scores, &labels, &counts);
            empty += u32::from(drawn.iter().all(|value| value.is_nan()));
        }
        assert!(empty > 30, "such draws happen");
        let (low, high) = interval(&order, &scores, &labels, sampling).unwrap();
        assert!(high - low > 0.05, "{low} {high}: they must not count as no difference");
    }

    #[test]
    fn one_class_has_none() {
        assert!(interval(&[0, 1], &[0.1, 0.2], &[1.0, 1.0], Sampling::rows(1)).is_none());
    }
}
