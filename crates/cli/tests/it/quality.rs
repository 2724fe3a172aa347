//! Data quality from recipe to report: near duplicates, text rules, evaluation set, doubtful labels.

use crate::support::Project;
use std::fmt::Write as _;
use std::path::PathBuf;

const RECIPE: &str = r#"[project]
name = "notes"
task = "tabular.binary"
target = "grade"
positive = "bad"

[[source]]
name = "desk"
uri = "notes.csv"

[clean]
decontaminate = { column = "note", against = "evaluation.jsonl" }

[clean.dedupe]
near = { column = "note", similarity = 0.8, action = "keep" }

[clean.quality]
column = "note"
languages = ["zh", "en"]
rules = ["boilerplate", "code"]
on_fail = "drop"

[split]
test = 0.25

[train]
trials = 2
exclude = ["note"]
"#;

/// Rows whose label is the wrong one.
const FLIPPED: [usize; 12] = [10, 41, 77, 101, 150, 203, 244, 290, 333, 361, 402, 440];

/// 480 rows: the grade follows the two numbers, but for a few rows; notes come in pairs that differ by one character.
fn notes() -> String {
    let han: Vec<char> = ('\u{4e00}'..'\u{5200}').collect();
    let mut table = String::from("age,income,note,grade\n");
    for row in 0..480_usize {
        let (age, income) = (20 + row * 7 % 50, 1_000 + row * 37 % 900);
        let bad = (age > 45) != FLIPPED.contains(&row);
        let pair = row / 2;
        let mut note: Vec<char> = (0..60)
            .map(|at| han[(pair * 61 + at * 7 + at * at * (pair % 13)) % han.len()])
            .collect();
        if row % 2 == 1 {
            note[30] = '改';
        }
        let note = match row {
            4 => "版权所有 © 某某公司 京ICP备00000000号".to_owned(),
            9 => "public static void main { } {canary}".to_owned(),
            12 => {
                "Der Kunde hat die Rate nicht bezahlt und wird von der Bank angerufen.".to_owned()
            }
            _ => note.into_iter().collect(),
        };
        writeln!(table, "{age},{income},{note},{}", if bad { "bad" } else { "good" }).unwrap();
    }
    table
}

fn project() -> Project {
    let project = Project::empty();
    let table = notes();
    let twenty: Vec<&str> = table.lines().collect();
    let question: String = twenty[21].split(',').nth(2).unwrap().chars().skip(3).take(20).collect();
    std::fs::write(project.path("evaluation.jsonl"), format!("{{\"question\": \"{question}\"}}\n"))
        .unwrap();
    std::fs::write(project.path("notes.csv"), &table).unwrap();
    std::fs::write(project.path("ingot.toml"), RECIPE).unwrap();
    project
}

fn artifact(project: &Project, stage: &str, name: &str) -> PathBuf {
    let mut runs = std::fs::read_dir(project.path(".ingot").join(stage)).unwrap();
    runs.next().unwrap().unwrap().path().join(name)
}

fn json(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_is_wrong_with_data_is_told_by_row_and_acted_upon() {
    let project = project();
    project.ok(&["init", "--keys-only"]);
    project.ok(&["--lang", "en", "train"]);
    let clean = json(&artifact(&project, "clean", "record.json"))["evidence"].clone();
    let first: Vec<(&str, u64)> = clean["quality"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["rule"].as_str().unwrap(), one["first"][0]["row"].as_u64().unwrap()))
        .collect();
    assert_eq!(first, [("language", 13), ("boilerplate_lines", 5), ("curly_braces", 10)]);
    assert!(clean["set"]["rows"].as_u64().unwrap() >= 1, "{}", clean["set"]);
    assert!(clean["near"]["groups"].as_u64().unwrap() > 200);
    let findings = std::fs::read_to_string(artifact(&project, "clean", "findings.jsonl")).unwrap();
    assert!(
        findings.lines().count() > 200 && !findings.contains("canary") && !findings.contains('改')
    );
    let split = json(&artifact(&project, "split", "record.json"))["evidence"].clone();
    assert!(split["near"]["groups"].as_u64().unwrap() > 200);
    assert_eq!(split["near"]["crossing"], 0);
    let report = std::fs::read_to_string(artifact(&project, "split", "data-report.html")).unwrap();
    for words in [
        "Quality of texts",
        "文本质量",
        "boilerplate_lines",
        "Near duplicates of <code>note</code>",
        "desk:5",
    ] {
        assert!(report.contains(words), "{words}");
    }
    assert!(!report.contains("canary"));
    let rows = json(&artifact(&project, "train", "suspicious-rows.json"));
    let doubtful: Vec<usize> = rows["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| usize::try_from(one["row"].as_u64().unwrap()).unwrap() - 1)
        .collect();
    let hits = doubtful.iter().filter(|row| FLIPPED.contains(row)).count();
    let train = json(&artifact(&project, "train", "record.json"))["evidence"].clone();
    let judged = train["review"]["labels"]["rows"].as_u64().unwrap();
    assert!((300..480).contains(&judged), "the training rows alone");
    assert!(hits >= 6 && doubtful.len() <= 2 * hits, "{doubtful:?}");
    let report =
        std::fs::read_to_string(artifact(&project, "train", "training-report.html")).unwrap();
    assert!(report.contains("Labels to look at") && report.contains("值得核对的标签"));
    project.ok(&["train"]);
}

#[test]
fn a_recipe_may_leave_the_review_out() {
    let project = project();
    let recipe = RECIPE.replace("trials = 2", "trials = 2\nreview = false");
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    project.ok(&["init", "--keys-only"]);
    project.ok(&["train"]);
    assert!(!artifact(&project, "train", "suspicious-rows.json").exists());
}
