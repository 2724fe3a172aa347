//! What a class reveals is counted in persons where a column names them, however many rows a value has.
#![expect(clippy::cast_precision_loss, reason = "counts of small tables")]

use crate::anonymity::{LADDER, Row, SEED, cells, models, penalty, quasi, small, words};
use crate::support::{table, wider};
use arrow::array::RecordBatch;
use ingot_base::Class;
use ingot_privacy::anonymity::{
    Diversity, Hierarchy, Likeness, Policy, Recoding, Risk, risk, risk_in, search,
};
use ingot_privacy::attack::{Effort, Inference, Levels, Pair, Scene, linkage};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one class: whose, and the sensitive value.
type Rows = Vec<(usize, usize)>;

/// A class or a table by the definitions.
struct Seen {
    persons: f64,
    /// Persons with each value.
    held: BTreeMap<usize, f64>,
    /// Each person's one, in equal parts.
    parts: BTreeMap<usize, f64>,
}

impl Seen {
    fn of<'r>(rows: impl Iterator<Item = &'r (usize, usize)>) -> Self {
        let mut of: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (who, value) in rows {
            of.entry(*who).or_default().insert(*value);
        }
        let (persons, mut held, mut parts) = (of.len() as f64, BTreeMap::new(), BTreeMap::new());
        for values in of.values() {
            for value in values {
                *held.entry(*value).or_insert(0.0) += 1.0;
                *parts.entry(*value).or_insert(0.0) += 1.0 / values.len() as f64 / persons;
            }
        }
        Self { persons, held, parts }
    }

    /// Counts of persons, descending.
    fn counts(&self) -> Vec<f64> {
        let mut counts: Vec<f64> = self.held.values().copied().collect();
        counts.sort_by(|a, b| b.total_cmp(a));
        counts
    }

    fn share(&self, value: usize) -> f64 {
        self.held.get(&value).unwrap_or(&0.0) / self.persons
    }

    fn l(&self) -> usize {
        let counts = self.counts();
        let enough = |l: &usize| counts.iter().take(*l).sum::<f64>() >= self.persons;
        (1..=counts.len()).find(enough).unwrap()
    }

    fn entropy(&self) -> f64 {
        let all: f64 = self.parts.values().map(|part| -part * part.ln()).sum();
        all.min((self.l() as f64).ln())
    }

    fn gain(&self, all: &Self) -> f64 {
        let of = |value: &usize| (self.share(*value) - all.share(*value)) / all.share(*value);
        self.held.keys().map(of).fold(0.0, f64::max)
    }

    fn disclosure(&self, all: &Self) -> f64 {
        let of = |value: &usize| (self.share(*value) / all.share(*value)).ln().abs();
        self.held.keys().map(of).fold(0.0, f64::max)
    }

    fn distance(&self, all: &Self, ordered: bool) -> f64 {
        let more = |value: &usize| self.parts.get(value).unwrap_or(&0.0) - all.parts[value];
        if ordered {
            let upto =
                |last: &usize| all.parts.keys().filter(|v| *v <= last).map(more).sum::<f64>();
            let steps = (all.parts.len() as f64 - 1.0).max(1.0);
            return all.parts.keys().map(|last| upto(last).abs()).sum::<f64>() / steps;
        }
        let moved = all.parts.keys().map(|value| more(value).abs()).sum::<f64>() / 2.0;
        let told = self.held.keys().map(|value| self.share(*value) - all.share(*value));
        told.fold(moved, f64::max)
    }

    fn alone(&self, policy: &Policy) -> bool {
        let counts = self.counts();
        self.persons >= f64::from(policy.k)
            && policy.alpha.is_none_or(|alpha| counts[0] / self.persons <= alpha + 1e-9)
            && policy.l.is_none_or(|l| match l {
                Diversity::Distinct(l) => self.l() >= l as usize,
                Diversity::Entropy(l) => self.entropy() >= l.ln() - 1e-9,
                Diversity::Recursive { c, l } => {
                    let open = self.persons - counts.iter().take(l as usize - 1).sum::<f64>();
                    counts[0] < c * open
                }
            })
    }

    fn compared(&self, all: &Self, policy: &Policy, ordered: bool) -> bool {
        let enhanced = |beta: f64| {
            self.held.keys().all(|value| {
                let p = all.share(*value);
                (self.share(*value) - p) / p <= beta.min(-p.ln()) + 1e-9
            })
        };
        policy.t.is_none_or(|t| self.distance(all, ordered) <= t + 1e-9)
            && policy.beta.is_none_or(|beta| match beta {
                Likeness::Basic(beta) => self.gain(all) <= beta + 1e-9,
                Likeness::Enhanced(beta) => enhanced(beta),
            })
            && policy.delta.is_none_or(|delta| {
                self.held.len() == all.held.len() && self.disclosure(all) <= delta + 1e-9
            })
    }
}

/// The classes that may be released.
fn kept(mut classes: Vec<Rows>, policy: &Policy, ordered: bool) -> Vec<Rows> {
    classes.retain(|class| Seen::of(class.iter()).alone(policy));
    loop {
        let all = Seen::of(classes.iter().flatten());
        let before = classes.len();
        classes.retain(|class| Seen::of(class.iter()).compared(&all, policy, ordered));
        if classes.len() == before {
            return classes;
        }
    }
}

/// One node by the definitions: the certainty loss, where the policy holds.
fn judged(
    rows: &[(Row, usize)],
    levels: [usize; 3],
    policy: &Policy,
    ordered: bool,
) -> Option<f64> {
    let mut classes: BTreeMap<[&str; 3], Rows> = BTreeMap::new();
    for (row, who) in rows {
        let key = std::array::from_fn(|place| LADDER[row.0[place]][levels[place]]);
        classes.entry(key).or_default().push((*who, row.1));
    }
    let plain: Vec<Row> = rows.iter().map(|row| row.0).collect();
    let whole: usize = classes.values().map(Vec::len).sum();
    let released = kept(classes.values().cloned().collect(), policy, ordered);
    let lost = classes.values().filter(|class| !released.contains(class)).flatten();
    let lost: BTreeSet<usize> = lost.map(|row| row.0).collect();
    let everyone: BTreeSet<usize> = rows.iter().map(|row| row.1).collect();
    let allowed = (everyone.len() as f64 * policy.max_suppressed + 1e-9).floor();
    if lost.len() as f64 > allowed || lost.len() == everyone.len() {
        return None;
    }
    // Rows of a class cost alike at one node; those that are gone cost 3.
    let mut cost = 0.0;
    for (key, class) in &classes {
        let of = |row: &Row| -> f64 {
            (0..3).map(|place| penalty(&plain, place, row.0[place], levels[place])).sum()
        };
        let of_class =
            |row: &&Row| (0..3).all(|place| LADDER[row.0[place]][levels[place]] == key[place]);
        cost += if released.contains(class) {
            plain.iter().filter(of_class).map(of).sum::<f64>()
        } else {
            3.0 * class.len() as f64
        };
    }
    Some(cost / (3.0 * whole as f64))
}

fn with_persons(rows: &[(Row, usize)], ordered: bool) -> RecordBatch {
    let plain: Vec<Row> = rows.iter().map(|row| row.0).collect();
    let who: Vec<String> = rows.iter().map(|row| format!("P{}", row.1)).collect();
    // What is released keeps it, so that the values can be read back as they were.
    let value: Vec<String> = rows.iter().map(|row| row.0.1.to_string()).collect();
    wider(&small(&plain, ordered), vec![("who", words(&who)), ("value", words(&value))])
}

/// The classes of a released table.
fn classes(released: &RecordBatch) -> Vec<Rows> {
    let column = |name: &str| cells(released, name);
    let (x, y, z, who, value) =
        (column("x"), column("y"), column("z"), column("who"), column("value"));
    let mut classes: BTreeMap<[&str; 3], Rows> = BTreeMap::new();
    for row in 0..who.len() {
        let key = [x[row].as_str(), y[row].as_str(), z[row].as_str()];
        let cell = (who[row].trim_start_matches('P').parse().unwrap(), value[row].parse().unwrap());
        classes.entry(key).or_default().push(cell);
    }
    classes.into_values().collect()
}

/// A report's figures are those of the definitions.
fn agrees(risk: &Risk, classes: &[Rows], ordered: bool) -> Result<(), TestCaseError> {
    let all = Seen::of(classes.iter().flatten());
    let seen: Vec<Seen> = classes.iter().map(|class| Seen::of(class.iter())).collect();
    let largest = |of: &dyn Fn(&Seen) -> f64| seen.iter().map(of).fold(0.0, f64::max);
    let models = risk.models.as_ref().unwrap();
    let l = seen.iter().map(|class| class.l() as u64).min();
    prop_assert_eq!(Some(models.distinct_l), l);
    let least = seen.iter().map(Seen::entropy).fold(f64::INFINITY, f64::min);
    for (found, expected) in [
        (risk.sensitive[0].effective_l, least.exp()),
        (models.alpha, largest(&|class| class.counts()[0] / class.persons)),
        (models.basic_beta, largest(&|class| class.gain(&all))),
        (models.delta_disclosure, largest(&|class| class.disclosure(&all))),
        (models.t, largest(&|class| class.distance(&all, ordered))),
    ] {
        prop_assert!((found - expected).abs() < 1e-9, "{found} is not {expected}: {models:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..ProptestConfig::default() })]

    /// No node is better than what the search finds, also where a person is in several classes; and the promise holds of what is
    /// released, class by class too.
    #[test]
    fn the_promise_holds_of_persons_and_nothing_better_is_missed(
        of_persons in prop::collection::vec(prop::array::uniform3(0_usize..4), 9),
        drawn in prop::collection::vec((0_usize..9, prop::array::uniform3(0_usize..4), 0_usize..4), 1..40),
        apart in any::<bool>(),
        k in 1_u32..5,
        mut policy in models(),
        ordered in any::<bool>(),
        limit in prop_oneof![Just(0.0), Just(0.2), Just(0.5)],
    ) {
        let rows: Vec<(Row, usize)> = drawn
            .iter()
            .map(|(who, codes, value)| ((if apart { of_persons[*who] } else { *codes }, *value), *who))
            .collect();
        (policy.k, policy.max_suppressed, policy.person) = (k, limit, Some("who".into()));
        let nodes = (0..27).map(|node| [node / 9, node / 3 % 3, node % 3]);
        let best = nodes.filter_map(|levels| judged(&rows, levels, &policy, ordered)).min_by(f64::total_cmp);
        let batch = with_persons(&rows, ordered);
        let one = std::slice::from_ref(&batch);
        match (search(one, &policy), best) {
            (Ok(plan), Some(best)) => {
                let report = plan.report();
                prop_assert!((report.loss - best).abs() < 1e-9, "{} is not {best}", report.loss);
                let released = classes(&plan.apply(&batch).unwrap());
                prop_assert_eq!(&kept(released.clone(), &policy, ordered), &released);
                agrees(&report.after, &released, ordered)?;
                agrees(&report.before, &classes(&batch), ordered)?;
                let local = Policy { recoding: Recoding::Local, ..policy.clone() };
                let plan = search(one, &local).unwrap();
                let finer = classes(&plan.apply(&batch).unwrap());
                prop_assert_eq!(&kept(finer.clone(), &policy, ordered), &finer);
                prop_assert!(plan.report().loss <= best + 1e-9);
                agrees(&plan.report().after, &finer, ordered)?;
            }
            (Err(fault), None) => prop_assert_eq!(fault.message().class, Class::Refused),
            (found, best) => prop_assert!(false, "brute force {best:?}, search {:?}", found.map(|plan| plan.report().loss)),
        }
    }

    /// Bit for bit: a person of one row is a row.
    #[test]
    fn persons_of_one_row_each_are_rows(
        rows in prop::collection::vec((prop::array::uniform3(0_usize..4), 0_usize..4), 1..40),
        ordered in any::<bool>(),
        policy in models(),
        k in 1_u32..5,
    ) {
        let named: Vec<(Row, usize)> = rows.iter().copied().zip(0..).collect();
        let batch = with_persons(&named, ordered);
        let one = std::slice::from_ref(&batch);
        let quasi = ["x", "y", "z"];
        let found = risk_in(one, &[], &quasi, &["secret"], Some("who")).unwrap();
        let rows_alone = risk(one, &quasi, &["secret"]).unwrap();
        prop_assert_eq!(&Risk { persons: None, ..found }, &rows_alone);
        let policy = Policy { k, max_suppressed: 0.3, ..policy };
        let persons = search(one, &Policy { person: Some("who".into()), ..policy.clone() });
        match (persons, search(one, &policy)) {
            (Ok(persons), Ok(rows)) => {
                let after = &persons.report().after;
                prop_assert_eq!(&Risk { persons: None, ..after.clone() }, &rows.report().after);
                prop_assert_eq!(&persons.report().levels, &rows.report().levels);
            }
            (Err(persons), Err(rows)) => prop_assert_eq!(persons.code(), rows.code()),
            (persons, rows) => prop_assert!(false, "{} {}", persons.is_ok(), rows.is_ok()),
        }
    }
}

/// Twelve classes of five persons, all with one value, of whom one has as many rows of the other value.
fn shared() -> RecordBatch {
    let mut rows = Vec::new();
    for class in 0..12 {
        let (own, other) = if class % 2 == 1 { ("hiv", "flu") } else { ("flu", "hiv") };
        for person in 0..5 {
            rows.push((format!("P{class}_{person}"), class, own));
        }
        rows.extend((0..5).map(|_| (format!("P{class}_0"), class, other)));
    }
    table(vec![
        ("who", words(&rows.iter().map(|row| &row.0).collect::<Vec<_>>())),
        ("town", words(&rows.iter().map(|row| format!("T{:02}", row.1)).collect::<Vec<_>>())),
        ("secret", words(&rows.iter().map(|row| row.2).collect::<Vec<_>>())),
    ])
}

fn told(table: &RecordBatch, person: Option<&Pair>) -> Inference {
    let truth: Vec<Option<usize>> = (0..table.num_rows()).map(Some).collect();
    let scene = Scene {
        known: std::slice::from_ref(table),
        released: std::slice::from_ref(table),
        truth: &truth,
        quasi: &[Pair::same("town")],
        person,
        levels: &Levels::new(),
        wanted: Some(&Pair::same("secret")),
    };
    linkage(&scene, &Effort::default()).unwrap().inference.unwrap()
}

#[test]
fn one_persons_rows_do_not_hide_what_everybody_has() {
    let table = shared();
    let one = std::slice::from_ref(&table);
    let rows = risk(one, &["town"], &["secret"]).unwrap();
    assert!((rows.sensitive[0].effective_l - 2.0).abs() < 1e-9, "as rows: half and half");
    assert!(rows.models.unwrap().t < 1e-9);
    let found = risk_in(one, &[], &["town"], &["secret"], Some("who")).unwrap();
    let models = found.models.unwrap();
    assert_eq!((models.distinct_l, models.entropy_l), (1, 1));
    assert!((models.alpha - 1.0).abs() < 1e-12);
    // 36 of 60 persons hold each; a person with both has half of each.
    assert!((models.basic_beta - (1.0 - 0.6) / 0.6).abs() < 1e-12);
    assert!((models.t - (4.5 / 5.0 - 0.5)).abs() < 1e-12, "{}", models.t);
    let named = |policy: Policy| Policy {
        person: Some("who".into()),
        sensitive: vec!["secret".into()],
        ..policy
    };
    let plain = || Policy::new(5, vec![quasi("town", Hierarchy::Suppress)]);
    assert_eq!(search(one, &named(plain())).unwrap().report().levels[0].level, 0);
    for asked in [
        Policy { l: Some(Diversity::Distinct(2)), ..plain() },
        Policy { l: Some(Diversity::Entropy(2.0)), ..plain() },
        Policy { l: Some(Diversity::Recursive { c: 4.0, l: 2 }), ..plain() },
        Policy { t: Some(0.05), ..plain() },
        Policy { beta: Some(Likeness::Basic(0.1)), ..plain() },
        Policy { delta: Some(0.1), ..plain() },
        Policy { alpha: Some(0.7), ..plain() },
    ] {
        let plan = search(one, &named(asked.clone())).unwrap();
        assert_eq!(plan.report().levels[0].level, 1, "{asked:?}");
        assert_eq!(plan.report().after.k, 60);
    }
}

#[test]
fn a_value_that_everybody_holds_is_not_hidden_by_others_that_they_hold_too() {
    // Here everybody has both; there half have one and half the other.
    let mut rows = Vec::new();
    for person in 0..6 {
        rows.extend([(person, "here", "hiv"), (person, "here", "flu")]);
        rows.push((6 + person, "there", if person % 2 == 0 { "hiv" } else { "flu" }));
    }
    let table = table(vec![
        ("who", words(&rows.iter().map(|row| format!("P{}", row.0)).collect::<Vec<_>>())),
        ("town", words(&rows.iter().map(|row| row.1).collect::<Vec<_>>())),
        ("secret", words(&rows.iter().map(|row| row.2).collect::<Vec<_>>())),
    ]);
    let one = std::slice::from_ref(&table);
    let models = risk_in(one, &[], &["town"], &["secret"], Some("who")).unwrap().models.unwrap();
    assert_eq!((models.distinct_l, models.entropy_l), (1, 1));
    // Nine of twelve hold each value: all of them here.
    assert!((models.t - 0.25).abs() < 1e-12 && (models.basic_beta - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn the_attack_tells_what_most_persons_hold() {
    let table = shared();
    let (persons, rows) = (told(&table, Some(&Pair::same("who"))), told(&table, None));
    assert_eq!((persons.right.hits, persons.right.of), (60, 60));
    assert_eq!(persons.guess.hits, 36, "who holds the commonest value at all");
    assert_eq!(rows.right.hits, 60, "of 120 rows, half of them the commonest of their class");
}
