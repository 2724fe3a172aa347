//! Local recoding: the promise is kept by what is released, and nothing is lost against the full-domain optimum.
#![expect(clippy::cast_precision_loss, reason = "counts of small tables")]

use crate::anonymity::{
    LADDER, Row, SEED, adult, alone, cells, compared, ladder, models, penalty, quasi, small, words,
};
use crate::support::{table, wider};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use ingot_base::Class;
use ingot_privacy::anonymity::{
    Diversity, Hierarchy, Loss, Policy, Presence, Recoding, risk, search, search_in,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The table with each row's number.
fn numbered(rows: &[Row], ordered: bool) -> RecordBatch {
    let numbers = 0..i64::try_from(rows.len()).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    wider(&small(rows, ordered), vec![("row", numbers)])
}

/// What is released, by the definitions: the loss, once every class is found to keep the policy.
fn proved(
    rows: &[Row],
    released: &RecordBatch,
    policy: &Policy,
    ordered: bool,
) -> Result<f64, String> {
    let labels = ["x", "y", "z"].map(|name| cells(released, name));
    let numbers = released.column_by_name("row").unwrap().as_primitive::<Int64Type>();
    let mut classes: BTreeMap<[&str; 3], Vec<&Row>> = BTreeMap::new();
    let mut certainty = 0.0;
    for (at, number) in numbers.values().iter().enumerate() {
        let row = &rows[usize::try_from(*number).unwrap()];
        let key: [&str; 3] = std::array::from_fn(|place| labels[place][at].as_str());
        for (place, label) in key.iter().enumerate() {
            let value = row.0[place];
            let level = LADDER[value].iter().position(|known| known == label);
            let level = level.ok_or_else(|| format!("{label} is no level of {value}"))?;
            certainty += penalty(rows, place, value, level);
        }
        classes.entry(key).or_default().push(row);
    }
    let all: Vec<&Row> = classes.values().flatten().copied().collect();
    for (key, class) in &classes {
        if class.len() < policy.k as usize {
            return Err(format!("{key:?} has {} rows", class.len()));
        }
        if !alone(class, policy) || !compared(class, &all, policy, ordered) {
            return Err(format!("{key:?} breaks the promise"));
        }
    }
    let (count, lost) = (rows.len() as f64, (rows.len() - all.len()) as f64);
    if lost > (count * policy.max_suppressed + 1e-9).floor() {
        return Err(format!("{lost} rows are lost"));
    }
    Ok(match policy.loss {
        Loss::Certainty => (certainty + 3.0 * lost) / (3.0 * count),
        Loss::Discernibility => {
            classes.values().map(|class| (class.len() * class.len()) as f64).sum::<f64>()
                + lost * count
        }
        Loss::AverageClass => count / classes.len() as f64 / f64::from(policy.k),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_released_keeps_the_promise_and_loses_no_more_than_the_optimum(
        rows in prop::collection::vec((prop::array::uniform3(0_usize..4), 0_usize..4), 1..60),
        k in 1_u32..7,
        mut policy in models(),
        ordered in any::<bool>(),
        limit in prop_oneof![Just(0.0), Just(0.1), Just(0.3), Just(0.6)],
        loss in prop_oneof![Just(Loss::Certainty), Just(Loss::Discernibility), Just(Loss::AverageClass)],
    ) {
        policy.k = k;
        (policy.max_suppressed, policy.loss) = (limit, loss);
        let batch = numbered(&rows, ordered);
        let one = std::slice::from_ref(&batch);
        let full = search(one, &policy);
        policy.recoding = Recoding::Local;
        match (full, search(one, &policy)) {
            (Ok(full), Ok(plan)) => {
                let (full, report) = (full.report(), plan.report());
                let released = plan.apply(&batch).unwrap();
                let loss = proved(&rows, &released, &policy, ordered);
                prop_assert!(loss.is_ok(), "{loss:?}");
                let loss = loss.unwrap_or_default();
                prop_assert!((report.loss - loss).abs() < 1e-9, "{} is not {loss}", report.loss);
                prop_assert!(report.loss <= full.loss + 1e-9, "{} is more than {}", report.loss, full.loss);
                let local = report.local.as_ref().unwrap();
                prop_assert!((local.full_loss - full.loss).abs() < 1e-12);
                prop_assert_eq!(local.full_suppressed, full.suppressed_rows);
                prop_assert!(report.suppressed_rows <= full.suppressed_rows);
                let after = risk(&[released], &["x", "y", "z"], &["secret"]).unwrap();
                prop_assert_eq!(&after, &report.after);
                prop_assert_eq!(after.rows + report.suppressed_rows, rows.len() as u64);
                let lost: u64 = plan.suppressed().iter().map(|class| u64::from(class.rows)).sum();
                prop_assert_eq!(lost, report.suppressed_rows);
            }
            (Err(fault), Err(other)) => {
                prop_assert_eq!(fault.message().class, Class::Refused);
                prop_assert_eq!(fault.code(), other.code());
            }
            (full, local) => prop_assert!(false, "{} {}", full.is_ok(), local.is_ok()),
        }
    }
}

#[test]
fn one_column_stands_at_several_levels() {
    // a and b have enough rows each, c and d only together.
    let values = ["a", "a", "a", "b", "b", "b", "c", "c", "d"];
    let batch = table(vec![("x", words(&values))]);
    let mut policy = Policy::new(3, vec![quasi("x", ladder())]);
    let written = |policy: &Policy| {
        let plan = search(std::slice::from_ref(&batch), policy).unwrap();
        (cells(&plan.apply(&batch).unwrap(), "x"), plan.report().clone())
    };
    let (full, _) = written(&policy);
    assert_eq!(full, ["ab", "ab", "ab", "ab", "ab", "ab", "cd", "cd", "cd"]);
    policy.recoding = Recoding::Local;
    let (local, report) = written(&policy);
    assert_eq!(local, ["a", "a", "a", "b", "b", "b", "cd", "cd", "cd"]);
    let figures = report.local.unwrap();
    assert_eq!((figures.spans, figures.full_classes), (vec![(0, 1)], 2));
    assert!(report.loss < figures.full_loss, "{} and {}", report.loss, figures.full_loss);
    assert_eq!(report.after.k, 3);
}

#[test]
fn suppressed_rows_come_back_where_they_are_coarse_enough_together() {
    // The optimum keeps a and b as they are and leaves c, d and e's kin out; together they are three.
    let given = ["a", "b", "c", "d", "e"].map(|value| vec![value.to_owned(), "*".to_owned()]);
    let mut values = vec!["a"; 20];
    values.extend(["b"; 20]);
    values.extend(["c", "d", "e"]);
    let batch = table(vec![("x", words(&values))]);
    let mut policy = Policy::new(3, vec![quasi("x", Hierarchy::Table(given.to_vec()))]);
    policy.max_suppressed = 0.1;
    let full = search(std::slice::from_ref(&batch), &policy).unwrap();
    assert_eq!(full.report().suppressed_rows, 3);
    policy.recoding = Recoding::Local;
    let plan = search(std::slice::from_ref(&batch), &policy).unwrap();
    assert_eq!(plan.report().suppressed_rows, 0);
    let released = cells(&plan.apply(&batch).unwrap(), "x");
    assert_eq!(released.iter().filter(|label| *label == "*").count(), 3);
    assert_eq!(released.iter().filter(|label| *label == "a").count(), 20);
    // A value that was not searched is not released, whatever its class would be.
    let later = table(vec![("x", words(&["a", "f"]))]);
    assert_eq!(cells(&plan.apply(&later).unwrap(), "x"), ["a"]);
}

#[test]
fn classes_that_are_written_alike_are_one_and_the_optimum_stays_where_that_costs_more() {
    let search_by = |given: &[&[&str]], values: &[&str], loss| {
        let rows = given.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect());
        let batch = table(vec![("x", words(values))]);
        let mut policy = Policy::new(2, vec![quasi("x", Hierarchy::Table(rows.collect()))]);
        (policy.max_suppressed, policy.loss, policy.recoding) = (0.2, loss, Recoding::Local);
        let plan = search(std::slice::from_ref(&batch), &policy).unwrap();
        let released = plan.apply(&batch).unwrap();
        let report = plan.report().clone();
        assert_eq!(report.after, risk(std::slice::from_ref(&released), &["x"], &[]).unwrap());
        (cells(&released, "x"), report)
    };
    let values = ["a", "a", "a", "a", "a", "a", "a", "a", "a", "b", "c", "d"];
    // The optimum has a and b as A, and leaves out c and d, which together are A one level above.
    let given: [&[&str]; 4] =
        [&["a", "A", "A"], &["b", "A", "A"], &["c", "C", "A"], &["d", "D", "A"]];
    // 12² rows are more than 10² and two rows lost of 12.
    let (released, report) = search_by(&given, &values, Loss::Discernibility);
    assert_eq!(released, ["A"; 10]);
    assert!((report.loss - 124.0).abs() < 1e-9, "{}", report.loss);
    let local = report.local.unwrap();
    assert_eq!((local.spans, local.full_suppressed, report.suppressed_rows), (vec![(1, 1)], 2, 2));
    // By the certainty penalty they cost the same, and come back.
    let (released, report) = search_by(&given, &values, Loss::Certainty);
    assert_eq!((released, report.suppressed_rows), (vec!["A".to_owned(); 12], 0));
    assert_eq!(report.local.unwrap().spans, [(1, 2)]);
    // A group that is named as one of its values: the optimum's column stays as it is, what comes back is written as the group.
    let given: [&[&str]; 3] = [&["a", "a"], &["b", "a"], &["c", "a"]];
    let (released, report) = search_by(&given, &values[..11], Loss::Certainty);
    assert_eq!((released, report.suppressed_rows), (vec!["a".to_owned(); 11], 0));
    assert_eq!(report.local.unwrap().spans, [(0, 1)]);
}

#[test]
fn presence_needs_classes_of_the_whole_population() {
    let batch = table(vec![("x", words(&["a", "b"]))]);
    let mut policy = Policy::new(1, vec![quasi("x", ladder())]);
    policy.presence = Some(Presence { least: 0.0, most: 1.0 });
    policy.recoding = Recoding::Local;
    let one = std::slice::from_ref(&batch);
    let fault = search_in(one, one, &policy).unwrap_err();
    assert_eq!(fault.code(), "privacy-anonymity-presence-local");
    assert_eq!(fault.key_path(), Some("protect.anonymity.recoding"));
}

#[test]
fn adult_loses_less_class_by_class() {
    let batch = adult();
    let columns = ["sex", "race", "relationship", "education-num"];
    let mut policy = Policy::new(5, columns.map(|name| quasi(name, Hierarchy::Auto)).to_vec());
    policy.sensitive = vec!["income-per-year".into()];
    policy.l = Some(Diversity::Distinct(2));
    policy.max_suppressed = 0.02;
    policy.recoding = Recoding::Local;
    let plan = search(std::slice::from_ref(&batch), &policy).unwrap();
    let report = plan.report();
    let local = report.local.as_ref().unwrap();
    assert!(report.loss < 0.7 * local.full_loss, "{} of {}", report.loss, local.full_loss);
    let released: Vec<RecordBatch> = (0..30_162)
        .step_by(1_000)
        .map(|start| plan.apply(&batch.slice(start, 1_000.min(30_162 - start))).unwrap())
        .collect();
    let after = risk(&released, &columns, &["income-per-year"]).unwrap();
    assert!(after.k >= 5 && after.models.as_ref().unwrap().distinct_l >= 2);
    assert_eq!(after, report.after);
}
