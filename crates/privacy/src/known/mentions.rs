//! The values of one person, looked for in the texts of others.

use super::{Form, Pieces, forms, places, telling};
use crate::detect::Kind;
use ingot_base::Personal;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Values that tell who a person is, with the columns they are from. A text has one where it has the whole of it, in any case, width and
/// grouping, a name family first too; a part of a name alone may be anybody's.
#[derive(Debug, Clone, Default)]
pub struct Mentions(Vec<Mention>);

#[derive(Debug, Clone)]
struct Mention {
    column: Arc<str>,
    /// Only a value that nobody else has in the same column tells who it is.
    weak: bool,
    letters: Personal<Vec<char>>,
    forms: Personal<Vec<Form>>,
}

impl Mentions {
    /// Adds what a column says of the person, once. Values too short to be told from ordinary words are passed over: less than two
    /// ideographs, or four letters or digits. A `weak` value counts only while no other row has it ([`Mentions::forget`]).
    pub fn add(&mut self, column: &str, weak: bool, value: &str) {
        if !telling(value) {
            return;
        }
        let letters = folded(value);
        if self.0.iter().any(|known| &*known.column == column && *known.letters.expose() == letters)
        {
            return;
        }
        // Of a name the whole, as persons write names; the parts of one are shorter.
        let mut forms = forms(Some(&Kind::Person), value);
        forms.retain(|form| form.letters.len() == letters.len());
        self.0.push(Mention {
            column: column.into(),
            weak,
            letters: Personal::new(letters),
            forms: Personal::new(forms),
        });
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks for weak values no more: where nobody can tell whether another row has them.
    pub fn only_strong(&mut self) {
        self.0.retain(|known| !known.weak);
    }

    /// Whether some values count only while nobody else has them.
    pub fn has_weak(&self) -> bool {
        self.0.iter().any(|known| known.weak)
    }

    /// The weak values that another row has in the same column, as numbers for [`forget`](Self::forget).
    pub fn shared(&self, column: &str, cell: &str) -> BTreeSet<usize> {
        let weak = |known: &Mention| known.weak && &*known.column == column;
        let letters = if self.0.iter().any(weak) { folded(cell) } else { return BTreeSet::new() };
        let same =
            |(_, known): &(usize, &Mention)| weak(known) && *known.letters.expose() == letters;
        self.0.iter().enumerate().filter(same).map(|(number, _)| number).collect()
    }

    /// Looks for these values no more.
    pub fn forget(&mut self, numbers: &BTreeSet<usize>) {
        let mut number = 0..;
        self.0.retain(|_| number.next().is_none_or(|number| !numbers.contains(&number)));
    }

    /// Whether a text has one of the values. One that the text's own row has in the same column is not meant: it is another
    /// person's of the same name. `own` are the row's columns and cells.
    pub fn are_in(&self, text: &str, own: &[(&str, &str)]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let pieces = Pieces::of(text);
        let mut spans = Vec::new();
        self.0.iter().any(|known| {
            spans.clear();
            for form in known.forms.expose() {
                pieces.0.iter().for_each(|piece| places(piece, form, &mut spans));
            }
            let namesake = |(column, cell): &(&str, &str)| {
                *column == &*known.column && folded(cell) == *known.letters.expose()
            };
            !spans.is_empty() && !own.iter().any(namesake)
        })
    }
}

/// A value's letters and digits, as they are compared.
fn folded(value: &str) -> Vec<char> {
    Pieces::of(value).0.iter().flatten().map(|letter| letter.folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(values: &[(&str, bool, &str)]) -> Mentions {
        let mut mentions = Mentions::default();
        for (column, weak, value) in values {
            mentions.add(column, *weak, value);
        }
        mentions
    }

    #[test]
    fn another_persons_text_has_a_value_whole_however_it_is_written() {
        let one = mentions(&[
            ("customer", false, "CUST-770487"),
            ("name", false, "Oliver Lindqvist"),
            ("name", false, "王小明"),
            ("phone", false, "13800138000"),
        ]);
        for text in [
            "guarantor cust 770487.",
            "Lindqvist, Oliver signed",
            "介绍人王小明。",
            "call 138 0013 8000",
            "电话１３８００１３８０００",
        ] {
            assert!(one.are_in(text, &[]), "{text}");
        }
        for text in ["CUST-7704871", "Mrs Lindqvist", "小明", "138001380001", ""] {
            assert!(!one.are_in(text, &[]), "{text}");
        }
        assert!(mentions(&[("name", false, "Al"), ("name", false, "王")]).is_empty());
        assert!(!format!("{one:?}").contains("770487"));
    }

    #[test]
    fn a_namesake_is_not_meant_and_what_many_have_tells_nobody() {
        let mut one = mentions(&[("name", false, "Ann Lee"), ("city", true, "Berlin")]);
        assert!(one.are_in("Ann Lee called", &[("name", "Bo Chan")]));
        assert!(!one.are_in("Ann Lee called", &[("name", " ANN LEE")]));
        assert!(one.are_in("moved to Berlin", &[]) && one.has_weak());
        assert!(one.shared("name", "Ann Lee").is_empty(), "a name is no less hers");
        let shared = one.shared("city", "berlin");
        one.forget(&shared);
        assert!(!one.are_in("moved to Berlin", &[]) && one.are_in("Ann Lee", &[]));
        assert!(!one.has_weak());
    }

    #[test]
    fn where_others_cannot_be_asked_only_what_names_somebody_is_looked_for() {
        let mut one = mentions(&[("name", false, "Ann Lee"), ("city", true, "Berlin")]);
        one.only_strong();
        assert!(!one.are_in("moved to Berlin", &[]) && one.are_in("Ann Lee", &[]));
        assert!(!one.has_weak());
        let mut one = mentions(&[("city", true, "Berlin")]);
        one.only_strong();
        assert!(one.is_empty());
    }
}
