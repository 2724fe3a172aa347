//! Intervals of figures that every draw of a bootstrap finds the same.
//!
//! A share that is 0 or 1 is 0 or 1 in every draw, however few rows it is of. Wilson's interval of a share does not collapse there. Figures
//! made of shares get what the shares' limits give them: F1 is a growing function of the Jaccard index, which is a share; a mean has the mean
//! of its parts' limits, which is right where they are wrong together and wider than needed where they are not; an AUC of 0 or 1 is taken
//! for a share of the smaller class, also wider than needed. Rows of one group may be right or wrong together, so where rows belong to groups
//! a share is one of so many groups as hold its rows.

use super::{Sampling, wilson};
use crate::outcome::Metric;

/// Lower and upper end.
pub(crate) type Limits = (f64, f64);

/// Gives every figure without width the limits that `known` knows for it by its name and value.
pub(crate) fn widen(metrics: &mut [Metric], known: impl Fn(&str, f64) -> Option<Limits>) {
    for metric in metrics.iter_mut().filter(|metric| metric.high <= metric.low) {
        if let Some((low, high)) = known(&metric.name, metric.value)
            && low < high
        {
            (metric.low, metric.high) = (low.min(metric.value), high.max(metric.value));
            "wilson".clone_into(&mut metric.method);
        }
    }
}

/// Wilson's limits of the share of the rows `of` that are `hit`; none without such a row.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn share(
    rows: usize,
    sampling: Sampling<'_>,
    of: impl Fn(usize) -> bool,
    hit: impl Fn(usize) -> bool,
) -> Option<Limits> {
    let (mut all, mut hits) = (0_u64, 0_u64);
    for row in (0..rows).filter(|row| of(*row)) {
        all += 1;
        hits += u64::from(hit(row));
    }
    let units = sampling.units_of(rows, of);
    (units > 0).then(|| wilson(hits as f64 / all as f64, units as f64))
}

/// Limits of an AUC that is 0 or 1, as of a share of the class with fewer rows; none of any other.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
pub(crate) fn auc(
    value: f64,
    rows: usize,
    sampling: Sampling<'_>,
    positive: impl Fn(usize) -> bool,
) -> Option<Limits> {
    let units =
        sampling.units_of(rows, &positive).min(sampling.units_of(rows, |row| !positive(row)));
    (units > 0 && (value <= 0.0 || value >= 1.0)).then(|| wilson(value, units as f64))
}

/// Limits of F1 from those of the rows that are both of the class and called so among those that are either.
pub(crate) fn f1((low, high): Limits) -> Limits {
    let of = |jaccard: f64| 2.0 * jaccard / (1.0 + jaccard);
    (of(low), of(high))
}

/// Limits of a mean; none of none.
pub(crate) fn mean(parts: impl Iterator<Item = Limits>) -> Option<Limits> {
    let (low, high, count) = parts
        .fold((0.0, 0.0, 0.0), |(low, high, count), one| (low + one.0, high + one.1, count + 1.0));
    (count > 0.0).then(|| (low / count, high / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<Limits>, low: f64, high: f64) {
        let (a, b) = found.unwrap();
        assert!((a - low).abs() < 1e-4 && (b - high).abs() < 1e-4, "{a} {b}");
    }

    #[test]
    fn limits_have_their_known_values() {
        // 0 of 27: upper end z² / (27 + z²); 10 of 10: lower end 10 / (10 + z²).
        near(share(30, Sampling::rows(1), |row| row < 27, |_| false), 0.0, 0.124_56);
        near(share(10, Sampling::rows(1), |_| true, |_| true), 0.722_47, 1.0);
        assert!(share(10, Sampling::rows(1), |_| false, |_| true).is_none());
        near(Some(f1((0.5, 1.0))), 2.0 / 3.0, 1.0);
        near(mean([(0.0, 0.2), (0.5, 1.0)].into_iter()), 0.25, 0.6);
        assert!(mean(std::iter::empty()).is_none());
    }

    #[test]
    fn a_group_counts_once() {
        let groups = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
        let sampling = Sampling::of(1, Some(&groups));
        // All ten rows are of three groups, the first four of two.
        near(share(10, sampling, |_| true, |_| true), 0.438_50, 1.0);
        near(share(10, sampling, |row| row < 4, |_| true), 0.342_37, 1.0);
        near(auc(1.0, 10, sampling, |row| row == 9), 0.206_54, 1.0);
        assert!(auc(0.5, 10, sampling, |row| row == 9).is_none());
    }
}
