//! From a policy to a plan, and from a plan to released batches.

use super::encode::{encode, parts};
use super::groups::Groups;
use super::hierarchy::Ladder;
use super::local::{Recoded, recode};
use super::messages::{COLUMN_DIFFERS, POLICY_POPULATION};
use super::models::Criteria;
use super::nearest::Failed;
use super::numbers::{at, by, code, real};
use super::policy::{Loss, Policy, Recoding};
use super::risk::{Risk, Table, measure};
use super::search::{Aim, Best, Search, maps};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Fault, Result, fault};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A loss is greater than another by more than this share of it, or of 1: less is rounding.
const SLACK: f64 = 1e-9;

/// A quasi-identifier's place in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenLevel {
    /// The column.
    pub column: String,
    /// Its level; 0 is the value itself.
    pub level: u8,
    /// The coarsest level there is.
    pub highest: u8,
}

/// What a search found. Figures only: it holds no value of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// One a quasi-identifier, in the policy's order.
    pub levels: Vec<ChosenLevel>,
    /// Classes that are removed.
    pub suppressed_classes: u64,
    /// Rows in them.
    pub suppressed_rows: u64,
    /// Persons of whom rows are in them; none where each row counts as a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_persons: Option<u64>,
    /// Share of the persons, in [0, 1].
    pub suppressed: f64,
    /// What was made least.
    pub measure: Loss,
    /// Its value, in its own unit.
    pub loss: f64,
    /// Combinations of levels.
    pub nodes: u64,
    /// Those whose classes were formed to find the best.
    pub checked: u64,
    /// The table as it came.
    pub before: Risk,
    /// The table as it is released.
    pub after: Risk,
    /// What local recoding made of the best levels; none where columns have one level each. `levels`, `nodes` and `checked`
    /// are then those of the full-domain optimum, all else is of the released table, which is the optimum's where local recoding
    /// would lose more or not keep the promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Local>,
}

/// Local recoding beside the full-domain optimum that it began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Local {
    /// The optimum's loss.
    pub full_loss: f64,
    /// Rows that the optimum leaves out.
    pub full_suppressed: u64,
    /// Classes of the optimum.
    pub full_classes: u64,
    /// One a quasi-identifier: the finest and the coarsest level that a released class has.
    pub spans: Vec<(u8, u8)>,
}

impl Local {
    fn beside(full: &Report, spans: Vec<(u8, u8)>) -> Self {
        Self {
            full_loss: full.loss,
            full_suppressed: full.suppressed_rows,
            full_classes: full.after.classes,
            spans,
        }
    }
}

/// A class that is removed. Its labels may describe one person: they are not for logs or reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// One a quasi-identifier, as the plan writes it; `None` is null.
    pub labels: Vec<Option<String>>,
    /// Rows of the class.
    pub rows: u32,
}

/// How each quasi-identifier is written and which classes are left out.
#[derive(Debug)]
pub struct Plan {
    columns: Vec<Column>,
    form: Form,
    suppressed: Vec<Suppressed>,
    report: Report,
}

/// What is released, by the columns' codes. Whatever is not here is removed, so a row that the search has not seen can never be
/// released as a class of its own.
#[derive(Debug)]
enum Form {
    /// Level codes of the classes; a column's labels say how they are written.
    Full(HashSet<Box<[u32]>>),
    /// Values' codes and their class; how each class is written, one label a column.
    Local(HashMap<Box<[u32]>, u32>, Vec<Vec<Option<String>>>),
}

impl Form {
    /// A class's number among those that are written alike, where these codes are released.
    fn class(&self, codes: &[u32]) -> Option<u32> {
        match self {
            Self::Full(kept) => kept.contains(codes).then_some(0),
            Self::Local(classes, _) => classes.get(codes).copied(),
        }
    }
}

/// A quasi-identifier at its level.
#[derive(Debug)]
struct Column {
    name: String,
    data_type: DataType,
    /// A value's code at the level.
    codes: HashMap<Option<String>, u32>,
    /// What the codes are written as; none where the column stays as it is, and empty where each class says it.
    labels: Option<Vec<Option<String>>>,
    size: u32,
}

/// How a group's value of a column is written at a level.
fn label<'a>(table: &'a Table, ladders: &'a [Ladder], at: (usize, u8, u32)) -> Option<&'a str> {
    let (column, level, value) = at;
    let level = ladders.get(column)?.levels.get(usize::from(level))?;
    if level.labels.is_empty() {
        return table.quasi.get(column)?.text(value);
    }
    level.labels.get(by(&level.map, value) as usize)?.as_deref()
}

/// Finds the levels of least loss that satisfy a policy.
///
/// # Errors
/// A policy out of range; columns or hierarchies that do not fit; no rows; a lattice that is too large. A fault of class
/// `Refused` names the nearest settings where no levels satisfy the policy.
pub fn search(batches: &[RecordBatch], policy: &Policy) -> Result<Plan> {
    search_in(batches, &[], policy)
}

/// [`search`] for a table whose rows are part of a population, known by the same quasi-identifiers; δ-presence needs it.
///
/// # Errors
/// As [`search`]; and a population that lacks rows of the table.
pub fn search_in(
    batches: &[RecordBatch],
    population: &[RecordBatch],
    policy: &Policy,
) -> Result<Plan> {
    policy.check()?;
    if policy.presence.is_some() && population.iter().all(|batch| batch.num_rows() == 0) {
        return Err(Fault::new(&POLICY_POPULATION));
    }
    let names: Vec<&str> = policy.quasi.iter().map(|quasi| quasi.name.as_str()).collect();
    let person = policy.person.as_deref();
    let table = Table::new(batches, population, &names, &policy.sensitive, person)?;
    let ladders = policy
        .quasi
        .par_iter()
        .zip(&table.quasi)
        .map(|(quasi, column)| Ladder::new(&quasi.name, &quasi.hierarchy, column))
        .collect::<Result<Vec<Ladder>>>()?;
    let criteria = Criteria {
        policy,
        ordered: table.attributes.iter().map(|attribute| attribute.ordered).collect(),
        distinct: table.attributes.iter().map(|attribute| attribute.distinct).collect(),
    };
    let allowed = allowed(table.groups.everyone(), policy.max_suppressed);
    // Histograms are rolled up only for models that ask for them.
    let bare;
    let base = if policy.asks_values() {
        &table.groups
    } else {
        bare = Groups { spreads: Vec::new(), ..table.groups.clone() };
        &bare
    };
    let mut search = Search::new(&ladders, &criteria, base, allowed, Aim::Least(policy.loss))?;
    let Some(best) = search.run() else {
        let (table, ladders, criteria) = (&table, &*ladders, &criteria);
        return Err(Failed { table, ladders, criteria, base, allowed }.fault()?);
    };
    let (nodes, checked) = (search.nodes, search.checked);
    drop(search);
    let plan = Plan::new(&table, &ladders, &criteria, &best, (nodes, checked))?;
    match policy.recoding {
        Recoding::Full => Ok(plan),
        Recoding::Local => plan.local(&table, &ladders, &criteria, &best),
    }
}

/// Classes that are written alike, as one; in order of their first row.
fn alike(classes: Vec<Suppressed>) -> Vec<Suppressed> {
    let mut places: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    let mut one: Vec<Suppressed> = Vec::new();
    for class in classes {
        let place = *places.entry(class.labels.clone()).or_insert(one.len());
        match one.get_mut(place) {
            Some(known) => known.rows += class.rows,
            None => one.push(class),
        }
    }
    one
}

/// Whole persons in a share of them; a share that is a whole number of persons but for rounding is that number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the number of persons"
)]
fn allowed(persons: u64, share: f64) -> u64 {
    (real(persons) * share + 1e-9).floor() as u64
}

impl Plan {
    fn new(
        table: &Table,
        ladders: &[Ladder],
        criteria: &Criteria<'_>,
        best: &Best,
        (nodes, checked): (u64, u64),
    ) -> Result<Self> {
        let maps = maps(ladders, &best.levels);
        let (ids, firsts) = table.groups.coarser(&maps);
        let groups = table.groups.roll_up(&ids, &firsts, Some(&criteria.distinct));
        let kept = criteria
            .keep(&groups)
            .ok_or_else(|| fault::internal("the best levels do not satisfy the policy"))?;
        let columns: Vec<Column> = criteria
            .policy
            .quasi
            .iter()
            .zip(&table.quasi)
            .zip(ladders.iter().zip(&best.levels))
            .map(|((quasi, column), (ladder, level))| {
                let level = ladder.levels.get(usize::from(*level));
                let map = level.map_or(&[][..], |level| level.map.as_slice());
                Column {
                    name: quasi.name.clone(),
                    data_type: column.data_type.clone(),
                    codes: column.texts.iter().cloned().zip(map.iter().copied()).collect(),
                    labels: level.map(|level| level.labels.clone()).filter(|all| !all.is_empty()),
                    size: level.map_or(0, |level| level.size),
                }
            })
            .collect();
        let key = |group: usize| -> Box<[u32]> {
            groups
                .representative(group)
                .iter()
                .zip(&maps)
                .map(|(cell, (map, _))| by(map, *cell))
                .collect()
        };
        let written = |group: usize| -> Vec<Option<String>> {
            let cells = groups.representative(group).iter().zip(&best.levels).enumerate();
            cells
                .map(|(column, (value, level))| label(table, ladders, (column, *level, *value)))
                .map(|text| text.map(str::to_owned))
                .collect()
        };
        let rows = |group: usize| at(&groups.rows, group);
        let lost =
            (0..groups.len()).filter(|group| kept.get(*group) != Some(&true) && rows(*group) > 0);
        let persons = groups.together(lost.clone());
        let suppressed: Vec<Suppressed> =
            lost.map(|group| Suppressed { labels: written(group), rows: rows(group) }).collect();
        let suppressed_rows: u64 = suppressed.iter().map(|class| u64::from(class.rows)).sum();
        let chosen = criteria.policy.quasi.iter().zip(ladders).zip(&best.levels);
        let report = Report {
            levels: chosen
                .map(|((quasi, ladder), level)| ChosenLevel {
                    column: quasi.name.clone(),
                    level: *level,
                    highest: ladder.highest(),
                })
                .collect(),
            suppressed_classes: suppressed.len() as u64,
            suppressed_rows,
            suppressed_persons: table.groups.persons.is_some().then_some(persons),
            suppressed: real(persons) / real(table.groups.everyone()),
            measure: criteria.policy.loss,
            loss: best.loss,
            nodes,
            checked,
            before: measure(&table.groups, &table.attributes),
            after: measure(&groups.only(&kept), &table.attributes),
            local: None,
        };
        let kept =
            (0..groups.len()).filter(|group| kept.get(*group) == Some(&true)).map(key).collect();
        Ok(Self { columns, form: Form::Full(kept), suppressed, report })
    }

    /// The plan of the optimum, recoded class by class where that loses no more.
    fn local(
        mut self,
        table: &Table,
        ladders: &[Ladder],
        criteria: &Criteria<'_>,
        best: &Best,
    ) -> Result<Self> {
        let write =
            |column: usize, level: u8, value: u32| label(table, ladders, (column, level, value));
        // More than rounding: classes that are written alike became one.
        let worse = |found: &Recoded| found.loss - best.loss > SLACK * best.loss.max(1.0);
        let recoded = recode(ladders, criteria, &table.groups, best, &write)?;
        let Some(recoded) = recoded.filter(|found| !worse(found)) else {
            let spans = best.levels.iter().map(|level| (*level, *level)).collect();
            self.report.local = Some(Local::beside(&self.report, spans));
            return Ok(self);
        };
        let Recoded { class_of, levels, spans, released, loss } = recoded;
        let columns = self.columns.into_iter().zip(&table.quasi).zip(&spans);
        let columns: Vec<Column> = columns
            .map(|((column, coded), (_, coarsest))| Column {
                codes: coded.texts.iter().cloned().zip(0..).collect(),
                labels: (*coarsest > 0).then(Vec::new),
                size: code(coded.texts.len()),
                ..column
            })
            .collect();
        let mut labels = vec![Vec::new(); levels.len()];
        let mut classes: HashMap<Box<[u32]>, u32> = HashMap::new();
        let mut suppressed = Vec::new();
        for (group, class) in class_of.iter().enumerate() {
            let codes = table.groups.representative(group);
            let at_levels = levels.get(*class as usize).unwrap_or(&best.levels);
            let written = || -> Vec<Option<String>> {
                let cells = codes.iter().zip(at_levels).enumerate();
                cells
                    .map(|(column, (value, level))| write(column, *level, *value))
                    .map(|text| text.map(str::to_owned))
                    .collect()
            };
            let rows = at(&table.groups.rows, group);
            if let Some(slot) = labels.get_mut(*class as usize) {
                // The levels are those of the class's first group.
                if slot.is_empty() {
                    *slot = written();
                }
                classes.insert(codes.into(), *class);
            } else if rows > 0 {
                suppressed.push(Suppressed { labels: written(), rows });
            }
        }
        let suppressed = alike(suppressed);
        let suppressed_rows = suppressed.iter().map(|class| u64::from(class.rows)).sum();
        let lost =
            class_of.iter().enumerate().filter(|(_, class)| **class as usize >= levels.len());
        let persons = table.groups.together(lost.map(|(group, _)| group));
        let full = self.report;
        let report = Report {
            suppressed_classes: suppressed.len() as u64,
            suppressed_rows,
            suppressed_persons: table.groups.persons.is_some().then_some(persons),
            suppressed: real(persons) / real(table.groups.everyone()),
            loss,
            after: measure(&released, &table.attributes),
            local: Some(Local::beside(&full, spans)),
            ..full
        };
        Ok(Self { columns, form: Form::Local(classes, labels), suppressed, report })
    }

    /// Levels, suppression, risk before and after, loss.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The classes that are removed, in order of their first row.
    pub fn suppressed(&self) -> &[Suppressed] {
        &self.suppressed
    }

    /// The schema of released batches: generalised columns become text, all else stays.
    pub fn schema(&self, schema: &Schema) -> Schema {
        let changed =
            |name: &str| self.columns.iter().any(|one| one.name == name && one.labels.is_some());
        let field = |field: &Arc<Field>| {
            if changed(field.name()) {
                let text = field.as_ref().clone().with_data_type(DataType::Utf8);
                Arc::new(text.with_nullable(true))
            } else {
                field.clone()
            }
        };
        let fields: Vec<Arc<Field>> = schema.fields().iter().map(field).collect();
        Schema::new_with_metadata(fields, schema.metadata().clone())
    }

    /// One batch as it is released: generalised columns written as text, suppressed rows removed, other columns untouched.
    ///
    /// Rows of a class that was not searched are removed too.
    ///
    /// # Errors
    /// A quasi-identifier that is not there once, or of another type than in the search.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let one = std::slice::from_ref(batch);
        let codes = self
            .columns
            .iter()
            .map(|column| {
                let parts = parts(one, &column.name)?;
                if parts.first().is_some_and(|part| *part.data_type() != column.data_type) {
                    return Err(Fault::new(&COLUMN_DIFFERS).arg("column", &column.name));
                }
                let coded = encode(&column.name, &parts)?;
                // A value that was not searched gets the code after the last.
                let level = |text| column.codes.get(text).copied().unwrap_or(column.size);
                let map: Vec<u32> = coded.texts.iter().map(level).collect();
                Ok(coded.codes.iter().map(|value| by(&map, *value)).collect::<Vec<u32>>())
            })
            .collect::<Result<Vec<_>>>()?;
        let views: Vec<&[u32]> = codes.iter().map(Vec::as_slice).collect();
        let sizes: Vec<u32> =
            self.columns.iter().map(|column| column.size.saturating_add(1)).collect();
        let (groups, ids) = Groups::of_rows(&views, &sizes, rows, rows);
        let released: Vec<Option<u32>> =
            (0..groups.len()).map(|group| self.form.class(groups.representative(group))).collect();
        let mask: BooleanArray = ids.iter().map(|id| Some(by(&released, *id).is_some())).collect();
        let schema = self.schema(batch.schema_ref());
        let written = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let place = self.columns.iter().position(|column| column.name == *field.name());
            let found = place.and_then(|place| Some((place, self.columns.get(place)?)));
            let Some((place, Some(labels))) = found.map(|(place, column)| (place, &column.labels))
            else {
                return array.clone();
            };
            let label = |(row, id): (usize, &u32)| match &self.form {
                Form::Full(_) => {
                    let cell = codes.get(place).map_or(u32::MAX, |codes| at(codes, row));
                    labels.get(cell as usize).and_then(Option::as_deref)
                }
                Form::Local(_, classes) => {
                    classes.get(by(&released, *id)? as usize)?.get(place)?.as_deref()
                }
            };
            Arc::new(ids.iter().enumerate().map(label).collect::<StringArray>()) as ArrayRef
        });
        let written = written.collect();
        RecordBatch::try_new(Arc::new(schema.clone()), written)
            .and_then(|batch| filter_record_batch(&batch, &mask))
            .map_err(|error| fault::internal("released columns do not fit together").because(error))
    }
}
