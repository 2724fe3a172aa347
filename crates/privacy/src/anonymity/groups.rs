//! Equivalence classes: grouping rows, and rolling groups up to coarser levels without going back to the rows.

use super::numbers::{at, by, code, mix};
use super::persons::Persons;
use super::spread::Spread;
use rayon::prelude::*;

/// No group yet.
const NONE: u32 = u32::MAX;
/// Rows that one task takes.
const CHUNK: usize = 1 << 16;

/// Items by group (a counting sort), and where each group begins.
pub(super) fn sorted(ids: &[u32], groups: usize) -> (Vec<u32>, Vec<u32>) {
    let mut bounds = vec![0_u32; groups + 1];
    for id in ids {
        if let Some(count) = bounds.get_mut(*id as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for bound in &mut bounds {
        sum += *bound;
        *bound = sum;
    }
    let mut next = bounds.clone();
    let mut order = vec![0_u32; ids.len()];
    for (item, id) in ids.iter().enumerate() {
        if let Some(place) = next.get_mut(*id as usize) {
            if let Some(slot) = order.get_mut(*place as usize) {
                *slot = code(item);
            }
            *place += 1;
        }
    }
    (order, bounds)
}

/// Groups of rows that agree at some levels.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    /// Quasi-identifiers.
    pub(super) width: usize,
    /// The column codes of one row of each group, group after group.
    pub(super) codes: Vec<u32>,
    /// Rows of the table in each group.
    pub(super) rows: Vec<u32>,
    /// Rows of the population in each group; empty without one.
    pub(super) people: Vec<u32>,
    /// The persons in each group; none where each row is a person.
    pub(super) persons: Option<Persons>,
    /// One a sensitive column.
    pub(super) spreads: Vec<Spread>,
}

impl Groups {
    /// Groups rows by their codes; also each row's group. The first `rows` rows are the table's, the others the population's.
    ///
    /// Without columns all rows are one group.
    pub(super) fn of_rows(
        columns: &[&[u32]],
        sizes: &[u32],
        rows: usize,
        all: usize,
    ) -> (Self, Vec<u32>) {
        let (ids, firsts) = number(columns, sizes, all);
        let mut groups = Self {
            width: columns.len(),
            codes: Vec::with_capacity(firsts.len() * columns.len()),
            rows: vec![0; firsts.len()],
            people: if all > rows { vec![0; firsts.len()] } else { Vec::new() },
            persons: None,
            spreads: Vec::new(),
        };
        for first in &firsts {
            groups.codes.extend(columns.iter().map(|column| by(column, *first)));
        }
        let (table, people) = ids.split_at(rows.min(ids.len()));
        count(&mut groups.rows, table, |_| 1);
        count(&mut groups.people, people, |_| 1);
        (groups, ids)
    }

    /// The groups with the table's rows only where kept; the population stays.
    pub(super) fn only(&self, kept: &[bool]) -> Self {
        let rows = self.rows.iter().zip(kept).map(|(rows, keep)| if *keep { *rows } else { 0 });
        Self {
            width: self.width,
            codes: self.codes.clone(),
            rows: rows.collect(),
            people: self.people.clone(),
            persons: self.persons.as_ref().map(|persons| persons.only(kept)),
            spreads: self.spreads.iter().map(|spread| spread.only(kept)).collect(),
        }
    }

    /// Some groups, in their order.
    pub(super) fn select(&self, items: &[u32]) -> Self {
        let codes = items.iter().flat_map(|item| self.representative(*item as usize));
        let people = if self.people.is_empty() { &[][..] } else { items };
        Self {
            width: self.width,
            codes: codes.copied().collect(),
            rows: items.iter().map(|item| by(&self.rows, *item)).collect(),
            people: people.iter().map(|item| by(&self.people, *item)).collect(),
            persons: self.persons.as_ref().map(|persons| persons.select(items)),
            spreads: self.spreads.iter().map(|spread| spread.select(items)).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The table's persons in a group; without a column that names them each row is one.
    pub(super) fn size(&self, group: usize) -> u32 {
        let rows = || at(&self.rows, group);
        self.persons.as_ref().map_or_else(rows, |persons| persons.count(group))
    }

    /// The table's persons in some groups, each once.
    pub(super) fn together(&self, groups: impl Iterator<Item = usize>) -> u64 {
        match &self.persons {
            Some(persons) => persons.together(groups),
            None => groups.map(|group| u64::from(at(&self.rows, group))).sum(),
        }
    }

    /// The table's persons.
    pub(super) fn everyone(&self) -> u64 {
        self.together(0..self.len())
    }

    /// The codes of a group's representative.
    pub(super) fn representative(&self, group: usize) -> &[u32] {
        self.codes.get(group * self.width..(group + 1) * self.width).unwrap_or(&[])
    }

    /// Each group's number among the coarser groups that `maps` (column code → level code, with the level's size) makes; and
    /// how many there are.
    pub(super) fn coarser(&self, maps: &[(&[u32], u32)]) -> (Vec<u32>, Vec<u32>) {
        let active: Vec<(usize, &[u32], u32)> = maps
            .iter()
            .enumerate()
            .filter(|(_, (_, size))| *size > 1)
            .map(|(place, (map, size))| (place, *map, *size))
            .collect();
        let mut ids = vec![0_u32; self.len()];
        let mut firsts = vec![0_u32; self.len().min(1)];
        let mut rest = active.as_slice();
        while !rest.is_empty() {
            // As many columns as one word takes, over the groups so far.
            let mut space = firsts.len() as u64;
            let mut tables: Vec<(usize, Vec<u64>)> = Vec::new();
            while let Some(((place, map, size), after)) = rest.split_first() {
                let Some(larger) = space.checked_mul(u64::from(*size)) else { break };
                tables.push((*place, map.iter().map(|level| u64::from(*level) * space).collect()));
                space = larger;
                rest = after;
            }
            let keys: Vec<u64> = self
                .codes
                .chunks_exact(self.width.max(1))
                .zip(&ids)
                .map(|(codes, id)| {
                    let terms = tables.iter().map(|(place, table)| by(table, at(codes, *place)));
                    terms.fold(u64::from(*id), u64::wrapping_add)
                })
                .collect();
            (ids, firsts) = dense(&keys, space);
        }
        (ids, firsts)
    }

    /// The coarser groups themselves, with histograms where these have them and `spread` asks for them.
    pub(super) fn roll_up(&self, ids: &[u32], firsts: &[u32], spread: Option<&[usize]>) -> Self {
        let mut groups = Self {
            width: self.width,
            codes: Vec::with_capacity(firsts.len() * self.width),
            rows: vec![0; firsts.len()],
            people: if self.people.is_empty() { Vec::new() } else { vec![0; firsts.len()] },
            persons: self.persons.as_ref().map(|persons| persons.roll_up(ids, firsts.len())),
            spreads: Vec::new(),
        };
        for first in firsts {
            groups.codes.extend_from_slice(self.representative(*first as usize));
        }
        count(&mut groups.rows, ids, |item| at(&self.rows, item));
        count(&mut groups.people, ids, |item| at(&self.people, item));
        for (spread, distinct) in self.spreads.iter().zip(spread.unwrap_or(&[])) {
            groups.spreads.push(spread.roll_up(ids, firsts.len(), *distinct));
        }
        groups
    }
}

/// Adds each item's weight to its group.
fn count(sums: &mut [u32], ids: &[u32], weight: impl Fn(usize) -> u32) {
    for (item, id) in ids.iter().enumerate() {
        if let Some(sum) = sums.get_mut(*id as usize) {
            *sum += weight(item);
        }
    }
}

/// Numbers the different rows of some columns, in order of first appearance: each row's number, each number's first row.
fn number(columns: &[&[u32]], sizes: &[u32], rows: usize) -> (Vec<u32>, Vec<u32>) {
    let mut ids = vec![0_u32; rows];
    let mut firsts = vec![0_u32; rows.min(1)];
    let mut rest: Vec<(&[u32], u32)> =
        columns.iter().copied().zip(sizes.iter().copied()).filter(|(_, size)| *size > 1).collect();
    while !rest.is_empty() {
        let mut space = firsts.len() as u64;
        let mut taken: Vec<(&[u32], u64)> = Vec::new();
        while let Some((column, size)) = rest.first().copied() {
            let Some(larger) = space.checked_mul(u64::from(size)) else { break };
            taken.push((column, space));
            space = larger;
            rest.remove(0);
        }
        let mut keys: Vec<u64> = vec![0; rows];
        keys.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, keys)| {
            let start = chunk * CHUNK;
            for (key, id) in keys.iter_mut().zip(ids.get(start..).unwrap_or(&[])) {
                *key = u64::from(*id);
            }
            for (column, stride) in &taken {
                for (key, level) in keys.iter_mut().zip(column.get(start..).unwrap_or(&[])) {
                    *key = key.wrapping_add(u64::from(*level) * stride);
                }
            }
        });
        (ids, firsts) = dense(&keys, space);
    }
    (ids, firsts)
}

/// Numbers different keys, all below `space`, in order of first appearance: each item's number, each number's first item.
fn dense(keys: &[u64], space: u64) -> (Vec<u32>, Vec<u32>) {
    let mut firsts: Vec<u32> = Vec::new();
    let small = usize::try_from(space).ok().filter(|space| *space <= (keys.len() * 2).max(1 << 12));
    let ids = if let Some(space) = small {
        let mut table = vec![NONE; space];
        keys.iter()
            .enumerate()
            .map(|(item, key)| {
                let place = usize::try_from(*key).ok().and_then(|key| table.get_mut(key));
                let Some(slot) = place else { return 0 };
                if *slot == NONE {
                    *slot = code(firsts.len());
                    firsts.push(code(item));
                }
                *slot
            })
            .collect()
    } else {
        hashed(keys, &mut firsts)
    };
    (ids, firsts)
}

/// Open addressing with linear probing, grown at half full: most calls have far fewer groups than items.
fn hashed(keys: &[u64], firsts: &mut Vec<u32>) -> Vec<u32> {
    let mut table: Vec<(u64, u32)> = vec![(0, NONE); 1 << 12];
    let mut mask = table.len() as u64 - 1;
    let mut ids = Vec::with_capacity(keys.len());
    for (item, key) in keys.iter().enumerate() {
        if firsts.len() * 2 >= table.len() {
            mask = grow(&mut table);
        }
        let mut place = mix(*key) & mask;
        while let Some(slot) = usize::try_from(place).ok().and_then(|place| table.get_mut(place)) {
            if slot.1 == NONE {
                *slot = (*key, code(firsts.len()));
                firsts.push(code(item));
            }
            if slot.0 == *key {
                ids.push(slot.1);
                break;
            }
            place = (place + 1) & mask;
        }
    }
    ids
}

/// Four times the places, everything moved; the new mask.
fn grow(table: &mut Vec<(u64, u32)>) -> u64 {
    let old = std::mem::replace(table, vec![(0, NONE); table.len() * 4]);
    let mask = table.len() as u64 - 1;
    for entry in old.into_iter().filter(|entry| entry.1 != NONE) {
        let mut place = mix(entry.0) & mask;
        while let Some(slot) = usize::try_from(place).ok().and_then(|place| table.get_mut(place)) {
            if slot.1 == NONE {
                *slot = entry;
                break;
            }
            place = (place + 1) & mask;
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn numbers_are_those_of_first_appearance(keys in prop::collection::vec(0_u64..5_000, 0..9_000), wide in any::<bool>()) {
            let keys: Vec<u64> = keys.into_iter().map(|key| if wide { key << 40 } else { key }).collect();
            let (ids, firsts) = dense(&keys, if wide { u64::MAX } else { 5_000 });
            let mut seen = HashMap::new();
            for (item, key) in keys.iter().enumerate() {
                let fresh = code(seen.len());
                let expected = *seen.entry(key).or_insert(fresh);
                prop_assert_eq!(ids[item], expected);
                prop_assert_eq!(keys[firsts[expected as usize] as usize], *key);
            }
            prop_assert_eq!(firsts.len(), seen.len());
        }

        #[test]
        fn columns_wider_than_a_word_are_still_exact(rows in prop::collection::vec(prop::collection::vec(0_u32..3, 6), 1..200)) {
            let columns: Vec<Vec<u32>> = (0..6).map(|place| rows.iter().map(|row| row[place]).collect()).collect();
            let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
            // Sizes that do not fit one word together.
            let (wide, _) = number(&columns, &[u32::MAX; 6], rows.len());
            let (narrow, _) = number(&columns, &[3; 6], rows.len());
            prop_assert_eq!(wide, narrow);
        }
    }
}
