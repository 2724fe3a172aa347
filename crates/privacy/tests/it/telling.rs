//! Columns beside the quasi-identifiers that tell one of them again.

use crate::support::table;
use arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use ingot_privacy::attack::{Coarsened, Pair, Relation, Telling};
use std::sync::Arc;

const PERSONS: i64 = 400;

/// Draws that look like chance, the same every time.
fn draw(row: i64, salt: i64) -> i64 {
    let mut state = (row * 7_919 + salt * 104_729 + 17).cast_unsigned();
    for _ in 0..4 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    (state >> 33).cast_signed()
}

fn age(row: i64) -> i64 {
    20 + draw(row, 1) % 50
}

fn texts(of: impl Fn(i64) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..PERSONS).map(of)))
}

fn sex(row: i64) -> &'static str {
    if draw(row, 2) % 2 == 0 { "male" } else { "female" }
}

/// Ages and sexes before, and after in classes; ages of `width` years, sexes hidden.
fn coarsened(width: i64) -> Coarsened {
    let known = table(vec![
        ("age", Arc::new(Int64Array::from_iter_values((0..PERSONS).map(age))) as ArrayRef),
        ("sex", texts(|row| sex(row).to_owned())),
    ]);
    let class = |row: i64| age(row).div_euclid(width) * width;
    let released = table(vec![
        ("age", texts(|row| format!("[{}, {})", class(row), class(row) + width))),
        ("sex", texts(|_| "*".to_owned())),
    ]);
    let truth: Vec<Option<usize>> = (0..known.num_rows()).map(Some).collect();
    let quasi = [Pair::same("age"), Pair::same("sex")];
    Coarsened::new(&[known], &[released], &truth, &quasi, None).unwrap()
}

fn told(coarsened: &Coarsened, array: ArrayRef) -> Vec<Telling> {
    coarsened.told_by(&[table(vec![("other", array)])], "other").unwrap()
}

fn by(told: &[Telling]) -> Vec<(&str, Relation)> {
    told.iter().map(|one| (one.quasi.as_str(), one.relation)).collect()
}

fn born(row: i64) -> i32 {
    i32::try_from(1994 - age(row) - draw(row, 3) % 2).unwrap()
}

#[test]
fn a_year_or_day_of_birth_tells_an_age_in_classes() {
    let coarsened = coarsened(5);
    let years = || (0..PERSONS).map(born);
    let told_by = told(&coarsened, Arc::new(Int32Array::from_iter_values(years())));
    assert_eq!(by(&told_by), [("age", Relation::Rank)]);
    assert!(told_by[0].strength > 0.99, "{told_by:?}");
    assert!(told_by[0].how().en.starts_with("Spearman's rank correlation"), "{told_by:?}");
    let days = Date32Array::from_iter_values(years().map(|year| (year - 1970) * 365));
    assert_eq!(by(&told(&coarsened, Arc::new(days))), [("age", Relation::Rank)]);
    for written in ["{}-05-01", "{}-05", "{}/5/1"] {
        let text = texts(|row| written.replace("{}", &born(row).to_string()));
        assert_eq!(by(&told(&coarsened, text)), [("age", Relation::Rank)], "{written}");
    }
    let younger = texts(|row| (age(row) * 12 + draw(row, 4) % 12).to_string());
    assert_eq!(by(&told(&coarsened, younger)), [("age", Relation::Rank)]);
}

#[test]
fn what_is_no_finer_than_the_class_tells_nothing() {
    let five = coarsened(5);
    let class = |row: i64| age(row) / 5 * 5;
    assert!(told(&five, texts(|row| class(row).to_string())).is_empty());
    assert!(told(&five, texts(|row| format!("[{}, {})", class(row), class(row) + 5))).is_empty());
    // Correlated with the age by its class alone, and everybody's own.
    let banded = texts(|row| (class(row) * 1_000 + draw(row, 5) % 1_000).to_string());
    assert!(told(&five, banded).is_empty());
    // Ages as they were: there is nothing to tell.
    let whole = coarsened(1);
    let years = Int32Array::from_iter_values((0..PERSONS).map(born));
    assert!(told(&whole, Arc::new(years)).is_empty());
}

#[test]
fn a_category_tells_what_it_determines() {
    let coarsened = coarsened(5);
    let salutation = texts(|row| if sex(row) == "male" { "Herr" } else { "Frau" }.to_owned());
    let told_by = told(&coarsened, salutation);
    assert_eq!(by(&told_by), [("sex", Relation::Value)]);
    assert!(told_by[0].how().zh.contains("100%"), "{told_by:?}");
    let nearly = texts(|row| {
        let right = draw(row, 6) % 50 != 0;
        if (sex(row) == "male") == right { "m" } else { "f" }.to_owned()
    });
    assert_eq!(by(&told(&coarsened, nearly)), [("sex", Relation::Value)]);
    let partly = texts(|row| {
        let right = draw(row, 6) % 5 != 0;
        if (sex(row) == "male") == right { "m" } else { "f" }.to_owned()
    });
    assert!(told(&coarsened, partly).is_empty());
}

/// What a row has in a column.
type Write = fn(i64) -> String;

#[test]
fn identifiers_tokens_texts_and_targets_tell_nothing_by_being_somebodys_own() {
    let coarsened = coarsened(5);
    let columns: [(&str, Write); 7] = [
        ("number", |row| row.to_string()),
        ("token", |row| format!("enc_{:x}", draw(row, 7))),
        ("note", |row| format!("customer {row} of {} called", draw(row, 8) % 90)),
        ("target", |row| if draw(row, 9) % 3 == 0 { "bad" } else { "good" }.to_owned()),
        ("city", |row| format!("city {}", draw(row, 10) % 40)),
        ("amount", |row| (draw(row, 11) % 10_000).to_string()),
        ("nothing", |_| "*".to_owned()),
    ];
    for (name, of) in columns {
        assert!(told(&coarsened, texts(of)).is_empty(), "{name}");
    }
}

#[test]
fn a_persons_many_rows_are_one() {
    let rows: Vec<i64> = (0..40).flat_map(|person| [person; 8]).collect();
    let column = |of: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| of(*row))))
    };
    let batch = |age: &dyn Fn(i64) -> String| -> Vec<RecordBatch> {
        vec![table(vec![("age", column(age)), ("who", column(&|row| format!("enc_{row}")))])]
    };
    let (known, released) = (batch(&|row| age(row).to_string()), batch(&|_| "*".to_owned()));
    let truth: Vec<Option<usize>> = (0..rows.len()).map(Some).collect();
    let (quasi, person) = ([Pair::same("age")], Pair::same("who"));
    let coarsened = Coarsened::new(&known, &released, &truth, &quasi, Some(&person)).unwrap();
    assert!(!coarsened.is_empty());
    assert!(coarsened.told_by(&released, "who").unwrap().is_empty());
}

#[test]
fn rows_left_out_and_few_rows_are_no_matter() {
    let ages = |rows: std::ops::Range<i64>| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.map(age)))
    };
    let known = [table(vec![("age", ages(0..PERSONS))])];
    let of = |first: usize, until: i64| {
        let rows = first..usize::try_from(until).unwrap();
        let mut truth = vec![None; 400];
        for (now, row) in rows.clone().enumerate() {
            truth[row] = Some(now);
        }
        let stars = vec!["*"; rows.len()];
        let stars = || Arc::new(StringArray::from(stars.clone())) as ArrayRef;
        let years = (i64::try_from(first).unwrap()..until).map(born);
        let years = Arc::new(Int32Array::from_iter_values(years)) as ArrayRef;
        let released = [table(vec![("age", stars()), ("born", years)])];
        let quasi = [Pair::same("age")];
        let coarsened = Coarsened::new(&known, &released, &truth, &quasi, None).unwrap();
        coarsened.told_by(&released, "born").unwrap()
    };
    assert_eq!(by(&of(7, 400)), [("age", Relation::Rank)]);
    assert!(of(7, 30).is_empty());
}
