//! Coarser values.

use crate::calendar::Day;
use crate::cells::{Kind, each, plain, values_of};
use crate::messages::{TYPE_NOT_TEXT, TYPE_WITHOUT_DATE, TYPE_WITHOUT_NUMBER, TYPE_WITHOUT_TEXT};
use crate::rule::Generalize;
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, Int32Builder, Int64Builder, UInt64Builder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use ingot_base::{Message, Result, fault};
use std::sync::Arc;

/// Whole numbers of this magnitude and above are not all exact as floating numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The type afterwards, or the message that says what the generalisation takes instead.
pub(crate) fn output_type(
    to: &Generalize,
    data_type: &DataType,
) -> std::result::Result<DataType, &'static Message> {
    let (kind, values) = (Kind::of(data_type), values_of(data_type));
    match to {
        Generalize::Year | Generalize::Month | Generalize::Decade => {
            let dated = match kind {
                Some(Kind::Text | Kind::Date | Kind::Null) => true,
                Some(Kind::Integer) => values.primitive_width().is_some_and(|bytes| bytes >= 4),
                Some(Kind::Float) => *values == DataType::Float64,
                _ => false,
            };
            let output = if *to == Generalize::Month { DataType::Utf8 } else { DataType::Int32 };
            dated.then_some(output).ok_or(&TYPE_WITHOUT_DATE)
        }
        Generalize::Width(width) => match kind {
            Some(Kind::Integer) if whole(*width).is_some() => {
                Ok(if *values == DataType::UInt64 { DataType::UInt64 } else { DataType::Int64 })
            }
            Some(Kind::Integer | Kind::Float | Kind::Decimal | Kind::Null) => Ok(DataType::Float64),
            _ => Err(&TYPE_WITHOUT_NUMBER),
        },
        Generalize::Prefix(_) => match kind {
            Some(Kind::Text | Kind::Null) => Ok(DataType::Utf8),
            _ => Err(&TYPE_NOT_TEXT),
        },
        Generalize::Given(_) => kind.map(|_| DataType::Utf8).ok_or(&TYPE_WITHOUT_TEXT),
    }
}

/// The width as a whole number, if it is one that whole-number arithmetic can take.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by 2^53 and without fraction, so the conversion is exact"
)]
fn whole(width: f64) -> Option<i64> {
    (width.fract() == 0.0 && (1.0..EXACT).contains(&width)).then_some(width as i64)
}

/// Year, or the first year of the decade: the values, and how many could not be read.
pub(crate) fn years(array: &ArrayRef, decade: bool) -> Result<(ArrayRef, u64)> {
    let mut out = Int32Builder::with_capacity(array.len());
    let mut unreadable = 0_u64;
    each(array, true, &mut |cell| {
        let year = cell.map(|text| {
            let day = Day::parse(text)?;
            i32::try_from(if decade { day.decade() } else { day.year }).ok()
        });
        unreadable += u64::from(year == Some(None));
        out.append_option(year.flatten());
        Ok(())
    })?;
    Ok((Arc::new(out.finish()), unreadable))
}

/// The lower ends of intervals, and how many values have none.
pub(crate) fn widths(array: &ArrayRef, width: f64) -> Result<(ArrayRef, u64)> {
    let array = plain(array)?;
    let convert = |to: &DataType| {
        cast(&array, to)
            .map_err(|error| fault::internal("a number column cannot be widened").because(error))
    };
    let nulls = array.logical_null_count();
    let lower: ArrayRef = match (Kind::of(array.data_type()), whole(width)) {
        (Some(Kind::Integer), Some(width)) if *array.data_type() == DataType::UInt64 => {
            let width = u64::try_from(width).map_err(|_| fault::internal("a negative width"))?;
            let mut out = UInt64Builder::with_capacity(array.len());
            out.extend(
                array
                    .as_primitive::<UInt64Type>()
                    .iter()
                    .map(|cell| cell.map(|value| value / width * width)),
            );
            Arc::new(out.finish())
        }
        (Some(Kind::Integer), Some(width)) => {
            let mut out = Int64Builder::with_capacity(array.len());
            let wide = convert(&DataType::Int64)?;
            out.extend(
                wide.as_primitive::<Int64Type>()
                    .iter()
                    .map(|cell| cell.and_then(|value| value.div_euclid(width).checked_mul(width))),
            );
            Arc::new(out.finish())
        }
        _ => {
            let mut out = Float64Builder::with_capacity(array.len());
            let wide = convert(&DataType::Float64)?;
            out.extend(
                wide.as_primitive::<Float64Type>()
                    .iter()
                    .map(|cell| cell.and_then(|value| lower_end(value, width))),
            );
            Arc::new(out.finish())
        }
    };
    let unreadable = u64::try_from(lower.null_count().saturating_sub(nulls)).unwrap_or(u64::MAX);
    Ok((lower, unreadable))
}

/// The lower end of the interval that a number lies in; `None` for what lies in none or in one too narrow for its magnitude.
///
/// A quotient within 1e-9 (relative) of a whole number counts as it, so that 0.3 lies in [0.3, 0.4) of width 0.1 although the
/// binary quotient is a little below 3.
fn lower_end(value: f64, width: f64) -> Option<f64> {
    let quotient = value / width;
    if !quotient.is_finite() || quotient.abs() >= EXACT / 2.0 {
        return None;
    }
    let nearest = quotient.round();
    let index = if (quotient - nearest).abs() <= 1e-9 * nearest.abs().max(1.0) {
        nearest
    } else {
        quotient.floor()
    };
    // 3 / 10 is the number closest to 0.3, 3 × 0.1 is not.
    let inverse = 1.0 / width;
    let end = if inverse.fract() == 0.0 { index / inverse } else { index * width };
    // Zero has one sign here, so that a class has one value.
    end.is_finite().then_some(end + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_numbers() {
        for (value, width, expected) in [
            (27.0, 10.0, Some(20.0)),
            (30.0, 10.0, Some(30.0)),
            (-0.5, 10.0, Some(-10.0)),
            (0.3, 0.1, Some(0.3)),
            (0.35, 0.1, Some(0.3)),
            (0.7, 0.1, Some(0.7)),
            (7.4, 2.5, Some(5.0)),
            (1e300, 1.0, None),
            (f64::NAN, 1.0, None),
            (f64::INFINITY, 1.0, None),
            (1.0, f64::MIN_POSITIVE, None),
        ] {
            assert_eq!(lower_end(value, width), expected, "{value} {width}");
        }
        assert!(lower_end(-0.0, 10.0).unwrap().is_sign_positive());
    }
}
