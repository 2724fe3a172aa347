//! Numbers as they were written: what a type cannot hold exactly is text, or its row is set aside; never another number.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use ingot_base::Text;
use std::sync::Arc;

/// From here on not every whole number is a 64-bit float: 2^53.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Whether a float is so large that a whole number next to it may have become it.
pub(crate) fn may_be_another(value: f64) -> bool {
    value.is_finite() && value.abs() >= WHOLE
}

/// Whether a text is a whole number without fraction and exponent.
pub(crate) fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number that a text writes; none where it is a whole one that would become another.
pub(crate) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    if !may_be_another(value) || !is_whole(text) {
        return Some(value);
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.trim_start_matches(['+', '0']);
    (format!("{value:.0}") == format!("{sign}{digits}")).then_some(value)
}

/// The number that a whole one is as a float; none where it would become another.
pub(crate) fn whole(value: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "what is lost is looked for")]
    let float = value as f64;
    let same = !may_be_another(float) || format!("{float:.0}") == value.to_string();
    same.then_some(float)
}

/// Whether a float column holds numbers that may have been others before they were read.
pub(crate) fn has_doubtful(column: &dyn Array) -> bool {
    let numbers = column.as_primitive_opt::<Float64Type>();
    numbers.is_some_and(|numbers| numbers.iter().flatten().any(may_be_another))
}

/// The rows of a column whose values are missing, or are other whole numbers, after it became another type.
pub(crate) fn misfits(before: &ArrayRef, after: &ArrayRef) -> Result<Vec<usize>, ArrowError> {
    if before.data_type() == after.data_type() {
        return Ok(Vec::new());
    }
    let gone = |row: &usize| before.is_valid(*row) && after.is_null(*row);
    let whole = match before.data_type() {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale <= 0,
        kind => kind.is_integer(),
    };
    let other = if whole && has_doubtful(after) {
        Some(distinct(before, &cast(after, before.data_type())?)?)
    } else {
        None
    };
    let other = |row: &usize| other.as_ref().is_some_and(|other| other.value(*row));
    Ok((0..before.len()).filter(|row| gone(row) || other(row)).collect())
}

/// Why a row with such a value is set aside.
pub(crate) fn misfit(column: &str, row: u64) -> Text {
    Text::new(
        format!(
            "column `{column}` of record {row} holds a value that its type cannot hold exactly"
        ),
        format!("第 {row} 条记录的列 `{column}` 含有其类型无法精确表示的值"),
    )
}

/// Floats as the shortest decimals that read back as them, so that `7.0` and `7` are one text.
pub(crate) fn shortest(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts: StringArray = if let Some(numbers) = column.as_primitive_opt::<Float32Type>() {
        numbers.iter().map(|value| value.map(|value| value.to_string())).collect()
    } else {
        let numbers = cast(column, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        numbers.iter().map(|value| value.map(|value| value.to_string())).collect()
    };
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Float64Array, Int64Array, UInt64Array};

    #[test]
    fn a_whole_number_is_itself_or_none() {
        for (text, value) in [
            ("12.5", Some(12.5)),
            ("9007199254740992", Some(9_007_199_254_740_992.0)),
            ("9007199254740993", None),
            ("-9007199254740993", None),
            ("100000000000000000000", Some(1e20)),
            ("+00100000000000000000000", Some(1e20)),
            ("98765432109876540001", None),
            ("1e300", Some(1e300)),
            ("9007199254740993.5", Some(9_007_199_254_740_993.5)),
            ("x", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
        assert_eq!(number("NaN").map(f64::is_nan), Some(true));
        assert_eq!((whole(1 << 53), whole((1 << 53) + 1)), (Some(WHOLE), None));
        assert_eq!((whole(i64::MIN), whole(i64::MAX)), (Some(-9_223_372_036_854_775_808.0), None));
    }

    #[test]
    fn what_a_type_cannot_hold_is_found() {
        let misfits = |before: ArrayRef, kind: &DataType| {
            let after = cast(&before, kind).unwrap();
            super::misfits(&before, &after).unwrap()
        };
        let large: ArrayRef = Arc::new(UInt64Array::from(vec![Some(7), None, Some(u64::MAX)]));
        assert_eq!(misfits(large, &DataType::Int64), [2]);
        let whole: ArrayRef =
            Arc::new(Int64Array::from(vec![Some(1 << 53), Some((1 << 53) + 1), None]));
        assert_eq!(misfits(whole, &DataType::Float64), [1]);
        let decimals = Decimal128Array::from(vec![7, 98_765_432_109_876_540_001])
            .with_precision_and_scale(20, 0)
            .unwrap();
        assert_eq!(misfits(Arc::new(decimals), &DataType::Float64), [1]);
    }

    #[test]
    fn floats_have_one_text() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(7.0), Some(1.25), None]));
        let texts = shortest(&floats).unwrap();
        assert_eq!(
            texts.as_string::<i32>().iter().collect::<Vec<_>>(),
            [Some("7"), Some("1.25"), None]
        );
    }
}
