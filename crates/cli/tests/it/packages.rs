//! What others do with a package, and what is refused.

use crate::support::{Project, Server, api_key, applicants, contents, finished, finished_run};
use std::process::Command;

#[test]
fn verify_accepts_the_package_and_refuses_any_changed_byte() {
    let project = finished();
    let package = project.package();
    project.ok(&["verify", package.to_str().unwrap(), "--public-key", "keys/signing.pub"]);
    let bytes = std::fs::read(&package).unwrap();
    let copy = project.path("changed.ingot");
    let step = bytes.len() / 60;
    for position in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        std::fs::write(&copy, changed).unwrap();
        project.fails(3, &["verify", copy.to_str().unwrap(), "--public-key", "keys/signing.pub"]);
    }
}

#[test]
fn another_signers_key_is_refused_by_name() {
    let other = Project::new();
    other.ok(&["init", "--keys-only"]);
    let package = finished().package();
    let text = other.fails(3, &["verify", package.to_str().unwrap()]);
    assert!(text.contains("seal-"), "{text}");
    let chinese = other.fails(3, &["--lang", "zh", "verify", package.to_str().unwrap()]);
    assert!(chinese.starts_with("错误["), "{chinese}");
}

#[test]
fn serving_a_changed_package_is_refused() {
    let project = finished();
    let mut bytes = std::fs::read(project.package()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let copy = project.path("served-changed.ingot");
    std::fs::write(&copy, bytes).unwrap();
    project.fails(3, &["serve", copy.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
}

#[test]
fn trace_names_source_rules_and_rows() {
    let project = finished();
    let text = project.ok(&["trace", project.package().to_str().unwrap()]);
    for part in ["german_credit.csv", "clean.keep[0]", "protect.columns[0]", "train", "test"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let lineage: serde_json::Value = serde_json::from_str(&project.ok(&[
        "--json",
        "trace",
        project.package().to_str().unwrap(),
    ]))
    .unwrap();
    let rows: u64 = lineage["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["count"].as_u64().unwrap())
        .sum();
    assert_eq!(rows, 1_000);
}

#[test]
fn keys_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.ok(&["init", "--keys-only"]);
    let key = project.path("keys/master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = project.ingot(&["run"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("master.key"));
}

#[test]
fn a_new_master_key_leaves_all_that_the_old_one_guarded_as_it_is() {
    let project = Project::new();
    for folder in ["keys", ".ingot", "dist"] {
        let (from, to) = (finished().path(folder), project.root());
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    }
    let tables = || {
        let list = "find .ingot -name '*.parquet' | sort | xargs sha256sum";
        let output = Command::new("sh").args(["-c", list]).current_dir(project.root()).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (before, old) = (tables(), std::fs::read(project.path("keys/master.key")).unwrap());
    assert!(before.lines().count() >= 4, "{before}");
    project.ok(&["rotate"]);
    assert_ne!(std::fs::read(project.path("keys/master.key")).unwrap(), old);
    assert_eq!(contents(&project.ok(&["--json", "run"])), contents(&finished_run()));
    assert_eq!(tables(), before);
    // Stages are made again with the same keys, too.
    std::fs::remove_dir_all(project.path(".ingot/protect")).unwrap();
    assert_eq!(contents(&project.ok(&["--json", "run"])), contents(&finished_run()));
    std::fs::write(project.path("keys/master.key"), old).unwrap();
    assert!(project.fails(3, &["run"]).contains("seal-envelope"));
}

#[test]
fn offline_scores_equal_the_servers_inputs_and_bad_rows_are_named() {
    let project = finished();
    let package = project.package();
    project.ok(&[
        "predict",
        package.to_str().unwrap(),
        "--input",
        "data/german_credit.csv",
        "--output",
        "scores.csv",
    ]);
    let scores = std::fs::read_to_string(project.path("scores.csv")).unwrap();
    assert_eq!(scores.lines().count(), 1_001);
    let server = Server::start(project, &package, &["--ledger", "offline.db"]);
    let (_, key) = api_key(project, &["--ledger", "offline.db"]);
    let answer = server.post("/api/predict", &key, &serde_json::json!(applicants(project, 40)));
    let online = answer.json();
    for (line, one) in scores.lines().skip(1).zip(online["predictions"].as_array().unwrap()) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[1], one["label"].as_str().unwrap());
        let (offline, online) = (cells[2].parse::<f64>().unwrap(), one["score"].as_f64().unwrap());
        assert!((offline - online).abs() < 1e-12, "{offline} {online}");
    }
    let data = std::fs::read_to_string(project.path("data/german_credit.csv")).unwrap();
    let header = data.lines().next().unwrap();
    let column = header.split(',').position(|name| name == "credit_amount").unwrap();
    let mut cells: Vec<String> = csv::Reader::from_reader(data.as_bytes())
        .records()
        .next()
        .unwrap()
        .unwrap()
        .iter()
        .map(Into::into)
        .collect();
    cells[column] = "much".to_owned();
    let quoted: Vec<String> =
        cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    std::fs::write(project.path("bad.csv"), format!("{header}\n{}\n", quoted.join(","))).unwrap();
    let text = project.fails(
        1,
        &["predict", package.to_str().unwrap(), "--input", "bad.csv", "--output", "no.csv"],
    );
    assert!(
        text.contains("row 1") && text.contains("credit_amount") && !text.contains("much"),
        "{text}"
    );
    assert!(!project.path("no.csv").exists());
}

#[test]
fn every_bad_row_is_named_and_the_others_are_scored_on_request() {
    let project = finished();
    let package = project.package();
    let data = std::fs::read_to_string(project.path("data/german_credit.csv")).unwrap();
    let mut lines: Vec<String> = data.lines().take(6).map(str::to_owned).collect();
    lines[2].push_str(",one,too,many");
    lines[4] = "short".into();
    // The shared project outlives a run of the tests: nothing may be left there that the next would find.
    let own = Project::empty();
    let (input, output) = (own.path("some-bad.csv"), own.path("some.csv"));
    std::fs::write(&input, lines.join("\n")).unwrap();
    let mut args = vec!["predict", package.to_str().unwrap(), "--input", input.to_str().unwrap()];
    args.extend(["--output", output.to_str().unwrap()]);
    let text = project.fails(1, &args);
    assert!(text.contains("2 of 5") && text.contains("row 2") && text.contains("row 4"), "{text}");
    assert!(!output.exists());
    args.push("--skip-bad");
    project.ok(&args);
    let scores = std::fs::read_to_string(&output).unwrap();
    let rows: Vec<&str> =
        scores.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(rows, ["1", "3", "5"]);
}

#[test]
fn rows_are_scored_in_every_form_that_training_reads() {
    let project = finished();
    let package = project.package();
    let score = |input: &str| {
        let output = format!("{input}.scores.csv");
        let args = ["predict", package.to_str().unwrap(), "--input", input, "--output", &output];
        project.ok(&args);
        std::fs::read_to_string(project.path(&output)).unwrap()
    };
    let expected = score("data/german_credit.csv");
    let data = std::fs::read(project.path("data/german_credit.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(&data[..]);
    let header = reader.headers().unwrap().clone();
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for record in reader.records() {
        writer.write_record(&record.unwrap()).unwrap();
    }
    std::fs::write(project.path("semicolons.csv"), writer.into_inner().unwrap()).unwrap();
    assert!(expected == score("semicolons.csv"), "other scores with semicolons");
    std::fs::write(project.path("empty.csv"), data.split(|byte| *byte == b'\n').next().unwrap())
        .unwrap();
    let mut args = vec!["predict", package.to_str().unwrap(), "--input", "empty.csv"];
    args.extend(["--output", "fresh-folder/scores.csv"]);
    assert!(project.fails(1, &args).contains("data-file-empty"));
    assert!(!project.path("fresh-folder").exists());
}

#[test]
fn manifests_of_two_models_stand_side_by_side() {
    let project = finished();
    let package = project.package();
    for kind in ["kubernetes", "monitoring"] {
        project.ok(&["deploy", kind, package.to_str().unwrap()]);
        let stem = package.file_stem().unwrap().to_str().unwrap();
        let folder = package.with_file_name(format!("{stem}-{kind}"));
        assert!(folder.is_dir(), "{}", folder.display());
        assert!(!project.path("dist").join(kind).exists());
    }
}
