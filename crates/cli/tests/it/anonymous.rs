//! The promise about the whole table: kept in the artifact, told in the report, and no burden for who asks the model.

use crate::support::{Project, Server, api_key, applicant, table_keys};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

const QUASI: [&str; 3] = ["age", "sex", "marital_status"];

fn ask(project: &Project, policy: &str) {
    let path = project.path("ingot.toml");
    let recipe = std::fs::read_to_string(&path).unwrap();
    let line = format!("anonymity = {{ {policy} }}\n\n[split]");
    std::fs::write(path, recipe.replace("\n[split]", &line)).unwrap();
}

/// The folder of the stage's latest work.
fn protected(project: &Project) -> PathBuf {
    let folder = project.path(".ingot/protect");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.join("table.parquet").exists());
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// For each combination of quasi-identifiers its rows' risks.
fn classes(project: &Project) -> BTreeMap<Vec<String>, Vec<String>> {
    let keys = table_keys(project, &QUASI);
    let columns = ["age", "sex", "marital_status", "risk"];
    let path = protected(project).join("table.parquet");
    let mut classes: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for batch in ingot_data::read_columns(&path, Some(&keys), &columns).unwrap() {
        for row in 0..batch.num_rows() {
            let mut cells: Vec<String> = columns
                .iter()
                .map(|name| {
                    let column = batch.column_by_name(name).unwrap();
                    let cells = ArrayFormatter::try_new(column, &FormatOptions::new()).unwrap();
                    cells.value(row).to_string()
                })
                .collect();
            let risk = cells.pop().unwrap();
            classes.entry(cells).or_default().push(risk);
        }
    }
    classes
}

#[test]
fn nobody_stands_out_and_who_asks_still_sends_an_age() {
    let project = Project::new();
    ask(
        &project,
        "k = 5, l = 2, quasi = [\"age\", \"sex\", \"marital_status\"], max_suppressed = 0.05, \
         hierarchies = [{ column = \"age\", by = \"interval\", widths = [5, 10, 20] }]",
    );
    project.ok(&["run"]);

    let classes = classes(&project);
    let rows: usize = classes.values().map(Vec::len).sum();
    assert!((950..1000).contains(&rows), "{rows}");
    for (cells, risks) in &classes {
        assert!(risks.len() >= 5, "{cells:?} has {} rows", risks.len());
        assert!(risks.iter().any(|risk| *risk != risks[0]), "{cells:?} tells the risk");
        assert!(cells[0].starts_with('['), "an exact age: {}", cells[0]);
    }
    let left = std::fs::read_dir(protected(&project)).unwrap().count();
    assert_eq!(
        left, 4,
        "the table, the pseudonyms, the record and its code; no table of every row"
    );

    let report = project.path("dist/credit-risk-1.0.0-reports/data-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    for told in
        ["Anonymity of the table", "整张表的匿名性", "linkage attack: row found", "k = 5, l = 2"]
    {
        assert!(report.contains(told), "{told}");
    }
    let trace = project.ok(&["trace", project.package().to_str().unwrap()]);
    let line = trace.lines().find(|line| line.contains("protect.anonymity")).unwrap();
    assert!(line.ends_with(&(1000 - rows).to_string()), "{line}");
    assert!(line.contains("k = 5, l = 2"), "{line}");

    let package = std::fs::read(project.package()).unwrap();
    let card = b"Quasi-identifiers were made coarser until k = ";
    assert!(package.windows(card.len()).any(|bytes| bytes == card), "the model card is silent");

    let server = Server::start(&project, &project.package(), &[]);
    let (_, key) = api_key(&project, &[]);
    let mut row = applicant(&project);
    let mut answer = |age: serde_json::Value| {
        row["age"] = age;
        server.post("/api/predict", &key, &row)
    };
    let by_number = answer(json!(33));
    assert_eq!(by_number.status, 200, "{}", by_number.body);
    assert_eq!(by_number.json()["predictions"], answer(json!("[30, 35)")).json()["predictions"]);
    let refused = answer(json!(17));
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("age"), "{}", refused.body);
}

#[test]
fn a_promise_out_of_reach_is_refused_with_what_can_be_had() {
    let project = Project::new();
    ask(&project, "k = 5, l = 3, quasi = [\"age\", \"sex\"], max_suppressed = 0.05");
    let told = project.fails(3, &["run"]);
    assert!(told.contains("privacy-anonymity-unreachable"), "{told}");
    assert!(told.contains("k = 5, l = 2"), "{told}");
    assert!(!project.path("dist").join("credit-risk-1.0.0.ingot").exists());
}
