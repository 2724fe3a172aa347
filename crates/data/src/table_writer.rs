//! Writing a table: rows are encoded, compressed and encrypted on a thread of their own, in the order in which they come, so that
//! whoever makes them goes on meanwhile.

use crate::messages::TABLE_WRITE;
use crate::table::Encryption;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use ingot_base::atomic::AtomicFile;
use ingot_base::{Fault, Result, fault};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Rows in a row group: what a reader must hold at once.
const ROW_GROUP: usize = 256 * 1024;
/// Rows that show whether a column's values repeat.
const SAMPLE: usize = 8192;
/// Batches that wait to be written at most: whoever is faster than the writer waits too.
const WAITING: usize = 4;

/// Writes a table; it appears under its name only when [`finish`](Self::finish) succeeds.
pub(crate) struct TableWriter {
    /// Where batches are handed over; none once no more may come.
    rows: Option<SyncSender<RecordBatch>>,
    /// Gives the complete file back; none once it was waited for.
    thread: Option<JoinHandle<Result<AtomicFile>>>,
    written: u64,
}

impl TableWriter {
    pub(crate) fn create(
        target: &Path,
        schema: &SchemaRef,
        keys: Option<&Encryption>,
    ) -> Result<Self> {
        let (rows, batches) = sync_channel(WAITING);
        let work = Work {
            file: AtomicFile::create(target)?,
            target: target.to_owned(),
            schema: Arc::clone(schema),
            keys: keys.cloned(),
        };
        let thread = std::thread::Builder::new().name("table".to_owned());
        let thread = thread
            .spawn(move || work.write(&batches))
            .map_err(|error| fault::internal("a table's thread did not start").because(error))?;
        Ok(Self { rows: Some(rows), thread: Some(thread), written: 0 })
    }

    /// Hands rows over; a fault may be that of rows before them.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.written += batch.num_rows() as u64;
        let taken = self.rows.as_ref().is_some_and(|rows| rows.send(batch.clone()).is_ok());
        if taken {
            return Ok(());
        }
        // The thread ends before its time only where it failed.
        self.wait()?;
        Err(fault::internal("a table's writer ended early"))
    }

    /// Publishes the table; the number of its rows.
    pub(crate) fn finish(self) -> Result<u64> {
        self.publish(AtomicFile::commit)
    }

    /// Publishes the table to the file's owner alone: it may be without encryption.
    pub(crate) fn finish_private(self) -> Result<u64> {
        self.publish(AtomicFile::commit_private)
    }

    fn publish(mut self, commit: fn(AtomicFile) -> Result<()>) -> Result<u64> {
        commit(self.wait()?)?;
        Ok(self.written)
    }

    /// The file, once everything that was handed over is in it.
    fn wait(&mut self) -> Result<AtomicFile> {
        self.rows = None;
        let lost = || fault::internal("a table's writer is gone");
        self.thread.take().ok_or_else(lost)?.join().unwrap_or_else(|_| Err(lost()))
    }
}

impl Drop for TableWriter {
    /// What is not published leaves no file behind, not even for a moment longer.
    fn drop(&mut self) {
        self.rows = None;
        if let Some(thread) = self.thread.take() {
            // Nobody asked for the table any more.
            drop(thread.join());
        }
    }
}

/// What the thread needs.
struct Work {
    file: AtomicFile,
    target: PathBuf,
    schema: SchemaRef,
    keys: Option<Encryption>,
}

impl Work {
    fn write(self, batches: &Receiver<RecordBatch>) -> Result<AtomicFile> {
        let failed = |error| write_fault(&self.target, error);
        // The first rows decide how columns are encoded, so the writer waits for them.
        let first = batches.recv().ok();
        let properties = properties(&self.schema, self.keys.as_ref(), first.as_ref());
        let properties = properties.map_err(failed)?;
        let mut writer =
            ArrowWriter::try_new(self.file, self.schema, Some(properties)).map_err(failed)?;
        for batch in first.into_iter().chain(batches) {
            writer.write(&batch).map_err(failed)?;
        }
        writer.into_inner().map_err(failed)
    }
}

fn properties(
    schema: &SchemaRef,
    keys: Option<&Encryption>,
    first: Option<&RecordBatch>,
) -> parquet::errors::Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by("ingot".to_owned());
    for (field, column) in schema.fields().iter().zip(first.iter().flat_map(|rows| rows.columns()))
    {
        if !repeats(column) {
            properties = properties
                .set_column_dictionary_enabled(ColumnPath::from(field.name().clone()), false);
        }
    }
    if let Some(keys) = keys {
        properties = properties.with_file_encryption_properties(keys.writer(schema)?);
    }
    Ok(properties.build())
}

/// Whether a column's values repeat often enough for a dictionary to pay, by its first rows.
fn repeats(column: &ArrayRef) -> bool {
    if matches!(column.data_type(), DataType::Dictionary(..) | DataType::Boolean) {
        return true;
    }
    let head = column.slice(0, column.len().min(SAMPLE));
    let Ok(converter) = RowConverter::new(vec![SortField::new(head.data_type().clone())]) else {
        return true;
    };
    let Ok(rows) = converter.convert_columns(std::slice::from_ref(&head)) else { return true };
    let distinct: BTreeSet<&[u8]> = (0..head.len()).map(|row| rows.row(row).data()).collect();
    distinct.len() * 4 <= head.len()
}

fn write_fault(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault::new(&TABLE_WRITE).arg("path", path.display()).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::{Field, Schema};

    fn rows(numbers: std::ops::Range<i64>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
    }

    #[test]
    fn batches_stand_in_the_order_in_which_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut writer = TableWriter::create(&path, &rows(0..0).schema(), None).unwrap();
        for part in 0..50 {
            writer.write(&rows(part * 100..part * 100 + 100)).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 5000);
        let read = crate::table::read(&path, None).unwrap();
        let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
        assert_eq!(read.column(0), rows(0..5000).column(0));
    }

    #[test]
    fn a_table_that_is_not_finished_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut writer = TableWriter::create(&path, &rows(0..0).schema(), None).unwrap();
        writer.write(&rows(0..9)).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn rows_of_another_table_are_a_fault_and_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let other = Schema::new(vec![Field::new("m", DataType::Utf8, false)]);
        let mut writer = TableWriter::create(&path, &Arc::new(other), None).unwrap();
        let mut told = None;
        for _ in 0..100 {
            told = told.or(writer.write(&rows(0..9)).err());
        }
        let told = told.or(writer.finish().err()).unwrap();
        assert_eq!(told.code(), "data-table-write");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
