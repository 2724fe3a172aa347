//! Quote-free CSV to typed columns, the quick way: what most files are made of. Anything out of the ordinary makes it give
//! the piece back undone, for the decoders that know quotes and bad records.

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef};
use chrono::NaiveDate;
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
    let last = columns.len().checked_sub(1)?;
    let mut start = 0;
    for (index, column) in columns.iter_mut().enumerate() {
        let end = start + column.push(line.get(start..)?, delimiter)?;
        // The last field ends the line, every other one is followed by a delimiter.
        if (index == last) != (end == line.len()) {
            return None;
        }
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

    /// Takes the field at the beginning of `rest`; its length.
    fn push(&mut self, rest: &str, delimiter: u8) -> Option<usize> {
        let bytes = rest.as_bytes();
        if ends(bytes, 0, delimiter) {
            self.push_missing();
            return Some(0);
        }
        // A value is read while its end is looked for; where it is not of the ordinary kind the field is found first.
        match self {
            Self::Boolean(builder) => {
                let text = field(rest, delimiter)?;
                builder.append_value(boolean(text)?);
                Some(text.len())
            }
            Self::Integer(builder) => {
                let quick = integer(bytes).filter(|(_, end)| ends(bytes, *end, delimiter));
                let (value, end) = quick.or_else(|| careful(rest, delimiter, Int64Type::parse))?;
                builder.append_value(value);
                Some(end)
            }
            Self::Number(builder) => {
                let quick = number(bytes).filter(|(_, end)| ends(bytes, *end, delimiter));
                let (value, end) =
                    quick.or_else(|| careful(rest, delimiter, Float64Type::parse))?;
                builder.append_value(value);
                Some(end)
            }
            Self::Date(builder) => {
                let quick = date(bytes).filter(|(_, end)| ends(bytes, *end, delimiter));
                let (value, end) = quick.or_else(|| careful(rest, delimiter, Date32Type::parse))?;
                builder.append_value(value);
                Some(end)
            }
            Self::Text(builder) => {
                let text = field(rest, delimiter)?;
                builder.append_value(text);
                Some(text.len())
            }
        }
    }

    fn push_missing(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Number(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
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

/// Whether the field ends here.
fn ends(bytes: &[u8], at: usize, delimiter: u8) -> bool {
    bytes.get(at).is_none_or(|byte| *byte == delimiter)
}

/// The field at the beginning; `None` with a lone carriage return in it.
fn field(rest: &str, delimiter: u8) -> Option<&str> {
    // Fields are short: a plain loop finds their end sooner than a vector search starts.
    let bytes = rest.as_bytes();
    let end = bytes.iter().position(|byte| *byte == delimiter || *byte == b'\r');
    let end = end.unwrap_or(bytes.len());
    if bytes.get(end) == Some(&b'\r') { None } else { rest.get(..end) }
}

/// The field's value as Arrow reads it, and its length.
fn careful<T>(rest: &str, delimiter: u8, parse: fn(&str) -> Option<T>) -> Option<(T, usize)> {
    let text = field(rest, delimiter)?;
    Some((parse(text)?, text.len()))
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

fn digit(byte: u8) -> Option<u8> {
    Some(byte.wrapping_sub(b'0')).filter(|digit| *digit <= 9)
}

/// A whole number at the beginning and where it ends; `None` where it may not fit.
fn integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let digits = bytes.get(usize::from(negative)..)?;
    let (mut value, mut count) = (0_i64, 0);
    for digit in digits.iter().map_while(|byte| digit(*byte)) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        count += 1;
    }
    let fits = (1..=18).contains(&count);
    fits.then_some((if negative { -value } else { value }, count + usize::from(negative)))
}

/// A decimal at the beginning and where it ends. Decimals of at most fifteen digits are exact below 2^53, and so is their power of ten; the
/// rest is left to the careful parser.
fn number(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let (mut mantissa, mut count, mut point) = (0_i64, 0_usize, None);
    for byte in bytes.get(usize::from(negative)..)? {
        if let Some(digit) = digit(*byte) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(digit));
            count += 1;
        } else if *byte == b'.' && point.is_none() && count > 0 {
            point = Some(count);
        } else {
            break;
        }
    }
    if count == 0 || count > 15 || point == Some(count) {
        return None;
    }
    let decimals = point.map_or(0, |point| count - point);
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits stay below 2^53")]
    let value = mantissa as f64 / TENS.get(decimals)?;
    let end = count + usize::from(negative) + usize::from(point.is_some());
    Some((if negative { -value } else { value }, end))
}

/// A date as ISO 8601 writes it, in days since 1970, and where it ends.
fn date(bytes: &[u8]) -> Option<(i32, usize)> {
    let [year @ .., b'-', m, n, b'-', d, e] = bytes.first_chunk::<10>()? else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, byte| Some(sum * 10 + u32::from(digit(*byte)?)))
    };
    let year = i32::try_from(number(year)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&[*m, *n])?, number(&[*d, *e])?)?;
    Some((Date32Type::from_naive_date(date), 10))
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
            let exact = text.parse::<f64>().unwrap().to_bits();
            if let Some((value, end)) = number(text.as_bytes()) {
                prop_assert_eq!((value.to_bits(), end), (exact, text.len()));
            } else {
                prop_assert!(text.len() > 15);
            }
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
