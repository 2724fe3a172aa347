//! The promise about the whole table: kept in the artifact, told in the report, and no burden for who asks the model.

use crate::support::{Project, Server, api_key, applicant, table_keys, workspace};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
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

/// For each combination of quasi-identifiers the persons of its rows and their risks.
fn classes(project: &Project) -> BTreeMap<Vec<String>, Vec<(String, String)>> {
    let keys = table_keys(project, &QUASI);
    let columns = ["age", "sex", "marital_status", "user_id", "risk"];
    let path = protected(project).join("table.parquet");
    let mut classes: BTreeMap<Vec<String>, Vec<(String, String)>> = BTreeMap::new();
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
            let (risk, person) = (cells.pop().unwrap(), cells.pop().unwrap());
            classes.entry(cells).or_default().push((person, risk));
        }
    }
    classes
}

fn persons(rows: &[(String, String)]) -> usize {
    rows.iter().map(|(person, _)| person).collect::<BTreeSet<_>>().len()
}

/// Six loans of each person, with the same age, sex and marital status in all of them.
fn six_loans_each(project: &Project) {
    let path = project.path("data/german_credit.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header = reader.headers().unwrap().clone();
    let of_person = ["customer_id", "age", "sex", "marital_status"];
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record(&header).unwrap();
    let mut first = csv::StringRecord::new();
    for (index, record) in reader.records().take(720).enumerate() {
        let record = record.unwrap();
        if index % 6 == 0 {
            first = record.clone();
        }
        let cell = |(name, place): (&str, usize)| {
            if of_person.contains(&name) { &first[place] } else { &record[place] }.to_owned()
        };
        lines.write_record(header.iter().zip(0..).map(cell)).unwrap();
    }
    std::fs::write(path, lines.into_inner().unwrap()).unwrap();
}

#[test]
fn many_rows_of_one_person_hide_nobody() {
    let project = Project::new();
    six_loans_each(&project);
    let promise = "k = 6, quasi = [\"age\", \"sex\", \"marital_status\"], max_suppressed = 0.1";
    ask(&project, promise);
    project.ok(&["prepare"]);
    let classes = classes(&project);
    assert!(classes.values().map(Vec::len).sum::<usize>() > 600);
    for (cells, rows) in &classes {
        assert!(persons(rows) >= 6, "{cells:?} has {} persons", persons(rows));
    }
    let export = project.path("all.csv");
    project.ok(&["export", "all", "--output", export.to_str().unwrap()]);
    let quasi = ["--quasi", "age,sex,marital_status", "--person", "user_id"];
    let mut risk = vec!["--json", "risk", "all.csv"];
    risk.extend(quasi);
    let told: serde_json::Value = serde_json::from_str(&project.ok(&risk)).unwrap();
    let smallest = classes.values().map(|rows| persons(rows)).min().unwrap();
    assert_eq!(told["k"], smallest);

    // Nothing names the persons: rows are counted, and the report says so.
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let without = recipe.replace("group = \"user_id\"", "");
    assert_ne!(recipe, without);
    std::fs::write(project.path("ingot.toml"), without).unwrap();
    project.ok(&["prepare"]);
    let report = crate::support::files(&project.path(".ingot/split"))
        .into_iter()
        .filter(|path| path.ends_with("data-report.html"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .find(|page| page.contains("each row counts as one person"));
    assert!(report.is_some_and(|page| page.contains("每行按一人计")));
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
    for (cells, rows) in &classes {
        let persons = persons(rows);
        assert!(persons >= 5, "{cells:?} has {persons} persons");
        assert!(rows.iter().any(|(_, risk)| *risk != rows[0].1), "{cells:?} tells the risk");
        assert!(cells[0].starts_with('['), "an exact age: {}", cells[0]);
    }
    let left = std::fs::read_dir(protected(&project)).unwrap().count();
    assert_eq!(
        left, 4,
        "the table, the pseudonyms, the record and its code; no table of every row"
    );

    let report = project.path("dist/credit-risk-1.0.0-reports/data-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    for told in [
        "Anonymity of the table",
        "整张表的匿名性",
        "linkage attack: row found",
        "k = 5, l = 2",
        "Persons are told apart by",
    ] {
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
fn the_recipe_with_a_promise_is_the_other_and_reports_all_of_it() {
    let of = |name: &str| {
        std::fs::read_to_string(workspace().join("verticals/finance").join(name)).unwrap()
    };
    let strict = of("protected.toml");
    let (before, rest) = strict.split_once("\n# What a neighbour").unwrap();
    let (policy, after) = rest.split_once("\n[split]").unwrap();
    let without =
        format!("{before}\n[split]{after}").replace("credit-risk-anonymous", "credit-risk");
    // Beside ages in classes a year of birth would tell the age.
    let dropped = "  { name = \"birthday\", action = \"drop\" },                                 # even its year would tell the age again\n";
    let year =
        "  { name = \"birthday\", as = \"birth_year\", action = \"generalize\", to = \"year\" },\n";
    assert!(strict.contains(dropped));
    let without = without.replace(dropped, year);
    let without = without.replace("\"phone\", \"sex\"", "\"phone\", \"birth_year\", \"sex\"");
    assert_eq!(without, of("ingot.toml"));
    assert!(policy.contains("[protect.anonymity]"));

    let project = Project::new();
    let strict = strict.replace("trials = 16", "trials = 2");
    std::fs::write(project.path("ingot.toml"), strict).unwrap();
    let asked = ["stats", "data/german_credit.csv", "count", "mean(age,18,80)"];
    let price = ["--epsilon", "0.5", "--budget", "2", "--person", "customer_id", "--most", "1"];
    project.ok(&["init", "--keys-only"]);
    project.ok(&[asked.as_slice(), &price].concat());
    project.ok(&["run"]);
    let report = project.path("dist/credit-risk-anonymous-1.0.0-reports/data-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    for told in [
        "k = 5, l = 2",
        "prosecutor risk, highest",
        "linkage attack: row found",
        "protected column of the same row",
        "同一行的受保护列",
        "Released statistics",
        "count, mean(age)",
    ] {
        assert!(report.contains(told), "{told}");
    }
    assert!(!report.contains("birth_year") && !report.contains("tell a quasi-identifier more"));
}

#[test]
fn a_column_that_tells_a_quasi_identifier_again_is_told_in_both_languages() {
    let project = Project::new();
    ask(&project, "k = 5, l = 2, quasi = [\"age\", \"sex\"], max_suppressed = 0.05");
    let told = project.warned(&["run"]);
    for part in ["birth_year", "`age`", "Spearman's rank correlation"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("column `risk` tells"), "{told}");
    let report = project.path("dist/credit-risk-1.0.0-reports/data-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    for part in ["tell a quasi-identifier more finely", "会更精细地透露准标识符", "birth_year"]
    {
        assert!(report.contains(part), "{part}");
    }
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
