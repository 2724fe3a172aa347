//! Histograms of a sensitive column: rows, or persons where a column names them.
//!
//! A person may have several values in a group: diagnoses of several visits. Two figures tell of each value then. How many persons
//! *hold* it says what somebody learns who wants to know it of a person: the confidence of (X, Y)-linkability of Wang and Fung,
//! "Anonymizing sequential releases" (2006), Y being persons. And its *weight* makes a distribution of them: each person weighs one
//! in all, in equal parts over the person's different values, however many rows these have. Both are the count of rows where everybody
//! has one row.

use super::groups::sorted;
use super::numbers::{at, code};
use super::persons::Held;

/// A person's weight: divisible by every number of values up to 16. Of more values the first may weigh one more than the others; of more
/// values than this each weighs one.
const PERSON: u64 = 720_720;

/// Histograms of one sensitive column, one a group, values ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread {
    starts: Vec<u32>,
    values: Vec<u32>,
    /// Rows that have the value, or persons that hold it.
    counts: Vec<u32>,
    /// The values' weights; empty where each row is a person.
    weights: Vec<u64>,
    /// Who holds which; none where each row is a person.
    held: Option<Held>,
}

/// One group's values, their counts and, where persons are known, their weights.
pub(super) type Histogram<'a> = (&'a [u32], &'a [u32], &'a [u64]);

impl Spread {
    pub(super) fn of(&self, group: usize) -> Histogram<'_> {
        let range = at(&self.starts, group) as usize..at(&self.starts, group + 1) as usize;
        (
            self.values.get(range.clone()).unwrap_or(&[]),
            self.counts.get(range.clone()).unwrap_or(&[]),
            self.weights.get(range).unwrap_or(&[]),
        )
    }

    /// Different values of a group.
    pub(super) fn different(&self, group: usize) -> usize {
        self.of(group).0.len()
    }

    /// One value an item: histograms by group.
    pub(super) fn from_rows(values: &[u32], ids: &[u32], groups: usize, distinct: usize) -> Self {
        let one = |item: usize, add: &mut dyn FnMut(u32, u32)| add(at(values, item), 1);
        Self::gather(ids, groups, distinct, one)
    }

    /// Histograms of what persons hold, by group.
    pub(super) fn from_held(held: Held, groups: usize, distinct: usize) -> Self {
        let mut spread = Self::default();
        spread.starts.reserve(groups + 1);
        let mut sums = Sums::new(distinct);
        for group in 0..groups {
            spread.starts.push(code(spread.values.len()));
            sums.add(held.of(group));
            sums.drain(|value, count, weight| {
                spread.values.push(value);
                spread.counts.push(count);
                spread.weights.push(weight);
            });
        }
        spread.starts.push(code(spread.values.len()));
        Self { held: Some(held), ..spread }
    }

    /// Groups become coarser: `ids` is each group's new number.
    pub(super) fn roll_up(&self, ids: &[u32], groups: usize, distinct: usize) -> Self {
        if let Some(held) = &self.held {
            return Self::from_held(held.roll_up(ids, groups), groups, distinct);
        }
        let many = |item: usize, add: &mut dyn FnMut(u32, u32)| {
            let (values, counts, _) = self.of(item);
            for (value, count) in values.iter().zip(counts) {
                add(*value, *count);
            }
        };
        Self::gather(ids, groups, distinct, many)
    }

    /// Without the histograms of groups that are not kept.
    pub(super) fn only(&self, kept: &[bool]) -> Self {
        let groups = kept.iter().enumerate().map(|(group, keep)| keep.then_some(group));
        self.picked(groups, self.held.as_ref().map(|held| held.only(kept)))
    }

    /// The histograms of some groups, in their order.
    pub(super) fn select(&self, items: &[u32]) -> Self {
        let groups = items.iter().map(|item| Some(*item as usize));
        self.picked(groups, self.held.as_ref().map(|held| held.select(items)))
    }

    fn picked(&self, groups: impl Iterator<Item = Option<usize>>, held: Option<Held>) -> Self {
        let mut spread = Self { held, ..Self::default() };
        for group in groups {
            spread.starts.push(code(spread.values.len()));
            let (values, counts, weights) = group.map(|group| self.of(group)).unwrap_or_default();
            spread.values.extend_from_slice(values);
            spread.counts.extend_from_slice(counts);
            spread.weights.extend_from_slice(weights);
        }
        spread.starts.push(code(spread.values.len()));
        spread
    }

    /// Each value's count and weight over the kept groups, where a person is one however many groups have rows of that person.
    pub(super) fn whole(&self, kept: &[bool], distinct: usize) -> Whole {
        let groups = || kept.iter().enumerate().filter(|(_, keep)| **keep).map(|(group, _)| group);
        let mut whole = Whole { counts: vec![0; distinct], weights: Vec::new() };
        let Some(held) = &self.held else {
            for group in groups() {
                let (values, counts, _) = self.of(group);
                for (value, count) in values.iter().zip(counts) {
                    if let Some(sum) = whole.counts.get_mut(*value as usize) {
                        *sum += u64::from(*count);
                    }
                }
            }
            return whole;
        };
        whole.weights = vec![0; distinct];
        let mut sum = |value: u32, count: u32, weight: u64| {
            let place = value as usize;
            if let (Some(counts), Some(weights)) =
                (whole.counts.get_mut(place), whole.weights.get_mut(place))
            {
                *counts += u64::from(count);
                *weights += weight;
            }
        };
        if held.apart() {
            for group in groups() {
                let (values, counts, weights) = self.of(group);
                for ((value, count), weight) in values.iter().zip(counts).zip(weights) {
                    sum(*value, *count, *weight);
                }
            }
        } else {
            let mut sums = Sums::new(distinct);
            sums.add(&held.united(groups()));
            sums.drain(sum);
        }
        whole
    }

    fn gather(
        ids: &[u32],
        groups: usize,
        distinct: usize,
        each: impl Fn(usize, &mut dyn FnMut(u32, u32)),
    ) -> Self {
        let (order, bounds) = sorted(ids, groups);
        let mut spread = Self::default();
        spread.starts.reserve(groups + 1);
        let mut counts = vec![0_u32; distinct];
        let mut touched: Vec<u32> = Vec::new();
        for group in 0..groups {
            spread.starts.push(code(spread.values.len()));
            let range = at(&bounds, group) as usize..at(&bounds, group + 1) as usize;
            for item in order.get(range).unwrap_or(&[]) {
                each(*item as usize, &mut |value, more| {
                    if let Some(count) = counts.get_mut(value as usize) {
                        if *count == 0 {
                            touched.push(value);
                        }
                        *count += more;
                    }
                });
            }
            touched.sort_unstable();
            for value in touched.drain(..) {
                if let Some(count) = counts.get_mut(value as usize) {
                    spread.values.push(value);
                    spread.counts.push(std::mem::take(count));
                }
            }
        }
        spread.starts.push(code(spread.values.len()));
        spread
    }
}

/// A column's values over several groups.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) counts: Vec<u64>,
    /// Empty where each row is a person.
    pub(super) weights: Vec<u64>,
}

/// What persons hold, summed by value.
struct Sums {
    sums: Vec<(u32, u64)>,
    touched: Vec<u32>,
}

impl Sums {
    fn new(distinct: usize) -> Self {
        Self { sums: vec![(0, 0); distinct], touched: Vec::new() }
    }

    /// The values of a person stand together, each once.
    fn add(&mut self, held: &[(u32, u32)]) {
        for of_one in held.chunk_by(|a, b| a.0 == b.0) {
            let several = of_one.len() as u64;
            let whole = PERSON.max(several);
            let (part, rest) = (whole / several, whole % several);
            for ((_, value), place) in of_one.iter().zip(0..) {
                if let Some((count, weight)) = self.sums.get_mut(*value as usize) {
                    if *count == 0 {
                        self.touched.push(*value);
                    }
                    *count += 1;
                    *weight += part + u64::from(place < rest);
                }
            }
        }
    }

    /// Each value with its count and weight, ascending; nothing is left.
    fn drain(&mut self, mut each: impl FnMut(u32, u32, u64)) {
        self.touched.sort_unstable();
        for value in self.touched.drain(..) {
            if let Some(sum) = self.sums.get_mut(value as usize) {
                let (count, weight) = std::mem::take(sum);
                each(value, count, weight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anonymity::persons::Persons;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Each value's holders and weight, from the rows.
    fn anew(rows: &[(u32, u32)]) -> BTreeMap<u32, (u32, u64)> {
        let mut of: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (person, value) in rows {
            of.entry(*person).or_default().insert(*value);
        }
        let mut sums: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
        for values in of.values() {
            for value in values {
                let sum = sums.entry(*value).or_default();
                *sum = (sum.0 + 1, sum.1 + PERSON / values.len() as u64);
            }
        }
        sums
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn persons_weigh_one_however_groups_merge(
            rows in prop::collection::vec((0_u32..9, 0_u32..5, 0_u32..6), 1..60),
            apart in any::<bool>(),
            coarser in prop::collection::vec(0_u32..3, 6),
            kept in prop::collection::vec(any::<bool>(), 6),
        ) {
            // Either anybody is anywhere, or each person in one group.
            let group = |row: &(u32, u32, u32)| if apart { row.0 % 6 } else { row.2 };
            let ids: Vec<u32> = rows.iter().map(group).collect();
            let persons: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let held: Vec<(u32, u32)> = rows.iter().map(|row| (row.0, row.1)).collect();
            let distinct = persons.iter().collect::<BTreeSet<_>>().len();
            let fine = Persons::from_rows(&persons, &ids, 6, distinct).held(&held, &ids);
            prop_assert!(!apart || fine.apart());
            let fine = Spread::from_held(fine, 6, 5);
            let of = |wanted: &dyn Fn(u32) -> bool| {
                let rows = rows.iter().filter(|row| wanted(group(row)));
                anew(&rows.map(|row| (row.0, row.1)).collect::<Vec<_>>())
            };
            let found = |spread: &Spread, group: usize| -> BTreeMap<u32, (u32, u64)> {
                let (values, counts, weights) = spread.of(group);
                let sums = counts.iter().copied().zip(weights.iter().copied());
                values.iter().copied().zip(sums).collect()
            };
            let rolled = fine.roll_up(&coarser, 3, 5);
            for group in 0..3_u32 {
                let expected = of(&|id| coarser[id as usize] == group);
                prop_assert_eq!(found(&rolled, group as usize), expected);
            }
            let some: Vec<u32> = (0..6).filter(|group| kept[*group as usize]).collect();
            let (only, chosen) = (fine.only(&kept), fine.select(&some));
            for (place, group) in some.iter().enumerate() {
                let expected = of(&|id| id == *group);
                prop_assert_eq!(found(&only, *group as usize), expected.clone());
                prop_assert_eq!(found(&chosen, place), expected);
            }
            let whole = fine.whole(&kept, 5);
            let sums = whole.counts.iter().zip(&whole.weights).map(|(count, weight)| (code(usize::try_from(*count).unwrap()), *weight));
            let present: BTreeMap<u32, (u32, u64)> = (0..).zip(sums).filter(|(_, sum)| sum.0 > 0).collect();
            prop_assert_eq!(present, of(&|id| kept[id as usize]));
        }
    }

    #[test]
    fn whoever_has_more_values_than_divide_evenly_still_weighs_one() {
        let held: Vec<(u32, u32)> = (0..17).map(|value| (0, value)).collect();
        let mut sums = Sums::new(17);
        sums.add(&held);
        let (mut whole, mut parts) = (0, BTreeSet::new());
        sums.drain(|_, count, weight| {
            assert_eq!(count, 1);
            whole += weight;
            parts.insert(weight);
        });
        assert_eq!(whole, PERSON);
        assert_eq!(parts, BTreeSet::from([PERSON / 17, PERSON / 17 + 1]));
    }
}
