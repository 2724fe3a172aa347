//! Amounts as people write them: read by a cast, told where they cannot be, and read again from the same file by the model.

use crate::support::Project;
use std::fmt::Write as _;

/// 400 loans whose incomes are texts of many forms; in some rows one that cannot be read.
fn project() -> Project {
    let mut text = String::from("age,income,owner,late\n");
    for row in 0..400_u32 {
        let amount = 3_000 + (row * 137) % 90_000;
        let income = match row % 5 {
            0 => format!("\"￥{},{:03}.00\"", amount / 1_000, amount % 1_000),
            1 => format!("{}.{:04}万", amount / 10_000, amount % 10_000),
            2 => format!("{amount}元"),
            3 if row % 40 == 3 => "12%".to_owned(),
            _ => amount.to_string(),
        };
        let age = 20 + (row * 7) % 50;
        let owner = if row % 3 == 0 { "yes" } else { "no" };
        let _ = writeln!(text, "{age},{income},{owner},{}", (amount < 40_000) != (row % 9 == 0));
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
cast = [{ column = "income", to = "number" }, { column = "owner", to = "boolean" }]
[train]
trials = 1
"#;
    Project::of(&text, recipe)
}

#[test]
fn the_file_that_a_model_was_trained_from_can_be_scored_and_what_was_lost_is_told() {
    let project = project();
    let told = project.warned(&["--lang", "zh", "run"]);
    for words in ["data-cast-lost", "`income`", "400 个取值中有 10 个", "第 4 条记录（不计表头）"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let package = project.package();
    let package = package.to_str().unwrap();
    let trace = project.ok(&["--lang", "zh", "trace", package]);
    assert!(trace.contains("丢失 10 个取值"), "{trace}");
    let trace = project.ok(&["--lang", "en", "trace", package]);
    assert!(trace.contains("; 10 lost"), "{trace}");

    let scores = |input: &str, output: &str| {
        let args =
            ["--json", "predict", package, "--input", input, "--skip-bad", "--output", output];
        let answer: serde_json::Value = serde_json::from_str(&project.ok(&args)).unwrap();
        let text = std::fs::read_to_string(project.path(output)).unwrap();
        (answer, text)
    };
    let (answer, written) = scores("loans.csv", "scores.csv");
    assert_eq!((&answer["rows"], answer["skipped"].as_array().unwrap().len()), (&390.into(), 10));
    assert_eq!(answer["skipped"][0]["row"], 4);
    // The table that the casts made, with the same numbers in digits, has the same scores.
    let text = std::fs::read_to_string(project.path("loans.csv")).unwrap();
    let mut plain = String::from("age,income,owner,late\n");
    for (row, line) in (0_u32..).zip(text.lines().skip(1)) {
        let amount = 3_000 + (row * 137) % 90_000;
        let (age, rest) = line.split_once(',').unwrap();
        let mut rest = rest.rsplitn(3, ',');
        let (late, owner) = (rest.next().unwrap(), rest.next().unwrap() == "yes");
        let income = if row % 40 == 3 { "12%".to_owned() } else { amount.to_string() };
        let _ = writeln!(plain, "{age},{income},{owner},{late}");
    }
    std::fs::write(project.path("plain.csv"), plain).unwrap();
    assert_eq!(scores("plain.csv", "plain-scores.csv").1, written);
    let refused = project.fails(
        1,
        &["--lang", "zh", "predict", package, "--input", "loans.csv", "--output", "x.csv"],
    );
    assert!(refused.contains("第 4 条记录：列 `income` 在此处不是数值"), "{refused}");
}

#[test]
fn a_wrong_condition_is_told_in_one_sentence_of_the_readers_language() {
    let project = project();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    for (sql, code, zh) in [
        ("sum(age) > 3", "data-sql-not-row", "每次只能看到一行"),
        ("age > ", "data-sql-value", "此处应为取值或列名"),
        ("age = 3 )", "data-sql-rest", "表达式到此应已结束"),
    ] {
        let keep = format!("[clean]\nkeep = ['{sql}']");
        std::fs::write(project.path("ingot.toml"), recipe.replace("[clean]", &keep)).unwrap();
        let told = project.fails(2, &["--lang", "zh", "prepare"]);
        assert!(told.contains(code) && told.contains(zh), "{told}");
        for inner in ["ParserError", "Physical plan", "AggregateFunction"] {
            assert!(!told.contains(inner), "{told}");
        }
        assert!(told.lines().count() < 20, "{told}");
    }
}
