//! Sources to tables and tables to parts, as the pipeline asks for them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::string_slice,
    reason = "inputs of a test need not survive a power cut, and a broken one may panic"
)]

#[cfg(test)]
mod encodings;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod line_ends;
#[cfg(test)]
mod missing;
#[cfg(test)]
mod strays;
#[cfg(test)]
mod texts;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use ingot_base::{Heard, Reporter, Result, Silent, Spelling};
use ingot_data::{
    CleanConfig, CleanJob, CleanOutcome, Expectation, Identity, Impute, ImputeMethod, Normalize,
    OnFail, Outlier, OutlierAction, OutlierMethod, ProtectOutcome, Rule, SourceConfig, SplitConfig,
    SplitMethod, clean, read, split,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn source(name: &str, uri: &str) -> SourceConfig {
    SourceConfig {
        name: name.into(),
        uri: uri.into(),
        weight: 1.0,
        query: None,
        format: None,
        encoding: None,
        rename: BTreeMap::new(),
        identities: BTreeMap::new(),
        named: None,
    }
}

fn run(
    folder: &Path,
    sources: &[SourceConfig],
    rules: &CleanConfig,
    threads: usize,
) -> Result<CleanOutcome> {
    told(folder, sources, rules, threads, &Silent)
}

/// The same; what is worth knowing goes to `reporter`.
fn told(
    folder: &Path,
    sources: &[SourceConfig],
    rules: &CleanConfig,
    threads: usize,
    reporter: &dyn Reporter,
) -> Result<CleanOutcome> {
    let (output, quarantine) = (folder.join("out.parquet"), folder.join("quarantine.jsonl"));
    let personal = BTreeSet::from(["salary".to_owned()]);
    let job = CleanJob {
        base_dir: folder,
        sources,
        clean: rules,
        output: &output,
        quarantine: &quarantine,
        findings: &folder.join("findings.jsonl"),
        encryption: None,
        memory_limit: 8 << 20,
        threads,
        admit: None,
        cluster: None,
        personal: &personal,
    };
    clean(&job, reporter)
}

fn rows(folder: &Path) -> Vec<u64> {
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    let column = |batch: &RecordBatch| {
        batch.column_by_name("_row").unwrap().as_primitive::<UInt64Type>().values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

#[test]
fn malformed_rows_are_set_aside_and_every_other_row_has_one_fate() {
    let folder = tempfile::tempdir().unwrap();
    let text = "id,note,age\n1,\"two\nlines\",30\n2,short\n3,a,x-canary\n4,b,-1\n4,b,-1\n5,c,\n6,d,40\n6,d,40\n";
    // The type of `age` is told by a sample: its one bad value must be rare enough not to make the column text.
    let more: String = (7..30_000).map(|id| format!("{id},n,50\n")).collect();
    std::fs::write(folder.path().join("a.csv"), format!("id,note,age\n{more}{}", &text[12..]))
        .unwrap();
    let rules = CleanConfig {
        drop_missing: vec!["age".into()],
        keep: vec!["age > 0".into()],
        dedupe_exact: true,
        ..CleanConfig::default()
    };
    let outcome = run(folder.path(), &[source("a", "a.csv")], &rules, 2).unwrap();
    let dropped: Vec<(&str, u64)> =
        outcome.rules.iter().map(|rule| (rule.key_path.as_str(), rule.dropped)).collect();
    assert_eq!(dropped, [("clean.drop_missing[0]", 1), ("clean.keep[0]", 2), ("clean.dedupe", 1)]);
    assert_eq!(outcome.sources[0].quarantined, 2);
    assert_eq!(outcome.rows_in, outcome.rows_out + 4);
    let quarantine = std::fs::read_to_string(folder.path().join("quarantine.jsonl")).unwrap();
    assert_eq!(quarantine.lines().count(), 2);
    assert!(
        quarantine.contains("\"line\":29997") && quarantine.contains("\"file\":\"a.csv\""),
        "{quarantine}"
    );
    assert!(!quarantine.contains("canary"), "a cell stands in the quarantine");
}

#[test]
fn of_personal_columns_and_of_few_rows_only_counts_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = |rows: u64| -> String {
        (0..rows).map(|row| format!("{},{}\n", 30 + row, 5_000 + row)).collect()
    };
    let figures = |rows: u64| {
        std::fs::write(folder.path().join("a.csv"), format!("age,salary\n{}", text(rows))).unwrap();
        let outcome =
            run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 1).unwrap();
        [outcome.before, outcome.after].map(|columns| {
            columns.iter().map(|column| (column.mean, column.deviation)).collect::<Vec<_>>()
        })
    };
    for columns in figures(20) {
        assert!(columns[0].0 == Some(39.5) && columns[0].1.is_some(), "{columns:?}");
        assert_eq!(columns[1], (None, None), "the salary is personal");
    }
    for columns in figures(19) {
        assert_eq!(columns, [(None, None), (None, None)], "nineteen people are few");
    }
}

#[test]
fn a_date_becomes_a_number_of_days() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "day\n1970-01-11\n1969-12-31\n").unwrap();
    let cast = vec![ingot_data::Cast { column: "day".into(), to: ingot_data::CastType::Integer }];
    let rules = CleanConfig { cast, ..CleanConfig::default() };
    run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap();
    let batches = read(&folder.path().join("out.parquet"), None).unwrap();
    let days = batches[0].column_by_name("day").unwrap().as_primitive::<Int64Type>();
    assert_eq!(days.values(), &[10, -1]);
}

#[test]
fn empty_text_is_missing_whatever_the_format() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,city\n1,\n2,x\n").unwrap();
    std::fs::write(
        folder.path().join("b.jsonl"),
        "{\"id\":3,\"city\":\"\"}\n{\"id\":4,\"city\":\"y\"}\n",
    )
    .unwrap();
    let batch = RecordBatch::try_from_iter([
        ("id", std::sync::Arc::new(arrow::array::Int64Array::from(vec![5, 6])) as _),
        ("city", std::sync::Arc::new(arrow::array::StringArray::from(vec!["", "z"])) as _),
    ])
    .unwrap();
    let file = std::fs::File::create(folder.path().join("c.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let sources = [source("a", "a.csv"), source("b", "b.jsonl"), source("c", "c.parquet")];
    let outcome = run(folder.path(), &sources, &CleanConfig::default(), 1).unwrap();
    assert_eq!(outcome.before[1].missing, 3);
}

#[test]
fn the_table_does_not_depend_on_the_number_of_threads() {
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut text = String::from("id,amount,note\n");
    for id in 0..60_000 {
        text.push_str(&format!("{},{}.5,\"text, {}\"\n", id % 50_000, id % 977, id % 50_000 % 13));
    }
    let rules = CleanConfig {
        outliers: vec![Outlier {
            column: "amount".into(),
            method: OutlierMethod::Iqr(0.5),
            action: OutlierAction::Clip,
        }],
        dedupe_exact: true,
        ..CleanConfig::default()
    };
    let mut outcomes = Vec::new();
    for (folder, threads) in [(&one, 1), (&many, 5)] {
        std::fs::write(folder.path().join("a.csv"), &text).unwrap();
        outcomes.push(run(folder.path(), &[source("a", "a.csv")], &rules, threads).unwrap());
    }
    assert_eq!(outcomes[0], outcomes[1]);
    let bytes =
        |folder: &tempfile::TempDir| std::fs::read(folder.path().join("out.parquet")).unwrap();
    assert!(bytes(&one) == bytes(&many));
    let rows = rows(one.path());
    assert!(rows.is_sorted() && rows.len() as u64 == outcomes[0].rows_out);
}

#[test]
fn sources_of_different_shape_become_one_table_that_says_how() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,age\n1,30\n2,31\n").unwrap();
    std::fs::write(folder.path().join("b.jsonl"), "{\"id\":3,\"age\":1.5,\"city\":\"x\"}\n")
        .unwrap();
    let (bytes, _, _) = encoding_rs::GB18030.encode("id,city\n4,北京\n");
    std::fs::write(folder.path().join("c.csv"), bytes).unwrap();
    let mut sources = [source("a", "a.csv"), source("b", "b.jsonl"), source("c", "c.csv")];
    sources[1].weight = 2.0;
    let outcome = run(folder.path(), &sources, &CleanConfig::default(), 2).unwrap();
    assert_eq!((outcome.rows_in, outcome.rows_out), (4, 4));
    assert!(
        outcome
            .reconciliation
            .iter()
            .any(|note| note.en.contains("`age`") && note.en.contains("number"))
    );
    let batches = read(&folder.path().join("out.parquet"), None).unwrap();
    let last = batches.last().unwrap();
    let city = arrow::compute::cast(
        last.column_by_name("city").unwrap(),
        &arrow::datatypes::DataType::Utf8,
    )
    .unwrap();
    assert_eq!(city.as_string::<i32>().value(last.num_rows() - 1), "北京");
    assert!(last.column_by_name("_weight").is_some());
}

#[test]
fn a_failing_rule_ends_the_work_and_tells_no_cell() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..200_000).map(|id| format!("{id},canary{id}\n")).collect();
    std::fs::write(folder.path().join("a.csv"), format!("id,note\n{text}")).unwrap();
    let rules =
        CleanConfig { keep: vec!["CAST(note AS INT) > 3".into()], ..CleanConfig::default() };
    let fault = run(folder.path(), &[source("a", "a.csv")], &rules, 2).unwrap_err();
    assert_eq!((fault.code(), fault.key_path()), ("data-rule-failed", Some("clean.keep[0]")));
    let mut said = format!("{fault} {fault:?}");
    let mut cause = std::error::Error::source(&fault);
    while let Some(error) = cause {
        said.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!said.contains("canary"), "{said}");
    assert!(!folder.path().join("out.parquet").exists());
}

#[test]
fn a_cell_that_makes_no_pattern_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let text = "id,note,pattern\n1,a,a\n2,b,CANARY(\n";
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let keep = vec!["regexp_like(note, pattern)".into()];
    let rules = CleanConfig { keep, ..CleanConfig::default() };
    let fault = run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap_err();
    assert_eq!(fault.code(), "data-rule-failed");
    let mut said = format!("{fault} {fault:?}");
    let mut cause = std::error::Error::source(&fault);
    while let Some(error) = cause {
        said.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!said.contains("CANARY"), "{said}");
    assert!(said.contains("Regular expression did not compile"), "{said}");
}

#[test]
fn duplicates_are_no_violation_of_uniqueness() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,v\n1,a\n1,a\n2,b\n").unwrap();
    let unique = |on_fail| Expectation { column: Some("id".into()), rule: Rule::Unique, on_fail };
    let mut rules = CleanConfig {
        dedupe_exact: true,
        expect: vec![unique(OnFail::Fail)],
        ..CleanConfig::default()
    };
    let outcome = run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap();
    assert_eq!(outcome.rows_out, 2);
    rules.dedupe_exact = false;
    let fault = run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap_err();
    assert_eq!(
        (fault.code(), fault.key_path()),
        ("data-expectation-failed", Some("clean.expect[0]"))
    );
}

#[test]
fn nothing_of_a_group_stands_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..3_000).map(|id| format!("{},{id},{}\n", id % 400, id % 3)).collect();
    std::fs::write(folder.path().join("a.csv"), format!("person,id,label\n{text}")).unwrap();
    run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    let config = SplitConfig {
        test: 0.2,
        validation: 0.1,
        method: SplitMethod::Stratified("label".into()),
        group: Some("person".into()),
        near: None,
        seed: 42,
    };
    let outcome = split(&folder.path().join("out.parquet"), folder.path(), &config, None).unwrap();
    assert_eq!(outcome.parts.iter().map(|part| part.rows).sum::<u64>(), 3_000);
    let mut seen: BTreeSet<i64> = BTreeSet::new();
    for part in ["train", "validation", "test"] {
        let batches = read(&folder.path().join(format!("{part}.parquet")), None).unwrap();
        let own: BTreeSet<i64> = batches
            .iter()
            .flat_map(|batch| {
                let people = batch.column_by_name("person").unwrap();
                assert_eq!(people.null_count(), 0);
                people.as_primitive::<Int64Type>().values().to_vec()
            })
            .collect();
        assert!(own.is_disjoint(&seen), "a person stands in {part} and before");
        seen.extend(own);
    }
    assert_eq!(seen.len(), 400);
}

#[test]
fn texts_are_brought_into_one_form_before_other_rules() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "person,name,n\nP7,Ann  Lee,1\n\" ｐ7\",Jose\u{301},2\nP\u{2011}7,José,3\n\"  \",ok,4\n";
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let rule = |column: &str, lower| Normalize {
        column: column.into(),
        spelling: if lower { Spelling::Folded } else { Spelling::Unified },
    };
    let rules = CleanConfig {
        normalize: vec![rule("person", true), rule("name", false)],
        keep: vec!["name <> 'Ann  Lee'".into()],
        drop_missing: vec!["person".into()],
        ..CleanConfig::default()
    };
    let outcome = run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap();
    let batches = read(&folder.path().join("out.parquet"), None).unwrap();
    let cells = |name: &str| -> Vec<String> {
        let column = batches[0].column_by_name(name).unwrap();
        let column = cast(column, &DataType::Utf8).unwrap();
        column.as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    };
    assert_eq!(cells("person"), ["p7", "p7", "p-7"]);
    assert_eq!(cells("name"), ["Ann Lee", "José", "José"]);
    let told: Vec<(&str, u64)> =
        outcome.rules.iter().map(|rule| (rule.key_path.as_str(), rule.changed)).collect();
    assert_eq!(told[0].0, "clean.normalize[0]");
    assert_eq!(told[1], ("clean.normalize[1]", 2));
    let code = |column: &str| {
        let rules = CleanConfig { normalize: vec![rule(column, true)], ..CleanConfig::default() };
        let fault = run(folder.path(), &[source("a", "a.csv")], &rules, 1).unwrap_err();
        (fault.code(), fault.key_path().map(str::to_owned))
    };
    let at = || Some("clean.normalize[0].column".to_owned());
    assert_eq!(code("n"), ("data-column-not-text", at()));
    assert_eq!(code("persn").1, at());
}

#[test]
fn a_group_that_is_written_in_several_ways_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let name = |id: usize, way: usize| match way {
        0 => format!("P{id}"),
        1 => format!("p{id}"),
        _ => format!("Ｐ{id}"),
    };
    let rows = |way: &dyn Fn(usize) -> usize| -> String {
        (0..1_200).map(|row| format!("{},{}\n", name(row / 3, way(row)), row % 2)).collect()
    };
    let config = SplitConfig {
        test: 0.2,
        validation: 0.1,
        method: SplitMethod::Random,
        group: Some("person".into()),
        near: None,
        seed: 42,
    };
    let parts = |text: String| -> Vec<BTreeSet<String>> {
        std::fs::write(folder.path().join("a.csv"), format!("person,label\n{text}")).unwrap();
        run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
        let table = folder.path().join("out.parquet");
        let outcome = split(&table, folder.path(), &config, None).unwrap();
        let groups: u64 = outcome.parts.iter().map(|part| part.groups).sum();
        assert_eq!((groups, outcome.crossing_groups), (400, 0));
        let names = |part: &str| -> BTreeSet<String> {
            let batches = read(&folder.path().join(format!("{part}.parquet")), None).unwrap();
            let cells = batches.iter().flat_map(|batch| {
                let cells = cast(batch.column_by_name("person").unwrap(), &DataType::Utf8).unwrap();
                cells.as_string::<i32>().iter().flatten().map(str::to_lowercase).collect::<Vec<_>>()
            });
            cells.map(|cell| cell.replace('ｐ', "p")).collect()
        };
        ["train", "validation", "test"].map(names).into()
    };
    let several = parts(rows(&|row| row % 3));
    assert_eq!(several.iter().map(BTreeSet::len).sum::<usize>(), 400, "nobody is in two parts");
    assert_eq!(parts(rows(&|_| 0)), several, "spellings move nobody");
}

#[test]
fn what_rules_found_from_the_data_is_told_but_of_personal_columns_and_few_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..41).map(|row| format!("{row},{},\n", 5_000 + row)).collect();
    std::fs::write(folder.path().join("a.csv"), format!("age,salary,town\n{text}9,,x\n,9,x\n"))
        .unwrap();
    let impute = |column: &str, method| Impute { column: column.into(), method };
    let mut rules = CleanConfig {
        impute: vec![
            impute("age", ImputeMethod::Median),
            impute("salary", ImputeMethod::Median),
            impute("town", ImputeMethod::Mode),
        ],
        outliers: vec![Outlier {
            column: "age".into(),
            method: OutlierMethod::Quantile(0.25),
            action: OutlierAction::Clip,
        }],
        ..CleanConfig::default()
    };
    let page = |rules: &CleanConfig| -> String {
        let outcome = run(folder.path(), &[source("a", "a.csv")], rules, 1).unwrap();
        let config = SplitConfig {
            test: 0.2,
            validation: 0.0,
            method: SplitMethod::Random,
            group: None,
            near: None,
            seed: 1,
        };
        let parts = split(&folder.path().join("out.parquet"), folder.path(), &config, None);
        let page = ingot_data::data_report(&outcome, &ProtectOutcome::default(), &parts.unwrap());
        page.html(ingot_base::Lang::En)
    };
    let told = page(&rules);
    for words in ["<td>19.5</td>", "<td>x</td>", "<td>9.25 … 29.75</td>"] {
        assert!(told.contains(words), "{words}");
    }
    assert!(!told.contains("5,020") && !told.contains("5020"), "the salary is personal");
    rules.keep = vec!["age < 10".into()];
    assert!(!page(&rules).contains("<td>x</td>"), "eleven rows are few");
}

#[test]
fn a_split_by_time_tells_the_times_of_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (1..=28).map(|day| format!("{day},2024-02-{day:02}\n")).collect();
    std::fs::write(folder.path().join("a.csv"), format!("id,day\n{text}")).unwrap();
    run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 1).unwrap();
    let config = SplitConfig {
        test: 0.25,
        validation: 0.0,
        method: SplitMethod::Time("day".into()),
        group: None,
        near: None,
        seed: 1,
    };
    let mut outcome =
        split(&folder.path().join("out.parquet"), folder.path(), &config, None).unwrap();
    let told = outcome.times().unwrap();
    assert_eq!(
        told.en,
        "Divided by time (`day`): train 2024-02-01 … 2024-02-21; test 2024-02-22 … 2024-02-28."
    );
    assert!(told.zh.contains("训练 2024-02-01 … 2024-02-21；测试 2024-02-22"), "{}", told.zh);
    outcome.time = None;
    assert!(outcome.times().is_none());
}

#[test]
fn a_stray_quote_takes_one_row_out_and_swallows_none() {
    let folder = tempfile::tempdir().unwrap();
    let line = |row: u32| match row {
        300 | 350 => format!("{row},\"5 inch,9\n"),
        _ => format!("{row},\"text, {row}\",9\n"),
    };
    let text: String = (1..=550).map(line).collect();
    std::fs::write(folder.path().join("a.csv"), format!("id,txt,n\n{text}")).unwrap();
    let heard = Heard::default();
    let sources = [source("a", "a.csv")];
    let outcome = told(folder.path(), &sources, &CleanConfig::default(), 2, &heard).unwrap();
    assert_eq!((outcome.rows_in, outcome.rows_out, outcome.sources[0].quarantined), (548, 548, 2));
    let wanted: Vec<u64> = (1..=550).filter(|row| *row != 300 && *row != 350).collect();
    assert_eq!(rows(folder.path()), wanted);
    let lines = std::fs::read_to_string(folder.path().join("quarantine.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| &line["line"]).collect::<Vec<_>>(), [301, 351]);
    assert!(
        lines[0]["reason"].as_str().unwrap().contains("quote")
            && !lines[0].to_string().contains("inch")
    );
    assert_eq!(heard.of("data-quarantined").len(), 1);
}

/// A cast would make one person of several: it is not advised where a column tells persons apart.
#[test]
fn only_of_what_is_no_identity_it_is_said_that_a_cast_would_make_it_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..99).map(|row| format!("{row},{row}\n")).collect();
    std::fs::write(folder.path().join("a.csv"), format!("id,paid\n1E2a,none yet\n{rows}")).unwrap();
    let mut sources = [source("a", "a.csv")];
    let rules = CleanConfig::default();
    let said = |sources: &[SourceConfig]| {
        let heard = Heard::default();
        told(folder.path(), sources, &rules, 2, &heard).unwrap();
        heard.of("data-numbers-mixed")
    };
    assert_eq!(said(&sources).len(), 2);
    sources[0].identities.insert("id".into(), Identity::Replaced);
    let said = said(&sources);
    assert!(said.len() == 1 && said[0].contains("paid"), "{said:?}");
}

#[test]
fn an_expectation_that_only_warns_does_warn() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,age\n1,30\n1,-1\n2,-2\n3,40\n").unwrap();
    let expect = |column: &str, rule| Expectation {
        column: Some(column.into()),
        rule,
        on_fail: OnFail::Warn,
    };
    let range = Rule::Range { min: Some(0.0), max: None };
    let rules = CleanConfig {
        expect: vec![expect("age", range), expect("id", Rule::Unique), expect("id", Rule::NotNull)],
        ..CleanConfig::default()
    };
    let heard = Heard::default();
    let sources = [source("a", "a.csv")];
    assert_eq!(told(folder.path(), &sources, &rules, 2, &heard).unwrap().rows_out, 4);
    let said = heard.of("data-expectation-unmet");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("2 row(s)") && said[0].contains("age"), "{said:?}");
    assert!(said[1].starts_with("1 row(s)") && said[1].contains("id"), "{said:?}");
}
