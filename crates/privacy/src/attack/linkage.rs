//! Record linkage: an attacker knows the quasi-identifiers of persons and looks for their rows.

use super::Effort;
use super::interval::{Rate, wilson};
use super::messages::{EMPTY, TRUTH};
use super::random::Random;
use super::table::{Cell, Index, Levels, Pair, each};
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result, told_apart};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who knows what.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What the attacker knows. Where values were generalised in a way that neither their text nor `levels` shows (a class by its
    /// lower bound, a decade by its first year) give the attacker's table generalised by the same rules: rules are public sooner or
    /// later, and an attacker who does not know them looks weaker than one is.
    pub known: &'a [RecordBatch],
    /// The result.
    pub released: &'a [RecordBatch],
    /// For each known row its row of the result; none when it was suppressed.
    pub truth: &'a [Option<usize>],
    /// The quasi-identifiers.
    pub quasi: &'a [Pair],
    /// The column, named in both tables, that says whose a row is: the attacker looks for persons then, and any row of the right one
    /// will do. The attacker does not know it. Without it each row is a person.
    pub person: Option<&'a Pair>,
    /// Hierarchies that the attacker knows: which groups a value belongs to.
    pub levels: &'a Levels,
    /// A column that the attacker does not know and wants, named in both tables.
    pub wanted: Option<&'a Pair>,
}

/// What the attacker achieved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linkage {
    /// Persons attacked; suppressed ones count as attacked in vain.
    pub targets: u64,
    /// Rows of the result.
    pub rows: u64,
    /// Persons of the result; none where each row counts as a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u64>,
    /// Columns the attacker knows.
    pub columns: u64,
    /// Targets of whom the nearest rows are one person's: the attacker is sure.
    pub sure: Rate,
    /// Those of them who are that person.
    pub unique: Rate,
    /// Targets found when the attacker, if not sure, picks one of the persons with a nearest row at random.
    pub found: Rate,
    /// What a blind guess finds: 1 over the persons.
    pub guess: f64,
    /// Whether the table was too large to compare every row with every target.
    pub blocked: bool,
    /// What the nearest rows tell about the wanted column.
    pub inference: Option<Inference>,
}

/// Attribute inference: the commonest value among the nearest rows, taken for the person's own. Where persons are known: the value that
/// most persons with a nearest row hold there, however many rows they have it in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// Targets whose value was told right; where persons are known, any of the person's.
    pub right: Rate,
    /// Targets for whom the commonest value of the whole result is right: what is known without any quasi-identifier.
    pub guess: Rate,
}

/// One target's outcome.
struct Outcome {
    sure: bool,
    unique: bool,
    found: bool,
    told: Option<u32>,
}

/// Runs the attack.
///
/// # Errors
/// When a table is empty, a column is missing or cannot be compared, or the truth does not fit.
pub fn linkage(scene: &Scene<'_>, effort: &Effort) -> Result<Linkage> {
    let index =
        Index::new(&[scene.known], scene.released, scene.quasi, scene.levels, effort.candidates)?;
    let known: usize = scene.known.iter().map(RecordBatch::num_rows).sum();
    let rows = index.class_of.len();
    if known == 0 || rows == 0 {
        return Err(Fault::new(&EMPTY));
    }
    if scene.truth.len() != known || scene.truth.iter().flatten().any(|row| *row >= rows) {
        return Err(Fault::new(&TRUTH).arg("rows", known).arg("truths", scene.truth.len()));
    }
    let persons = scene.person.map(|pair| Persons::new(scene, &index, pair)).transpose()?;
    let chosen = chosen(persons.as_ref(), known, effort);
    let targets = index.targets(scene.known, &chosen)?;
    let wanted =
        scene.wanted.map(|pair| Wanted::new(scene, &index, pair, (persons.as_ref(), &chosen)));
    let wanted = wanted.transpose()?;
    let outcomes: Vec<Outcome> = chosen
        .par_iter()
        .zip(&targets)
        .map(|(row, target)| {
            let truth = scene.truth.get(*row).copied().flatten();
            let mut random = Random::new(effort.seed, 2 + *row as u64);
            let (nearest, _) = index.nearest(target);
            let (seen, own) = match &persons {
                Some(persons) => persons.near(&nearest, *row),
                None => near(&index, &nearest, truth),
            };
            let told = wanted.as_ref().and_then(|wanted| wanted.commonest(&nearest));
            // Any of them is as likely to be picked; call the target the first.
            let picked = random.below(seen) == 0;
            Outcome { sure: seen == 1, unique: seen == 1 && own, found: own && picked, told }
        })
        .collect();
    let of = outcomes.len() as u64;
    let count = |pick: fn(&Outcome) -> bool| {
        wilson(outcomes.iter().filter(|outcome| pick(outcome)).count() as u64, of)
    };
    let everyone = persons.as_ref().map(|persons| persons.released);
    #[expect(clippy::cast_precision_loss, reason = "a number of rows or persons")]
    let guess = 1.0 / everyone.unwrap_or(rows).max(1) as f64;
    Ok(Linkage {
        targets: of,
        rows: rows as u64,
        persons: everyone.map(|persons| persons as u64),
        columns: scene.quasi.len() as u64,
        sure: count(|outcome| outcome.sure),
        unique: count(|outcome| outcome.unique),
        found: count(|outcome| outcome.found),
        guess,
        blocked: index.blocked(),
        inference: wanted.map(|wanted| wanted.inference(&outcomes)),
    })
}

/// Whom to attack: rows, ascending. Of a person with many rows one is drawn, so that nobody is attacked more often than others.
fn chosen(persons: Option<&Persons>, known: usize, effort: &Effort) -> Vec<usize> {
    let (mut random, targets) = (Random::new(effort.seed, 1), effort.targets.max(1));
    let Some(persons) = persons else { return random.sample(known, targets) };
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (row, person) in persons.of_known.iter().enumerate() {
        let place = *person as usize;
        if rows.len() <= place {
            rows.resize(place + 1, Vec::new());
        }
        if let Some(rows) = rows.get_mut(place) {
            rows.push(row);
        }
    }
    // Persons of the result who are not known have no rows here.
    rows.retain(|rows| !rows.is_empty());
    let mut chosen: Vec<usize> = random
        .sample(rows.len(), targets)
        .into_iter()
        .filter_map(|person| rows.get(person))
        .filter_map(|rows| rows.get(random.below(rows.len())).copied())
        .collect();
    chosen.sort_unstable();
    chosen
}

/// How many rows the nearest classes have, and whether the target's is among them.
fn near(index: &Index, nearest: &[u32], truth: Option<usize>) -> (usize, bool) {
    let rows = nearest
        .iter()
        .filter_map(|class| index.classes.get(*class as usize))
        .map(|class| class.rows.len())
        .sum();
    let own = truth
        .and_then(|row| index.class_of.get(row))
        .is_some_and(|class| nearest.binary_search(class).is_ok());
    (rows, own)
}

/// Whose rows are whose, by numbers. Rows without a value are one person's, the safe side.
struct Persons {
    /// One a known row.
    of_known: Vec<u32>,
    /// One a row of the result.
    of_released: Vec<u32>,
    /// The different persons of each class, ascending.
    by_class: Vec<Vec<u32>>,
    /// How many the result has.
    released: usize,
}

impl Persons {
    fn new(scene: &Scene<'_>, index: &Index, pair: &Pair) -> Result<Self> {
        let mut numbers: BTreeMap<Option<String>, u32> = BTreeMap::new();
        let mut number = |cell: Cell<'_>| {
            let key = match cell {
                Cell::Text(text) => Some(told_apart(text)),
                _ => None,
            };
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(key).or_insert(next)
        };
        let mut of_known = Vec::new();
        each(scene.known, &pair.known, false, &mut |cell| of_known.push(number(cell)))?;
        let mut by_class = vec![Vec::new(); index.classes.len()];
        let (mut of_released, mut released) = (Vec::new(), BTreeSet::new());
        let mut classes = index.class_of.iter();
        each(scene.released, &pair.released, false, &mut |cell| {
            let person = number(cell);
            of_released.push(person);
            released.insert(person);
            let class = classes.next().copied().unwrap_or_default();
            if let Some(persons) = by_class.get_mut(class as usize) {
                persons.push(person);
            }
        })?;
        for persons in &mut by_class {
            persons.sort_unstable();
            persons.dedup();
        }
        Ok(Self { of_known, of_released, by_class, released: released.len() })
    }

    /// How many persons have a row in the nearest classes, and whether the one of a known row is among them.
    fn near(&self, nearest: &[u32], row: usize) -> (usize, bool) {
        let classes = nearest.iter().filter_map(|class| self.by_class.get(*class as usize));
        let persons: BTreeSet<u32> = classes.flatten().copied().collect();
        let own = self.of_known.get(row).is_some_and(|person| persons.contains(person));
        (persons.len(), own)
    }
}

/// The wanted column: values by number.
struct Wanted {
    /// The rows of each value and, where persons are known, person; a list a class.
    by_class: Vec<BTreeMap<Held, u64>>,
    commonest: Option<u32>,
    /// The targets' own values that the result shows somewhere: of the row, or of all rows of the person.
    own: Vec<Vec<u32>>,
}

/// A value, and who holds it where persons are known.
type Held = (u32, Option<u32>);

impl Wanted {
    fn new(
        scene: &Scene<'_>,
        index: &Index,
        pair: &Pair,
        (persons, chosen): (Option<&Persons>, &[usize]),
    ) -> Result<Self> {
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut by_class: Vec<BTreeMap<Held, u64>> = vec![BTreeMap::new(); index.classes.len()];
        let mut rows = index.class_of.iter().enumerate();
        each(scene.released, &pair.released, false, &mut |cell| {
            let (row, class) = rows.next().map_or((0, 0), |(row, class)| (row, *class));
            if let Cell::Text(text) = cell {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let number = *numbers.entry(text.to_owned()).or_insert(next);
                let who = persons.and_then(|persons| persons.of_released.get(row).copied());
                if let Some(counts) = by_class.get_mut(class as usize) {
                    *counts.entry((number, who)).or_default() += 1;
                }
            }
        })?;
        let whose = |row: usize| match persons {
            Some(persons) => persons.of_known.get(row).map(|person| *person as usize),
            None => Some(row),
        };
        let places: BTreeMap<_, usize> = chosen.iter().map(|row| whose(*row)).zip(0..).collect();
        let mut own = vec![Vec::new(); chosen.len()];
        let mut row = 0;
        each(scene.known, &pair.known, false, &mut |cell| {
            let target = places.get(&whose(row)).and_then(|place| own.get_mut(*place));
            if let (Some(own), Cell::Text(text)) = (target, cell) {
                own.extend(numbers.get(text).copied());
            }
            row += 1;
        })?;
        let commonest = commonest(by_class.iter());
        Ok(Self { by_class, commonest, own })
    }

    fn commonest(&self, classes: &[u32]) -> Option<u32> {
        commonest(classes.iter().filter_map(|class| self.by_class.get(*class as usize)))
    }

    fn inference(&self, outcomes: &[Outcome]) -> Inference {
        let of = outcomes.len() as u64;
        let right = |told: &dyn Fn(&Outcome) -> Option<u32>| {
            let hits = outcomes
                .iter()
                .zip(&self.own)
                .filter(|(outcome, own)| told(outcome).is_some_and(|told| own.contains(&told)))
                .count();
            wilson(hits as u64, of)
        };
        Inference { right: right(&|outcome| outcome.told), guess: right(&|_| self.commonest) }
    }
}

/// The commonest value of some classes: a person counts once for each value.
fn commonest<'c>(classes: impl Iterator<Item = &'c BTreeMap<Held, u64>>) -> Option<u32> {
    let mut held: BTreeMap<Held, u64> = BTreeMap::new();
    for (value, rows) in classes.flatten() {
        *held.entry(*value).or_default() += rows;
    }
    let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
    for ((value, who), rows) in held {
        *sums.entry(value).or_default() += if who.is_some() { 1 } else { rows };
    }
    most(&sums)
}

/// The commonest value; of equals the first.
fn most(counts: &BTreeMap<u32, u64>) -> Option<u32> {
    counts
        .iter()
        .max_by_key(|(value, count)| (**count, std::cmp::Reverse(**value)))
        .map(|(value, _)| *value)
}
