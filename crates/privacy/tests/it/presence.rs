//! δ-presence against brute force over the lattice. Nergiz, Atzori and Clifton, "Hiding the presence of individuals from shared
//! databases" (2007).
#![expect(clippy::cast_precision_loss, reason = "counts of small tables")]

use crate::anonymity::{LADDER, Row, SEED, ladder, penalty, quasi, small};
use ingot_base::Class;
use ingot_privacy::anonymity::{Loss, Policy, Presence, risk_in, search_in};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

/// One node by the definition: for every class of the population, rows of the table ÷ rows of the population lies within the
/// bounds. A class whose rows are left out is one whose absence is certain.
fn judged(table: &[Row], people: &[Row], levels: [usize; 3], policy: &Policy) -> Option<f64> {
    let bounds = policy.presence.unwrap();
    let key = |row: &Row| -> [&str; 3] {
        std::array::from_fn(|place| LADDER[row.0[place]][levels[place]])
    };
    let mut classes: BTreeMap<[&str; 3], (Vec<&Row>, usize)> = BTreeMap::new();
    for row in people {
        classes.entry(key(row)).or_default().1 += 1;
    }
    for row in table {
        classes.get_mut(&key(row)).unwrap().0.push(row);
    }
    let share = |class: &(Vec<&Row>, usize)| class.0.len() as f64 / class.1 as f64;
    let kept: Vec<&(Vec<&Row>, usize)> = classes
        .values()
        .filter(|class| !class.0.is_empty() && class.0.len() >= policy.k as usize)
        .filter(|class| share(class) <= bounds.most + 1e-9)
        .collect();
    if bounds.least > 0.0
        && (kept.len() < classes.len()
            || kept.iter().any(|class| share(class) < bounds.least - 1e-9))
    {
        return None;
    }
    let all = table.len() as f64;
    let rows: usize = kept.iter().map(|class| class.0.len()).sum();
    let lost = (table.len() - rows) as f64;
    if rows == 0 || lost > (all * policy.max_suppressed + 1e-9).floor() {
        return None;
    }
    let generalised = |row: &&Row| -> f64 {
        (0..3).map(|place| penalty(people, place, row.0[place], levels[place])).sum()
    };
    Some(match policy.loss {
        Loss::Certainty => {
            let sum: f64 = kept.iter().flat_map(|class| &class.0).map(generalised).sum();
            (sum + 3.0 * lost) / (3.0 * all)
        }
        Loss::Discernibility => {
            kept.iter().map(|class| (class.0.len() as f64).powi(2)).sum::<f64>() + lost * all
        }
        Loss::AverageClass => all / kept.len() as f64 / f64::from(policy.k),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_optimum_under_presence_is_that_of_brute_force(
        people in prop::collection::vec(((prop::array::uniform3(0_usize..4), 0_usize..4), prop::bool::weighted(0.4)), 1..50),
        k in 1_u32..5,
        least in prop_oneof![Just(0.0), Just(0.05), Just(0.2), Just(0.4)],
        more in 0.0_f64..0.7,
        limit in prop_oneof![Just(0.0), Just(0.1), Just(0.3)],
        loss in prop_oneof![Just(Loss::Certainty), Just(Loss::Discernibility), Just(Loss::AverageClass)],
    ) {
        let table: Vec<Row> = people.iter().filter(|(_, member)| *member).map(|(row, _)| *row).collect();
        let people: Vec<Row> = people.into_iter().map(|(row, _)| row).collect();
        prop_assume!(!table.is_empty());
        let names = ["x", "y", "z"].map(|name| quasi(name, ladder())).to_vec();
        let mut policy = Policy::new(k, names);
        policy.presence = Some(Presence { least, most: (least + more).min(1.0) });
        (policy.max_suppressed, policy.loss) = (limit, loss);
        let nodes = (0..27).map(|node| [node / 9, node / 3 % 3, node % 3]);
        let best = nodes.filter_map(|levels| judged(&table, &people, levels, &policy)).min_by(f64::total_cmp);
        let (batch, everyone) = (small(&table, false), small(&people, false));
        match (search_in(std::slice::from_ref(&batch), std::slice::from_ref(&everyone), &policy), best) {
            (Ok(plan), Some(best)) => {
                let report = plan.report();
                prop_assert!((report.loss - best).abs() < 1e-9, "{} is not {best}", report.loss);
                let levels = std::array::from_fn(|place| usize::from(report.levels[place].level));
                let at_levels = judged(&table, &people, levels, &policy);
                prop_assert!(at_levels.is_some_and(|loss| (loss - best).abs() < 1e-9));
                if report.suppressed_rows == 0 {
                    let (low, high) = report.after.presence.unwrap();
                    let bounds = policy.presence.unwrap();
                    prop_assert!(high <= bounds.most + 1e-9 && low >= bounds.least - 1e-9, "{low} {high}");
                }
            }
            (Err(fault), None) => prop_assert_eq!(fault.message().class, Class::Refused),
            (found, best) => prop_assert!(false, "brute force {best:?}, search {:?}", found.map(|plan| plan.report().loss)),
        }
        // The figure of a table as it is: least and largest share over the population's classes.
        let told = risk_in(&[batch], &[everyone], &["x", "y", "z"], &[], None).unwrap().presence.unwrap();
        let of = |row: &Row| {
            let count = |rows: &[Row]| rows.iter().filter(|other| other.0 == row.0).count() as f64;
            count(&table) / count(&people)
        };
        let shares: Vec<f64> = people.iter().map(of).collect();
        prop_assert!((told.0 - shares.iter().copied().fold(1.0, f64::min)).abs() < 1e-12);
        prop_assert!((told.1 - shares.iter().copied().fold(0.0, f64::max)).abs() < 1e-12);
    }
}
