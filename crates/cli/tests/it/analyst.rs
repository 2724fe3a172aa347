//! What an analyst meets with a table of their own: flags of outliers, mistakes in recipes and arguments, rows without a day.

use crate::support::{Project, Server, finished};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// 600 loans; every fortieth income is far beyond the others, and every tenth day is missing.
fn loans(rest: &str) -> Project {
    let mut text = String::from("customer_id,age,income,opened,late\n");
    for row in 0..600_u32 {
        let age = 20 + (row * 7) % 50;
        let income = if row % 40 == 0 { 90_000 + row } else { 3_000 + (row * 137) % 9_000 };
        let opened = match row % 10 {
            0 => String::new(),
            _ => format!("2024-{:02}-{:02}", 1 + row % 12, 1 + row % 28),
        };
        let late = (age < 35) != (row % 9 == 0);
        let _ = writeln!(text, "C{row},{age},{income},{opened},{late}");
    }
    Project::of(&text, &recipe("late", rest))
}

fn recipe(target: &str, rest: &str) -> String {
    format!(
        "[project]\nname = \"loans\"\ntask = \"tabular.binary\"\ntarget = \"{target}\"\n\
         [[source]]\nname = \"loans\"\nuri = \"loans.csv\"\n{rest}"
    )
}

const FLAG: &str =
    "[clean]\noutliers = [{ column = \"income\", method = \"iqr\", action = \"flag\" }]\n";

#[test]
fn a_flag_of_outliers_is_found_at_scoring_from_the_column_that_it_is_about() {
    let project = loans(&format!("{FLAG}[train]\ntrials = 1\nexclude = [\"opened\"]\n"));
    project.ok(&["run"]);
    let package = project.package();
    let name = package.to_str().unwrap();
    let shown: Value = serde_json::from_str(&project.ok(&["--json", "inspect", name])).unwrap();
    let inputs = shown["signature"]["inputs"].as_array().unwrap();
    let flag = inputs.iter().find(|input| input["name"] == "income_outlier").unwrap();
    assert_eq!(flag["outlier"]["of"], "income", "{flag}");
    let high = flag["outlier"]["high"].as_f64().unwrap();
    assert!((12_000.0..90_000.0).contains(&high), "{flag}");

    let scores = |text: &str| {
        std::fs::write(project.path("new.csv"), text).unwrap();
        let args =
            ["--lang", "en", "predict", name, "--input", "new.csv", "--output", "scores.csv"];
        let told = project.warned(&args);
        (std::fs::read_to_string(project.path("scores.csv")).unwrap(), told)
    };
    let (raw, told) = scores("age,income\n30,5000\n30,89000\n");
    assert!(!told.contains("warning"), "{told}");
    let (given, _) = scores("age,income,income_outlier\n30,5000,false\n30,89000,true\n");
    assert_eq!(raw, given);
    let (_, told) = scores("age,income\n30.5,5000\n30,5000\n");
    assert!(told.contains("pipeline-rows-fraction"), "{told}");
    assert!(told.contains("in 1 of 2 scored rows `age` has a fraction"), "{told}");

    let server = Server::start(&project, &package, &["--ungoverned"]);
    let ask = |row: Value| {
        let answer = server.post("/api/predict", "", &row);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["predictions"][0].clone()
    };
    for (income, flag) in [(5_000, false), (89_000, true)] {
        let raw = ask(json!({ "age": 30, "income": income }));
        let null = ask(json!({ "age": 30, "income": income, "income_outlier": null }));
        let given = ask(json!({ "age": 30, "income": income, "income_outlier": flag }));
        assert_eq!((&raw, &null), (&given, &given));
    }
    let tensor = |name: &str, kind: &str, data: Value| json!({ "name": name, "shape": [2], "datatype": kind, "data": data });
    let infer = |more: &[Value]| {
        let mut inputs = vec![
            tensor("age", "INT64", json!([30, 30])),
            tensor("income", "INT64", json!([5_000, 89_000])),
        ];
        inputs.extend_from_slice(more);
        let answer = server.post("/v2/models/loans/infer", "", &json!({ "inputs": inputs }));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["outputs"].clone()
    };
    assert_eq!(infer(&[]), infer(&[tensor("income_outlier", "BOOL", json!([false, true]))]));
    let warned = ask(json!({ "age": 30.5, "income": 5_000 }));
    assert_eq!(warned["warnings"][0]["code"], "serve-field-fraction", "{warned}");
    let document = server.request("GET", "/openapi.json", &[], b"").json();
    let row = &document["components"]["schemas"]["Row1"];
    assert_eq!(row["required"], json!(["age", "income"]));
    assert!(row["properties"].get("income_outlier").is_some(), "{row}");
}

#[test]
fn a_flag_that_nobody_could_know_is_no_input() {
    let project =
        loans(&format!("{FLAG}[train]\ntrials = 1\nexclude = [\"opened\", \"income\"]\n"));
    let told = project.warned(&["--lang", "en", "train"]);
    assert!(told.contains("train-excluded-flag") && told.contains("`income_outlier`"), "{told}");
    let stated = FLAG.replace("\"iqr\"", "\"range\", min = 0, max = 50000");
    let rest = format!("{stated}[train]\ntrials = 1\nexclude = [\"opened\", \"income\"]\n");
    std::fs::write(project.path("ingot.toml"), recipe("late", &rest)).unwrap();
    let told = project.warned(&["--lang", "en", "train"]);
    assert!(!told.contains("train-excluded-flag"), "{told}");
}

#[test]
fn a_recipe_that_is_not_there_is_told_with_the_commands_own_way_to_name_another() {
    let project = Project::empty();
    let told = project.fails(2, &["--lang", "en", "plan", "foo.toml"]);
    assert!(told.contains("`ingot plan FILE`") && !told.contains("--recipe"), "{told}");
    let told = project.fails(2, &["--lang", "zh", "run", "foo.toml"]);
    assert!(told.contains("`ingot run FILE`"), "{told}");
    let export = ["--lang", "en", "export", "all", "--output", "rows.csv", "--recipe", "foo.toml"];
    let told = project.fails(2, &export);
    assert!(told.contains("`--recipe FILE`") && !told.contains("{way}"), "{told}");
}

#[test]
fn the_rule_that_leaves_no_row_is_named_with_its_rows() {
    let project = loans("[clean]\nkeep = [\"age >= 25\", \"age >= 1000\"]\n");
    let told = project.fails(1, &["--lang", "en", "run"]);
    assert!(told.contains("pipeline-rule-empties"), "{told}");
    assert!(told.contains("“keep rows with age >= 1000” leaves no row"), "{told}");
    assert!(
        told.contains("540 went in, 0 came out") && told.contains("600 rows were read"),
        "{told}"
    );
    assert!(told.contains("ingot.toml:") && !told.contains("data report"), "{told}");
    let told = project.fails(1, &["--lang", "zh", "run"]);
    assert!(told.contains("输入 540 行，输出 0 行"), "{told}");
}

#[test]
fn a_target_of_identifiers_is_told_as_one_of_too_many_values() {
    let project = loans("");
    std::fs::write(project.path("ingot.toml"), recipe("customer_id", "")).unwrap();
    let told = project.fails(2, &["--lang", "en", "run"]);
    assert!(told.contains("train-class-count"), "{told}");
    assert!(told.contains("has 600 different values; tabular.binary takes 2"), "{told}");
    assert!(!told.contains("C599"), "no value of it is shown: {told}");
}

#[test]
fn rows_without_a_time_in_a_split_by_time_are_counted() {
    let project = loans("[split]\ntime = \"opened\"\n");
    let told = project.warned(&["--lang", "en", "prepare"]);
    assert!(told.contains("pipeline-split-undated"), "{told}");
    assert!(told.contains("60 of 600 rows have no time in `opened`"), "{told}");
    std::fs::remove_dir_all(project.path(".ingot")).unwrap();
    let told = project.warned(&["--lang", "zh", "prepare"]);
    assert!(told.contains("600 行中有 60 行的 `opened` 没有时间"), "{told}");
}

#[test]
fn the_usage_of_a_key_that_is_not_there_is_refused_as_its_revocation_is() {
    let project = Project::empty();
    project.ok(&["init", "--keys-only"]);
    let told = project.fails(2, &["--lang", "en", "usage", "--key", "nosuch"]);
    assert_eq!(told, project.fails(2, &["--lang", "en", "key", "revoke", "nosuch"]));
    assert!(told.contains("ledger-key-unknown"), "{told}");
}

#[test]
fn what_is_no_package_and_what_is_no_key_is_told_so_once() {
    let empty = Project::empty();
    std::fs::write(empty.path("no.ingot"), "hi\n").unwrap();
    let told = empty.fails(3, &["--lang", "en", "verify", "no.ingot"]);
    assert!(told.contains("seal-not-package") && !told.contains("cut off"), "{told}");
    let no_key = empty.path("no.ingot").display().to_string();
    let project = finished();
    let package = project.package();
    let verify = ["--lang", "en", "verify", package.to_str().unwrap()];
    let keyed = [&verify[..], &["--public-key", &no_key]].concat();
    let told = project.fails(2, &keyed);
    assert_eq!(told.matches("because: ").count(), 1, "{told}");
}
