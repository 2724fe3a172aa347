//! Rules about texts: what is dropped, cut and told, and that near duplicates never cross a split.

use super::{rows, run, source};
use arrow::array::{AsArray, RecordBatch};
use ingot_data::{
    CleanConfig, NearRule, OnFail, PassageRule, QualityRule, SetRule, SplitConfig, SplitMethod,
    families, read, split,
};
use ingot_quality::near::{NearConfig, Sketcher};
use ingot_quality::text::{Language, RuleGroup, TextRules};
use std::path::{Path, PathBuf};

fn near(drop: bool) -> NearRule {
    NearRule { column: "note".into(), similarity: 0.8, shingle: 3, drop, seed: 1 }
}

fn lines(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("findings.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Notes of sixty words; every third is a copy of the one before with one word changed.
fn notes(count: usize) -> Vec<String> {
    (0..count)
        .map(|row| {
            let family = row - usize::from(row % 3 == 2);
            let mut words: Vec<String> = (0..60).map(|word| format!("f{family}w{word}")).collect();
            if family != row {
                words[30] = format!("changed{row}");
            }
            words.join(" ")
        })
        .collect()
}

fn table(folder: &Path, notes: &[String]) {
    let body: String = notes
        .iter()
        .enumerate()
        .map(|(row, note)| format!("{},c{},\"{note}\"\n", row % 5, row % 40))
        .collect();
    std::fs::write(folder.join("a.csv"), format!("age,person,note\n{body}")).unwrap();
}

#[test]
fn near_duplicates_are_dropped_or_counted_with_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path(), &notes(300));
    let sources = [source("a", "a.csv")];
    let rules = CleanConfig { near: Some(near(true)), ..CleanConfig::default() };
    let outcome = run(folder.path(), &sources, &rules, 2).unwrap();
    let found = outcome.near.unwrap();
    assert_eq!((outcome.rows_out, found.groups, found.rows), (200, 100, 100));
    assert!(found.exact && found.dropped && found.first[0].similarity > 0.8);
    assert_eq!((found.first[0].row.row, found.first[0].first.row), (3, 2));
    assert!(rows(folder.path()).iter().all(|row| row % 3 != 0), "the later row goes");
    let told = lines(folder.path());
    assert_eq!(told.len(), 100);
    assert_eq!((told[1]["row"].as_u64(), told[1]["first"]["row"].as_u64()), (Some(6), Some(5)));
    let first = std::fs::read(folder.path().join("out.parquet")).unwrap();
    run(folder.path(), &sources, &rules, 1).unwrap();
    assert_eq!(first, std::fs::read(folder.path().join("out.parquet")).unwrap(), "on one thread");
    let rules = CleanConfig { near: Some(near(false)), ..CleanConfig::default() };
    let outcome = run(folder.path(), &sources, &rules, 2).unwrap();
    assert_eq!(
        (outcome.rows_out, outcome.rules[0].flagged, outcome.rules[0].dropped),
        (300, 100, 0)
    );
}

/// Each text differs by a word from the one before: the last is like its neighbours, and too unlike the first.
#[test]
fn a_row_is_dropped_for_one_that_stays_and_is_as_similar_as_told() {
    let folder = tempfile::tempdir().unwrap();
    let words: Vec<String> = (0..60).map(|word| format!("word{word}")).collect();
    let text = |changed: &[usize]| {
        let mut words = words.clone();
        for at in changed {
            words[*at] = format!("other{at}");
        }
        words.join(" ")
    };
    let chain = [text(&[]), text(&[10]), text(&[10, 30]), text(&[10, 30, 50]), text(&[10, 30, 50])];
    table(folder.path(), &chain);
    let rules = CleanConfig { near: Some(near(true)), ..CleanConfig::default() };
    let outcome = run(folder.path(), &[source("a", "a.csv")], &rules, 2).unwrap();
    let config = NearConfig { shingle: 3, seed: 1, ..NearConfig::new(0.8) };
    let sketcher = Sketcher::new(&config);
    let sketches: Vec<_> = chain.iter().map(|text| sketcher.sketch(text).unwrap()).collect();
    let similar = |one: usize, other: usize| sketches[one].similarity(&sketches[other]);
    assert!(similar(3, 2) >= 0.8 && similar(2, 0) >= 0.8 && similar(3, 0) < 0.8, "a chain");
    let found = outcome.near.unwrap();
    assert_eq!((outcome.rows_out, found.groups, found.rows), (2, 1, 3));
    let pairs: Vec<_> = found.first.iter().map(|pair| (pair.row.row, pair.first.row)).collect();
    assert_eq!(pairs, [(2, 1), (3, 1), (5, 4)]);
    for pair in &found.first {
        let at = |place: &ingot_data::Place| usize::try_from(place.row).unwrap() - 1;
        let measured = similar(at(&pair.row), at(&pair.first));
        assert!((pair.similarity - measured).abs() < 1e-12);
    }
}

#[test]
fn near_duplicates_and_persons_never_cross_a_split() {
    let folder = tempfile::tempdir().unwrap();
    let notes = notes(600);
    table(folder.path(), &notes);
    run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    let config = SplitConfig {
        test: 0.25,
        validation: 0.25,
        method: SplitMethod::Random,
        group: None,
        near: Some(near(false)),
        seed: 7,
    };
    let input = folder.path().join("out.parquet");
    let outcome = split(&input, folder.path(), &config, None).unwrap();
    let found = outcome.near.unwrap();
    assert_eq!((found.groups, found.rows, found.crossing), (200, 200, 0));
    // Every pair by brute force, from the files.
    let sketcher = Sketcher::new(&NearConfig::new(0.8));
    let parts: Vec<Vec<_>> = ["train", "validation", "test"]
        .iter()
        .map(|part| {
            let batches = read(&folder.path().join(format!("{part}.parquet")), None).unwrap();
            let texts = |batch: &RecordBatch| -> Vec<_> {
                let texts = batch.column_by_name("note").unwrap().as_string::<i32>().clone();
                texts.iter().map(|text| sketcher.sketch(text.unwrap()).unwrap()).collect()
            };
            batches.iter().flat_map(texts).collect()
        })
        .collect();
    let crossing = |one: &[_], other: &[_]| {
        one.iter()
            .any(|a: &ingot_quality::near::Sketch| other.iter().any(|b| a.similarity(b) >= 0.8))
    };
    assert!(parts.iter().all(|part| part.len() >= 100));
    assert!(
        !crossing(&parts[0], &parts[1])
            && !crossing(&parts[0], &parts[2])
            && !crossing(&parts[1], &parts[2])
    );
    // Persons with rows of several families tie these together: forty persons, two hundred families, few ways to divide.
    let persons = SplitConfig { group: Some("person".into()), near: None, ..config };
    let outcome = split(&input, folder.path(), &persons, None).unwrap();
    assert_eq!((outcome.crossing_groups, outcome.near), (0, None));
}

/// Copies that are years apart: by time they may stand neither on two sides nor in a test of the latest rows.
#[test]
fn by_time_near_duplicates_cross_no_split_and_take_no_old_row_into_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Each copy (every third note) is put 200 rows later than what it copies.
    let notes = notes(600);
    let day = |row: usize| (row + usize::from(row % 3 == 2) * 200) * 10;
    let body: String = notes
        .iter()
        .enumerate()
        .map(|(row, note)| format!("{},{}.25,\"{note}\"\n", row % 5, day(row)))
        .collect();
    std::fs::write(folder.join("a.csv"), format!("age,when,note\n{body}")).unwrap();
    let outcome = run(folder, &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    let config = SplitConfig {
        test: 0.25,
        validation: 0.25,
        method: SplitMethod::Time("when".into()),
        group: None,
        near: Some(near(false)),
        seed: 7,
    };
    let input = folder.join("out.parquet");
    let parts = split(&input, folder, &config, None).unwrap();
    let found = parts.near.clone().unwrap();
    assert_eq!((found.groups, found.crossing), (200, 0));
    let rows: u64 = parts.parts.iter().map(|part| part.rows).sum();
    assert!(found.left_out > 50 && rows + found.left_out == 600, "{parts:?}");
    let times: Vec<Vec<f64>> = ["train", "validation", "test"]
        .iter()
        .map(|part| {
            let batches = read(&folder.join(format!("{part}.parquet")), None).unwrap();
            let times = |batch: &RecordBatch| {
                let times = batch.column_by_name("when").unwrap();
                times.as_primitive::<arrow::datatypes::Float64Type>().values().to_vec()
            };
            batches.iter().flat_map(times).collect()
        })
        .collect();
    let first = |part: usize| times[part].iter().copied().fold(f64::INFINITY, f64::min);
    let last = |part: usize| times[part].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(last(0) < first(1) && last(1) < first(2), "{:?}", parts.times());
    // The test is whole: the latest quarter, whatever stood before.
    assert!((149..=151).contains(&times[2].len()), "{:?}", parts.times());
    let told = parts.times().unwrap();
    let count = found.left_out.to_string();
    assert!(told.en.contains(&format!("{count} row(s) are left out")) && told.zh.contains(&count));
    let page = ingot_data::data_report(&outcome, &ingot_data::ProtectOutcome::default(), &parts);
    assert!(page.html(ingot_base::Lang::En).contains("are left out"));
}

#[test]
fn a_column_of_fractions_divides_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let body: String = (0..200).map(|row| format!("{row},0.{:04}\n", row * 37 % 200)).collect();
    std::fs::write(folder.join("a.csv"), format!("id,when\n{body}")).unwrap();
    run(folder, &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    let config = SplitConfig {
        test: 0.2,
        validation: 0.1,
        method: SplitMethod::Time("when".into()),
        group: None,
        near: None,
        seed: 7,
    };
    let parts = split(&folder.join("out.parquet"), folder, &config, None).unwrap();
    let rows: Vec<u64> = parts.parts.iter().map(|part| part.rows).collect();
    assert_eq!(rows, [140, 20, 40]);
    let spans: Vec<&(String, String)> =
        parts.parts.iter().map(|part| part.times.as_ref().unwrap()).collect();
    assert_eq!(spans[2], &("0.016".to_owned(), "0.0199".to_owned()));
}

#[test]
fn families_are_near_duplicates_and_groups() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path(), &notes(30));
    let rules = CleanConfig::default();
    run(folder.path(), &[source("a", "a.csv")], &rules, 2).unwrap();
    let table = folder.path().join("out.parquet");
    let config = |group: Option<&str>, near: Option<NearRule>| SplitConfig {
        test: 0.2,
        validation: 0.0,
        method: SplitMethod::Random,
        group: group.map(str::to_owned),
        near,
        seed: 1,
    };
    let found = families(&table, &config(None, Some(near(false))), None).unwrap().unwrap();
    assert_eq!(found[..6], [0, 1, 1, 2, 3, 3]);
    assert_eq!(found.iter().max(), Some(&19));
    let by_age = families(&table, &config(Some("age"), None), None).unwrap().unwrap();
    assert_eq!(by_age[..7], [0, 1, 2, 3, 4, 0, 1]);
    // Rows 1 and 2 are alike, so their two groups are one; 4 and 5 join those of row 0.
    let both = families(&table, &config(Some("age"), Some(near(false))), None).unwrap().unwrap();
    assert_eq!((both[1], both[4]), (both[2], both[5]));
    for alone in [config(None, None), config(Some("person"), None)] {
        assert_eq!(families(&table, &alone, None).unwrap(), None);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, all that is told of it")]
fn rules_evaluation_sets_and_passages_tell_rows_and_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut notes: Vec<String> = (0..50)
        .map(|row| {
            (0..30).map(|word| format!("canary{row}x{word}")).collect::<Vec<_>>().join(" ") + "."
        })
        .collect();
    notes[3] = "版权所有 © 某某公司 京ICP备00000000号".into();
    notes[7] = "{ return canary; }".into();
    notes[11] = format!("{} extra", notes[20].trim_end_matches('.'));
    notes[30] = format!("start of it {} the end", &notes[40]);
    table(folder.path(), &notes);
    std::fs::write(
        folder.path().join("set.jsonl"),
        format!(
            "{{\"question\": {:?}}}\n",
            notes[25].split(' ').skip(5).take(15).collect::<Vec<_>>().join(" ")
        ),
    )
    .unwrap();
    let quality = |on_fail| QualityRule {
        column: "note".into(),
        rules: TextRules {
            languages: vec![Language::Zh, Language::En, Language::Other],
            groups: vec![RuleGroup::Boilerplate, RuleGroup::Code],
            limits: std::collections::BTreeMap::new(),
        },
        on_fail,
    };
    let set = |on_fail| SetRule {
        column: "note".into(),
        against: PathBuf::from("set.jsonl"),
        against_column: None,
        tokens: 13,
        share: 0.0,
        on_fail,
    };
    let rules = CleanConfig {
        quality: Some(quality(OnFail::Drop)),
        decontaminate: Some(set(OnFail::Drop)),
        passages: Some(PassageRule { column: "note".into(), tokens: 20 }),
        ..CleanConfig::default()
    };
    let outcome = run(folder.path(), &[source("a", "a.csv")], &rules, 2).unwrap();
    let dropped: Vec<(&str, u64, u64)> = outcome
        .rules
        .iter()
        .map(|rule| (rule.key_path.as_str(), rule.dropped, rule.changed))
        .collect();
    assert_eq!(
        dropped,
        [("clean.quality", 2, 0), ("clean.decontaminate", 1, 0), ("clean.dedupe.passages", 0, 2)]
    );
    let quality_found = outcome.quality.unwrap();
    assert_eq!((quality_found.texts, quality_found.broken), (50, 2));
    let found: Vec<(&str, u64)> =
        quality_found.findings.iter().map(|one| (one.rule.as_str(), one.first[0].row)).collect();
    assert_eq!(found, [("boilerplate_lines", 4), ("curly_braces", 8)]);
    assert_eq!(outcome.set.unwrap().first[0].row, 26);
    let cut = outcome.passages.unwrap();
    assert_eq!((cut.rows, cut.passages), (2, 2));
    assert_eq!(cut.first.iter().map(|place| place.row).collect::<Vec<_>>(), [21, 41]);
    let told = std::fs::read_to_string(folder.path().join("findings.jsonl")).unwrap();
    assert_eq!(told.lines().count(), 5, "{told}");
    assert!(!told.contains("canary"), "a text stands among the findings");
    let strict = CleanConfig { quality: Some(quality(OnFail::Fail)), ..CleanConfig::default() };
    let fault = run(folder.path(), &[source("a", "a.csv")], &strict, 2).unwrap_err();
    assert_eq!(
        (fault.code(), fault.key_path()),
        ("data-expectation-failed", Some("clean.quality"))
    );
    let wrong = CleanConfig {
        near: Some(NearRule { column: "age".into(), ..near(true) }),
        ..CleanConfig::default()
    };
    let fault = run(folder.path(), &[source("a", "a.csv")], &wrong, 1).unwrap_err();
    assert_eq!(
        (fault.code(), fault.key_path()),
        ("data-column-not-text", Some("clean.dedupe.near.column"))
    );
    let absent = SetRule { against_column: Some("answer".into()), ..set(OnFail::Warn) };
    let absent = CleanConfig { decontaminate: Some(absent), ..CleanConfig::default() };
    let fault = run(folder.path(), &[source("a", "a.csv")], &absent, 1).unwrap_err();
    assert_eq!(fault.code(), "data-set-column");
}
