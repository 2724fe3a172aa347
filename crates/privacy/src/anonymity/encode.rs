//! Columns as dictionary codes.

use super::messages::{COLUMN_DIFFERS, COLUMN_TYPE, COLUMN_UNKNOWN};
use super::numbers::{by, code, mix, real};
use crate::calendar::Day;
use crate::cells::{Kind, each, plain, values_of};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use ingot_base::{Fault, Result, fault, told_apart};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A column: one code a row, and what each code stands for. Codes are dense, in order of first appearance.
#[derive(Debug)]
pub(super) struct Coded {
    /// One a row.
    pub(super) codes: Vec<u32>,
    /// One a code; `None` is null.
    pub(super) texts: Vec<Option<String>>,
    /// One a code where the column has an order: numbers; for dates what [`instant`] says. NaN for null.
    pub(super) numbers: Option<Vec<f64>>,
    pub(super) kind: Kind,
    pub(super) data_type: DataType,
}

impl Coded {
    /// The ranks of the codes by value: by number where there is one, by text otherwise, null first.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..code(self.texts.len())).collect();
        if let Some(numbers) = &self.numbers {
            order.sort_by(|a, b| {
                let null = |index: &u32| self.text(*index).is_some();
                null(a).cmp(&null(b)).then(by(numbers, *a).total_cmp(&by(numbers, *b)))
            });
        } else {
            order.sort_by(|a, b| self.text(*a).cmp(&self.text(*b)));
        }
        let mut ranks = vec![0; order.len()];
        for (rank, index) in order.into_iter().enumerate() {
            if let Some(place) = ranks.get_mut(index as usize) {
                *place = code(rank);
            }
        }
        ranks
    }

    /// The codes of persons, one a row, and how many persons there are: whoever is written in several ways is one ([`told_apart`]).
    pub(super) fn persons(self) -> (Vec<u32>, usize) {
        let mut seen: HashMap<Option<String>, u32> = HashMap::with_capacity(self.texts.len());
        let mut persons = Vec::with_capacity(self.texts.len());
        for text in &self.texts {
            let fresh = code(seen.len());
            persons.push(*seen.entry(text.as_deref().map(told_apart)).or_insert(fresh));
        }
        let codes = self.codes.iter().map(|index| by(&persons, *index)).collect();
        (codes, seen.len())
    }

    /// What a code stands for.
    pub(super) fn text(&self, index: u32) -> Option<&str> {
        self.texts.get(index as usize).and_then(Option::as_deref)
    }
}

/// The parts of a column, of one type.
pub(super) fn parts<'a>(batches: &'a [RecordBatch], name: &str) -> Result<Vec<&'a ArrayRef>> {
    let mut parts: Vec<&ArrayRef> = Vec::with_capacity(batches.len());
    for batch in batches {
        let schema = batch.schema_ref();
        let mut places =
            schema.fields().iter().enumerate().filter(|(_, field)| field.name() == name);
        let (Some((place, _)), None) = (places.next(), places.next()) else {
            let known: Vec<&str> =
                schema.fields().iter().map(|field| field.name().as_str()).collect();
            return Err(Fault::new(&COLUMN_UNKNOWN)
                .arg("column", name)
                .arg("known", known.join(", ")));
        };
        let part = batch.column(place);
        if parts.first().is_some_and(|first| first.data_type() != part.data_type()) {
            return Err(Fault::new(&COLUMN_DIFFERS).arg("column", name));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Codes of a column's parts, in order.
pub(super) fn encode(name: &str, parts: &[&ArrayRef]) -> Result<Coded> {
    let data_type = parts.first().map_or(DataType::Null, |part| part.data_type().clone());
    let kind = Kind::of(&data_type)
        .ok_or_else(|| Fault::new(&COLUMN_TYPE).arg("column", name).arg("kind", &data_type))?;
    let rows = parts.iter().map(arrow::array::Array::len).sum();
    // Narrow floats go by text, so that 0.1 is `0.1` in every width.
    if kind == Kind::Integer || *values_of(&data_type) == DataType::Float64 {
        words(parts, kind, data_type, rows)
    } else {
        texts(parts, kind, data_type, rows)
    }
}

/// Numbers: the dictionary is of words, texts are written once a code.
fn words(parts: &[&ArrayRef], kind: Kind, data_type: DataType, rows: usize) -> Result<Coded> {
    let mut seen: HashMap<u64, u32, BuildHasherDefault<Mix>> = HashMap::default();
    let mut codes = Vec::with_capacity(rows);
    let mut null: Option<u32> = None;
    let mut texts: Vec<Option<String>> = Vec::new();
    let mut numbers: Vec<f64> = Vec::new();
    let mut take = |cell: Option<(u64, f64)>, write: &dyn Fn() -> String| {
        let fresh = code(texts.len());
        let found = match cell {
            None => *null.get_or_insert(fresh),
            Some((word, _)) => *seen.entry(word).or_insert(fresh),
        };
        if found == fresh {
            texts.push(cell.map(|_| write()));
            numbers.push(cell.map_or(f64::NAN, |(_, number)| number));
        }
        codes.push(found);
    };
    for part in parts {
        let part = plain(part)?;
        let convert = |to: &DataType| {
            cast(&part, to).map_err(|error| {
                fault::internal("a number column cannot be widened").because(error)
            })
        };
        if *part.data_type() == DataType::UInt64 {
            for cell in part.as_primitive::<UInt64Type>() {
                take(cell.map(|value| (value, real(value))), &|| {
                    cell.map(|v| v.to_string()).unwrap_or_default()
                });
            }
        } else if kind == Kind::Integer {
            for cell in convert(&DataType::Int64)?.as_primitive::<Int64Type>() {
                let number = cell.map(|value| (value.cast_unsigned(), signed(value)));
                take(number, &|| cell.map(|v| v.to_string()).unwrap_or_default());
            }
        } else {
            for cell in convert(&DataType::Float64)?.as_primitive::<Float64Type>() {
                // One zero and one NaN.
                let cell = cell.map(|value| if value.is_nan() { f64::NAN } else { value + 0.0 });
                take(cell.map(|v| (v.to_bits(), v)), &|| {
                    cell.map(|v| v.to_string()).unwrap_or_default()
                });
            }
        }
    }
    Ok(Coded { codes, texts, numbers: Some(numbers), kind, data_type })
}

#[expect(clippy::cast_precision_loss, reason = "only for order and intervals")]
fn signed(value: i64) -> f64 {
    value as f64
}

/// Everything else, by its canonical text.
fn texts(parts: &[&ArrayRef], kind: Kind, data_type: DataType, rows: usize) -> Result<Coded> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut codes = Vec::with_capacity(rows);
    let mut null: Option<u32> = None;
    let mut texts: Vec<Option<String>> = Vec::new();
    for part in parts {
        each(part, true, &mut |cell| {
            let fresh = code(texts.len());
            let found = match cell {
                None => *null.get_or_insert(fresh),
                Some(text) => match seen.get(text) {
                    Some(found) => *found,
                    None => *seen.entry(text.to_owned()).or_insert(fresh),
                },
            };
            if found == fresh {
                texts.push(cell.map(str::to_owned));
            }
            codes.push(found);
            Ok(())
        })?;
    }
    let number = |text: &str| match kind {
        Kind::Decimal | Kind::Float => text.parse().unwrap_or(f64::NAN),
        _ => instant(text),
    };
    let numbers = matches!(kind, Kind::Decimal | Kind::Float | Kind::Date)
        .then(|| texts.iter().map(|text| text.as_deref().map_or(f64::NAN, number)).collect());
    Ok(Coded { codes, texts, numbers, kind, data_type })
}

/// A number that grows with time, for order only: every month counts 31 days. `T` begins the time of day.
fn instant(text: &str) -> f64 {
    let Some(day) = Day::parse(text) else { return f64::NAN };
    let time = text.split_once('T').map_or("", |(_, time)| time);
    let place = [1.0 / 24.0, 1.0 / 1_440.0, 1.0 / 86_400.0];
    let fraction: f64 = time
        .trim_end_matches('Z')
        .split(':')
        .zip(place)
        .map(|(part, unit)| part.parse::<f64>().unwrap_or(0.0) * unit)
        .sum();
    signed(day.year) * 372.0 + f64::from(day.month) * 31.0 + f64::from(day.of_month) + fraction
}

/// One word in, one mixed word out.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
