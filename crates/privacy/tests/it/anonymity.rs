//! Search against brute force, risk against pyCANON, and what a plan releases.
#![expect(clippy::cast_precision_loss, reason = "counts of small tables")]

use crate::support::table;
use arrow::array::{ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use ingot_base::{Class, Lang};
use ingot_privacy::anonymity::{
    Diversity, Hierarchy, Likeness, Loss, Plan, Policy, Presence, Quasi, Risk, risk, search,
    search_in,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn words<S: AsRef<str>>(values: &[S]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values.iter().map(AsRef::as_ref)))
}

pub(crate) fn quasi(name: &str, hierarchy: Hierarchy) -> Quasi {
    Quasi { name: name.into(), hierarchy }
}

pub(crate) fn cells(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column.iter().map(|cell| cell.unwrap_or("null").to_owned()).collect()
}

/// Four values, in pairs, then all.
pub(crate) const LADDER: [[&str; 3]; 4] =
    [["a", "ab", "*"], ["b", "ab", "*"], ["c", "cd", "*"], ["d", "cd", "*"]];

pub(crate) fn ladder() -> Hierarchy {
    Hierarchy::Table(LADDER.iter().map(|row| row.map(str::to_owned).to_vec()).collect())
}

/// A row: quasi-identifiers as places in [`LADDER`], and the sensitive value.
pub(crate) type Row = ([usize; 3], usize);

pub(crate) fn small(rows: &[Row], ordered: bool) -> RecordBatch {
    let column = |place: usize| -> ArrayRef {
        words(&rows.iter().map(|row| LADDER[row.0[place]][0]).collect::<Vec<_>>())
    };
    let secret: ArrayRef = if ordered {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::try_from(row.1).unwrap())))
    } else {
        words(&rows.iter().map(|row| format!("s{}", row.1)).collect::<Vec<_>>())
    };
    table(vec![("x", column(0)), ("y", column(1)), ("z", column(2)), ("secret", secret)])
}

/// One node by the definitions, from the rows: the loss, where the policy holds.
fn judged(rows: &[Row], levels: [usize; 3], policy: &Policy, ordered: bool) -> Option<f64> {
    let key = |row: &Row| -> [&str; 3] {
        std::array::from_fn(|place| LADDER[row.0[place]][levels[place]])
    };
    let mut classes: BTreeMap<[&str; 3], Vec<&Row>> = BTreeMap::new();
    for row in rows {
        classes.entry(key(row)).or_default().push(row);
    }
    classes.retain(|_, class| class.len() >= policy.k as usize && alone(class, policy));
    loop {
        let released: Vec<&Row> = classes.values().flatten().copied().collect();
        let before = classes.len();
        classes.retain(|_, class| compared(class, &released, policy, ordered));
        if classes.len() == before {
            break;
        }
    }
    let all = rows.len() as f64;
    let kept: usize = classes.values().map(Vec::len).sum();
    let lost = (rows.len() - kept) as f64;
    if kept == 0 || lost > (all * policy.max_suppressed + 1e-9).floor() {
        return None;
    }
    Some(match policy.loss {
        Loss::Certainty => {
            let generalised: f64 = classes
                .values()
                .flatten()
                .map(|row| {
                    (0..3)
                        .map(|place| penalty(rows, place, row.0[place], levels[place]))
                        .sum::<f64>()
                })
                .sum();
            (generalised + 3.0 * lost) / (3.0 * all)
        }
        Loss::Discernibility => {
            classes.values().map(|class| (class.len() * class.len()) as f64).sum::<f64>()
                + lost * all
        }
        Loss::AverageClass => all / classes.len() as f64 / f64::from(policy.k),
    })
}

/// Share of the column's different values in the class, 0 for a value alone.
pub(crate) fn penalty(rows: &[Row], place: usize, value: usize, level: usize) -> f64 {
    let known: std::collections::BTreeSet<usize> = rows.iter().map(|row| row.0[place]).collect();
    let class = known.iter().filter(|other| LADDER[**other][level] == LADDER[value][level]).count();
    if class > 1 { class as f64 / known.len() as f64 } else { 0.0 }
}

fn shares(class: &[&Row]) -> BTreeMap<usize, f64> {
    let mut shares = BTreeMap::new();
    for row in class {
        *shares.entry(row.1).or_insert(0.0) += 1.0 / class.len() as f64;
    }
    shares
}

pub(crate) fn alone(class: &[&Row], policy: &Policy) -> bool {
    let shares = shares(class);
    let largest = shares.values().copied().fold(0.0, f64::max);
    let fine = policy.alpha.is_none_or(|alpha| largest <= alpha + 1e-9);
    fine && policy.l.is_none_or(|l| match l {
        Diversity::Distinct(l) => shares.len() >= l as usize,
        Diversity::Entropy(l) => {
            shares.values().map(|share| -share * share.ln()).sum::<f64>() >= l.ln() - 1e-9
        }
        Diversity::Recursive { c, l } => {
            // Whole numbers: the comparison is strict, so rounded shares would not do.
            let mut of_value = BTreeMap::<usize, u32>::new();
            for row in class {
                *of_value.entry(row.1).or_default() += 1;
            }
            let mut counts: Vec<f64> = of_value.into_values().map(f64::from).collect();
            counts.sort_by(|a, b| b.total_cmp(a));
            counts[0] < c * counts.iter().skip(l as usize - 1).sum::<f64>()
        }
    })
}

pub(crate) fn compared(class: &[&Row], released: &[&Row], policy: &Policy, ordered: bool) -> bool {
    let (q, p) = (shares(class), shares(released));
    let gain = |value: &usize| q.get(value).unwrap_or(&0.0) - p[value];
    let distance = if ordered && p.len() > 1 {
        let upto = |last: &usize| p.keys().filter(|value| *value <= last).map(gain).sum::<f64>();
        p.keys().map(|last| upto(last).abs()).sum::<f64>() / (p.len() as f64 - 1.0)
    } else {
        p.keys().map(|value| gain(value).abs()).sum::<f64>() / 2.0
    };
    let delta = policy.delta.is_none_or(|delta| {
        q.len() == p.len() && q.iter().all(|(value, q)| (q / p[value]).ln().abs() <= delta + 1e-9)
    });
    delta
        && policy.t.is_none_or(|t| distance <= t + 1e-9)
        && policy.beta.is_none_or(|beta| {
            q.iter().all(|(value, q)| match beta {
                Likeness::Basic(beta) => (q - p[value]) / p[value] <= beta + 1e-9,
                Likeness::Enhanced(beta) => {
                    (q - p[value]) / p[value] <= beta.min(-p[value].ln()) + 1e-9
                }
            })
        })
}

/// The same cases each time.
pub(crate) const SEED: u64 = 20_261_124;

/// At most one model besides k, so that each is seen to decide.
pub(crate) fn models() -> impl Strategy<Value = Policy> {
    let names = ["x", "y", "z"].map(|name| quasi(name, ladder())).to_vec();
    let plain = Policy { sensitive: vec!["secret".into()], ..Policy::new(1, names) };
    (0_u32..10, 1_u32..100).prop_map(move |(model, strength)| {
        let (mut policy, share) = (plain.clone(), f64::from(strength) / 100.0);
        match model {
            0 => policy.l = Some(Diversity::Distinct(1 + strength % 4)),
            1 => policy.l = Some(Diversity::Entropy(1.0 + share)),
            2 => {
                policy.l =
                    Some(Diversity::Recursive { c: 3.0 * share + 0.001, l: 1 + strength % 3 });
            }
            3 => policy.t = Some(share * 0.6),
            4 => policy.beta = Some(Likeness::Basic(2.0 * share)),
            5 => policy.beta = Some(Likeness::Enhanced(2.0 * share)),
            6 => policy.alpha = Some(share),
            7 => policy.delta = Some(2.0 * share),
            _ => {}
        }
        policy
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..ProptestConfig::default() })]

    /// No node of the lattice is better than what the search finds, and what it finds is what it says.
    #[test]
    fn the_optimum_is_that_of_brute_force(
        rows in prop::collection::vec((prop::array::uniform3(0_usize..4), 0_usize..4), 1..40),
        k in 1_u32..7,
        mut policy in models(),
        ordered in any::<bool>(),
        limit in prop_oneof![Just(0.0), Just(0.1), Just(0.3), Just(0.6)],
        loss in prop_oneof![Just(Loss::Certainty), Just(Loss::Discernibility), Just(Loss::AverageClass)],
    ) {
        policy.k = k;
        (policy.max_suppressed, policy.loss) = (limit, loss);
        let nodes = (0..27).map(|node| [node / 9, node / 3 % 3, node % 3]);
        let best = nodes.filter_map(|levels| judged(&rows, levels, &policy, ordered)).min_by(f64::total_cmp);
        let batch = small(&rows, ordered);
        match (search(std::slice::from_ref(&batch), &policy), best) {
            (Ok(plan), Some(best)) => {
                let report = plan.report();
                prop_assert!((report.loss - best).abs() < 1e-9, "{} is not {best}", report.loss);
                let levels = std::array::from_fn(|place| usize::from(report.levels[place].level));
                let at_levels = judged(&rows, levels, &policy, ordered);
                prop_assert!(at_levels.is_some_and(|loss| (loss - best).abs() < 1e-9));
                prop_assert!(report.checked <= report.nodes && report.nodes == 27);
                // What is released is what the report describes, and keeps k.
                let released = plan.apply(&batch).unwrap();
                let after = risk(&[released], &["x", "y", "z"], &["secret"]).unwrap();
                prop_assert_eq!(&after, &report.after);
                prop_assert!(after.k >= u64::from(k));
                prop_assert_eq!(after.rows + report.suppressed_rows, rows.len() as u64);
            }
            (Err(fault), None) => prop_assert_eq!(fault.message().class, Class::Refused),
            (found, best) => prop_assert!(false, "brute force {best:?}, search {:?}", found.map(|plan| plan.report().loss)),
        }
    }
}

#[test]
fn values_are_written_as_promised_batch_by_batch() {
    let ages: Vec<i64> = vec![20, 21, 24, 37, 38, 39, 55];
    let days: Vec<i32> = vec![18_262, 18_270, 18_400, 18_630, 18_640, 18_700, 0];
    let codes = ["10001", "10002", "10003", "20001", "20002", "20003", "99999"];
    let batch = table(vec![
        ("age", Arc::new(Int64Array::from(ages)) as ArrayRef),
        ("born", Arc::new(Date32Array::from(days)) as ArrayRef),
        ("post", words(&codes)),
        ("sex", words(&["m", "f", "m", "f", "m", "f", "m"])),
        ("note", words(&["1", "2", "3", "4", "5", "6", "7"])),
    ]);
    let mut policy = Policy::new(
        3,
        vec![
            quasi("age", Hierarchy::Intervals(vec![5.0, 10.0])),
            quasi("born", Hierarchy::Calendar),
            quasi("post", Hierarchy::Auto),
            quasi("sex", Hierarchy::Auto),
        ],
    );
    policy.max_suppressed = 0.2;
    let plan = search(std::slice::from_ref(&batch), &policy).unwrap();
    let first = plan.apply(&batch.slice(0, 2)).unwrap();
    let second = plan.apply(&batch.slice(2, 5)).unwrap();
    assert_eq!(cells(&first, "age"), ["[20, 25)"; 2]);
    assert_eq!(cells(&second, "age"), ["[20, 25)", "[35, 40)", "[35, 40)", "[35, 40)"]);
    assert_eq!(cells(&second, "born"), ["2020", "2021", "2021", "2021"]);
    assert_eq!(cells(&second, "post"), ["1000*", "2000*", "2000*", "2000*"]);
    assert_eq!(cells(&second, "sex"), ["*"; 4]);
    // The odd one out is gone with its row, and other columns are untouched.
    assert_eq!(cells(&first, "note"), ["1", "2"]);
    assert_eq!(cells(&second, "note"), ["3", "4", "5", "6"]);
    assert_eq!(*first.schema(), plan.schema(&batch.schema()));
    assert_eq!(plan.suppressed().len(), 1);
    assert_eq!(plan.report().suppressed_rows, 1);
    let risk = risk(&[first, second], &["age", "born", "post", "sex"], &[]).unwrap();
    assert_eq!((risk.k, risk.classes), (3, 2));
    assert_eq!(risk, plan.report().after);
}

#[test]
fn widths_that_do_not_nest_are_refused() {
    let batch = table(vec![("age", Arc::new(Int64Array::from(vec![20, 21, 37, 38])) as ArrayRef)]);
    let searched = |widths: &[f64]| {
        let policy = Policy::new(2, vec![quasi("age", Hierarchy::Intervals(widths.to_vec()))]);
        search(std::slice::from_ref(&batch), &policy).map(|plan| plan.report().after.k)
    };
    for right in [&[5.0, 10.0, 20.0][..], &[0.1, 0.3, 30.0], &[5.0, 5.0]] {
        assert!(searched(right).unwrap() >= 2, "{right:?}");
    }
    // 4 and 6 are multiples of 2, but 6 is none of 4.
    for wrong in [&[5.0, 12.0][..], &[2.0, 4.0, 6.0], &[10.0, 5.0], &[0.0], &[5.0, f64::NAN]] {
        assert_eq!(searched(wrong).unwrap_err().code(), "privacy-hierarchy-kind", "{wrong:?}");
    }
}

#[test]
fn a_diversity_out_of_reach_is_refused_with_the_largest_one() {
    let batch = table(vec![
        ("x", words(&["a", "a", "b", "b", "c", "c"])),
        ("risk", words(&["good", "bad", "good", "bad", "fair", "bad"])),
    ]);
    let hint = |asked| {
        let mut policy = Policy::new(2, vec![quasi("x", Hierarchy::Suppress)]);
        (policy.l, policy.sensitive) = (Some(asked), vec!["risk".to_owned()]);
        search(std::slice::from_ref(&batch), &policy).unwrap_err().hint(Lang::En).unwrap()
    };
    assert!(hint(Diversity::Distinct(9)).contains("k = 2, l = 3"));
    assert!(hint(Diversity::Entropy(2.9)).contains("k = 2, l = 2"));
}

#[test]
fn rows_and_types_that_were_not_searched_are_not_released() {
    let batch = table(vec![("x", words(&["a", "a", "b", "b"]))]);
    let policy = Policy::new(2, vec![quasi("x", Hierarchy::Suppress)]);
    let plan = search(&[batch], &policy).unwrap();
    let later = table(vec![("x", words(&["a", "c", "b"]))]);
    assert_eq!(cells(&plan.apply(&later).unwrap(), "x"), ["a", "b"]);
    let other = table(vec![("x", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    assert_eq!(plan.apply(&other).unwrap_err().code(), "privacy-anonymity-schema");
}

#[test]
fn a_policy_out_of_reach_is_refused_with_what_can_be_reached() {
    let given = Hierarchy::Table(["a", "b", "c"].map(|value| vec![value.to_owned()]).to_vec());
    let batch = table(vec![("x", words(&["a", "a", "a", "b", "b", "b", "c", "c", "c", "c"]))]);
    let mut policy = Policy::new(4, vec![quasi("x", given)]);
    policy.max_suppressed = 0.05;
    let fault = search(std::slice::from_ref(&batch), &policy).unwrap_err();
    assert_eq!(fault.code(), "privacy-anonymity-unreachable");
    assert_eq!(fault.message().class.exit_code(), 3);
    for lang in [Lang::En, Lang::Zh] {
        let hint = fault.hint(lang).unwrap();
        assert!(
            hint.contains("k = 3, max_suppressed = 0.05; k = 4, max_suppressed = 0.6"),
            "{hint}"
        );
    }
    // And both can.
    policy.k = 3;
    assert_eq!(search(std::slice::from_ref(&batch), &policy).unwrap().report().after.k, 3);
    (policy.k, policy.max_suppressed) = (4, 0.6);
    assert_eq!(search(&[batch], &policy).unwrap().report().after.k, 4);
}

#[test]
fn every_model_that_was_asked_for_is_named_and_the_one_that_fails_gets_its_nearest() {
    let given = |top: &[&str]| {
        let row = |value: &str| {
            [value].iter().chain(top).map(|cell| (*cell).to_owned()).collect::<Vec<String>>()
        };
        Hierarchy::Table(["a", "b"].map(row).to_vec())
    };
    let batch = table(vec![
        ("x", words(&["a", "a", "a", "a", "b", "b", "b", "b"])),
        ("s", words(&["p", "p", "p", "q", "q", "q", "q", "p"])),
    ]);
    let asked = |hierarchy| {
        let mut policy = Policy::new(2, vec![quasi("x", hierarchy)]);
        policy.sensitive = vec!["s".to_owned()];
        policy.l = Some(Diversity::Distinct(2));
        policy.t = Some(0.1);
        policy
    };
    let open = asked(given(&[]));
    let fault = search(std::slice::from_ref(&batch), &open).unwrap_err();
    assert_eq!(fault.code(), "privacy-anonymity-unreachable");
    assert!(fault.to_string().contains("k = 2, l = 2, t = 0.1,"), "{fault}");
    for lang in [Lang::En, Lang::Zh] {
        let hint = fault.hint(lang).unwrap();
        assert!(hint.contains("k = 2, t = 0.25") && hint.contains("`x`"), "{hint}");
    }
    // Both can be had.
    let mut looser = open.clone();
    looser.t = Some(0.251);
    search(std::slice::from_ref(&batch), &looser).unwrap();
    search(&[batch], &asked(given(&["*"]))).unwrap();
}

#[test]
fn presence_is_bounded_by_the_population() {
    let everyone = table(vec![("x", words(&["a", "a", "b", "b", "b", "b", "c", "c", "d", "d"]))]);
    let members = table(vec![("x", words(&["a", "a", "b", "c"]))]);
    let mut policy = Policy::new(1, vec![quasi("x", ladder())]);
    policy.presence = Some(Presence { least: 0.0, most: 0.5 });
    let one = std::slice::from_ref(&members);
    assert_eq!(search(one, &policy).unwrap_err().code(), "privacy-anonymity-population");
    // a: 2 of 2, ab: 3 of 6, cd: 1 of 4.
    let plan = search_in(one, std::slice::from_ref(&everyone), &policy).unwrap();
    assert_eq!(plan.report().levels[0].level, 1);
    assert_eq!(plan.report().before.presence, Some((0.0, 1.0)));
    assert_eq!(plan.report().after.presence, Some((0.25, 0.5)));
    // Absence must not be certain either: ab and cd differ too much, only all together lie in between.
    policy.presence = Some(Presence { least: 0.3, most: 0.5 });
    let plan = search_in(one, std::slice::from_ref(&everyone), &policy).unwrap();
    assert_eq!(plan.report().after.presence, Some((0.4, 0.4)));
    assert_eq!(cells(&plan.apply(&members).unwrap(), "x"), ["*"; 4]);
    let fault = search_in(std::slice::from_ref(&everyone), one, &policy).unwrap_err();
    assert_eq!(fault.code(), "privacy-anonymity-population-smaller");
}

#[derive(Deserialize)]
struct Golden {
    quasi: Vec<String>,
    sensitive: Vec<String>,
    k: u64,
    alpha: f64,
    distinct_l: u64,
    entropy_l: u64,
    recursive_c: Option<u64>,
    recursive_l: u64,
    basic_beta: f64,
    enhanced_beta: f64,
    delta_disclosure: f64,
    t: f64,
}

/// All 30,162 complete rows of Adult, unfolded from their counts.
pub(crate) fn adult() -> RecordBatch {
    let mut columns: [Vec<&str>; 5] = Default::default();
    for line in include_str!("../data/adult_counts.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        for _ in 0..fields[5].parse::<usize>().unwrap() {
            for (column, field) in columns.iter_mut().zip(&fields) {
                column.push(field);
            }
        }
    }
    let years = columns[3].iter().map(|years| years.parse::<i64>().unwrap());
    table(vec![
        ("sex", words(&columns[0])),
        ("race", words(&columns[1])),
        ("relationship", words(&columns[2])),
        ("education-num", Arc::new(Int64Array::from_iter_values(years))),
        ("income-per-year", words(&columns[4])),
    ])
}

fn names(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn risk_is_that_of_pycanon_on_adult() {
    let batch = adult();
    assert_eq!(batch.num_rows(), 30_162);
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../data/adult_pycanon.json")).unwrap();
    assert!(cases.len() >= 5);
    // In parts, so that codes must agree across batches.
    let parts = [batch.slice(0, 7_000), batch.slice(7_000, 23_162)];
    for golden in cases {
        let Risk { k, models, .. } =
            risk(&parts, &names(&golden.quasi), &names(&golden.sensitive)).unwrap();
        let models = models.unwrap();
        let case = format!("{:?} {:?}", golden.quasi, golden.sensitive);
        assert_eq!(k, golden.k, "{case}");
        assert_eq!(models.distinct_l, golden.distinct_l, "{case}");
        assert_eq!(models.distinct_l, golden.recursive_l, "{case}");
        assert_eq!(models.entropy_l, golden.entropy_l, "{case}");
        assert_eq!(models.recursive_c, golden.recursive_c, "{case}");
        let pairs = [
            (models.alpha, golden.alpha),
            (models.basic_beta, golden.basic_beta),
            (models.enhanced_beta, golden.enhanced_beta),
            (models.delta_disclosure, golden.delta_disclosure),
            (models.t, golden.t),
        ];
        for (place, (ours, theirs)) in pairs.into_iter().enumerate() {
            assert!((ours - theirs).abs() < 1e-9, "{case} {place}: {ours} {theirs}");
        }
    }
}

#[test]
fn risk_of_a_table_reckoned_by_hand() {
    // Classes of 1, 2 and 5 rows.
    let batch = table(vec![("x", words(&["a", "b", "b", "c", "c", "c", "c", "c"]))]);
    let risk = risk(&[batch], &["x"], &[]).unwrap();
    assert_eq!((risk.rows, risk.classes, risk.k, risk.unique_rows), (8, 3, 1, 1));
    let re = &risk.reidentification;
    assert!((risk.uniqueness - 0.125).abs() < 1e-12);
    assert!((re.prosecutor_highest - 1.0).abs() < 1e-12);
    assert!((re.prosecutor_average - 0.375).abs() < 1e-12);
    assert!((re.prosecutor_at_risk - 0.375).abs() < 1e-12);
    assert!((re.class_average - 1.7 / 3.0).abs() < 1e-12);
    assert!((re.marketer - 0.375).abs() < 1e-12);
    assert!(risk.models.is_none());
    let text = serde_json::to_string(&risk).unwrap();
    assert_eq!(serde_json::from_str::<Risk>(&text).unwrap(), risk);
}

#[test]
fn adult_reaches_k_and_diversity() {
    let batch = adult();
    let columns = ["sex", "race", "relationship", "education-num"];
    let mut policy = Policy::new(5, columns.map(|name| quasi(name, Hierarchy::Auto)).to_vec());
    policy.sensitive = vec!["income-per-year".into()];
    policy.l = Some(Diversity::Distinct(2));
    policy.max_suppressed = 0.02;
    let plan: Plan = search(std::slice::from_ref(&batch), &policy).unwrap();
    let released: Vec<RecordBatch> = (0..30_162)
        .step_by(1_000)
        .map(|start| plan.apply(&batch.slice(start, 1_000.min(30_162 - start))).unwrap())
        .collect();
    let after = risk(&released, &columns, &["income-per-year"]).unwrap();
    assert!(after.k >= 5 && after.models.as_ref().unwrap().distinct_l >= 2);
    assert!(plan.report().before.k < 5);
    assert!(plan.report().suppressed <= 0.02);
    assert_eq!(after.rows + plan.report().suppressed_rows, 30_162);
}
