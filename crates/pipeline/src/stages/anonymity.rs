//! The promise about the whole table: coarser quasi-identifiers, rows left out, and what an attacker still achieves.

use crate::convert;
use crate::messages::HIERARCHY_TEXT;
use crate::project::Project;
use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Digest, Fault, Result, atomic, fault};
use ingot_data::{AnonymityOutcome, Encryption};
use ingot_privacy::anonymity::{self, Hierarchy, Plan, Policy};
use ingot_privacy::attack::{Effort, Linkage, Pair, Scene, linkage};
use ingot_privacy::residual::{Evidence, Residual, TextEvidence};
use ingot_recipe::Anonymity;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Where a row stood before rows were left out; no column of a table has such a name.
const PLACE: &str = "\u{1}place";
/// Largest file of a hierarchy, in bytes.
const HIERARCHY_BYTES: u64 = 16 << 20;

/// Files that the policy names, by content.
pub(crate) fn files(project: &Project<'_>) -> Result<BTreeMap<String, Digest>> {
    let policy = project.recipe().protect.anonymity.iter();
    policy
        .flat_map(|policy| &policy.hierarchies)
        .filter_map(|rule| Some((rule, rule.file.as_ref()?)))
        .map(|(rule, file)| {
            let digest = read(project, file)
                .map(|text| Digest::of(text.as_bytes()))
                .map_err(|fault| fault.at("protect.anonymity.hierarchies"))?;
            Ok((format!("hierarchy of {}", rule.column), digest))
        })
        .collect()
}

/// Writes the table that keeps the promise; `text` is what is known of its free text.
///
/// # Errors
/// A fault of class `Refused`, with the nearest settings, where the promise cannot be kept.
pub(crate) fn apply(
    project: &Project<'_>,
    policy: &Anonymity,
    (input, output): (&Path, &Path),
    keys: &Encryption,
    text: Option<TextEvidence>,
) -> Result<AnonymityOutcome> {
    let target = &project.recipe().project.target;
    let policy = convert::anonymity(policy, target, &|file| hierarchy(project, file))?;
    let quasi: Vec<&str> = policy.quasi.iter().map(|quasi| quasi.name.as_str()).collect();
    let named: Vec<&str> =
        quasi.iter().copied().chain(policy.sensitive.iter().map(String::as_str)).collect();
    let known = ingot_data::read_columns(input, Some(keys), &named)?;
    let plan = anonymity::search(&known, &policy).map_err(|fault| match fault.key_path() {
        Some(_) => fault,
        None => fault.at("protect.anonymity"),
    })?;
    let rows = ingot_data::transform(input, output, Some(keys), Some(keys), &mut |batch| {
        plan.apply(&batch)
    })?;
    let (released, truth) = release(&plan, &known)?;
    // An attacker wants what is sensitive, the first of it.
    let wanted = policy.sensitive.first().map(Pair::same);
    let pairs: Vec<Pair> = quasi.into_iter().map(Pair::same).collect();
    let attack = |released: &[RecordBatch], truth: &[Option<usize>]| -> Result<Linkage> {
        let seed = project.recipe().project.seed;
        let scene =
            Scene { known: &known, released, truth, quasi: &pairs, wanted: wanted.as_ref() };
        linkage(&scene, &Effort { seed, ..Effort::default() })
    };
    let all: Vec<Option<usize>> = (0..truth.len()).map(Some).collect();
    let (before, after) = (attack(&known, &all)?, attack(&released, &truth)?);
    let report = plan.report().clone();
    let residual = Residual::new(Evidence {
        text,
        prosecutor: Some(report.after.reidentification.prosecutor_average),
        linkage_upper: Some(after.found.upper),
    });
    Ok(AnonymityOutcome { policy: without_values(policy), report, rows, before, after, residual })
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

fn read(project: &Project<'_>, file: &str) -> Result<String> {
    let path = project.source.folder().join(file);
    let bytes = atomic::read(&path, HIERARCHY_BYTES)?;
    String::from_utf8(bytes)
        .map(|text| text.trim_start_matches('\u{feff}').to_owned())
        .map_err(|_| Fault::new(&HIERARCHY_TEXT).arg("path", path.display()))
}

/// `value;level 1;level 2`, one line a value.
fn hierarchy(project: &Project<'_>, file: &str) -> Result<Vec<Vec<String>>> {
    let text = read(project, file)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(|line| line.split(';').map(|cell| cell.trim().to_owned()).collect()).collect())
}
