//! Column figures, merged batch by batch in row order, so that they do not depend on the number of threads.

use crate::outcome::ColumnProfile;
use crate::seen::Hashes;
use crate::table::kind;
use arrow::array::{Array, AsArray, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::row::{RowConverter, SortField};
use std::collections::BTreeSet;
use twox_hash::XxHash3_128;

/// Distinct values are counted over at most this many rows from the beginning.
const DISTINCT_ROWS: u64 = 100_000;
/// And at most this many of them.
const DISTINCT: usize = 10_000;
/// Of fewer rows than these no mean or deviation is told: with few rows they are as good as the values.
pub(crate) const FEW: u64 = 20;

/// Figures of a column so far.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    name: String,
    data_type: DataType,
    rows: u64,
    missing: u64,
    distinct: Hashes,
    /// Number, mean and sum of squared deviations (Chan, Golub and `LeVeque` 1983).
    moments: (f64, f64, f64),
}

/// Figures of one batch's column, computed on any thread.
#[derive(Debug)]
pub(crate) struct Partial {
    rows: u64,
    missing: u64,
    hashes: Vec<u128>,
    moments: (f64, f64, f64),
}

impl Partial {
    /// Rows, missing values, hashes, and the moments as bits: text would lose a digit.
    pub(crate) fn to_bits(&self) -> (u64, u64, Vec<u128>, (u64, u64, u64)) {
        let (count, mean, squares) = self.moments;
        let moments = (count.to_bits(), mean.to_bits(), squares.to_bits());
        (self.rows, self.missing, self.hashes.clone(), moments)
    }

    /// The way back.
    pub(crate) fn from_bits(bits: (u64, u64, Vec<u128>, (u64, u64, u64))) -> Self {
        let (rows, missing, hashes, (count, mean, squares)) = bits;
        let moments = (f64::from_bits(count), f64::from_bits(mean), f64::from_bits(squares));
        Self { rows, missing, hashes, moments }
    }
}

/// One entry a column of the schema.
pub(crate) fn start(schema: &Schema) -> Vec<Running> {
    schema
        .fields()
        .iter()
        .map(|field| Running {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            rows: 0,
            missing: 0,
            distinct: Hashes::default(),
            moments: (0.0, 0.0, 0.0),
        })
        .collect()
}

/// Figures of a batch; values are hashed for counting only when `distinct` says so.
pub(crate) fn partial(batch: &RecordBatch, columns: usize, distinct: bool) -> Vec<Partial> {
    batch
        .columns()
        .iter()
        .take(columns)
        .map(|column| Partial {
            rows: column.len() as u64,
            missing: column.null_count() as u64,
            hashes: if distinct { hashes(column) } else { Vec::new() },
            moments: moments(column),
        })
        .collect()
}

/// Whether the next batch's values shall be hashed, `row` being its first row's number.
pub(crate) fn wants_distinct(row: u64) -> bool {
    row <= DISTINCT_ROWS
}

fn hashes(column: &dyn Array) -> Vec<u128> {
    let Ok(converter) = RowConverter::new(vec![SortField::new(column.data_type().clone())]) else {
        return Vec::new();
    };
    let Ok(rows) = converter.convert_columns(&[arrow::array::make_array(column.to_data())]) else {
        return Vec::new();
    };
    (0..column.len())
        .filter(|index| column.is_valid(*index))
        .map(|index| XxHash3_128::oneshot(rows.row(index).as_ref()))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows stay below 2^53")]
fn moments(column: &dyn Array) -> (f64, f64, f64) {
    if !column.data_type().is_numeric() {
        return (0.0, 0.0, 0.0);
    }
    let Ok(array) = cast(column, &DataType::Float64) else { return (0.0, 0.0, 0.0) };
    let array: &Float64Array = array.as_primitive::<Float64Type>();
    let count = (array.len() - array.null_count()) as f64;
    if count == 0.0 {
        return (0.0, 0.0, 0.0);
    }
    let mean = total(array, |value| value) / count;
    (count, mean, total(array, |value| (value - mean).powi(2)))
}

/// The sum of something of each value that is there.
fn total(array: &Float64Array, of: impl Fn(f64) -> f64) -> f64 {
    let values: &[f64] = array.values();
    let Some(nulls) = array.nulls() else { return in_lanes(values, of) };
    let present = nulls.valid_slices().filter_map(|(from, to)| values.get(from..to));
    present.map(|run| in_lanes(run, &of)).sum()
}

/// The sum in eight lanes, which do not wait for each other as the terms of one sum do.
fn in_lanes(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let (whole, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for eight in whole {
        lanes.iter_mut().zip(eight).for_each(|(lane, value)| *lane += of(*value));
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| of(*value)).sum::<f64>()
}

impl Running {
    /// Values that are there.
    pub(crate) fn present(&self) -> u64 {
        self.rows - self.missing
    }

    pub(crate) fn merge(&mut self, part: Partial) {
        self.rows += part.rows;
        self.missing += part.missing;
        for hash in part.hashes {
            if self.distinct.len() < DISTINCT {
                self.distinct.insert(hash);
            }
        }
        let ((n, mean, squares), (m, other, more)) = (self.moments, part.moments);
        if m > 0.0 {
            let total = n + m;
            let gap = other - mean;
            self.moments =
                (total, mean + gap * m / total, squares + more + gap * gap * n * m / total);
        }
    }

    /// The figures; of a personal column, and of a table of few rows, only counts.
    pub(crate) fn finish(self, personal: &BTreeSet<String>) -> ColumnProfile {
        let told = self.rows >= FEW && !personal.contains(&self.name);
        let (count, mean, squares) = if told { self.moments } else { (0.0, 0.0, 0.0) };
        ColumnProfile {
            name: self.name,
            kind: kind(&self.data_type).to_owned(),
            rows: self.rows,
            missing: self.missing,
            distinct: self.distinct.len() as u64,
            distinct_capped: self.rows > DISTINCT_ROWS || self.distinct.len() >= DISTINCT,
            mean: (count > 0.0).then_some(mean),
            deviation: (count > 1.0).then(|| (squares / (count - 1.0)).sqrt()),
        }
    }
}
