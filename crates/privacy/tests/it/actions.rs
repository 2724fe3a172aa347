//! Every action on every type it takes.

use crate::support::{apply, generalize, keys, mask, renamed, rule, shown, some, table, text};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray,
    Float32Array, Float64Array, Int8Array, Int32Array, Int64Array, LargeStringArray, NullArray,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use ingot_base::{Lang, Personal};
use ingot_privacy::{
    Action, Generalize, Protector, decrypt_value, encrypt_value, hash_value, unshift_date,
};
use std::collections::HashMap;
use std::sync::Arc;

/// 1985-07-03 in days and in seconds.
const DAY: i32 = 5_662;
const INSTANT: i64 = DAY as i64 * 86_400;

#[test]
fn one_value_has_one_token_however_it_is_stored() {
    let stored: Vec<(&str, ArrayRef)> = vec![
        ("17", Arc::new(Int8Array::from(vec![17]))),
        ("17", Arc::new(Int64Array::from(vec![17]))),
        ("17", Arc::new(UInt64Array::from(vec![17]))),
        ("17", Arc::new(Float32Array::from(vec![17.0]))),
        ("17", Arc::new(Float64Array::from(vec![17.0]))),
        ("17", Arc::new(StringArray::from(vec!["17"]))),
        ("17", Arc::new(LargeStringArray::from(vec!["17"]))),
        ("17", Arc::new(StringViewArray::from(vec!["17"]))),
        ("17", Arc::new(DictionaryArray::<Int32Type>::from_iter(["17"]))),
        ("-2.5", Arc::new(Float64Array::from(vec![-2.5]))),
        (
            "-2.50",
            Arc::new(Decimal128Array::from(vec![-250]).with_precision_and_scale(10, 2).unwrap()),
        ),
        ("true", Arc::new(BooleanArray::from(vec![true]))),
        ("1985-07-03", Arc::new(Date32Array::from(vec![DAY]))),
        ("1985-07-03", Arc::new(Date64Array::from(vec![INSTANT * 1_000]))),
        ("1985-07-03T00:00:00", Arc::new(TimestampSecondArray::from(vec![INSTANT]))),
        (
            "1985-07-03T00:00:00.5",
            Arc::new(TimestampMicrosecondArray::from(vec![INSTANT * 1_000_000 + 500_000])),
        ),
        (
            "1985-07-02T16:00:00Z",
            Arc::new(TimestampSecondArray::from(vec![INSTANT - 28_800]).with_timezone("+08:00")),
        ),
    ];
    for (value, array) in stored {
        let kind = array.data_type().clone();
        let personal = Personal::new(value.to_owned());
        let (encrypted, _) = apply(Action::Encrypt, array.clone()).unwrap();
        assert_eq!(
            shown(&encrypted),
            [Some(encrypt_value(&keys(), "c", &personal).unwrap())],
            "{kind}"
        );
        let token = shown(&encrypted)[0].clone().unwrap();
        assert_eq!(decrypt_value(&keys(), "c", &token).unwrap().expose(), value, "{kind}");
        let (hashed, _) = apply(Action::Hash, array.clone()).unwrap();
        assert_eq!(shown(&hashed), [Some(hash_value(&keys(), "c", &personal).unwrap())], "{kind}");
        let (masked, _) = apply(mask(0, 0), array).unwrap();
        assert_eq!(shown(&masked), [Some("*".repeat(value.chars().count()))], "{kind}");
    }
}

#[test]
fn nulls_stay_null_under_every_action() {
    for action in [
        Action::Encrypt,
        Action::Hash,
        mask(1, 1),
        Action::Generalize(Generalize::Year),
        Action::Generalize(Generalize::Month),
        Action::Generalize(Generalize::Decade),
        Action::Generalize(Generalize::Width(10.0)),
        Action::Generalize(Generalize::Prefix(2)),
    ] {
        let nothing: ArrayRef = Arc::new(NullArray::new(3));
        let (array, unreadable) = apply(action.clone(), nothing).unwrap();
        assert_eq!((array.logical_null_count(), unreadable), (3, 0), "{action:?}");
        let numbers = matches!(action, Action::Generalize(Generalize::Width(_)));
        let one: ArrayRef = if numbers {
            Arc::new(Int64Array::from(vec![None, Some(1)]))
        } else {
            text(&[None, Some("1985-07-03")])
        };
        let (array, unreadable) = apply(action.clone(), one).unwrap();
        assert!(array.is_null(0) && array.is_valid(1) && unreadable == 0, "{action:?}");
    }
}

#[test]
fn masks_count_unicode_characters_and_never_show_a_whole_value() {
    let values = text(&[
        Some("15400001234"),
        Some("欧阳小明"),
        Some("李"),
        Some("张伟"),
        Some(""),
        Some("é😀z"),
    ]);
    let (array, _) = apply(mask(3, 4), values.clone()).unwrap();
    assert_eq!(shown(&array), some(&["154****1234", "****", "*", "**", "", "***"]));
    let (array, _) = apply(mask(1, 0), values).unwrap();
    assert_eq!(shown(&array), some(&["1**********", "欧***", "*", "张*", "", "é**"]));
    let (array, _) = apply(
        Action::Mask { keep_start: 0, keep_end: usize::MAX, with: '○' },
        text(&[Some("张伟")]),
    )
    .unwrap();
    assert_eq!(shown(&array), some(&["○○"]));
}

#[test]
fn dates_become_coarser_from_every_type_and_others_become_null_and_are_counted() {
    let stored: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(vec![DAY])),
        Arc::new(Date64Array::from(vec![INSTANT * 1_000])),
        Arc::new(TimestampNanosecondArray::from(vec![INSTANT * 1_000_000_000])),
        // Half past midnight in Shanghai, still the day before in UTC.
        Arc::new(TimestampSecondArray::from(vec![INSTANT - 27_000]).with_timezone("+08:00")),
        Arc::new(Int32Array::from(vec![19_850_703])),
        Arc::new(Int64Array::from(vec![19_850_703])),
        Arc::new(Float64Array::from(vec![19_850_703.0])),
        text(&[Some("1985-07-03")]),
        text(&[Some("19850703")]),
        text(&[Some("1985年7月3日")]),
        Arc::new(StringViewArray::from(vec!["1985/07/03"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["1985-07-03 10:00:00"])),
    ];
    for array in stored {
        let kind = array.data_type().clone();
        assert_eq!(generalize(Generalize::Year, array.clone()), (some(&["1985"]), 0), "{kind}");
        assert_eq!(generalize(Generalize::Month, array.clone()), (some(&["1985-07"]), 0), "{kind}");
        assert_eq!(generalize(Generalize::Decade, array), (some(&["1980"]), 0), "{kind}");
    }
    let mixed = text(&[Some("1985-07-03"), Some("1985-02-30"), Some("张伟"), None, Some("")]);
    assert_eq!(
        generalize(Generalize::Year, mixed.clone()),
        (vec![Some("1985".into()), None, None, None, None], 3)
    );
    assert_eq!(
        generalize(Generalize::Month, mixed),
        (vec![Some("1985-07".into()), None, None, None, None], 3)
    );
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![19_851_303, 7, -19_850_703]));
    assert_eq!(generalize(Generalize::Year, numbers), (vec![None; 3], 3));
    let far: ArrayRef = Arc::new(Date32Array::from(vec![i32::MAX, i32::MIN]));
    assert_eq!(generalize(Generalize::Decade, far), (vec![None; 2], 2));
}

#[test]
fn numbers_become_lower_ends_without_overflow() {
    let whole: ArrayRef =
        Arc::new(Int64Array::from(vec![Some(27), Some(-1), None, Some(i64::MIN), Some(i64::MAX)]));
    let (array, unreadable) = apply(Action::Generalize(Generalize::Width(10.0)), whole).unwrap();
    assert_eq!(array.data_type(), &DataType::Int64);
    assert_eq!(
        shown(&array),
        [Some("20".into()), Some("-10".into()), None, None, Some("9223372036854775800".into())]
    );
    assert_eq!(unreadable, 1);
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
    assert_eq!(generalize(Generalize::Width(10.0), unsigned), (some(&["18446744073709551610"]), 0));
    let small: ArrayRef = Arc::new(Int8Array::from(vec![-128]));
    assert_eq!(generalize(Generalize::Width(100.0), small), (some(&["-200"]), 0));
    let floating: ArrayRef = Arc::new(Float64Array::from(vec![27.3, f64::NAN, f64::INFINITY, 0.3]));
    assert_eq!(
        generalize(Generalize::Width(0.1), floating),
        (vec![Some("27.3".into()), None, None, Some("0.3".into())], 2)
    );
    let decimal: ArrayRef =
        Arc::new(Decimal128Array::from(vec![2_750]).with_precision_and_scale(10, 2).unwrap());
    assert_eq!(generalize(Generalize::Width(5.0), decimal), (some(&["25.0"]), 0));
}

#[test]
fn prefixes_count_unicode_characters() {
    let places = text(&[Some("北京市海淀区中关村"), Some("北京"), Some("")]);
    assert_eq!(generalize(Generalize::Prefix(3), places), (some(&["北京市", "北京", ""]), 0));
}

#[test]
fn a_table_keeps_its_order_and_loses_dropped_columns_and_their_metadata() {
    let columns = vec![
        ("customer_id", text(&[Some("C-1"), Some("C-2")])),
        ("name", text(&[Some("张小明"), None])),
        ("age", Arc::new(Int64Array::from(vec![27, 31])) as ArrayRef),
    ];
    let batch = table(columns);
    let telling = HashMap::from([("examples".to_owned(), "C-1".to_owned())]);
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_metadata(telling.clone()))
        .collect();
    let batch = batch.with_schema(Arc::new(Schema::new(fields))).unwrap();
    let rules =
        vec![renamed("customer_id", "user_id", Action::Encrypt), rule("name", Action::Drop)];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let protected = protector.apply(batch.clone()).unwrap();
    let schema = protected.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["user_id", "age"]);
    assert!(schema.field(0).metadata().is_empty() && !schema.field(1).metadata().is_empty());
    assert_eq!(protected.column(1), batch.column(2));
    assert_eq!(protected, protector.apply(batch).unwrap());
}

#[test]
fn a_name_may_pass_from_one_column_to_another_and_all_columns_may_go() {
    let batch = table(vec![("a", text(&[Some("x")])), ("b", text(&[Some("y")]))]);
    let rules = vec![renamed("a", "b", Action::Hash), renamed("b", "a", Action::Hash)];
    let protected =
        Protector::new(rules, keys(), &batch.schema()).unwrap().apply(batch.clone()).unwrap();
    let expected = hash_value(&keys(), "b", &Personal::new("x".to_owned())).unwrap();
    assert_eq!(shown(protected.column_by_name("b").unwrap()), [Some(expected)]);
    let rules = vec![rule("a", Action::Drop), rule("b", Action::Drop)];
    let protected = Protector::new(rules, keys(), &batch.schema()).unwrap().apply(batch).unwrap();
    assert_eq!((protected.num_columns(), protected.num_rows()), (0, 1));
}

#[test]
fn the_summary_says_what_happened_in_both_languages() {
    let batch = table(vec![("id", text(&[Some("1")])), ("birthday", text(&[Some("soon")]))]);
    let rules = vec![
        renamed("id", "user_id", Action::Encrypt),
        rule("birthday", Action::Generalize(Generalize::Year)),
    ];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    protector.apply(batch).unwrap();
    let summary = protector.summary();
    assert_eq!(
        summary[0].get(Lang::En),
        "`id` → `user_id`: encrypted with AES-256-SIV; the key holder can reverse it"
    );
    assert_eq!(
        summary[1].get(Lang::En),
        "`birthday`: reduced to the year; 1 unreadable value became missing"
    );
    assert_eq!(summary[1].get(Lang::Zh), "`birthday`：已泛化为年份；1 个无法识别的值已置为缺失");
}

#[test]
fn dates_of_a_person_move_together_and_back() {
    let batch = table(vec![
        ("id", text(&[Some("p1"), Some("p2"), Some("p1"), None, Some("p2")])),
        (
            "admitted",
            text(&[
                Some("2024-02-28"),
                Some("2024/2/28"),
                Some("2024-03-10"),
                Some("2024-03-10"),
                Some("soon"),
            ]),
        ),
        ("died", text(&[Some("2025-01-01"), None, None, None, None])),
    ]);
    let shift = || Action::Shift { person: "id".into(), days: 180 };
    let rules = vec![rule("id", Action::Encrypt), rule("admitted", shift()), rule("died", shift())];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let out = protector.apply(batch).unwrap();
    let admitted = shown(out.column(1));
    let back = |person: &str, date: &Option<String>| {
        let person = Personal::new(person.to_owned());
        let date = date.clone().unwrap();
        unshift_date(&keys(), 180, &person, &date).unwrap().expose().clone()
    };
    assert_eq!(back("p1", &admitted[0]), "2024-02-28");
    assert_eq!(back("p2", &admitted[1]), "2024-02-28");
    assert_eq!(back("p1", &admitted[2]), "2024-03-10");
    assert_eq!(back("p1", &shown(out.column(2))[0]), "2025-01-01");
    assert_ne!(admitted[0], admitted[1]);
    assert_ne!(admitted[0].as_deref(), Some("2024-02-28"));
    // No person, or no date: nothing, and it is counted.
    assert_eq!(admitted[3..], [None, None]);
    assert_eq!(protector.lost(), [(1, 2, 5)], "two of five, and of the other rules none");
}

#[test]
fn a_shift_keeps_days_days_and_needs_its_person() {
    let days = cast(&text(&[Some("2024-02-28")]), &DataType::Date32).unwrap();
    let batch = table(vec![("id", text(&[Some("p1")])), ("seen", days)]);
    let shift =
        |person: &str| vec![rule("seen", Action::Shift { person: person.into(), days: 30 })];
    let protector = Protector::new(shift("id"), keys(), &batch.schema()).unwrap();
    assert_eq!(protector.apply(batch.clone()).unwrap().column(1).data_type(), &DataType::Date32);
    for (person, code) in [("who", "privacy-column-missing"), ("seen", "privacy-type-without-text")]
    {
        let fault = Protector::new(shift(person), keys(), &batch.schema()).unwrap_err();
        assert_eq!((fault.code(), fault.key_path()), (code, Some("protect.columns[0].person")));
    }
}

#[test]
fn a_whole_number_is_encrypted_in_its_format_without_its_point() {
    let (array, lost) = apply(
        Action::Fpe,
        text(&[Some("7015227.0"), Some("7015227"), Some("７０１５２２７"), Some("7015227.5")]),
    )
    .unwrap();
    let cells = shown(&array);
    assert_eq!((lost, &cells[0]), (0, &cells[1]));
    let digits = cells[0].as_deref().unwrap();
    assert!(digits.len() == 7 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
    // Whatever else is no digit stays.
    assert_eq!(cells[3].as_deref().and_then(|cell| cell.find('.')), Some(7));
    let short = apply(Action::Fpe, text(&[Some("4600.00")])).unwrap_err();
    assert_eq!(short.code(), "privacy-domain-of-column", "4600 has four digits");
}
