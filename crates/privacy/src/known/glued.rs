//! What may touch a long number without making another one of it: `id18672013831z`, `018672013831`, `DE12022971716108`.

use super::pieces::{Letter, one_word};
use super::{Form, is_currency};
use crate::dialled::is_prefix;

/// Fewest letters of a number that is told from others whatever letters touch it.
const LONG: usize = 8;
/// Letters of a resident number that ends in X.
const CROSSED: usize = 18;

/// Whether what stands around a form makes a longer word or number of it.
pub(super) fn goes_on(
    before: &[Letter],
    window: &[Letter],
    behind: &[Letter],
    form: &Form,
) -> bool {
    let (Some(first), Some(last)) = (window.first(), window.last()) else { return true };
    let number = form.letters.iter().all(char::is_ascii_digit);
    let currency = |before, behind| number && is_currency(before, behind);
    let long = is_long(&form.letters);
    let joined = before.last().is_some_and(|before| one_word(*before, *first));
    let joins = behind.first().filter(|behind| one_word(*last, **behind));
    let begins = || currency(before, &[]) || long && is_apart(before);
    let ends = |next: &Letter| currency(&[], behind) || long && !next.folded.is_ascii_digit();
    joined && !begins() || joins.is_some_and(|next| !ends(next))
}

/// Whether a value is a number long enough to be told from others within a word.
fn is_long(letters: &[char]) -> bool {
    let Some((last, front)) = letters.split_last() else { return false };
    letters.len() >= LONG
        && front.iter().all(char::is_ascii_digit)
        && (last.is_ascii_digit() || *last == 'x' && letters.len() == CROSSED)
}

/// Whether what touches a number in front ends in letters, in zeros or digits that are dialled before a number, or in the country and
/// check digits of an IBAN, with zeros behind them or none.
fn is_apart(before: &[Letter]) -> bool {
    let mut pairs = before.windows(2).rev();
    let more = pairs.by_ref().take_while(|pair| matches!(pair, [a, b] if one_word(*a, *b))).count();
    let word = before.get(before.len().saturating_sub(more + 1)..).unwrap_or_default();
    let digits = word.iter().rev().take_while(|letter| letter.folded.is_ascii_digit()).count();
    let (letters, digits) = word.split_at(word.len() - digits);
    let digits: String = digits.iter().map(|letter| letter.folded).collect();
    let unpadded = digits.trim_end_matches('0');
    let country = letters.len() == 2 && letters.iter().all(|one| one.folded.is_ascii_alphabetic());
    // Of check digits one may be a zero itself.
    let checked = digits.len() >= 2 && unpadded.len() <= 2;
    is_prefix(digits.as_bytes()) || country && checked
}

#[cfg(test)]
mod tests {
    use crate::detect::Kind;
    use crate::known::{Known, Pieces};
    use std::sync::Arc;

    /// How much of a text is found for a value.
    fn found(value: &str, text: &str) -> Vec<String> {
        let known = Known::new(&Arc::from("number"), Some(Kind::Phone), value).unwrap();
        let mut found = Vec::new();
        known.find((&Pieces::of(text), &[]), &|_| None, &mut found);
        let found = crate::detect::unite(found);
        let part = |one: &crate::detect::Finding| {
            text.chars().skip(one.start).take(one.end - one.start).collect()
        };
        found.iter().map(part).collect()
    }

    #[test]
    fn a_long_number_is_found_among_letters_and_behind_what_is_dialled_before_it() {
        for (value, text) in [
            ("18672013831", "电话：018672013831"),
            ("18672013831", "call 018672013831"),
            ("18672013831", "拨1795118672013831"),
            ("18672013831", "拨1259318672013831"),
            ("18672013831", "8618672013831和008618672013831"),
            ("18672013831", "id18672013831z"),
            ("18672013831", "０１８６７２０１３８３１"),
            ("022971716108", "0022971716108"),
            ("022971716108", "00022971716108"),
            ("022971716108", "iban DE12022971716108"),
            ("022971716108", "iban DE10000022971716108"),
            ("110101199412218611", "0110101199412218611"),
            ("31010419931227038X", "ID31010419931227038x已核"),
            ("31010419931227038X", "no31010419931227038Xb"),
        ] {
            let found = found(value, text);
            assert!(!found.is_empty(), "{text}");
            assert!(found.iter().all(|one| one.chars().count() == value.len()), "{found:?}");
        }
        assert_eq!(found("8613800138000", "id13800138000"), ["13800138000"]);
        assert_eq!(found("+86 13800138000", "拨 138 0013 8000"), ["138 0013 8000"]);
    }

    #[test]
    fn another_number_or_a_short_one_is_not() {
        for (value, text) in [
            ("18672013831", "118672013831, 186720138311, 9018672013831"),
            ("18672013831", "1234518672013831, 17951186720138310"),
            ("022971716108", "DEX12022971716108, DE123022971716108, 12022971716108"),
            ("31010419931227038X", "ID31010419931227038X1, 131010419931227038X"),
            ("1867201", "id1867201z, 01867201, 861867201"),
            ("C-8812345", "XC8812345, C8812345x"),
        ] {
            assert_eq!(found(value, text), [""; 0], "{text}");
        }
    }
}
