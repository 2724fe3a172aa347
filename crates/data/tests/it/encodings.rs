//! Files in other encodings than UTF-8, and lines that fit their file's encoding not.

use super::{Heard, rows, source, told};
use ingot_data::{CleanConfig, CleanOutcome, Encoding, SourceConfig, file_rows, read};
use std::path::Path;

fn clean(folder: &Path, source: SourceConfig, threads: usize) -> (CleanOutcome, Heard) {
    let heard = Heard::default();
    let rules = CleanConfig::default();
    let outcome = told(folder, &[source], &rules, threads, &heard).unwrap();
    (outcome, heard)
}

/// The texts of the column `city`.
fn cities(folder: &Path) -> Vec<String> {
    use arrow::array::{Array, AsArray};
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    let texts = batches.iter().flat_map(|batch| {
        let column = batch.column_by_name("city").unwrap().as_string::<i32>().clone();
        (0..column.len()).map(move |row| column.value(row).to_owned()).collect::<Vec<_>>()
    });
    texts.collect()
}

/// Line and reason of what is set aside.
fn quarantine(folder: &Path) -> Vec<(u64, String)> {
    let text = std::fs::read_to_string(folder.join("quarantine.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["line"].as_u64().unwrap(), line["reason"].as_str().unwrap().to_owned())
    });
    lines.collect()
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

#[test]
fn one_line_of_another_encoding_garbles_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let csv = |row: u32| format!("{row},北京{row}\n").into_bytes();
    let json = |row: u32| format!("{{\"id\":{row},\"city\":\"北京{row}\"}}\n").into_bytes();
    let file = |name: &str, head: &str, line: fn(u32) -> Vec<u8>| {
        let lines = (1..=40).map(|row| match row {
            20 => gb18030(std::str::from_utf8(&line(row)).unwrap()),
            _ => line(row),
        });
        let text = [head.as_bytes().to_vec(), lines.collect::<Vec<_>>().concat()].concat();
        std::fs::write(folder.join(name), text).unwrap();
    };
    file("a.csv", "id,city\n", csv);
    file("a.jsonl", "", json);
    for (name, line) in [("a.csv", 21), ("a.jsonl", 20)] {
        let (outcome, heard) = clean(folder, source("a", name), 2);
        assert_eq!((outcome.rows_out, outcome.sources[0].quarantined), (39, 1), "{name}");
        let wanted: Vec<String> =
            (1..=40).filter(|row| *row != 20).map(|row| format!("北京{row}")).collect();
        assert_eq!(cities(folder), wanted, "{name}");
        let aside = quarantine(folder);
        assert!(aside[0].0 == line && aside[0].1.contains("encoding"), "{name}: {aside:?}");
        assert!(heard.of("data-encoding-taken").is_empty(), "{name}: it is UTF-8");
    }
}

#[test]
fn an_encoding_other_than_utf8_is_said_once_and_none_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "id,city\n1,客戶要求退款並說明原因\n2,商品與圖片不符\n";
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cities_of = ["客戶要求退款並說明原因", "商品與圖片不符"];
    for (name, bytes, encoding) in [
        ("a.csv", gb18030(text), "gb18030"),
        ("b.csv", encoding_rs::BIG5.encode(text).0.into_owned(), "Big5"),
        ("c.csv", utf16, "UTF-16LE"),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
        let (_, heard) = clean(folder, source("a", name), 2);
        assert_eq!(cities(folder), cities_of, "{name}");
        let said = heard.of("data-encoding-taken");
        assert!(said.len() == 1 && said[0].contains(encoding), "{name}: {said:?}");
    }
    let asked = SourceConfig { encoding: Some(Encoding::Big5), ..source("a", "b.csv") };
    let (_, heard) = clean(folder, asked, 2);
    assert_eq!(cities(folder), cities_of);
    assert!(heard.of("data-encoding-taken").is_empty());
}

#[test]
fn a_file_whose_first_other_letters_come_late_keeps_them_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ascii: String = (1..=500_000).map(|row| format!("{row},nowhere\n")).collect();
    assert!(ascii.len() > 4 << 20);
    let late = gb18030("500001,上海\n500002,广州\n");
    let text = [b"id,city\n", ascii.as_bytes(), &late].concat();
    std::fs::write(folder.join("a.csv"), text).unwrap();
    for threads in [1, 4] {
        let (outcome, heard) = clean(folder, source("a", "a.csv"), threads);
        assert_eq!((outcome.rows_out, outcome.sources[0].quarantined), (500_002, 0));
        assert_eq!(cities(folder)[500_000..], ["上海", "广州"]);
        assert_eq!(rows(folder).len(), 500_002);
        assert_eq!(heard.of("data-encoding-taken").len(), 1);
    }
}

#[test]
fn lines_that_do_not_fit_the_encoding_asked_for_are_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = [gb18030("id,city\n1,北京\n"), b"2,\x81\n".to_vec(), gb18030("3,上海\n")];
    std::fs::write(folder.join("a.csv"), text.concat()).unwrap();
    let asked = SourceConfig { encoding: Some(Encoding::Gb18030), ..source("a", "a.csv") };
    clean(folder, asked, 2);
    assert_eq!(cities(folder), ["北京", "上海"]);
    assert_eq!(quarantine(folder)[0].0, 3);
}

#[test]
fn one_damaged_byte_takes_its_line_out_of_a_file_that_is_ascii_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let csv = |row: u32| format!("{row},city{row}\n");
    let json = |row: u32| format!("{{\"id\":{row},\"city\":\"city{row}\"}}\n");
    let file = |name: &str, head: &str, line: fn(u32) -> String, damaged: &dyn Fn(u32) -> bool| {
        let lines = (1..=2000).map(|row| {
            let line = line(row);
            let at = if damaged(row) { line.find('y').unwrap() } else { line.len() };
            let mark = if damaged(row) { &b"\xe9\xff"[..] } else { b"" };
            [&line.as_bytes()[..at], mark, &line.as_bytes()[at..]].concat()
        });
        let text = [head.as_bytes().to_vec(), lines.collect::<Vec<_>>().concat()].concat();
        std::fs::write(folder.join(name), text).unwrap();
    };
    file("a.csv", "id,city\n", csv, &|row| row == 1235);
    file("a.jsonl", "", json, &|row| row == 1236);
    for name in ["a.csv", "a.jsonl"] {
        let (outcome, heard) = clean(folder, source("a", name), 2);
        assert_eq!((outcome.rows_out, outcome.sources[0].quarantined), (1999, 1), "{name}");
        let aside = quarantine(folder);
        assert!(aside[0].0 == 1236 && aside[0].1.contains("encoding"), "{name}: {aside:?}");
        assert_eq!(heard.of("data-quarantined").len(), 1);
        assert!(heard.of("data-encoding-taken").is_empty(), "{name}: it is UTF-8");
    }
    // A file that is of another encoding is refused as before.
    file("b.csv", "id,city\n", csv, &|row| row % 20 == 0);
    let rules = CleanConfig::default();
    let fault = told(folder, &[source("b", "b.csv")], &rules, 2, &Heard::default()).unwrap_err();
    assert_eq!(fault.code(), "data-file-wrong");
}

#[test]
fn a_byte_order_mark_takes_no_row_of_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "\u{feff}{\"id\":1,\"city\":\"北京\"}\n{\"id\":2,\"city\":\"上海\"}\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [text.as_bytes(), &utf16, "\u{feff}{\"id\":1,\"city\":\"北京\"}".as_bytes()] {
        std::fs::write(folder.join("a.jsonl"), bytes).unwrap();
        let (outcome, _) = clean(folder, source("a", "a.jsonl"), 2);
        let wanted = ["北京", "上海"].into_iter().take(usize::try_from(outcome.rows_in).unwrap());
        assert_eq!(outcome.sources[0].quarantined, 0);
        assert_eq!(cities(folder), wanted.collect::<Vec<_>>());
        let scored = file_rows(&folder.join("a.jsonl"), &["id"]).unwrap();
        assert!(scored.rows.iter().all(|row| row.cells.is_ok()), "{:?}", scored.rows);
    }
    std::fs::write(folder.join("a.jsonl"), "\u{feff}\n").unwrap();
    let fault = file_rows(&folder.join("a.jsonl"), &["id"]).unwrap_err();
    assert_eq!(fault.code(), "data-file-empty");
}
