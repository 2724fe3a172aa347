//! Text records to typed columns: the fast decoder for whole pieces, a careful one for pieces that hold a bad record.

use crate::chunk::{Chunk, Stretch};
use crate::csv_plain;
use crate::exact;
use crate::finite;
use crate::infer::Dialect;
use crate::json_keys::StrayKeys;
use crate::table::{kind, kind_text};
use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
};
use arrow::compute::concat_batches;
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use ingot_base::{Text, fault};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A record that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad {
    /// Number of the record in the file, from 1.
    pub(crate) row: u64,
    /// Line in the file on which the record begins, from 1.
    pub(crate) line: u64,
    /// Why; names a column and a type, never a value.
    pub(crate) reason: Text,
}

/// Columns of a piece, the row number of each record kept, and what was set aside.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) batch: RecordBatch,
    pub(crate) rows: Vec<u64>,
    pub(crate) bad: Vec<Bad>,
    /// Columns and row numbers of values that are no finite numbers, where the column's type could not hold them: they are
    /// missing already.
    pub(crate) odd: Vec<(usize, u64)>,
}

/// Decodes a chunk of CSV.
pub(crate) fn csv(chunk: &Chunk, dialect: &Dialect) -> Result<Decoded, ArrowError> {
    if let Some(batch) = quick(chunk, dialect) {
        let rows = (chunk.first_row..).take(batch.num_rows()).collect();
        return Ok(Decoded { batch, rows, bad: Vec::new(), odd: Vec::new() });
    }
    careful(chunk, dialect)
}

/// All records of a chunk at once; `None` where one may be bad, or where they are not as many as were counted.
fn quick(chunk: &Chunk, dialect: &Dialect) -> Option<RecordBatch> {
    if !chunk.astray.is_empty() {
        return None;
    }
    let plain = csv_plain::decode(&chunk.bytes, dialect.delimiter, &dialect.schema, most(chunk));
    let batch = plain.or_else(|| by_arrow(chunk, dialect).ok())?;
    // Neither way asks whether a whole number became another.
    let exact = batch.columns().iter().all(|column| !exact::has_doubtful(column));
    (exact && batch.num_rows() as u64 == chunk.rows).then_some(batch)
}

/// Arrow's own decoder.
fn by_arrow(chunk: &Chunk, dialect: &Dialect) -> Result<RecordBatch, ArrowError> {
    // The decoder reserves room for as many records as a batch may have.
    let reader = ReaderBuilder::new(Arc::clone(&dialect.schema))
        .with_header(false)
        .with_delimiter(dialect.delimiter)
        .with_batch_size(most(chunk).max(1))
        .build(&chunk.bytes[..])?;
    let batches = reader.collect::<Result<Vec<RecordBatch>, ArrowError>>()?;
    concat_batches(&dialect.schema, &batches)
}

/// Room for this many records is enough, even where a chunk that came from elsewhere claims more.
fn most(chunk: &Chunk) -> usize {
    usize::try_from(chunk.rows).unwrap_or(usize::MAX).min(chunk.bytes.len())
}

/// Record by record: what cannot be read is set aside with its line and reason. No record is left out: that there are as
/// many as were counted when the file was cut is checked here, whatever decoder gave up before.
fn careful(chunk: &Chunk, dialect: &Dialect) -> Result<Decoded, ArrowError> {
    let mut careful = Careful {
        columns: Columns::new(&dialect.schema),
        rows: Vec::new(),
        bad: Vec::new(),
        odd: Vec::new(),
        row: chunk.first_row,
        line: chunk.first_line,
    };
    for stretch in chunk.stretches() {
        match stretch {
            Stretch::Records(bytes) => careful.records(bytes, dialect.delimiter)?,
            Stretch::Astray(_) => careful.set_aside(
                careful.line,
                Text::new(
                    "a quote stands in a field without being doubled",
                    "字段中有未写成两个的引号",
                ),
            ),
        }
        careful.line += memchr::memchr_iter(b'\n', stretch.bytes()).count() as u64;
    }
    let Careful { columns, rows, bad, odd, .. } = careful;
    let found = (rows.len() + bad.len()) as u64;
    if found != chunk.rows {
        let counted = chunk.rows;
        let fault = fault::internal(format!("{found} records where {counted} were counted"));
        return Err(ArrowError::ExternalError(fault.into()));
    }
    Ok(Decoded { batch: columns.finish()?, rows, bad, odd })
}

/// The line on which a record begins that a reader found at a place: the reader stands between a carriage return and its line feed, and
/// before lines that are empty.
fn begins(bytes: &[u8], place: &csv::Position) -> u64 {
    let at = usize::try_from(place.byte()).unwrap_or(usize::MAX);
    let ahead = bytes.get(at..).unwrap_or_default().iter();
    let ends = ahead.take_while(|byte| b"\r\n".contains(byte)).filter(|byte| **byte == b'\n');
    place.line() + ends.count() as u64
}

/// The careful decoder's place in a piece, and what it has found.
struct Careful {
    columns: Columns,
    rows: Vec<u64>,
    bad: Vec<Bad>,
    odd: Vec<(usize, u64)>,
    /// Number of the next record.
    row: u64,
    /// Line on which the next stretch begins.
    line: u64,
}

impl Careful {
    fn records(&mut self, bytes: &[u8], delimiter: u8) -> Result<(), ArrowError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let expected = self.columns.schema.fields().len();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(error) => return Err(ArrowError::CsvError(error.to_string())),
            }
            let outcome = if record.len() == expected {
                self.columns.push_text(&record)
            } else {
                Err(Text::new(
                    format!("{} fields instead of {expected}", record.len()),
                    format!("应有 {expected} 个字段，实有 {} 个", record.len()),
                ))
            };
            match outcome {
                Ok(columns) => {
                    self.rows.push(self.row);
                    self.odd.extend(columns.into_iter().map(|column| (column, self.row)));
                    self.row += 1;
                }
                Err(reason) => {
                    let line = record.position().map_or(0, |at| begins(bytes, at)) + self.line - 1;
                    self.set_aside(line, reason);
                }
            }
        }
    }

    /// Sets the next record aside.
    fn set_aside(&mut self, line: u64, reason: Text) {
        self.bad.push(Bad { row: self.row, line, reason });
        self.row += 1;
    }
}

/// Decodes a chunk of JSON lines; an empty line is no record, and values of stray keys are passed over.
pub(crate) fn jsonl(
    chunk: &Chunk,
    schema: &SchemaRef,
    strays: &StrayKeys,
) -> Result<Decoded, ArrowError> {
    let mut columns = Columns::new(schema);
    let (mut rows, mut bad, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = chunk.first_row;
    for (line, text) in (chunk.first_line..).zip(chunk.bytes.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let outcome = match finite::exact_object(text) {
            Ok(object) => columns.push_json(&object, text, strays),
            Err(_) if std::str::from_utf8(text).is_err() => {
                Err(Text::new("not text in the file's encoding", "不是该文件编码的文本"))
            }
            Err(error) => Err(no_object(&error)),
        };
        match outcome {
            Ok(columns) => {
                rows.push(number);
                odd.extend(columns.into_iter().map(|column| (column, number)));
            }
            Err(reason) => bad.push(Bad { row: number, line, reason }),
        }
        number += 1;
    }
    Ok(Decoded { batch: columns.finish()?, rows, bad, odd })
}

/// Why a line of JSON is set aside.
pub(crate) fn no_object(error: &serde_json::Error) -> Text {
    let column = error.column();
    Text::new(
        format!("not a JSON object (column {column})"),
        format!("不是 JSON 对象（第 {column} 列）"),
    )
}

/// The type of a JSON value; objects and lists are kept as their JSON text.
pub(crate) fn json_type(value: &Value) -> Option<DataType> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(DataType::Boolean),
        Value::Number(number) if number.is_i64() => Some(DataType::Int64),
        Value::Number(_) => Some(DataType::Float64),
        mark if finite::is_mark(mark) => Some(DataType::Float64),
        // Whole numbers that no type holds exactly are among them.
        _ => Some(DataType::Utf8),
    }
}

/// One builder a column; a record goes into all of them or into none.
struct Columns {
    schema: SchemaRef,
    builders: Vec<Builder>,
}

enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Date(Date32Builder),
    Text(StringBuilder),
}

/// A value that fits its column.
enum Cell {
    Missing,
    /// A number that is none, in a column whose type has no place for it.
    NotFinite,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Date(i32),
    Text(String),
}

impl Columns {
    fn new(schema: &SchemaRef) -> Self {
        let builders = schema
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                DataType::Boolean => Builder::Boolean(BooleanBuilder::new()),
                DataType::Int64 => Builder::Integer(Int64Builder::new()),
                DataType::Float64 => Builder::Number(Float64Builder::new()),
                DataType::Date32 => Builder::Date(Date32Builder::new()),
                _ => Builder::Text(StringBuilder::new()),
            })
            .collect();
        Self { schema: Arc::clone(schema), builders }
    }

    /// Adds a record; the columns where its value is no finite number and so is missing.
    fn push_text(&mut self, record: &csv::ByteRecord) -> Result<Vec<usize>, Text> {
        let cells = self
            .schema
            .fields()
            .iter()
            .zip(record)
            .map(|(field, bytes)| {
                let text = std::str::from_utf8(bytes).map_err(|_| {
                    Text::new(
                        format!("column `{}` is not text in the file's encoding", field.name()),
                        format!("列 `{}` 不是该文件编码的文本", field.name()),
                    )
                })?;
                parse(field.data_type(), text)
                    .ok_or_else(|| misfit(field.name(), field.data_type()))
            })
            .collect::<Result<Vec<Cell>, Text>>()?;
        Ok(self.push(cells))
    }

    /// As [`push_text`](Self::push_text), of the object that a line writes; values of stray keys are passed over.
    fn push_json(
        &mut self,
        object: &Map<String, Value>,
        line: &[u8],
        strays: &StrayKeys,
    ) -> Result<Vec<usize>, Text> {
        let column = |key: &String| self.schema.index_of(key).is_ok();
        // A key that is no column is not named: it could itself be data.
        if object.keys().any(|key| !column(key) && !strays.contains(key)) {
            return Err(Text::new("unknown key", "未知的键"));
        }
        if !object.is_empty() && !object.keys().any(column) {
            return Err(Text::new("none of its keys is a column", "没有一个键是列名"));
        }
        // The digits of a number are gone once it is a float: where it becomes a text they are read again.
        let fraction = |field: &Arc<Field>| {
            field.data_type() == &DataType::Utf8
                && object.get(field.name()).is_some_and(Value::is_f64)
        };
        let digits =
            self.schema.fields().iter().any(fraction).then(|| finite::digits(line)).flatten();
        let cells = self
            .schema
            .fields()
            .iter()
            .map(|field| {
                let object = digits.as_ref().filter(|_| fraction(field)).unwrap_or(object);
                let value = object.get(field.name()).unwrap_or(&Value::Null);
                from_json(field.data_type(), value)
                    .ok_or_else(|| misfit(field.name(), field.data_type()))
            })
            .collect::<Result<Vec<Cell>, Text>>()?;
        Ok(self.push(cells))
    }

    fn push(&mut self, cells: Vec<Cell>) -> Vec<usize> {
        let numbered = cells.iter().enumerate();
        let odd = numbered.filter(|(_, cell)| matches!(cell, Cell::NotFinite));
        let odd = odd.map(|(column, _)| column).collect();
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            match (builder, cell) {
                (Builder::Boolean(builder), Cell::Boolean(value)) => builder.append_value(value),
                (Builder::Boolean(builder), _) => builder.append_null(),
                (Builder::Integer(builder), Cell::Integer(value)) => builder.append_value(value),
                (Builder::Integer(builder), _) => builder.append_null(),
                (Builder::Number(builder), Cell::Number(value)) => builder.append_value(value),
                (Builder::Number(builder), _) => builder.append_null(),
                (Builder::Date(builder), Cell::Date(value)) => builder.append_value(value),
                (Builder::Date(builder), _) => builder.append_null(),
                (Builder::Text(builder), Cell::Text(value)) => builder.append_value(value),
                (Builder::Text(builder), _) => builder.append_null(),
            }
        }
        odd
    }

    fn finish(self) -> Result<RecordBatch, ArrowError> {
        let arrays: Vec<ArrayRef> = self
            .builders
            .into_iter()
            .map(|builder| match builder {
                Builder::Boolean(mut builder) => Arc::new(builder.finish()) as ArrayRef,
                Builder::Integer(mut builder) => Arc::new(builder.finish()),
                Builder::Number(mut builder) => Arc::new(builder.finish()),
                Builder::Date(mut builder) => Arc::new(builder.finish()),
                Builder::Text(mut builder) => Arc::new(builder.finish()),
            })
            .collect();
        let schema = Schema::new(self.schema.fields().clone());
        RecordBatch::try_new(Arc::new(schema), arrays)
    }
}

fn misfit(column: &str, wanted: &DataType) -> Text {
    Text::new(
        format!("column `{column}` does not hold {}", kind(wanted)),
        format!("列 `{column}` 在此处不是{}", kind_text(wanted).zh),
    )
}

fn parse(kind: &DataType, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return Some(Cell::Missing);
    }
    match kind {
        DataType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Some(Cell::Boolean(true)),
            "false" | "f" | "no" | "n" | "0" => Some(Cell::Boolean(false)),
            _ => None,
        },
        DataType::Int64 => {
            let odd = || finite::is_not_finite(text).then_some(Cell::NotFinite);
            text.parse().ok().map(Cell::Integer).or_else(odd)
        }
        DataType::Float64 => exact::number(text).map(Cell::Number),
        DataType::Date32 => day(text).map(Cell::Date),
        _ => Some(Cell::Text(text.to_owned())),
    }
}

fn from_json(kind: &DataType, value: &Value) -> Option<Cell> {
    match (kind, value) {
        (_, Value::Null) => Some(Cell::Missing),
        (DataType::Int64 | DataType::Utf8, mark) if finite::is_mark(mark) => Some(Cell::NotFinite),
        (DataType::Float64, mark) if finite::is_mark(mark) => Some(Cell::Number(f64::NAN)),
        (DataType::Boolean, Value::Bool(value)) => Some(Cell::Boolean(*value)),
        (DataType::Int64, Value::Number(number)) => number.as_i64().map(Cell::Integer),
        (DataType::Float64, Value::Number(number)) => match number.as_i64() {
            Some(number) => exact::whole(number).map(Cell::Number),
            None => number.as_f64().map(Cell::Number),
        },
        (DataType::Float64, Value::String(text)) => {
            finite::written_digits(text).and_then(exact::number).map(Cell::Number)
        }
        (DataType::Utf8, Value::String(text)) => {
            Some(Cell::Text(finite::written_digits(text).unwrap_or(text).to_owned()))
        }
        (DataType::Utf8, other) => Some(Cell::Text(other.to_string())),
        _ => None,
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn day(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Chunks, Records};
    use arrow::array::AsArray;
    use proptest::prelude::*;

    fn dialect(fields: &[(&str, DataType)]) -> Dialect {
        let fields: Vec<Field> =
            fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
        Dialect {
            delimiter: b',',
            header_bytes: 0,
            header_lines: 1,
            mixed: Vec::new(),
            schema: Arc::new(Schema::new(fields)),
        }
    }

    #[test]
    fn bad_records_are_set_aside_with_their_line_and_without_their_value() {
        let chunk = Chunk {
            bytes: b"1,\"a\nb\"\nsecret,x\n3\n4,d\n".to_vec(),
            first_row: 11,
            first_line: 20,
            rows: 4,
            astray: Vec::new(),
        };
        let decoded =
            csv(&chunk, &dialect(&[("n", DataType::Int64), ("t", DataType::Utf8)])).unwrap();
        assert_eq!(decoded.rows, [11, 14]);
        assert_eq!(
            decoded.bad,
            [
                Bad {
                    row: 12,
                    line: 22,
                    reason: Text::new("column `n` does not hold integer", "列 `n` 在此处不是整数")
                },
                Bad {
                    row: 13,
                    line: 23,
                    reason: Text::new("1 fields instead of 2", "应有 2 个字段，实有 1 个")
                }
            ]
        );
    }

    /// A line end as files have them, or several.
    fn line_end() -> impl Strategy<Value = &'static str> {
        let ends = ["\n", "\r\n", "\r", "\n\n", "\r\r", "\r\r\n", "\r\n\r", "\n\r"];
        prop::sample::select(ends.to_vec())
    }

    fn good_records() -> impl Strategy<Value = String> {
        let text = prop_oneof!["[a-c ]{0,3}", "\"([a-c,\n\r]|\"\"){0,4}\""];
        let date = prop_oneof![Just(""), Just("2020-02-29")];
        let record =
            ("-?[0-9]{0,3}", "(-?[0-9]\\.[0-9]{1,2})?", "(true|false)?", date, text, line_end());
        let record = record.prop_filter("no number", |(whole, ..)| whole != "-");
        record.prop_map(|(i, f, b, d, t, end)| format!("{i},{f},{b},{d},{t}{end}"))
    }

    proptest! {
        /// Whatever ends a record, a lone carriage return or nothing at the end of the file among it: all ways find all of them.
        #[test]
        fn both_decoders_agree_on_good_records(
            lines in prop::collection::vec(good_records(), 1..30),
            ended: bool,
            size in 1_usize..400,
        ) {
            let dialect = dialect(&[
                ("i", DataType::Int64),
                ("f", DataType::Float64),
                ("b", DataType::Boolean),
                ("d", DataType::Date32),
                ("t", DataType::Utf8),
            ]);
            let text = lines.concat();
            let text = if ended { &*text } else { text.trim_end_matches(['\r', '\n']) };
            let mut found = 0;
            for chunk in Chunks::new(text.as_bytes(), Records::Csv(b','), size, 2) {
                let chunk = chunk.unwrap();
                let slow = careful(&chunk, &dialect).unwrap();
                prop_assert!(slow.bad.is_empty(), "{:?}", slow.bad);
                let arrow = by_arrow(&chunk, &dialect).unwrap();
                prop_assert_eq!(arrow.columns(), slow.batch.columns());
                let fast = csv(&chunk, &dialect).unwrap();
                prop_assert_eq!(fast.batch.columns(), slow.batch.columns());
                prop_assert_eq!(&fast.rows, &slow.rows);
                found += fast.rows.len();
            }
            prop_assert_eq!(found, lines.len());
        }
    }

    #[test]
    fn bad_records_are_named_by_their_line_whatever_ends_lines() {
        let dialect = dialect(&[("a", DataType::Int64), ("b", DataType::Int64)]);
        for end in ["\n", "\r\n"] {
            let text = ["1,2", "3", "", "4,\"5\"", "6,7,8", "9,9"].join(end);
            let mut bad = Vec::new();
            for chunk in Chunks::new(text.as_bytes(), Records::Csv(b','), 1, 2) {
                bad.extend(csv(&chunk.unwrap(), &dialect).unwrap().bad);
            }
            let whole = Chunks::new(text.as_bytes(), Records::Csv(b','), 1000, 2);
            let whole = whole.flat_map(|chunk| csv(&chunk.unwrap(), &dialect).unwrap().bad);
            let lines = |bad: Vec<Bad>| bad.iter().map(|bad| bad.line).collect::<Vec<_>>();
            assert_eq!(lines(whole.collect()), [3, 6], "{end:?}");
            assert_eq!(lines(bad), [3, 6], "{end:?} in small pieces");
        }
    }

    #[test]
    fn records_that_are_not_as_many_as_were_counted_are_a_fault() {
        let dialect = dialect(&[("i", DataType::Int64)]);
        for bytes in [&b"1\n2\n"[..], b"\"1\"\r\"2\"\r", b"1\nx\n"] {
            let chunk = |rows| Chunk {
                bytes: bytes.to_vec(),
                first_row: 1,
                first_line: 2,
                rows,
                astray: Vec::new(),
            };
            assert!(csv(&chunk(2), &dialect).is_ok());
            for rows in [0, 1, 3, u64::MAX] {
                let error = csv(&chunk(rows), &dialect).unwrap_err().to_string();
                assert!(error.contains("2 records"), "{error}");
            }
        }
    }

    #[test]
    fn json_lines_keep_types_and_set_bad_lines_aside() {
        let chunk = Chunk {
            bytes: b"{\"a\":1}\n\n{\"a\":\"x\"}\n{\"b\":1}\nnonsense\n{}\n".to_vec(),
            first_row: 1,
            first_line: 1,
            rows: 5,
            astray: Vec::new(),
        };
        let schema = dialect(&[("a", DataType::Int64)]).schema;
        let decoded = jsonl(&chunk, &schema, &StrayKeys::default()).unwrap();
        assert_eq!(decoded.rows, [1, 5]);
        assert_eq!(decoded.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 4, 5]);
        let chunk = Chunk {
            bytes: b"{\"a\":1,\"canary\":2}\n{\"canary\":1}\n{\"later\":1,\"a\":1}\n".to_vec(),
            first_row: 1,
            first_line: 1,
            rows: 3,
            astray: Vec::new(),
        };
        let strays: StrayKeys = serde_json::from_value(serde_json::json!(["canary"])).unwrap();
        let decoded = jsonl(&chunk, &schema, &strays).unwrap();
        assert_eq!(decoded.rows, [1], "a stray key is passed over, a row of nothing else is none");
        assert_eq!(decoded.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        let said = format!("{:?}", decoded.bad);
        assert!(!said.contains("canary") && !said.contains("later"), "{said}");
    }

    #[test]
    fn numbers_that_are_none_are_missing_where_the_type_has_no_place_for_them() {
        let chunk = Chunk {
            bytes: b"1\nNaN\n-inf\n4\n".to_vec(),
            first_row: 5,
            first_line: 6,
            rows: 4,
            astray: Vec::new(),
        };
        let decoded = csv(&chunk, &dialect(&[("n", DataType::Int64)])).unwrap();
        assert_eq!((decoded.rows.len(), decoded.batch.column(0).null_count()), (4, 2));
        assert_eq!((decoded.odd, decoded.bad.len()), (vec![(0, 6), (0, 7)], 0));
        let bytes =
            b"{\"n\":NaN,\"f\":-Infinity,\"t\":NaN}\n{\"n\":1,\"f\":2,\"t\":\"NaN\"}\n".to_vec();
        let chunk = Chunk { bytes, first_row: 1, first_line: 1, rows: 2, astray: Vec::new() };
        let fields = [("n", DataType::Int64), ("f", DataType::Float64), ("t", DataType::Utf8)];
        let decoded = jsonl(&chunk, &dialect(&fields).schema, &StrayKeys::default()).unwrap();
        // NaN without quotation marks is a number that is none in a text column too: missing, so counted. "NaN" is a text.
        assert_eq!((decoded.odd, decoded.bad.len()), (vec![(0, 1), (2, 1)], 0));
        assert_eq!(decoded.rows, [1, 2]);
        assert_eq!(decoded.batch.column(2).null_count(), 1);
    }

    #[test]
    fn numbers_keep_their_digits_or_their_row_is_set_aside() {
        let fields = [("id", DataType::Utf8), ("n", DataType::Int64), ("f", DataType::Float64)];
        let dialect = dialect(&fields);
        let lines = [
            ("98765432109876540001", "1", "0.5", true),
            ("1.20", "2", "9007199254740992", true),
            ("7", "9223372036854775808", "1", false),
            ("8", "3", "9007199254740993", false),
            ("100E1", "3", "98765432109876540001", false),
            ("100E1", "3", "100000000000000000000", true),
        ];
        let kept = |decoded: Decoded| {
            let ids: Vec<String> = decoded
                .batch
                .column(0)
                .as_string::<i32>()
                .iter()
                .map(|id| id.unwrap().to_owned())
                .collect();
            (ids, decoded.rows)
        };
        let ids = ["98765432109876540001", "1.20", "100E1"].map(str::to_owned).to_vec();
        let json = lines.map(|(id, n, f, _)| format!("{{\"id\":{id},\"n\":{n},\"f\":{f}}}\n"));
        let text = lines.map(|(id, n, f, _)| format!("{id},{n},{f}\n"));
        let chunk = |lines: [String; 6]| Chunk {
            bytes: lines.concat().into_bytes(),
            first_row: 1,
            first_line: 1,
            rows: 6,
            astray: Vec::new(),
        };
        let sound: Vec<u64> =
            (1..).zip(lines).filter(|(_, line)| line.3).map(|(row, _)| row).collect();
        let wanted = (ids, sound);
        assert_eq!(kept(csv(&chunk(text), &dialect).unwrap()), wanted);
        let json = jsonl(&chunk(json), &dialect.schema, &StrayKeys::default()).unwrap();
        assert_eq!(kept(json), wanted);
    }
}
