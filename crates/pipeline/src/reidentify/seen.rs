//! What the tables of the latest run tell: who is in them, and what was issued.

use super::AUDITED;
use crate::convert;
use crate::erase::{is_text, texts};
use crate::project::Project;
use crate::stages::{clean, protect};
use crate::store::Stage;
use ingot_base::{Personal, Result};
use ingot_privacy::{ColumnKeys, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The table of the latest run of a stage, where it is still there.
fn table(project: &Project<'_>, stage: Stage, file: &str) -> Result<Option<PathBuf>> {
    let record = project.store.latest(stage)?;
    let path = record.map(|record| project.store.folder(stage, &record.key).join(file));
    Ok(path.filter(|path| path.exists()))
}

/// The cleaned table.
pub(super) fn cleaned(project: &Project<'_>) -> Result<Option<PathBuf>> {
    table(project, Stage::Clean, clean::TABLE)
}

/// The names of the protected table's columns; none where it is not there.
pub(super) fn columns(project: &Project<'_>) -> Result<Vec<String>> {
    let Some(path) = table(project, Stage::Protect, protect::TABLE)? else { return Ok(Vec::new()) };
    let schema = ingot_data::schema(&path, Some(&convert::encryption(project)))?;
    let names = schema.fields().iter().map(|field| field.name().clone());
    Ok(names.filter(|name| !name.starts_with('_')).collect())
}

/// Those of the values that a column of the cleaned table has; `None` where no table or no such column can be asked.
pub(super) fn among(
    project: &Project<'_>,
    keys: &ColumnKeys,
    column: &str,
    values: Vec<Personal<String>>,
) -> Result<Option<Vec<Personal<String>>>> {
    let Some(path) = cleaned(project)? else { return Ok(None) };
    let encryption = convert::encryption(project);
    if ingot_data::schema(&path, Some(&encryption))?.column_with_name(column).is_none() {
        return Ok(None);
    }
    let token = |value| ingot_privacy::hash_value(keys, AUDITED, value);
    let tokens = values.iter().map(token).collect::<Result<Vec<String>>>()?;
    let mut seen = BTreeSet::new();
    ingot_data::each(&path, Some(&encryption), &[column], &mut |batch| {
        if let Some(cells) = batch.column_by_name(column) {
            let found = ingot_privacy::hash_cells(keys, AUDITED, cells)?;
            seen.extend(found.into_iter().flatten().filter(|token| tokens.contains(token)));
        }
        Ok(())
    })?;
    let known = values.into_iter().zip(tokens).filter(|(_, token)| seen.contains(token));
    Ok(Some(known.map(|(value, _)| value).collect()))
}

/// Whether something stands in the protected table: as a cell, or within a text, whatever escapes that has in JSON.
pub(super) fn issued(project: &Project<'_>, value: &str) -> Result<bool> {
    let Some(path) = table(project, Stage::Protect, protect::TABLE)? else { return Ok(false) };
    let encryption = convert::encryption(project);
    let schema = ingot_data::schema(&path, Some(&encryption))?;
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .filter(|field| is_text(field.data_type()) && !field.name().starts_with('_'))
        .map(|field| field.name().as_str())
        .collect();
    let mut found = false;
    ingot_data::each(&path, Some(&encryption), &columns, &mut |batch| {
        for array in batch.columns() {
            let mut has = |text: &str| text.contains(value);
            found = found || texts(array)?.iter().flatten().any(|cell| json::any(cell, &mut has));
        }
        Ok(())
    })?;
    Ok(found)
}
