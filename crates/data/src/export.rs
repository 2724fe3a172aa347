//! A stage's table in the open, for other tools: CSV, JSON lines or Parquet without encryption.

use crate::messages::{EXPORT_FORMAT, TABLE_WRITE};
use crate::table::{each, schema};
use crate::table_writer::TableWriter;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type, Schema, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use ingot_base::atomic::AtomicFile;
use ingot_base::{Fault, Result};
use serde_json::{Map, Value};
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use crate::table::Encryption;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// With a header; a missing value is an empty field, dates and times are in ISO form.
    Csv,
    /// One object a line; a missing value is null.
    JsonLines,
    /// zstd Parquet.
    Parquet,
}

impl ExportFormat {
    /// By a file's extension.
    ///
    /// # Errors
    /// When it is none of `.csv`, `.jsonl` and `.parquet`.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Fault::new(&EXPORT_FORMAT).arg("path", path.display())),
        }
    }
}

/// Writes a table without its encryption, readable by its owner alone; the number of rows. The file appears when it is complete.
///
/// # Errors
/// When the table cannot be read with these keys, or the file cannot be written.
pub fn export(
    table: &Path,
    keys: Option<&Encryption>,
    output: &Path,
    format: ExportFormat,
) -> Result<u64> {
    let schema = schema(table, keys)?;
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Fault::new(&TABLE_WRITE).arg("path", output.display()).because(error)
    };
    if format == ExportFormat::Parquet {
        let mut writer = TableWriter::create(output, &schema, None)?;
        each(table, keys, &columns, &mut |batch| writer.write(batch))?;
        return writer.finish_private();
    }
    let mut file = BufWriter::new(AtomicFile::create(output)?);
    let mut rows = 0;
    if format == ExportFormat::Csv {
        let mut lines = csv::Writer::from_writer(&mut file);
        lines.write_record(&columns).map_err(|error| failed(error.into()))?;
        each(table, keys, &columns, &mut |batch| {
            rows += batch.num_rows() as u64;
            records(batch, &mut lines).map_err(failed)
        })?;
        lines.flush().map_err(|error| failed(error.into()))?;
    } else {
        each(table, keys, &columns, &mut |batch| {
            rows += batch.num_rows() as u64;
            objects(batch, &schema, &mut file).map_err(failed)
        })?;
    }
    let file = file.into_inner().map_err(|error| failed(error.into_error().into()))?;
    file.commit_private()?;
    Ok(rows)
}

type Any = Box<dyn std::error::Error + Send + Sync>;

fn records(
    batch: &RecordBatch,
    lines: &mut csv::Writer<impl std::io::Write>,
) -> std::result::Result<(), Any> {
    let options = FormatOptions::default();
    let cells = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for cell in &cells {
            lines.write_field(cell.value(row).try_to_string()?)?;
        }
        lines.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

fn objects(
    batch: &RecordBatch,
    schema: &Arc<Schema>,
    file: &mut impl std::io::Write,
) -> std::result::Result<(), Any> {
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| values(field, column.as_ref()))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let mut columns: Vec<_> =
        columns.into_iter().map(|(name, values)| (name, values.into_iter())).collect();
    for _ in 0..batch.num_rows() {
        let row: Map<String, Value> = columns
            .iter_mut()
            .map(|(name, values)| (name.clone(), values.next().unwrap_or(Value::Null)))
            .collect();
        serde_json::to_writer(&mut *file, &row)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// A column's values: numbers and flags as what they are, everything else as text.
fn values(field: &Field, column: &dyn Array) -> std::result::Result<(String, Vec<Value>), Any> {
    let kind = column.data_type();
    let values = match kind {
        DataType::Boolean => {
            column.as_boolean().iter().map(|value| value.map_or(Value::Null, Value::from)).collect()
        }
        kind if kind.is_unsigned_integer() => {
            let numbers = arrow::compute::cast(column, &DataType::UInt64)?;
            let numbers = numbers.as_primitive::<UInt64Type>();
            numbers.iter().map(|value| value.map_or(Value::Null, Value::from)).collect()
        }
        kind if kind.is_integer() => {
            let numbers = arrow::compute::cast(column, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            numbers.iter().map(|value| value.map_or(Value::Null, Value::from)).collect()
        }
        DataType::Float32 => {
            let numbers = column.as_primitive::<Float32Type>();
            numbers.iter().map(|value| value.map_or(Value::Null, Value::from)).collect()
        }
        DataType::Float64 => {
            let numbers = column.as_primitive::<Float64Type>();
            numbers.iter().map(|value| value.map_or(Value::Null, Value::from)).collect()
        }
        _ => {
            let options = FormatOptions::default();
            let cells = ArrayFormatter::try_new(column, &options)?;
            (0..column.len())
                .map(|row| {
                    if column.is_null(row) {
                        return Ok(Value::Null);
                    }
                    cells.value(row).try_to_string().map(Value::from)
                })
                .collect::<std::result::Result<_, _>>()?
        }
    };
    Ok((field.name().clone(), values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, StringArray,
    };
    use std::os::unix::fs::PermissionsExt as _;

    fn table() -> RecordBatch {
        let columns: [(&str, ArrayRef); 5] = [
            ("名", Arc::new(StringArray::from(vec![Some("a,\"b\"\nc"), None]))),
            ("age", Arc::new(Int32Array::from(vec![Some(30), None]))),
            ("rate", Arc::new(Float64Array::from(vec![Some(0.5), Some(-1e-7)]))),
            ("owner", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("day", Arc::new(Date32Array::from(vec![Some(0), None]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
    }

    fn written(name: &str) -> (String, u32) {
        let folder = tempfile::tempdir().unwrap();
        let (source, output) = (folder.path().join("in.parquet"), folder.path().join(name));
        let mut writer = TableWriter::create(&source, &table().schema(), None).unwrap();
        writer.write(&table()).unwrap();
        writer.finish().unwrap();
        let format = ExportFormat::of(&output).unwrap();
        assert_eq!(export(&source, None, &output, format).unwrap(), 2);
        let mode = std::fs::metadata(&output).unwrap().permissions().mode() & 0o777;
        if format == ExportFormat::Parquet {
            assert_eq!(crate::read(&output, None).unwrap(), [table()]);
            return (String::new(), mode);
        }
        (std::fs::read_to_string(&output).unwrap(), mode)
    }

    #[test]
    fn every_format_has_every_value() {
        let csv = "名,age,rate,owner,day\n\"a,\"\"b\"\"\nc\",30,0.5,true,1970-01-01\n,,-1e-7,,\n";
        assert_eq!(written("t.csv"), (csv.to_owned(), 0o600));
        let (json, mode) = written("t.jsonl");
        let lines: Vec<Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let first = serde_json::json!(
            { "名": "a,\"b\"\nc", "age": 30, "rate": 0.5, "owner": true, "day": "1970-01-01" }
        );
        let second = serde_json::json!(
            { "名": null, "age": null, "rate": -1e-7, "owner": null, "day": null }
        );
        assert_eq!((lines, mode), (vec![first, second], 0o600));
        assert_eq!(written("t.parquet").1, 0o600);
        assert!(ExportFormat::of(Path::new("t.xlsx")).is_err());
    }
}
