//! A prompt's words, and the prompt without some of them.

use super::Place;
use crate::words::alone;
use std::ops::Range;

/// A word: where it stands in which text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) text: usize,
    pub(super) place: Range<usize>,
}

/// The words of texts, with the marks that follow them.
pub(super) fn units(texts: &[String]) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    for (text, own) in texts.iter().enumerate() {
        // Whether the last word ends right here, and whether letters go on with it.
        let (mut near, mut open) = (false, false);
        for (at, letter) in own.char_indices() {
            if letter.is_whitespace() {
                (near, open) = (false, false);
                continue;
            }
            let end = at + letter.len_utf8();
            let joins = if letter.is_alphanumeric() { open && !alone(letter) } else { near };
            if let Some(last) = found.last_mut().filter(|_| joins) {
                last.place.end = end;
            } else {
                found.push(Unit { text, place: at..end });
                open = true;
            }
            near = true;
            open &= !alone(letter);
        }
    }
    found
}

/// Where some words stand in each text that they reach into, in bytes.
fn spans(units: &[Unit], part: &Range<usize>) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    for unit in units.get(part.clone()).unwrap_or_default() {
        match found.last_mut().filter(|last| last.text == unit.text) {
            Some(last) => last.place.end = unit.place.end,
            None => found.push(unit.clone()),
        }
    }
    found
}

/// The words of a part as they stand there, and their places.
pub(super) fn places(
    texts: &[String],
    units: &[Unit],
    part: &Range<usize>,
) -> (String, Vec<Place>) {
    let spans = spans(units, part);
    let of = |span: &Unit| texts.get(span.text).map_or("", String::as_str);
    let shown = spans.iter().map(|span| of(span).get(span.place.clone()).unwrap_or_default());
    let text = shown.collect::<Vec<_>>().join("\n");
    let place = |span: &Unit| {
        let letters = |bytes: usize| of(span).get(..bytes).map_or(0, |head| head.chars().count());
        Place { text: span.text, start: letters(span.place.start), end: letters(span.place.end) }
    };
    (text, spans.iter().map(place).collect())
}

/// The texts without some words, and without the space that would stand there twice.
pub(super) fn without(texts: &[String], units: &[Unit], part: &Range<usize>) -> Vec<String> {
    let mut left = texts.to_vec();
    for span in spans(units, part) {
        let Some(text) = left.get_mut(span.text) else { continue };
        let before = text.get(..span.place.start).unwrap_or_default();
        let after = text.get(span.place.end..).unwrap_or_default();
        let gap = [' ', '\t', '\u{3000}'];
        let closes = after.is_empty() || after.starts_with(char::is_whitespace);
        let before = if closes { before.trim_end_matches(gap) } else { before };
        let opens = before.is_empty() || before.ends_with('\n');
        let after = if opens { after.trim_start_matches(gap) } else { after };
        *text = format!("{before}{after}");
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        let units = units(&[text.to_owned()]);
        units.into_iter().map(|unit| text.get(unit.place).unwrap()).collect()
    }

    #[test]
    fn words_are_told_apart_in_both_languages() {
        assert_eq!(words("Where's order #7, (really)?"), ["Where's", "order", "#7,", "(really)?"]);
        assert_eq!(words("订单7退款了，thanks!"), ["订", "单", "7", "退", "款", "了，", "thanks!"]);
        assert_eq!(words("“早” こ ok"), ["“", "早”", "こ", "ok"]);
        assert!(words(" \n\t").is_empty());
    }

    #[test]
    fn a_word_takes_its_space_with_it() {
        let texts = ["where is order 7\nnow, 退 款".to_owned(), "b".to_owned()];
        let units = units(&texts);
        let left = |part: Range<usize>| without(&texts, &units, &part);
        assert_eq!(left(0..1)[0], "is order 7\nnow, 退 款");
        assert_eq!(left(1..2)[0], "where order 7\nnow, 退 款");
        assert_eq!(left(3..4)[0], "where is order\nnow, 退 款");
        assert_eq!(left(4..5)[0], "where is order 7\n退 款");
        assert_eq!(left(6..7)[0], "where is order 7\nnow, 退");
        assert_eq!(left(5..8), ["where is order 7\nnow,", ""]);
        assert_eq!(left(0..8), ["", ""]);
    }

    proptest! {
        #[test]
        fn every_letter_stands_in_one_word(text in "[a-c 退款，。#\n\u{e9}]{0,40}") {
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(words(&text).concat(), letters(&text));
            let texts = [text.clone()];
            let units = units(&texts);
            for at in 0..units.len() {
                let gone = text.get(units[at].place.clone()).unwrap().chars().count();
                let left = without(&texts, &units, &(at..at + 1));
                prop_assert_eq!(letters(&left[0]).chars().count() + gone, letters(&text).chars().count());
            }
        }
    }
}
