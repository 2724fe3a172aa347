//! Of any small table and given hierarchy: a plan that keeps its promise, or a refusal; local recoding loses no more.
#![no_main]

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use ingot_privacy::anonymity::{
    Diversity, Hierarchy, Loss, Policy, Quasi, Recoding, flaw, risk, search,
};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

/// The first line is settings, then `value;level;…` lines until an empty one, then rows `x;y;secret`.
fuzz_target!(|text: &str| {
    let Some((settings, rest)) = text.split_once('\n') else { return };
    let Some((levels, rows)) = rest.split_once("\n\n") else { return };
    let split = |text: &str| -> Vec<Vec<String>> {
        text.lines().take(40).map(|line| line.split(';').map(str::to_owned).collect()).collect()
    };
    let (levels, rows) = (split(levels), split(rows));
    let _ = flaw(&levels);
    let column = |place: usize| -> ArrayRef {
        let cells = rows.iter().map(|row| row.get(place).map(String::as_str));
        Arc::new(cells.collect::<StringArray>())
    };
    let columns = [("x", column(0)), ("y", column(1)), ("secret", column(2))];
    let Ok(batch) = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    ) else {
        return;
    };
    let setting = |place: usize| settings.as_bytes().get(place).copied().unwrap_or_default();
    let quasi = |name: &str, hierarchy| Quasi { name: name.to_owned(), hierarchy };
    let hierarchies = [
        Hierarchy::Table(levels),
        Hierarchy::Auto,
        Hierarchy::Suppress,
        Hierarchy::Prefix(vec![3, 1]),
        Hierarchy::Calendar,
    ];
    let other = hierarchies.get(usize::from(setting(0) % 5)).cloned().unwrap_or(Hierarchy::Auto);
    let [given, ..] = hierarchies;
    let mut policy =
        Policy::new(1 + u32::from(setting(1) % 4), vec![quasi("x", given), quasi("y", other)]);
    policy.sensitive = vec!["secret".to_owned()];
    policy.max_suppressed = f64::from(setting(2) % 5) / 5.0;
    policy.loss = match setting(3) % 3 {
        0 => Loss::Certainty,
        1 => Loss::Discernibility,
        _ => Loss::AverageClass,
    };
    let strength = f64::from(setting(5)) / 128.0;
    match setting(4) % 6 {
        0 => policy.l = Some(Diversity::Distinct(1 + u32::from(setting(5) % 3))),
        1 => policy.l = Some(Diversity::Entropy(1.0 + strength)),
        2 => policy.t = Some(strength / 2.0),
        3 => policy.delta = Some(strength + 0.1),
        4 => policy.beta = Some(ingot_privacy::anonymity::Likeness::Enhanced(strength + 0.1)),
        _ => {}
    }
    let one = std::slice::from_ref(&batch);
    let Ok(full) = search(one, &policy) else { return };
    policy.recoding = Recoding::Local;
    let local = search(one, &policy).expect("what columns reach, classes reach");
    assert!(local.report().loss <= full.report().loss + 1e-9);
    for plan in [full, local] {
        let released = plan.apply(&batch).expect("what was searched can be written");
        let after = risk(&[released], &["x", "y"], &["secret"]).expect("something is released");
        assert_eq!(after, plan.report().after);
        assert!(after.k >= u64::from(policy.k));
    }
});
