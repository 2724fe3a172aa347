//! Persons whom a row's texts name once so that a model sees it, looked for wherever these texts name them again: behind `我是` a name is plain,
//! at the head of the next sentence it may be missed.

use super::addressed::{Addressed, surnames};
use super::pieces::Letter;
use super::{Form, Known, Pieces, place};
use crate::detect::{Finding, Kind, TITLES, Why, is_word, unite};
use ingot_base::Personal;
use ingot_base::spelling::ideograph;
use std::collections::{BTreeMap, BTreeSet};

/// Least score of a name that is looked for again: a word that was taken for one spreads to no other place.
const SURE: f32 = 0.75;
/// Least score of a full name whose surname is looked for alone.
const SURER: f32 = 0.8;
/// Nobody's number: who has a part of a name that is not looked at alone.
const NOBODY: usize = usize::MAX;
/// Fewest letters of a surname that is, and of a full name.
const LETTERS: usize = 4;

/// The persons that the columns and texts of one row name.
#[derive(Debug)]
pub(crate) struct Repeats {
    persons: Vec<Repeat>,
    /// Forms by the two letters that they begin with: which person's, and which of them.
    begin: BTreeMap<[char; 2], Vec<(usize, usize)>>,
    /// Whom the letters of a name, or of a part of it, may mean.
    means: Personal<Means>,
    /// Whom a surname with a title may mean.
    surnames: Personal<Means>,
}

/// Letters, and the numbers of the persons whom they may mean.
type Means = BTreeMap<Vec<char>, BTreeSet<usize>>;

impl Default for Repeats {
    fn default() -> Self {
        let (means, surnames) = (Personal::new(BTreeMap::new()), Personal::new(BTreeMap::new()));
        Self { persons: Vec::new(), begin: BTreeMap::new(), means, surnames }
    }
}

/// One of them.
#[derive(Debug)]
struct Repeat {
    /// As the column has it, or as it was written first.
    value: Personal<String>,
    score: f32,
    /// How it is looked for.
    forms: Personal<Vec<Form>>,
    /// What else means this person where a model or the column found it: of a column's person any part of the name.
    parts: Personal<Vec<Vec<char>>>,
    /// Parts of the name that mean neither this person nor, alone, another.
    shared: Personal<Vec<Vec<char>>>,
}

/// What stands for a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Instead<'a> {
    /// What the action makes of its own text.
    Own,
    /// What the action makes of this text: the same person's name in full.
    Of(&'a str),
    /// The surname of what the action makes of this text, with the title that stands there: the same person's name in full.
    Surname(&'a str),
    /// This token of its column, where the action makes pseudonyms.
    Token(String),
    /// Its type's name, whatever the action is.
    Kind,
}

/// Adds to what was found in the texts of one row the places where they name a person again whom one of them names: a Chinese name, a full
/// Western one, or its surname. `found` has the findings of each text, in order.
pub fn find_repeated(texts: &[&str], found: &mut [Vec<Finding>]) {
    let named = texts.iter().copied().zip(found.iter().map(Vec::as_slice));
    let repeats = Repeats::of(&[], named);
    for (text, found) in texts.iter().zip(found) {
        repeats.find(text, found);
    }
}

impl Repeats {
    /// The persons whom the row's columns name, `known`, and those whom the findings in some texts name whole and with some certainty.
    pub(crate) fn of<'t>(
        known: &[Known],
        texts: impl IntoIterator<Item = (&'t str, &'t [Finding])>,
    ) -> Self {
        let texts: Vec<(&str, &[Finding])> = texts.into_iter().collect();
        let mut all = Self::default();
        let mut seen: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        let found = || texts.iter().flat_map(|(_, found)| found.iter());
        for one in known.iter().filter(|one| one.is_person(found())) {
            all.add_known(one, &mut seen);
        }
        for (text, found) in &texts {
            let named: Vec<&Finding> = found
                .iter()
                .filter(|one| one.kind == Kind::Person && one.score >= SURE)
                .filter(|one| !one.why.contains(&Why::Repeated))
                .collect();
            for (one, value) in named.iter().zip(values_in(text, named.iter().copied())) {
                // Susan Barker holds the surname of the column's Robert Barker.
                if !one.is_of_column() || all.is_other(&value) {
                    all.add(&value, one.score, &mut seen);
                }
            }
        }
        let mut means = Means::new();
        for (number, person) in all.persons.iter().enumerate() {
            let forms = person.forms.expose();
            for (which, form) in forms.iter().enumerate() {
                if let [first, second, ..] = form.letters.as_slice() {
                    all.begin.entry([*first, *second]).or_default().push((number, which));
                }
            }
            for letters in forms.iter().map(|form| &form.letters).chain(person.parts.expose()) {
                means.entry(letters.clone()).or_default().insert(number);
            }
            // Robert is not the column's Robert Barker alone where a text has a Robert Smith.
            for letters in person.shared.expose() {
                means.entry(letters.clone()).or_default().insert(NOBODY);
            }
        }
        all.means = Personal::new(means);
        all.surnames = Personal::new(all.surnames(known, &texts));
        all
    }

    /// Whose each surname is. Somebody who is named with little certainty, or whom another column may name, has one too.
    fn surnames(&self, known: &[Known], texts: &[(&str, &[Finding])]) -> Means {
        let mut means = Means::new();
        // 王先生 may be found as somebody's name: whose surname it is, is asked.
        let titled = |value: &str| Addressed::of("", value, "").is_some();
        for (number, person) in self.persons.iter().enumerate() {
            let value = person.value.expose();
            let named = if titled(value) { Vec::new() } else { surnames(value) };
            for surname in named {
                means.entry(surname).or_default().insert(number);
            }
        }
        let mut other = |value: &str| {
            let is_meant = |letters: &Vec<char>| self.means.expose().contains_key(letters);
            if super::orders(&super::parts(value)).iter().any(is_meant) || titled(value) {
                return;
            }
            for surname in surnames(value) {
                means.entry(surname).or_default().insert(NOBODY);
            }
        };
        for (text, found) in texts {
            let persons = found.iter().filter(|one| one.kind == Kind::Person);
            for value in values_in(text, persons) {
                other(&value);
            }
        }
        for one in known {
            other(one.value());
        }
        means
    }

    /// Adds a person whom a column names, once however columns write the name.
    fn add_known(&mut self, known: &Known, seen: &mut BTreeMap<Vec<char>, usize>) {
        let value = known.value();
        let (whole, parts) = super::named_by(value);
        if whole.iter().any(|letters| seen.contains_key(letters)) {
            return;
        }
        for letters in whole.iter().cloned() {
            seen.insert(letters, self.persons.len());
        }
        // Where the type was the recipe's, the column's own search has its surname too.
        let forms = if known.says_person() { None } else { forms(value, 1.0) };
        self.persons.push(Repeat {
            value: Personal::new(value.to_owned()),
            score: 1.0,
            forms: Personal::new(forms.unwrap_or_default()),
            parts: Personal::new([whole, parts].concat()),
            shared: Personal::new(Vec::new()),
        });
    }

    /// Whether a name in which something of a column stands is not that of the column's person. A title or an initial before a surname
    /// makes nobody else of it.
    fn is_other(&self, value: &str) -> bool {
        let words = super::parts(value);
        let short = |word: &Vec<char>| match word.as_slice() {
            [one] => !ideograph(*one),
            many => {
                let word: String = many.iter().collect();
                word == "dear" || TITLES.contains(&word.as_str())
            }
        };
        let Some(at) = words.iter().position(|word| !short(word)) else { return false };
        let whole = super::orders(words.get(at..).unwrap_or_default());
        let has = |person: &Repeat| whole.iter().any(|one| person.parts.expose().contains(one));
        !self.persons.iter().any(has)
    }

    /// Adds a person, once however the name is written.
    fn add(&mut self, value: &str, score: f32, seen: &mut BTreeMap<Vec<char>, usize>) {
        let Some(forms) = forms(value, score) else { return };
        let known =
            forms.iter().filter(|form| !form.large).find_map(|form| seen.get(&form.letters));
        if let Some(person) = known.and_then(|number| self.persons.get_mut(*number)) {
            if score > person.score {
                person.score = score;
                person.forms = Personal::new(forms);
            }
            return;
        }
        for form in forms.iter().filter(|form| !form.large) {
            seen.insert(form.letters.clone(), self.persons.len());
        }
        let of_forms = |letters: &Vec<char>| forms.iter().any(|form| form.letters == *letters);
        let shared = super::named_by(value).1.into_iter().filter(|part| !of_forms(part)).collect();
        let value = Personal::new(value.to_owned());
        let (parts, shared) = (Personal::new(Vec::new()), Personal::new(shared));
        self.persons.push(Repeat { value, score, forms: Personal::new(forms), parts, shared });
    }

    /// Adds the places of a text where one of the persons is named again and nothing longer was found.
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Finding>) {
        if self.persons.is_empty() {
            return;
        }
        let mut places: BTreeMap<(usize, usize), f32> = BTreeMap::new();
        for piece in &Pieces::of(text).0 {
            for (from, pair) in piece.windows(2).enumerate() {
                let [first, second] = pair else { continue };
                let begin = self.begin.get(&[first.folded, second.folded]);
                for (number, which) in begin.into_iter().flatten() {
                    let Some(person) = self.persons.get(*number) else { continue };
                    let Some(form) = person.forms.expose().get(*which) else { continue };
                    if let Some(span) = place(piece, from, form)
                        && !is_split(piece, from, form.letters.len())
                    {
                        let score = places.entry(span).or_default();
                        *score = score.max(person.score);
                    }
                }
            }
        }
        // What was found stays; 李文 within 李文明 is nobody.
        places.retain(|(start, end), _| {
            let behind = found.partition_point(|one| one.end <= *start);
            found.get(behind).is_none_or(|one| *start < one.start || one.end < *end)
        });
        if !places.is_empty() {
            let again =
                |(span, score)| Finding::new(Kind::Person, span, score, vec![Why::Repeated]);
            found.extend(places.into_iter().map(again));
            *found = unite(std::mem::take(found));
        }
    }

    /// What stands for a finding, by the text of it: of a person whom a column names, or who is named in full elsewhere, what stands for
    /// that name. `addressed` is the same with the title that stands there.
    pub(crate) fn instead(
        &self,
        finding: &Finding,
        value: &str,
        addressed: Option<&Addressed<'_>>,
    ) -> Instead<'_> {
        if self.persons.is_empty() || finding.kind != Kind::Person {
            return Instead::Own;
        }
        if let Some(person) = addressed.and_then(|addressed| self.has(addressed.surname)) {
            return Instead::Surname(person);
        }
        let means = |letters: &Vec<char>| self.means.expose().get(letters);
        // As it stands, or in another order: Robert J. Barker is Robert Barker.
        let Some(meant) = super::orders(&super::parts(value)).iter().find_map(means) else {
            return Instead::Own;
        };
        self.only(meant).map_or(Instead::Own, Instead::Of)
    }

    /// The full name of the only one with a surname.
    fn has(&self, surname: &str) -> Option<&str> {
        self.only(self.surnames.expose().get(&letters_of(surname))?)
    }

    /// The full name of whom letters mean. A surname that two of them have is neither's.
    fn only(&self, meant: &BTreeSet<usize>) -> Option<&str> {
        let one = meant.first().filter(|_| meant.len() == 1)?;
        self.persons.get(*one).map(|person| person.value.expose().as_str())
    }
}

fn letters_of(value: &str) -> Vec<char> {
    Pieces::of_value(value).letters()
}

/// What was found in a text, in order, as it is written.
pub(crate) fn values_in<'f>(
    text: &str,
    found: impl IntoIterator<Item = &'f Finding>,
) -> Vec<String> {
    let (mut letters, mut at) = (text.chars(), 0);
    let mut values = Vec::new();
    for one in found {
        letters.by_ref().take(one.start.saturating_sub(at)).for_each(drop);
        values.push(letters.by_ref().take(one.end.saturating_sub(one.start)).collect());
        at = one.end;
    }
    values
}

/// How texts may name a person again, full names first; `None` for what is no full name, or an ordinary word. A surname must begin with a
/// large letter.
fn forms(value: &str, score: f32) -> Option<Vec<Form>> {
    let letters = letters_of(value);
    let small = |letters: &[char]| letters.iter().collect::<String>();
    if letters.iter().all(|letter| ideograph(*letter)) {
        let name = letters.len() >= 2 && !is_word(&small(&letters));
        return name.then(|| vec![Form::of(letters)]);
    }
    // `Moore, Alice` has its family name first.
    let (family, given) = if let Some((family, given)) = value.split_once(',') {
        (family.trim(), given.trim())
    } else {
        let (given, family) = value.trim().rsplit_once(char::is_whitespace)?;
        (family, given.trim())
    };
    let (first, last) = (letters_of(given), letters_of(family));
    if first.is_empty() || last.is_empty() || letters.len() < LETTERS {
        return None;
    }
    let mut words = value.split(|letter: char| !letter.is_alphanumeric());
    // `Will May` is somebody, `will may` two words.
    let large = words.all(|word| word.is_empty() || is_word(&word.to_lowercase()));
    let whole = [[first.clone(), last.clone()].concat(), [last.clone(), first].concat()];
    let mut forms: Vec<Form> = whole.map(|letters| Form { large, ..Form::of(letters) }).into();
    let distinct = last.len() >= LETTERS
        && last.iter().all(|letter| letter.is_alphabetic())
        && family.chars().next().is_some_and(char::is_uppercase)
        && !is_word(&small(&last));
    if score >= SURER && distinct {
        forms.push(Form { large: true, ..Form::of(last) });
    }
    Some(forms)
}

/// Whether a name of two ideographs is the end of one word and the beginning of the next: 张伟 in 一张伟大的照片.
fn is_split(piece: &[Letter], from: usize, length: usize) -> bool {
    let is_word_at = |from: usize| match piece.get(from..from + 2) {
        Some([a, b]) => {
            a.end() == b.at && is_word(&[a.folded, b.folded].iter().collect::<String>())
        }
        _ => false,
    };
    length == 2
        && piece.get(from).is_some_and(|letter| ideograph(letter.folded))
        && from.checked_sub(1).is_some_and(is_word_at)
        && is_word_at(from + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in texts when these names are found with a score where they first stand.
    fn again(names: &[(&str, f32)], texts: &[&str]) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<Finding>> = texts.iter().map(|_| Vec::new()).collect();
        for (name, score) in names {
            let (number, byte) =
                texts.iter().enumerate().find_map(|(n, text)| Some((n, text.find(name)?))).unwrap();
            let start = texts[number].get(..byte).unwrap().chars().count();
            let span = (start, start + name.chars().count());
            found[number].push(Finding::new(Kind::Person, span, *score, vec![Why::Model]));
            found[number].sort_by_key(|one| one.start);
        }
        find_repeated(texts, &mut found);
        let part = |text: &str, one: &Finding| {
            text.chars().skip(one.start).take(one.end - one.start).collect::<String>()
        };
        texts
            .iter()
            .zip(&found)
            .map(|(text, found)| found.iter().map(|one| part(text, one)).collect())
            .collect()
    }

    #[test]
    fn a_name_is_found_wherever_the_row_has_it_again() {
        let texts = ["我是张伟，电话", "张伟同学，周五交。", "张三和张 伟"];
        assert_eq!(again(&[("张伟", 0.9)], &texts), [vec!["张伟"], vec!["张伟"], vec!["张 伟"]]);
        let texts = ["I am Chloe Diaz.", "Ms Diaz called, then CHLOE DIAZ. No diaz nor Diazepam"];
        assert_eq!(again(&[("Chloe Diaz", 0.85)], &texts)[1], ["Diaz", "CHLOE DIAZ"]);
        assert_eq!(again(&[("Chloe Diaz", 0.78)], &texts)[1], ["CHLOE DIAZ"]);
    }

    #[test]
    fn ordinary_words_and_unsure_names_do_not_spread() {
        assert_eq!(again(&[("高峰", 0.95)], &["我是高峰", "早高峰堵车"])[1], [""; 0]);
        assert_eq!(again(&[("张伟", 0.7)], &["我是张伟", "张伟说"])[1], [""; 0]);
        assert_eq!(again(&[("张伟", 0.9)], &["我是张伟", "一张伟大的照片"])[1], [""; 0]);
        assert_eq!(again(&[("Will May", 0.9)], &["Will May called", "will may"])[1], [""; 0]);
        let texts = ["Ann Brown called", "a Brown bag, Ann Brown"];
        assert_eq!(again(&[("Ann Brown", 0.9)], &texts)[1], ["Ann Brown"]);
        assert_eq!(again(&[("Alice", 0.9)], &["Alice called", "Alice"])[1], [""; 0]);
    }

    #[test]
    fn a_name_within_a_longer_one_is_nobody() {
        let texts = ["李文和李文明", "李文明，李文"];
        let found = again(&[("李文", 0.9), ("李文明", 0.9)], &["李文，李文明", "李文明和李文"]);
        assert_eq!(found, [["李文", "李文明"], ["李文明", "李文"]]);
        let mut one = vec![
            vec![Finding::new(Kind::Person, (0, 2), 0.9, vec![Why::Model])],
            vec![Finding::new(Kind::Person, (0, 3), 0.6, vec![Why::Model])],
        ];
        find_repeated(&texts, &mut one);
        assert_eq!(
            one[1].iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(),
            [(0, 3), (4, 6)]
        );
    }

    #[test]
    fn who_is_named_again_is_the_person_in_full() {
        let text = "Chloe Diaz; Diaz";
        let mut found = vec![Finding::new(Kind::Person, (0, 10), 0.9, vec![Why::Model])];
        let repeats = Repeats::of(&[], [(text, found.as_slice())]);
        repeats.find(text, &mut found);
        assert_eq!(repeats.instead(&found[1], "Diaz", None), Instead::Of("Chloe Diaz"));
        assert_eq!(found[1].why, [Why::Repeated]);
        let other = Finding::new(Kind::Person, (0, 10), 0.9, vec![Why::Model]);
        let abel = [Finding { end: 9, ..other.clone() }];
        let texts = [(text, std::slice::from_ref(&other)), ("Abel Diaz.", abel.as_slice())];
        let both = Repeats::of(&[], texts);
        assert_eq!(both.instead(&found[1], "Diaz", None), Instead::Own);
        assert!(!format!("{both:?}").contains("Diaz"));
    }

    #[test]
    fn a_columns_person_stands_for_all_that_means_the_person_alone() {
        let known = Known::new(&"name".into(), Some(Kind::Person), "Robert Barker").unwrap();
        let found = |end: usize| {
            let why = vec![Why::Model, Why::Column("name".into())];
            Finding::new(Kind::Person, (0, end), 0.9, why)
        };
        let text = "Robert J. Barker";
        let one = [found(16)];
        let repeats = Repeats::of(std::slice::from_ref(&known), [(text, one.as_slice())]);
        for name in [text, "BARKER, Robert", "Barker", "Robert"] {
            assert_eq!(
                repeats.instead(&one[0], name, None),
                Instead::Of("Robert Barker"),
                "{name}"
            );
        }
        // Whose surname another one of the row has, stands for neither by it.
        let wife = [found(12)];
        let both = Repeats::of(&[known], [("Susan Barker", wife.as_slice())]);
        assert_eq!(both.instead(&wife[0], "Barker", None), Instead::Own);
        assert_eq!(both.instead(&wife[0], "ROBERT BARKER", None), Instead::Of("Robert Barker"));
    }
}
