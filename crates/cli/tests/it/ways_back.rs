//! What stands in a row's texts of its own columns, and who may go back from what stands there.

use crate::support::Project;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Every person three times. The first one's name begins the second's and the third's.
const NAMES: [&str; 12] = [
    "李文",
    "李文明",
    "李文娟",
    "赵建国",
    "钱秀英",
    "孙志强",
    "周晓梅",
    "吴海燕",
    "郑国栋",
    "冯雅琴",
    "陈思远",
    "褚云帆",
];
/// The row of another person whose note names the first.
const NAMING: usize = 17;

fn pid(person: usize) -> String {
    format!("P-{person:04}")
}

fn phone(person: usize) -> String {
    format!("1380000{:04}", 17 * person + 1)
}

fn visits() -> String {
    let mut csv = "pid,name,phone,admitted,job,note,x,outcome\n".to_owned();
    for row in 1..=36_usize {
        let person = (row - 1) % NAMES.len();
        let name = NAMES[person];
        let (day, job) = (10 + row % 18, ["护士", "医生", "教师"][row % 3]);
        let mut note = format!(
            "{name}（{}）2023-10-{day}入院，即2023年10月{day}日，职业{job}，合同LN-{:08}。",
            phone(person),
            30_000_000 + row
        );
        if row == NAMING {
            write!(note, "由李文介绍，电话{}。", phone(0)).unwrap();
        }
        let outcome = if row % 3 == 0 { "bad" } else { "good" };
        writeln!(
            csv,
            "{},{name},{},2023-10-{day},{job},{note},{},{outcome}",
            pid(person),
            phone(person),
            row % 7
        )
        .unwrap();
    }
    csv
}

fn project(protect: &str) -> Project {
    let recipe = format!(
        "[project]\nname = \"loans\"\ntask = \"tabular.binary\"\ntarget = \"outcome\"\n\n\
         [[source]]\nname = \"loans\"\nuri = \"loans.csv\"\n\n[split]\ntest = 0.2\n\n\
         [protect]\n{protect}\n"
    );
    Project::of(&visits(), &recipe)
}

const BACKWARDS: &str = "columns = [\n\
    { name = \"pid\", as = \"who\", action = \"encrypt\" },\n\
    { name = \"name\", action = \"pseudonymize\", type = \"person\" },\n\
    { name = \"phone\", action = \"encrypt\" },\n\
    { name = \"admitted\", action = \"shift\", person = \"pid\", days = 90 },\n\
    { name = \"job\", action = \"hash\" },\n\
    ]\n\
    [protect.text]\ncolumns = [\"note\"]\naction = \"pseudonymize\"\ncustom = [{ name = \"loan\", regex = 'LN-\\d{8}' }]\n";

/// The rows that an export has, by their numbers.
fn exported(project: &Project) -> BTreeMap<usize, BTreeMap<String, String>> {
    project.ok(&["export", "all", "--output", "all.csv"]);
    let all = std::fs::read_to_string(project.path("all.csv")).unwrap();
    std::fs::remove_file(project.path("all.csv")).unwrap();
    csv::Reader::from_reader(all.as_bytes())
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap)
        .map(|row| (row["_row"].parse().unwrap(), row))
        .collect()
}

/// The word of a text that begins so, as far as letters and digits go.
fn word(text: &str, begins: &str) -> String {
    let (_, rest) = text.split_once(begins).unwrap();
    let rest: String = rest
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect();
    format!("{begins}{rest}")
}

fn ask<'a>(token: &'a str, how: [&'a str; 2]) -> Vec<&'a str> {
    vec!["--lang", "en", "reidentify", token, how[0], how[1], "--reason", "case 7"]
}

#[test]
fn what_is_dropped_moved_or_coarser_is_hidden_in_the_rows_own_texts() {
    let project = project(
        "columns = [{ name = \"pid\", action = \"hash\" }, { name = \"name\", action = \"drop\" }, \
         { name = \"phone\", action = \"drop\" }, \
         { name = \"admitted\", action = \"shift\", person = \"pid\", days = 90 }, \
         { name = \"job\", action = \"generalize\", to = { levels = [[\"护士\", \"医疗\"], [\"医生\", \"医疗\"], [\"教师\", \"其他\"]] } }]\n\
         text = { columns = [\"note\"], types = [\"email\"], action = \"replace\" }",
    );
    project.ok(&["prepare"]);
    for (row, cells) in exported(&project) {
        let note = &cells["note"];
        let loan = format!("合同LN-{:08}。", 30_000_000 + row);
        let own = format!("[name]（[phone]）[admitted]入院，即[admitted]，职业[job]，{loan}");
        assert!(note.starts_with(&own), "{row}: {note}");
    }
}

#[test]
fn nobody_is_told_what_leads_to_an_erased_person() {
    let project = project(BACKWARDS);
    project.ok(&["prepare"]);
    let rows = exported(&project);
    let (own, other) = (&rows[&1], &rows[&2]);
    let said = word(&rows[&NAMING]["note"], "电话1").trim_start_matches("电话").to_owned();
    let ways = |row: &BTreeMap<String, String>| {
        [
            (row["name"].clone(), ["--type", "person"]),
            // The column says the type.
            (row["name"].clone(), ["--column", "name"]),
            (row["who"].clone(), ["--column", "who"]),
            (row["phone"].clone(), ["--column", "phone"]),
        ]
    };
    let told = |(token, how): &(String, [&str; 2])| project.ok(&ask(token, *how)).trim().to_owned();
    let of = |person: usize| {
        [NAMES[person].to_owned(), NAMES[person].to_owned(), pid(person), phone(person)]
    };
    assert_eq!(ways(own).each_ref().map(told), of(0));
    assert_eq!(told(&(said.clone(), ["--type", "phone"])), phone(0));

    let output = project.ingot(&[
        "--lang",
        "en",
        "--json",
        "erase",
        "--subject",
        &pid(0),
        "--column",
        "pid",
    ]);
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{warned}");
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Rows of persons whose own name begins so are not meant; the one that names the person is, and leads back.
    let naming = serde_json::json!({ "loans": [NAMING] });
    assert_eq!((&record["left"], &record["shown"]), (&naming, &naming), "{warned}");
    let person = pid(0);
    let warned =
        project.warned(&["--lang", "en", "erase", "--subject", &person, "--column", "pid"]);
    let line = warned.lines().find(|line| line.contains("pipeline-erase-shown")).unwrap();
    assert!(line.contains("loans: 17"), "{warned}");

    let log = || std::fs::read_to_string(project.path("reidentify.jsonl")).unwrap();
    let before = log();
    let mut all = ways(own).to_vec();
    all.push((said, ["--type", "phone"]));
    all.push((own["admitted"].clone(), ["--column", "admitted"]));
    for (token, how) in &all {
        let mut args = ask(token, *how);
        if how[1] == "admitted" {
            args.extend(["--person", &person]);
        }
        let refused = project.fails(3, &args);
        assert!(refused.contains("pipeline-reidentify-erased"), "{how:?}: {refused}");
        assert!(!refused.contains(NAMES[0]) && !refused.contains(&phone(0)), "{refused}");
    }
    assert_eq!(log(), before, "no answer, no line");
    for path in crate::support::files(&project.path(".ingot/protect")) {
        if path.ends_with("pseudonyms.tsv") {
            let table = std::fs::read_to_string(path).unwrap();
            assert!(!table.contains(&own["name"]), "{table}");
        }
    }
    // Others are found as before.
    assert_eq!(ways(other).each_ref().map(told), of(1));
    let list = std::fs::read_to_string(project.path("erasures/subjects.jsonl")).unwrap();
    for value in [NAMES[0], &phone(0), &pid(0), &own["name"]] {
        assert!(!list.contains(value) && !record.to_string().contains(value));
    }
}

#[test]
fn a_way_back_that_does_not_exist_says_why() {
    let project = project(BACKWARDS);
    project.ok(&["prepare"]);
    let rows = exported(&project);
    let own = &rows[&1];
    // Types of the recipe's own lead back too.
    let loan = word(&own["note"], "loan-");
    assert_eq!(project.ok(&ask(&loan, ["--type", "loan"])).trim(), "LN-30000001");
    let refused = |code: i32, token: &str, how: [&str; 2], wanted: &[&str]| {
        let told = project.fails(code, &ask(token, how));
        assert!(wanted.iter().all(|part| told.contains(part)), "{how:?}: {told}");
    };
    refused(2, &loan, ["--column", "note"], &["pipeline-reidentify-by-type", "loan"]);
    refused(2, &loan, ["--type", "lone"], &["pipeline-reidentify-type", "loan"]);
    refused(2, &own["job"], ["--column", "job"], &["pipeline-reidentify-one-way", "hash"]);
    refused(2, &own["who"], ["--type", "person"], &["pipeline-reidentify-by-column", "who"]);
    refused(2, &own["who"], ["--column", "pid"], &["data-column-unknown", "`who`"]);
    refused(2, "3", ["--column", "x"], &["pipeline-reidentify-plain"]);
    // A person who is nobody has no shift; a number that was never issued has an original like any other.
    let mut nobody = ask(&own["admitted"], ["--column", "admitted"]);
    nobody.extend(["--person", "P-9999"]);
    let told = project.fails(1, &nobody);
    assert!(told.contains("pipeline-reidentify-nobody") && !told.contains("P-9999"), "{told}");
    let warned = project.warned(&ask("13900000000", ["--type", "phone"]));
    assert!(warned.contains("pipeline-reidentify-unissued"), "{warned}");
    let issued = project.warned(&ask(&own["name"], ["--column", "name"]));
    assert!(!issued.contains("pipeline-reidentify-unissued"), "{issued}");
}

#[test]
fn a_hierarchy_that_lacks_a_value_is_refused_by_its_row() {
    let project = project(
        "columns = [{ name = \"job\", action = \"generalize\", to = { file = \"jobs.csv\" } }]",
    );
    std::fs::write(project.path("jobs.csv"), "护士;医疗\n医生;医疗\n").unwrap();
    let told = project.fails(2, &["--lang", "en", "--quiet", "prepare"]);
    assert!(told.contains("pipeline-hierarchy-lacks") && told.contains("`job`"), "{told}");
    // Every third row from the second on.
    assert!(told.contains("12 rows") && told.contains("row 2 "), "{told}");
    assert!(!told.contains("教师"), "{told}");
    std::fs::write(project.path("jobs.csv"), "护士;医疗\n医生;医疗\n教师;其他\n").unwrap();
    project.ok(&["prepare"]);
}

#[test]
fn a_preparation_names_the_report_that_is_there() {
    let project = project("columns = [{ name = \"name\", action = \"drop\" }]");
    let told: Value = serde_json::from_str(&project.ok(&["--json", "prepare"])).unwrap();
    let files = told["files"].as_array().unwrap();
    assert!(!files.is_empty());
    for file in files {
        let path = project.path(file["path"].as_str().unwrap());
        assert!(path.is_file(), "{}", path.display());
    }
}

#[test]
fn figures_without_a_budget_or_a_file_say_what_is_missing() {
    let project = project("columns = [{ name = \"name\", action = \"drop\" }]");
    project.ok(&["prepare"]);
    let told = project.fails(3, &["--lang", "en", "stats", "loans.csv", "count", "--epsilon", "1"]);
    assert!(told.contains("privacy-dp-budget-unset") && told.contains("--budget"), "{told}");
    let told =
        project.fails(2, &["stats", "loans.csv", "count", "--epsilon", "-1", "--budget", "1"]);
    assert!(told.contains("privacy-dp-amount"), "{told}");
    let all = ["--lang", "en", "stats", "loans.csv", "count", "--epsilon", "1", "--budget", "1"];
    assert!(project.ok(&all).contains("left: 0"), "all is spent");
    let told = project.fails(1, &["--lang", "en", "risk", "nofile.csv", "--quasi", "x"]);
    assert!(told.contains("nofile.csv") && !told.contains("recipe"), "{told}");
}
