//! Who is in which group, where a column says so: a class of many rows may still be one person.
//!
//! With such a column k asks for (X, Y)-anonymity of Wang and Fung, "Anonymizing sequential releases" (2006): at least k different
//! persons (Y) for each combination of quasi-identifiers (X). Merging groups never makes them fewer, so all that the search knows of
//! k holds unchanged.

use super::groups::sorted;
use super::numbers::{at, code};

/// The persons of groups, each once in a group.
#[derive(Debug, Clone)]
pub(super) struct Persons {
    starts: Vec<u32>,
    numbers: Vec<u32>,
    /// Whether no person is in two groups: then nothing has to be compared.
    apart: bool,
}

impl Persons {
    /// One person an item, of so many different ones: the persons of each group.
    pub(super) fn from_rows(persons: &[u32], ids: &[u32], groups: usize, distinct: usize) -> Self {
        let (order, bounds) = sorted(ids, groups);
        let mut all = Self::gather(groups, false, |group, numbers| {
            numbers.extend(
                range(&order, &bounds, group).iter().map(|item| at(persons, *item as usize)),
            );
        });
        all.apart = all.numbers.len() == distinct;
        all
    }

    /// Groups become coarser: `ids` is each group's new number.
    pub(super) fn roll_up(&self, ids: &[u32], groups: usize) -> Self {
        let (order, bounds) = sorted(ids, groups);
        Self::gather(groups, self.apart, |group, numbers| {
            for item in range(&order, &bounds, group) {
                numbers.extend_from_slice(self.of(*item as usize));
            }
        })
    }

    /// Without the persons of groups that are not kept.
    pub(super) fn only(&self, kept: &[bool]) -> Self {
        Self::gather(kept.len(), true, |group, numbers| {
            if kept.get(group) == Some(&true) {
                numbers.extend_from_slice(self.of(group));
            }
        })
        .with(self.apart)
    }

    /// The persons of some groups, in their order.
    pub(super) fn select(&self, items: &[u32]) -> Self {
        Self::gather(items.len(), true, |group, numbers| {
            numbers.extend_from_slice(self.of(at(items, group) as usize));
        })
        .with(self.apart)
    }

    /// How many persons are in a group.
    pub(super) fn count(&self, group: usize) -> u32 {
        code(self.of(group).len())
    }

    /// How many persons are in some groups together.
    pub(super) fn together(&self, groups: impl Iterator<Item = usize>) -> u64 {
        if self.apart {
            return groups.map(|group| self.of(group).len() as u64).sum();
        }
        let mut numbers: Vec<u32> = groups.flat_map(|group| self.of(group)).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len() as u64
    }

    fn of(&self, group: usize) -> &[u32] {
        range(&self.numbers, &self.starts, group)
    }

    fn with(self, apart: bool) -> Self {
        Self { apart, ..self }
    }

    /// `add` puts the persons of a group behind the others; `each_once` says that it never repeats one.
    fn gather(groups: usize, each_once: bool, add: impl Fn(usize, &mut Vec<u32>)) -> Self {
        let mut all =
            Self { starts: Vec::with_capacity(groups + 1), numbers: Vec::new(), apart: each_once };
        let mut here = Vec::new();
        for group in 0..groups {
            all.starts.push(code(all.numbers.len()));
            if each_once {
                add(group, &mut all.numbers);
                continue;
            }
            add(group, &mut here);
            here.sort_unstable();
            here.dedup();
            all.numbers.append(&mut here);
        }
        all.starts.push(code(all.numbers.len()));
        all
    }
}

/// The items of a group.
fn range<'a>(items: &'a [u32], bounds: &[u32], group: usize) -> &'a [u32] {
    items.get(at(bounds, group) as usize..at(bounds, group + 1) as usize).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn persons_are_counted_once_however_groups_merge(
            rows in prop::collection::vec((0_u32..12, 0_u32..6), 1..60),
            coarser in prop::collection::vec(0_u32..3, 6),
            kept in prop::collection::vec(any::<bool>(), 6),
        ) {
            let (persons, ids): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
            let everyone: BTreeSet<u32> = persons.iter().copied().collect();
            let of = |wanted: &dyn Fn(u32) -> bool| -> BTreeSet<u32> {
                rows.iter().filter(|row| wanted(row.1)).map(|row| row.0).collect()
            };
            let fine = Persons::from_rows(&persons, &ids, 6, everyone.len());
            let rolled = fine.roll_up(&coarser, 3);
            for group in 0..3_u32 {
                let expected = of(&|id| coarser[id as usize] == group).len();
                prop_assert_eq!(rolled.count(group as usize) as usize, expected);
            }
            let chosen = (0..6).filter(|group| kept[*group]);
            let expected = of(&|id| kept[id as usize]).len() as u64;
            prop_assert_eq!(fine.together(chosen.clone()), expected);
            prop_assert_eq!(fine.only(&kept).together(0..6), expected);
            let items: Vec<u32> = chosen.map(code).collect();
            prop_assert_eq!(fine.select(&items).together(0..items.len()), expected);
        }
    }
}
