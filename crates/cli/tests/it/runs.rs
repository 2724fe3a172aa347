//! `run` and what surrounds it.

use crate::support::{CANARY_COLUMNS, Project, contents, finished, finished_run, workspace};
use std::path::Path;

#[test]
fn a_second_run_finds_everything_up_to_date() {
    let project = Project::new();
    let first = project.ok(&["--json", "run"]);
    let second = project.ok(&["--json", "run"]);
    assert_eq!(contents(&first), contents(&second));
    let document: serde_json::Value = serde_json::from_str(&second).unwrap();
    assert!(document["stages"].as_array().unwrap().iter().all(|stage| stage["fresh"] == false));
    let plan: serde_json::Value = serde_json::from_str(&project.ok(&["--json", "plan"])).unwrap();
    assert!(
        plan["stages"].as_array().unwrap().iter().all(|step| step["state"] == "up-to-date"),
        "{plan}"
    );
}

#[test]
fn a_changed_rule_reruns_only_what_it_touches_and_the_plan_says_why() {
    let project = Project::new();
    project.ok(&["run"]);
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    std::fs::write(project.path("ingot.toml"), recipe.replace("test = 0.2", "test = 0.3")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&project.ok(&["--json", "plan"])).unwrap();
    let states: Vec<&str> = plan["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        ["up-to-date", "up-to-date", "would-run", "would-run", "would-run", "would-run"]
    );
    assert!(plan["stages"][2]["reason"].as_str().unwrap().contains("recipe"), "{plan}");
}

#[test]
fn two_projects_with_the_same_inputs_reach_the_same_digests() {
    let one = finished_run();
    let other = Project::new();
    // The keys decide the tokens, so the second project gets the first one's.
    copy_folder(&finished().path("keys"), &other.path("keys"));
    assert_eq!(contents(&one), contents(&other.ok(&["--json", "run"])));
}

#[test]
fn raw_identities_are_in_no_report_record_log_or_package() {
    let project = finished();
    let text =
        std::fs::read_to_string(workspace().join("verticals/finance/data/german_credit.csv"))
            .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let columns: Vec<usize> = header
        .iter()
        .enumerate()
        .filter(|(_, name)| CANARY_COLUMNS.contains(name))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(columns.len(), CANARY_COLUMNS.len());
    let mut canaries: Vec<String> = Vec::new();
    for record in reader.records().take(400) {
        let record = record.unwrap();
        canaries.extend(
            columns
                .iter()
                .map(|column| record[*column].to_owned())
                .filter(|value| value.len() >= 6),
        );
    }
    let mut seen: Vec<(String, Vec<u8>)> = ["run.json", "run.txt"]
        .iter()
        .map(|name| ((*name).to_owned(), std::fs::read(project.path(name)).unwrap()))
        .collect();
    for folder in [".ingot", "dist"] {
        collect(&project.path(folder), &mut seen);
    }
    assert!(seen.len() > 12, "{}", seen.len());
    for (name, bytes) in seen {
        let content = String::from_utf8_lossy(&bytes);
        for canary in &canaries {
            assert!(
                !content.contains(canary.as_str()),
                "a raw value of an identity column stands in {name}"
            );
        }
    }
}

#[test]
fn every_fault_of_a_recipe_is_shown_with_its_line_in_both_languages() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let broken = recipe.replace("drop_missing", "drop_mising").replace("test = 0.2", "test = 2.0");
    assert_ne!(recipe, broken);
    std::fs::write(project.path("ingot.toml"), broken).unwrap();
    let english = project.fails(2, &["run"]);
    assert!(english.contains("drop_missing") && english.contains("ingot.toml:"), "{english}");
    assert!(english.contains("test"), "{english}");
    let chinese = project.fails(2, &["--lang", "zh", "run"]);
    assert!(chinese.contains("错误") && chinese.contains("drop_missing"), "{chinese}");
}

#[test]
fn a_column_that_does_not_exist_is_pointed_at_in_the_recipe() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    std::fs::write(
        project.path("ingot.toml"),
        recipe.replace("credit_amount > 0", "credit_amuont > 0"),
    )
    .unwrap();
    let text = project.fails(2, &["run"]);
    assert!(text.contains("clean.keep[0]") && text.contains("credit_amount"), "{text}");
}

#[test]
fn a_missing_source_is_one_clear_sentence() {
    let project = Project::new();
    std::fs::remove_file(project.path("data/german_credit.csv")).unwrap();
    let output = project.ingot(&["run"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("german_credit.csv") && !text.contains("panicked"), "{text}");
}

fn collect(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
