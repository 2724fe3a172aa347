//! Arrow columns as numbers and interned categories.

use crate::messages::{COLUMN_MISSING, COLUMN_TYPE, SCHEMA};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use ingot_base::{Fault, Held, Result, Text, told_apart};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Columns that tell where a row comes from and what it weighs; never features.
pub(crate) const LINEAGE: [&str; 3] = ["_source", "_row", "_weight"];

/// What a column's values are to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Number,
    Boolean,
    Text,
    /// Every value is null.
    Empty,
    /// Dates, lists, bytes: nothing a feature matrix holds.
    Other,
}

/// How a type is seen.
pub(crate) fn shape(kind: &DataType) -> Shape {
    match kind {
        DataType::Boolean => Shape::Boolean,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Shape::Text,
        DataType::Dictionary(_, values) => shape(values),
        DataType::Null => Shape::Empty,
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Shape::Number,
        kind if kind.is_numeric() => Shape::Number,
        _ => Shape::Other,
    }
}

/// What a type holds, in a reader's words.
pub(crate) fn held(kind: &DataType) -> Text {
    let held = match shape(kind) {
        Shape::Number => Held::Numbers,
        Shape::Boolean => Held::Flags,
        Shape::Text => Held::Texts,
        Shape::Empty => Held::Nothing,
        Shape::Other if kind.is_temporal() => Held::Dates,
        Shape::Other => Held::Other,
    };
    held.words()
}

/// Rows of all batches.
pub(crate) fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Whether the table has the column.
pub(crate) fn has(batches: &[RecordBatch], name: &str) -> bool {
    batches.first().is_some_and(|batch| batch.schema_ref().index_of(name).is_ok())
}

/// One column of every batch.
///
/// # Errors
/// When it is missing, or the batches' types differ.
pub(crate) fn pieces<'a>(batches: &'a [RecordBatch], name: &str) -> Result<Vec<&'a ArrayRef>> {
    let Some(first) = batches.first() else { return Ok(vec![]) };
    let schema = first.schema_ref();
    if schema.index_of(name).is_err() {
        let known: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).take(50).collect();
        return Err(Fault::new(&COLUMN_MISSING).arg("column", name).arg("known", known.join(", ")));
    }
    let pieces: Option<Vec<_>> = batches.iter().map(|batch| batch.column_by_name(name)).collect();
    let pieces = pieces.ok_or_else(|| Fault::new(&SCHEMA))?;
    let same =
        pieces.windows(2).all(|pair| matches!(pair, [a, b] if a.data_type() == b.data_type()));
    if same { Ok(pieces) } else { Err(Fault::new(&SCHEMA)) }
}

fn convert(array: &ArrayRef, to: &DataType, name: &str) -> Result<ArrayRef> {
    cast(array, to).map_err(|_| {
        // Arrow's own sentence may quote the value.
        Fault::new(&COLUMN_TYPE)
            .arg("column", name)
            .words("found", held(array.data_type()))
            .words("expected", held(to))
    })
}

/// A column as numbers; null and values that are not finite become NaN. Booleans become 1 and 0.
///
/// # Errors
/// When it is missing or holds neither numbers nor booleans.
pub(crate) fn numbers(batches: &[RecordBatch], name: &str) -> Result<Vec<f64>> {
    let mut out = Vec::with_capacity(rows(batches));
    for array in pieces(batches, name)? {
        if !matches!(shape(array.data_type()), Shape::Number | Shape::Boolean | Shape::Empty) {
            return Err(Fault::new(&COLUMN_TYPE)
                .arg("column", name)
                .words("found", held(array.data_type()))
                .words("expected", Held::Numbers.words()));
        }
        let array = convert(array, &DataType::Float64, name)?;
        let values = array.as_primitive::<Float64Type>();
        out.extend(
            values.iter().map(|value| value.filter(|value| value.is_finite()).unwrap_or(f64::NAN)),
        );
    }
    Ok(out)
}

/// Marks a missing value among [`Interned::codes`].
pub(crate) const MISSING: u32 = u32::MAX;

/// A column's distinct values, sorted, and the index of each row's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Interned {
    pub(crate) values: Vec<String>,
    pub(crate) codes: Vec<u32>,
}

impl Interned {
    pub(crate) fn missing(&self) -> usize {
        self.codes.iter().filter(|&&code| code == MISSING).count()
    }
}

/// A column as categories. Numbers and booleans are taken by their text (`1.0` as `1`), so that a class column may be any of them.
///
/// # Errors
/// When it is missing or has no text form.
pub(crate) fn interned(batches: &[RecordBatch], name: &str) -> Result<Interned> {
    let mut codes = Vec::with_capacity(rows(batches));
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut values: Vec<String> = Vec::new();
    for array in pieces(batches, name)? {
        let kind = shape(array.data_type());
        if kind == Shape::Other {
            return Err(Fault::new(&COLUMN_TYPE)
                .arg("column", name)
                .words("found", held(array.data_type()))
                .words("expected", Held::Texts.words()));
        }
        let array = convert(array, &DataType::Utf8, name)?;
        for value in array.as_string::<i32>() {
            let Some(mut value) = value else {
                codes.push(MISSING);
                continue;
            };
            if kind == Shape::Number {
                value = value.strip_suffix(".0").unwrap_or(value);
            }
            if let Some(&code) = index.get(value) {
                codes.push(code);
            } else {
                let code = u32::try_from(values.len()).unwrap_or(MISSING);
                index.insert(value.to_owned(), code);
                values.push(value.to_owned());
                codes.push(code);
            }
        }
    }
    Ok(sorted(values, codes))
}

/// Each row's group, counted from 0; rows without a group are each their own.
///
/// # Errors
/// When the column is missing or has no text form.
pub(crate) fn groups(batches: &[RecordBatch], name: &str) -> Result<Vec<u32>> {
    let Interned { values, codes } = interned(batches, name)?;
    let numbers = numbered(values.iter().map(|value| Some(value.as_str())));
    let known = numbers.iter().max().map_or(0, |last| last.saturating_add(1));
    let number = |code: u32| usize::try_from(code).ok().and_then(|code| numbers.get(code)).copied();
    Ok(each_their_own(codes.into_iter().map(number), known))
}

/// Numbers of groups, of which so many are known; who is in none is numbered after them.
fn each_their_own(groups: impl Iterator<Item = Option<u32>>, known: u32) -> Vec<u32> {
    let mut alone = known..;
    groups.map(|group| group.unwrap_or_else(|| alone.next().unwrap_or(MISSING))).collect()
}

/// Groups as numbers from 0, in the order of their names whatever that of the rows; who is written in several ways is one group, as in the
/// split ([`told_apart`]), and rows without a group are each their own, after them.
pub(crate) fn numbered<'a>(groups: impl Iterator<Item = Option<&'a str>>) -> Vec<u32> {
    let groups: Vec<Option<String>> = groups.map(|group| group.map(told_apart)).collect();
    let names: BTreeSet<&str> = groups.iter().flatten().map(String::as_str).collect();
    let known: BTreeMap<&str, u32> = names.into_iter().zip(0..).collect();
    let count = u32::try_from(known.len()).unwrap_or(MISSING);
    let number = |group: &Option<String>| known.get(group.as_deref()?).copied();
    each_their_own(groups.iter().map(number), count)
}

/// Renumbers first-seen codes by the order of their values.
fn sorted(values: Vec<String>, mut codes: Vec<u32>) -> Interned {
    let mut order: Vec<(String, usize)> = values.into_iter().zip(0..).collect();
    order.sort_unstable();
    let mut rank = vec![0_u32; order.len()];
    for ((_, old), new) in order.iter().zip(0..) {
        if let Some(slot) = rank.get_mut(*old) {
            *slot = new;
        }
    }
    for code in &mut codes {
        *code = rank.get(*code as usize).copied().unwrap_or(MISSING);
    }
    Interned { values: order.into_iter().map(|(value, _)| value).collect(), codes }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small exact numbers")]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, StringArray};
    use std::sync::Arc;

    fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap()
    }

    #[test]
    fn categories_are_sorted_whatever_their_order_of_appearance() {
        let first = table(vec![(
            "c",
            Arc::new(StringArray::from(vec![Some("乙"), None, Some("甲")])) as ArrayRef,
        )]);
        let second = table(vec![("c", Arc::new(StringArray::from(vec![Some("丙")])) as ArrayRef)]);
        let interned = interned(&[first, second], "c").unwrap();
        assert_eq!(interned.values, ["丙", "乙", "甲"]);
        assert_eq!(interned.codes, [1, MISSING, 2, 0]);
    }

    #[test]
    fn rows_without_a_group_are_each_their_own() {
        let groups = [Some("b"), None, Some("a"), Some("b"), None, Some("a")];
        assert_eq!(numbered(groups.into_iter()), [1, 2, 0, 1, 3, 0]);
        let column = Arc::new(StringArray::from(groups.to_vec())) as ArrayRef;
        let found = super::groups(&[table(vec![("g", column)])], "g").unwrap();
        assert_eq!(found, numbered(groups.into_iter()), "a column is numbered the same");
        let ways = ["7005", "P7", "7005.0", " p7 ", "7006"];
        assert_eq!(numbered(ways.into_iter().map(Some)), [0, 2, 0, 2, 1], "as the split has it");
    }

    #[test]
    fn numbers_and_their_text() {
        let batch = table(vec![
            (
                "n",
                Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::INFINITY), None, Some(2.5)]))
                    as ArrayRef,
            ),
            (
                "b",
                Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))
                    as ArrayRef,
            ),
        ]);
        let batches = [batch];
        let values = numbers(&batches, "n").unwrap();
        assert!(values[0] == 1.0 && values[1].is_nan() && values[2].is_nan() && values[3] == 2.5);
        assert_eq!(numbers(&batches, "b").unwrap()[..2], [1.0, 0.0]);
        assert_eq!(interned(&batches, "n").unwrap().values, ["1", "2.5", "inf"]);
        assert_eq!(interned(&batches, "b").unwrap().values, ["false", "true"]);
        let fault = numbers(&batches, "x").unwrap_err();
        assert_eq!(fault.code(), "train-column-missing");
    }
}
