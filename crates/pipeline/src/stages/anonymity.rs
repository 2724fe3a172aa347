//! The promise about the whole table: coarser quasi-identifiers, rows left out, and what an attacker still achieves.

use crate::messages::{POPULATION_COLUMN, POPULATION_TYPE, QUASI_TOLD};
use crate::project::Project;
use crate::{convert, hierarchies};
use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Digest, Fault, Result, fault};
use ingot_data::{AnonymityOutcome, Encryption};
use ingot_privacy::anonymity::{self, Hierarchy, Plan, Policy};
use ingot_privacy::attack::{Coarsened, Effort, Levels, Linkage, Pair, Scene, Telling, linkage};
use ingot_privacy::held;
use ingot_privacy::residual::{Evidence, Residual, TextEvidence};
use ingot_recipe::{Anonymity, Presence};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Where a row stood before rows were left out; no column of a table has such a name.
const PLACE: &str = "\u{1}place";
/// Where the recipe names the population.
const POPULATION: &str = "protect.anonymity.presence.population";

/// Files that the promise names, by content.
pub(crate) fn files(project: &Project<'_>) -> Result<BTreeMap<String, Digest>> {
    let mut files = hierarchies::check(project)?;
    let policy = project.recipe().protect.anonymity.as_ref();
    if let Some(presence) = policy.and_then(|policy| policy.presence.as_ref()) {
        let path = project.source.folder().join(&presence.population);
        let digest = Digest::of_file(&path).map_err(|fault| fault.at(POPULATION))?;
        files.insert("population".to_owned(), digest);
    }
    Ok(files)
}

/// Writes the table that keeps the promise; `texts` is what was found in its free text.
///
/// # Errors
/// A fault of class `Refused`, with the nearest settings, where the promise cannot be kept.
pub(crate) fn apply(
    project: &Project<'_>,
    policy: &Anonymity,
    (input, output): (&Path, &Path),
    keys: &Encryption,
    texts: &[ingot_privacy::TextEvidence],
) -> Result<AnonymityOutcome> {
    let person = convert::person(project.recipe());
    let target = &project.recipe().project.target;
    let presence = policy.presence.as_ref();
    let policy =
        convert::anonymity(policy, person, target, &|file| hierarchies::rows(project, file))?;
    let quasi: Vec<&str> = policy.quasi.iter().map(|quasi| quasi.name.as_str()).collect();
    let sensitive = policy.sensitive.iter().map(String::as_str);
    let named: Vec<&str> = quasi.iter().copied().chain(sensitive).chain(person).collect();
    let known = ingot_data::read_columns(input, Some(keys), &named)?;
    let people = match presence {
        Some(presence) => population(project, presence, &known, &quasi)?,
        None => Vec::new(),
    };
    let placed = |fault: Fault| {
        let fault = hierarchies::placed(project.recipe(), fault, input, keys);
        match fault.key_path() {
            Some(_) => fault,
            None => fault.at("protect.anonymity"),
        }
    };
    let plan = anonymity::search_in(&known, &people, &policy).map_err(placed)?;
    let rows = ingot_data::transform(input, output, Some(keys), Some(keys), &mut |batch| {
        plan.apply(&batch)
    })?;
    let (released, truth) = release(&plan, &known)?;
    // Hierarchies are public sooner or later.
    let levels = known_levels(&policy);
    // An attacker wants what is sensitive, the first of it.
    let wanted = policy.sensitive.first().map(Pair::same);
    let person = person.map(Pair::same);
    let pairs: Vec<Pair> = quasi.into_iter().map(Pair::same).collect();
    let attack = |released: &[RecordBatch], truth: &[Option<usize>]| -> Result<Linkage> {
        let seed = project.recipe().project.seed;
        let scene = Scene {
            known: &known,
            released,
            truth,
            quasi: &pairs,
            person: person.as_ref(),
            levels: &levels,
            wanted: wanted.as_ref(),
        };
        linkage(&scene, &Effort { seed, ..Effort::default() })
    };
    let all: Vec<Option<usize>> = (0..truth.len()).map(Some).collect();
    let (before, after) = (attack(&known, &all)?, attack(&released, &truth)?);
    let coarsened = Coarsened::new(&known, &released, &truth, &pairs, person.as_ref())?;
    let telling = telling(project, (output, keys), &coarsened, &pairs)?;
    let report = plan.report().clone();
    let residual = Residual::new(Evidence {
        // Texts were read before rows were left out.
        text: TextEvidence::measured(texts, report.before.persons.unwrap_or(report.before.rows)),
        prosecutor: Some(report.after.reidentification.prosecutor_average),
        linkage_upper: Some(after.found.upper),
    });
    let policy = without_values(policy);
    Ok(AnonymityOutcome { policy, report, rows, before, after, telling, residual })
}

/// Warns of columns beside the quasi-identifiers that tell one of them again, column by column. Free texts hold persons' own words: what they say
/// of the row is taken out of them before.
fn telling(
    project: &Project<'_>,
    (table, keys): (&Path, &Encryption),
    coarsened: &Coarsened,
    quasi: &[Pair],
) -> Result<Vec<Telling>> {
    let mut all = Vec::new();
    if coarsened.is_empty() {
        return Ok(all);
    }
    let texts = project.recipe().protect.text.as_ref();
    for field in ingot_data::schema(table, Some(keys))?.fields() {
        let column = field.name();
        let skipped = quasi.iter().any(|pair| pair.released == *column)
            || texts.is_some_and(|text| text.columns.contains(column));
        if !skipped {
            let cells = ingot_data::read_columns(table, Some(keys), &[column.as_str()])?;
            all.extend(coarsened.told_by(&cells, column)?);
        }
    }
    for one in &all {
        let (column, quasi, how) = (&one.column, &one.quasi, one.how());
        let warning = Fault::new(&QUASI_TOLD).arg("column", column).arg("quasi", quasi);
        project.reporter.warn(&warning.words("how", how));
    }
    Ok(all)
}

/// What a given hierarchy says of each value: the groups that hold it.
fn known_levels(policy: &Policy) -> Levels {
    let mut levels = Levels::new();
    for quasi in &policy.quasi {
        let Hierarchy::Table(rows) = &quasi.hierarchy else { continue };
        let above = rows.iter().filter_map(|row| row.split_first());
        let above = above.map(|(value, above)| (value.clone(), above.iter().cloned().collect()));
        levels.insert(quasi.name.clone(), above.collect());
    }
    levels
}

/// Levels given by file name the values of a column: what is shown does not repeat them.
fn without_values(mut policy: Policy) -> Policy {
    for quasi in &mut policy.quasi {
        if let Hierarchy::Table(rows) = &mut quasi.hierarchy {
            rows.clear();
        }
    }
    policy
}

/// The released rows in memory, and for each row before its row now.
fn release(plan: &Plan, known: &[RecordBatch]) -> Result<(Vec<RecordBatch>, Vec<Option<usize>>)> {
    let mut truth = Vec::new();
    let mut released = Vec::new();
    let mut next = 0;
    for batch in known {
        let first = truth.len();
        truth.resize(first + batch.num_rows(), None);
        let batch = plan.apply(&numbered(batch)?)?;
        let places = batch
            .column_by_name(PLACE)
            .and_then(|column| column.as_any().downcast_ref::<UInt64Array>())
            .ok_or_else(|| fault::internal("released rows without their places"))?;
        for place in places.iter().flatten() {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            if let Some(slot) = truth.get_mut(first.saturating_add(place)) {
                *slot = Some(next);
            }
            next += 1;
        }
        released.push(batch);
    }
    Ok((released, truth))
}

fn numbered(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(PLACE, DataType::UInt64, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from_iter_values(0..batch.num_rows() as u64)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| fault::internal("rows that cannot be numbered").because(error))
}

/// The quasi-identifiers of everyone, in the types of the table: files do not say whether `7` is a whole number.
fn population(
    project: &Project<'_>,
    presence: &Presence,
    known: &[RecordBatch],
    quasi: &[&str],
) -> Result<Vec<RecordBatch>> {
    let path = project.source.folder().join(&presence.population);
    let people = ingot_data::load(&path).map_err(|fault| fault.at(POPULATION))?;
    let Some(first) = known.first() else { return Ok(Vec::new()) };
    let schema = first.schema();
    let column = |batch: &RecordBatch, name: &str| -> Result<(Arc<Field>, ArrayRef)> {
        let place = schema.index_of(name).ok();
        let field = place.and_then(|place| schema.fields().get(place));
        let field = field.ok_or_else(|| fault::internal("a quasi-identifier that is not there"))?;
        let array = batch.column_by_name(name).ok_or_else(|| {
            let found = batch.schema();
            let known: Vec<&str> =
                found.fields().iter().map(|field| field.name().as_str()).collect();
            Fault::new(&POPULATION_COLUMN)
                .arg("path", path.display())
                .arg("column", name)
                .arg("known", known.join(", "))
        })?;
        let options = CastOptions { safe: false, ..CastOptions::default() };
        // The reason would quote a person's value.
        let array = cast_with_options(array, field.data_type(), &options).map_err(|_| {
            Fault::new(&POPULATION_TYPE)
                .arg("path", path.display())
                .arg("column", name)
                .words("kind", held(field.data_type()))
        })?;
        Ok((Arc::new(field.as_ref().clone().with_nullable(true)), array))
    };
    let batch = |batch: &RecordBatch| -> Result<RecordBatch> {
        let columns = quasi.iter().map(|name| column(batch, name));
        let (fields, columns): (Vec<Arc<Field>>, Vec<ArrayRef>) =
            columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| fault::internal("a population that makes no table").because(error))
    };
    people.iter().map(batch).collect::<Result<Vec<_>>>().map_err(|fault| fault.at(POPULATION))
}
