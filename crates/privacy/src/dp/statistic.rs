//! What can be released, and the table read for it: exact whole numbers, each with the most that one person can change it.

use super::messages::{BOUNDS, CATEGORIES, CATEGORY, COLUMN, GRID, NUMBER, ROWS};
use crate::cells::{self, Kind, held};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use ingot_base::{Fault, Result, fault, told_apart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Whom the guarantee protects: adding or removing one of these changes no release noticeably.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Every row is another person.
    Row,
    /// A person may have several rows. Of each person the first `most` rows in the table's order count, the others are left
    /// out; rows without a person are left out too.
    Person {
        /// The column that names the person; case, width, blanks around it and the `.0` of a whole number tell nobody apart ([`told_apart`]).
        column: String,
        /// The most rows a person contributes.
        most: u32,
    },
}

impl Unit {
    pub(super) const fn rows(&self) -> u64 {
        match self {
            Self::Row => 1,
            Self::Person { most, .. } => *most as u64,
        }
    }
}

/// The interval that values are moved into. From public knowledge, never from the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Smaller values count as this.
    pub lower: f64,
    /// Larger values count as this.
    pub upper: f64,
}

/// One statistic. Cells without a value (nulls, NaN) count nowhere but in `Count`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// How many rows.
    Count,
    /// How many rows of each category, and of all others together. The categories are public: only those named appear, those
    /// without a row too.
    Histogram {
        /// The column.
        column: String,
        /// Its values as text.
        categories: Vec<String>,
    },
    /// The sum of a column.
    Sum {
        /// The column.
        column: String,
        /// Its bounds.
        bounds: Bounds,
    },
    /// The mean: a noisy sum over a noisy count, half of the price each.
    Mean {
        /// The column.
        column: String,
        /// Its bounds.
        bounds: Bounds,
    },
    /// The variance (over n): noisy count, sum and sum of squares, a third of the price each.
    Variance {
        /// The column.
        column: String,
        /// Its bounds.
        bounds: Bounds,
    },
    /// Quantiles, each the value of a public grid that lies best, an equal part of the price each.
    Quantiles {
        /// The column.
        column: String,
        /// The values that may be answered, increasing.
        grid: Vec<f64>,
        /// Which: 0.5 is the median. Taken to four decimals.
        levels: Vec<f64>,
    },
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Histogram { column, .. } => write!(f, "histogram({column})"),
            Self::Sum { column, .. } => write!(f, "sum({column})"),
            Self::Mean { column, .. } => write!(f, "mean({column})"),
            Self::Variance { column, .. } => write!(f, "variance({column})"),
            Self::Quantiles { column, .. } => write!(f, "quantiles({column})"),
        }
    }
}

/// Levels are whole ten-thousandths.
pub(super) const LEVEL: u64 = 10_000;

/// A whole number of the table and the most by which one row changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) value: i128,
    pub(super) per_row: u64,
}

/// A statistic's exact figures: personal until noise is added, so never shown.
pub(super) enum Exact {
    Count(Whole),
    /// Parallel: one row lies in one bin, so the bins share one price.
    Histogram(Vec<(String, Whole)>),
    Sum {
        sum: Whole,
        step: f64,
    },
    Mean {
        count: Whole,
        sum: Whole,
        scale: Scale,
    },
    Variance {
        count: Whole,
        sum: Whole,
        squares: Whole,
        scale: Scale,
    },
    Quantiles {
        levels: Vec<Candidates>,
    },
}

impl Exact {
    /// Into how many equal parts the price is divided.
    pub(super) fn parts(&self) -> u64 {
        match self {
            Self::Count(_) | Self::Histogram(_) | Self::Sum { .. } => 1,
            Self::Mean { .. } => 2,
            Self::Variance { .. } => 3,
            Self::Quantiles { levels } => levels.len() as u64,
        }
    }
}

/// How whole numbers are values again: value = (centre + number) · step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) step: f64,
    pub(super) centre: i128,
    /// Largest distance from the centre.
    pub(super) reach: i128,
    /// What was taken from each square so that it is as often above as below zero.
    pub(super) half_square: i128,
}

/// The grid and how badly each value of it is the quantile: |(10000 − a)·below − a·above|.
pub(super) struct Candidates {
    pub(super) level: u64,
    pub(super) grid: Vec<f64>,
    pub(super) badness: Vec<u128>,
}

impl Candidates {
    /// The most by which one row changes a badness.
    pub(super) fn per_row(&self) -> u64 {
        self.level.max(LEVEL - self.level)
    }
}

/// Reads the table once for every statistic.
pub(super) fn read(batches: &[RecordBatch], unit: &Unit, statistic: &Statistic) -> Result<Exact> {
    let kept = kept(batches, unit)?;
    match statistic {
        Statistic::Count => {
            let rows = kept.iter().flatten().filter(|keep| **keep).count();
            Ok(Exact::Count(Whole { value: rows as i128, per_row: 1 }))
        }
        Statistic::Histogram { column, categories } => {
            histogram(batches, &kept, column, categories)
        }
        Statistic::Sum { column, bounds } => {
            let grid = Fixed::new(column, *bounds)?;
            let (_, sum) = total(batches, &kept, column, |value| grid.whole(value))?;
            let per_row = to_u64(grid.lower.abs().max(grid.upper.abs()))?;
            Ok(Exact::Sum { sum: Whole { value: sum, per_row }, step: grid.step })
        }
        Statistic::Mean { column, bounds } => {
            let grid = Fixed::new(column, *bounds)?;
            let scale = grid.scale();
            let (count, sum) = total(batches, &kept, column, |v| grid.whole(v) - scale.centre)?;
            Ok(Exact::Mean {
                count: Whole { value: count, per_row: 1 },
                sum: Whole { value: sum, per_row: to_u64(scale.reach)? },
                scale,
            })
        }
        Statistic::Variance { column, bounds } => {
            let grid = Fixed::new(column, *bounds)?;
            let scale = grid.scale();
            let (count, sum) = total(batches, &kept, column, |v| grid.whole(v) - scale.centre)?;
            let (_, squares) = total(batches, &kept, column, |v| {
                let gap = grid.whole(v) - scale.centre;
                gap * gap - scale.half_square
            })?;
            let high = scale.reach * scale.reach - scale.half_square;
            Ok(Exact::Variance {
                count: Whole { value: count, per_row: 1 },
                sum: Whole { value: sum, per_row: to_u64(scale.reach)? },
                squares: Whole { value: squares, per_row: to_u64(high.max(scale.half_square))? },
                scale,
            })
        }
        Statistic::Quantiles { column, grid, levels } => {
            quantiles(batches, &kept, column, grid, levels)
        }
    }
}

fn to_u64(value: i128) -> Result<u64> {
    u64::try_from(value).map_err(|_| fault::internal("a sensitivity beyond 64 bits"))
}

/// Values as whole multiples of a step that comes from the bounds alone: a power of two, so that dividing by it is exact.
///
/// Sums of whole numbers do not depend on the order of rows and do not round, so one row changes them by no more than the
/// bounds say; sums of floating-point numbers can change by more (Casacuberta et al. 2022).
struct Fixed {
    bounds: Bounds,
    step: f64,
    lower: i128,
    upper: i128,
}

impl Fixed {
    fn new(column: &str, bounds: Bounds) -> Result<Self> {
        let Bounds { lower, upper } = bounds;
        let width = upper - lower;
        let size = lower.abs().max(upper.abs());
        let sound = lower.is_finite()
            && upper.is_finite()
            && lower < upper
            && width.is_finite()
            && width >= size / 1e9
            && (1e-200..=1e200).contains(&size);
        if !sound {
            return Err(Fault::new(&BOUNDS).arg("column", column));
        }
        // At least 2²⁰ steps between the bounds.
        let step = (width.log2().floor() - 20.0).exp2();
        Ok(Self { bounds, step, lower: whole(lower, step), upper: whole(upper, step) })
    }

    fn whole(&self, value: f64) -> i128 {
        whole(value.clamp(self.bounds.lower, self.bounds.upper), self.step)
            .clamp(self.lower, self.upper)
    }

    fn scale(&self) -> Scale {
        let centre = i128::midpoint(self.lower, self.upper);
        let reach = (self.upper - centre).max(centre - self.lower);
        Scale { step: self.step, centre, reach, half_square: reach * reach / 2 }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2^52 because bounds are no closer than a part in 10^9"
)]
fn whole(value: f64, step: f64) -> i128 {
    (value / step).round() as i128
}

/// Which rows count, a list a batch.
fn kept(batches: &[RecordBatch], unit: &Unit) -> Result<Vec<Vec<bool>>> {
    let Unit::Person { column, most } = unit else {
        return Ok(batches.iter().map(|batch| vec![true; batch.num_rows()]).collect());
    };
    if !(1..=1_000_000).contains(most) {
        return Err(Fault::new(&ROWS));
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut kept = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut rows = Vec::with_capacity(batch.num_rows());
        cells::each(category(batch, column)?, false, &mut |person| {
            rows.push(person.is_some_and(|person| {
                let count = seen.entry(told_apart(person)).or_default();
                *count = count.saturating_add(1);
                *count <= *most
            }));
            Ok(())
        })?;
        kept.push(rows);
    }
    Ok(kept)
}

fn histogram(
    batches: &[RecordBatch],
    kept: &[Vec<bool>],
    column: &str,
    categories: &[String],
) -> Result<Exact> {
    let mut counts: BTreeMap<&str, i128> =
        categories.iter().map(|category| (category.as_str(), 0)).collect();
    if counts.len() != categories.len() || !(1..=100_000).contains(&categories.len()) {
        return Err(Fault::new(&CATEGORIES).arg("column", column));
    }
    let mut others = 0;
    for (batch, kept) in batches.iter().zip(kept) {
        let mut keep = kept.iter();
        cells::each(category(batch, column)?, false, &mut |cell| {
            if let (Some(cell), Some(true)) = (cell, keep.next()) {
                *counts.get_mut(cell).unwrap_or(&mut others) += 1;
            }
            Ok(())
        })?;
    }
    let mut bins: Vec<(String, Whole)> = categories
        .iter()
        .map(|name| {
            let value = counts.get(name.as_str()).copied().unwrap_or_default();
            (name.clone(), Whole { value, per_row: 1 })
        })
        .collect();
    bins.push((OTHERS.to_owned(), Whole { value: others, per_row: 1 }));
    Ok(Exact::Histogram(bins))
}

/// The last bin of every histogram.
pub(super) const OTHERS: &str = "*";

/// How many values, and the sum of a whole number of each.
fn total(
    batches: &[RecordBatch],
    kept: &[Vec<bool>],
    column: &str,
    of: impl Fn(f64) -> i128,
) -> Result<(i128, i128)> {
    let (mut count, mut sum) = (0_i128, 0_i128);
    each_number(batches, kept, column, |value| {
        count += 1;
        sum += of(value);
    })?;
    Ok((count, sum))
}

fn quantiles(
    batches: &[RecordBatch],
    kept: &[Vec<bool>],
    column: &str,
    grid: &[f64],
    levels: &[f64],
) -> Result<Exact> {
    let increasing = grid.is_sorted_by(|low, high| low < high);
    let finite = grid.iter().all(|value| value.is_finite());
    let inside = levels.iter().all(|level| (0.0..=1.0).contains(level));
    let sizes = (2..=100_000).contains(&grid.len()) && !levels.is_empty();
    if !(increasing && finite && inside && sizes) {
        return Err(Fault::new(&GRID).arg("column", column));
    }
    // Values equal to grid[i], and values between grid[i − 1] and grid[i].
    let mut on = vec![0_u64; grid.len()];
    let mut between = vec![0_u64; grid.len() + 1];
    let mut count = 0_u64;
    each_number(batches, kept, column, |value| {
        let place = grid.partition_point(|candidate| *candidate < value);
        let equal = grid.get(place).is_some_and(|candidate| *candidate <= value);
        let counter = if equal { on.get_mut(place) } else { between.get_mut(place) };
        if let Some(counter) = counter {
            *counter += 1;
        }
        count += 1;
    })?;
    let mut sides = Vec::with_capacity(grid.len());
    let mut below = 0_u64;
    for (on, between) in on.iter().zip(&between) {
        below += between;
        sides.push((u128::from(below), u128::from(count - below - on)));
        below += on;
    }
    let levels = levels
        .iter()
        .map(|level| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 10000"
            )]
            let level = (level * 10_000.0).round() as u64;
            let (a, b) = (u128::from(level), u128::from(LEVEL - level));
            let badness =
                sides.iter().map(|(below, above)| (b * below).abs_diff(a * above)).collect();
            Candidates { level, grid: grid.to_vec(), badness }
        })
        .collect();
    Ok(Exact::Quantiles { levels })
}

/// Calls `take` with every value that counts. Whole numbers beyond 2⁵³ are rounded, one by one.
fn each_number(
    batches: &[RecordBatch],
    kept: &[Vec<bool>],
    column: &str,
    mut take: impl FnMut(f64),
) -> Result<()> {
    for (batch, kept) in batches.iter().zip(kept) {
        let array = numbers(batch, column)?;
        for (value, keep) in array.as_primitive::<Float64Type>().iter().zip(kept) {
            if let (Some(value), true) = (value.filter(|value| !value.is_nan()), *keep) {
                take(value);
            }
        }
    }
    Ok(())
}

fn array<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(column).ok_or_else(|| {
        Fault::new(&COLUMN).arg("column", column).arg("known", known(batch.schema_ref()))
    })
}

fn known(schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    names.join(", ")
}

fn category<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a ArrayRef> {
    let array = array(batch, column)?;
    match Kind::of(array.data_type()) {
        Some(_) => Ok(array),
        None => {
            Err(Fault::new(&CATEGORY).arg("column", column).words("kind", held(array.data_type())))
        }
    }
}

fn numbers(batch: &RecordBatch, column: &str) -> Result<ArrayRef> {
    let array = array(batch, column)?;
    match Kind::of(array.data_type()) {
        Some(Kind::Integer | Kind::Float | Kind::Decimal | Kind::Boolean | Kind::Null) => {}
        _ => {
            return Err(Fault::new(&NUMBER)
                .arg("column", column)
                .words("kind", held(array.data_type())));
        }
    }
    cast(&cells::plain(array)?, &DataType::Float64)
        .map_err(|error| fault::internal("numbers that are no numbers").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray};
    use arrow::datatypes::Field;
    use proptest::prelude::*;
    use std::sync::Arc;

    type Row = (u8, Option<f64>);

    /// Persons with several rows each, in any order.
    fn table(rows: &[Row]) -> Vec<RecordBatch> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("person", DataType::Utf8, true),
            Field::new("value", DataType::Float64, true),
        ]));
        let person: StringArray = rows.iter().map(|(person, _)| Some(person.to_string())).collect();
        let value: Float64Array = rows.iter().map(|(_, value)| *value).collect();
        // Two batches: persons go on from one to the next.
        let batch = RecordBatch::try_new(schema, vec![Arc::new(person), Arc::new(value)]).unwrap();
        let half = rows.len() / 2;
        vec![batch.slice(0, half), batch.slice(half, rows.len() - half)]
    }

    fn wholes(exact: &Exact) -> Vec<Whole> {
        match exact {
            Exact::Count(count) => vec![*count],
            Exact::Histogram(bins) => bins.iter().map(|(_, whole)| *whole).collect(),
            Exact::Sum { sum, .. } => vec![*sum],
            Exact::Mean { count, sum, .. } => vec![*count, *sum],
            Exact::Variance { count, sum, squares, .. } => vec![*count, *sum, *squares],
            Exact::Quantiles { .. } => Vec::new(),
        }
    }

    fn statistics(lower: f64, width: f64) -> Vec<Statistic> {
        let column = || "value".to_owned();
        let bounds = Bounds { lower, upper: lower + width };
        vec![
            Statistic::Count,
            Statistic::Histogram {
                column: "person".into(),
                categories: vec!["1".into(), "2".into(), "99".into()],
            },
            Statistic::Sum { column: column(), bounds },
            Statistic::Mean { column: column(), bounds },
            Statistic::Variance { column: column(), bounds },
            Statistic::Quantiles {
                column: column(),
                grid: (0..20).map(|step| lower + width * f64::from(step) / 20.0).collect(),
                levels: vec![0.0, 0.25, 0.5, 0.9, 1.0],
            },
        ]
    }

    fn values() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            Just(None),
            Just(Some(f64::NAN)),
            Just(Some(f64::INFINITY)),
            Just(Some(-1e300)),
            (-200.0..200.0).prop_map(Some),
            (-20_i32..20).prop_map(|value| Some(f64::from(value))),
        ]
    }

    #[test]
    fn a_person_written_in_several_ways_is_one() {
        let who = StringArray::from(vec!["José", "JOSE\u{301} ", "Jose", "Ａ-7", "a-7"]);
        let schema = Arc::new(Schema::new(vec![Field::new("person", DataType::Utf8, true)]));
        let batch = RecordBatch::try_new(schema, vec![Arc::new(who)]).unwrap();
        let unit = Unit::Person { column: "person".into(), most: 1 };
        let rows = kept(&[batch], &unit).unwrap().concat();
        assert_eq!(rows, [true, false, true, true, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// What the guarantee rests on: removing a person, however many rows they have, changes nothing by more than the noise is made for.
        #[test]
        fn neighbouring_tables_differ_by_at_most_the_sensitivity(
            rows in prop::collection::vec((0_u8..6, values()), 1..60),
            gone in 0_u8..6,
            most in 1_u32..5,
            lower in -150.0..150.0_f64,
            width in 0.01..300.0_f64,
        ) {
            let unit = Unit::Person { column: "person".into(), most };
            let left: Vec<Row> = rows.iter().copied().filter(|(person, _)| *person != gone).collect();
            let (with, without) = (table(&rows), table(&left));
            for statistic in statistics(lower, width) {
                let (one, other) = (read(&with, &unit, &statistic).unwrap(), read(&without, &unit, &statistic).unwrap());
                // A histogram's bins are parallel: its distance is their sum.
                let gaps: Vec<u128> = wholes(&one).iter().zip(wholes(&other)).map(|(a, b)| a.value.abs_diff(b.value)).collect();
                for (whole, gap) in wholes(&one).iter().zip(&gaps) {
                    prop_assert!(*gap <= u128::from(whole.per_row * unit.rows()), "{} {}", statistic, gap);
                }
                if matches!(statistic, Statistic::Histogram { .. }) {
                    prop_assert!(gaps.iter().sum::<u128>() <= u128::from(unit.rows()));
                }
                if let (Exact::Quantiles { levels: one }, Exact::Quantiles { levels: other }) = (&one, &other) {
                    for (a, b) in one.iter().zip(other) {
                        for (x, y) in a.badness.iter().zip(&b.badness) {
                            prop_assert!(x.abs_diff(*y) <= u128::from(a.per_row() * unit.rows()));
                        }
                    }
                }
            }
        }

        /// The sensitivity is not merely safe: some table reaches it for a sum.
        #[test]
        fn a_value_beyond_the_bounds_counts_as_the_bound(lower in -150.0..-1.0_f64, upper in 1.0..150.0_f64) {
            let bounds = Bounds { lower, upper };
            let statistic = Statistic::Sum { column: "value".into(), bounds };
            for (value, bound) in [(1e300, upper), (-1e300, lower)] {
                let Exact::Sum { sum, step } = read(&table(&[(1, Some(value))]), &Unit::Row, &statistic).unwrap() else { unreachable!() };
                #[expect(clippy::cast_precision_loss, reason = "below 2^52")]
                let shown = sum.value as f64 * step;
                prop_assert!((shown - bound).abs() <= step);
                prop_assert!(sum.value.unsigned_abs() <= u128::from(sum.per_row));
            }
        }
    }
}
