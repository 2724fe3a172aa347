//! Records that end in a line feed, in a carriage return, in both or, at a file's end, in neither: none is lost.

use super::{rows, run, source};
use ingot_data::{CleanConfig, file_rows, load};
use std::path::Path;

/// What ends a row.
type End = fn(u64) -> &'static str;

/// Every way to read a CSV file finds so many rows of it, and sets none aside.
fn all_are_read(folder: &Path, text: &[u8], count: u64) {
    let path = folder.join("a.csv");
    std::fs::write(&path, text).unwrap();
    let shown = String::from_utf8_lossy(text).into_owned();
    let outcome = run(folder, &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    assert_eq!(
        (outcome.rows_in, outcome.rows_out, outcome.sources[0].quarantined),
        (count, count, 0),
        "{shown:?}"
    );
    assert_eq!(rows(folder), (1..=count).collect::<Vec<u64>>());
    let scored = file_rows(&path, &["id"]).unwrap();
    let ids: Vec<String> =
        scored.rows.iter().map(|row| row.cells.as_ref().unwrap()["id"].to_string()).collect();
    let wanted: Vec<String> = (1..=count).map(|row| format!("\"{row}\"")).collect();
    assert_eq!(ids, wanted, "{shown:?}");
    let figures = load(&path).unwrap();
    assert_eq!(figures.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), count);
}

#[test]
fn no_record_is_lost_whatever_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let few: End = |row| if row % 6 == 0 { "\r" } else { "\n" };
    let all: End = |_| "\r";
    let mixed: End = |row| ["\r", "\n", "\r\n"][usize::try_from(row % 3).unwrap()];
    for end in [few, all, mixed] {
        for note in ["plain", "\"quoted, too\"", "\"two\rlines\""] {
            let text = |row: u64| format!("{row},{note}{}", end(row));
            let body: String = (1..=60).map(text).collect();
            for head in ["id,note\n", "id,note\r", "id,note\r\n", "\u{feff}id,note\r"] {
                let whole = format!("{head}{body}");
                all_are_read(folder, whole.as_bytes(), 60);
                all_are_read(folder, whole.trim_end().as_bytes(), 60);
            }
        }
    }
    // Blanks at the end, with no line end behind them, are a record of one column.
    all_are_read(folder, b"id\n1\n2\n", 2);
    std::fs::write(folder.join("b.csv"), "note\nx\n  ").unwrap();
    assert_eq!(file_rows(&folder.join("b.csv"), &["note"]).unwrap().rows.len(), 2);
}

#[test]
fn the_delimiter_is_told_by_the_first_line_alone_where_a_carriage_return_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let body: String = (1..=20).map(|row| format!("{row},a;b;c;d\r")).collect();
    all_are_read(folder.path(), format!("id,note\r{body}").as_bytes(), 20);
}
