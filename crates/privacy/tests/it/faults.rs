//! What is refused before a single row is touched.

use crate::support::{keys, mask, renamed, rule, table, text};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Int8Array, Int64Array, RecordBatch, TimestampSecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Fault, Secret};
use ingot_privacy::{Action, ColumnKeys, ColumnRule, Generalize, Protector};
use std::sync::Arc;

fn batch() -> RecordBatch {
    table(vec![
        ("name", text(&[Some("张小明")])),
        ("phone", text(&[Some("15400001234")])),
        ("age", Arc::new(Int64Array::from(vec![27])) as ArrayRef),
        ("small", Arc::new(Int8Array::from(vec![27]))),
        ("flag", Arc::new(BooleanArray::from(vec![true]))),
        ("photo", Arc::new(BinaryArray::from_vec(vec![b"x"]))),
        ("seen", Arc::new(TimestampSecondArray::from(vec![0]).with_timezone("Asia/Shanghai"))),
        ("_row", Arc::new(Int64Array::from(vec![1]))),
    ])
}

fn refused(rules: Vec<ColumnRule>) -> Fault {
    Protector::new(rules, keys(), &batch().schema()).map(|_| ()).unwrap_err()
}

#[test]
fn every_fault_has_its_code_and_its_place_in_the_recipe() {
    use Generalize::{Prefix, Width, Year};
    let of = |to| Action::Generalize(to);
    for (rules, code, place) in [
        (vec![rule("nmae", Action::Hash)], "privacy-column-missing", "protect.columns[0].name"),
        (
            vec![rule("name", Action::Hash), rule("name", Action::Drop)],
            "privacy-rule-twice",
            "protect.columns[1].name",
        ),
        (vec![rule("_row", Action::Drop)], "privacy-column-reserved", "protect.columns[0].name"),
        (
            vec![renamed("name", "_source", Action::Hash)],
            "privacy-column-reserved",
            "protect.columns[0].as",
        ),
        (vec![renamed("name", "age", Action::Hash)], "privacy-name-taken", "protect.columns[0].as"),
        (
            vec![renamed("name", "x", Action::Hash), renamed("phone", "x", Action::Hash)],
            "privacy-name-taken",
            "protect.columns[1].as",
        ),
        (vec![renamed("name", "", Action::Hash)], "privacy-name-empty", "protect.columns[0].as"),
        (vec![renamed("name", "x", Action::Drop)], "privacy-drop-renamed", "protect.columns[0].as"),
        (
            vec![rule("photo", Action::Encrypt)],
            "privacy-type-without-text",
            "protect.columns[0].action",
        ),
        (vec![rule("photo", mask(0, 0))], "privacy-type-without-text", "protect.columns[0].action"),
        (vec![rule("flag", of(Year))], "privacy-type-without-date", "protect.columns[0].action"),
        (vec![rule("small", of(Year))], "privacy-type-without-date", "protect.columns[0].action"),
        (vec![rule("seen", of(Year))], "privacy-zone-unknown", "protect.columns[0].to"),
        (
            vec![rule("name", of(Width(10.0)))],
            "privacy-type-without-number",
            "protect.columns[0].action",
        ),
        (vec![rule("age", of(Width(0.0)))], "privacy-width-invalid", "protect.columns[0].to"),
        (vec![rule("age", of(Width(f64::NAN)))], "privacy-width-invalid", "protect.columns[0].to"),
        (vec![rule("age", of(Prefix(2)))], "privacy-type-not-text", "protect.columns[0].action"),
        (vec![rule("name", of(Prefix(0)))], "privacy-prefix-invalid", "protect.columns[0].to"),
        (
            vec![rule("name", Action::Mask { keep_start: 0, keep_end: 0, with: '\n' })],
            "privacy-mask-invalid",
            "protect.columns[0].with",
        ),
    ] {
        let fault = refused(rules);
        assert_eq!((fault.code(), fault.key_path()), (code, Some(place)));
        for lang in [ingot_base::Lang::En, ingot_base::Lang::Zh] {
            let said = format!("{} {}", fault.render(lang), fault.hint(lang).unwrap());
            assert!(!said.contains('{') && !said.contains("小明"), "{said}");
        }
    }
}

#[test]
fn a_type_is_told_in_a_readers_words() {
    let fault = refused(vec![rule("name", Action::Generalize(Generalize::Width(10.0)))]);
    let told = [ingot_base::Lang::En, ingot_base::Lang::Zh].map(|lang| fault.render(lang));
    assert!(told[0].contains("has type text,") && told[1].contains("类型是 文本，"), "{told:?}");
    let fault = refused(vec![rule("photo", Action::Encrypt)]).to_string();
    assert!(fault.contains("has type lists, structures or bytes,"), "{fault}");
}

#[test]
fn a_column_that_is_there_twice_is_refused_rather_than_half_protected() {
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let fault = Protector::new(vec![rule("name", Action::Hash)], keys(), &schema).unwrap_err();
    assert_eq!(fault.code(), "privacy-column-ambiguous");
}

#[test]
fn another_schema_and_short_keys_are_refused() {
    let protector =
        Protector::new(vec![rule("name", Action::Hash)], keys(), &batch().schema()).unwrap();
    let other = table(vec![("name", text(&[Some("张小明")]))]);
    assert_eq!(protector.apply(other).unwrap_err().code(), "base-internal");
    let short = ColumnKeys { encrypt: Secret::new(vec![0; 64]), hash: Secret::new(vec![0; 31]) };
    assert_eq!(
        Protector::new(vec![], short, &batch().schema()).unwrap_err().code(),
        "privacy-key-length"
    );
}

#[test]
fn nothing_a_program_prints_of_a_protector_is_a_key_or_a_value() {
    let protector =
        Protector::new(vec![rule("name", Action::Hash)], keys(), &batch().schema()).unwrap();
    protector.apply(batch()).unwrap();
    let printed = format!("{protector:?} {:?}", protector.summary());
    assert!(
        printed.contains("Secret(…)") && !printed.contains("张小明") && !printed.contains("64, 65"),
        "{printed}"
    );
}
