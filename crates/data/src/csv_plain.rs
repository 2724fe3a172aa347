//! Quote-free CSV to typed columns, the quick way: what most files are made of. Anything out of the ordinary makes it give
//! the piece back undone, for the decoders that know quotes and bad records.

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef};
use std::sync::Arc;

/// Powers of ten that a 64-bit float holds exactly, so that one division rounds once and correctly (Clinger 1990).
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Columns of the records, `None` when a quote, a lone carriage return, a wrong number of fields or a value that does not
/// fit its column is among them. `most` is how many records there can be.
pub(crate) fn decode(
    bytes: &[u8],
    delimiter: u8,
    schema: &SchemaRef,
    most: usize,
) -> Option<RecordBatch> {
    if memchr::memchr(b'"', bytes).is_some() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column::new(field.data_type(), most))
        .collect::<Option<_>>()?;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = text.get(start..end)?;
        start = end + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !line.is_empty() {
            record(line, delimiter, &mut columns)?;
        }
    }
    let arrays = columns.into_iter().map(Column::finish).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays).ok()
}

fn record(line: &str, delimiter: u8, columns: &mut [Column]) -> Option<()> {
    let bytes = line.as_bytes();
    let last = columns.len().checked_sub(1)?;
    let mut start = 0;
    for (index, column) in columns.iter_mut().enumerate() {
        // Fields are short: a plain loop finds their end sooner than a vector search starts.
        let rest = bytes.get(start..)?;
        let length =
            rest.iter().position(|byte| *byte == delimiter || *byte == b'\r').unwrap_or(rest.len());
        let end = start + length;
        // The last field ends the line, every other one is followed by a delimiter.
        if (index == last) != (end == bytes.len()) || bytes.get(end) == Some(&b'\r') {
            return None;
        }
        column.push(line.get(start..end)?)?;
        start = end + 1;
    }
    Some(())
}

enum Column {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Date(Date32Builder),
    Text(StringBuilder),
}

impl Column {
    fn new(kind: &DataType, rows: usize) -> Option<Self> {
        Some(match kind {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int64 => Self::Integer(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Number(Float64Builder::with_capacity(rows)),
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Utf8 => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
            _ => return None,
        })
    }

    fn push(&mut self, text: &str) -> Option<()> {
        let missing = text.is_empty();
        match self {
            Self::Boolean(builder) if missing => builder.append_null(),
            Self::Integer(builder) if missing => builder.append_null(),
            Self::Number(builder) if missing => builder.append_null(),
            Self::Date(builder) if missing => builder.append_null(),
            Self::Text(builder) if missing => builder.append_null(),
            Self::Boolean(builder) => builder.append_value(boolean(text)?),
            Self::Integer(builder) => builder.append_value(integer(text)?),
            Self::Number(builder) => builder.append_value(number(text)?),
            Self::Date(builder) => builder.append_value(Date32Type::parse(text)?),
            Self::Text(builder) => builder.append_value(text),
        }
        Some(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return Int64Type::parse(text);
    }
    let mut value = 0_i64;
    for byte in digits.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Int64Type::parse(text);
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Decimals of at most fifteen digits are exact below 2^53, and so is their power of ten; the rest is left to the careful
/// parser.
fn number(text: &str) -> Option<f64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (mut mantissa, mut count, mut point) = (0_i64, 0_usize, None);
    for byte in digits.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(digit));
            count += 1;
        } else if byte == b'.' && point.is_none() && count > 0 {
            point = Some(count);
        } else {
            return Float64Type::parse(text);
        }
    }
    let decimals = point.map_or(0, |point| count - point);
    if count == 0 || count > 15 || point == Some(count) {
        return Float64Type::parse(text);
    }
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits stay below 2^53")]
    let value = mantissa as f64 / TENS.get(decimals)?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::csv::ReaderBuilder;
    use arrow::datatypes::{Field, Schema};
    use proptest::prelude::*;

    fn schema() -> SchemaRef {
        let kinds = [
            DataType::Int64,
            DataType::Float64,
            DataType::Utf8,
            DataType::Date32,
            DataType::Boolean,
        ];
        let fields: Vec<Field> = kinds
            .into_iter()
            .enumerate()
            .map(|(index, kind)| Field::new(format!("c{index}"), kind, true))
            .collect();
        Arc::new(Schema::new(fields))
    }

    fn arrow(text: &str) -> Option<RecordBatch> {
        let mut reader = ReaderBuilder::new(schema())
            .with_header(false)
            .with_batch_size(1000)
            .build(text.as_bytes())
            .unwrap();
        reader.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(schema()))).ok()
    }

    fn cells() -> impl Strategy<Value = String> {
        let integer = prop_oneof![
            any::<i64>().prop_map(|value| value.to_string()),
            "[-+]?[0-9]{0,20}",
            Just(String::new())
        ];
        let float = prop_oneof![
            any::<f64>().prop_map(|value| value.to_string()),
            "-?[0-9]{0,17}\\.?[0-9]{0,10}(e-?[0-9]{1,2})?",
            Just("NaN".to_owned())
        ];
        let date = prop_oneof!["20[0-9]{2}-[01][0-9]-[0-3][0-9]", Just(String::new())];
        let truth = prop_oneof![Just("true"), Just("FALSE"), Just(""), Just("1")];
        (
            integer,
            float,
            "[a-z 一é]{0,6}",
            date,
            truth,
            prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")],
        )
            .prop_map(|(a, b, c, d, e, end)| format!("{a},{b},{c},{d},{e}{end}"))
    }

    proptest! {
        #[test]
        fn what_it_decodes_is_what_arrow_decodes(lines in prop::collection::vec(cells(), 0..4)) {
            let text = lines.concat();
            if let Some(batch) = decode(text.as_bytes(), b',', &schema(), 10) {
                prop_assert_eq!(format!("{:?}", Some(batch)), format!("{:?}", arrow(&text)), "{}", text);
            }
        }

        #[test]
        fn a_number_is_the_nearest_float(text in "-?[0-9]{1,16}(\\.[0-9]{1,12})?") {
            prop_assert_eq!(number(&text).map(f64::to_bits), text.parse::<f64>().ok().map(f64::to_bits));
        }
    }

    #[test]
    fn ordinary_records_are_decoded_here() {
        let text = "1,2.5,x,2020-02-29,true\n\n-7,,,,\r\n3,1e3,y,,false";
        let batch = decode(text.as_bytes(), b',', &schema(), 10).unwrap();
        assert_eq!(Some(batch), arrow(text));
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_given_back() {
        for text in [
            "1,2,\"x\",,\n",
            "1,2,x,\n",
            "1,2,x,,,\n",
            "1,2,x\ry,,\n",
            "1,x,y,,\n",
            "1.5,2,x,,\n",
            "1,2,x,2020-13-01,\n",
        ] {
            assert!(decode(text.as_bytes(), b',', &schema(), 10).is_none(), "{text:?}");
        }
    }
}
