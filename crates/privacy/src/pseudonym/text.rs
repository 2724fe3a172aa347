//! Texts in which personal data is replaced, masked, hashed, encrypted, or made somebody else's.

use super::table::{Pseudonyms, one_value};
use crate::detect::{Detector, Finding, Kind, NameModel, findings, unite};
use crate::known::{Addressed, Instead, Repeats, surname_of};
use crate::titled::Title;
use crate::token::{ColumnKeys, Encryptor, Hasher};
use ingot_base::Result;
use ingot_base::spelling::narrow;
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

/// What stands for a finding, by its text and the title that stands with it.
type Meaning<'m, 'i> = dyn Fn(&Finding, &str, Option<&Addressed<'_>>) -> Instead<'i> + 'm;

/// How often a text is read again before what still shows is hidden outright: what stands around a replaced value may
/// show another.
const ROUNDS: usize = 4;
/// How often what still shows becomes a word of `x`. Stars are no word: they may make of their neighbour the first of a line, which looks
/// like a name, and so on through a long list of words that are none. A small word of as many letters leaves them what they were.
const WORDS: u32 = 4;

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

    /// The text in which the detector finds nothing any more, for [`TextAction::Replace`] and [`TextAction::Mask`]; with what was found replaced
    /// once for the others, whose values look like personal data on purpose. `found` is what [`find`](Self::find) gives for the text.
    ///
    /// What is still found after some rounds becomes `x` whole and, should that show something again, stars: every further round leaves fewer
    /// characters. Only a type of the user's that matches stars remains.
    ///
    /// # Errors
    /// When a cipher refuses a value.
    pub fn settle(
        &self,
        text: &str,
        found: Vec<Finding>,
        names: &mut Pseudonyms,
    ) -> Result<String> {
        Ok(self.settle_telling(&Title::default(), text, found, names)?.0)
    }

    /// The text as [`settle`](Self::settle) gives it, read under its title: what stands for one finding may bring another nearer to it. `found`
    /// is what [`find_under`](Self::find_under) gives. And what was hidden besides: what showed only beside that which stands for other findings.
    /// Those findings have their places in the text as it was by then.
    ///
    /// # Errors
    /// When a cipher refuses a value.
    pub fn settle_telling(
        &self,
        title: &Title,
        text: &str,
        mut found: Vec<Finding>,
        names: &mut Pseudonyms,
    ) -> Result<(String, Vec<Finding>)> {
        let mut clean = self.rewrite_alone(text, &found, names)?;
        let mut besides = Vec::new();
        for _ in 1..if self.settles() { ROUNDS } else { 1 } {
            if found.is_empty() {
                return Ok((clean, besides));
            }
            found = self.again_under(title, &clean);
            clean = self.rewrite_alone(&clean, &found, names)?;
            besides.extend_from_slice(&found);
        }
        if self.settles() {
            let (settled, starred) = self.star(title, clean);
            clean = settled;
            besides.extend(starred);
        }
        Ok((clean, besides))
    }

    /// The text with `x` or stars instead of what is found under its title, until nothing is; and what that was, with its place in the text.
    pub(crate) fn star(&self, title: &Title, text: String) -> (String, Vec<Finding>) {
        stars(text, |text| self.again_under(title, text))
    }

    /// Whether what is written instead is nothing that a detector takes for personal data again.
    pub(crate) fn settles(&self) -> bool {
        matches!(self.action, TextAction::Replace | TextAction::Mask)
    }

    /// Whether what is written instead is somebody else's.
    pub(crate) fn makes_pseudonyms(&self) -> bool {
        self.action == TextAction::Pseudonymize
    }

    /// What is found, in order, none overlapping another: the part of the work that threads can share. A person who is found in one place is
    /// found wherever the text names the person again.
    ///
    /// # Errors
    /// When a plugged-in model fails.
    pub fn find(&self, text: &str) -> Result<Vec<Finding>> {
        let mut found = self.find_once(text)?;
        let repeats = Repeats::of(&[], [(text, found.as_slice())]);
        repeats.find(text, &mut found);
        Ok(found)
    }

    /// What is found, each place for itself.
    pub(crate) fn find_once(&self, text: &str) -> Result<Vec<Finding>> {
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

    /// The text with the action applied to `found`, findings of this text; a person has one pseudonym or token in it.
    fn rewrite_alone(
        &self,
        text: &str,
        found: &[Finding],
        names: &mut Pseudonyms,
    ) -> Result<String> {
        let repeats = Repeats::of(&[], [(text, found)]);
        self.rewrite(text, found, &|one, value, titled| repeats.instead(one, value, titled), names)
    }

    /// The text with the action applied to `found`, findings of this text, or to what `instead` says of one, its text and the title that
    /// stands with it.
    pub(crate) fn rewrite(
        &self,
        text: &str,
        found: &[Finding],
        instead: &Meaning<'_, '_>,
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
            let behind = letters.as_str();
            let before = text.len().saturating_sub(behind.len() + value.len());
            let before = text.get(..before).filter(|_| finding.kind == Kind::Person);
            let titled = before.and_then(|before| Addressed::of(before, &value, behind));
            let kept = titled.filter(|_| !self.settles());
            let of_name = kept.filter(|_| self.makes_pseudonyms());
            let (front, behind) = of_name.map_or(("", ""), |kept| (kept.front, kept.behind));
            let whole = match (instead(finding, &value, titled.as_ref()), kept) {
                (Instead::Kind, _) => {
                    replace(&finding.kind, &mut out);
                    continue;
                }
                (Instead::Token(token), _) => {
                    out.push_str(&token);
                    continue;
                }
                (Instead::Surname(full), Some(kept)) => {
                    self.write_titled(&kept, full, names, &mut out)?;
                    continue;
                }
                // A mask shows how long the text's own value is.
                (Instead::Of(full) | Instead::Surname(full), _)
                    if self.action != TextAction::Mask =>
                {
                    full
                }
                _ => &value,
            };
            out.push_str(front);
            self.write(&finding.kind, whole, names, &mut out)?;
            out.push_str(behind);
        }
        out.push_str(letters.as_str());
        Ok(out)
    }

    /// What stands for a person of whom the text has the surname and a title: a made-up name's surname, or the person's token.
    fn write_titled(
        &self,
        kept: &Addressed<'_>,
        full: &str,
        names: &mut Pseudonyms,
        out: &mut String,
    ) -> Result<()> {
        out.push_str(kept.front);
        if self.makes_pseudonyms() {
            out.push_str(surname_of(&names.of(&Kind::Person, full)?));
        } else {
            self.write(&Kind::Person, full, names, out)?;
        }
        out.push_str(kept.behind);
        Ok(())
    }

    fn write(
        &self,
        kind: &Kind,
        value: &str,
        names: &mut Pseudonyms,
        out: &mut String,
    ) -> Result<()> {
        match self.action {
            TextAction::Replace => replace(kind, out),
            TextAction::Mask => mask(kind, value, out),
            TextAction::Hash => {
                Hasher::new(&self.keys, &self.column)?.write(&one_value(kind, value), out);
            }
            // The token is the only way back, so that what shows of the value stays in it.
            TextAction::Encrypt => {
                Encryptor::new(&self.keys, &self.column)?.write(&narrow(value), out)?;
            }
            TextAction::Pseudonymize => out.push_str(&names.of(kind, value)?),
        }
        Ok(())
    }
}

/// The type's name, in brackets.
fn replace(kind: &Kind, out: &mut String) {
    out.extend(["[", kind.name(), "]"]);
}

/// `x` instead of what `find` finds, then stars, until it finds nothing but them. With every round stars reach twice as far around, so a text
/// needs no more rounds than its length has doublings.
fn stars(mut text: String, find: impl Fn(&str) -> Vec<Finding>) -> (String, Vec<Finding>) {
    let mut letters: Vec<char> = text.chars().collect();
    let mut starred = Vec::new();
    for round in 0_u32.. {
        let (mark, reach) = match round.checked_sub(WORDS) {
            None => ('x', 0),
            Some(more) => ('*', 1_usize.checked_shl(more).unwrap_or(usize::MAX) - 1),
        };
        let mut found = find(&text);
        if found.is_empty() {
            break;
        }
        found.retain_mut(|finding| {
            let own = letters.get(finding.start..finding.end).unwrap_or_default();
            let shows = own.iter().any(|letter| *letter != mark);
            finding.start = finding.start.saturating_sub(reach);
            finding.end = finding.end.saturating_add(reach).min(letters.len());
            shows
        });
        if found.is_empty() && mark == '*' {
            break;
        }
        for finding in &found {
            letters.get_mut(finding.start..finding.end).unwrap_or_default().fill(mark);
        }
        text = letters.iter().collect();
        starred.append(&mut found);
    }
    (text, unite(starred))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Why;
    use std::cell::Cell;

    /// A detector that finds no more than the first word that is not hidden, as where each hidden word of a list uncovers the next.
    fn next(text: &str, asked: &Cell<u32>) -> Vec<Finding> {
        asked.set(asked.get() + 1);
        let start = text.chars().position(|letter| !matches!(letter, '*' | 'x'));
        let found = start.map(|start| {
            let end = start + text.chars().skip(start).take_while(|letter| *letter != ' ').count();
            Finding::new(Kind::Person, (start, end.max(start + 1)), 0.9, vec![Why::Model])
        });
        found.into_iter().collect()
    }

    #[test]
    fn a_text_is_read_no_more_often_than_its_length_has_doublings() {
        for words in [1, 2, 30, 1_000, 250_000] {
            let text = "Aa, ".repeat(words);
            let asked = Cell::new(0);
            let (settled, starred) = stars(text.clone(), |text| next(text, &asked));
            assert_eq!(settled.trim_matches(['*', 'x']), "");
            assert_eq!(settled.len(), text.len());
            let told: usize = starred.iter().map(|one| one.end - one.start).sum();
            assert_eq!(told, text.len(), "nothing hidden that is not told");
            assert!(asked.get() <= WORDS + text.len().ilog2() + 2, "{words}: {}", asked.get());
        }
    }

    #[test]
    fn a_few_rounds_hide_nothing_around() {
        let asked = Cell::new(0);
        let find = |text: &str| if asked.get() < WORDS { next(text, &asked) } else { Vec::new() };
        let (settled, starred) = stars("Aa Bb Cc".to_owned(), find);
        assert_eq!((settled.as_str(), starred.len()), ("xxxxxxCc", 4));
    }

    #[test]
    fn a_type_that_matches_stars_spreads_no_further() {
        let find = |text: &str| {
            let end = text.chars().count();
            vec![Finding::new(Kind::Custom("stars".into()), (end - 3, end), 0.8, vec![Why::Model])]
        };
        assert_eq!(stars("Aa, Bbb".to_owned(), find).0, "Aa, ***");
    }
}
