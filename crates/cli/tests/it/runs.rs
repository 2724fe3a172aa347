//! `run` and what surrounds it.

use crate::support::{
    CANARY_COLUMNS, Project, Server, api_key, canaries, contents, files, finished, finished_run,
};
use std::path::{Path, PathBuf};

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
    let canaries = canaries(&CANARY_COLUMNS);
    let mut seen: Vec<(String, Vec<u8>)> = ["run.json", "run.txt"]
        .iter()
        .map(|name| ((*name).to_owned(), std::fs::read(project.path(name)).unwrap()))
        .collect();
    for folder in [".ingot", "dist"] {
        collect(&project.path(folder), &mut seen);
    }
    assert!(seen.len() > 12, "{}", seen.len());
    // What is compressed or encrypted shows nothing whatever is in it: the payloads as their keys open them.
    let folder = tempfile::tempdir().unwrap();
    let payloads = folder.path().join("opened");
    let package = project.package();
    let open = ["open", package.to_str().unwrap(), "--output", payloads.to_str().unwrap()];
    project.ok(&open);
    let before = seen.len();
    collect(&payloads, &mut seen);
    let tree = |(name, bytes): &(String, Vec<u8>)| {
        name.ends_with("model.txt") && bytes.windows(5).any(|word| word == b"Tree=")
    };
    assert!(seen[before..].iter().any(tree), "the payloads are still sealed");
    assert_eq!(shows(&seen, &canaries), None, "a raw value of an identity column");
    // And the tables that models learn from. A note in which nothing personal was found stays as it was.
    let identities = self::canaries(&["customer_id", "name", "id_number", "phone"]);
    assert_eq!(shows(&exported(project), &identities), None, "a raw value of an identity column");
}

#[test]
fn a_recipe_that_protects_nothing_is_found_out_by_what_is_exported() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let (before, rest) = recipe.split_once("[protect]").unwrap();
    let (_, after) = rest.split_once("[split]").unwrap();
    let open = format!("{before}[split]{after}").replace("user_id", "customer_id");
    std::fs::write(project.path("ingot.toml"), open.replace("birth_year", "birthday")).unwrap();
    project.ok(&["prepare"]);
    let exported = exported(&project);
    for column in ["customer_id", "name", "id_number", "phone"] {
        assert!(shows(&exported, &canaries(&[column])).is_some(), "{column} is not looked for");
    }
}

/// Every part of the prepared table, as its keys open it.
fn exported(project: &Project) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let export = |part: &str| {
        let path = folder.path().join(format!("{part}.csv"));
        project.ok(&["export", part, "--output", path.to_str().unwrap()]);
        (format!("the export of {part}"), std::fs::read(path).unwrap())
    };
    ["all", "train", "test"].map(export).into()
}

/// The first file that shows one of these values.
fn shows<'f>(files: &'f [(String, Vec<u8>)], canaries: &[String]) -> Option<&'f str> {
    let shown = |bytes: &[u8]| {
        let content = String::from_utf8_lossy(bytes);
        canaries.iter().any(|canary| content.contains(canary.as_str()))
    };
    files.iter().find(|(_, bytes)| shown(bytes)).map(|(name, _)| name.as_str())
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
    assert!(
        text.contains("error[data-column-unknown]") && text.contains("credit_amount"),
        "{text}"
    );
    assert!(text.contains("--> ingot.toml:") && text.contains("^^^"), "{text}");
    assert_eq!(text.matches("credit_amuont > 0").count(), 1, "one block: {text}");
}

#[test]
fn every_unknown_column_is_told_in_one_run_with_line_and_caret() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let wrong = recipe
        .replace("drop_missing = [\"age\"", "drop_missing = [\"aeg\"")
        .replace("name = \"phone\"", "name = \"phoen\"")
        .replace("target = \"risk\"", "target = \"rsik\"")
        .replace("duration_months > 0", "duration_moths > 0");
    std::fs::write(project.path("ingot.toml"), &wrong).unwrap();
    for command in ["run", "plan"] {
        let text = project.fails(2, &[command]);
        for part in [
            "`aeg`",
            "`age`?",
            "`phoen`",
            "`phone`?",
            "`rsik`",
            "`risk`?",
            "`duration_moths`",
            "4 fault",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert_eq!(text.matches("--> ingot.toml:").count(), 4, "{text}");
    }
    let output = project.ingot(&["--json", "--lang", "zh", "run"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = document["error"]["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 4, "{document}");
    for fault in faults {
        assert_eq!(fault["code"], "data-column-unknown");
        assert!(fault["line"].is_u64() && fault["column"].is_u64() && fault["key"].is_string());
        assert!(fault["message"].as_str().unwrap().starts_with("没有列"), "{fault}");
    }
}

#[test]
fn all_faults_of_a_recipe_are_in_its_json() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let broken = recipe.replace("drop_missing", "drop_mising").replace("test = 0.2", "test = 2.0");
    std::fs::write(project.path("ingot.toml"), broken).unwrap();
    let output = project.ingot(&["--json", "run"]);
    assert_eq!(output.status.code(), Some(2));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = document["error"]["faults"].as_array().unwrap();
    assert!(faults.len() >= 2, "{document}");
    assert!(faults.iter().all(|fault| fault["file"] == "ingot.toml" && fault["line"].is_u64()));
}

#[test]
fn a_table_without_a_header_is_told_and_none_of_it_repeated() {
    let project = Project::new();
    let path = project.path("data/german_credit.csv");
    let text = "zhang,30,good\nli,41,bad\nwang,22,good\n";
    std::fs::write(path, text).unwrap();
    let output = project.ingot(&["run"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("data-header-doubtful") && said.contains("header?"), "{said}");
    assert!(!said.contains("zhang"), "{said}");
}

#[test]
fn records_are_the_owners_alone_and_tell_no_figure_of_a_protected_column() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let protected = recipe.replace(
        "[protect]\ncolumns = [",
        "[protect]\ncolumns = [\n  { name = \"credit_amount\", action = \"generalize\", to = { width = 1000 } },",
    );
    assert_ne!(recipe, protected);
    std::fs::write(project.path("ingot.toml"), protected).unwrap();
    project.ok(&["prepare"]);
    let mut seen = 0;
    for stage in std::fs::read_dir(project.path(".ingot")).unwrap() {
        let stage = stage.unwrap().path();
        for run in std::fs::read_dir(&stage).into_iter().flatten() {
            let record = run.unwrap().path().join("record.json");
            let mode = std::fs::metadata(&record).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", record.display());
            seen += 1;
            if stage.ends_with("clean") {
                let record: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
                for columns in ["before", "after"] {
                    let of = |name: &str| {
                        let all = record["evidence"][columns].as_array().unwrap();
                        all.iter().find(|column| column["name"] == name).unwrap().clone()
                    };
                    assert!(of("credit_amount")["mean"].is_null());
                    assert!(of("credit_amount")["deviation"].is_null());
                    assert!(of("duration_months")["mean"].is_f64());
                }
            }
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn the_tour_of_the_readme_works_in_an_empty_folder() {
    let project = Project::empty();
    let made = project.ok(&["init"]);
    assert!(made.contains("data/my-model.csv") && made.contains("applicant.json"), "{made}");
    // The search may take two minutes; the tour is the same with a short one.
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let short = recipe.replace("budget = \"2m\"", "budget = \"2m\"\ntrials = 2");
    assert_ne!(recipe, short);
    std::fs::write(project.path("ingot.toml"), short).unwrap();
    project.ok(&["plan"]);
    let run: serde_json::Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    assert_eq!(run["warnings"], serde_json::json!([]), "{run}");
    let package = project.package();
    for command in ["verify", "trace"] {
        project.ok(&[command, package.to_str().unwrap()]);
    }
    let (_, key) = api_key(&project, &[]);
    let server = Server::start(&project, &package, &[]);
    let applicant = std::fs::read_to_string(project.path("applicant.json")).unwrap();
    let answer = server.post("/api/predict", &key, &serde_json::from_str(&applicant).unwrap());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["predictions"][0]["label"].is_string(), "{}", answer.body);
}

#[test]
fn a_model_that_learnt_nothing_or_was_told_the_answer_comes_with_a_warning() {
    let project = Project::empty();
    project.ok(&["init"]);
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let short = recipe.replace("budget = \"2m\"", "budget = \"2m\"\ntrials = 2");
    std::fs::write(project.path("ingot.toml"), short).unwrap();
    let write = |column: fn(usize, bool) -> String| {
        let mut text = "x,y,risk\n".to_owned();
        for row in 0..600 {
            let bad = (row * 7919) % 13 < 4;
            text.extend([column(row, bad).as_str(), if bad { ",bad\n" } else { ",good\n" }]);
        }
        std::fs::write(project.path("data/my-model.csv"), text).unwrap();
        project.ok(&["train"])
    };
    let noise = write(|row, _| format!("{},{row}.5", (row * 31) % 17));
    assert!(noise.contains("not measurably better"), "{noise}");
    let told =
        write(|row, bad| format!("{}.5,{}", (row * 31) % 601, if bad { "late" } else { "paid" }));
    assert!(told.contains("`y` alone tells the target"), "{told}");
    assert!(!told.contains("not measurably better"), "{told}");
    let report = std::fs::read_dir(project.path(".ingot/train")).unwrap().any(|run| {
        let page = run.unwrap().path().join("training-report.html");
        std::fs::read_to_string(page).unwrap().contains("alone tells the target")
    });
    assert!(report, "no training report has the warning");
}

#[test]
fn a_licence_that_is_over_is_told_with_its_day() {
    let project = Project::empty();
    project.ok(&["init"]);
    let path = project.path("ingot.toml");
    let recipe = std::fs::read_to_string(&path).unwrap();
    let recipe = recipe.replace("# licence_expires = 2027-12-31", "licence_expires = 2021-12-31");
    std::fs::write(&path, recipe.replace("budget = \"2m\"", "budget = \"2m\"\ntrials = 1"))
        .unwrap();
    for _ in 0..2 {
        let told = project.warned(&["--lang", "en", "run"]);
        assert!(told.contains("pipeline-licence-past") && told.contains("2021-12-31"), "{told}");
    }
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
    let read = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).unwrap());
    into.extend(files(folder).into_iter().map(read));
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
