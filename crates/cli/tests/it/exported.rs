//! `export`: what leaves in the open is what protection left.

use crate::support::{canaries, finished};

#[test]
fn prepared_rows_leave_in_the_open_only_as_protection_left_them() {
    let project = finished();
    let folder = tempfile::tempdir().unwrap();
    let write = |part: &str, name: &str| {
        let output = folder.path().join(name);
        project.ok(&["export", part, "--output", output.to_str().unwrap()]);
        std::fs::read_to_string(output).unwrap()
    };
    let all = write("all", "all.csv");
    // A note in which nothing personal was found stays as it was.
    for canary in canaries(&["customer_id", "name", "id_number", "phone"]) {
        assert!(!all.contains(&canary), "a raw value of an identity column was exported");
    }
    let mut reader = csv::Reader::from_reader(all.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert!(
        header.iter().any(|name| name == "user_id") && header.iter().any(|name| name == "_row")
    );
    let rows = reader.records().map(Result::unwrap).count();
    let train = write("train", "train.jsonl");
    let test = write("test", "test.jsonl");
    assert_eq!(train.lines().count() + test.lines().count(), rows);
    let first: serde_json::Value = serde_json::from_str(train.lines().next().unwrap()).unwrap();
    assert!(first["age"].is_number() && first["risk"].is_string(), "{first}");

    // A file that is there stays; an unknown form and a part that does not exist are told.
    let there = folder.path().join("all.csv");
    project.fails(2, &["export", "test", "--output", there.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&there).unwrap(), all);
    let sheet = folder.path().join("all.xlsx");
    project.fails(2, &["export", "all", "--output", sheet.to_str().unwrap()]);
    let none = folder.path().join("none.csv");
    let text = project.fails(2, &["export", "validation", "--output", none.to_str().unwrap()]);
    assert!(text.contains("pipeline-export-part") && !none.exists(), "{text}");
}
