//! Hierarchies that are given: what is written, and what is wrong with them.

use crate::anonymity::{cells, quasi, words};
use crate::support::{generalize, rule, some, table, text};
use arrow::array::{ArrayRef, Int64Array};
use ingot_privacy::anonymity::{Hierarchy, Policy, search};
use ingot_privacy::{Action, Generalize, Protector, pseudonym::FormatCipher};
use std::sync::Arc;

fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
}

fn ages() -> ArrayRef {
    Arc::new(Int64Array::from(vec![Some(3), Some(17), Some(18), Some(64), Some(65), None, None]))
}

#[test]
fn ranges_have_the_ends_that_are_given() {
    let batch = table(vec![("age", ages())]);
    let ends = vec![vec![0.0, 18.0, 65.0, 120.0], vec![0.0, 65.0, 120.0]];
    let released = |k: u32, limit: f64, ends: &[Vec<f64>]| {
        let mut policy = Policy::new(k, vec![quasi("age", Hierarchy::Ranges(ends.to_vec()))]);
        policy.max_suppressed = limit;
        search(std::slice::from_ref(&batch), &policy)
            .map(|plan| cells(&plan.apply(&batch).unwrap(), "age"))
    };
    // 65 is alone above; nobody knows the age of two.
    let fine = released(2, 0.2, &ends).unwrap();
    assert_eq!(fine, ["[0, 18)", "[0, 18)", "[18, 65)", "[18, 65)", "null", "null"]);
    let coarse = released(2, 0.2, &ends[1..]).unwrap();
    assert_eq!(coarse, ["[0, 65)", "[0, 65)", "[0, 65)", "[0, 65)", "null", "null"]);
    // 65 lies in no range.
    let lacks = released(2, 0.2, &[vec![0.0, 65.0]]).unwrap_err();
    assert_eq!(lacks.code(), "privacy-hierarchy-lacks");
    assert!(
        lacks.to_string().contains("lacks 1 of") && lacks.to_string().contains("row 5"),
        "{lacks}"
    );
    for wrong in [
        vec![vec![0.0]],
        vec![vec![0.0, 65.0, 18.0, 120.0]],
        vec![vec![0.0, f64::INFINITY]],
        vec![vec![0.0, 65.0, 120.0], vec![0.0, 18.0, 120.0]],
        vec![vec![0.0, 65.0, 120.0], vec![0.0, 65.0]],
    ] {
        let fault = released(2, 0.2, &wrong).unwrap_err();
        assert_eq!(fault.code(), "privacy-hierarchy-kind", "{wrong:?}");
    }
}

#[test]
fn given_levels_that_are_wrong_are_named_by_row_and_value() {
    let batch = table(vec![("job", words(&["nurse", "clerk", "cook", "cook"]))]);
    let code = |given: &str| {
        let policy = Policy::new(2, vec![quasi("job", Hierarchy::Table(rows(given)))]);
        match search(std::slice::from_ref(&batch), &policy) {
            Ok(plan) => cells(&plan.apply(&batch).unwrap(), "job").join(" "),
            Err(fault) => format!("{} {fault}", fault.code()),
        }
    };
    assert_eq!(code("nurse;a;*\nclerk;a;*\ncook;b;*"), "a a b b");
    for (given, wanted, value) in [
        ("nurse;a;*\nclerk;a\ncook;b;*", "privacy-hierarchy-length", "`job`[1]"),
        ("nurse;a;*\nclerk;a;*\ncook;b;*\nnurse;b;*", "privacy-hierarchy-twice", "`nurse`"),
        ("nurse;a;x\nclerk;a;y\ncook;b;x", "privacy-hierarchy-nested", "`a`"),
        ("nurse;a;*\ncook;b;*", "privacy-hierarchy-lacks", "row 2"),
    ] {
        let told = code(given);
        assert!(told.starts_with(wanted) && told.contains(value), "{told}");
    }
    // Values of the table itself are not told.
    assert!(!code("nurse;a;*\ncook;b;*").contains("clerk"));
}

#[test]
fn a_column_becomes_a_level_of_a_hierarchy() {
    let classes = [("nurse", "health"), ("护士", "医疗"), ("7", "odd")];
    let classes = classes.map(|(value, class)| (value.to_owned(), class.to_owned()));
    let given = || Generalize::Given(classes.clone().into());
    let (out, lost) =
        generalize(given(), text(&[Some("nurse"), Some("护士"), None, Some("pilot")]));
    assert_eq!(out, [Some("health".into()), Some("医疗".into()), None, None]);
    assert_eq!(lost, 1, "a value that the hierarchy does not list");
    let (out, lost) = generalize(given(), Arc::new(Int64Array::from(vec![7])));
    assert_eq!((out, lost), (some(&["odd"]), 0));
}

#[test]
fn digits_of_a_column_are_encrypted_in_their_format_or_refused() {
    let keys = crate::support::keys;
    let apply = |cells: &[Option<&str>]| {
        let batch = table(vec![("account", text(cells))]);
        let protector = Protector::new(vec![rule("account", Action::Fpe)], keys(), &batch.schema());
        let out = protector.unwrap().apply(batch)?;
        ingot_base::Result::Ok(crate::support::shown(out.column(0)))
    };
    let out =
        apply(&[Some("6222-0200-01"), None, Some("6222-0200-01"), Some("6222-0200-02")]).unwrap();
    assert_eq!((&out[0], &out[1]), (&out[2], &None));
    let one = out[0].as_deref().unwrap();
    assert!(one != "6222-0200-01" && one.len() == 12 && one.as_bytes()[4] == b'-', "{one}");
    assert_ne!(out[0], out[3]);
    let cipher = FormatCipher::new(&keys(), "account").unwrap();
    assert_eq!(cipher.read(one).unwrap().expose(), "6222-0200-01");
    let short = apply(&[Some("6222-0200-01"), Some("12345")]).unwrap_err();
    assert_eq!(
        (short.code(), short.key_path()),
        ("privacy-domain-of-column", Some("protect.columns[0].action"))
    );
    assert!(!short.to_string().contains("12345"), "{short}");
}
