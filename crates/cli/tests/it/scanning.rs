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
        let kept = format!("kept-{wanted:o}.csv");
        findings(&scan(folder.path(), &["notes.csv", "--redact", &kept]));
        assert_eq!(mode(&kept), wanted, "readable by the same people");
    }
    let text = std::fs::read_to_string(folder.path().join("clean-notes.csv")).unwrap();
    assert!(text.starts_with("row,note\n") && text.contains("\n2,nothing here\n"), "{text}");
}

#[test]
fn one_json_document_tells_everything() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.csv"), TEXT).unwrap();
    let told = |output: Output| -> serde_json::Value {
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let plain = told(scan(folder.path(), &["notes.csv", "--json"]));
    assert_eq!((&plain["rows"], &plain["besides"]), (&3.into(), &0.into()));
    let written = told(scan(folder.path(), &["notes.csv", "--json", "--redact", "clean.csv"]));
    assert_eq!((&written["findings"], &written["besides"]), (&plain["findings"], &0.into()));
    // Here each masked word makes its neighbour look like a name.
    std::fs::write(folder.path().join("list.csv"), format!("note\n\"{}\"\n", "Aa, ".repeat(40)))
        .unwrap();
    let redact = ["list.csv", "--json", "--redact", "hidden.csv", "--with", "mask"];
    let hidden = told(scan(folder.path(), &redact));
    assert!(!hidden["findings"].as_array().unwrap().is_empty(), "{hidden}");
    assert!(hidden["besides"].as_u64().unwrap() > 0, "{hidden}");
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
        (vec!["notes.csv", "--redact", "out.csv"], "line 3 of `notes.csv` has 1 fields, not 2"),
        (vec!["absent.csv"], "absent.csv"),
    ] {
        let output = scan(folder.path(), &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(words), "{told}");
    }
    assert!(!folder.path().join("out.csv").exists());
}

#[test]
fn what_a_column_is_called_says_what_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("dob", "1949-12-31", "birth_date"),
        ("出生日期", "1949年12月31日", "birth_date"),
        ("password", "Passw0rd!2024", "secret"),
        ("wechat", "sunny9bd45e", "wechat"),
        ("qq", "284719233", "qq"),
        ("passport_no", "E12345678", "passport"),
    ];
    let table = |write: &dyn Fn(&(&str, &str, &str)) -> String| {
        rows.iter().map(write).collect::<Vec<_>>().join(",")
    };
    let csv = format!("n,{}\n1,{}\n", table(&|row| row.0.into()), table(&|row| row.1.into()));
    let json = format!("{{{}}}\n", table(&|row| format!("\"{}\":\"{}\"", row.0, row.1)));
    for (name, text) in [("a.csv", &csv), ("a.jsonl", &json)] {
        std::fs::write(folder.path().join(name), text).unwrap();
        for with in ["type", "mask"] {
            let clean = format!("{with}-{name}");
            let found = findings(&scan(folder.path(), &[name, "--redact", &clean, "--with", with]));
            let expected: Vec<(u64, &str, &str)> =
                rows.iter().map(|(column, _, kind)| (1, *column, *kind)).collect();
            assert_eq!(places(&found), expected, "{name}");
            for (found, (_, value, _)) in found.iter().zip(rows) {
                let length = value.chars().count() as u64;
                assert_eq!(
                    (found["start"].as_u64(), found["end"].as_u64()),
                    (Some(0), Some(length))
                );
            }
            let text = std::fs::read_to_string(folder.path().join(&clean)).unwrap();
            assert!(rows.iter().all(|(_, value, _)| !text.contains(value)), "{text}");
            assert!(findings(&scan(folder.path(), &[&clean])).is_empty(), "{text}");
        }
    }
    std::fs::write(folder.path().join("b.csv"), "day,code\n1949-12-31,284719233\n").unwrap();
    assert!(
        findings(&scan(folder.path(), &["b.csv"])).is_empty(),
        "nothing says that it is personal"
    );
}

/// Row, column and type of every finding.
fn places(found: &[serde_json::Value]) -> Vec<(u64, &str, &str)> {
    found
        .iter()
        .map(|one| {
            let column = one["column"].as_str().unwrap_or_default();
            (one["row"].as_u64().unwrap(), column, one["type"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn json_is_scanned_and_redacted_at_any_depth() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"note\":\"患者王建国\",\"phone\":13867412953,\"sum\":1.50}\n\
                {\"id\":330106198711232147, \"big\":12345678901234567890123}\n\n\
                {\"messages\":[{\"role\":\"user\",\"content\":\"我叫王建国，身份证330106198711232147，手机13867412953\"}],\"a\":null}\n\
                {\"13867412953\":{\"note\":\"mail jane.doe@example.com\"}}\n";
    std::fs::write(folder.path().join("a.jsonl"), text).unwrap();
    let output = scan(folder.path(), &["a.jsonl", "--redact", "clean.jsonl"]);
    let found = findings(&output);
    let places = places(&found);
    for expected in [
        (1, "note", "person"),
        (1, "phone", "phone"),
        (2, "id", "cn_id"),
        (3, "messages[0].content", "person"),
        (3, "messages[0].content", "cn_id"),
        (3, "messages[0].content", "phone"),
        (4, "key 1", "phone"),
        (4, "key 1.note", "email"),
    ] {
        assert!(places.contains(&expected), "{expected:?} in {places:?}");
    }
    let keys: Vec<bool> = found.iter().map(|one| one["key"] == true).collect();
    assert_eq!(keys.iter().filter(|key| **key).count(), 1, "{found:?}");
    let told = format!("{output:?}");
    assert!(!told.contains("13867412953") && told.contains("cli-scan-keys"), "{told}");
    let clean = std::fs::read_to_string(folder.path().join("clean.jsonl")).unwrap();
    let lines: Vec<&str> = clean.split('\n').collect();
    assert!(lines[0].ends_with(",\"phone\":\"[phone]\",\"sum\":1.50}"), "{clean}");
    assert_eq!(lines[1], "{\"id\":\"[cn_id]\", \"big\":12345678901234567890123}");
    assert!(
        lines[3].starts_with("{\"messages\":[{\"role\":\"user\",\"content\":\"我叫["),
        "{clean}"
    );
    assert!(lines[3].ends_with("\"}],\"a\":null}"), "{clean}");
    assert_eq!(lines[4], "{\"[phone]\":{\"note\":\"mail [email]\"}}");
    assert!(findings(&scan(folder.path(), &["clean.jsonl"])).is_empty(), "{clean}");
    for (columns, rows) in [
        (["phone", "id"], vec![1, 2]),
        (["messages", "a"], vec![3]),
        (["messages[0].content", "id"], vec![2, 3]),
    ] {
        let [first, second] = columns;
        let found = findings(&scan(folder.path(), &["a.jsonl", "--text", first, "--text", second]));
        let mut seen: Vec<u64> = found.iter().map(|one| one["row"].as_u64().unwrap()).collect();
        seen.dedup();
        assert_eq!(seen, rows, "{columns:?}");
    }
    let output = scan(folder.path(), &["a.jsonl", "--text", "nothing"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no column `nothing`") && told.contains("messages"), "{told}");
    assert!(!told.contains("13867412953"), "{told}");
    // A document over several lines, of several records.
    let text = "[\n  {\"a\": [\"\\u738b\\u5efa\\u56fd\\u7684\\u624b\\u673a13867412953\"]},\n  {\"a\": [13867412953]}\n]\n";
    std::fs::write(folder.path().join("b.json"), text).unwrap();
    let found =
        findings(&scan(folder.path(), &["b.json", "--text", "a", "--redact", "clean.json"]));
    assert_eq!(
        found.last().map(|one| (&one["row"], &one["column"])),
        Some((&2.into(), &"a[0]".into()))
    );
    let clean = std::fs::read_to_string(folder.path().join("clean.json")).unwrap();
    assert!(
        clean.ends_with("]},\n  {\"a\": [\"[phone]\"]}\n]\n") && !clean.contains("138"),
        "{clean}"
    );
    assert!(serde_json::from_str::<serde_json::Value>(&clean).is_ok());
}

#[test]
fn json_in_cells_lines_and_strings_is_read_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // As `json.dumps` writes it, and with the letters themselves.
    let escaped = r#"{"q": "\u60a3\u8005\u738b\u6653\u6885\uff0c\u7535\u8bdd13812345678"}"#;
    let inner = [
        escaped,
        r#"{"q": "患者王晓梅，电话13812345678"}"#,
        r#"{"phone": 13812345678, "姓名": "王晓梅", "sum": 1.50}"#,
        r#"["call 13812345678", {"13812345678": true}]"#,
        r#""\u7535\u8bdd13812345678""#,
        r#"{"args": "{\"a\": [\"\\u7535\\u8bdd13812345678\"]}"}"#,
    ];
    let lines = |line: &dyn Fn(&str) -> String| -> String {
        inner.iter().copied().map(line).collect::<Vec<String>>().join("\n") + "\n"
    };
    let quoted = |one: &str| serde_json::Value::from(one).to_string();
    std::fs::write(at("a.txt"), lines(&|one| one.to_owned())).unwrap();
    std::fs::write(
        at("a.csv"),
        format!("a\n{}", lines(&|one| format!("\"{}\"", one.replace('"', "\"\"")))),
    )
    .unwrap();
    std::fs::write(at("a.jsonl"), lines(&|one| format!("{{\"a\":{}}}", quoted(one)))).unwrap();
    for (name, base) in [("a.txt", ""), ("a.csv", "a"), ("a.jsonl", "a")] {
        let clean = format!("clean-{name}");
        let output = scan(folder.path(), &[name, "--redact", &clean]);
        let found = findings(&output);
        let places = places(&found);
        let dot = if base.is_empty() { "" } else { "." };
        for (row, path, kind) in [
            (1, format!("{base}{dot}q"), "person"),
            (1, format!("{base}{dot}q"), "phone"),
            (2, format!("{base}{dot}q"), "phone"),
            (3, format!("{base}{dot}phone"), "phone"),
            (3, format!("{base}{dot}姓名"), "person"),
            (4, format!("{base}[0]"), "phone"),
            (4, format!("{base}[1].key 1"), "phone"),
            (5, base.to_owned(), "phone"),
            (6, format!("{base}{dot}args.a[0]"), "phone"),
        ] {
            assert!(places.contains(&(row, &path, kind)), "{name} {row} {path}: {places:?}");
        }
        // Counted in what the value says.
        let phone = found.iter().find(|one| one["row"] == 1 && one["type"] == "phone").unwrap();
        assert_eq!((&phone["start"], &phone["end"]), (&8.into(), &19.into()));
        assert!(String::from_utf8_lossy(&output.stderr).contains("cli-scan-keys"), "{output:?}");
        assert!(findings(&scan(folder.path(), &[&clean])).is_empty(), "{name}");
        let text = std::fs::read_to_string(at(&clean)).unwrap();
        assert!(!text.contains("13812345678") && !text.contains("738b"), "{text}");
        for (row, cell) in cells(name, &text).iter().enumerate() {
            let value: serde_json::Value = serde_json::from_str(cell).expect(cell);
            if row == 2 {
                assert_eq!(value["phone"], "[phone]");
                assert!(cell.ends_with(", \"sum\": 1.50}"), "{cell}");
            }
        }
    }
    let named = ["a.jsonl", "--text", "a.phone"];
    let found = findings(&scan(folder.path(), &named));
    assert_eq!(places(&found), [(3, "a.phone", "phone")]);
}

/// What the one column of a file holds, or its lines.
fn cells(name: &str, text: &str) -> Vec<String> {
    let unquoted = |line: &str| {
        let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
        inner.unwrap_or(line).replace("\"\"", "\"")
    };
    match name.rsplit('.').next() {
        Some("csv") => text.lines().skip(1).map(unquoted).collect(),
        Some("jsonl") => text
            .lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                value["a"].as_str().unwrap().to_owned()
            })
            .collect(),
        _ => text.lines().map(str::to_owned).collect(),
    }
}

#[test]
fn a_table_without_a_header_keeps_nobody_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let text = "A1;13867412953;糖尿病\nA2;13912345678;无\n";
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let output = scan(folder.path(), &["a.csv", "--redact", "clean.csv"]);
    let found = findings(&output);
    assert_eq!(places(&found), [(0, "column 2", "phone"), (1, "column 2", "phone")]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("(1 cells with personal data)") && told.contains("`--no-header`"),
        "{told}"
    );
    assert!(!format!("{output:?}").contains("13867412953"), "{output:?}");
    let expected = "A1;[phone];糖尿病\nA2;[phone];无\n";
    let clean = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(clean("clean.csv"), expected);
    let arguments = ["a.csv", "--no-header", "--text", "column 2", "--redact", "again.csv"];
    let output = scan(folder.path(), &arguments);
    let found = findings(&output);
    assert_eq!(places(&found), [(1, "column 2", "phone"), (2, "column 2", "phone")]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("warning"), "{output:?}");
    assert_eq!(clean("again.csv"), expected);
    // Which types are asked for changes nothing in what may be printed.
    let output =
        scan(folder.path(), &["a.csv", "--type", "email", "--text", "phone", "--lang", "zh"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("表头像是数据") && told.contains("column 3"), "{told}");
    assert!(!told.contains("13867412953"), "{told}");
}

#[test]
fn a_private_key_over_several_lines_is_one_finding() {
    let folder = tempfile::tempdir().unwrap();
    let row = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{row}\n{row}\nAQAB\n-----END PRIVATE KEY-----");
    let text = format!(
        "first\nkey: {key}\ncall 13867412953\n-----BEGIN PRIVATE KEY-----\nplain\nmail jane.doe@example.com"
    );
    std::fs::write(folder.path().join("a.txt"), text).unwrap();
    for with in ["type", "mask"] {
        let clean = format!("clean-{with}.txt");
        let found = findings(&scan(folder.path(), &["a.txt", "--redact", &clean, "--with", with]));
        assert_eq!(places(&found), [(2, "", "secret"), (7, "", "phone"), (10, "", "email")]);
        assert_eq!((&found[0]["start"], &found[0]["end"]), (&5.into(), &(5 + key.len()).into()));
        let text = std::fs::read_to_string(folder.path().join(&clean)).unwrap();
        assert!(!text.contains("MIIE") && !text.contains("AQAB"), "{text}");
        assert!(findings(&scan(folder.path(), &[&clean])).is_empty(), "{text}");
    }
    let text = std::fs::read_to_string(folder.path().join("clean-type.txt")).unwrap();
    let expected =
        "first\nkey: [secret]\ncall [phone]\n-----BEGIN PRIVATE KEY-----\nplain\nmail [email]";
    assert_eq!(text, expected);
}

#[test]
fn redacting_never_writes_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("notes.csv"), TEXT).unwrap();
    std::fs::write(at("other.csv"), "kept\n").unwrap();
    std::fs::hard_link(at("notes.csv"), at("hard.csv")).unwrap();
    std::os::unix::fs::symlink("notes.csv", at("soft.csv")).unwrap();
    for (name, words) in [
        ("notes.csv", "is the file that is scanned"),
        ("./notes.csv", "is the file that is scanned"),
        ("hard.csv", "is the file that is scanned"),
        ("soft.csv", "is the file that is scanned"),
        ("other.csv", "exists already"),
    ] {
        let output = scan(folder.path(), &["notes.csv", "--redact", name]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{told}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!(std::fs::read_to_string(at("notes.csv")).unwrap(), TEXT);
    assert_eq!(std::fs::read_to_string(at("other.csv")).unwrap(), "kept\n");
    assert!(at("soft.csv").symlink_metadata().unwrap().is_symlink());
}

#[test]
fn what_cannot_be_read_is_told_by_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, line, chinese) in [
        (
            "cut.jsonl",
            &b"{\"a\":1}\n{\"a\":\"b"[..],
            "line 2 of `cut.jsonl` cannot be read: it ends before",
            "第 2 行",
        ),
        (
            "wrong.jsonl",
            b"{\"a\":1}\n{\"a\":x}\n",
            "no JSON from character 6 on",
            "从第 6 个字符起",
        ),
        (
            "cut.json",
            b"{\n\"a\":\n[1,\n",
            "line 4 of `cut.json` cannot be read: it ends before",
            "第 4 行",
        ),
        (
            "ragged.csv",
            b"a,b\n1,2\n\n1,2,3\n",
            "line 4 of `ragged.csv` has 3 fields, not 2",
            "有 3 个字段",
        ),
        (
            "quote.csv",
            b"a,b\n1,2\n3,\"4\n5,6\n",
            "the quote that opens on line 3 of `quote.csv` is never closed",
            "第 3 行的引号",
        ),
        (
            "latin.csv",
            b"a,b\n\xe4\xb8\xad,1\n\xff\xff,2\n",
            "line 3 of `latin.csv` is no text in UTF-8",
            "第 3 行既不是",
        ),
        (
            "latin.txt",
            b"\xe4\xb8\xad\n\xff\xff\n",
            "line 2 of `latin.txt` is no text in UTF-8",
            "第 2 行既不是",
        ),
        (
            "a.parquet",
            b"PAR1\x15\0\x15\0\0\0\0\xff\xfe\0PAR1",
            "is a Parquet file, which scan does not read",
            "：Parquet 文件",
        ),
        (
            "a.xlsx",
            b"PK\x03\x04\x14\0\x06\0[Content_Types].xml\0xl/workbook.xml",
            "is an Excel file",
            "另存为 CSV",
        ),
        ("a.csv", b"\x1f\x8b\x08\0\0\0\0", "is a gzip file", "请先解压"),
        (
            "a.jsonl",
            b"\x93\xfe\0\x01\xf1\0\x80\x81\xff\0",
            "is no text but binary data",
            "不是文本",
        ),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let told = |language: &str| {
            let output = scan(folder.path(), &[name, "--redact", "out", "--lang", language]);
            assert!(!output.status.success(), "{name}");
            String::from_utf8_lossy(&output.stderr).into_owned()
        };
        let (english, other) = (told("en"), told("zh"));
        assert!(english.contains(line), "{name}: {english}");
        assert!(other.contains(chinese), "{name}: {other}");
    }
    assert!(!folder.path().join("out").exists());
}
