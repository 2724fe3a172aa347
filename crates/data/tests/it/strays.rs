//! Keys of JSON lines that hardly any line has.

use super::{Heard, source, told};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use ingot_data::{CleanConfig, CleanOutcome, SourceConfig, headers, read};
use std::path::Path;

fn run(folder: &Path, sources: &[SourceConfig]) -> (CleanOutcome, Heard) {
    let heard = Heard::default();
    let outcome = told(folder, sources, &CleanConfig::default(), 2, &heard).unwrap();
    (outcome, heard)
}

fn named(names: &[&str]) -> SourceConfig {
    let named = names.iter().map(|name| (*name).to_owned()).collect();
    SourceConfig { named: Some(named), ..source("a", "a.jsonl") }
}

/// The columns of the table that was written.
fn columns(folder: &Path) -> Vec<String> {
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    batches[0].schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn a_value_in_a_keys_place_stands_in_no_part_that_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> =
        (0..1_000).map(|row| format!("{{\"age\":{row},\"note\":\"n\"}}")).collect();
    lines[499] = "{\"CANARYzqkey\":\"x\"}".to_owned();
    lines[700] = "{\"age\":1,\"note\":\"n\",\"CANARYzqtwo\":2}".to_owned();
    std::fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let (outcome, heard) = run(folder.path(), &[named(&["age"])]);
    assert_eq!(columns(folder.path()), ["age", "note", "_source", "_row"]);
    assert_eq!((outcome.rows_in, outcome.sources[0].quarantined), (999, 1));
    let warned = heard.of("data-keys-rare").concat();
    assert!(warned.contains("500 (1), 701 (1)") && warned.contains("2 个键"), "{warned}");
    let quarantine = std::fs::read_to_string(folder.path().join("quarantine.jsonl")).unwrap();
    assert!(quarantine.contains("\"line\":500"), "{quarantine}");
    let told = serde_json::to_string(&outcome).unwrap();
    assert!(told.contains("500 (1)"), "the report says so: {told}");
    let shown = headers(folder.path(), &[named(&["age"])]).unwrap().unwrap();
    for said in [told, quarantine, heard.all(), format!("{shown:?}")] {
        assert!(!said.contains("CANARY"), "{said}");
    }
}

#[test]
fn a_rare_key_that_the_recipe_names_is_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = (0..100).map(|row| format!("{{\"age\":{row}}}")).collect();
    lines[50] = "{\"age\":1,\"alias\":\"x\",\"old\":2}".to_owned();
    std::fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let mut source = named(&["age", "alias"]);
    source.rename.insert("old".to_owned(), "new".to_owned());
    let (outcome, heard) = run(folder.path(), &[source]);
    assert_eq!(columns(folder.path()), ["age", "alias", "new", "_source", "_row"]);
    assert_eq!((outcome.rows_in, heard.all()), (100, String::new()));
}

/// A file of a hundred lines with a number each; some have something else beside it.
fn lines(folder: &Path, file: &str, others: impl Fn(usize) -> Option<&'static str>) {
    let line = |row: usize| {
        let other = others(row).map(|other| format!(",{other}")).unwrap_or_default();
        format!("{{\"age\":{row}{other}}}\n")
    };
    std::fs::write(folder.join(file), (0..100).map(line).collect::<String>()).unwrap();
}

#[test]
fn a_key_that_is_a_column_of_another_file_is_one_however_rare() {
    let folder = tempfile::tempdir().unwrap();
    // The file with the rare key comes first; what nothing else calls a column stays out.
    lines(folder.path(), "1.jsonl", |row| match row {
        50 => Some("\"children\":3"),
        60 => Some("\"CANARYzq\":4"),
        _ => None,
    });
    lines(folder.path(), "2.jsonl", |row| match row % 2 {
        0 => Some("\"children\":1"),
        _ => None,
    });
    let both = SourceConfig { uri: "*.jsonl".into(), ..named(&["age"]) };
    let (outcome, heard) = run(folder.path(), &[both]);
    assert_eq!(columns(folder.path()), ["age", "children", "_source", "_row"]);
    let children = || -> Vec<i64> {
        let batches = read(&folder.path().join("out.parquet"), None).unwrap();
        let column = |batch: &RecordBatch| -> Vec<i64> {
            let column = batch.column_by_name("children").unwrap().as_primitive::<Int64Type>();
            column.iter().flatten().collect()
        };
        batches.iter().flat_map(column).collect()
    };
    assert_eq!(children(), [vec![3], vec![1; 50]].concat(), "its type and value are kept");
    let notes = format!("{:?}", outcome.reconciliation);
    assert!(!notes.contains("missing") && !notes.contains("没有列"), "{notes}");
    let warned = heard.of("data-keys-rare");
    assert!(warned.len() == 1 && warned[0].contains("1 key(s)"), "{warned:?}");
    assert!(warned[0].contains("61 (1)") && notes.contains("61 (1)"), "{warned:?} {notes}");
    assert!(!format!("{warned:?} {notes}").contains("CANARY"));
    assert_eq!((outcome.rows_in, outcome.sources[0].quarantined), (200, 0));
}

#[test]
fn a_rare_key_is_a_column_where_another_source_calls_one_so() {
    let folder = tempfile::tempdir().unwrap();
    lines(folder.path(), "a.jsonl", |row| (row == 50).then_some("\"children\":3"));
    lines(folder.path(), "b.jsonl", |_| Some("\"kids\":1"));
    let mut other = SourceConfig { name: "b".into(), uri: "b.jsonl".into(), ..named(&["age"]) };
    other.rename.insert("kids".to_owned(), "children".to_owned());
    let (outcome, heard) = run(folder.path(), &[named(&["age"]), other]);
    assert_eq!(columns(folder.path()), ["age", "children", "_source", "_row"]);
    assert!(outcome.reconciliation.is_empty(), "{:?}", outcome.reconciliation);
    assert_eq!(heard.all(), "");
    let present: Vec<u64> =
        outcome.before.iter().map(|column| column.rows - column.missing).collect();
    assert_eq!(present, [200, 101]);
}

#[test]
fn a_file_in_which_no_line_is_like_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..50).map(|row| format!("{{\"CANARY{row}\":1}}\n")).collect();
    std::fs::write(folder.path().join("a.jsonl"), lines).unwrap();
    let fault = headers(folder.path(), &[named(&[])]).unwrap_err();
    assert_eq!(fault.code(), "data-file-wrong");
    let why = std::error::Error::source(&fault).map(ToString::to_string).unwrap();
    let said = format!("{why} {fault:?}");
    assert!(said.contains("50 key(s)") && !said.contains("CANARY"), "{said}");
}
