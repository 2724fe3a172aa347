//! Why a text got its answer: what each word did, drawn; and a tree over the presence of words that imitates the model.

mod draw;
mod shapley;
mod tree;

pub use tree::{WordTree, word_tree};

use ingot_base::Result;
use std::ops::Range;

/// Words that are players of their own; of longer texts neighbours play together.
const PLAYERS: usize = 24;
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
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// As it stands in the text.
    pub text: String,
    /// Where it begins, in characters.
    pub start: usize,
    /// Where it ends, in characters.
    pub end: usize,
    /// What it added to the answer's log odds.
    pub contribution: f64,
    /// How much of it the attention saw.
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
        draw::svg(&self.words, answer)
    }
}

/// Shapley values of a text's words: the game's worth is the log odds of the answer for the text with only some of its words.
/// `probabilities` gives the answer's probability for texts of tokens. Equal seeds give equal values.
///
/// # Errors
/// What `probabilities` fails with, and when the contributions do not add up to the answer.
pub fn explain_text(
    text: &TextTokens<'_>,
    seed: u64,
    probabilities: &mut dyn FnMut(&[Vec<i64>]) -> Result<Vec<f64>>,
) -> Result<ExplainedText> {
    let count = text.places.len();
    let players = count.min(PLAYERS);
    // Neighbours together, as evenly as can be.
    let player = |word: usize| word * players / count.max(1);
    let mut worth = |coalitions: &[u64]| -> Result<Vec<f64>> {
        let texts: Vec<Vec<i64>> = coalitions
            .iter()
            .map(|coalition| {
                let stays = |word: &Option<usize>| {
                    word.is_none_or(|word| coalition >> player(word) & 1 == 1)
                };
                let tokens = text.ids.iter().zip(text.words).filter(|(_, word)| stays(word));
                tokens.map(|(id, _)| *id).collect()
            })
            .collect();
        let odds = |share: f64| {
            let share = share.clamp(EDGE, 1.0 - EDGE);
            (share / (1.0 - share)).ln()
        };
        Ok(probabilities(&texts)?.into_iter().map(odds).collect())
    };
    let found = shapley::shares(players, EVALUATIONS, seed, &mut worth)?;
    let mut words: Vec<Word> = Vec::with_capacity(players);
    for (at, contribution) in found.shares.iter().enumerate() {
        let own = (0..count).filter(|word| player(*word) == at);
        let places: Vec<&Range<usize>> = own.filter_map(|word| text.places.get(word)).collect();
        let start = places.iter().map(|place| place.start).min().unwrap_or_default();
        let end = places.iter().map(|place| place.end).max().unwrap_or_default();
        let letters = |bytes: usize| text.text.get(..bytes).map_or(0, |part| part.chars().count());
        let attention = text.attention.map(|shares| {
            let own = shares.iter().zip(text.words);
            own.filter(|(_, word)| word.is_some_and(|word| player(word) == at))
                .map(|(share, _)| share)
                .sum()
        });
        words.push(Word {
            text: text.text.get(start..end).unwrap_or_default().to_owned(),
            start: letters(start),
            end: letters(end),
            contribution: *contribution,
            attention,
        });
    }
    Ok(ExplainedText { base: found.base, words, exact: found.exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Token 7 speaks for the answer, token 8 against it, all others say nothing.
    fn scores(texts: &[Vec<i64>]) -> Result<Vec<f64>> {
        let odds = |ids: &Vec<i64>| {
            ids.iter().map(|id| match id {
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
    fn long_texts_are_explained_by_groups_of_words() {
        let text = vec!["ab"; 100].join(" ");
        let places: Vec<Range<usize>> = (0..100).map(|word| word * 3..word * 3 + 2).collect();
        let words: Vec<Option<usize>> = (0..100).map(Some).collect();
        let ids: Vec<i64> = (0..100).map(|word| if word == 50 { 7 } else { 1 }).collect();
        let tokens =
            TextTokens { text: &text, ids: &ids, words: &words, places: &places, attention: None };
        let found = explain_text(&tokens, 1, &mut scores).unwrap();
        assert!(!found.exact);
        assert_eq!(found.words.len(), PLAYERS);
        assert_eq!(found.words.first().unwrap().text, "ab ab ab ab ab");
        assert_eq!((found.words[0].start, found.words[23].end), (0, 299));
        let most = found.words.iter().max_by(|a, b| a.contribution.total_cmp(&b.contribution));
        assert!((most.unwrap().contribution - 2.0).abs() < 1e-6);
        assert!(most.unwrap().start <= 150 && most.unwrap().end >= 152);
    }
}
