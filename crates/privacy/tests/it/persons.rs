//! k counts persons where a column names them: however many rows somebody has, the class is no larger for it.

use crate::anonymity::{LADDER, cells, ladder, quasi, words};
use crate::support::table;
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use ingot_privacy::anonymity::{Hierarchy, Policy, Recoding, risk, risk_in, search, search_in};
use ingot_privacy::attack::{Effort, Levels, Linkage, Pair, Scene, linkage};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 120 persons of 6 rows each; everybody's age and town are the same in all of them, and nobody else's.
fn visits() -> RecordBatch {
    let person = |row: i64| row / 6;
    let rows = 0..720_i64;
    let ages: ArrayRef =
        Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| 20 + person(row) % 60)));
    let text = |of: &dyn Fn(i64) -> String| words(&rows.clone().map(of).collect::<Vec<_>>());
    table(vec![
        ("who", text(&|row| format!("P{:03}", person(row)))),
        ("age", ages),
        ("town", text(&|row| format!("T{}", person(row) / 60))),
        ("found", text(&|row| format!("f{}", row % 3))),
    ])
}

fn policy(k: u32) -> Policy {
    let columns = vec![quasi("age", Hierarchy::Auto), quasi("town", Hierarchy::Suppress)];
    Policy {
        person: Some("who".into()),
        sensitive: vec!["found".into()],
        ..Policy::new(k, columns)
    }
}

/// The persons of each class, counted from the released rows alone.
fn classes(released: &RecordBatch) -> Vec<BTreeSet<String>> {
    let (ages, towns, who) =
        (cells(released, "age"), cells(released, "town"), cells(released, "who"));
    let mut classes: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for ((age, town), who) in ages.into_iter().zip(towns).zip(who) {
        classes.entry((age, town)).or_default().insert(who);
    }
    classes.into_values().collect()
}

#[test]
fn six_rows_of_one_person_are_no_class_of_six() {
    let table = visits();
    let one = std::slice::from_ref(&table);
    let rows_alone = Policy { person: None, ..policy(6) };
    assert_eq!(search(one, &rows_alone).unwrap().report().after.persons, None);
    let before = risk_in(one, &[], &["age", "town"], &["found"], Some("who")).unwrap();
    assert_eq!((before.rows, before.persons, before.k), (720, Some(120), 1));
    assert_eq!((before.unique_rows, before.classes), (720, 120));
    assert!((before.reidentification.prosecutor_highest - 1.0).abs() < 1e-12);
    assert_eq!(risk(one, &["age", "town"], &["found"]).unwrap().k, 6, "rows are no persons");
    for recoding in [Recoding::Full, Recoding::Local] {
        let plan = search(one, &Policy { recoding, ..policy(6) }).unwrap();
        let classes = classes(&plan.apply(&table).unwrap());
        let smallest = classes.iter().map(BTreeSet::len).min().unwrap();
        assert!(smallest >= 6, "{recoding:?}: a class of {smallest} persons");
        assert_eq!(plan.report().after.k, smallest as u64);
        assert_eq!(plan.report().after.persons, Some(120));
        assert_eq!(plan.report().suppressed_persons, Some(0));
    }
    let refused = search(one, &policy(121)).unwrap_err();
    assert_eq!(refused.code(), "privacy-anonymity-unreachable");
    assert!(refused.to_string().contains("121"), "{refused}");
}

#[test]
fn whoever_is_alone_in_any_class_is_alone_and_counts_once() {
    // Five persons share a class; four of them have also a class each.
    let table = table(vec![
        ("who", words(&["A", "B", "C", "D", "E", "A", "B", "C", "D", "D"])),
        ("town", words(&["x", "x", "x", "x", "x", "a", "b", "c", "d", "d"])),
    ]);
    let one = std::slice::from_ref(&table);
    let found = risk_in(one, &[], &["town"], &[], Some("who")).unwrap();
    assert!((found.uniqueness - 0.8).abs() < 1e-12, "{}", found.uniqueness);
    assert!((found.reidentification.prosecutor_at_risk - 0.8).abs() < 1e-12);
    assert!((found.reidentification.journalist_at_risk - 0.8).abs() < 1e-12);
    assert_eq!((found.persons, found.k, found.classes), (Some(5), 1, 5));
    // Rows as ever: three of ten are alone.
    assert!((risk(one, &["town"], &[]).unwrap().uniqueness - 0.3).abs() < 1e-12);
}

#[test]
fn a_person_who_is_written_in_several_ways_counts_once() {
    let table = table(vec![
        ("who", words(&["P1", "p1 ", "Ｐ1", "José", "Jose\u{301}", "Jose"])),
        ("town", words(&["here", "here", "here", "there", "there", "there"])),
    ]);
    let found = risk_in(std::slice::from_ref(&table), &[], &["town"], &[], Some("who")).unwrap();
    assert_eq!((found.persons, found.k, found.largest_class), (Some(3), 1, 2));
}

#[test]
fn what_may_be_left_out_is_a_share_of_persons() {
    // Twenty persons of one row in one class, and one alone with eighty.
    let who: Vec<String> = (0..100).map(|row| format!("P{}", 20.min(row))).collect();
    let town: Vec<&str> = (0..100).map(|row| if row < 20 { "here" } else { "there" }).collect();
    let table = table(vec![("who", words(&who)), ("town", words(&town))]);
    let one = std::slice::from_ref(&table);
    let asked = |person: Option<&str>| {
        let columns = vec![quasi("town", Hierarchy::Suppress)];
        let person = person.map(str::to_owned);
        search(one, &Policy { person, max_suppressed: 0.05, ..Policy::new(2, columns) }).unwrap()
    };
    let persons = asked(Some("who"));
    let report = persons.report();
    assert_eq!((report.suppressed_persons, report.suppressed_rows), (Some(1), 80));
    assert!((report.suppressed - 1.0 / 21.0).abs() < 1e-12);
    assert_eq!((report.after.k, report.after.persons), (20, Some(20)));
    assert_eq!(asked(None).report().after.k, 20, "as rows, the eighty hide each other");
}

#[test]
fn a_population_holds_persons_and_not_their_rows() {
    let table = visits();
    let everyone: Vec<usize> = (0..120).map(|person| person * 6).collect();
    let everyone =
        arrow::array::UInt64Array::from_iter_values(everyone.iter().map(|row| *row as u64));
    let people = arrow::compute::take_record_batch(&table, &everyone).unwrap();
    let risk = |person| {
        risk_in(
            std::slice::from_ref(&table),
            std::slice::from_ref(&people),
            &["age", "town"],
            &[],
            person,
        )
    };
    assert_eq!(risk(Some("who")).unwrap().presence, Some((1.0, 1.0)));
    assert_eq!(risk(None).unwrap_err().code(), "privacy-anonymity-population-smaller");
    let one = std::slice::from_ref(&table);
    assert!(search_in(one, &[people], &policy(6)).is_ok());
}

#[test]
fn the_attack_looks_for_persons() {
    let table = visits();
    let attacked = |released: &RecordBatch, person: Option<&Pair>| -> Linkage {
        let truth: Vec<Option<usize>> = (0..720).map(Some).collect();
        let scene = Scene {
            known: std::slice::from_ref(&table),
            released: std::slice::from_ref(released),
            truth: &truth,
            quasi: &["age", "town"].map(Pair::same),
            person,
            levels: &Levels::new(),
            wanted: None,
        };
        linkage(&scene, &Effort::default()).unwrap()
    };
    let who = Pair::same("who");
    let open = attacked(&table, Some(&who));
    assert_eq!((open.targets, open.rows, open.persons), (120, 720, Some(120)));
    assert_eq!((open.sure.hits, open.unique.hits, open.found.hits), (120, 120, 120));
    assert!((open.guess - 1.0 / 120.0).abs() < 1e-12);
    assert_eq!(attacked(&table, None).sure.hits, 0, "six rows each, as if nobody stood out");
    let plan = search(std::slice::from_ref(&table), &policy(6)).unwrap();
    let closed = attacked(&plan.apply(&table).unwrap(), Some(&who));
    assert_eq!(closed.sure.hits, 0);
    assert!(closed.found.hits < 60, "{:?}", closed.found);
}

#[test]
fn a_person_is_no_quasi_identifier() {
    let table = visits();
    let one = std::slice::from_ref(&table);
    let twice = Policy { person: Some("age".into()), ..policy(6) };
    assert_eq!(search(one, &twice).unwrap_err().code(), "privacy-anonymity-twice");
    let nowhere = Policy { person: Some("nobody".into()), ..policy(6) };
    assert_eq!(search(one, &nowhere).unwrap_err().code(), "privacy-anonymity-column");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96, failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_127), ..ProptestConfig::default()
    })]

    /// By the definitions: the promise holds of the released rows, and what is refused no combination of levels reaches.
    #[test]
    fn the_promise_holds_and_is_refused_only_where_no_levels_keep_it(
        rows in prop::collection::vec((0_usize..4, 0_usize..4, 0_usize..9), 1..40),
        k in 1_u32..6,
        share in 0_u32..4,
        local in any::<bool>(),
    ) {
        let column = |of: &dyn Fn(&(usize, usize, usize)) -> String| {
            words(&rows.iter().map(of).collect::<Vec<_>>())
        };
        let table = table(vec![
            ("who", column(&|row| format!("P{}", row.2))),
            ("age", column(&|row| LADDER[row.0][0].to_owned())),
            ("town", column(&|row| LADDER[row.1][0].to_owned())),
        ]);
        let everyone: BTreeSet<usize> = rows.iter().map(|row| row.2).collect();
        let allowed = (everyone.len() * share as usize) / 10;
        let asked = Policy {
            person: Some("who".into()),
            max_suppressed: f64::from(share) / 10.0,
            recoding: if local { Recoding::Local } else { Recoding::Full },
            ..Policy::new(k, vec![quasi("age", ladder()), quasi("town", ladder())])
        };
        // A node's persons in classes of fewer than k, from the rows.
        let lost = |levels: (usize, usize)| {
            let key = |row: &(usize, usize, usize)| (LADDER[row.0][levels.0], LADDER[row.1][levels.1]);
            let mut classes: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
            for row in &rows {
                classes.entry(key(row)).or_default().insert(row.2);
            }
            let small = classes.values().filter(|class| class.len() < k as usize);
            small.flatten().collect::<BTreeSet<_>>().len()
        };
        let nodes = (0..3).flat_map(|age| (0..3).map(move |town| (age, town)));
        let reachable = nodes.map(lost).any(|lost| lost <= allowed && lost < everyone.len());
        let found = search(std::slice::from_ref(&table), &asked);
        prop_assert_eq!(found.is_ok(), reachable);
        if let Ok(plan) = found {
            let released = plan.apply(&table).unwrap();
            let smallest = classes(&released).iter().map(BTreeSet::len).min();
            prop_assert!(smallest.is_some_and(|smallest| smallest >= k as usize));
            prop_assert_eq!(plan.report().after.k, smallest.unwrap_or(0) as u64);
            prop_assert!(plan.report().suppressed_persons.unwrap() <= allowed as u64);
        }
    }
}
