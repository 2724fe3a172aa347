//! Intervals for shares and for areas under a curve.

use serde::{Deserialize, Serialize};

/// The 97.5 % point of the normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many of them.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// The share; 0 of nothing.
    pub value: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

/// A share with Wilson's 95 % interval (Wilson 1927), which stays within [0, 1] and does not collapse at 0 or 1. Of nothing
/// everything is possible: [0, 1].
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
pub fn wilson(hits: u64, of: u64) -> Rate {
    if of == 0 {
        return Rate { hits, of, value: 0.0, lower: 0.0, upper: 1.0 };
    }
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let z2 = Z * Z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let lower = if hits == 0 { 0.0 } else { (middle - half).max(0.0) };
    let upper = if hits == of { 1.0 } else { (middle + half).min(1.0) };
    Rate { hits, of, value: p, lower, upper }
}

/// The 95 % interval of an area under the ROC curve of `m` and `n` scores: method 5 of Newcombe (Statistics in Medicine 25,
/// 2006, 559–573), which inverts Hanley and `McNeil`'s variance instead of estimating it, and so does not collapse at 0 or 1.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
pub(super) fn auc_interval(auc: f64, m: usize, n: usize) -> (f64, f64) {
    let (m, n) = (m as f64, n as f64);
    let pairs = f64::midpoint(m, n) - 1.0;
    let inside = |area: f64| {
        let spread = 1.0 + pairs * (1.0 - area) / (2.0 - area) + pairs * area / (1.0 + area);
        (auc - area).abs() <= Z * (area * (1.0 - area) * spread / (m * n)).sqrt()
    };
    // From the estimate, which is inside, outwards to the last point that is.
    let end = |outer: f64| {
        let (mut within, mut outside) = (auc, outer);
        if inside(outer) {
            return outer;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(within, outside);
            if inside(middle) {
                within = middle;
            } else {
                outside = middle;
            }
        }
        within
    };
    (end(0.0), end(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_meets_published_intervals() {
        // Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
        for (hits, of, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let rate = wilson(hits, of);
            assert!(
                (rate.lower - lower).abs() < 5e-5 && (rate.upper - upper).abs() < 5e-5,
                "{rate:?}"
            );
        }
    }

    #[test]
    fn an_area_of_one_half_lies_in_its_interval_and_one_does_not_collapse() {
        let (lower, upper) = auc_interval(0.5, 100, 100);
        assert!(lower < 0.45 && upper > 0.55 && (lower + upper - 1.0).abs() < 1e-9);
        let (lower, upper) = auc_interval(1.0, 50, 50);
        assert!(lower > 0.9 && lower < 1.0 && (upper - 1.0).abs() < 1e-12);
    }
}
