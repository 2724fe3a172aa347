//! How much of each type the detector finds: counts that `bench/pii.py` measured on text that no part of it was made from.

use crate::attack::{Rate, wilson};
use std::collections::BTreeMap;

const MEASURED: &str = include_str!("data/quality.csv");

/// Values of each type in the measuring sets: how many were found, of how many; under `""` those of all types.
pub fn measured() -> BTreeMap<&'static str, Rate> {
    let mut counts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for line in MEASURED.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(kind), Some(found), Some(of)) = (
            cells.next(),
            cells.next().and_then(|cell| cell.parse::<u64>().ok()),
            cells.next().and_then(|cell| cell.parse::<u64>().ok()),
        ) else {
            continue;
        };
        for key in [kind, ""] {
            let sum = counts.entry(key).or_default();
            *sum = (sum.0 + found, sum.1 + of);
        }
    }
    counts.into_iter().map(|(kind, (found, of))| (kind, wilson(found, of))).collect()
}

/// The lower end of the 95 % interval of a type's recall; of all types together where the type was not measured. In (0, 1).
pub fn recall_at_least(kind: &str) -> f64 {
    let all = measured();
    let rate = all.get(kind).or_else(|| all.get(""));
    rate.map_or(0.5, |rate| rate.lower).clamp(0.01, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measured_type_is_one_of_ours() {
        let all = measured();
        assert!(all.len() > 12);
        for (kind, rate) in all {
            assert!(kind.is_empty() || crate::detect::Kind::parse(kind).is_some(), "{kind}");
            assert!(rate.hits <= rate.of && rate.of > 0, "{kind}");
        }
        assert!(recall_at_least("email") > recall_at_least("organization"));
        assert!((recall_at_least("no such type") - recall_at_least("")).abs() < 1e-12);
    }
}
