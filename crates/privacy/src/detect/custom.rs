//! Types a user defines: an expression or a dictionary, a checksum, words that must or may stand near.

use super::checksum;
use super::finding::{Finding, Kind, Why};
use super::normal::Text;
use crate::messages::CUSTOM_TYPE_INVALID;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use ingot_base::{Fault, Result};
use regex::Regex;
use std::sync::Arc;

/// A user-defined type.
#[derive(Debug, Clone, Default)]
pub struct CustomType {
    /// Its name in findings.
    pub name: String,
    /// A regular expression; the first group, if there is one, is the finding.
    pub regex: Option<String>,
    /// Words that are findings themselves.
    pub dictionary: Vec<String>,
    /// `luhn`, `mod11-2`, `gb32100` or `mod97`, over the match's letters and digits.
    pub checksum: Option<String>,
    /// Words of which one must stand within 40 characters before the match or 12 after it.
    pub context: Vec<String>,
    /// Confidence; 0.8 when `None`.
    pub score: Option<f32>,
}

#[derive(Debug)]
pub(crate) struct Custom {
    name: Arc<str>,
    regex: Option<Regex>,
    dictionary: Option<AhoCorasick>,
    check: Option<fn(&[u8]) -> bool>,
    context: Vec<String>,
    score: f32,
}

impl Custom {
    pub(crate) fn new(given: &CustomType) -> Result<Self> {
        let invalid =
            |why: String| Fault::new(&CUSTOM_TYPE_INVALID).arg("name", &given.name).arg("why", why);
        if given.regex.is_none() && given.dictionary.is_empty() {
            return Err(invalid("neither `regex` nor `dictionary`".to_owned()));
        }
        let regex = given
            .regex
            .as_deref()
            .map(Regex::new)
            .transpose()
            .map_err(|error| invalid(error.to_string()))?;
        let dictionary = if given.dictionary.is_empty() {
            None
        } else {
            let built = AhoCorasickBuilder::new()
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .ascii_case_insensitive(true)
                .build(&given.dictionary);
            Some(built.map_err(|error| invalid(error.to_string()))?)
        };
        let check = match given.checksum.as_deref() {
            None => None,
            Some(name) => {
                Some(checksum::by_name(name).ok_or_else(|| invalid(format!("checksum `{name}`")))?)
            }
        };
        Ok(Self {
            name: given.name.as_str().into(),
            regex,
            dictionary,
            check,
            context: given.context.iter().map(|word| word.to_lowercase()).collect(),
            score: given.score.unwrap_or(0.8),
        })
    }

    pub(crate) fn find(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        if let Some(regex) = &self.regex {
            for groups in regex.captures_iter(text.raw()) {
                if let Some(hit) = groups.get(1).or_else(|| groups.get(0)) {
                    self.take(text, (hit.start(), hit.end()), Why::Pattern("custom"), found);
                }
            }
        }
        if let Some(words) = &self.dictionary {
            for hit in words.find_iter(text.raw()) {
                self.take(text, (hit.start(), hit.end()), Why::Dictionary, found);
            }
        }
    }

    fn take(&self, text: &Text<'_>, bytes: (usize, usize), reason: Why, found: &mut Vec<Finding>) {
        let (start, end) = (text.index_of(bytes.0), text.index_of(bytes.1));
        if start == end {
            return;
        }
        let mut why = vec![reason];
        if let Some(check) = self.check {
            let letters: Vec<u8> = text
                .bytes(start, end)
                .iter()
                .filter(|byte| byte.is_ascii_alphanumeric())
                .map(u8::to_ascii_uppercase)
                .collect();
            if !check(&letters) {
                return;
            }
            why.insert(0, Why::Checksum("custom"));
        }
        if !self.context.is_empty() {
            let front = text.slice(start.saturating_sub(40), start).to_lowercase();
            let after = text.slice(end, (end + 12).min(text.len())).to_lowercase();
            let Some(word) =
                self.context.iter().find(|word| front.contains(*word) || after.contains(*word))
            else {
                return;
            };
            why.push(Why::Context(word.clone()));
        }
        found.push(Finding::new(Kind::Custom(self.name.clone()), (start, end), self.score, why));
    }
}
