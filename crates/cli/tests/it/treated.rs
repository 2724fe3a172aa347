//! What the recipe did to columns before training: withheld from the model, or done again to what is asked.

use crate::support::{Project, Server, api_key, files};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// 600 loans with ages, incomes that are missing here and there, and notes of few kinds that name customers.
fn project() -> Project {
    let mut text = String::from("id,age,income,note,tag,late\n");
    for row in 0..600_u32 {
        let age = 20 + (row * 7) % 50;
        let income =
            if row % 11 == 0 { String::new() } else { (3_000 + (row * 137) % 9_000).to_string() };
        let note = format!("客户来电 139{:08}", 10_000_000 + row % 15);
        let tag = [" New", "ＯＬＤ", "vip", ""][(row % 4) as usize];
        let late = (age < 35) != (row % 9 == 0);
        let _ = writeln!(text, "C{row},{age},{income},{note},{tag},{late}");
    }
    let recipe = r#"
[project]
name = "loans"
task = "tabular.binary"
target = "late"
[[source]]
name = "loans"
uri = "loans.csv"
[clean]
normalize = [{ column = "tag", case = "lower" }]
impute = [
  { column = "income", method = "median" },
  { column = "tag", method = "constant", value = "none" },
]
[protect]
columns = [
  { name = "id", action = "hash" },
  { name = "age", action = "generalize", to = { width = 10 } },
]
[train]
trials = 1
"#;
    Project::of(&text, recipe)
}

#[test]
fn personal_data_in_values_stays_out_of_the_model_and_serving_treats_values_as_training_did() {
    let project = project();
    let told = project.warned(&["--lang", "en", "run"]);
    assert!(told.contains("`note` is not used: its values hold personal data"), "{told}");
    assert!(told.contains("`id` is not used: [protect] made tokens"), "{told}");

    let package = project.package();
    let shown = project.ok(&["--json", "inspect", package.to_str().unwrap()]);
    assert!(!shown.contains("客户来电"), "{shown}");
    let manifest: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let inputs = manifest["signature"]["inputs"].as_array().unwrap();
    let names: Vec<&str> = inputs.iter().map(|input| input["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["age", "income", "tag"]);
    let fill = inputs[1]["treatment"]["fill"].as_f64().unwrap();
    assert!((3_000.0..12_000.0).contains(&fill), "{fill}");

    let (_, key) = api_key(&project, &[]);
    let server = Server::start(&project, &package, &[]);
    let ask = |body: serde_json::Value| {
        let answer = server.post("/api/predict", &key, &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["predictions"][0]["score"].as_f64().unwrap()
    };
    let age = |age: f64| ask(serde_json::json!({"age": age, "income": 5_000, "tag": "new"}));
    assert!((age(28.0) - age(20.0)).abs() < 1e-12, "28 and 20 stand in one interval");
    assert!((age(29.9) - age(60.0)).abs() > 1e-3, "intervals differ");
    let income = |value: serde_json::Value| {
        ask(serde_json::json!({"age": 40, "income": value, "tag": "new"}))
    };
    assert!((income(serde_json::Value::Null) - income(fill.into())).abs() < 1e-12);
    let tag = |value: serde_json::Value| {
        ask(serde_json::json!({"age": 40, "income": 5_000, "tag": value}))
    };
    assert!((tag(serde_json::Value::Null) - tag("none".into())).abs() < 1e-12);
    for (sent, known) in [("NEW ", "new"), ("ｏld", "old"), ("  ", "none")] {
        assert!((tag(sent.into()) - tag(known.into())).abs() < 1e-12, "{sent}");
    }
    // What training read is read again: the very file, spelled as it is.
    let scored =
        ["predict", package.to_str().unwrap(), "--input", "loans.csv", "--output", "s.csv"];
    project.ok(&scored);
    assert_eq!(std::fs::read_to_string(project.path("s.csv")).unwrap().lines().count(), 601);
}

#[test]
fn what_describes_single_rows_is_in_no_open_part_of_a_package() {
    let project = crate::support::finished();
    let open = project.path("unpacked");
    let _ = std::fs::remove_dir_all(&open);
    let (package, folder) = (project.package(), open.to_str().unwrap().to_owned());
    project.ok(&["open", package.to_str().unwrap(), "--sealed", "--output", &folder]);
    let lineage = std::fs::read_to_string(open.join("lineage.json")).unwrap();
    for name in ["swarm", "single", "before", "after"] {
        assert!(!lineage.contains(&format!("\"{name}\":")), "{name}");
    }
    // The owner's list names rows by source and number; the page that travels does not.
    let stage = std::fs::read_dir(project.path(".ingot/train")).unwrap().next().unwrap().unwrap();
    let list = std::fs::read_to_string(stage.path().join("suspicious-rows.json")).unwrap();
    assert!(list.contains("core-bank"), "{list}");
    let page = std::fs::read_to_string(open.join("card/training-report.html")).unwrap();
    assert!(page.contains("suspicious-rows.json") && !page.contains("core-bank"));
}

/// 600 customers with a telephone and a number written as numbers, an amount and a day written as texts.
fn customers(rest: &str) -> Project {
    let mut text = String::from("phone,customer,pay,since,age,score,late\n");
    for row in 0..600_u32 {
        let place = u64::from(row);
        let (phone, customer) = (
            13_502_991_214 + place * 7_919_113 % 480_000_000,
            10_000_000 + place * 7_919_113 % 80_000_000,
        );
        let pay = format!("\"￥{},{:03}.50\"", 3 + row * 7 % 90, row * 7 % 1_000);
        let since = format!("{}年{}月{}日", 2_000 + row % 20, 1 + row % 12, 1 + row % 28);
        let (age, score) = (20 + (row * 7) % 50, (row * 31) % 97);
        let late = (age < 35) != (row % 9 == 0);
        let _ = writeln!(text, "{phone},{customer},{pay},{since},{age},{score},{late}");
    }
    let recipe = format!(
        "[project]\nname = \"loans\"\ntask = \"tabular.binary\"\ntarget = \"late\"\n\
         [[source]]\nname = \"loans\"\nuri = \"loans.csv\"\n{rest}\n[train]\ntrials = 1\n"
    );
    Project::of(&text, &recipe)
}

/// The inputs of the project's model, and what its run told.
fn inputs(project: &Project, lang: &str) -> (Vec<String>, String) {
    let told = project.warned(&["--lang", lang, "run"]);
    let shown = project.ok(&["--json", "inspect", project.package().to_str().unwrap()]);
    let manifest: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let inputs = manifest["signature"]["inputs"].as_array().unwrap();
    (inputs.iter().map(|input| input["name"].as_str().unwrap().to_owned()).collect(), told)
}

#[test]
fn numbers_that_identify_are_no_input_and_amounts_in_texts_are_told_from_names() {
    let project = customers("");
    let (names, told) = inputs(&project, "en");
    assert_eq!(names, ["age", "score"]);
    for words in [
        "`phone` is not used: its values hold personal data",
        "`customer` is not used: 480 different numbers of 8 digits in 480 rows look like identifiers",
        "`pay` is not used: its texts look like amounts",
        "`cast = [{ column = \"pay\", to = \"number\" }]`",
        "`since` is not used: its texts look like dates",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let open = project.path("unpacked");
    let (package, folder) = (project.package(), open.to_str().unwrap().to_owned());
    project.ok(&["open", package.to_str().unwrap(), "--sealed", "--output", &folder]);
    let sealed = |part: &PathBuf| part.extension().is_some_and(|kind| kind == "age");
    for part in files(&open).into_iter().filter(|part| !sealed(part)) {
        let bytes = String::from_utf8_lossy(&std::fs::read(&part).unwrap()).replace(',', "");
        assert!(!bytes.contains("13502991214"), "{}", part.display());
    }
}

#[test]
fn the_advice_on_amounts_days_and_measures_makes_inputs_of_them() {
    let project = customers(
        "[clean]\ncast = [{ column = \"pay\", to = \"number\" }, { column = \"since\", to = \"date\" }, \
         { column = \"since\", to = \"integer\" }]\n[protect]\ncolumns = [\
         { name = \"customer\", action = \"generalize\", to = { width = 1000 } }, { name = \"phone\", action = \"hash\" }]",
    );
    let (names, told) = inputs(&project, "zh");
    assert_eq!(names, ["customer", "pay", "since", "age", "score"], "{told}");
    assert!(!told.contains("置为缺失"), "{told}");
    dates_are_asked_for_as_dates(&project);
}

/// Scoring a file and asking the server read a date as the cast did; nothing is taken for days unsaid, and what is far outside is told.
fn dates_are_asked_for_as_dates(project: &Project) {
    let package = project.package();
    let line = |since: &str, age: u32| format!("17,10000000,￥900.50,{since},{age},50\n");
    let rows = [
        line("20110819", 30),
        line("2011-08-19", 30),
        line("2011年8月19日", 30),
        line("15205", 30),
    ];
    let header = "id,customer,pay,since,age,score\n";
    std::fs::write(project.path("new.csv"), header.to_owned() + &rows.concat()).unwrap();
    let package_name = package.to_str().unwrap();
    let args = |input: &str| {
        ["predict", package_name, "--input", input, "--output", "new-out.csv", "--keep", "id"]
            .map(str::to_owned)
    };
    let run = |input: &str| {
        let args = args(input);
        project.warned(&args.each_ref().map(String::as_str))
    };
    assert!(!run("new.csv").contains("warning"));
    let written = std::fs::read_to_string(project.path("new-out.csv")).unwrap();
    let columns = written.lines().next().unwrap();
    assert!(columns.starts_with("row,label,score,probability of "), "{written}");
    assert!(columns.ends_with(",id"), "{written}");
    let scores: Vec<&str> =
        written.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
    assert!(scores.len() == 4 && scores.iter().all(|score| *score == scores[0]), "{written}");
    assert!(scores[0].ends_with(",17"), "{written}");
    std::fs::write(project.path("far.csv"), header.to_owned() + &line("2091-08-19", 150)).unwrap();
    let told = run("far.csv");
    for words in ["pipeline-rows-outside", "in 1 of 1 scored rows `age`", "`since`", " to 20"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    std::fs::write(project.path("no.csv"), header.to_owned() + &line("20111399", 30)).unwrap();
    let no = args("no.csv");
    let told = project.fails(1, &no.each_ref().map(String::as_str));
    assert!(told.contains("the column `since` must be a date"), "{told}");
    let server = Server::start(project, &package, &["--ungoverned"]);
    let ask = |since: serde_json::Value| {
        let row =
            json!({ "customer": 10_000_000, "pay": 900.5, "since": since, "age": 30, "score": 50 });
        server.post("/api/predict", "", &row)
    };
    let score = |since| ask(since).json()["predictions"][0]["score"].clone();
    let day = score(json!("2011-08-19"));
    assert!(day.is_f64());
    assert_eq!(
        [score(json!(20_110_819)), score(json!("2011年8月19日")), score(json!(15_205))],
        [day.clone(), day.clone(), day]
    );
    let refused = ask(json!(20_111_399));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("must be a date"), "{}", refused.body);
    let document = server.request("GET", "/openapi.json", &[], b"").json();
    assert_eq!(document["components"]["schemas"]["Row1"]["properties"]["since"]["format"], "date");
}

#[test]
fn a_rule_of_protect_that_cannot_read_values_says_so_and_one_that_reads_none_is_refused() {
    let rule = |column: &str| {
        format!(
            "[protect]\ncolumns = [{{ name = \"{column}\", action = \"generalize\", to = \"year\" }}]"
        )
    };
    let project = customers(&rule("score"));
    let told = project.fails(2, &["--lang", "en", "run"]);
    assert!(
        told.contains("can read none of its 600 values") && told.contains("to = \"year\""),
        "{told}"
    );
    let project = customers(&rule("since"));
    let path = project.path("loans.csv");
    let text = std::fs::read_to_string(&path).unwrap().replacen("年1月", "soon", 3);
    std::fs::write(&path, text).unwrap();
    let (names, told) = inputs(&project, "en");
    assert!(names.contains(&"since".to_owned()), "{names:?}");
    assert!(told.contains("for column `since` could not read 3 of 600 values"), "{told}");
}

#[test]
fn a_handful_of_test_rows_is_told_and_claims_no_certainty() {
    let project = customers("");
    let path = project.path("loans.csv");
    let text: Vec<String> =
        std::fs::read_to_string(&path).unwrap().lines().take(41).map(str::to_owned).collect();
    std::fs::write(&path, text.join("\n")).unwrap();
    let printed = project.ok(&["--lang", "en", "run"]);
    assert!(printed.contains("too few test rows to tell"), "{printed}");
    let figures = printed.lines().filter(|line| line.contains("accuracy") || line.contains("AUC"));
    assert!(
        figures.clone().count() > 1 && !figures.clone().any(|line| line.contains(" – ")),
        "{printed}"
    );
}
