//! The values of one person, looked for in the texts of others.

use super::{Form, Pieces, forms, fraction, places, telling};
use crate::detect::Kind;
use crate::json;
use ingot_base::Personal;
use ingot_base::spelling::plain;
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
        let value = plain(value.trim());
        if !telling(value) {
            return;
        }
        let letters = compared(value);
        if self.0.iter().any(|known| &*known.column == column && *known.letters.expose() == letters)
        {
            return;
        }
        let forms = whole(value);
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
        let letters =
            if self.0.iter().any(weak) { compared(cell) } else { return BTreeSet::new() };
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
    /// person's of the same name. Neither is one that stands within a longer value of the row's own: 李文 in 李文明. `own` are the row's
    /// columns and cells, `of` the column that the text is from. Of an array or object of JSON, its keys, strings and numbers are looked into.
    pub fn are_in(&self, text: &str, of: &str, own: &[(&str, &str)]) -> bool {
        !self.0.is_empty() && json::any(text, &mut |part| self.are_said_in(part, of, own))
    }

    fn are_said_in(&self, text: &str, of: &str, own: &[(&str, &str)]) -> bool {
        let pieces = Pieces::of(text);
        let mut longer: Option<Vec<(usize, usize, &str, usize)>> = None;
        self.0.iter().any(|known| {
            let spans = all_places(&pieces, known.forms.expose());
            let namesake = |(column, cell): &(&str, &str)| {
                *column == &*known.column && compared(cell) == *known.letters.expose()
            };
            if spans.is_empty() || own.iter().any(namesake) {
                return false;
            }
            let longer = longer.get_or_insert_with(|| own_places(&pieces, own));
            let length = known.letters.expose().len();
            // A cell of free text is no value that a name can be a part of, but for the name's own column.
            let within = |(from, to): &(usize, usize)| {
                longer.iter().any(|(first, last, column, letters)| {
                    let value = *column != of || *column == &*known.column;
                    value && *letters > length && first <= from && to <= last
                })
            };
            !spans.iter().all(within)
        })
    }
}

/// Where a text has one of the forms, as characters of it.
fn all_places(pieces: &Pieces, forms: &[Form]) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    for form in forms {
        pieces.0.iter().for_each(|piece| places(piece, form, &mut spans));
    }
    spans
}

/// Where a text has whole values of its own row, with their columns and numbers of letters.
fn own_places<'a>(pieces: &Pieces, own: &[(&'a str, &str)]) -> Vec<(usize, usize, &'a str, usize)> {
    let mut found = Vec::new();
    for (column, cell) in own.iter().filter(|(_, cell)| telling(cell)) {
        let forms = whole(cell);
        let letters = forms.first().map_or(0, |form| form.letters.len());
        let spans = all_places(pieces, &forms);
        found.extend(spans.into_iter().map(|(from, to)| (from, to, *column, letters)));
    }
    found
}

/// A value whole, as texts write it: a number without the zeros of its column, a name also family name first.
fn whole(value: &str) -> Vec<Form> {
    let value = plain(value.trim());
    fraction(value).unwrap_or_else(|| named(value))
}

/// A value whole, as persons write names. The parts of one are shorter.
fn named(value: &str) -> Vec<Form> {
    let mut forms = forms(Some(&Kind::Person), value);
    let length = forms.first().map_or(0, |form| form.letters.len());
    forms.retain(|form| form.letters.len() == length);
    forms
}

/// How a value is compared whole with others: its letters and digits alone, of a name also family name first, of a number also without
/// zeros behind its point; nothing for a value without any. Different values may have the same.
pub fn spellings(value: &str) -> Personal<Vec<String>> {
    let mut spelled: Vec<String> = Vec::new();
    for form in named(value).into_iter().chain(whole(value)) {
        let letters: String = form.letters.into_iter().collect();
        if !letters.is_empty() && !spelled.contains(&letters) {
            spelled.push(letters);
        }
    }
    Personal::new(spelled)
}

/// A value's letters and digits, as they are compared.
fn compared(value: &str) -> Vec<char> {
    Pieces::of_value(plain(value.trim())).letters()
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
            assert!(one.are_in(text, "note", &[]), "{text}");
        }
        for text in ["CUST-7704871", "Mrs Lindqvist", "小明", "138001380001", ""] {
            assert!(!one.are_in(text, "note", &[]), "{text}");
        }
        assert!(mentions(&[("name", false, "Al"), ("name", false, "王")]).is_empty());
        assert!(!format!("{one:?}").contains("770487"));
    }

    #[test]
    fn a_value_is_found_behind_the_escapes_of_json() {
        let one = mentions(&[
            ("name", false, "Ann \"Bo\" Lee"),
            ("name", false, "王小明"),
            ("customer", false, "CUST-770487"),
            ("path", false, "north\\7704"),
        ]);
        for text in [
            r#"[{"role":"user","content":"by\nCUST-770487"}]"#,
            r#"[{"content":"\u738b\u5c0f\u660e"}]"#,
            r#"{"content":"said Ann \"Bo\" Lee"}"#,
            r#"{"content":"in north\\7704"}"#,
            r#"{"王小明":1}"#,
            r#"{"arguments":"{\"to\":\"a\\n王小明\"}"}"#,
        ] {
            assert!(one.are_in(text, "messages", &[]), "{text}");
        }
        assert!(!one.are_in(r#"["王小", "明"]"#, "messages", &[]));
        let own = [("name", "王小明")];
        assert!(!one.are_in(r#"["见\n王小明"]"#, "messages", &own), "a namesake");
    }

    #[test]
    fn a_namesake_is_not_meant_and_what_many_have_tells_nobody() {
        let mut one = mentions(&[("name", false, "Ann Lee"), ("city", true, "Berlin")]);
        assert!(one.are_in("Ann Lee called", "note", &[("name", "Bo Chan")]));
        assert!(!one.are_in("Ann Lee called", "note", &[("name", " ANN LEE")]));
        assert!(one.are_in("moved to Berlin", "note", &[]) && one.has_weak());
        assert!(one.shared("name", "Ann Lee").is_empty(), "a name is no less hers");
        let shared = one.shared("city", "berlin");
        one.forget(&shared);
        assert!(!one.are_in("moved to Berlin", "note", &[]) && one.are_in("Ann Lee", "note", &[]));
        assert!(!one.has_weak());
    }

    #[test]
    fn where_others_cannot_be_asked_only_what_names_somebody_is_looked_for() {
        let mut one = mentions(&[("name", false, "Ann Lee"), ("city", true, "Berlin")]);
        one.only_strong();
        assert!(!one.are_in("moved to Berlin", "note", &[]) && one.are_in("Ann Lee", "note", &[]));
        assert!(!one.has_weak());
        let mut one = mentions(&[("city", true, "Berlin")]);
        one.only_strong();
        assert!(one.is_empty());
    }

    #[test]
    fn a_value_within_a_longer_one_of_the_rows_own_is_not_meant() {
        let one = mentions(&[("name", false, "李文"), ("name", false, "Ann Lee")]);
        let of = |name: &str, text: &str| one.are_in(text, "note", &[("name", name)]);
        assert!(!of("李文明", "患者李文明来访") && !of("李文娟", "李文娟，李 文 娟"));
        assert!(
            !of("Ann Lee Smith", "Ann Lee Smith called") && !of("Jo Ann Lee", "Jo Ann Lee called")
        );
        // Beside it, or where the row is another's, it is meant.
        assert!(of("李文明", "李文明由李文介绍") && of("王五", "李文明") && of("李文明", "李文"));
        // The row's own name may be looked at as a text; a cell of free text is no name.
        assert!(!one.are_in("李文明", "name", &[("name", "李文明")]));
        assert!(one.are_in("李文介绍", "remark", &[("remark", "李文介绍"), ("name", "王五")]));
    }

    #[test]
    fn a_value_is_spelled_by_its_letters() {
        let of = |value: &str| spellings(value).expose().clone();
        assert!(of("138-0013 8000").contains(&of("１３８００１３８０００")[0]));
        assert_eq!(of("Lee, Ann"), ["leeann", "annlee"]);
        assert!(of("Ann LEE").contains(&"leeann".to_owned()) && of("…").is_empty());
        assert!(of("7015205.0").contains(&"7015205".to_owned()));
        assert!(of("7015205.0").contains(&"70152050".to_owned()), "as lists have it");
    }

    #[test]
    fn a_number_is_the_same_with_and_without_a_point() {
        let mut one = mentions(&[("acct", true, "7015205.0"), ("sum", true, "70152.5")]);
        for text in ["on 7015205", "on 7015205.0", "sum 70,152.50", "sum 70152.5"] {
            assert!(one.are_in(text, "note", &[]), "{text}");
        }
        assert!(!one.are_in("on 70152051 and 170152.5", "note", &[]));
        let shared = one.shared("acct", "7015205");
        assert_eq!(shared.len(), 1);
        one.forget(&shared);
        assert!(!one.are_in("on 7015205", "note", &[]));
    }
}
