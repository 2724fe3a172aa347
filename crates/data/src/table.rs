//! Tables on disk: zstd Parquet, each column encrypted with its sensitivity class's key (Parquet modular encryption). Writing them is
//! in [`crate::table_writer`].

use crate::guard::{Batches, ReadError, guarded};
use crate::messages::TABLE_READ;
use crate::table_writer::TableWriter;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchReader as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Result, Secret, Text};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::ParquetError;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows in a batch read back.
const BATCH: usize = 8192;

/// A class's key: AES-GCM with 128, 192 or 256 bits.
#[derive(Debug, Clone)]
pub struct ClassKey {
    /// 16, 24 or 32 bytes.
    pub key: Secret<Vec<u8>>,
    /// Name stored in the file, by which a reader finds the key.
    pub id: String,
}

/// Which key protects which column.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// Keys by class.
    pub classes: BTreeMap<String, ClassKey>,
    /// Key of the footer: the schema and the statistics.
    pub footer: ClassKey,
    /// Classes of columns.
    pub columns: BTreeMap<String, String>,
    /// Class of every other column.
    pub default_class: String,
}

impl Encryption {
    fn class_of(&self, column: &str) -> Option<&ClassKey> {
        self.classes.get(self.columns.get(column).unwrap_or(&self.default_class))
    }

    pub(crate) fn writer(
        &self,
        schema: &Schema,
    ) -> parquet::errors::Result<Arc<FileEncryptionProperties>> {
        let mut builder = FileEncryptionProperties::builder(self.footer.key.expose().clone())
            .with_footer_key_metadata(self.footer.id.clone().into_bytes());
        for field in schema.fields() {
            let class = self.class_of(field.name()).ok_or_else(|| {
                ParquetError::General(format!("no key for the class of column `{}`", field.name()))
            })?;
            builder = builder.with_column_key_and_metadata(
                field.name(),
                class.key.expose().clone(),
                class.id.clone().into_bytes(),
            );
        }
        builder.build()
    }

    fn reader(&self) -> parquet::errors::Result<Arc<FileDecryptionProperties>> {
        FileDecryptionProperties::with_key_retriever(Arc::new(Keys(self.clone()))).build()
    }
}

/// Finds keys by the names stored in a file.
struct Keys(Encryption);

impl KeyRetriever for Keys {
    fn retrieve_key(&self, id: &[u8]) -> parquet::errors::Result<Vec<u8>> {
        std::iter::once(&self.0.footer)
            .chain(self.0.classes.values())
            .find(|class| class.id.as_bytes() == id)
            .map(|class| class.key.expose().clone())
            .ok_or_else(|| {
                ParquetError::General("the key of this column's class is not at hand".to_owned())
            })
    }
}

pub(crate) fn read_fault(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault::new(&TABLE_READ).arg("path", path.display()).because(error)
}

/// Opens a table, ours or another's, for reading; `columns` narrows it, and only their keys are then needed.
pub(crate) fn open(
    path: &Path,
    keys: Option<&Encryption>,
    columns: Option<&[&str]>,
) -> Result<Batches<ParquetRecordBatchReader>> {
    let start = || -> std::result::Result<Batches<ParquetRecordBatchReader>, ReadError> {
        let mut options = ArrowReaderOptions::new();
        if let Some(keys) = keys {
            options = options.with_file_decryption_properties(keys.reader()?);
        }
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(path)?, options)?;
        let mask = match columns {
            Some(columns) => {
                ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied())
            }
            None => ProjectionMask::all(),
        };
        let reader = builder.with_batch_size(BATCH).with_projection(mask).build()?;
        let schema = reader.schema();
        Ok(Batches::new(reader, schema))
    };
    let started = guarded(start).unwrap_or_else(|fault| Err(fault.into()));
    started.map_err(|error| read_fault(path, error))
}

/// A table's columns.
///
/// # Errors
/// When the table cannot be read with these keys.
pub fn schema(path: &Path, keys: Option<&Encryption>) -> Result<SchemaRef> {
    Ok(plain_schema(&open(path, keys, None)?.schema()))
}

/// The schema without metadata, so that equal tables have equal schemas.
pub(crate) fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}

/// A whole table.
///
/// # Errors
/// When the table cannot be read with these keys.
pub fn read(path: &Path, keys: Option<&Encryption>) -> Result<Vec<RecordBatch>> {
    open(path, keys, None)?
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| read_fault(path, error))
}

/// Some columns of a table; the others stay encrypted.
///
/// # Errors
/// When the table cannot be read with these keys.
pub fn read_columns(
    path: &Path,
    keys: Option<&Encryption>,
    columns: &[&str],
) -> Result<Vec<RecordBatch>> {
    open(path, keys, Some(columns))?
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| read_fault(path, error))
}

/// Shows a table, batch by batch.
///
/// # Errors
/// When the table cannot be read with these keys, or `look` fails.
pub fn each(
    path: &Path,
    keys: Option<&Encryption>,
    columns: &[&str],
    look: &mut dyn FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    for batch in open(path, keys, Some(columns))? {
        look(&batch.map_err(|error| read_fault(path, error))?)?;
    }
    Ok(())
}

/// Writes a table from another, batch by batch; the number of rows written.
///
/// # Errors
/// When a table cannot be read or written, or `change` fails.
pub fn transform(
    input: &Path,
    output: &Path,
    keys_in: Option<&Encryption>,
    keys_out: Option<&Encryption>,
    change: &mut dyn FnMut(RecordBatch) -> Result<RecordBatch>,
) -> Result<u64> {
    let schema = schema(input, keys_in)?;
    let empty = change(RecordBatch::new_empty(schema))?;
    let mut writer = TableWriter::create(output, &empty.schema(), keys_out)?;
    for batch in open(input, keys_in, None)? {
        let batch = batch.map_err(|error| read_fault(input, error))?;
        writer.write(&change(batch)?)?;
    }
    writer.finish()
}

/// Digest of what a table says: its columns' names and types, then its rows in order. Independent of encryption,
/// compression and the size of batches.
///
/// # Errors
/// When the table cannot be read with these keys.
pub fn content_digest(path: &Path, keys: Option<&Encryption>) -> Result<Digest> {
    let schema = schema(path, keys)?;
    let batches =
        open(path, keys, None)?.map(|batch| batch.map_err(|error| read_fault(path, error)));
    digest(&schema, batches).map_err(|fault| fault.arg("path", path.display()))
}

/// The digest of a table as a set of rows, each as often as it occurs, and each a set of values: the order of rows and of columns, the
/// columns' names, columns without a value, the format of the file and how it wrote a number do not matter.
///
/// # Errors
/// When a column has a type whose values have no text.
pub fn digest_of_rows(batches: &[RecordBatch]) -> Result<Digest> {
    let failed = |error| read_fault(Path::new("table"), error);
    let mut rows: Vec<Digest> = Vec::new();
    for batch in batches {
        let options = FormatOptions::new();
        // Whole numbers are written alike whether the file called them whole or not.
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(|column| match column.data_type() {
                kind if kind.is_numeric() && !kind.is_integer() => cast(column, &DataType::Float64),
                _ => Ok(Arc::clone(column)),
            })
            .collect::<std::result::Result<_, _>>()
            .map_err(failed)?;
        let cells: Vec<ArrayFormatter<'_>> = columns
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<std::result::Result<_, _>>()
            .map_err(failed)?;
        for row in 0..batch.num_rows() {
            let there = columns.iter().zip(&cells).filter(|(column, _)| !column.is_null(row));
            let mut values: Vec<String> = there
                .map(|(_, cell)| {
                    let text = cell.value(row).to_string();
                    match text.strip_suffix(".0") {
                        Some(whole) => whole.to_owned(),
                        None => moment(text),
                    }
                })
                .collect();
            values.sort_unstable();
            let mut hasher = Hasher::default();
            for value in values {
                hasher.update(&(value.len() as u64).to_le_bytes());
                hasher.update(value.as_bytes());
            }
            rows.push(hasher.finish());
        }
    }
    rows.sort_unstable();
    let mut hasher = Hasher::default();
    for row in rows {
        hasher.update(row.hex().as_bytes());
    }
    Ok(hasher.finish())
}

/// A day, or a time of a day, as any format writes it: `2024-05-06 00:00:00` and `2024-05-06T00:00:00.000Z` are the day. Other texts stay.
fn moment(text: String) -> String {
    let Some((day, time)) = text.split_once(['T', ' ']) else { return text };
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or(time);
    let time =
        if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    let form = |text: &str, sign: char, pieces: &[usize]| {
        let lengths = text.split(sign).map(|piece| {
            if piece.bytes().all(|digit| digit.is_ascii_digit()) { piece.len() } else { 0 }
        });
        lengths.eq(pieces.iter().copied())
    };
    let seconds = time.split('.').next().unwrap_or(time);
    match time {
        _ if !form(day, '-', &[4, 2, 2]) => text,
        "00:00:00" | "00:00" => day.to_owned(),
        _ if form(seconds, ':', &[2, 2, 2]) => format!("{day}T{time}"),
        _ => text,
    }
}

fn digest(schema: &Schema, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<Digest> {
    let failed = |error| read_fault(Path::new("table"), error);
    let mut hasher = Hasher::default();
    for field in schema.fields() {
        hasher.update(format!("{}\u{0}{}\u{0}", field.name(), field.data_type()).as_bytes());
    }
    let fields: Vec<SortField> =
        schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(failed)?;
    for batch in batches {
        let batch = batch?;
        let rows = converter.convert_columns(batch.columns()).map_err(failed)?;
        for row in &rows {
            hasher.update(&(row.as_ref().len() as u64).to_le_bytes());
            hasher.update(row.as_ref());
        }
    }
    Ok(hasher.finish())
}

/// A type in the words reports use.
pub(crate) fn kind(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            "text"
        }
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        kind if kind.is_integer() => "integer",
        kind if kind.is_numeric() => "number",
        _ => "other",
    }
}

/// The same in both languages.
pub(crate) fn kind_text(data_type: &DataType) -> Text {
    let en = kind(data_type);
    let zh = match en {
        "boolean" => "布尔",
        "text" => "文本",
        "date" => "日期",
        "timestamp" => "时间戳",
        "integer" => "整数",
        "number" => "数值",
        _ => "其他类型",
    };
    Text::new(en, zh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    #[test]
    fn a_day_is_the_same_day_in_every_format() {
        use arrow::array::{Date32Array, TimestampMicrosecondArray};
        const DAY: i64 = 86_400_000_000;
        let digest = |column: ArrayRef| {
            let batch = RecordBatch::try_from_iter([("day", column)]).unwrap();
            digest_of_rows(&[batch]).unwrap()
        };
        let days = digest(Arc::new(Date32Array::from(vec![0, 19_000])));
        let times = |more: i64| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(vec![0, 19_000 * DAY + more]))
        };
        assert_eq!(digest(times(0)), days);
        let zoned = TimestampMicrosecondArray::from(vec![0, 19_000 * DAY]).with_timezone("+00:00");
        assert_eq!(digest(Arc::new(zoned)), days);
        let texts = |texts: [&str; 2]| digest(Arc::new(StringArray::from(texts.to_vec())));
        assert_eq!(texts(["1970-01-01", "2022-01-08 00:00:00.000Z"]), days);
        let noon = digest(times(DAY / 2));
        assert_eq!(texts(["1970-01-01T00:00:00", "2022-01-08 12:00:00"]), noon);
        assert_ne!(noon, days);
        assert_ne!(texts(["a 00:00:00", "b"]), texts(["a", "b"]));
    }

    fn keys(classes: &[(&str, u8)]) -> Encryption {
        let key =
            |byte: u8, id: &str| ClassKey { key: Secret::new(vec![byte; 16]), id: id.to_owned() };
        Encryption {
            classes: classes
                .iter()
                .map(|(name, byte)| ((*name).to_owned(), key(*byte, name)))
                .collect(),
            footer: key(9, "footer"),
            columns: BTreeMap::from([("name".to_owned(), "personal".to_owned())]),
            default_class: "general".to_owned(),
        }
    }

    fn table(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("t.parquet");
        let batch = RecordBatch::try_from_iter([
            ("name", Arc::new(StringArray::from(vec!["canary-person"; 100])) as ArrayRef),
            ("age", Arc::new(Int64Array::from_iter_values(0..100)) as ArrayRef),
        ])
        .unwrap();
        let mut writer = TableWriter::create(
            &path,
            &batch.schema(),
            Some(&keys(&[("general", 1), ("personal", 2)])),
        )
        .unwrap();
        writer.write(&batch).unwrap();
        assert_eq!(writer.finish().unwrap(), 100);
        path
    }

    #[test]
    fn a_column_opens_only_with_its_classs_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = table(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes.windows(6).any(|window| window == b"canary"),
            "the value stands in the file"
        );
        assert!(!bytes.windows(4).any(|window| window == b"name"), "even the schema is encrypted");
        let both = keys(&[("general", 1), ("personal", 2)]);
        assert_eq!(
            read(&path, Some(&both)).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(),
            100
        );
        let one = keys(&[("general", 1)]);
        assert!(read(&path, Some(&one)).is_err(), "the personal key is missing");
        let general = read_columns(&path, Some(&one), &["age"]).unwrap();
        assert_eq!(general[0].num_columns(), 1);
        assert!(
            read(&path, Some(&keys(&[("general", 3), ("personal", 2)]))).is_err(),
            "another key"
        );
        assert!(read(&path, None).is_err(), "no key");
    }

    #[test]
    fn the_content_digest_ignores_encryption_and_sees_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = table(folder.path());
        let both = keys(&[("general", 1), ("personal", 2)]);
        let plain = folder.path().join("plain.parquet");
        transform(&path, &plain, Some(&both), None, &mut Ok).unwrap();
        let digest = content_digest(&path, Some(&both)).unwrap();
        assert_eq!(digest, content_digest(&plain, None).unwrap());
        let shorter = folder.path().join("shorter.parquet");
        transform(&path, &shorter, Some(&both), None, &mut |batch| {
            Ok(batch.slice(0, batch.num_rows().min(99)))
        })
        .unwrap();
        assert_ne!(digest, content_digest(&shorter, None).unwrap());
    }
}
