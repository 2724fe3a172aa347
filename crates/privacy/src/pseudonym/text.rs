//! Texts in which personal data is replaced, masked, hashed, encrypted, or made somebody else's.

use super::table::Pseudonyms;
use crate::detect::{Detector, Finding, Kind, NameModel, findings, unite};
use crate::token::{ColumnKeys, Encryptor, Hasher};
use ingot_base::Result;
use std::sync::Arc;

/// What stands in the text instead of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextAction {
    /// The type's name: `[phone]`.
    Replace,
    /// Stars, with the ends of long numbers and the first letter of names left.
    Mask,
    /// A keyed hash: the same value gives the same token, nobody reads it.
    Hash,
    /// A token that the key holder can decrypt with [`decrypt_value`](crate::decrypt_value).
    Encrypt,
    /// Somebody else's plausible value, the same for the same person; the key holder can go back.
    Pseudonymize,
}

/// How often a text is read again before what still shows is hidden outright: what stands around a replaced value may
/// show another.
const ROUNDS: usize = 4;

/// Protects texts of one column.
#[derive(Debug)]
pub struct TextProtector {
    detector: Detector,
    action: TextAction,
    keys: ColumnKeys,
    column: String,
    names: Option<Arc<dyn NameModel>>,
}

impl TextProtector {
    /// Tokens belong to `column`, the name in the protected table.
    ///
    /// # Errors
    /// When a key has the wrong length.
    pub fn new(
        detector: Detector,
        action: TextAction,
        keys: ColumnKeys,
        column: &str,
    ) -> Result<Self> {
        keys.check()?;
        Ok(Self { detector, action, keys, column: column.to_owned(), names: None })
    }

    /// The protector with a model of names besides its own.
    #[must_use]
    pub fn with_names(self, names: Arc<dyn NameModel>) -> Self {
        Self { names: Some(names), ..self }
    }

    /// The text without personal data that is found in it, and what was found.
    ///
    /// `names` is the project's table of pseudonyms; only [`TextAction::Pseudonymize`] reads or extends it.
    ///
    /// # Errors
    /// When a cipher refuses a value, or a plugged-in model fails.
    pub fn apply(&self, text: &str, names: &mut Pseudonyms) -> Result<(String, Vec<Finding>)> {
        let found = self.find(text)?;
        Ok((self.rewrite(text, &found, names)?, found))
    }

    /// The text in which the detector finds nothing any more, for [`TextAction::Replace`] and [`TextAction::Mask`]; after [`apply`](Self::apply)
    /// once for the others, whose values look like personal data on purpose. `found` is what [`find`](Self::find) gives for the text.
    ///
    /// What is still found after some rounds becomes stars whole, so that every further round leaves fewer characters; only a
    /// type of the user's that matches stars remains.
    ///
    /// # Errors
    /// When a cipher refuses a value.
    pub fn settle(
        &self,
        text: &str,
        mut found: Vec<Finding>,
        names: &mut Pseudonyms,
    ) -> Result<String> {
        let mut clean = self.rewrite(text, &found, names)?;
        for _ in 1..if self.settles() { ROUNDS } else { 1 } {
            if found.is_empty() {
                return Ok(clean);
            }
            found = self.again(&clean);
            clean = self.rewrite(&clean, &found, names)?;
        }
        Ok(if self.settles() { self.star(clean) } else { clean })
    }

    /// Stars instead of what is found, until nothing is.
    pub(crate) fn star(&self, mut text: String) -> String {
        loop {
            let found = self.again(&text);
            let mut letters: Vec<char> = text.chars().collect();
            let mut changed = false;
            for finding in &found {
                for letter in letters.get_mut(finding.start..finding.end).unwrap_or_default() {
                    changed |= *letter != '*';
                    *letter = '*';
                }
            }
            if !changed {
                return text;
            }
            text = letters.into_iter().collect();
        }
    }

    /// Whether what is written instead is nothing that a detector takes for personal data again.
    pub(crate) fn settles(&self) -> bool {
        matches!(self.action, TextAction::Replace | TextAction::Mask)
    }

    /// What is found, in order, none overlapping another: the part of the work that threads can share.
    ///
    /// # Errors
    /// When a plugged-in model fails.
    pub fn find(&self, text: &str) -> Result<Vec<Finding>> {
        let mut found = self.detector.detect(text);
        let Some(names) = &self.names else { return Ok(found) };
        let named = findings(text, names.name(text)?);
        found.extend(named.into_iter().filter(|finding| self.detector.wants(finding)));
        Ok(unite(found))
    }

    /// What the detector finds in a text that was rewritten, or in one value. A plugged-in model is not asked: it was trained on neither.
    pub(crate) fn again(&self, text: &str) -> Vec<Finding> {
        self.detector.detect(text)
    }

    /// The found values themselves.
    pub(crate) fn values(&self, text: &str) -> Result<Vec<String>> {
        let found = self.find(text)?;
        let value =
            |one: &Finding| text.chars().skip(one.start).take(one.end - one.start).collect();
        Ok(found.iter().map(value).collect())
    }

    /// The text with the action applied to `found`, findings of this text.
    pub(crate) fn rewrite(
        &self,
        text: &str,
        found: &[Finding],
        names: &mut Pseudonyms,
    ) -> Result<String> {
        let mut out = String::with_capacity(text.len() + 16 * found.len());
        let mut letters = text.chars();
        let mut at = 0;
        let mut value = String::new();
        for finding in found {
            out.extend(letters.by_ref().take(finding.start - at));
            value.clear();
            value.extend(letters.by_ref().take(finding.end - finding.start));
            at = finding.end;
            self.write(&finding.kind, &value, names, &mut out)?;
        }
        out.push_str(letters.as_str());
        Ok(out)
    }

    fn write(
        &self,
        kind: &Kind,
        value: &str,
        names: &mut Pseudonyms,
        out: &mut String,
    ) -> Result<()> {
        match self.action {
            TextAction::Replace => {
                out.push('[');
                out.push_str(kind.name());
                out.push(']');
            }
            TextAction::Mask => mask(kind, value, out),
            TextAction::Hash => Hasher::new(&self.keys, &self.column)?.write(value, out),
            TextAction::Encrypt => Encryptor::new(&self.keys, &self.column)?.write(value, out)?,
            TextAction::Pseudonymize => out.push_str(&names.of(kind, value)?),
        }
        Ok(())
    }
}

/// Letters and digits become `*`, but for the ends that do not identify.
fn mask(kind: &Kind, value: &str, out: &mut String) {
    let total = value.chars().filter(|letter| letter.is_alphanumeric()).count();
    let (front, back) = match kind {
        Kind::Person => (1, 0),
        Kind::Phone if total >= 11 => (3, 2),
        Kind::BankCard | Kind::CreditCard => (0, 4),
        _ => (0, 0),
    };
    let mut place = 0;
    for letter in value.chars() {
        if letter.is_alphanumeric() {
            out.push(if place < front || place + back >= total { letter } else { '*' });
            place += 1;
        } else {
            out.push(if matches!(letter, '@' | '.' | ':' | '/' | '+') { '*' } else { letter });
        }
    }
}
