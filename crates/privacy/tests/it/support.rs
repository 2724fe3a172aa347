//! Small tables and fixed keys.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Result, Secret};
use ingot_privacy::{Action, ColumnKeys, ColumnRule, Generalize, Protector};
use std::sync::Arc;

pub(crate) fn keys() -> ColumnKeys {
    ColumnKeys { encrypt: Secret::new((0..64).collect()), hash: Secret::new((64..96).collect()) }
}

pub(crate) fn rule(name: &str, action: Action) -> ColumnRule {
    ColumnRule { name: name.into(), rename: None, action }
}

pub(crate) fn renamed(name: &str, to: &str, action: Action) -> ColumnRule {
    ColumnRule { name: name.into(), rename: Some(to.into()), action }
}

pub(crate) fn mask(keep_start: usize, keep_end: usize) -> Action {
    Action::Mask { keep_start, keep_end, with: '*' }
}

pub(crate) fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array)| array).collect(),
    )
    .unwrap()
}

/// A table with more columns behind its own.
pub(crate) fn wider(batch: &RecordBatch, more: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    table(names.zip(batch.columns().iter().cloned()).chain(more).collect())
}

pub(crate) fn text(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// The column `c` after one action, and how many values could not be read.
pub(crate) fn apply(action: Action, array: ArrayRef) -> Result<(ArrayRef, u64)> {
    let batch = table(vec![("c", array)]);
    let protector = Protector::new(vec![rule("c", action)], keys(), &batch.schema())?;
    let protected = protector.apply(batch)?;
    assert_eq!(protected.schema(), protector.schema());
    let lost = protector.lost().first().map_or(0, |(_, lost, _)| *lost);
    Ok((protected.column(0).clone(), lost))
}

pub(crate) fn generalize(to: Generalize, array: ArrayRef) -> (Vec<Option<String>>, u64) {
    let (array, unreadable) = apply(Action::Generalize(to), array).unwrap();
    (shown(&array), unreadable)
}

/// Every cell as Arrow itself prints it.
pub(crate) fn shown(array: &ArrayRef) -> Vec<Option<String>> {
    let printed = cast(array, &DataType::Utf8).unwrap();
    let printed = printed.as_any().downcast_ref::<StringArray>().unwrap();
    printed.iter().map(|cell| cell.map(str::to_owned)).collect()
}

pub(crate) fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}
