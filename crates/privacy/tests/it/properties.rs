//! What holds for any value.

use crate::support::{apply, keys, mask, shown};
use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use ingot_base::Personal;
use ingot_privacy::{Action, Generalize, decrypt_value, encrypt_value, hash_value};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// ASCII, Chinese, emoji, combining marks, nothing: with nulls.
fn cells() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(
        prop::option::weighted(0.9, prop_oneof![".{0,24}", "[一-龥]{1,6}", "[0-9]{1,18}"]),
        1..40,
    )
}

fn column(cells: &[Option<String>]) -> ArrayRef {
    Arc::new(StringArray::from(cells.to_vec()))
}

/// Tokens are made of these alone, so nothing of a value's text can stand in one but by chance.
fn is_token(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
    })
}

/// Outputs equal exactly where inputs are equal.
fn one_to_one(inputs: &[Option<String>], outputs: &[Option<String>]) -> bool {
    let pairs: BTreeSet<_> = inputs.iter().zip(outputs).collect();
    let distinct = |cells: &[Option<String>]| cells.iter().cloned().collect::<BTreeSet<_>>().len();
    pairs.len() == distinct(inputs) && pairs.len() == distinct(outputs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encryption_comes_back_is_deterministic_and_one_to_one(cells in cells()) {
        let (array, _) = apply(Action::Encrypt, column(&cells)).unwrap();
        let tokens = shown(&array);
        for (cell, token) in cells.iter().zip(&tokens) {
            prop_assert_eq!(cell.is_none(), token.is_none());
            if let (Some(value), Some(token)) = (cell, token) {
                let back = decrypt_value(&keys(), "c", token).unwrap();
                prop_assert_eq!(back.expose(), value);
                prop_assert!(is_token(token, "enc_"));
                // At least 4 bytes: a shorter value may stand in base64 by chance.
                prop_assert!(value.len() < 4 || !token.contains(value.as_str()));
                prop_assert!(decrypt_value(&keys(), "d", token).is_err());
            }
        }
        prop_assert!(one_to_one(&cells, &tokens));
        prop_assert_eq!(tokens, shown(&apply(Action::Encrypt, column(&cells)).unwrap().0));
    }

    #[test]
    fn hashes_are_deterministic_one_to_one_and_of_one_length(cells in cells()) {
        let tokens = shown(&apply(Action::Hash, column(&cells)).unwrap().0);
        prop_assert!(one_to_one(&cells, &tokens));
        for token in tokens.iter().flatten() {
            prop_assert!(is_token(token, "hsh_") && token.len() == 47);
        }
        prop_assert_eq!(tokens, shown(&apply(Action::Hash, column(&cells)).unwrap().0));
    }

    #[test]
    fn columns_cannot_be_linked(value in ".{1,24}", one in "[a-z]{1,8}", other in "[a-z]{1,8}") {
        prop_assume!(one != other);
        let value = Personal::new(value);
        prop_assert_ne!(encrypt_value(&keys(), &one, &value).unwrap(), encrypt_value(&keys(), &other, &value).unwrap());
        prop_assert_ne!(hash_value(&keys(), &one, &value).unwrap(), hash_value(&keys(), &other, &value).unwrap());
    }

    #[test]
    fn a_changed_token_is_refused(value in ".{0,24}", place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        let token = encrypt_value(&keys(), "c", &Personal::new(value)).unwrap();
        let place = 4 + place.index(token.len() - 4);
        let mut changed: Vec<char> = token.chars().collect();
        changed[place] = letter.chars().next().unwrap();
        let changed: String = changed.into_iter().collect();
        prop_assume!(changed != token);
        prop_assert!(decrypt_value(&keys(), "c", &changed).is_err());
    }

    #[test]
    fn masks_keep_the_length_and_hide_the_middle(cells in cells(), start in 0_usize..5, end in 0_usize..5) {
        let masked = shown(&apply(mask(start, end), column(&cells)).unwrap().0);
        for (cell, masked) in cells.iter().zip(&masked) {
            let Some((value, masked)) = cell.as_ref().zip(masked.as_ref()) else {
                prop_assert!(cell.is_none() && masked.is_none());
                continue;
            };
            let (value, masked): (Vec<char>, Vec<char>) = (value.chars().collect(), masked.chars().collect());
            prop_assert_eq!(value.len(), masked.len());
            let kept = if value.len() > start + end { start..value.len() - end } else { 0..value.len() };
            prop_assert!(masked[kept].iter().all(|letter| *letter == '*'));
        }
    }

    #[test]
    fn a_class_of_whole_numbers_has_one_value_near_its_members(values in prop::collection::vec(-5_000_i64..5_000, 1..60), width in 1_u16..500) {
        let array: ArrayRef = Arc::new(Int64Array::from(values.clone()));
        let to = Generalize::Width(f64::from(width));
        let width = i64::from(width);
        let lower = shown(&apply(Action::Generalize(to), array).unwrap().0);
        for (value, lower) in values.iter().zip(lower) {
            let lower: i64 = lower.unwrap().parse().unwrap();
            prop_assert!(lower % width == 0 && lower <= *value && *value < lower + width);
        }
    }

    #[test]
    fn a_class_of_numbers_has_one_value_and_classes_keep_the_order(mut values in prop::collection::vec(-1e6_f64..1e6, 1..60), width in 0.01_f64..1e4) {
        values.sort_by(f64::total_cmp);
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let (lower, unreadable) = apply(Action::Generalize(Generalize::Width(width)), array).unwrap();
        let lower: Vec<f64> = shown(&lower).into_iter().map(|cell| cell.unwrap().parse().unwrap()).collect();
        prop_assert_eq!(unreadable, 0);
        prop_assert!(lower.windows(2).all(|pair| pair[0] <= pair[1]));
        for (value, lower) in values.iter().zip(&lower) {
            let slack = 1e-8 * (value.abs() + width);
            prop_assert!(*lower <= value + slack && *value < lower + width + slack, "{} {} {}", value, lower, width);
        }
    }

    #[test]
    fn what_is_no_date_becomes_null_and_is_counted(cells in cells()) {
        for to in [Generalize::Year, Generalize::Month, Generalize::Decade] {
            let (array, unreadable) = apply(Action::Generalize(to), column(&cells)).unwrap();
            let coarse = shown(&array);
            let lost = cells.iter().zip(&coarse).filter(|(cell, coarse)| cell.is_some() && coarse.is_none()).count();
            prop_assert_eq!(u64::try_from(lost).unwrap(), unreadable);
            prop_assert!(coarse.iter().flatten().all(|text| text.len() <= 7));
        }
    }

    #[test]
    fn days_of_one_month_share_one_value(year in 1_u16..10_000, month in 1_u8..13, days in prop::collection::vec(1_u8..29, 2..20)) {
        let cells: Vec<Option<String>> = days.iter().map(|day| Some(format!("{year:04}-{month:02}-{day:02}"))).collect();
        let mut classes = BTreeMap::new();
        for to in [Generalize::Year, Generalize::Month, Generalize::Decade] {
            let values: BTreeSet<_> = shown(&apply(Action::Generalize(to.clone()), column(&cells)).unwrap().0).into_iter().collect();
            prop_assert_eq!(values.len(), 1);
            classes.insert(format!("{to:?}"), values);
        }
        prop_assert!(classes["Year"].contains(&Some(year.to_string())));
        let wanted = format!("{year:04}-{month:02}");
        prop_assert!(classes["Month"].contains(&Some(wanted)));
        prop_assert!(classes["Decade"].contains(&Some((year / 10 * 10).to_string())));
    }
}
