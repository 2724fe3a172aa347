//! Values that are not there though something stands in their place: NaN, infinities, texts that a cast cannot read.

use super::{Heard, run, source, told};
use arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use ingot_base::{Fault, Lang};
use ingot_data::{
    Cast, CastType, CleanConfig, Expectation, Impute, ImputeMethod, OnFail, Outlier, OutlierAction,
    OutlierMethod, Rule, SourceConfig, read,
};
use std::path::Path;
use std::sync::Arc;

/// Some incomes of a hundred are no numbers.
fn income(row: u32) -> f64 {
    match row % 9 {
        0 if row > 80 => f64::INFINITY,
        0 if row > 70 => f64::NEG_INFINITY,
        4 => f64::NAN,
        _ => f64::from(1_000 + row * 10) + 0.5,
    }
}

/// How many.
const ODD: u64 = 15;

fn batch() -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let income: ArrayRef = Arc::new(Float64Array::from_iter_values((0..100).map(income)));
    RecordBatch::try_from_iter([("id", id), ("income", income)]).unwrap()
}

/// The same table in every format; each source's file.
fn files(folder: &Path) -> [&'static str; 5] {
    assert_eq!((0..100).filter(|row| !income(*row).is_finite()).count() as u64, ODD);
    let lines = |name: fn(f64) -> String| -> String {
        (0..100).map(|row| format!("{row},{}\n", name(income(row)))).collect()
    };
    let pandas = |value: f64| value.to_string();
    std::fs::write(folder.join("a.csv"), format!("id,income\n{}", lines(pandas))).unwrap();
    // A quotation mark anywhere takes the file through another decoder.
    let quoted = lines(|value| format!("\"{value}\""));
    std::fs::write(folder.join("b.csv"), format!("id,income\n{quoted}")).unwrap();
    let json: String = (0..100)
        .map(|row| {
            let name = match income(row) {
                value if value.is_nan() => "NaN".to_owned(),
                value if value.is_finite() => value.to_string(),
                value if value > 0.0 => "Infinity".to_owned(),
                _ => "-Infinity".to_owned(),
            };
            format!("{{\"id\": {row}, \"income\": {name}}}\n")
        })
        .collect();
    std::fs::write(folder.join("c.jsonl"), json).unwrap();
    let file = std::fs::File::create(folder.join("d.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch().schema(), None).unwrap();
    writer.write(&batch()).unwrap();
    writer.close().unwrap();
    let file = std::fs::File::create(folder.join("e.arrow")).unwrap();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(file, &batch().schema()).unwrap();
    writer.write(&batch()).unwrap();
    writer.finish().unwrap();
    ["a.csv", "b.csv", "c.jsonl", "d.parquet", "e.arrow"]
}

fn incomes(folder: &Path) -> Vec<Option<f64>> {
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    let column = |batch: &RecordBatch| -> Vec<Option<f64>> {
        batch.column_by_name("income").unwrap().as_primitive::<Float64Type>().iter().collect()
    };
    batches.iter().flat_map(column).collect()
}

fn not_null() -> Expectation {
    Expectation { column: Some("income".into()), rule: Rule::NotNull, on_fail: OnFail::Fail }
}

fn clip() -> Outlier {
    Outlier {
        column: "income".into(),
        method: OutlierMethod::Iqr(1.5),
        action: OutlierAction::Clip,
    }
}

#[test]
fn nan_and_the_infinities_are_missing_in_every_format_before_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    for file in files(folder.path()) {
        let sources = [source("people", file)];
        let work = |rules: &CleanConfig| run(folder.path(), &sources, rules, 2);
        let heard = Heard::default();
        let plain = CleanConfig::default();
        let outcome = told(folder.path(), &sources, &plain, 2, &heard).unwrap();
        assert_eq!(outcome.before[1].missing, ODD, "{file}");
        assert_eq!(outcome.sources[0].not_finite.get("income"), Some(&ODD), "{file}");
        assert_eq!(outcome.sources[0].quarantined, 0, "{file}");
        let said = heard.of("data-not-finite");
        assert_eq!(said.len(), 1, "{file}: {said:?}");
        for words in ["`income`", "`people`", "15", "无穷大"] {
            assert!(said[0].contains(words), "{file}: {said:?}");
        }

        let rules = CleanConfig { drop_missing: vec!["income".into()], ..CleanConfig::default() };
        assert_eq!(work(&rules).unwrap().rules[0].dropped, ODD, "{file}");
        let rules = CleanConfig { keep: vec!["income > 1000".into()], ..CleanConfig::default() };
        assert_eq!(work(&rules).unwrap().rows_out, 100 - ODD, "{file}");
        let rules = CleanConfig { expect: vec![not_null()], ..CleanConfig::default() };
        assert_eq!(work(&rules).unwrap_err().code(), "data-expectation-failed", "{file}");
        let rules = CleanConfig { outliers: vec![clip()], ..CleanConfig::default() };
        assert_eq!(work(&rules).unwrap().rules[0].changed, 0, "{file}");
        let found = incomes(folder.path());
        assert_eq!(found.iter().filter(|value| value.is_none()).count() as u64, ODD, "{file}");
        let impute = Impute { column: "income".into(), method: ImputeMethod::Median };
        let rules = CleanConfig {
            impute: vec![impute],
            expect: vec![not_null()],
            ..CleanConfig::default()
        };
        assert_eq!(work(&rules).unwrap().rules[0].changed, ODD, "{file}");
        let found = incomes(folder.path());
        assert!(found.iter().all(|value| value.is_some_and(f64::is_finite)), "{file}");
    }
}

#[test]
fn nan_among_whole_numbers_and_beside_a_text_column_is_missing_too() {
    let folder = tempfile::tempdir().unwrap();
    // The types of a file are told by its first 20,000 records: this column is one of whole numbers.
    let text: String = (0..30_000)
        .map(|row| if row == 25_000 { "NaN\n".to_owned() } else { format!("{row}\n") })
        .collect();
    std::fs::write(folder.path().join("a.csv"), format!("n\n{text}")).unwrap();
    let outcome = run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 2).unwrap();
    assert_eq!((outcome.rows_out, outcome.sources[0].quarantined), (30_000, 0));
    assert_eq!(outcome.sources[0].not_finite.get("n"), Some(&1));
    assert_eq!(outcome.before[0].missing, 1);
    // In a table where another source makes the column text, NaN does not become a word.
    files(folder.path());
    std::fs::write(folder.path().join("f.csv"), "id,income\n1,none\n").unwrap();
    let sources = [source("d", "d.parquet"), source("f", "f.csv")];
    let outcome = run(folder.path(), &sources, &CleanConfig::default(), 2).unwrap();
    assert_eq!((outcome.before[1].kind.as_str(), outcome.before[1].missing), ("text", ODD));
}

#[test]
fn a_number_of_32_bits_that_becomes_text_keeps_its_digits() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [Some(0.1), Some(f32::NAN), None, Some(16_777_216.0), Some(f32::INFINITY)];
    let column: ArrayRef = Arc::new(Float32Array::from(numbers.to_vec()));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
    let file = std::fs::File::create(folder.path().join("a.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    std::fs::write(folder.path().join("b.csv"), "x\nnone\n").unwrap();
    let sources = [source("a", "a.parquet"), source("b", "b.csv")];
    let outcome = run(folder.path(), &sources, &CleanConfig::default(), 1).unwrap();
    assert_eq!(outcome.sources[0].not_finite.get("x"), Some(&2));
    let batches = read(&folder.path().join("out.parquet"), None).unwrap();
    let text = |batch: &RecordBatch| -> Vec<Option<String>> {
        let column = arrow::compute::cast(batch.column_by_name("x").unwrap(), &DataType::Utf8);
        column.unwrap().as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    };
    let found: Vec<Option<String>> = batches.iter().flat_map(text).collect();
    let wanted = [Some("0.1"), None, None, Some("16777216.0"), None, Some("none")];
    assert_eq!(found, wanted.map(|text| text.map(str::to_owned)));
}

fn cast(column: &str, to: CastType) -> Cast {
    Cast { column: column.into(), to }
}

/// A table of texts: amounts, of which two cannot be read, and days, of which one cannot.
fn written(folder: &Path) -> SourceConfig {
    let text = "income,day,n\n\"￥1,234.50\",2024.1.31,1.5\n1.23万,2024/1/31,2\n12%,31/01/2024,3\n,,4\nnan,２０２４年１月３１日,5\n\
                3亿,2024-01-31,6.5\n";
    std::fs::write(folder.join("a.csv"), text).unwrap();
    source("m", "a.csv")
}

#[test]
fn every_value_that_a_cast_loses_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let sources = [written(folder.path())];
    let rules = CleanConfig {
        cast: vec![
            cast("income", CastType::Number),
            cast("day", CastType::Date),
            cast("n", CastType::Integer),
        ],
        ..CleanConfig::default()
    };
    let heard = Heard::default();
    let outcome = told(folder.path(), &sources, &rules, 1, &heard).unwrap();
    let wanted = [Some(1234.5), Some(12_300.0), None, None, None, Some(3e8)];
    assert_eq!(incomes(folder.path()), wanted);
    let counts: Vec<(u64, u64)> =
        outcome.rules.iter().map(|rule| (rule.lost, rule.changed)).collect();
    assert_eq!(counts, [(2, 0), (1, 0), (0, 2)], "two numbers lost their fraction");
    let first = outcome.rules[0].first.as_ref().map(|place| (place.source.as_str(), place.row));
    assert_eq!(first, Some(("m", 3)));
    // The count is a figure of its own, and no part of the rule's words.
    let words = &outcome.rules[0].text;
    assert!(!words.en.contains("lost") && !words.zh.contains("丢失"), "{words:?}");
    assert!(outcome.summary().en.contains("3 values lost"), "{}", outcome.summary().en);
    let said = heard.of("data-cast-lost");
    assert_eq!(said.len(), 2, "{said:?}");
    for words in ["`income`", "2 of 5 values", "row 3", "`m`", "第 3 条记录", "header not counted"]
    {
        assert!(said[0].contains(words), "{words}: {said:?}");
    }
    // NaN stands in a text column here: the cast lost it, the source's numbers are all right.
    assert!(heard.of("data-not-finite").is_empty());
}

#[test]
fn an_expectation_that_fails_names_the_row_and_no_word_of_the_other_language() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,结果\n1,好\n2,坏\n3,好\n4,中\n4,好\n").unwrap();
    let sources = [source("m", "a.csv")];
    let expect = |column: &str, rule| CleanConfig {
        expect: vec![Expectation { column: Some(column.into()), rule, on_fail: OnFail::Fail }],
        ..CleanConfig::default()
    };
    let one_of = expect("结果", Rule::OneOf(vec!["好".into(), "坏".into()]));
    let unique = expect("id", Rule::Unique);
    for (rules, row) in [(one_of, 4), (unique, 5)] {
        let fault = run(folder.path(), &sources, &rules, 1).unwrap_err();
        let text = |lang| format!("{} {}", fault.render(lang), fault.hint(lang).unwrap());
        let (en, zh) = (text(Lang::En), text(Lang::Zh));
        assert!(en.contains(&format!("row {row} of source `m`, the header not counted")), "{en}");
        assert!(zh.contains(&format!("第 {row} 条记录（不计表头）")), "{zh}");
        for word in ["expect", "else fail"] {
            assert!(!zh.contains(word), "{zh}");
        }
    }
}

#[test]
fn what_is_set_aside_and_why_a_file_is_none_is_said_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,n\n1,2\n1,2,3\n").unwrap();
    run(folder.path(), &[source("a", "a.csv")], &CleanConfig::default(), 1).unwrap();
    let aside = std::fs::read_to_string(folder.path().join("quarantine.jsonl")).unwrap();
    let aside: serde_json::Value = serde_json::from_str(&aside).unwrap();
    assert_eq!(aside["line"], 3);
    assert_eq!(aside["reason"], "3 fields instead of 2");
    assert_eq!(aside["reason_zh"], "应有 2 个字段，实有 3 个");
    for (name, bytes, words) in [
        ("b.csv", &b"PAR1\x00\x01"[..], "零字节"),
        ("c.csv", b"a,b\n\xff\xff\xff,1\n", "也不是 GB18030"),
        ("d.csv", b"a,b\nc,\"d\ne,f\n", "引号未闭合"),
        ("e.jsonl", b"a\nb\n", "不是 JSON 对象"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let sources = [source("x", name)];
        let fault = run(folder.path(), &sources, &CleanConfig::default(), 1).unwrap_err();
        let cause = std::error::Error::source(&fault).unwrap();
        let cause = cause.downcast_ref::<Fault>().unwrap_or_else(|| panic!("{name}: {cause}"));
        assert!(cause.render(Lang::Zh).contains(words), "{name}: {}", cause.render(Lang::Zh));
    }
}
