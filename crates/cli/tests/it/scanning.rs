//! `ingot scan`: findings, offsets, redaction.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

const TEXT: &str = "row,note\n1,\"客户张伟，手机13812345678，身份证11010519491231002X\"\n2,nothing here\n\
                    3,\"mail jane.doe@example.com, card 4111 1111 1111 1111\"\n";

fn scan(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ingot"))
        .current_dir(folder)
        .arg("scan")
        .args(arguments)
        .output()
        .unwrap()
}

fn findings(output: &Output) -> Vec<serde_json::Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn findings_are_json_lines_with_character_offsets_and_no_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.csv"), TEXT).unwrap();
    let output = scan(folder.path(), &["notes.csv", "--text", "note"]);
    let found = findings(&output);
    let of = |row: u64, kind: &str| {
        found.iter().find(|line| line["row"] == row && line["type"] == kind).cloned()
    };
    let phone = of(1, "phone").unwrap();
    assert_eq!((phone["start"].as_u64(), phone["end"].as_u64()), (Some(7), Some(18)));
    for (row, kind) in [(1, "cn_id"), (1, "person"), (3, "email"), (3, "credit_card")] {
        let line = of(row, kind);
        assert!(line.is_some(), "{kind} in row {row}: {found:?}");
        assert!(line.unwrap()["score"].as_f64().unwrap() >= 0.5);
    }
    assert!(found.iter().all(|line| line["row"] != 2));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!printed.contains("13812345678") && !printed.contains("张伟"));
}

#[test]
fn a_redacted_file_has_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.csv"), TEXT).unwrap();
    std::fs::write(folder.path().join("notes.txt"), TEXT).unwrap();
    let json = "{\"note\":\"电话13812345678\",\"n\":1}\n";
    std::fs::write(folder.path().join("notes.jsonl"), json).unwrap();
    for (name, with) in [("notes.csv", "type"), ("notes.txt", "mask"), ("notes.jsonl", "type")] {
        let clean = format!("clean-{name}");
        let first = scan(folder.path(), &[name, "--redact", &clean, "--with", with]);
        assert!(!findings(&first).is_empty());
        assert!(findings(&scan(folder.path(), &[&clean])).is_empty(), "{name}");
        let text = std::fs::read_to_string(folder.path().join(&clean)).unwrap();
        assert!(!text.contains("13812345678"), "{text}");
    }
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    for wanted in [0o600, 0o640] {
        let permissions = std::fs::Permissions::from_mode(wanted);
        std::fs::set_permissions(folder.path().join("notes.csv"), permissions).unwrap();
        scan(folder.path(), &["notes.csv", "--redact", "kept.csv"]);
        assert_eq!(mode("kept.csv"), wanted, "readable by the same people");
    }
    let text = std::fs::read_to_string(folder.path().join("clean-notes.csv")).unwrap();
    assert!(text.starts_with("row,note\n") && text.contains("\n2,nothing here\n"), "{text}");
}

#[test]
fn a_banks_export_in_gbk_with_semicolons_is_read_and_written_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = "编号;备注\n1;客户电话13812345678，请回电\n2;无\n";
    std::fs::write(folder.path().join("bank.csv"), encoding_rs::GBK.encode(text).0).unwrap();
    let found = findings(&scan(
        folder.path(),
        &["bank.csv", "--text", "备注", "--redact", "clean.csv", "--with", "type"],
    ));
    assert_eq!((found.len(), &found[0]["column"]), (1, &serde_json::json!("备注")));
    let clean = std::fs::read_to_string(folder.path().join("clean.csv")).unwrap();
    assert_eq!(clean, "编号;备注\n1;客户电话[phone]，请回电\n2;无\n");
}

#[test]
fn a_wrong_question_is_answered_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.csv"), "a,b\n1,2\n1\n").unwrap();
    for (arguments, words) in [
        (vec!["notes.csv", "--text", "c"], "no column `c`"),
        (vec!["notes.csv", "--type", "shoe"], "no type `shoe`"),
        (vec!["notes.csv", "--redact", "out.csv"], "line 3"),
        (vec!["absent.csv"], "absent.csv"),
    ] {
        let output = scan(folder.path(), &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(words), "{told}");
    }
    assert!(!folder.path().join("out.csv").exists());
}
