//! Tables that others wrote, read by libraries that panic where such a file contradicts itself: a panic becomes a fault.
//!
//! Arrow's schema, in an Arrow file or within Parquet, becomes types by code that panics at each kind it does not know
//! (arrow-ipc, `convert.rs`); both readers slice pages and buffers at the places that the file names. The schema within Parquet
//! cannot be passed over instead: time zones and dictionaries stand nowhere else, in our own tables as in others'. Room that is
//! asked for and not there cannot be caught, so the lengths of an Arrow file's blocks are held against the file's before one is read;
//! those of Parquet's pages have 31 bits.

use crate::messages::FILE_BROKEN;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, read_footer_length};
use arrow::ipc::{Block, root_as_footer};
use ingot_base::{Fault, Result};
use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// What a reader of tables fails with.
pub(crate) type ReadError = Box<dyn Error + Send + Sync>;

thread_local! {
    /// Whether a panic of this thread is caught and told as a fault.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs what may panic because of the file it reads.
///
/// # Errors
/// When it panics.
pub(crate) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        // What becomes a fault is told once; every other panic as before.
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                before(panic);
            }
        }));
    });
    let outer = CAUGHT.replace(true);
    let done = catch_unwind(AssertUnwindSafe(read));
    CAUGHT.set(outer);
    done.map_err(|_| Fault::new(&FILE_BROKEN))
}

/// The batches of a table; the first fault is the last.
pub(crate) struct Batches<R> {
    reader: Option<R>,
    schema: SchemaRef,
}

impl<R> Batches<R> {
    pub(crate) fn new(reader: R, schema: SchemaRef) -> Self {
        Self { reader: Some(reader), schema }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}

impl<R: Iterator<Item = std::result::Result<RecordBatch, ArrowError>>> Iterator for Batches<R> {
    type Item = std::result::Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let next = match guarded(|| reader.next()) {
            Ok(next) => next.map(|batch| batch.map_err(ReadError::from)),
            Err(fault) => Some(Err(fault.into())),
        };
        if !matches!(next, Some(Ok(_))) {
            self.reader = None;
        }
        next
    }
}

/// Opens an Arrow file.
pub(crate) fn arrow(
    mut file: File,
) -> std::result::Result<Batches<FileReader<BufReader<File>>>, ReadError> {
    guarded(|| {
        hold_blocks(&mut file)?;
        let reader = FileReader::try_new(BufReader::new(file), None)?;
        let schema = reader.schema();
        Ok(Batches::new(reader, schema))
    })?
}

/// Whether an Arrow file holds the blocks that its footer names.
fn hold_blocks(file: &mut File) -> std::result::Result<(), ReadError> {
    let wrong = |what: &str| ArrowError::IpcError(what.to_owned());
    let short = || wrong("a block that reaches beyond the file");
    let length = file.metadata()?.len();
    let mut end = [0; 10];
    file.seek(SeekFrom::End(-10))?;
    file.read_exact(&mut end)?;
    let footer = read_footer_length(end)?;
    let start = length.checked_sub(10 + footer as u64).ok_or_else(short)?;
    let mut bytes = vec![0; footer];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    let footer = root_as_footer(&bytes).map_err(|_| wrong("a footer that is none"))?;
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    let within = |block: &Block| {
        let parts = [block.offset(), block.metaDataLength().into(), block.bodyLength()];
        let end = parts
            .into_iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(u64::try_from(part).ok()?));
        end.is_some_and(|end| end <= length)
    };
    if blocks.into_iter().flatten().flatten().all(within) { Ok(()) } else { Err(short().into()) }
}
