//! The rows of one file as JSON objects: for scoring, which asks for columns by name and must tell every bad row.
//!
//! Encoding, delimiter, compression and formats are those of sources. Nothing is guessed of types: a CSV cell is text, an
//! empty one is missing.

use crate::config::Format;
use crate::copies::Copies;
use crate::csv_decode;
use crate::finite;
use crate::guard::ReadError;
use crate::infer::{self, Dialect};
use crate::messages::FILE_EMPTY;
use crate::source::{self, Part};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use arrow::error::ArrowError;
use ingot_base::{Fault, Result, Text, fault};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// Bytes of text read at once.
const CHUNK: usize = 4 << 20;

/// A record of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRow {
    /// Its number in the file, from 1; a header is not counted.
    pub row: u64,
    /// Its values by column; or why it cannot be read, without a value of it.
    pub cells: std::result::Result<Map<String, Value>, Text>,
}

/// The records of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRows {
    /// The file's columns; `None` for JSON lines, where every record has its own.
    pub columns: Option<Vec<String>>,
    /// Whether values are typed by the file: JSON lines. Elsewhere text may stand for a number.
    pub typed: bool,
    /// At least one record.
    pub rows: Vec<FileRow>,
}

/// Reads the columns called `wanted` of every record; others are passed over.
///
/// # Errors
/// When the file cannot be read as what its name says, or holds no record.
pub fn file_rows(path: &Path, wanted: &[&str]) -> Result<FileRows> {
    let copies = Copies::new()?;
    let part = source::single(path, copies.path())?;
    let columns = (part.format != Format::Jsonl).then(|| part.names.clone());
    let rows = match part.format {
        Format::Csv => csv(&part, wanted)?,
        Format::Jsonl | Format::Images => jsonl(&part, wanted)?,
        Format::Parquet => batches(&part, source::parquet_reader(&part.path)?, wanted)?,
        Format::Arrow => batches(&part, source::arrow_reader(&part.path)?, wanted)?,
    };
    if rows.is_empty() {
        return Err(Fault::new(&FILE_EMPTY).arg("file", infer::name(path)));
    }
    Ok(FileRows { columns, typed: part.format == Format::Jsonl, rows })
}

fn csv(part: &Part, wanted: &[&str]) -> Result<Vec<FileRow>> {
    let Some(dialect) = &part.dialect else { return Err(fault::internal("a CSV file's dialect")) };
    let text = |name: &String| Field::new(name, DataType::Utf8, true);
    let schema = Arc::new(Schema::new(part.names.iter().map(text).collect::<Vec<_>>()));
    let dialect = Dialect { schema, ..dialect.clone() };
    let mut rows = Vec::new();
    for chunk in source::chunks(part, CHUNK)? {
        let decoded = csv_decode::csv(&chunk?, &dialect).map_err(|error| part.wrong(error))?;
        let good = objects(&decoded.batch, wanted).map_err(|error| part.wrong(error))?;
        rows.extend(
            decoded
                .rows
                .iter()
                .zip(good)
                .map(|(row, cells)| FileRow { row: *row, cells: Ok(cells) }),
        );
        let bad = decoded.bad.into_iter();
        rows.extend(bad.map(|bad| FileRow { row: bad.row, cells: Err(bad.reason) }));
    }
    rows.sort_by_key(|row| row.row);
    Ok(rows)
}

fn jsonl(part: &Part, wanted: &[&str]) -> Result<Vec<FileRow>> {
    let mut rows = Vec::new();
    for chunk in source::chunks(part, CHUNK)? {
        for line in chunk?.bytes.split(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let cells = finite::object(line)
                .map(|object| {
                    let known = |name: &String| wanted.contains(&name.as_str());
                    object
                        .into_iter()
                        .filter(|(name, _)| known(name))
                        .map(|(name, value)| {
                            let missing = value == "" || finite::is_mark(&value);
                            (name, if missing { Value::Null } else { value })
                        })
                        .collect()
                })
                .map_err(|error| csv_decode::no_object(&error));
            rows.push(FileRow { row: rows.len() as u64 + 1, cells });
        }
    }
    Ok(rows)
}

fn batches(
    part: &Part,
    batches: impl Iterator<Item = std::result::Result<RecordBatch, ReadError>>,
    wanted: &[&str],
) -> Result<Vec<FileRow>> {
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| part.wrong(error))?;
        for cells in objects(&batch, wanted).map_err(|error| part.wrong(error))? {
            rows.push(FileRow { row: rows.len() as u64 + 1, cells: Ok(cells) });
        }
    }
    Ok(rows)
}

/// The rows of a batch, of its wanted columns.
fn objects(
    batch: &RecordBatch,
    wanted: &[&str],
) -> std::result::Result<Vec<Map<String, Value>>, ArrowError> {
    let mut objects = vec![Map::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !wanted.contains(&field.name().as_str()) {
            continue;
        }
        for (object, value) in objects.iter_mut().zip(values(column)?) {
            object.insert(field.name().clone(), value);
        }
    }
    Ok(objects)
}

fn values(column: &dyn Array) -> std::result::Result<Vec<Value>, ArrowError> {
    Ok(match column.data_type() {
        DataType::Boolean => {
            column.as_boolean().iter().map(|flag| flag.map_or(Value::Null, Value::Bool)).collect()
        }
        kind if kind.is_integer() => cast(column, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .iter()
            .map(|number| number.map_or(Value::Null, Value::from))
            .collect(),
        kind if kind.is_numeric() => cast(column, &DataType::Float64)?
            .as_primitive::<Float64Type>()
            .iter()
            .map(|number| number.map_or(Value::Null, Value::from))
            .collect(),
        _ => cast(column, &DataType::Utf8)?
            .as_string::<i32>()
            .iter()
            .map(|text| text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::from))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use ingot_base::Lang;
    use serde_json::json;

    fn cells(rows: &FileRows) -> Vec<Value> {
        rows.rows.iter().map(|row| row.cells.clone().map_or(Value::Null, Value::Object)).collect()
    }

    #[test]
    fn every_format_gives_the_same_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text = "_id;城市;n\n1;北京;2\n2;;\n";
        let (gbk, _, _) = encoding_rs::GB18030.encode(text);
        ingot_base::atomic::write(&path("a.csv"), &gbk).unwrap();
        ingot_base::atomic::write(&path("b.csv"), text.replace(';', "\t").as_bytes()).unwrap();
        for name in ["a.csv", "b.csv"] {
            let rows = file_rows(&path(name), &["城市", "n"]).unwrap();
            assert_eq!(
                cells(&rows),
                [json!({"城市": "北京", "n": "2"}), json!({"城市": null, "n": null})]
            );
            assert!(!rows.typed && rows.columns.is_some_and(|columns| columns.len() == 3));
        }
        ingot_base::atomic::write(
            &path("c.jsonl"),
            "{\"城市\":\"北京\",\"n\":2,\"x\":1}\n\n{\"城市\":\"\",\"n\":null}".as_bytes(),
        )
        .unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("城市", Arc::new(StringArray::from(vec!["北京", ""])) as ArrayRef, true),
            ("n", Arc::new(Int64Array::from(vec![Some(2), None])) as ArrayRef, true),
        ])
        .unwrap();
        let file = std::fs::File::options().create_new(true).write(true).open(path("d.parquet"));
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(file.unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let file = std::fs::File::options().create_new(true).write(true).open(path("e.arrow"));
        let mut writer =
            arrow::ipc::writer::FileWriter::try_new(file.unwrap(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        for name in ["c.jsonl", "d.parquet", "e.arrow"] {
            let rows = file_rows(&path(name), &["城市", "n"]).unwrap();
            assert_eq!(
                cells(&rows),
                [json!({"城市": "北京", "n": 2}), json!({"城市": null, "n": null})],
                "{name}"
            );
        }
    }

    #[test]
    fn bad_records_keep_their_number_and_an_empty_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        ingot_base::atomic::write(&path, b"a,b\n1,2\n3\n4,5\n").unwrap();
        let rows = file_rows(&path, &["a"]).unwrap();
        let numbers: Vec<(u64, bool)> =
            rows.rows.iter().map(|row| (row.row, row.cells.is_ok())).collect();
        assert_eq!(numbers, [(1, true), (2, false), (3, true)]);
        ingot_base::atomic::write(&path, b"a,b\n").unwrap();
        assert_eq!(file_rows(&path, &["a"]).unwrap_err().code(), "data-file-empty");
    }

    #[test]
    fn what_is_wrong_with_a_row_or_a_file_is_said_in_both_languages() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        ingot_base::atomic::write(&path("a.csv"), b"a,b\n1,2\n3\n").unwrap();
        ingot_base::atomic::write(&path("b.jsonl"), b"{\"a\":1}\n{\"a\":2}\nnonsense\n").unwrap();
        for (name, at, en, zh) in [
            ("a.csv", 1, "1 fields instead of 2", "应有 2 个字段，实有 1 个"),
            ("b.jsonl", 2, "not a JSON object", "不是 JSON 对象"),
        ] {
            let rows = file_rows(&path(name), &["a"]).unwrap();
            let reason = rows.rows[at].cells.clone().unwrap_err();
            assert!(reason.en.starts_with(en) && reason.zh.starts_with(zh), "{name}: {reason:?}");
        }
        ingot_base::atomic::write(&path("c.csv"), b"a,b\nc,\"d\ne,f\n").unwrap();
        let fault = file_rows(&path("c.csv"), &["a"]).unwrap_err();
        assert!(fault.code() == "data-file-wrong" && fault.to_string().contains("CSV"), "{fault}");
        let cause = std::error::Error::source(&fault).unwrap();
        let cause = cause.downcast_ref::<Fault>().unwrap();
        assert_eq!(cause.code(), "data-quote-open");
        assert!(cause.render(Lang::Zh).contains("第 2 行"), "{}", cause.render(Lang::Zh));
    }
}
