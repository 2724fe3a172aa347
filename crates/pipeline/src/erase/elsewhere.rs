//! Where other persons' protected columns say who an erased person is: as a guarantor, or by a number under another customer's. Tokens and
//! pseudonyms there lead to the person as a text does.
//!
//! A value counts in another column than it was learnt from, where that one refers to persons: of the two, the column with more different
//! values is the one that says who somebody is. So another person's name counts for nobody whose guarantor that person was. In the
//! same column only a number or address of one person counts: a name there is a namesake's.

use arrow::array::StringArray;
use ingot_base::{day, told_apart};
use ingot_privacy::Mentions;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Other persons who may have the value in the column that it was learnt from: more have a town, or a word for nothing.
const FEW: usize = 3;
/// One of so many persons may, where there are more of them.
const SHARE: usize = 100;
/// Different values of a column that are counted at most.
const MOST: usize = 1 << 20;
/// Digits from which on a number alone is one person's, save for the number that persons are erased by.
const OWN: usize = 8;
/// Digits of the number of a document, an account or a telephone.
const IDENTIFIER: usize = 10;

/// A value of the person's, without showing it.
fn hash(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A value as cells are compared by it.
fn of(value: &str) -> u64 {
    hash(&told_apart(value))
}

/// The cells of a column as they are compared: folding them takes the time of a count.
pub(super) fn compared(cells: &StringArray) -> Vec<Option<u64>> {
    cells.iter().map(|cell| cell.map(of)).collect()
}

/// What is learnt of a value.
#[derive(Debug, Default)]
struct Learnt {
    columns: BTreeSet<String>,
    /// Whether the same value in the same column is the same person's.
    identifies: bool,
}

/// The person's values, and the columns in which each tells of the person.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    learnt: BTreeMap<u64, Learnt>,
    told: BTreeMap<u64, BTreeSet<String>>,
}

impl Elsewhere {
    /// Adds what a column says of the person; `names` tells whether persons are erased by it.
    pub(super) fn add(&mut self, column: &str, names: bool, value: &str) {
        if !tells(column, names, value) {
            return;
        }
        let learnt = self.learnt.entry(of(value)).or_default();
        learnt.columns.insert(column.to_owned());
        learnt.identifies |= identifies(value);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.learnt.is_empty()
    }

    /// Whether a cell of somebody else tells who the person is.
    pub(super) fn is_in(&self, column: &str, cell: &str) -> bool {
        !self.told.is_empty() && self.told.get(&of(cell)).is_some_and(|told| told.contains(column))
    }

    /// Whether any cell could.
    pub(super) fn is_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Decides where the values tell of the person, from what all others have.
    pub(super) fn weigh(&mut self, census: &Census) {
        self.told.clear();
        let most = FEW.max(census.persons.len() / SHARE);
        let holders = |value: u64, column: &str| {
            census.holders.get(&(value, column.to_owned())).map_or(0, HashSet::len)
        };
        let different = |column: &str| census.different.get(column).map_or(0, HashSet::len);
        for (value, column) in census.holders.keys() {
            let Some(learnt) = self.learnt.get(value) else { continue };
            let common = learnt.columns.iter().any(|own| holders(*value, own) > most);
            if common || *column == census.named {
                continue;
            }
            let refers = |own: &String| {
                own != column && (*own == census.named || different(own) >= different(column))
            };
            let same = learnt.identifies && learnt.columns.contains(column);
            if same || learnt.columns.iter().any(refers) {
                self.told.entry(*value).or_default().insert(column.clone());
            }
        }
    }
}

/// What others have in the columns that are protected.
#[derive(Debug)]
pub(super) struct Census {
    /// The column that persons are erased by.
    named: String,
    /// The values of the person's that are looked for.
    wanted: BTreeSet<u64>,
    /// Different values of each column, up to a limit.
    different: BTreeMap<String, HashSet<u64>>,
    /// Who has a wanted value in a column.
    holders: BTreeMap<(u64, String), HashSet<u64>>,
    persons: HashSet<u64>,
}

impl Census {
    pub(super) fn new(named: &str, elsewhere: &Elsewhere) -> Self {
        Self {
            named: named.to_owned(),
            wanted: elsewhere.learnt.keys().copied().collect(),
            different: BTreeMap::new(),
            holders: BTreeMap::new(),
            persons: HashSet::new(),
        }
    }

    /// A row of somebody else: whose it is, where it says so, and its protected cells; all as [`compared`].
    pub(super) fn see<'c>(
        &mut self,
        person: Option<u64>,
        cells: impl Iterator<Item = (&'c str, u64)>,
    ) {
        // Of a row that says nothing nobody knows that it is another row's person.
        let person = person.unwrap_or(self.persons.len() as u64);
        self.persons.insert(person);
        for (column, value) in cells {
            if !self.different.contains_key(column) {
                self.different.insert(column.to_owned(), HashSet::new());
            }
            if let Some(different) = self.different.get_mut(column).filter(|all| all.len() < MOST) {
                different.insert(value);
            }
            if self.wanted.contains(&value) {
                self.holders.entry((value, column.to_owned())).or_default().insert(person);
            }
        }
    }
}

/// Whether a value by itself may tell who somebody is: no word for nothing, no day, no small number.
fn tells(column: &str, names: bool, value: &str) -> bool {
    let mut one = Mentions::default();
    one.add(column, false, value);
    if one.is_empty() || (!names && day::instant(value).is_some()) {
        return false;
    }
    let number = value.chars().all(|sign| sign.is_ascii_digit() || ".,+- ".contains(sign));
    names || !number || digits(value) >= OWN
}

/// Whether a value is the number of one person's document, account or telephone, or an address for mail.
fn identifies(value: &str) -> bool {
    let value = ingot_base::folded(value);
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let plain = value.chars().all(|sign| sign.is_ascii_alphanumeric() || "+-() ".contains(sign));
    let mail =
        value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    mail || (plain && letters <= 2 && digits(&value) >= IDENTIFIER)
}

fn digits(value: &str) -> usize {
    ingot_base::folded(value).bytes().filter(u8::is_ascii_digit).count()
}
