//! Inner folds: which training rows are held out together.

use ingot_base::Rng;
use std::collections::BTreeMap;

/// Deals rows into `folds` so that every stratum is spread evenly. Deterministic in `seed`.
pub(crate) fn stratified(strata: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut rng = Rng::new(seed, "folds");
    let mut order: Vec<usize> = (0..strata.len()).collect();
    rng.shuffle(&mut order);
    // A stable sort keeps the shuffled order within a stratum; dealing on without a reset balances the folds' sizes.
    order.sort_by_key(|&row| strata.get(row).copied().unwrap_or_default());
    let mut fold_of = vec![0; strata.len()];
    for (turn, row) in order.into_iter().enumerate() {
        if let Some(fold) = fold_of.get_mut(row) {
            *fold = turn % folds;
        }
    }
    fold_of
}

/// Deals whole groups into `folds`, the largest first to where fewest of the same strata are, so that every stratum is spread as evenly as the
/// groups allow. Deterministic in `seed`.
pub(crate) fn grouped(groups: &[u32], strata: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let count = groups.iter().map(|&group| group as usize + 1).max().unwrap_or_default();
    let kinds = strata.iter().max().map_or(1, |last| last + 1);
    // Rows of each stratum in each group, for the strata that it has.
    let mut members: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); count];
    for (row, &group) in groups.iter().enumerate() {
        if let Some(members) = members.get_mut(group as usize) {
            *members.entry(strata.get(row).copied().unwrap_or_default()).or_default() += 1;
        }
    }
    let size = |members: &BTreeMap<usize, usize>| members.values().sum::<usize>();
    let mut order: Vec<(usize, usize)> = members.iter().map(size).enumerate().collect();
    Rng::new(seed, "folds").shuffle(&mut order);
    order.sort_by_key(|&(_, size)| std::cmp::Reverse(size));
    let mut loads = vec![vec![0_usize; kinds]; folds];
    let mut fold_of_group = vec![0; count];
    for (group, _) in order {
        let Some(members) = members.get(group) else { continue };
        let load = |fold: usize| {
            let load = loads.get(fold).map(Vec::as_slice).unwrap_or_default();
            let same = |(kind, rows): (&usize, &usize)| rows * load.get(*kind).unwrap_or(&0);
            (members.iter().map(same).sum::<usize>(), load.iter().sum::<usize>())
        };
        let lightest = (0..folds).min_by_key(|&fold| load(fold)).unwrap_or_default();
        if let (Some(load), Some(fold)) = (loads.get_mut(lightest), fold_of_group.get_mut(group)) {
            for (kind, rows) in members {
                if let Some(load) = load.get_mut(*kind) {
                    *load += rows;
                }
            }
            *fold = lightest;
        }
    }
    groups
        .iter()
        .map(|&group| fold_of_group.get(group as usize).copied().unwrap_or_default())
        .collect()
}

/// Strata of numbers: ten bins of equal size by rank.
pub(crate) fn deciles(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| {
        let value = |row: usize| values.get(row).copied().unwrap_or(f64::NAN);
        value(a).total_cmp(&value(b))
    });
    let mut bins = vec![0; values.len()];
    for (rank, row) in order.into_iter().enumerate() {
        if let Some(bin) = bins.get_mut(row) {
            *bin = rank * 10 / values.len().max(1);
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_spread_evenly() {
        let strata: Vec<usize> = (0..103).map(|row| usize::from(row % 10 == 0)).collect();
        let folds = stratified(&strata, 5, 42);
        for fold in 0..5 {
            let rows = folds.iter().filter(|&&f| f == fold).count();
            let rare = folds.iter().zip(&strata).filter(|&(&f, &s)| f == fold && s == 1).count();
            assert!((20..=21).contains(&rows) && (2..=3).contains(&rare), "{rows} {rare}");
        }
        assert_eq!(folds, stratified(&strata, 5, 42));
        assert_ne!(folds, stratified(&strata, 5, 43));
    }

    #[test]
    fn a_group_is_never_torn() {
        let groups: Vec<u32> = (0..200).map(|row| row * row % 37).collect();
        let folds = grouped(&groups, &[], 4, 1);
        for (row, group) in groups.iter().enumerate() {
            let first = groups.iter().position(|other| other == group).unwrap();
            assert_eq!(folds[row], folds[first]);
        }
        for fold in 0..4 {
            assert!(folds.iter().filter(|&&f| f == fold).count() >= 35);
        }
    }

    #[test]
    fn classes_are_spread_evenly_over_folds_of_groups() {
        let groups: Vec<u32> = (0..300).map(|row| if row < 30 { row / 6 } else { row }).collect();
        let rare = |row: u32| usize::from(row % 12 == 5);
        let strata: Vec<usize> = (0..300).map(rare).collect();
        let folds = grouped(&groups, &strata, 5, 3);
        for fold in 0..5 {
            let rows = folds.iter().filter(|&&other| other == fold).count();
            let rare = folds.iter().zip(&strata).filter(|&(&f, &s)| f == fold && s == 1).count();
            assert!((59..=61).contains(&rows) && rare == 5, "{rows} {rare}");
        }
        assert_eq!(folds[..6], [folds[0]; 6]);
    }

    #[test]
    fn deciles_are_by_rank() {
        let bins = deciles(&(0..20).rev().map(f64::from).collect::<Vec<_>>());
        assert_eq!((bins[0], bins[19]), (9, 0));
    }
}
