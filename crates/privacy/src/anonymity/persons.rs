//! Who is in which group, where a column says so: a class of many rows may still be one person.
//!
//! With such a column k asks for (X, Y)-anonymity of Wang and Fung, "Anonymizing sequential releases" (2006): at least k different
//! persons (Y) for each combination of quasi-identifiers (X). Merging groups never makes them fewer, so all that the search knows of
//! k holds unchanged. What the persons of a group hold of a sensitive column is [`Held`].

use super::groups::sorted;
use super::numbers::{at, code};

/// The persons of groups.
pub(super) type Persons = Listed<u32>;

/// The persons of groups with their values of one sensitive column: a person with several values is listed with each.
pub(super) type Held = Listed<(u32, u32)>;

/// What belongs to groups, each once in a group.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    starts: Vec<u32>,
    items: Vec<T>,
    /// Whether no person is in two groups: then nothing has to be compared.
    apart: bool,
}

impl Persons {
    /// One person an item, of so many different ones: the persons of each group.
    pub(super) fn from_rows(persons: &[u32], ids: &[u32], groups: usize, distinct: usize) -> Self {
        let mut all = Self::by_group(persons, ids, groups);
        all.apart = all.items.len() == distinct;
        all
    }

    /// The persons with their values, one of each an item.
    pub(super) fn held(&self, of_rows: &[(u32, u32)], ids: &[u32]) -> Held {
        Held::by_group(of_rows, ids, self.starts.len().saturating_sub(1)).with(self.apart)
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
        self.united(groups).len() as u64
    }
}

impl<T: Copy + Default + Ord> Listed<T> {
    fn by_group(of_rows: &[T], ids: &[u32], groups: usize) -> Self {
        let (order, bounds) = sorted(ids, groups);
        Self::gather(groups, false, |group, here| {
            here.extend(
                range(&order, &bounds, group).iter().map(|item| at(of_rows, *item as usize)),
            );
        })
    }

    /// Groups become coarser: `ids` is each group's new number.
    pub(super) fn roll_up(&self, ids: &[u32], groups: usize) -> Self {
        let (order, bounds) = sorted(ids, groups);
        Self::gather(groups, self.apart, |group, here| {
            for item in range(&order, &bounds, group) {
                here.extend_from_slice(self.of(*item as usize));
            }
        })
    }

    /// Without what belongs to groups that are not kept.
    pub(super) fn only(&self, kept: &[bool]) -> Self {
        Self::gather(kept.len(), true, |group, here| {
            if kept.get(group) == Some(&true) {
                here.extend_from_slice(self.of(group));
            }
        })
        .with(self.apart)
    }

    /// Some groups, in their order.
    pub(super) fn select(&self, items: &[u32]) -> Self {
        Self::gather(items.len(), true, |group, here| {
            here.extend_from_slice(self.of(at(items, group) as usize));
        })
        .with(self.apart)
    }

    /// Whether no person is in two groups.
    pub(super) fn apart(&self) -> bool {
        self.apart
    }

    /// What belongs to some groups together, each once, ascending.
    pub(super) fn united(&self, groups: impl Iterator<Item = usize>) -> Vec<T> {
        let mut all: Vec<T> = groups.flat_map(|group| self.of(group)).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn of(&self, group: usize) -> &[T] {
        range(&self.items, &self.starts, group)
    }

    fn with(self, apart: bool) -> Self {
        Self { apart, ..self }
    }

    /// `add` puts what belongs to a group behind the others; `each_once` says that it never repeats anything.
    fn gather(groups: usize, each_once: bool, add: impl Fn(usize, &mut Vec<T>)) -> Self {
        let mut all =
            Self { starts: Vec::with_capacity(groups + 1), items: Vec::new(), apart: each_once };
        let mut here = Vec::new();
        for group in 0..groups {
            all.starts.push(code(all.items.len()));
            if each_once {
                add(group, &mut all.items);
                continue;
            }
            add(group, &mut here);
            here.sort_unstable();
            here.dedup();
            all.items.append(&mut here);
        }
        all.starts.push(code(all.items.len()));
        all
    }
}

/// The items of a group.
fn range<'a, T>(items: &'a [T], bounds: &[u32], group: usize) -> &'a [T] {
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
