//! One canonical text for every value, so that tokens do not depend on how a source stored it.
//!
//! Text is itself. Whole numbers are decimal digits; a floating number is the shortest decimal that reads back as it, so that
//! `7` and `7.0` have one text. Decimals keep their scale. Days are `YYYY-MM-DD`, instants
//! `YYYY-MM-DDTHH:MM:SS[.fraction]` with `Z` where the column has a time zone; Booleans are `true` and `false`.

use crate::calendar::{Day, fixed_offset, write_instant};
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use ingot_base::{Held, Result, Text, fault};
use std::fmt::Write as _;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// What a column holds, as far as the actions care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Whole numbers of 8 to 64 bits.
    Integer,
    Float,
    Decimal,
    Boolean,
    /// Days and instants.
    Date,
    /// Nothing but nulls.
    Null,
}

impl Kind {
    /// `None` for types that no action but `drop` takes: nested, binary, intervals, times of day.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Self::Decimal,
            DataType::Boolean => Self::Boolean,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Self::Date,
            DataType::Null => Self::Null,
            DataType::Dictionary(_, values) if !matches!(**values, DataType::Dictionary(..)) => {
                return Self::of(values);
            }
            _ => return None,
        })
    }
}

/// What a type holds, in a reader's words.
pub fn held(data_type: &DataType) -> Text {
    let held = match Kind::of(data_type) {
        Some(Kind::Text) => Held::Texts,
        Some(Kind::Integer | Kind::Float | Kind::Decimal) => Held::Numbers,
        Some(Kind::Boolean) => Held::Flags,
        Some(Kind::Date) => Held::Dates,
        Some(Kind::Null) => Held::Nothing,
        None => Held::Other,
    };
    held.words()
}

/// The type of a dictionary's values; any other type is itself.
pub(crate) fn values_of(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

/// The array with dictionaries unpacked.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).map_err(|error| {
            fault::internal("a dictionary column cannot be unpacked").because(error)
        }),
        _ => Ok(array.clone()),
    }
}

/// Calls `take` with the text of every cell in order, `None` for null.
///
/// With `local`, instants are the wall clock of a fixed offset instead of UTC, without `Z`.
pub(crate) fn each(
    array: &ArrayRef,
    local: bool,
    take: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<()> {
    let array = plain(array)?;
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().try_for_each(take),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().try_for_each(take),
        DataType::Utf8View => array.as_string_view().iter().try_for_each(take),
        DataType::Null => (0..array.len()).try_for_each(|_| take(None)),
        DataType::Boolean => array
            .as_boolean()
            .iter()
            .try_for_each(|cell| take(cell.map(|truth| if truth { "true" } else { "false" }))),
        DataType::Int8 => written::<Int8Type>(&array, display, take),
        DataType::Int16 => written::<Int16Type>(&array, display, take),
        DataType::Int32 => written::<Int32Type>(&array, display, take),
        DataType::Int64 => written::<Int64Type>(&array, display, take),
        DataType::UInt8 => written::<UInt8Type>(&array, display, take),
        DataType::UInt16 => written::<UInt16Type>(&array, display, take),
        DataType::UInt32 => written::<UInt32Type>(&array, display, take),
        DataType::UInt64 => written::<UInt64Type>(&array, display, take),
        DataType::Float16 => {
            written::<Float16Type>(&array, |value, out| display(value.to_f32(), out), take)
        }
        DataType::Float32 => written::<Float32Type>(&array, display, take),
        DataType::Float64 => written::<Float64Type>(&array, display, take),
        DataType::Decimal32(precision, scale) => {
            decimals::<Decimal32Type>(&array, *precision, *scale, take)
        }
        DataType::Decimal64(precision, scale) => {
            decimals::<Decimal64Type>(&array, *precision, *scale, take)
        }
        DataType::Decimal128(precision, scale) => {
            decimals::<Decimal128Type>(&array, *precision, *scale, take)
        }
        DataType::Decimal256(precision, scale) => {
            decimals::<Decimal256Type>(&array, *precision, *scale, take)
        }
        DataType::Date32 => written::<Date32Type>(
            &array,
            |value, out| Day::from_epoch(i64::from(value)).write(out),
            take,
        ),
        DataType::Date64 => written::<Date64Type>(&array, date64, take),
        DataType::Timestamp(unit, zone) => instants(&array, *unit, zone.as_deref(), local, take),
        other => Err(fault::internal(format!("no text for a column of type {other}"))),
    }
}

/// The canonical text of every cell: what tokens stand for. `None` for a column whose type has no text.
///
/// # Errors
/// When the column cannot be read.
pub fn cell_texts(array: &ArrayRef) -> Result<Option<StringArray>> {
    if Kind::of(array.data_type()).is_none() {
        return Ok(None);
    }
    let mut texts = StringBuilder::with_capacity(array.len(), array.len().saturating_mul(8));
    each(array, false, &mut |cell| {
        texts.append_option(cell);
        Ok(())
    })?;
    Ok(Some(texts.finish()))
}

fn display(value: impl std::fmt::Display, out: &mut String) {
    // Writing into a string cannot fail.
    let _ = write!(out, "{value}");
}

/// A day where the milliseconds are whole days, as the type promises; an instant where a writer broke the promise.
fn date64(value: i64, out: &mut String) {
    if value % MILLISECONDS_PER_DAY == 0 {
        Day::from_epoch(value / MILLISECONDS_PER_DAY).write(out);
    } else {
        write_instant(value, 1_000, 0, out);
    }
}

fn written<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    write: impl Fn(T::Native, &mut String),
    take: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<()> {
    let array: &PrimitiveArray<T> = array.as_primitive::<T>();
    let mut text = String::new();
    for cell in array {
        match cell {
            None => take(None)?,
            Some(value) => {
                text.clear();
                write(value, &mut text);
                take(Some(&text))?;
            }
        }
    }
    Ok(())
}

fn decimals<T: DecimalType>(
    array: &ArrayRef,
    precision: u8,
    scale: i8,
    take: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<()> {
    written::<T>(
        array,
        |value, out| out.push_str(&T::format_decimal(value, precision, scale)),
        take,
    )
}

fn instants(
    array: &ArrayRef,
    unit: TimeUnit,
    zone: Option<&str>,
    local: bool,
    take: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<()> {
    let offset = if local { zone.and_then(fixed_offset).unwrap_or(0) } else { 0 };
    let suffix = if zone.is_some() && !local { "Z" } else { "" };
    let write = |per_second: i64| {
        move |value: i64, out: &mut String| {
            write_instant(value, per_second, offset, out);
            out.push_str(suffix);
        }
    };
    match unit {
        TimeUnit::Second => written::<TimestampSecondType>(array, write(1), take),
        TimeUnit::Millisecond => written::<TimestampMillisecondType>(array, write(1_000), take),
        TimeUnit::Microsecond => written::<TimestampMicrosecondType>(array, write(1_000_000), take),
        TimeUnit::Nanosecond => {
            written::<TimestampNanosecondType>(array, write(1_000_000_000), take)
        }
    }
}
