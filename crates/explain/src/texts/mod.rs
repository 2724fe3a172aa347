//! Why a text got its answer: what each word did, drawn; and a tree over the presence of words that imitates the model.

pub(crate) mod draw;
mod shapley;
mod tree;

pub use tree::{KnownText, WORD_PERSONS, WordTree, word_tree};

use crate::parts;
use ingot_base::Result;
use serde::Serialize;
use std::ops::Range;

/// Words that are players of their own; of longer texts neighbours play together, but where much is decided.
const PLAYERS: usize = 24;
/// Parts that a longer text is first seen in.
const PARTS: usize = 12;
/// Texts evaluated for one explanation, about: all coalitions of up to eight words.
const EVALUATIONS: usize = 384;
/// Probabilities are kept this far from 0 and 1, so that their odds are numbers.
const EDGE: f64 = 1e-7;

/// A text as a model of texts takes it.
#[derive(Debug, Clone, Copy)]
pub struct TextTokens<'a> {
    /// The text.
    pub text: &'a str,
    /// Numbers of its tokens.
    pub ids: &'a [i64],
    /// The word of each token; `None` of a mark, which always stays.
    pub words: &'a [Option<usize>],
    /// Where each word stands, in bytes.
    pub places: &'a [Range<usize>],
    /// How much of each token the answer saw, if it is known; they sum to 1.
    pub attention: Option<&'a [f64]>,
}

/// What a word, or some words side by side, did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Word {
    /// As it stands in the text.
    pub text: String,
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends, in characters.
    pub end: usize,
    /// What it added to the answer's log odds.
    pub contribution: f64,
    /// How much of it the attention saw, if that is known; all tokens of a text sum to 1.
    pub attention: Option<f64>,
}

/// An explained text.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedText {
    /// The answer's log odds for a text without words.
    pub base: f64,
    /// In the order of the text; base and contributions add up to the answer's log odds.
    pub words: Vec<Word>,
    /// Whether the contributions are exact Shapley values; else they are sampled.
    pub exact: bool,
}

impl ExplainedText {
    /// The text with its words in colour: a self-contained SVG. `answer` is what the model said.
    pub fn svg(&self, answer: &str) -> String {
        draw::svg(&self.words, Some(answer))
    }

    /// The same without what the colours mean: a page of many says it once.
    pub fn svg_plain(&self) -> String {
        draw::svg(&self.words, None)
    }
}

/// How often about [`explain_text`] asks the network about a text of so many words.
pub fn text_evaluations(words: usize) -> usize {
    let all = u32::try_from(words).ok().and_then(|words| 1_usize.checked_shl(words));
    all.map_or(EVALUATIONS, |all| all.min(EVALUATIONS))
}

/// Asks a network for the answer's probability for each of several texts of tokens.
pub type Asked<'a> = &'a mut dyn FnMut(&[Vec<i64>]) -> Result<Vec<f64>>;

/// Shapley values of a text's words: the game's worth is the log odds of the answer for the text with only some of its words.
/// `probabilities` gives the answer's probability for texts of tokens. Equal seeds give equal values.
///
/// # Errors
/// What `probabilities` fails with, and when the contributions do not add up to the answer.
pub fn explain_text(
    text: &TextTokens<'_>,
    seed: u64,
    probabilities: Asked<'_>,
) -> Result<ExplainedText> {
    let mut game = |parts: &[Range<usize>], evaluations: usize| {
        let owner: Vec<usize> =
            parts.iter().enumerate().flat_map(|(at, part)| part.clone().map(move |_| at)).collect();
        shapley::shares(parts.len(), evaluations, seed, &mut |coalitions| {
            let texts: Vec<Vec<i64>> =
                coalitions.iter().map(|coalition| only(text, &owner, *coalition)).collect();
            Ok(probabilities(&texts)?.into_iter().map(odds).collect())
        })
    };
    let count = text.places.len();
    let mut parts: Vec<Range<usize>> =
        (0..count).map(|word| Range { start: word, end: word + 1 }).collect();
    let mut evaluations = EVALUATIONS;
    if count > PLAYERS {
        let first = evenly(text, PARTS);
        let seen = game(&first, EVALUATIONS / 3)?;
        evaluations -= EVALUATIONS / 3;
        parts = closer(&first, &seen.each);
    }
    let found = game(&parts, evaluations)?;
    let letters = |bytes: usize| text.text.get(..bytes).map_or(0, |part| part.chars().count());
    let words = parts.iter().zip(&found.each).map(|(part, contribution)| {
        let places = text.places.get(part.clone()).unwrap_or_default();
        let start = places.iter().map(|place| place.start).min().unwrap_or_default();
        let end = places.iter().map(|place| place.end).max().unwrap_or_default();
        let attention = text.attention.map(|shares| {
            let own = shares.iter().zip(text.words);
            own.filter(|(_, word)| word.is_some_and(|word| part.contains(&word)))
                .map(|(share, _)| share)
                .sum()
        });
        Word {
            text: text.text.get(start..end).unwrap_or_default().to_owned(),
            start: letters(start),
            end: letters(end),
            contribution: *contribution,
            attention,
        }
    });
    Ok(ExplainedText { base: found.base, words: words.collect(), exact: found.exact })
}

/// The tokens of the text with only some of its parts, bit by bit; `owner` is the part of each word. Marks always stay.
fn only(text: &TextTokens<'_>, owner: &[usize], coalition: u64) -> Vec<i64> {
    let stays = |word: &Option<usize>| {
        word.is_none_or(|word| owner.get(word).is_some_and(|part| coalition >> part & 1 == 1))
    };
    let tokens = text.ids.iter().zip(text.words).filter(|(_, word)| stays(word));
    tokens.map(|(id, _)| *id).collect()
}

fn odds(share: f64) -> f64 {
    let share = share.clamp(EDGE, 1.0 - EDGE);
    (share / (1.0 - share)).ln()
}

/// A text's words in so many parts of about the same size; a part rather ends at a punctuation mark that is near.
fn evenly(text: &TextTokens<'_>, parts: usize) -> Vec<Range<usize>> {
    let ends = |word: usize| {
        let own = text.places.get(word).and_then(|place| text.text.get(place.clone()));
        own.is_some_and(|own| !own.chars().any(char::is_alphanumeric))
    };
    parts::evenly(text.places.len(), parts, &ends)
}

/// Parts that did much in their single words, or in as many pieces as there may be players.
fn closer(parts: &[Range<usize>], shares: &[f64]) -> Vec<Range<usize>> {
    parts::closer(parts, shares, PLAYERS).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Token 7 speaks for the answer, token 8 against it, all others say nothing.
    #[expect(clippy::unnecessary_wraps, reason = "as a network that can fail")]
    fn scores(texts: &[Vec<i64>]) -> Result<Vec<f64>> {
        let odds = |ids: &Vec<i64>| {
            ids.iter()
                .map(|id| match id {
                    7 => 2.0,
                    8 => -1.0,
                    _ => 0.0,
                })
                .sum::<f64>()
                + 0.25
        };
        Ok(texts.iter().map(|ids| 1.0 / (1.0 + (-odds(ids)).exp())).collect())
    }

    #[test]
    fn words_get_what_their_tokens_did() {
        let text = "很 good, films";
        let places = [0..3, 4..8, 8..9, 10..15];
        let words = [None, Some(0), Some(1), Some(2), Some(3), Some(3), None];
        let ids = [2, 8, 7, 1, 7, 7, 3];
        let attention = [0.1, 0.1, 0.2, 0.1, 0.2, 0.2, 0.1];
        let tokens = TextTokens {
            text,
            ids: &ids,
            words: &words,
            places: &places,
            attention: Some(&attention),
        };
        let found = explain_text(&tokens, 1, &mut scores).unwrap();
        assert!(found.exact && (found.base - 0.25).abs() < 1e-9);
        let said: Vec<(&str, usize, f64)> = found
            .words
            .iter()
            .map(|word| (word.text.as_str(), word.start, (word.contribution * 1e6).round() / 1e6))
            .collect();
        assert_eq!(said, [("很", 0, -1.0), ("good", 2, 2.0), (",", 6, 0.0), ("films", 8, 4.0)]);
        assert!((found.words[3].attention.unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn of_long_texts_the_words_that_decide_stand_alone() {
        let text = vec!["ab"; 100].join(" ");
        let places: Vec<Range<usize>> = (0..100).map(|word| word * 3..word * 3 + 2).collect();
        let words: Vec<Option<usize>> = (0..100).map(Some).collect();
        let ids: Vec<i64> = (0..100).map(|word| if word == 50 { 7 } else { 1 }).collect();
        let tokens =
            TextTokens { text: &text, ids: &ids, words: &words, places: &places, attention: None };
        let mut asked = 0;
        let found = explain_text(&tokens, 1, &mut |texts| {
            asked += texts.len();
            scores(texts)
        })
        .unwrap();
        assert!(!found.exact && found.words.len() <= PLAYERS && asked <= EVALUATIONS, "{asked}");
        assert_eq!(found.words[0].text, ["ab"; 8].join(" "), "what does nothing stays together");
        let most = found.words.iter().max_by(|a, b| a.contribution.total_cmp(&b.contribution));
        let most = most.unwrap();
        assert!((most.contribution - 2.0).abs() < 1e-6);
        assert_eq!((most.text.as_str(), most.start, most.end), ("ab", 150, 152));
        assert_eq!((found.words[0].start, found.words.last().unwrap().end), (0, 299));
    }

    #[test]
    fn parts_cover_the_text_and_rather_end_at_marks() {
        let letters: Vec<char> =
            "一二三四五六，七八九十甲乙丙丁。戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
                .chars()
                .collect();
        let text: String = letters.iter().collect();
        let places: Vec<Range<usize>> = (0..letters.len()).map(|at| at * 3..at * 3 + 3).collect();
        let (ids, words) = (vec![1; places.len()], (0..places.len()).map(Some).collect::<Vec<_>>());
        let tokens =
            TextTokens { text: &text, ids: &ids, words: &words, places: &places, attention: None };
        let parts = evenly(&tokens, 4);
        assert_eq!(
            (parts[0].clone(), parts[1].clone()),
            (0..7, 7..16),
            "at the comma and the stop"
        );
        for parts in [parts, evenly(&tokens, PARTS), closer(&evenly(&tokens, PARTS), &[0.0; PARTS])]
        {
            assert!(
                parts.len() <= PLAYERS && parts.iter().all(|part| !part.is_empty()),
                "{parts:?}"
            );
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{parts:?}");
            assert_eq!((parts[0].start, parts.last().unwrap().end), (0, letters.len()));
        }
        let shares: Vec<f64> = (0..PARTS).map(|at| if at == 3 { -2.0 } else { 0.01 }).collect();
        let even = evenly(&tokens, PARTS);
        let found = closer(&even, &shares);
        assert_eq!(found.len(), PARTS + even[3].len() - 1, "only the part that did much");
    }
}
