//! What only the keys' holder may do with persons: pseudonyms and the way back, erasure, released statistics.

use crate::support::{Project, Server, api_key, applicant, files, finished, table_keys};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The cells of every table and the text of every other file in `.ingot`, as the owner's keys open them.
fn opened(project: &Project) -> String {
    let keys = table_keys(
        project,
        &["customer_id", "user_id", "id_number", "name", "phone", "birthday", "birth_year", "note"],
    );
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

/// Replaces a cell of the source; rows count from 1.
fn rewrite(project: &Project, row: usize, column: &str, value: &str) {
    let path = project.path("data/german_credit.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = header.iter().position(|name| name == column).unwrap();
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record(&header).unwrap();
    for (index, record) in reader.records().enumerate() {
        let record = record.unwrap();
        let cell = |(place, cell)| if (index + 1, place) == (row, at) { value } else { cell };
        lines.write_record(record.iter().enumerate().map(cell)).unwrap();
    }
    std::fs::write(path, lines.into_inner().unwrap()).unwrap();
}

/// The text of every file in `dist` that is one, and the bytes of others as if they were.
fn published(project: &Project) -> String {
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    files(&project.path("dist")).into_iter().map(read).collect()
}

#[test]
fn what_others_texts_say_of_an_erased_person_is_told_and_goes_once_it_is_corrected() {
    let project = Project::new();
    let [customer, name, number] = first(&project);
    rewrite(&project, 8, "note", &format!("担保人为客户 {customer}，证件号 {number}"));
    rewrite(&project, 9, "note", &format!("introduced by {name}"));
    project.ok(&["run"]);
    let erase = || {
        // As somebody types it.
        let typed = format!(" {} ", customer.to_lowercase());
        let told = project.ok(&["--json", "erase", "--subject", &typed]);
        serde_json::from_str::<serde_json::Value>(&told).unwrap()
    };
    let told = erase();
    let warned = project.ingot(&["erase", "--subject", &customer]);
    let warned = String::from_utf8_lossy(&warned.stderr).into_owned();
    assert_eq!(told["left"], serde_json::json!({ "core-bank": [8, 9] }));
    assert!(
        warned.contains("pipeline-erase-left") && warned.contains("core-bank: 8, 9"),
        "{warned}"
    );
    let record = std::fs::read_to_string(project.path(told["record"].as_str().unwrap())).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!((&record["left"], &record["shown"]), (&told["left"], &told["shown"]));
    let export = || {
        project.ok(&["export", "all", "--output", "all.csv"]);
        let all = std::fs::read_to_string(project.path("all.csv")).unwrap();
        std::fs::remove_file(project.path("all.csv")).unwrap();
        all
    };
    // What is said to be shown is what an export shows, in clear or as a pseudonym that the keys lead back from.
    let shown = told["shown"]["core-bank"].as_array().cloned().unwrap_or_default();
    let all = export();
    let exported: Vec<serde_json::Value> = csv::Reader::from_reader(all.as_bytes())
        .deserialize::<std::collections::BTreeMap<String, String>>()
        .map(Result::unwrap)
        .filter(|row| {
            [&customer, &name, &number].iter().any(|value| row["note"].contains(value.as_str()))
        })
        .map(|row| row["_row"].parse::<u64>().unwrap().into())
        .collect();
    assert_eq!(shown, [8, 9]);
    assert!(exported.iter().all(|row| shown.contains(row)), "{exported:?}");
    // A customer number is no type that is found in texts: at the latest that is still there.
    assert_eq!(exported.first(), Some(&serde_json::json!(8)), "{exported:?}");
    for value in [&customer, &name, &number] {
        assert!(!record.to_string().contains(value.as_str()) && !warned.contains(value.as_str()));
    }

    rewrite(&project, 8, "note", "担保人已更正");
    rewrite(&project, 9, "note", "introduced by a branch");
    project.ok(&["run"]);
    assert!(opened(&project).contains(&number), "the table of before is still there");
    let told = erase();
    assert_eq!(told["left"], serde_json::json!({}), "{told}");
    let (opened, published, all) = (opened(&project), published(&project), export());
    for value in [&customer, &name, &number] {
        for (place, text) in [("artifact", &opened), ("report", &published), ("export", &all)] {
            assert!(!text.contains(value.as_str()), "{value} is left in an {place}");
        }
    }
}

#[test]
fn groups_that_an_erasure_takes_for_one_person_are_told() {
    let project = Project::new();
    let [customer, ..] = first(&project);
    let small = customer.to_lowercase();
    assert_ne!(small, customer);
    rewrite(&project, 2, "customer_id", &small);
    rewrite(&project, 3, "customer_id", &format!("{customer} "));
    let told = |language: &str| {
        let output = project.ingot(&["--lang", language, "prepare"]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let english = told("en");
    let line = english.lines().find(|line| line.contains("pipeline-split-alike")).unwrap();
    assert!(line.contains("1 person(s) of `customer_id` are written in 3 ways"), "{line}");
    assert!(!english.to_lowercase().contains(&small), "{english}");
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    std::fs::write(project.path("ingot.toml"), recipe.replace("test = 0.2", "test = 0.3")).unwrap();
    let chinese = told("zh");
    assert!(chinese.contains("`customer_id` 中有 1 人共有 3 种写法"), "{chinese}");
    // As the source should be.
    for row in [2, 3] {
        rewrite(&project, row, "customer_id", &format!("CUST-MENDED-{row}"));
    }
    assert!(!told("en").contains("pipeline-split-alike"));
}

#[test]
fn a_list_of_erased_persons_that_lacks_one_is_refused() {
    let project = Project::new();
    project.ok(&["prepare"]);
    let customers: Vec<String> = std::fs::read_to_string(project.path("data/german_credit.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .take(2)
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    for customer in &customers {
        project.ok(&["erase", "--subject", customer]);
    }
    let list = project.path("erasures/subjects.jsonl");
    let head = project.path("erasures/subjects.jsonl.head");
    let (text, newest) = (std::fs::read_to_string(&list).unwrap(), std::fs::read(&head).unwrap());
    let refused = |code: &str| {
        for command in ["prepare", "plan"] {
            let told = project.fails(3, &[command]);
            assert!(told.contains(code), "{command}: {told}");
        }
    };
    let restore = || {
        std::fs::write(&list, &text).unwrap();
        std::fs::write(&head, &newest).unwrap();
    };
    // Away, shortened, changed.
    std::fs::remove_file(&list).unwrap();
    refused("pipeline-erasures-short");
    std::fs::remove_file(&head).unwrap();
    refused("pipeline-erasures-lack");
    restore();
    let first = format!("{}\n", text.lines().next().unwrap());
    std::fs::write(&list, &first).unwrap();
    refused("pipeline-erasures-short");
    // A head that fits the shortened list can be made of it; the records and the cleaned table remember.
    let mac: serde_json::Value = serde_json::from_str(&first).unwrap();
    let forged = serde_json::json!({ "number": 1, "mac": mac["mac"] });
    std::fs::write(&head, forged.to_string()).unwrap();
    refused("pipeline-erasures-lack");
    let records: Vec<PathBuf> = files(&project.path("erasures"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .collect();
    assert_eq!(records.len(), 2);
    let kept: Vec<Vec<u8>> = records.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for path in &records {
        std::fs::remove_file(path).unwrap();
    }
    refused("pipeline-erasures-old");
    for (path, text) in records.iter().zip(&kept) {
        std::fs::write(path, text).unwrap();
    }
    restore();
    std::fs::write(&list, text.replacen("\"subject\":\"hsh_", "\"subject\":\"hsh_A", 1)).unwrap();
    refused("pipeline-erasures-changed");
    restore();
    // A record that names somebody else is no record.
    let changed = String::from_utf8(kept[0].clone()).unwrap().replace("customer_id", "id_number");
    std::fs::write(&records[0], changed).unwrap();
    refused("pipeline-erasure-unsigned");
    std::fs::write(&records[0], &kept[0]).unwrap();
    let away = project.path("away");
    std::fs::rename(project.path("erasures"), &away).unwrap();
    refused("pipeline-erasures-old");
    std::fs::rename(&away, project.path("erasures")).unwrap();
    project.ok(&["prepare"]);
    assert!(customers.iter().all(|customer| !opened(&project).contains(customer)));
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
    // Neither does another way to it lead past the list: an unpacked copy from inside, a link from elsewhere.
    let old = project.path("dist/old");
    std::fs::create_dir(&old).unwrap();
    let older = project.path("dist/older-1.0.0.ingot");
    crate::tools::succeed(
        std::process::Command::new("tar").arg("-xf").arg(&older).arg("-C").arg(&old),
    );
    let key = project.path("keys/signing.pub");
    let inside = project
        .command(&["verify", ".", "--public-key", key.to_str().unwrap()])
        .current_dir(&old)
        .output()
        .unwrap();
    assert_eq!(inside.status.code(), Some(3), "{}", String::from_utf8_lossy(&inside.stderr));
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("linked.ingot");
    std::os::unix::fs::symlink(&older, &link).unwrap();
    assert!(project.fails(3, &["verify", link.to_str().unwrap()]).contains("seal-revoked"));
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
fn every_row_of_a_person_is_named_and_reports_of_revoked_packages_go() {
    let project = Project::new();
    let path = project.path("data/german_credit.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let first_line = text.lines().nth(1).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    // The person once more, in a row that cleaning drops for its age.
    let age = header.iter().position(|name| *name == "age").unwrap();
    let mut cells: Vec<&str> = first_line.split(',').collect();
    cells[age] = "999";
    // Written as no computer takes it for the same.
    let typed = format!("{} ", cells[0].to_lowercase());
    cells[0] = &typed;
    std::fs::write(&path, format!("{}\n{}\n", text.trim_end(), cells.join(","))).unwrap();
    project.ok(&["run"]);
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let renamed = recipe.replace("name = \"credit-risk\"", "name = \"other-risk\"");
    assert_ne!(recipe, renamed);
    std::fs::write(project.path("ingot.toml"), renamed).unwrap();
    project.ok(&["run"]);
    let reports = |name: &str| project.path(&format!("dist/{name}-1.0.0-reports")).exists();
    assert!(reports("credit-risk") && reports("other-risk"));
    let [customer, ..] = first(&project);
    let told: serde_json::Value =
        serde_json::from_str(&project.ok(&["--json", "erase", "--subject", &customer])).unwrap();
    assert_eq!(told["rows"]["core-bank"], serde_json::json!([1, 1001]));
    assert!(!reports("credit-risk"), "made of the person, and not made anew");
    assert!(reports("other-risk"), "made anew without the person");
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
fn a_running_server_drops_the_model_that_an_erasure_revokes() {
    let project = Project::new();
    project.ok(&["run"]);
    let (_, key) = api_key(&project, &[]);
    let server = Server::start(&project, &project.package(), &[]);
    let body = applicant(&project);
    let before = server.post("/api/predict", &key, &body);
    assert_eq!(before.status, 200, "{}", before.body);
    let [customer, ..] = first(&project);
    // Killed when the package is off the disk and before it is made anew: nothing newer can take over.
    let output = project
        .command(&["erase", "--subject", &customer])
        .env("INGOT_CRASH_POINT", "erase-removed")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), None, "the point was not reached");
    assert!(!project.path("dist/credit-risk-1.0.0.ingot").exists());
    until("the revoked model still answers", || {
        server.post("/api/predict", &key, &body).status != 200
    });
    assert!(server.log().contains("seal-revoked"), "{}", server.log());
    project.ok(&["run"]);
    until("the model made anew is not served", || {
        server.post("/api/predict", &key, &body).status == 200
    });
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the records say, without when and where.
fn evidence(record: &Path) -> serde_json::Value {
    let mut record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let record = record.as_object_mut().unwrap();
    record.remove("at");
    for revoked in record["revoked"].as_array_mut().unwrap() {
        revoked.as_object_mut().unwrap().remove("at");
    }
    // Ciphertext differs at each sealing.
    serde_json::json!({
        "column": record["column"], "subject": record["subject"], "rows": record["rows"],
        "removed": record["removed"], "revoked": record["revoked"],
        "rebuilt": record["rebuilt"].as_array().unwrap().iter().map(|stage| stage[0].clone())
            .collect::<Vec<_>>(),
    })
}

#[test]
fn an_interrupted_erasure_keeps_its_evidence() {
    let project = Project::new();
    project.ok(&["run"]);
    let [customer, ..] = first(&project);
    let records = || -> Vec<PathBuf> {
        let mut found = files(&project.path("erasures"));
        found.retain(|path| {
            path.extension().is_some_and(|extension| extension == "json")
                && !path.ends_with("pending.json")
        });
        found
    };
    let interrupted = |point: &str| {
        let output = project
            .command(&["erase", "--subject", &customer])
            .env("INGOT_CRASH_POINT", point)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), None, "{point} was not reached");
        assert!(records().is_empty());
        let pending = std::fs::read_to_string(project.path("erasures/pending.json")).unwrap();
        assert!(!pending.contains(&customer));
    };
    for point in ["erase-begun", "erase-removed", "protect-before-record", "seal-before-record"] {
        interrupted(point);
    }
    let told: serde_json::Value =
        serde_json::from_str(&project.ok(&["--json", "erase", "--subject", &customer])).unwrap();
    assert_eq!(told["rows"]["core-bank"], serde_json::json!([1]));
    assert_eq!(told["revoked"].as_array().unwrap().len(), 1, "{told}");
    let stages = ["clean", "protect", "split", "train", "explain", "seal"];
    for part in ["removed", "rebuilt"] {
        let named: Vec<&str> =
            told[part].as_array().unwrap().iter().map(|stage| stage[0].as_str().unwrap()).collect();
        for stage in stages {
            assert!(named.contains(&stage), "{stage} is not {part}: {told}");
        }
    }
    assert_eq!(records().len(), 1);
    assert!(!project.path("erasures/pending.json").exists());

    // A run ends what an erasure began, with the same evidence.
    let other = Project::new();
    crate::runs::copy_folder(&project.path("keys"), &other.path("keys"));
    other.ok(&["run"]);
    let output = other
        .command(&["erase", "--subject", &customer])
        .env("INGOT_CRASH_POINT", "erase-begun")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), None);
    other.ok(&["prepare"]);
    assert!(other.path("erasures/pending.json").exists(), "not yet rebuilt to its end");
    other.ok(&["run"]);
    let record = files(&other.path("erasures"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "json"))
        .unwrap();
    let (first, second) = (evidence(&records()[0]), evidence(&record));
    for part in ["column", "subject", "rows", "rebuilt"] {
        assert_eq!(first[part], second[part], "{part}");
    }
    assert_eq!(second["revoked"].as_array().unwrap().len(), 1, "{second}");
}

#[test]
fn whom_the_cleaned_table_is_seen_to_lack_can_be_erased_too_and_numbers_are_found_as_numbers() {
    let project = Project::new();
    let path = project.path("data/german_credit.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let age = header.iter().position(|name| *name == "age").unwrap();
    let mut cells: Vec<&str> = lines[1].split(',').collect();
    cells[0] = "CUST-DROPPED";
    cells[age] = "17";
    let dropped = cells.join(",");
    lines.push(dropped);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    project.ok(&["prepare"]);
    assert!(!opened(&project).contains("CUST-DROPPED"), "the recipe drops the young");
    let output = project.ingot(&["erase", "--subject", "CUST-DROPPED"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("pipeline-erase-dropped"), "{told}");
    assert!(!told.contains("pipeline-erase-untraced"), "{told}");
    let record = files(&project.path("erasures"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "json"))
        .unwrap();
    let record = evidence(&record);
    assert_eq!(record["rows"]["core-bank"], serde_json::json!([lines.len() - 1]));
    assert_eq!(record["removed"], serde_json::json!([]));

    let amount = ["--json", "erase", "--column", "credit_amount", "--subject", "1169.00"];
    let told: serde_json::Value = serde_json::from_str(&project.ok(&amount)).unwrap();
    let rows = told["rows"]["core-bank"].as_array().unwrap();
    assert!(rows.contains(&serde_json::json!(1)), "1169 in the file: {told}");
    project.ok(&["prepare"]);
    let [_, name, _] = first(&project);
    assert!(!opened(&project).contains(&name));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in steps that need each other")]
fn what_was_made_of_a_cleaned_table_that_is_gone_is_erased_too() {
    let project = Project::new();
    project.ok(&["run"]);
    let package = project.path("dist/credit-risk-1.0.0.ingot");
    // What came from elsewhere was made of nobody's rows.
    let talk = crate::tools::published(&project, &["smollm2-135m"]).then(|| {
        project.ok(&["pack", "smollm2-135m", "--name", "talk"]);
        project.path("dist/talk-0.1.0.ingot")
    });
    let copy = |name: &str| {
        let to = project.path(name);
        std::fs::copy(&package, &to).unwrap();
        to
    };
    let customers: Vec<String> = std::fs::read_to_string(project.path("data/german_credit.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .take(3)
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    let erase = |customer: &str| {
        let output = project.ingot(&["erase", "--subject", customer]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output, said)
    };
    let mut known = std::collections::BTreeSet::new();
    let mut record = |output: &std::process::Output, said: &str| -> serde_json::Value {
        assert!(output.status.success(), "{said}");
        let mut records = files(&project.path("erasures"));
        records.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
        records.retain(|path| known.insert(path.clone()));
        assert_eq!(records.len(), 1, "{records:?}");
        serde_json::from_slice(&std::fs::read(&records[0]).unwrap()).unwrap()
    };
    let refused = |package: &Path| {
        let told = project.fails(3, &["verify", package.to_str().unwrap()]);
        assert!(told.contains("seal-revoked"), "{told}");
    };

    // The cleaned table alone is gone.
    let first = copy("dist/first.ingot");
    std::fs::remove_dir_all(project.path(".ingot/clean")).unwrap();
    let (output, said) = erase(&customers[0]);
    let told = record(&output, &said);
    assert!(said.contains("pipeline-erase-untraced"), "{said}");
    assert!(!said.contains("pipeline-erase-dropped"), "{said}");
    let removed: Vec<&str> =
        told["removed"].as_array().unwrap().iter().map(|one| one[0].as_str().unwrap()).collect();
    for stage in ["protect", "split", "train", "explain", "seal"] {
        assert!(removed.contains(&stage), "{stage} is left: {removed:?}");
    }
    assert_eq!(told["rows"]["core-bank"], serde_json::json!([1]));
    assert_eq!(told["revoked"].as_array().unwrap().len(), 1, "{told}");
    refused(&first);
    project.ok(&["verify", package.to_str().unwrap()]);

    // Everything but the package is gone.
    let second = copy("dist/second.ingot");
    std::fs::remove_dir_all(project.path(".ingot")).unwrap();
    let (output, said) = erase(&customers[1]);
    let told = record(&output, &said);
    assert!(said.contains("pipeline-erase-untraced"), "{said}");
    assert_eq!(told["revoked"].as_array().unwrap().len(), 1, "{told}");
    refused(&second);
    project.ok(&["verify", package.to_str().unwrap()]);

    // Neither the table nor the source can be asked: what may hold the person goes all the same.
    let third = copy("dist/third.ingot");
    std::fs::remove_dir_all(project.path(".ingot/clean")).unwrap();
    let source = project.path("data/german_credit.csv");
    std::fs::rename(&source, project.path("away.csv")).unwrap();
    let (output, said) = erase(&customers[2]);
    assert!(!output.status.success() && said.contains("pipeline-erase-untraced"), "{said}");
    refused(&third);
    assert!(!package.exists());
    std::fs::rename(project.path("away.csv"), &source).unwrap();
    project.ok(&["run"]);
    let told = record(&project.ingot(&["plan"]), "");
    assert_eq!(told["revoked"].as_array().unwrap().len(), 1, "what the run ended: {told}");
    assert!(customers.iter().all(|customer| !opened(&project).contains(customer)));
    // Looked into, and unharmed: nothing is taken away for whom cleaning leaves out anyway.
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    assert!(recipe.contains("min = 18"));
    let text = std::fs::read_to_string(&source).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let age = header.iter().position(|name| *name == "age").unwrap();
    let mut cells: Vec<&str> = text.lines().nth(1).unwrap().split(',').collect();
    (cells[0], cells[age]) = ("CUST-DROPPED", "17");
    std::fs::write(&source, format!("{}\n{}\n", text.trim_end(), cells.join(","))).unwrap();
    project.ok(&["run"]);
    let (output, said) = erase("CUST-DROPPED");
    let told = record(&output, &said);
    assert!(said.contains("pipeline-erase-dropped"), "{said}");
    assert_eq!(
        (&told["removed"], &told["revoked"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    project.ok(&["verify", package.to_str().unwrap()]);
    if let Some(talk) = talk {
        project.ok(&["verify", talk.to_str().unwrap()]);
    }
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
    let ask = |fake: &str| {
        let asked = ["reidentify", fake, "--type", "person", "--reason", "complaint 7"];
        project.ok(&asked).trim().to_owned()
    };
    let asked = 1 + fakes
        .iter()
        .position(|fake| ask(fake) == name)
        .expect("a pseudonym that leads back to the first person");
    let log = project.path("reidentify.jsonl");
    let audit = || std::fs::read_to_string(&log).unwrap();
    assert_eq!(audit().lines().count(), asked, "a line for each answer");
    let wrong =
        project.fails(2, &["reidentify", &customer, "--column", "user_id", "--reason", "x"]);
    assert!(!wrong.contains(&customer), "{wrong}");
    assert_eq!(audit().lines().count(), asked, "no answer, no line");
    // As many at once as there may be.
    let together: Vec<std::process::Child> = (0..20)
        .map(|_| {
            project
                .command(&["reidentify", fakes[0], "--type", "person", "--reason", "complaint 7"])
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for one in together {
        assert!(one.wait_with_output().unwrap().status.success());
    }
    let told = audit();
    assert_eq!(told.lines().count(), asked + 20, "a line for each answer");
    assert!(told.lines().all(|line| line.contains("complaint 7")) && !told.contains(&name));

    // A log that lacks a line, or in which one was changed, ends it.
    let refused = |text: &str, code: &str| {
        std::fs::write(&log, text).unwrap();
        let output =
            project.ingot(&["reidentify", fakes[0], "--type", "person", "--reason", "complaint 8"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(code) && output.stdout.is_empty(), "{said}");
        assert!(!audit().contains("complaint 8"));
    };
    let cut = told.lines().take(asked + 18).collect::<Vec<_>>().join("\n") + "\n";
    refused(&cut, "pipeline-reidentify-short");
    refused(&told.replacen("complaint 7", "complaint 9", 1), "pipeline-reidentify-changed");
    std::fs::write(&log, &told).unwrap();
    ask(fakes[0]);
    assert_eq!(audit().lines().count(), asked + 21);
}

#[test]
fn the_data_report_tells_what_statistics_have_cost() {
    let project = Project::new();
    project.ok(&["run"]);
    let report = || {
        std::fs::read_to_string(project.path("dist/credit-risk-1.0.0-reports/data-report.html"))
            .unwrap()
    };
    assert!(!report().contains("differential privacy"));
    project.ok(&["stats", "data/german_credit.csv", "count", "--epsilon", "0.25", "--budget", "3"]);
    project.ok(&["run"]);
    let told = report();
    for part in
        ["Released statistics", "已发布的统计量", "ε = 3", "ε = 0.25", "0.2500", "2.75", "count"]
    {
        assert!(told.contains(part), "{part}");
    }
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
    assert_eq!(
        (&told["release"]["loss"], &told["account"]["budget"]),
        (&json!({ "epsilon": 2.0 }), &json!({ "epsilon": 3.0 }))
    );
    assert_eq!(told["account"]["epsilon_left"], 1.0);
    // A Laplace error of 1: beyond 40 once in 10^17.
    assert!((count - 1000.0).abs() < 40.0, "{count}");
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let more = ask(&["--epsilon", "0.5", "--budget", "30"]);
    assert!(!more.status.success() && told(&more).contains("privacy-dp-budget-fixed"));
    // The same rows in another order, and written otherwise, are the same table.
    let table = project.path("data/t.csv");
    let text = std::fs::read_to_string(&table).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    // With an empty column more, and another name for one that is not asked for.
    let header = lines[0].replace("purpose", "use") + ",nothing";
    let body: Vec<String> = lines[1..].iter().map(|line| format!("{line},")).collect();
    std::fs::write(&table, format!("{header}\r\n{}\r\n", body.join("\r\n"))).unwrap();
    let second = ask(&["--epsilon", "2"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stdout).contains("privacy-dp-overspent"));
    // What was paid for is told to whoever wants no words beside it.
    let last = project.ok(&["--quiet", "stats", "data/t.csv", "count", "--epsilon", "0.5"]);
    assert!(last.contains("count"), "{last}");
    let last = ask(&["--epsilon", "0.5"]);
    let last: serde_json::Value = serde_json::from_slice(&last.stdout).unwrap();
    assert_eq!(last["account"]["epsilon_left"], 0.0);
    let path = project.path("privacy-budget.jsonl");
    let ledger = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, ledger.lines().next().unwrap().to_owned() + "\n").unwrap();
    let cut = ask(&["--epsilon", "1"]);
    assert!(!cut.status.success(), "a shortened ledger was taken");
}

/// Which of two that ask at once is first is chance; that only one is answered is not.
#[test]
fn rows_and_persons_are_not_paid_from_one_budget() {
    let project = Project::empty();
    let rows = (0..3000).map(|row| format!("p{},{}\n", row % 600, 20 + row % 50));
    let csv = format!("person,age\n{}", rows.collect::<String>());
    std::fs::write(project.path("t.csv"), csv).unwrap();
    project.ok(&["init", "--keys-only"]);
    let rows: &[&str] = &["stats", "t.csv", "count", "--epsilon", "0.1", "--budget", "1"];
    let persons = [rows, &["--person", "person", "--most", "5"]].concat();
    let both = [rows.to_vec(), persons].map(|args| {
        let mut command = project.command(&args);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        (args, command.spawn().unwrap())
    });
    let mut answered = Vec::new();
    for (args, child) in both {
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            answered.push(args);
        } else {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{told}");
            assert!(told.contains("pipeline-stats-unit"), "{told}");
        }
    }
    assert_eq!(answered.len(), 1, "{answered:?}");
    // Whoever was first goes on.
    project.ok(&answered[0]);
}

#[test]
fn an_erased_person_does_not_come_back_when_the_column_gets_another_name() {
    use std::fmt::Write as _;
    let table = |column: &str| {
        let mut csv = format!("{column},x,outcome\n");
        for row in 0..60_usize {
            let outcome = if row % 3 == 0 { "bad" } else { "good" };
            writeln!(csv, "P-{:04},{},{outcome}", row % 20, row % 7).unwrap();
        }
        csv
    };
    let recipe = |column: &str, rename: &str| {
        format!(
            "[project]\nname = \"loans\"\ntask = \"tabular.binary\"\ntarget = \"outcome\"\n\n\
             [[source]]\nname = \"loans\"\nuri = \"loans.csv\"\n{rename}\n[split]\ntest = 0.2\n\n\
             [protect]\ncolumns = [{{ name = \"{column}\", action = \"drop\" }}]\n"
        )
    };
    let project = Project::of(&table("pid"), &recipe("pid", ""));
    project.ok(&["prepare"]);
    project.ok(&["erase", "--subject", "P-0007", "--column", "pid"]);
    std::fs::write(project.path("loans.csv"), table("client")).unwrap();
    std::fs::write(project.path("ingot.toml"), recipe("client", "")).unwrap();
    let refused = project.fails(3, &["prepare"]);
    assert!(refused.contains("pipeline-erasures-renamed"), "{refused}");
    assert!(refused.contains("`pid`") && refused.contains("`client`"), "{refused}");
    assert!(!refused.contains("P-0007"), "{refused}");
    // Called as it was called, the table is made without the person.
    let renamed = recipe("pid", "rename = { client = \"pid\" }\n");
    std::fs::write(project.path("ingot.toml"), renamed).unwrap();
    project.ok(&["prepare"]);
    assert!(!opened(&project).contains("P-0007"));
}
