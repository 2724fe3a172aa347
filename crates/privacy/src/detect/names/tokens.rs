//! English text as words, each with what the lists know of it and how its line is written.

use super::super::normal::{HAN, LETTER, Text};
use super::english_words::{LINKS, SUFFIXES, TITLES};
use super::lexicon::English;
use super::linear::word_hash;

/// Shapes of a word.
pub(crate) const LOWER: u8 = 0;
const CAPITAL: u8 = 1;
pub(crate) const UPPER: u8 = 2;
pub(crate) const MIXED: u8 = 3;
pub(crate) const INITIAL: u8 = 4;

/// Roles of a word.
pub(crate) const TITLE: u8 = 1;
pub(crate) const SUFFIX: u8 = 2;
pub(crate) const LINK: u8 = 3;

/// Mark of a country of one word; of several it is two more.
pub(crate) const COUNTRY: u8 = 2;

/// Mark of a line of one or two words, in place of how many begin with a capital.
pub(crate) const LONE: u8 = 4;

/// How a line is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line {
    /// Program text, a copyright notice or a Chinese sentence: capitals mean something else there.
    quiet: bool,
    /// A line of letters without one capital, as in a chat.
    pub(crate) small: bool,
    /// A line in capitals.
    pub(crate) shouted: bool,
    /// How many of its words begin with a capital, 0 few to 3 nearly all; 4 for a line of one or two words.
    pub(crate) capitals: u8,
}

/// One word.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) lower: String,
    /// Of `lower`.
    pub(crate) hash: u64,
    pub(crate) shape: u8,
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) common: i32,
    pub(crate) place: u8,
    pub(crate) role: u8,
    /// The character before it that is no space, and the one right after.
    pub(crate) before: u8,
    pub(crate) after: u8,
    pub(crate) line_start: bool,
    pub(crate) line: Line,
    /// Hash of the word before the last colon or equals sign of the line, and the words since then.
    pub(crate) key: (u64, u8),
}

fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == LETTER
}

fn bucket(rank: Option<i32>) -> i32 {
    rank.map_or(-1, |rank| (rank / 2).min(5))
}

/// What is known before a word is read.
struct State {
    line: Line,
    line_start: bool,
    mark: u8,
    key: (u64, u8),
}

/// Splits a text into words of letters.
pub(crate) fn tokens(text: &Text<'_>) -> Vec<Token> {
    let lexicon = English::get();
    let mut all: Vec<Token> = Vec::new();
    let mut at = 0;
    let mut state = State { line: line(text, 0), line_start: true, mark: b'\n', key: (0, 0) };
    while at < text.len() {
        let byte = text.at(at);
        let ampersand = byte == b'&' && text.before(at) == b' ' && text.at(at + 1) == b' ';
        if !(word_byte(byte) || ampersand) {
            if byte == b'\n' {
                state =
                    State { line: line(text, at + 1), line_start: true, mark: b'\n', key: (0, 0) };
            } else if matches!(byte, b':' | b'=')
                && let Some(last) = all.last()
                && at - last.end <= 2
            {
                state.key = (last.hash, 0);
            }
            if byte != b' ' {
                state.mark = byte;
            }
            at += 1;
            continue;
        }
        let start = at;
        at = word_end(text, start);
        let token = describe(text, (start, at), lexicon, &state);
        state.mark = b'a';
        state.line_start = false;
        state.key.1 = state.key.1.saturating_add(1);
        all.push(token);
    }
    mark_places(&mut all, lexicon);
    all
}

fn word_end(text: &Text<'_>, start: usize) -> usize {
    let mut at = start;
    while word_byte(text.at(at))
        || matches!(text.at(at), b'\'' | b'-')
            && word_byte(text.at(at + 1))
            && at > start
            && text.at(at + 1) != b's'
        || text.at(at) == b'\'' && text.at(at + 1).is_ascii_uppercase() && at > start
    {
        at += 1;
    }
    at.max(start + 1)
}

/// Whether a word is part of a file name, a variable, a call: no word of a sentence.
fn code(text: &Text<'_>, (start, end): (usize, usize)) -> bool {
    // A full-width mark is a mark of the sentence: `Sarah Hudson（护照…）` calls nothing.
    let next = Some(text.at(end)).filter(|_| text.char_at(end).is_ascii()).unwrap_or(b' ');
    let before = text.before(start);
    let word = text.bytes(start, end);
    // A pair of a form, `name=Ann`, is no code.
    let paired = before == b'=' && !matches!(next, b'(' | b'.' | b'_');
    next.is_ascii_digit()
        || matches!(next, b'_' | b'@' | b'/' | b'\\' | b'=' | b'(')
        || next == b'.'
            && word_byte(text.at(end + 1))
            && end - start > 1
            && !word.eq_ignore_ascii_case(b"co")
        || next == b':' && text.at(end + 1) == b':'
        || before == b':' && (next == b':' || text.before(start - 1) == b':')
        || next == b':' && end - start < 3 && text.at(end + 3) == b':'
        || before == b':' && end - start < 3 && start > 3 && text.at(start - 4) == b':'
        || next == b':' && text.at(end + 1).is_ascii_digit() && end - start < 3
        || before.is_ascii_digit()
        || matches!(before, b'_' | b'@' | b'/' | b'\\' | b'$' | b'#' | b'%' | b'`' | b'<')
            && !paired
        || before == b'-'
            && start > 1
            && matches!(text.at(start - 2), b' ' | b'-' | b'\'' | b'"' | b'`')
            && text.before(start - 1) != b' '
        || before == b'.'
            && start > 1
            && word_byte(text.at(start - 2))
            && !word.eq_ignore_ascii_case(b"ltd")
}

/// How a line is written; it is judged by its first 400 characters.
fn line(text: &Text<'_>, start: usize) -> Line {
    let rest = text.bytes(start, (start + 400).min(text.len()));
    let line = match memchr::memchr(b'\n', rest) {
        Some(end) => rest.get(..end).unwrap_or_default(),
        None => rest,
    };
    let (mut marks, mut han, mut letters, mut upper, mut words, mut heads) = (0, 0, 0, 0, 0, 0);
    let mut calls = 0_usize;
    let mut last = b' ';
    let pairs = pairs(line);
    for byte in line {
        match byte {
            // Nor are the marks of a line of pairs those of a program.
            b'=' | b'_' | b';' | b'[' | b']' if pairs => {}
            // Brackets of a sentence stand behind a space, those of a call behind its name.
            b'(' if last == b' ' => {}
            b')' if calls == 0 => {}
            b'(' => (marks, calls) = (marks + 1, calls + 1),
            b')' => (marks, calls) = (marks + 1, calls - 1),
            b'{' | b'}' | b'[' | b']' | b'=' | b'_' | b';' | b'<' | b'|' | b'\\' | b'#' | b'`'
            | b'~' | b'^' => marks += 1,
            &HAN => han += 1,
            _ if byte.is_ascii_alphabetic() || *byte == LETTER => {
                letters += 1;
                let capital = byte.is_ascii_uppercase();
                upper += usize::from(capital);
                if !word_byte(last) && last != b'\'' {
                    words += 1;
                    heads += usize::from(capital);
                }
            }
            _ => {}
        }
        last = *byte;
    }
    let capitals = match (words, heads * 10 / words.max(1)) {
        (0..=2, _) => LONE,
        (_, 8..) => 3,
        (_, 5..) => 2,
        (_, 2..) => 1,
        _ => 0,
    };
    let count = |wanted: u8| memchr::memchr_iter(wanted, line).count();
    let cells = memchr::memmem::find(line, b"<td").is_some()
        || memchr::memmem::find(line, b"<li").is_some();
    let notice = || {
        let lower = line.to_ascii_lowercase();
        let holds = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
        holds(b"copyright")
            || holds(b"(c) ")
            || lower.starts_with(b"class ")
            || lower.starts_with(b"import ")
            || lower.starts_with(b"from ") && holds(b" import ")
            || lower.starts_with(b"del ")
            || lower.trim_ascii_start().starts_with(b"except ")
    };
    // What parts the cells of a table is no mark of a program.
    let parting: usize =
        [(b'|', count(b'|') > 1), (b';', count(b';') > 1 && !pairs), (b'<', cells)]
            .into_iter()
            .filter(|(_, parts)| *parts)
            .map(|(byte, _)| count(byte))
            .sum();
    let marks = marks - parting;
    let quiet = marks * 25 > line.len() && marks > 1 || han * 2 > letters || notice();
    // A chat begins with a letter, and has hardly anything but letters and spaces.
    let words_only = line.iter().filter(|byte| word_byte(**byte) || **byte == b' ').count();
    let chat = line.first().is_some_and(|byte| word_byte(*byte))
        && words_only * 10 >= line.len() * 9
        && words > 1;
    Line {
        quiet,
        small: upper == 0 && chat && !quiet,
        shouted: letters > 3 && upper * 10 > letters * 9,
        capitals,
    }
}

/// Whether a line holds a pair whose value is a name: `user=Sarah Hudson ip=10.2.3.4`. No program writes two words with capitals there
/// without quotes.
fn pairs(line: &[u8]) -> bool {
    memchr::memchr_iter(b'=', line).any(|at| {
        let key = at.checked_sub(1).and_then(|at| line.get(at));
        let keyed = key.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let value = line.get(at + 1..).unwrap_or_default();
        let mut words = value.split(|byte| *byte == b' ').map(Value::of);
        let first = words.next().is_some_and(|word| word.named && word.next.is_none());
        let mut second = words.next();
        // `John Q. Public`
        if second.as_ref().is_some_and(|word| word.initial) {
            second = words.next();
        }
        let called = |next| matches!(next, b'(' | b'=' | b'_' | b'/' | b'\\' | b'<');
        keyed && first && second.is_some_and(|word| word.named && !word.next.is_some_and(called))
    })
}

/// A word of a pair's value.
struct Value {
    /// A capital and a small letter begin it.
    named: bool,
    initial: bool,
    /// What follows its letters.
    next: Option<u8>,
}

impl Value {
    fn of(word: &[u8]) -> Self {
        let own = |byte: &&u8| word_byte(**byte) || matches!(byte, b'\'' | b'-');
        let next = word.get(word.iter().take_while(own).count()).copied();
        let is = |at: usize, fits: fn(&u8) -> bool| {
            word.get(at).is_some_and(|byte| fits(byte) || *byte == LETTER)
        };
        let head = is(0, u8::is_ascii_uppercase);
        let named = head && (is(1, u8::is_ascii_lowercase) || word.get(1) == Some(&b'\''));
        Self { named, initial: head && matches!(word, [_] | [_, b'.']), next }
    }
}

fn describe(
    text: &Text<'_>,
    (start, end): (usize, usize),
    lexicon: &English,
    state: &State,
) -> Token {
    let word = text.slice(start, end);
    let lower = word.replace('’', "'").to_lowercase();
    let mut letters = word.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    let rest = letters.filter(|letter| letter.is_alphabetic());
    let (mut upper, mut small) = (0, 0);
    for letter in rest {
        if letter.is_uppercase() { upper += 1 } else { small += 1 }
    }
    let code = state.line.quiet || code(text, (start, end)) || contracted(&lower);
    let shape = match (capital, upper, small) {
        _ if code => LOWER,
        (true, 0, 0) => INITIAL,
        (true, 0, _) => CAPITAL,
        (true, _, 0) => UPPER,
        (true, ..) => MIXED,
        (false, ..) => LOWER,
    };
    let role = if TITLES.contains(&lower.as_str()) {
        TITLE
    } else if SUFFIXES.contains(&lower.as_str()) {
        SUFFIX
    } else if LINKS.contains(&lower.as_str()) {
        LINK
    } else {
        0
    };
    let common = match lexicon.word(&lower) {
        // `read-only`: as common as its rarest part.
        0 if lower.contains('-') => {
            lower.split('-').map(|part| lexicon.word(part)).min().unwrap_or(0)
        }
        rank => rank,
    };
    let listed = shape != LOWER || state.line.small && !code;
    // `jean-luc` by its first part, in small letters only when the others are names too: no `perl-doc`.
    let named = |part| lexicon.first(part).or_else(|| lexicon.last(part)).is_some();
    let part = if shape == LOWER && lower.contains('-') && !lower.split('-').all(named) {
        ""
    } else {
        lower.split(['-', '\'']).next().unwrap_or_default()
    };
    // The lists write `oconnor`.
    let joined = lower.contains('\'').then(|| lower.replace('\'', ""));
    let joined = joined.as_deref().unwrap_or(&lower);
    Token {
        first: if listed {
            bucket(lexicon.first(joined).or_else(|| lexicon.first(part)))
        } else {
            -1
        },
        last: if listed { bucket(lexicon.last(joined).or_else(|| lexicon.last(part))) } else { -1 },
        common: (common + 2) / 3,
        place: 0,
        role,
        before: state.mark,
        after: text.at(end),
        line_start: state.line_start,
        line: Line { small: state.line.small && !code, ..state.line },
        key: state.key,
        start,
        end,
        shape,
        hash: word_hash(&lower),
        lower,
    }
}

/// `I'd`, `don't`, `they're`: no names.
fn contracted(lower: &str) -> bool {
    lower.split_once('\'').is_some_and(|(front, back)| {
        matches!(back, "d" | "ll" | "ve" | "re" | "m" | "mon")
            || front.ends_with('n') && back == "t"
    })
}

/// Marks words that spell a known place together.
fn mark_places(all: &mut [Token], lexicon: &English) {
    let mut at = 0;
    while at < all.len() {
        let mut step = 1;
        let may = |token: &Token| token.shape != LOWER || token.line.small && token.common == 0;
        if all.get(at).is_some_and(may) {
            for count in (1..=lexicon.longest_place()).rev() {
                let Some(span) = all.get(at..at + count) else { continue };
                let near = span
                    .windows(2)
                    .all(|pair| matches!(pair, [a, b] if b.start - a.end == 1 && b.before == b'a'));
                if !near {
                    continue;
                }
                let name =
                    span.iter().map(|token| token.lower.as_str()).collect::<Vec<_>>().join(" ");
                if let Some(kind) = lexicon.place(&name) {
                    let long = if count > 1 { kind + 2 } else { kind };
                    for token in all.iter_mut().skip(at).take(count) {
                        token.place = long;
                    }
                    step = count;
                    break;
                }
            }
        }
        at += step;
    }
}
