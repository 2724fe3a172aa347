//! `DeLong`'s interval for the area under the ROC curve.

use super::{Z, ascending, at};

/// The 95 % interval by `DeLong`, `DeLong`, Clarke-Pearson (1988) with the midrank algorithm of Sun and Xu (2014), cut to [0, 1]. None with
/// fewer than two rows of a class.
pub(crate) fn interval(scores: &[f64], labels: &[f64]) -> Option<(f64, f64)> {
    let (auc, variance) = variance(scores, labels)?;
    let half = Z * variance.sqrt();
    Some(((auc - half).max(0.0), (auc + half).min(1.0)))
}

#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn variance(scores: &[f64], labels: &[f64]) -> Option<(f64, f64)> {
    let of = |wanted: bool| -> Vec<f64> {
        scores.iter().zip(labels).filter(|(_, y)| (**y > 0.5) == wanted).map(|(s, _)| *s).collect()
    };
    let (positive, negative) = (of(true), of(false));
    let (m, n) = (positive.len() as f64, negative.len() as f64);
    if m < 2.0 || n < 2.0 {
        return None;
    }
    let all: Vec<f64> = positive.iter().chain(&negative).copied().collect();
    let joint = midranks(&all);
    let (joint_positive, joint_negative) = joint.split_at_checked(positive.len())?;
    // The share of negatives below each positive, and of positives above each negative.
    let v10: Vec<f64> =
        joint_positive.iter().zip(midranks(&positive)).map(|(all, own)| (all - own) / n).collect();
    let v01: Vec<f64> = joint_negative
        .iter()
        .zip(midranks(&negative))
        .map(|(all, own)| 1.0 - (all - own) / m)
        .collect();
    let auc = v10.iter().sum::<f64>() / m;
    let spread = |values: &[f64], count: f64| {
        values.iter().map(|value| (value - auc) * (value - auc)).sum::<f64>()
            / (count - 1.0)
            / count
    };
    Some((auc, spread(&v10, m) + spread(&v01, n)))
}

/// Ranks from 1; tied values share the mean of theirs.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn midranks(values: &[f64]) -> Vec<f64> {
    let order = ascending(values);
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while let Some(&first) = order.get(start) {
        let tied = order
            .iter()
            .skip(start)
            .take_while(|&&row| at(values, row).total_cmp(&at(values, first)).is_eq())
            .count();
        let rank = start as f64 + f64::midpoint(1.0, tied as f64);
        for &row in order.iter().skip(start).take(tied) {
            if let Some(slot) = ranks.get_mut(row) {
                *slot = rank;
            }
        }
        start += tied;
    }
    ranks
}

#[cfg(test)]
#[expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "small exact numbers")]
mod tests {
    use super::*;
    use ingot_base::Rng;

    /// The definition: structural components from all pairs.
    fn by_pairs(scores: &[f64], labels: &[f64]) -> (f64, f64) {
        let pick = |wanted: f64| -> Vec<f64> {
            scores.iter().zip(labels).filter(|(_, y)| **y == wanted).map(|(s, _)| *s).collect()
        };
        let (x, y) = (pick(1.0), pick(0.0));
        let psi = |a: f64, b: f64| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        };
        let (m, n) = (x.len() as f64, y.len() as f64);
        let auc = x.iter().flat_map(|&a| y.iter().map(move |&b| psi(a, b))).sum::<f64>() / (m * n);
        let s10: f64 = x
            .iter()
            .map(|&a| (y.iter().map(|&b| psi(a, b)).sum::<f64>() / n - auc).powi(2))
            .sum::<f64>()
            / (m - 1.0);
        let s01: f64 = y
            .iter()
            .map(|&b| (x.iter().map(|&a| psi(a, b)).sum::<f64>() / m - auc).powi(2))
            .sum::<f64>()
            / (n - 1.0);
        (auc, s10 / m + s01 / n)
    }

    #[test]
    fn equals_the_definition_with_ties() {
        let mut rng = Rng::new(3, "delong");
        let labels: Vec<f64> = (0..120).map(|_| f64::from(u8::from(rng.unit() < 0.3))).collect();
        let scores: Vec<f64> =
            labels.iter().map(|y| ((rng.unit() + y * 0.4) * 20.0).floor()).collect();
        let (auc, variance) = variance(&scores, &labels).unwrap();
        let (expected, spread) = by_pairs(&scores, &labels);
        assert!((auc - expected).abs() < 1e-12 && (variance - spread).abs() < 1e-12);
    }

    #[test]
    fn one_row_of_a_class_has_no_interval() {
        assert!(interval(&[0.1, 0.2, 0.3], &[0.0, 0.0, 1.0]).is_none());
    }
}
