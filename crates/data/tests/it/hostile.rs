//! Parquet and Arrow files with wrong bytes: they give rows or a fault that says so, and never end the program.

use arrow::array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray};
use arrow::array::{Float64Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow::ipc::writer::FileWriter;
use ingot_base::Fault;
use ingot_data::{file_rows, load};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const COLUMNS: [&str; 5] = ["n", "text", "kind", "when", "x"];

fn table() -> RecordBatch {
    let texts: Vec<Option<String>> =
        (0..20).map(|row| (row % 7 > 0).then(|| format!("text {row}"))).collect();
    let kinds: DictionaryArray<Int32Type> =
        (0..20).map(|row| ["one", "two", "three"][row % 3]).collect();
    let times =
        TimestampMicrosecondArray::from_iter_values((0..20).map(|row| row * 86_400_000_000));
    RecordBatch::try_from_iter_with_nullable([
        ("n", Arc::new(Int64Array::from_iter_values(0..20)) as ArrayRef, true),
        ("text", Arc::new(StringArray::from(texts)) as ArrayRef, true),
        ("kind", Arc::new(kinds) as ArrayRef, true),
        ("when", Arc::new(times.with_timezone("+08:00")) as ArrayRef, true),
        ("x", Arc::new(Float64Array::from_iter_values((0..20).map(f64::from))) as ArrayRef, true),
    ])
    .unwrap()
}

fn parquet() -> Vec<u8> {
    parquet_of(&table())
}

fn parquet_of(table: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), None).unwrap();
    writer.write(table).unwrap();
    writer.into_inner().unwrap()
}

fn arrow() -> Vec<u8> {
    arrow_of(&table())
}

fn arrow_of(table: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &table.schema()).unwrap();
    writer.write(table).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_column_hides_no_other_of_its_name() {
    let fields = ["note", "note"].map(|name| Field::new(name, DataType::Int64, true));
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other: ArrayRef = Arc::new(Int64Array::from(vec![2]));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let twice = RecordBatch::try_new(schema, vec![one, other]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.parquet", parquet_of(&twice)), ("a.arrow", arrow_of(&twice))] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let told = load(&path).unwrap_err();
        assert_eq!(told.code(), "data-column-twice", "{told}");
        assert!(told.to_string().contains("`note`"), "{told}");
    }
}

/// Reads a file in every way; its rows, or the faults.
fn read(path: &Path, bytes: &[u8]) -> std::result::Result<usize, Vec<Fault>> {
    std::fs::write(path, bytes).unwrap();
    let rows = file_rows(path, &COLUMNS).map(|rows| rows.rows.len());
    let batches = load(path).map(|batches| batches.iter().map(RecordBatch::num_rows).sum());
    let faults: Vec<Fault> = [rows.as_ref().err(), batches.as_ref().err()]
        .into_iter()
        .flatten()
        .map(|fault| Fault::new(fault.message()))
        .collect();
    if faults.is_empty() { batches.map_err(|fault| vec![fault]) } else { Err(faults) }
}

/// Whether a file with wrong bytes is read, or refused by its name, or by a row of it.
fn survives(path: &Path, bytes: &[u8], what: &str) -> bool {
    let refused = ["data-file-wrong", "data-file-empty", "data-row-malformed", "data-column-twice"];
    let Err(faults) = read(path, bytes) else { return false };
    for fault in faults {
        assert!(refused.contains(&fault.code()), "{what}: {}", fault.code());
    }
    true
}

/// Where the footer of a file begins, whose length stands so many bytes before the file's end.
fn footer(bytes: &[u8], trailer: usize) -> usize {
    let at = bytes.len() - trailer;
    let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    at - usize::try_from(length).unwrap()
}

#[test]
fn every_wrong_byte_of_a_footer_gives_rows_or_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, trailer) in [("a.parquet", parquet(), 8), ("a.arrow", arrow(), 10)] {
        let path = folder.path().join(name);
        assert_eq!(read(&path, &bytes).unwrap(), 20, "{name}");
        // The first message of an Arrow file is its schema once more; of Parquet the first page's header.
        let places = (0..400).chain(footer(&bytes, trailer)..bytes.len());
        let (mut tried, mut refused) = (0, 0);
        for at in places {
            let good = bytes[at];
            for wrong in [good ^ 1, good ^ 0x80, 70, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = wrong;
                tried += 1;
                let what = format!("{name}, byte {at}: {wrong} for {good}");
                refused += usize::from(survives(&path, &bytes, &what));
            }
        }
        assert!(refused > 100 && refused < tried, "{name}: {refused} of {tried}");
    }
}

proptest! {
    #[test]
    fn wrong_bytes_anywhere_give_rows_or_a_fault(
        of_parquet: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (name, mut bytes) =
            if of_parquet { ("a.parquet", parquet()) } else { ("a.arrow", arrow()) };
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        survives(&folder.path().join(name), &bytes, &format!("{name}, {changes:?}, cut {cut:?}"));
    }
}
