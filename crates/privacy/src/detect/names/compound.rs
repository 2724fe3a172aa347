//! Western surnames with an apostrophe, an inner capital or small words: `O'Connor`, `MacLeod`, `van Dijk`. The tagger saw few of them. Behind a
//! title, behind a field's label and next to a name that it found they are names; so is the surname alone of whom a title named before.

use super::super::finding::{Finding, Kind, Reach, Why};
use super::super::normal::Text;
use super::lexicon::English;
use super::tokens::{INITIAL, LOWER, TITLE, Token};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

/// Titles that the tagger does not know as such.
const MORE_TITLES: &[&str] = &["nurse", "doctor"];
/// Titles after which a surname stands, never a first name alone.
const SURNAMED: &[&str] = &["mr", "mrs", "ms", "dr", "prof"];
/// Small words before a surname.
const PARTICLES: &[&str] = &[
    "van", "von", "der", "den", "de", "la", "las", "los", "del", "della", "di", "da", "dos", "das",
    "du", "le", "ter", "ten", "el", "al", "bin", "ibn", "af", "av", "zu",
];
/// What surnames with an inner capital begin with.
const FRONTS: &[&str] = &[
    "Mac", "Mc", "De", "Di", "Du", "Da", "Del", "La", "Le", "Lo", "Van", "Von", "Fitz", "St", "San",
];
/// What is written like such a surname and is none.
const THINGS: &[&str] =
    &["macbook", "macports", "macintosh", "devops", "demorgan", "dataset", "sandisk", "stdev"];
/// Labels of a field that say by themselves that a surname follows.
const SURNAME_LABELS: &[&str] = &["surname", "lastname"];
/// What a `name` is a person's behind.
const OWNERS: &[&str] = &[
    "last",
    "family",
    "first",
    "given",
    "full",
    "patient",
    "customer",
    "client",
    "contact",
    "employee",
    "student",
    "doctor",
    "physician",
    "nurse",
    "teacher",
    "owner",
    "holder",
    "applicant",
];
/// Most words before a surname, particles aside.
const MOST: usize = 3;
const SCORE: f32 = 0.85;
/// Least score of a name behind a title whose surname is looked for alone, and what it is worth there.
const ALONE: f32 = 0.65;

/// Whether a word is written like such a surname, or a part of it between hyphens is.
pub(super) fn is_compound(spelled: &str) -> bool {
    let lower = spelled.to_lowercase();
    !THINGS.contains(&lower.as_str()) && spelled.split('-').any(part)
}

fn part(spelled: &str) -> bool {
    let begins = |rest: &str, least: usize| {
        rest.chars().next().is_some_and(char::is_uppercase)
            && rest.chars().count() > least
            && rest.chars().all(char::is_alphabetic)
    };
    if let Some((front, rest)) = spelled.split_once(['\'', '’']) {
        return matches!(front, "O" | "D" | "N" | "L" | "M" | "Dell" | "Dall") && begins(rest, 1);
    }
    let small = |rest: &str| rest.chars().skip(1).all(char::is_lowercase);
    FRONTS
        .iter()
        .any(|front| spelled.strip_prefix(front).is_some_and(|rest| begins(rest, 2) && small(rest)))
}

fn spelled<'a>(text: &Text<'a>, token: &Token) -> &'a str {
    text.slice(token.start, token.end)
}

fn capital(text: &Text<'_>, token: &Token) -> bool {
    text.char_at(token.start).is_uppercase()
}

/// Reports such names behind titles and labels.
pub(super) fn find(text: &Text<'_>, all: &[Token], found: &mut Vec<Finding>) {
    for (at, token) in all.iter().enumerate() {
        let word = token.lower.as_str();
        // To miss somebody is no title.
        let title = token.role == TITLE && (word != "miss" || capital(text, token))
            || MORE_TITLES.contains(&word);
        let announced = all.get(at + 1).is_some_and(|next| {
            let gap = text.bytes(token.end, next.start);
            title && matches!(gap, b" " | b". " | b".") || labels(all, at) && colon(gap)
        });
        if announced && let Some(span) = name(text, all, at + 1) {
            let why = vec![Why::Context(word.to_owned()), Why::Pattern("compound-name")];
            found.push(Finding::new(Kind::Person, span, SCORE, why));
        }
    }
}

/// Whether the word at an index is a label before a person's name.
fn labels(all: &[Token], at: usize) -> bool {
    let word = |at: usize| all.get(at).map_or("", |token| token.lower.as_str());
    SURNAME_LABELS.contains(&word(at))
        || word(at) == "name" && at > 0 && OWNERS.contains(&word(at - 1))
}

fn colon(gap: &[u8]) -> bool {
    let marks = gap.iter().all(|byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\''));
    marks && gap.len() < 5 && gap.iter().any(|byte| matches!(byte, b':' | b'='))
}

/// The name that begins with the word at an index, if its surname is one of these.
fn name(text: &Text<'_>, all: &[Token], first: usize) -> Option<(usize, usize)> {
    let start = all.get(first)?.start;
    let (mut before, mut particles) = (0, false);
    for (at, token) in all.iter().enumerate().skip(first).take(MOST + 4) {
        if let Some(last) = at.checked_sub(1).and_then(|at| all.get(at)).filter(|_| at > first) {
            let gap = text.bytes(last.end, token.start);
            let initial = last.shape == INITIAL && gap == b". ";
            if gap != b" " && !initial {
                return None;
            }
        }
        if PARTICLES.contains(&token.lower.as_str()) {
            particles = true;
            continue;
        }
        if !capital(text, token) {
            return None;
        }
        if particles || is_compound(spelled(text, token)) {
            return (token.lower.chars().count() > 1).then_some((start, token.end));
        }
        before += 1;
        if before > MOST {
            return None;
        }
    }
    None
}

/// A person's first and last word with what belongs to the name on both sides: `Sinéad O'Sullivan`, `Nguyễn Văn An`, `José García`,
/// `van der Berg`. `from..to` are the words found.
pub(super) fn widened(
    text: &Text<'_>,
    all: &[Token],
    (from, to): (usize, usize),
) -> (usize, usize) {
    let gap = |left: usize| match all.get(left..left + 2) {
        Some([a, b]) => text.bytes(a.end, b.start) == b" ",
        _ => false,
    };
    let (mut from, mut to) = (from, to);
    let words = all.get(from..to).unwrap_or_default();
    let vietnamese = words.iter().any(|token| token.lower.chars().any(vietnamese));
    if let Some(next) = all.get(to).filter(|_| to > from && gap(to - 1)) {
        let rest = to - from > 1 || next.common == 0;
        let short = next.end - next.start < 7 && next.shape != LOWER && rest;
        if is_compound(spelled(text, next)) || vietnamese && short {
            to += 1;
        }
    }
    if let Some(before) = from.checked_sub(1).and_then(|at| all.get(at)).filter(|_| gap(from - 1)) {
        let accented = !before.lower.is_ascii() && before.shape != LOWER && before.place == 0;
        if accented && English::get().first(&plain(&before.lower)).is_some() {
            from -= 1;
        }
    }
    // `van der`, `von`: particles of other languages are words of their sentences, too.
    let particle = |at: usize, words: &[&str]| {
        all.get(at).is_some_and(|token| words.contains(&token.lower.as_str()))
            && !all.get(at).is_some_and(|token| capital(text, token))
            && gap(at)
    };
    let mut first = from;
    if first > 0 && particle(first - 1, &["der", "den", "de"]) {
        first -= 1;
    }
    if first > 0 && particle(first - 1, &["van", "von"]) {
        from = first - 1;
        let given = from.checked_sub(1).and_then(|at| all.get(at)).filter(|_| gap(from - 1));
        let named = |token: &Token| token.common == 0 && token.role != TITLE;
        if given.is_some_and(|token| token.shape != LOWER && named(token)) {
            from -= 1;
        }
    }
    (from, to)
}

fn vietnamese(letter: char) -> bool {
    matches!(letter, '\u{1ea0}'..='\u{1ef9}' | 'đ' | 'ơ' | 'ư')
}

/// A word without its accents.
fn plain(lower: &str) -> String {
    lower.nfd().filter(char::is_ascii).collect()
}

/// Reports the surname alone of whom a title named: `Mr. Barker paid. Barker agreed.` Findings from `first` on are those of this text's persons.
pub(super) fn again(text: &Text<'_>, all: &[Token], first: usize, found: &mut Vec<Finding>) {
    let persons = found.get(first..).unwrap_or_default();
    let persons = || persons.iter().filter(|one| one.kind == Kind::Person);
    let surname = |one: &Finding| {
        let begin = all.partition_point(|token| token.start < one.start);
        let last = all.get(all.partition_point(|token| token.end <= one.end).checked_sub(1)?)?;
        let title = all.get(begin.checked_sub(1)?)?;
        let named = SURNAMED.contains(&title.lower.as_str()) && one.score >= ALONE;
        let plain = last.common == 0 && last.end - last.start > 3 && last.end == one.end;
        (named && plain && last.shape != LOWER).then(|| spelled(text, last))
    };
    let names: HashSet<&str> = persons().filter_map(surname).collect();
    if names.is_empty() {
        return;
    }
    let reach = Reach::of(persons().map(|one| (one.start, one.end)).collect());
    let mut more = Vec::new();
    for (at, token) in all.iter().enumerate() {
        let own = spelled(text, token);
        // `Barker Street` is another's name.
        let goes_on = all
            .get(at + 1)
            .is_some_and(|next| text.bytes(token.end, next.start) == b" " && capital(text, next));
        let known = || token.start < reach.before(token.end);
        if token.shape != LOWER && names.contains(&own) && !goes_on && !known() {
            more.push(Finding::new(
                Kind::Person,
                (token.start, token.end),
                ALONE,
                vec![Why::Repeated],
            ));
        }
    }
    found.append(&mut more);
}

#[cfg(test)]
mod tests {
    use super::is_compound;

    #[test]
    fn surnames_are_told_from_programs() {
        for name in [
            "O'Connor",
            "O’Connor",
            "D'Angelo",
            "N'Diaye",
            "MacLeod",
            "DeVito",
            "LeBlanc",
            "FitzGerald",
            "D'Aubigné",
            "VanDyke",
            "Smith-O'Neil",
        ] {
            assert!(is_compound(name), "{name}");
        }
        for word in
            ["LaTeX", "MacBook", "DevOps", "JavaScript", "O'Reilly2", "Don't", "De", "MacOS"]
        {
            assert!(!is_compound(word), "{word}");
        }
    }
}
