//! Columns against the target: a feature that gives it away, classes that are hardly there.

use crate::math::{real, share};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bins of a number column.
const BINS: usize = 32;
/// Fewer rows to judge on say nothing.
const FEWEST: usize = 40;

/// How evenly rows spread over classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imbalance {
    /// Rows of the largest class divided by those of the smallest that has any.
    pub ratio: f64,
    /// Shannon entropy of the shares divided by that of equal shares, in [0, 1]; 1 is even.
    pub evenness: f64,
    /// Share of the smallest class that has rows.
    pub smallest: f64,
}

/// The spread of counts over classes; `None` with fewer than two classes that have rows.
pub fn imbalance(counts: &[u64]) -> Option<Imbalance> {
    let counts: Vec<usize> = counts
        .iter()
        .filter_map(|count| usize::try_from(*count).ok())
        .filter(|count| *count > 0)
        .collect();
    let (largest, smallest) = (*counts.iter().max()?, *counts.iter().min()?);
    if counts.len() < 2 {
        return None;
    }
    let whole: usize = counts.iter().sum();
    let entropy: f64 = counts.iter().map(|count| share(*count, whole)).map(|p| -p * p.ln()).sum();
    Some(Imbalance {
        ratio: share(largest, smallest),
        evenness: entropy / real(counts.len()).ln(),
        smallest: share(smallest, whole),
    })
}

/// What a column is to be compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// A class of every row.
    Classes(&'a [usize]),
    /// A number of every row.
    Numbers(&'a [f64]),
}

/// One part of a column and the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part<'a> {
    /// Values; NaN is missing.
    pub values: &'a [f64],
    /// Whether they are codes of categories rather than numbers.
    pub category: bool,
    /// The target of the same rows.
    pub target: Target<'a>,
}

/// How much of the target one column tells by itself, in [0, 1]: learned on one part, measured on another, so that a column of
/// names, which tells everything of the rows it was learned on, tells nothing.
///
/// Classes: the share of the target's entropy that the column explains (Theil's uncertainty coefficient on unseen rows).
/// Numbers: R². `None` when there is too little to judge.
pub fn tells(train: &Part<'_>, test: &Part<'_>) -> Option<f64> {
    if test.values.len() < FEWEST || train.values.len() < FEWEST {
        return None;
    }
    let cuts = if train.category { Vec::new() } else { cuts(train.values) };
    let keys = |part: &Part<'_>| -> Vec<u64> {
        part.values.iter().map(|value| key(*value, part.category, &cuts)).collect()
    };
    let (train_keys, test_keys) = (keys(train), keys(test));
    match (train.target, test.target) {
        (Target::Classes(known), Target::Classes(truth)) => {
            explained(&train_keys, known, &test_keys, truth)
        }
        (Target::Numbers(known), Target::Numbers(truth)) => {
            fitted(&train_keys, known, &test_keys, truth)
        }
        _ => None,
    }
}

/// Values between which a number column falls into bins of equal size.
fn cuts(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> =
        (1..BINS).filter_map(|bin| sorted.get(bin * sorted.len() / BINS).copied()).collect();
    cuts.dedup();
    cuts
}

fn key(value: f64, category: bool, cuts: &[f64]) -> u64 {
    if value.is_nan() {
        u64::MAX
    } else if category {
        value.to_bits()
    } else {
        cuts.partition_point(|cut| *cut <= value) as u64
    }
}

fn explained(keys: &[u64], known: &[usize], test: &[u64], truth: &[usize]) -> Option<f64> {
    let classes = known.iter().chain(truth).max()? + 1;
    let mut counts: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    let mut whole = vec![0.0; classes];
    for (key, class) in keys.iter().zip(known) {
        let slot = counts.entry(*key).or_insert_with(|| vec![0.0; classes]);
        for list in [slot, &mut whole] {
            if let Some(count) = list.get_mut(*class) {
                *count += 1.0;
            }
        }
    }
    // One row in all, shared by the classes, so that nothing is impossible (Perks 1947).
    let chance = |list: &[f64], class: usize| {
        let all: f64 = list.iter().sum();
        (list.get(class).copied().unwrap_or(0.0) + 1.0 / real(classes)) / (all + 1.0)
    };
    let (mut plain, mut better) = (0.0, 0.0);
    for (key, class) in test.iter().zip(truth) {
        plain -= chance(&whole, *class).ln();
        better -= chance(counts.get(key).unwrap_or(&whole), *class).ln();
    }
    (plain > 0.0).then(|| (1.0 - better / plain).clamp(0.0, 1.0))
}

fn fitted(keys: &[u64], known: &[f64], test: &[u64], truth: &[f64]) -> Option<f64> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    let mut whole = (0.0, 0.0);
    for (key, value) in keys.iter().zip(known).filter(|(_, value)| value.is_finite()) {
        let slot = sums.entry(*key).or_default();
        *slot = (slot.0 + value, slot.1 + 1.0);
        whole = (whole.0 + value, whole.1 + 1.0);
    }
    let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
    let (mut plain, mut better) = (0.0, 0.0);
    for (key, value) in test.iter().zip(truth).filter(|(_, value)| value.is_finite()) {
        plain += (value - mean(whole)).powi(2);
        better += (value - sums.get(key).map_or(mean(whole), |slot| mean(*slot))).powi(2);
    }
    (plain > 0.0).then(|| (1.0 - better / plain).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Rng;

    #[test]
    fn even_and_uneven_classes() {
        let even = imbalance(&[50, 50, 0]).unwrap();
        assert!((even.ratio - 1.0).abs() < 1e-12 && (even.evenness - 1.0).abs() < 1e-12);
        let uneven = imbalance(&[990, 10]).unwrap();
        assert!((uneven.ratio - 99.0).abs() < 1e-12 && (uneven.smallest - 0.01).abs() < 1e-12);
        assert!((uneven.evenness - 0.0808).abs() < 1e-4);
        assert_eq!(imbalance(&[7]), None);
    }

    #[test]
    fn the_answer_in_a_column_is_seen_and_names_are_not() {
        let mut rng = Rng::new(3, "test");
        let classes: Vec<usize> = (0..2000).map(|_| rng.below(3)).collect();
        let numbers: Vec<f64> =
            classes.iter().map(|class| real(*class) * 10.0 + rng.unit()).collect();
        let names: Vec<f64> = (0..2000).map(real).collect();
        let noise: Vec<f64> = (0..2000).map(|_| rng.unit()).collect();
        let tell = |values: &[f64], category: bool| {
            let part = |rows: std::ops::Range<usize>| {
                (values[rows.clone()].to_vec(), classes[rows].to_vec())
            };
            let ((a, b), (c, d)) = (part(0..1000), part(1000..2000));
            let part =
                |values, classes| Part { values, category, target: Target::Classes(classes) };
            tells(&part(&a, &b), &part(&c, &d)).unwrap()
        };
        assert!(tell(&numbers, false) > 0.9);
        assert!(tell(&names, true) < 0.01);
        assert!(tell(&noise, false) < 0.05);
        let target: Vec<f64> = numbers.iter().map(|value| value * 3.0).collect();
        let part = |rows: std::ops::Range<usize>| Part {
            values: &numbers[rows.clone()],
            category: false,
            target: Target::Numbers(&target[rows]),
        };
        assert!(tells(&part(0..1000), &part(1000..2000)).unwrap() > 0.99);
        assert_eq!(tells(&part(0..1000), &part(0..10)), None);
    }
}
