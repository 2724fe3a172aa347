//! Columns beside the quasi-identifiers that tell one of them again: a year of birth beside ages in classes of five years.
//!
//! A promise about quasi-identifiers holds against whoever knows no more than they say. Two relations are looked for, over one row a person,
//! so that a column of different values for everybody tells nothing by that alone:
//!
//! - Numbers and dates: Spearman's rank correlation ρ (C. Spearman, *The Proof and Measurement of Association between Two Things*,
//!   American Journal of Psychology 15, 1904) of the column with the values before they were made coarser. |ρ| ≥ .95 tells, if also
//!   within the released classes something of it is left: there, of ranks less their class's mean, at least [`WITHIN`].
//! - Other values: within each released class, the persons who have one value of the column, [`GROUP`] of them or more, have one value of the
//!   quasi-identifier, for 95 % of the persons in such groups, and at least half the errors of a guess by the class alone are gone: λ ≥ ½ (L. Goodman and
//!   W. Kruskal, *Measures of Association for Cross Classifications*, Journal of the American Statistical Association 49, 1954).

use super::table::{Cell, Pair, each, order_of};
use crate::cells::Kind;
use arrow::array::RecordBatch;
use ingot_base::{Result, Text, told_apart};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rank correlation, and share of persons, from which on a column tells.
const TELLS: f64 = 0.95;
/// Least rank correlation within classes.
const WITHIN: f64 = 0.3;
/// Least share of a class's errors that a column must take away.
const LAMBDA: f64 = 0.5;
/// Fewest persons with one value of a column in a class of whom something follows.
const GROUP: u64 = 5;
/// Fewest persons of whom anything does.
const FEWEST: usize = 30;
/// Most persons looked at, evenly over the table.
const MOST: usize = 100_000;
/// Share of texts that must be numbers or dates for a column to have an order.
const ORDERED: f64 = 0.95;

/// A column that tells a quasi-identifier more finely than its released form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Telling {
    /// The column.
    pub column: String,
    /// The quasi-identifier.
    pub quasi: String,
    /// How it tells.
    pub relation: Relation,
    /// |ρ|, or the share of persons in groups whose value the group gives; 0 to 1.
    pub strength: f64,
}

/// How a column tells another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Its order is the other's.
    Rank,
    /// Its value determines the other's.
    Value,
}

impl Telling {
    /// How it tells, as a part of a sentence.
    pub fn how(&self) -> Text {
        match self.relation {
            Relation::Rank => Text::new(
                format!("Spearman's rank correlation {:.2}", self.strength),
                format!("斯皮尔曼等级相关系数 {:.2}", self.strength),
            ),
            Relation::Value => Text::new(
                format!(
                    "in groups of {GROUP} and more persons its value gives that of {:.0} % of them",
                    self.strength * 100.0
                ),
                format!(
                    "在不少于 {GROUP} 人的组中，可由其取值得出 {:.0}% 的人的取值",
                    self.strength * 100.0
                ),
            ),
        }
    }
}

/// Quasi-identifiers before and after they were made coarser, one row a person.
#[derive(Debug)]
pub struct Coarsened {
    /// The rows of the result that are looked at.
    rows: Vec<usize>,
    quasi: Vec<Quasi>,
}

/// One of them; it has persons' values only as numbers.
#[derive(Debug)]
struct Quasi {
    name: String,
    original: Vec<Option<u32>>,
    /// The original's place in an order, where it has one.
    order: Option<Vec<Option<f64>>>,
    class: Vec<Option<u32>>,
}

impl Coarsened {
    /// `truth` has for each known row its row of the result; `person` says whose a row of the result is, without it each row is a person.
    ///
    /// # Errors
    /// When a column is missing or cannot be compared.
    pub fn new(
        known: &[RecordBatch],
        released: &[RecordBatch],
        truth: &[Option<usize>],
        quasi: &[Pair],
        person: Option<&Pair>,
    ) -> Result<Self> {
        let rows = looked_at(released, person)?;
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        for (row, now) in truth.iter().enumerate() {
            before.extend(now.map(|now| (now, row)));
        }
        let origins: Vec<usize> =
            rows.iter().map(|row| before.get(row).copied().unwrap_or(usize::MAX)).collect();
        let mut coarsened = Vec::new();
        for pair in quasi {
            let one = Quasi {
                name: pair.released.clone(),
                original: codes(known, &pair.known, &origins)?,
                order: order(known, &pair.known, &origins)?,
                class: codes(released, &pair.released, &rows)?,
            };
            if one.is_coarser() {
                coarsened.push(one);
            }
        }
        Ok(Self { rows, quasi: coarsened })
    }

    /// Whether there is nothing that a column could tell.
    pub fn is_empty(&self) -> bool {
        self.quasi.is_empty() || self.rows.len() < FEWEST
    }

    /// Which quasi-identifiers a column of the result tells; `batches` has all rows of it. Columns without values that can be compared
    /// tell none.
    ///
    /// # Errors
    /// When the column is missing.
    pub fn told_by(&self, batches: &[RecordBatch], column: &str) -> Result<Vec<Telling>> {
        let compared = |batch: &RecordBatch| {
            let array = batch.column_by_name(column);
            array.is_none_or(|array| Kind::of(array.data_type()).is_some())
        };
        if self.is_empty() || !batches.iter().all(compared) {
            return Ok(Vec::new());
        }
        let order = order(batches, column, &self.rows)?;
        let codes = codes(batches, column, &self.rows)?;
        // Half the persons and more must be in groups: they have no more values than this.
        let most = self.rows.len() / 2 + self.rows.len() / 8;
        let grouped = codes.iter().flatten().all(|code| (*code as usize) < most);
        let mut all = Vec::new();
        for quasi in &self.quasi {
            let rank = order.as_deref().and_then(|order| quasi.rank(order));
            let value = || if grouped { quasi.value(&codes) } else { None };
            let told = rank.map(|strength| (Relation::Rank, strength));
            let told = told.or_else(|| value().map(|strength| (Relation::Value, strength)));
            all.extend(told.map(|(relation, strength)| Telling {
                column: column.to_owned(),
                quasi: quasi.name.clone(),
                relation,
                strength,
            }));
        }
        Ok(all)
    }
}

impl Quasi {
    /// Whether a class holds different values.
    fn is_coarser(&self) -> bool {
        let mut first: BTreeMap<u32, u32> = BTreeMap::new();
        let mut both = self.class.iter().zip(&self.original);
        both.any(|(class, original)| match (class, original) {
            (Some(class), Some(original)) => first.entry(*class).or_insert(*original) != original,
            _ => false,
        })
    }

    /// |ρ| with another column's order, where that tells.
    fn rank(&self, other: &[Option<f64>]) -> Option<f64> {
        let own = self.order.as_deref()?;
        let all = own.iter().zip(other).zip(&self.class);
        let all: Vec<(f64, f64, u32)> =
            all.filter_map(|((own, other), class)| Some(((*own)?, (*other)?, (*class)?))).collect();
        if all.len() < FEWEST {
            return None;
        }
        let own = ranks(&all.iter().map(|(own, _, _)| *own).collect::<Vec<_>>());
        let other = ranks(&all.iter().map(|(_, other, _)| *other).collect::<Vec<_>>());
        let rho = correlation(&own, &other)?.abs();
        if rho < TELLS {
            return None;
        }
        let classes: Vec<u32> = all.iter().map(|(_, _, class)| *class).collect();
        let within = correlation(&centred(&own, &classes), &centred(&other, &classes))?;
        (within.abs() >= WITHIN).then_some(rho)
    }

    /// The share of persons in groups of one class and value whose original is the group's commonest, where that tells.
    fn value(&self, other: &[Option<u32>]) -> Option<f64> {
        let mut groups: BTreeMap<(u32, u32), BTreeMap<u32, u64>> = BTreeMap::new();
        let mut persons = 0_u64;
        for ((class, original), other) in self.class.iter().zip(&self.original).zip(other) {
            persons += 1;
            if let (Some(class), Some(original), Some(other)) = (class, original, other) {
                let counts = groups.entry((*class, *other)).or_default();
                *counts.entry(*original).or_default() += 1;
            }
        }
        groups.retain(|_, counts| counts.values().sum::<u64>() >= GROUP);
        let most = |counts: &BTreeMap<u32, u64>| counts.values().copied().max().unwrap_or(0);
        let mut classes: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
        let (mut covered, mut right) = (0_u64, 0_u64);
        for ((class, _), counts) in &groups {
            right += most(counts);
            let sum = classes.entry(*class).or_default();
            for (original, count) in counts {
                covered += count;
                *sum.entry(*original).or_default() += count;
            }
        }
        let guessed: u64 = classes.values().map(most).sum();
        if covered < FEWEST as u64 || covered.saturating_mul(2) < persons || guessed == covered {
            return None;
        }
        let (share, lambda) = (ratio(right, covered), ratio(right - guessed, covered - guessed));
        (share >= TELLS && lambda >= LAMBDA).then_some(share)
    }
}

/// The first row of each person, at most [`MOST`] evenly over them all.
fn looked_at(released: &[RecordBatch], person: Option<&Pair>) -> Result<Vec<usize>> {
    let rows: usize = released.iter().map(RecordBatch::num_rows).sum();
    let mut first: Vec<usize> = (0..rows).collect();
    if let Some(pair) = person {
        let mut seen: HashSet<Option<String>> = HashSet::new();
        let (mut row, mut kept) = (0, Vec::new());
        each(released, &pair.released, false, &mut |cell| {
            let person = match cell {
                Cell::Text(text) => Some(told_apart(text)),
                _ => None,
            };
            if seen.insert(person) {
                kept.push(row);
            }
            row += 1;
        })?;
        first = kept;
    }
    let step = first.len().div_ceil(MOST).max(1);
    Ok(first.into_iter().step_by(step).collect())
}

/// Calls `take` with the cell of each row that is looked at, and its place among them; rows that the table has not are left out.
fn each_of(
    batches: &[RecordBatch],
    column: &str,
    numeric: bool,
    rows: &[usize],
    take: &mut dyn FnMut(usize, Cell<'_>),
) -> Result<()> {
    let mut wanted: Vec<(usize, usize)> = rows.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    let mut wanted = wanted.into_iter().peekable();
    let mut row = 0;
    each(batches, column, numeric, &mut |cell| {
        if let Some((_, place)) = wanted.next_if(|(wanted, _)| *wanted == row) {
            take(place, cell);
        }
        row += 1;
    })
}

/// Different values by number, one a row that is looked at.
fn codes(batches: &[RecordBatch], column: &str, rows: &[usize]) -> Result<Vec<Option<u32>>> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut codes = vec![None; rows.len()];
    each_of(batches, column, false, rows, &mut |place, cell| {
        if let (Cell::Text(text), Some(slot)) = (cell, codes.get_mut(place)) {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *slot = Some(match numbers.get(text) {
                Some(number) => *number,
                None => *numbers.entry(text.to_owned()).or_insert(next),
            });
        }
    })?;
    Ok(codes)
}

/// Numbers and dates as what they are ordered by, one a row that is looked at; `None` where the column has no order.
fn order(
    batches: &[RecordBatch],
    column: &str,
    rows: &[usize],
) -> Result<Option<Vec<Option<f64>>>> {
    let kind = |batch: &RecordBatch| Kind::of(batch.column_by_name(column)?.data_type());
    let numeric = batches.iter().all(|batch| {
        matches!(kind(batch), Some(Kind::Integer | Kind::Float | Kind::Decimal | Kind::Date))
    });
    let (mut order, mut texts, mut read) = (vec![None; rows.len()], 0_u64, 0_u64);
    each_of(batches, column, numeric, rows, &mut |place, cell| {
        let value = match cell {
            Cell::Nothing => None,
            Cell::Number(number) => Some(number),
            Cell::Text(text) => {
                texts += 1;
                let value = order_of(text);
                read += u64::from(value.is_some());
                value
            }
        };
        if let Some(slot) = order.get_mut(place) {
            *slot = value;
        }
    })?;
    Ok((texts == 0 || ratio(read, texts) >= ORDERED).then_some(order))
}

/// The places of values in their order, from 1; equals have the mean of theirs.
#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0_usize;
    for equals in order.chunk_by(|(_, one), (_, other)| one.total_cmp(other).is_eq()) {
        let rank = before as f64 + f64::midpoint(equals.len() as f64, 1.0);
        for (place, _) in equals {
            if let Some(slot) = ranks.get_mut(*place) {
                *slot = rank;
            }
        }
        before += equals.len();
    }
    ranks
}

/// Values less the mean of their class.
fn centred(values: &[f64], classes: &[u32]) -> Vec<f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (value, class) in values.iter().zip(classes) {
        let (sum, count) = sums.entry(*class).or_default();
        *sum += value;
        *count += 1.0;
    }
    let mean = |class: &u32| sums.get(class).map_or(0.0, |(sum, count)| sum / count);
    values.iter().zip(classes).map(|(value, class)| value - mean(class)).collect()
}

/// Pearson's correlation, −1 to 1; `None` where either does not vary.
#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let (mut both, mut own, mut others) = (0.0, 0.0, 0.0);
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (one - mean_one, other - mean_other);
        both += one * other;
        own += one * one;
        others += other * other;
    }
    // Means are not exact: what is left of equal values is no variation.
    let least = f64::EPSILON * one.len() as f64;
    (own > least && others > least).then(|| both / (own * others).sqrt())
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn ratio(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_their_rank() {
        assert_eq!(ranks(&[10.0, 30.0, 10.0, 20.0]), [1.5, 4.0, 1.5, 3.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn rank_correlation_is_spearmans() {
        // Spearman's own sort of example: 1 − 6Σd²/(n(n²−1)) with d = 0, 1, 1, 0, 0 is .9.
        let (one, other) = ([1.0, 2.0, 3.0, 4.0, 5.0], [10.0, 40.0, 30.0, 70.0, 900.0]);
        let rho = correlation(&ranks(&one), &ranks(&other)).unwrap();
        assert!((rho - 0.9).abs() < 1e-12, "{rho}");
        assert_eq!(correlation(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn a_guess_by_groups_is_measured_against_one_by_classes() {
        let some = |values: &[u32]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        let original: Vec<u32> = (0..60).map(|row| row % 2).collect();
        let quasi = Quasi {
            name: "sex".into(),
            original: some(&original),
            order: None,
            class: vec![Some(0); 60],
        };
        assert!(quasi.is_coarser());
        assert_eq!(quasi.value(&some(&original)), Some(1.0));
        let three: Vec<u32> = (0..60).map(|row| row % 3).collect();
        assert_eq!(quasi.value(&some(&three)), None);
        // Everybody's own value is in no group.
        let own: Vec<u32> = (0..60).collect();
        assert_eq!(quasi.value(&some(&own)), None);
    }
}
