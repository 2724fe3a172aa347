//! Why a language model answered as it did: each part of the prompt is left out in turn, and what that does to the answer's
//! likelihood is what the part did (occlusion, as Zeiler and Fergus 2014 do with pictures and Li et al. 2016, "Understanding neural
//! networks through representation erasure", with words).

mod draw;
mod words;

use crate::parts::{closer, evenly};
use ingot_base::{Result, fault};
use serde::Serialize;
use std::ops::Range;
use words::{Unit, places, units, without};

/// Characters from `start` up to `end` of one of a prompt's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which text, from 0 on: in a conversation, the message.
    #[serde(rename = "message")]
    pub text: usize,
    /// Where the part begins, in characters.
    pub start: usize,
    /// Where it ends, in characters.
    pub end: usize,
}

/// A word of a prompt, or some side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// As it stands in the prompt.
    pub text: String,
    /// Where it stands; in several texts when neighbours reach from one into the next.
    pub places: Vec<Place>,
    /// Natural logarithm of how many times less likely the answer is without the part; below 0 when it is likelier without.
    pub contribution: f64,
}

/// A prompt whose parts were left out in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Occluded {
    /// In the order of the prompt. What parts did need not add up: two may say the same, or only say something together.
    pub parts: Vec<Part>,
    /// Whether every word was left out alone; else neighbours were left out together.
    pub exact: bool,
}

/// Some whole characters of an answer: a token, or tokens that make characters only together.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What was said.
    pub text: String,
    /// How probable it was, 0 to 1, given all before it.
    pub probability: f64,
}

/// Leaves out each part of a prompt's texts in turn. `whole` is the natural logarithm of the answer's probability after the whole prompt;
/// `scored` tells it after each of several prompts, of which each is the texts with one part left out. There
/// are at most `most` parts: of a prompt with more words, neighbours are left out together, and where that does much they are looked at
/// more closely. A prompt without words has no parts.
///
/// # Errors
/// What `scored` fails with, and when a probability is none.
pub fn occlude(
    texts: &[String],
    whole: f64,
    most: usize,
    mut scored: impl FnMut(&[Vec<String>]) -> Result<Vec<f64>>,
) -> Result<Occluded> {
    let units = units(texts);
    let mut effects = |parts: &[Range<usize>]| -> Result<Vec<f64>> {
        let left: Vec<Vec<String>> =
            parts.iter().map(|part| without(texts, &units, part)).collect();
        let worths = if left.is_empty() { Vec::new() } else { scored(&left)? };
        let effects: Vec<f64> = worths.iter().map(|worth| whole - worth).collect();
        if effects.len() == parts.len() && effects.iter().all(|effect| effect.is_finite()) {
            Ok(effects)
        } else {
            Err(fault::internal("an answer without a probability"))
        }
    };
    let exact = units.len() <= most;
    let found: Vec<(Range<usize>, f64)> = if exact {
        let parts: Vec<Range<usize>> = (0..units.len()).map(|unit| unit..unit + 1).collect();
        let effects = effects(&parts)?;
        parts.into_iter().zip(effects).collect()
    } else {
        let ends = |unit: usize| ends(texts, &units, unit);
        let parts = evenly(units.len(), (most / 2).max(1), &ends);
        let first = effects(&parts)?;
        let split = closer(&parts, &first, most);
        let again: Vec<Range<usize>> =
            split.iter().filter(|pieces| pieces.len() > 1).flatten().cloned().collect();
        let mut second = effects(&again)?.into_iter();
        let mut found = Vec::new();
        for (pieces, effect) in split.into_iter().zip(first) {
            let alone = pieces.len() == 1;
            // As many effects were found as pieces were asked.
            let of =
                |piece| (piece, if alone { effect } else { second.next().unwrap_or_default() });
            found.extend(pieces.into_iter().map(of));
        }
        found
    };
    let part = |(part, contribution): (Range<usize>, f64)| {
        let (text, places) = places(texts, &units, &part);
        Part { text, places, contribution }
    };
    Ok(Occluded { parts: found.into_iter().map(part).collect(), exact })
}

/// Whether a sentence, or part of one, ends with a word, or its text does.
fn ends(texts: &[String], units: &[Unit], unit: usize) -> bool {
    let Some(own) = units.get(unit) else { return false };
    let last = units.get(unit + 1).is_none_or(|next| next.text != own.text);
    let text = texts.get(own.text).and_then(|text| text.get(own.place.clone()));
    let mark = |letter: char| !letter.is_alphanumeric();
    last || text.is_some_and(|text| text.chars().next_back().is_some_and(mark))
}

impl Occluded {
    /// The prompt with its parts in the colour of what they did, and the answer shaded by how sure the model was: a self-contained SVG.
    /// `speakers` are the names of the prompt's texts.
    pub fn svg(&self, speakers: &[String], answer: &[Said]) -> String {
        draw::svg(&self.parts, speakers, answer)
    }
}

/// An answer's tokens (their bytes and the logarithms of their probabilities) as whole characters. Bytes at the end that make none are
/// told as the sign for that.
pub fn said(tokens: &[(Vec<u8>, f64)]) -> Vec<Said> {
    let mut found = Vec::new();
    let (mut bytes, mut sum) = (Vec::new(), 0.0);
    for (index, (more, logprob)) in tokens.iter().enumerate() {
        bytes.extend_from_slice(more);
        sum += logprob;
        let whole = match std::str::from_utf8(&bytes) {
            Ok(_) => true,
            // No further byte makes it one.
            Err(error) => error.error_len().is_some(),
        };
        if whole || index + 1 == tokens.len() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if !text.is_empty() {
                found.push(Said { text, probability: sum.exp() });
                sum = 0.0;
            }
            bytes.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// An answer that is e² times likelier after each of some words, and half as likely after another.
    #[expect(clippy::unnecessary_wraps, reason = "as a model that can fail")]
    fn worths(prompts: &[Vec<String>]) -> Result<Vec<f64>> {
        let worth = |prompt: &Vec<String>| {
            let said = prompt.join("\n");
            let count = |word: &str| if said.contains(word) { 1.0 } else { 0.0 };
            -9.0 + 2.0 * count("refund") + 2.0 * count("款") - 0.5 * count("not")
        };
        Ok(prompts.iter().map(worth).collect())
    }

    fn explained(prompt: &[String], most: usize) -> (Occluded, usize) {
        let whole = worths(&[prompt.to_vec()]).unwrap()[0];
        let mut asked = 0;
        let found = occlude(prompt, whole, most, |prompts| {
            asked += prompts.len();
            worths(prompts)
        });
        (found.unwrap(), asked)
    }

    #[test]
    fn words_get_what_the_answer_loses_without_them() {
        let prompt = texts(&["Be brief.", "please refund, not now 退款"]);
        let (found, asked) = explained(&prompt, 32);
        let told: Vec<(&str, usize, f64)> = found
            .parts
            .iter()
            .map(|part| (part.text.as_str(), part.places[0].text, part.contribution))
            .collect();
        let wanted = [
            ("Be", 0, 0.0),
            ("brief.", 0, 0.0),
            ("please", 1, 0.0),
            ("refund,", 1, 2.0),
            ("not", 1, -0.5),
            ("now", 1, 0.0),
            ("退", 1, 0.0),
            ("款", 1, 2.0),
        ];
        assert_eq!((told.as_slice(), found.exact, asked), (wanted.as_slice(), true, wanted.len()));
        assert_eq!(found.parts[7].places, [Place { text: 1, start: 24, end: 25 }]);
    }

    #[test]
    fn of_long_prompts_the_words_that_decide_stand_alone() {
        let mut words = vec!["ab"; 200];
        words[150] = "refund";
        let prompt = texts(&["one two. three", &words.join(" "), "end"]);
        let (found, asked) = explained(&prompt, 32);
        assert!(!found.exact && found.parts.len() <= 32 && asked <= 48, "{asked}");
        let most = found.parts.iter().max_by(|a, b| a.contribution.total_cmp(&b.contribution));
        let most = most.unwrap();
        assert_eq!((most.text.as_str(), most.contribution), ("refund", 2.0));
        assert_eq!(most.places, [Place { text: 1, start: 450, end: 456 }]);
        let covered: usize =
            found.parts.iter().flat_map(|part| part.text.split_whitespace()).count();
        assert_eq!(covered, 204, "every word stands in one part");
    }

    #[test]
    fn a_prompt_without_words_and_a_probability_that_is_none() {
        let (found, asked) = explained(&texts(&["", "\n "]), 32);
        assert!(found.parts.is_empty() && found.exact && asked == 0);
        let none = occlude(&texts(&["a b"]), -1.0, 32, |prompts| {
            Ok(vec![f64::NEG_INFINITY; prompts.len()])
        });
        assert!(none.is_err());
        assert!(occlude(&texts(&["a b"]), -1.0, 32, |_| Ok(vec![0.0])).is_err());
    }

    #[test]
    fn tokens_become_whole_characters() {
        let half = 0.5_f64.ln();
        let tokens = [
            (b" a".to_vec(), half),
            (vec![0xE9, 0x80], half),
            (vec![0x80], half),
            (Vec::new(), half),
            (b"b".to_vec(), 0.0),
            (vec![0xFF], 0.0),
            (vec![0xE9], half),
        ];
        let found = said(&tokens);
        let texts: Vec<&str> = found.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, [" a", "退", "b", "\u{fffd}", "\u{fffd}"]);
        let shares: Vec<f64> = found.iter().map(|one| one.probability).collect();
        let near = |(a, b): (&f64, f64)| (a - b).abs() < 1e-12;
        assert!(shares.iter().zip([0.5, 0.25, 0.5, 1.0, 0.5]).all(near), "{shares:?}");
    }
}
