//! What only the keys' holder may do with persons: pseudonyms and the way back, erasure, released statistics.

use crate::support::{Project, Server, api_key, applicant, finished};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use ingot_data::{ClassKey, Encryption};
use ingot_seal::Keyring;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The cells of every table and the text of every other file in `.ingot`, as the owner's keys open them.
fn opened(project: &Project) -> String {
    let keyring = Keyring::open(&project.path("keys")).unwrap();
    let key = |class: &str| ClassKey {
        key: keyring.derive(&format!("table/{class}"), 16),
        id: class.to_owned(),
    };
    let classes = ["general", "personal"].map(|class| (class.to_owned(), key(class))).into();
    let keys = Encryption {
        classes,
        footer: key("footer"),
        columns: [
            "customer_id",
            "user_id",
            "id_number",
            "name",
            "phone",
            "birthday",
            "birth_year",
            "note",
        ]
        .map(|column| (column.to_owned(), "personal".to_owned()))
        .into(),
        default_class: "general".to_owned(),
    };
    let mut text = String::new();
    for path in files(&project.path(".ingot")) {
        if path.extension().is_none_or(|extension| extension != "parquet") {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
            continue;
        }
        for batch in ingot_data::read(&path, Some(&keys)).unwrap() {
            for column in batch.columns() {
                let cells = ArrayFormatter::try_new(column, &FormatOptions::new()).unwrap();
                for row in 0..batch.num_rows() {
                    text.push_str(&cells.value(row).to_string());
                    text.push('\n');
                }
            }
        }
    }
    text
}

/// The first person of the source: customer, name, resident number.
fn first(project: &Project) -> [String; 3] {
    let text = std::fs::read_to_string(project.path("data/german_credit.csv")).unwrap();
    let mut cells = text.lines().nth(1).unwrap().split(',').map(str::to_owned);
    [cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap()]
}

#[test]
fn an_erased_person_is_in_no_artifact_and_the_old_package_is_refused() {
    let project = Project::new();
    project.ok(&["run"]);
    let [customer, name, number] = first(&project);
    assert!(opened(&project).contains(&number), "the cleaned table holds the person at first");
    std::fs::copy(project.package(), project.path("dist/older-1.0.0.ingot")).unwrap();

    let told: serde_json::Value =
        serde_json::from_str(&project.ok(&["--json", "erase", "--subject", &customer])).unwrap();
    assert_eq!(told["rows"]["core-bank"], serde_json::json!([1]));
    let record = std::fs::read_to_string(project.path(told["record"].as_str().unwrap())).unwrap();
    for value in [&customer, &name, &number] {
        assert!(!opened(&project).contains(value.as_str()), "{value} is left in an artifact");
        assert!(!record.contains(value.as_str()), "{value} is in the record");
    }
    let refused = project.fails(3, &["verify", "dist/older-1.0.0.ingot"]);
    assert!(refused.contains("seal-revoked"), "{refused}");
    project.ok(&["verify", "dist/credit-risk-1.0.0.ingot"]);
    let again: serde_json::Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    assert!(again["stages"].as_array().unwrap().iter().all(|stage| stage["fresh"] == false));

    // The next export of the source still holds the person, in another row.
    let path = project.path("data/german_credit.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let person = lines.remove(1);
    lines.insert(500, person);
    std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    project.ok(&["prepare"]);
    assert!(!opened(&project).contains(&number), "the person came back");
}

#[test]
fn the_record_of_an_erasure_is_signed() {
    let project = Project::new();
    project.ok(&["prepare"]);
    let [customer, ..] = first(&project);
    let told: serde_json::Value =
        serde_json::from_str(&project.ok(&["--json", "erase", "--subject", &customer])).unwrap();
    let record = project.path(told["record"].as_str().unwrap());
    let verify = |record: &Path| {
        std::process::Command::new("openssl")
            .args(["dgst", "-sha256", "-verify"])
            .arg(project.path("keys/signing.pub"))
            .arg("-signature")
            .arg(record.with_extension("json.sig"))
            .arg(record)
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(verify(&record));
    let mut text = std::fs::read(&record).unwrap();
    text[20] ^= 1;
    std::fs::write(&record, text).unwrap();
    assert!(!verify(&record));
}

#[test]
fn nobody_and_nothing_to_erase_change_nothing() {
    let project = Project::new();
    project.ok(&["prepare"]);
    let nobody = project.fails(1, &["erase", "--subject", "CUST-0"]);
    assert!(nobody.contains("pipeline-erase-nobody") && !nobody.contains("CUST-0"), "{nobody}");
    let column = project.fails(2, &["erase", "--subject", "x", "--column", "nowhere"]);
    assert!(column.contains("pipeline-erase-column-unknown"), "{column}");
    assert!(!project.path("erasures").exists());
}

#[test]
fn a_running_server_drops_a_package_that_is_revoked() {
    let project = Project::new();
    project.ok(&["run"]);
    let (_, key) = api_key(&project, &[]);
    std::fs::create_dir(project.path("served")).unwrap();
    let package = project.path("served/credit-risk-1.0.0.ingot");
    std::fs::copy(project.package(), &package).unwrap();
    let server = Server::start(&project, &package, &[]);
    let body = applicant(&project);
    assert_eq!(server.post("/api/predict", &key, &body).status, 200);
    let [customer, ..] = first(&project);
    project.ok(&["erase", "--subject", &customer]);
    std::fs::copy(project.path("dist/revoked.json"), project.path("served/revoked.json")).unwrap();
    let begun = Instant::now();
    while server.post("/api/predict", &key, &body).status == 200 {
        assert!(begun.elapsed() < Duration::from_mins(1), "the revoked model still answers");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(server.log().contains("seal-revoked"), "{}", server.log());
}

#[test]
fn a_pseudonym_leads_back_for_the_keys_holder_and_leaves_a_trace() {
    let project = Project::new();
    project.ok(&["prepare"]);
    let [customer, name, _] = first(&project);
    let table = files(&project.path(".ingot/protect"))
        .into_iter()
        .find(|path| path.ends_with("pseudonyms.tsv"))
        .unwrap();
    let lines = std::fs::read_to_string(&table).unwrap();
    assert!(!lines.contains(&name), "a raw name");
    let fakes: Vec<&str> = lines
        .lines()
        .filter(|line| line.starts_with("person\t"))
        .map(|line| line.split('\t').nth(1).unwrap())
        .collect();
    let back = fakes.iter().any(|fake| {
        project.ok(&["reidentify", fake, "--type", "person", "--reason", "complaint 7"]).trim()
            == name
    });
    assert!(back, "no pseudonym leads back to the first person");
    let audit = std::fs::read_to_string(project.path("reidentify.jsonl")).unwrap();
    assert!(audit.lines().all(|line| line.contains("complaint 7")) && !audit.contains(&name));
    let wrong =
        project.fails(2, &["reidentify", &customer, "--column", "user_id", "--reason", "x"]);
    assert!(!wrong.contains(&customer), "{wrong}");
}

#[test]
fn statistics_are_paid_from_a_budget_that_ends() {
    let project = Project::empty();
    std::fs::create_dir(project.path("data")).unwrap();
    std::fs::copy(finished().path("data/german_credit.csv"), project.path("data/t.csv")).unwrap();
    project.ok(&["init", "--keys-only"]);
    let ask = |extra: &[&str]| {
        let mut args = vec!["--json", "stats", "data/t.csv", "count", "mean(age,18,100)"];
        args.extend(extra);
        project.ingot(&args)
    };
    let first = ask(&["--epsilon", "2", "--budget", "3"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let told: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    let count = told["release"]["figures"][0]["value"].as_f64().unwrap();
    // A Laplace error of 1: beyond 40 once in 10^17.
    assert!((count - 1000.0).abs() < 40.0, "{count}");
    let second = ask(&["--epsilon", "2"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stdout).contains("privacy-dp-overspent"));
    let path = project.path("privacy-budget.jsonl");
    let ledger = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, ledger.lines().next().unwrap().to_owned() + "\n").unwrap();
    let cut = ask(&["--epsilon", "1"]);
    assert!(!cut.status.success(), "a shortened ledger was taken");
}
