//! Persons whom a row's texts name once so that a model sees it, looked for wherever these texts name them again: behind `我是` a name is plain,
//! at the head of the next sentence it may be missed.

use super::{Form, Letter, Pieces, ideograph, place};
use crate::detect::{Finding, Kind, Why, is_word, unite};
use ingot_base::Personal;
use std::collections::{BTreeMap, BTreeSet};

/// Least score of a name that is looked for again: a word that was taken for one spreads to no other place.
const SURE: f32 = 0.75;
/// Least score of a full name whose surname is looked for alone.
const SURER: f32 = 0.8;
/// Fewest letters of a surname that is, and of a full name.
const LETTERS: usize = 4;

/// The persons that the texts of one row name.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    persons: Vec<Repeat>,
    /// Forms by the two letters that they begin with: which person's, and which of them.
    begin: BTreeMap<[char; 2], Vec<(usize, usize)>>,
}

/// One of them.
#[derive(Debug)]
struct Repeat {
    /// As it was written first.
    value: Personal<String>,
    score: f32,
    forms: Personal<Vec<Form>>,
}

/// What stands for a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead<'a> {
    /// What the action makes of its own text.
    Own,
    /// What the action makes of this text: the same person's name in full.
    Of(&'a str),
    /// Its type's name, whatever the action is.
    Kind,
}

/// Adds to what was found in the texts of one row the places where they name a person again whom one of them names: a Chinese name, a full
/// Western one, or its surname. `found` has the findings of each text, in order.
pub fn find_repeated(texts: &[&str], found: &mut [Vec<Finding>]) {
    let named = texts.iter().copied().zip(found.iter().map(Vec::as_slice));
    let repeats = Repeats::of(named);
    for (text, found) in texts.iter().zip(found) {
        repeats.find(text, found);
    }
}

impl Repeats {
    /// The persons whom the findings in some texts name whole and with some certainty. What a column of the row says is looked for anyway.
    pub(crate) fn of<'t>(texts: impl IntoIterator<Item = (&'t str, &'t [Finding])>) -> Self {
        let mut all = Self::default();
        let mut seen: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        for (text, found) in texts {
            let told = |why: &Why| matches!(why, Why::Column(_) | Why::Repeated);
            let named: Vec<&Finding> = found
                .iter()
                .filter(|one| one.kind == Kind::Person && one.score >= SURE)
                .filter(|one| !one.why.iter().any(told))
                .collect();
            for (one, value) in named.iter().zip(values_in(text, named.iter().copied())) {
                all.add(&value, one.score, &mut seen);
            }
        }
        for (number, person) in all.persons.iter().enumerate() {
            for (which, form) in person.forms.expose().iter().enumerate() {
                if let [first, second, ..] = form.letters.as_slice() {
                    all.begin.entry([*first, *second]).or_default().push((number, which));
                }
            }
        }
        all
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
        let value = Personal::new(value.to_owned());
        self.persons.push(Repeat { value, score, forms: Personal::new(forms) });
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

    /// What stands for a finding, by the text of it: of a person who is named in full elsewhere, what stands for that name.
    pub(crate) fn instead(&self, finding: &Finding, value: &str) -> Instead<'_> {
        if self.persons.is_empty() || finding.kind != Kind::Person || finding.is_of_column() {
            return Instead::Own;
        }
        let letters = Pieces::of(value).letters();
        let [first, second, ..] = letters.as_slice() else { return Instead::Own };
        let begin = self.begin.get(&[*first, *second]).into_iter().flatten();
        let written = begin.filter_map(|(number, which)| {
            let form = self.persons.get(*number)?.forms.expose().get(*which)?;
            (form.letters == letters).then_some(*number)
        });
        // A surname that two of them have is neither's.
        let meant: BTreeSet<usize> = written.collect();
        let one = meant.first().filter(|_| meant.len() == 1);
        let person = one.and_then(|number| self.persons.get(*number));
        person.map_or(Instead::Own, |person| Instead::Of(person.value.expose()))
    }
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
    let letters = Pieces::of(value).letters();
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
    let (first, last) = (Pieces::of(given).letters(), Pieces::of(family).letters());
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
            a.at + 1 == b.at && is_word(&[a.folded, b.folded].iter().collect::<String>())
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
        let repeats = Repeats::of([(text, found.as_slice())]);
        repeats.find(text, &mut found);
        assert_eq!(repeats.instead(&found[1], "Diaz"), Instead::Of("Chloe Diaz"));
        assert_eq!(found[1].why, [Why::Repeated]);
        let other = Finding::new(Kind::Person, (0, 10), 0.9, vec![Why::Model]);
        let both = Repeats::of([
            (text, [other.clone()].as_slice()),
            ("Abel Diaz.", &[Finding { end: 9, ..other }]),
        ]);
        assert_eq!(both.instead(&found[1], "Diaz"), Instead::Own);
        assert!(!format!("{both:?}").contains("Diaz"));
    }
}
