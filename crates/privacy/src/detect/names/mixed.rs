//! Western names among Chinese words, `患者Eric Smith今日来诊`, and those that a comment of a program leaves a task to, `TODO(Sheila Miller)`.
//!
//! The English tagger was trained on English sentences and does not read such lines. Here the lists of names decide, the label before
//! a name, and what stands behind it.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{HAN, LETTER, Text};
use super::chains::LABELS;
use super::english_words::{ALONE, LINKS, SUFFIXES, TITLES};
use super::lexicon::English;
use super::terms;

/// What behind a name makes it something else's, besides the heads of terms: `Morgan Stanley公司`, `Alan Turing测试`. A Western name is seldom
/// a patient's before `病` and `征`, as a Chinese one may be.
const THINGS: &[&str] = &[
    "公司", "集团", "大学", "学院", "医院", "银行", "基金", "公园", "酒店", "品牌", "系列", "语言",
    "框架", "手机", "电影", "奖", "街", "路", "大道", "广场", "病", "征", "症", "氏", "测试",
    "检验", "食管", "指数", "量表", "评分", "分级", "软件", "系统", "平台", "版",
];

/// Names' ends that are none of their words.
const ENDS: &[&str] = &["jr", "sr", "ii", "iii", "iv", "md", "phd", "dds", "dvm", "rn"];

/// What places and things are called by last: `Madison Square`.
const SPOTS: &[&str] = &[
    "square", "garden", "park", "street", "avenue", "road", "center", "centre", "stadium", "hotel",
    "inn",
];

/// Most words of one name.
const MOST: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Capital,
    Initial,
    Upper,
    Link,
}

#[derive(Debug)]
struct Word {
    start: usize,
    end: usize,
    lower: String,
    shape: Shape,
}

impl Word {
    /// What a list says of the word, or of its first part: `Smith-Jones`, `O'Neill`.
    fn listed(&self, list: impl Fn(&str) -> Option<i32>) -> bool {
        let part = self.lower.split(['-', '\'']).find(|part| part.len() > 1).unwrap_or_default();
        list(&self.lower).is_some() || list(part).is_some()
    }

    fn first(&self, lexicon: &English) -> bool {
        self.listed(|word| lexicon.first(word))
    }

    fn last(&self, lexicon: &English) -> bool {
        self.listed(|word| lexicon.last(word))
    }

    fn common(&self, lexicon: &English) -> bool {
        lexicon.word(&self.lower) > 0
    }
}

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == LETTER
}

/// Reports persons.
pub(super) fn find(text: &Text<'_>, found: &mut Vec<Finding>) {
    owners(text, found);
    if text.is_ascii() {
        return;
    }
    let lexicon = English::get();
    found.retain(|one| one.kind != Kind::Person || !thing(text, one.start, one.end));
    let mut at = 0;
    while at < text.len() {
        let begins = letter(text.at(at)) && !letter(text.before(at));
        if !begins {
            at += 1;
            continue;
        }
        let words = words(text, at);
        let end = words.last().map_or(at + 1, |word| word.end);
        found.extend(name(text, words, lexicon));
        at = end;
        while letter(text.at(at)) {
            at += 1;
        }
    }
}

/// The words from an index on that are written like a name's, one blank between each.
fn words(text: &Text<'_>, start: usize) -> Vec<Word> {
    let mut all = Vec::new();
    let mut at = start;
    while all.len() < MOST {
        let from = at;
        while letter(text.at(at))
            || matches!(text.at(at), b'\'' | b'-') && at > from && letter(text.at(at + 1))
        {
            at += 1;
        }
        let Some(word) = word(text, from, at) else { break };
        let initial = word.shape == Shape::Initial;
        let short = initial || TITLES.contains(&&*word.lower) || ENDS.contains(&&*word.lower);
        all.push(word);
        if text.at(at) == b'.' && short && text.at(at + 1) == b' ' {
            at += 1;
        } else if text.at(at) == b',' && text.at(at + 1) == b' ' {
            break;
        }
        if text.at(at) != b' ' || !letter(text.at(at + 1)) {
            break;
        }
        at += 1;
    }
    while all.last().is_some_and(|word| word.shape == Shape::Link) {
        all.pop();
    }
    all
}

fn word(text: &Text<'_>, start: usize, end: usize) -> Option<Word> {
    let spelled = text.slice(start, end);
    let lower = spelled.replace('’', "'").to_lowercase();
    let mut letters = spelled.chars();
    let capital = letters.next()?.is_uppercase();
    let upper = letters.clone().filter(|letter| letter.is_uppercase()).count();
    let small = letters.filter(|letter| letter.is_lowercase()).count();
    // McDonald, O'Neill, Smith-Jones; no JavaScript.
    let parts = 1
        + usize::from(lower.starts_with("mc") || lower.starts_with("mac"))
        + lower.matches(['-', '\'']).count();
    let shape = match (capital, upper, small) {
        (true, 0, 0) => Shape::Initial,
        (true, _, 0) => Shape::Upper,
        (true, inner, _) if inner < parts => Shape::Capital,
        (false, 0, _)
            if LINKS.contains(&lower.as_str())
                && !matches!(&*lower, "of" | "and" | "for" | "the") =>
        {
            Shape::Link
        }
        _ => return None,
    };
    Some(Word { start, end, lower, shape })
}

/// Whether a character is none of ASCII and no letter but a Chinese one, or stands next to one behind marks and a blank.
fn chinese(text: &Text<'_>, at: usize, step: impl Fn(usize) -> Option<usize>) -> bool {
    let mut place = Some(at);
    for _ in 0..3 {
        let Some(index) = place.filter(|index| *index < text.len()) else { return false };
        let byte = text.at(index);
        if byte == HAN || byte != LETTER && !text.char_at(index).is_ascii() {
            return true;
        }
        if !matches!(byte, b' ' | b',' | b':' | b'"' | b'(' | b')') {
            return false;
        }
        place = step(index);
    }
    false
}

/// The person whose name the words are.
fn name(text: &Text<'_>, mut words: Vec<Word>, lexicon: &English) -> Option<Finding> {
    let mut titled = false;
    while words.len() > 1
        && words
            .first()
            .is_some_and(|word| TITLES.contains(&&*word.lower) || word.shape == Shape::Link)
    {
        titled |= words.remove(0).shape != Shape::Link;
    }
    let (start, end) = (words.first()?.start, words.last()?.end);
    let sides = [
        start.checked_sub(1).is_some_and(|at| chinese(text, at, |at| at.checked_sub(1))),
        chinese(text, end, |at| Some(at + 1)),
    ];
    let (before, next) = (text.before(start), text.at(end));
    let marked =
        matches!(before, b'_' | b'@' | b'/' | b'\\' | b'$' | b'#' | b'.' | b'-' | b'<' | b'`')
            || before.is_ascii_digit();
    let goes_on = matches!(next, b'_' | b'@' | b'/' | b'\\' | b'=' | b'(' | b'-')
        && text.char_at(end).is_ascii()
        || next.is_ascii_digit()
        || next == b'.' && text.at(end + 1).is_ascii_alphanumeric();
    if !sides.contains(&true) || marked || goes_on {
        return None;
    }
    let label = text.slice(start.saturating_sub(12), start);
    let label = label.trim_end_matches([' ', ':', '：', '“', '"', '(', '（']);
    let behind = text.slice(end, end + 4);
    let behind = behind.strip_prefix(' ').unwrap_or(behind);
    let labelled =
        titled || LABELS.iter().any(|word| label.ends_with(word)) || terms::titled(behind);
    let score = likely(&words, labelled, lexicon).filter(|_| !thing(text, start, end))?;
    Some(Finding::new(Kind::Person, (start, end), score, vec![Why::Dictionary]))
}

/// Whether a Western name is the name of something: `Graves病`.
fn thing(text: &Text<'_>, start: usize, end: usize) -> bool {
    if text.at(end) != HAN && text.at(end + 1) != HAN || !letter(text.at(start)) {
        return false;
    }
    let behind = text.slice(end, end + 4);
    let behind = behind.strip_prefix(' ').unwrap_or(behind);
    (terms::heads(behind) || THINGS.iter().any(|word| behind.starts_with(word)))
        && !behind.starts_with("病情")
        && !behind.starts_with("病人")
}

/// How sure it is that words are somebody's name, `None` if they hardly are.
fn likely(words: &[Word], labelled: bool, lexicon: &English) -> Option<f32> {
    let own: Vec<&Word> = words
        .iter()
        .filter(|word| {
            !matches!(word.shape, Shape::Initial | Shape::Link) && !ENDS.contains(&&*word.lower)
        })
        .collect();
    let (first, last) = (own.first()?, own.last()?);
    let spelled: Vec<&str> = own.iter().map(|word| &*word.lower).collect();
    let firm = spelled.iter().any(|word| SUFFIXES.contains(word)) || SPOTS.contains(&&*last.lower);
    let known = |word: &&&Word| word.first(lexicon) || word.last(lexicon);
    let shouted = own.iter().any(|word| word.shape == Shape::Upper);
    let place = lexicon.place(&spelled.join(" ")).is_some();
    if firm || terms::nobody(&spelled) || !labelled && (shouted || place) {
        return None;
    }
    let foreign = own.iter().all(|word| !word.common(lexicon));
    if own.len() == 1 {
        let alone = ALONE.binary_search(&&*first.lower).is_ok();
        let initialled = words.len() > 1;
        let named = known(&first) && foreign && !alone && first.lower.len() > 1;
        return (named && (labelled || initialled && first.last(lexicon))).then_some(if shouted {
            0.6
        } else {
            0.7
        });
    }
    if labelled {
        let all = own.iter().all(|word| known(&word));
        let some = own.iter().any(|word| known(&word) && !word.common(lexicon));
        return (if shouted { all && some } else { some || foreign }).then_some(0.88);
    }
    let fore = first.first(lexicon) && !first.common(lexicon);
    let family = last.last(lexicon) || foreign && last.lower.len() > 3;
    (fore && family).then_some(0.85)
}

/// Who is to do what a comment says: `TODO(Sheila Miller): fix`.
fn owners(text: &Text<'_>, found: &mut Vec<Finding>) {
    const TASKS: &[&[u8]] = &[
        b"TODO",
        concat!("FIX", "ME").as_bytes(),
        concat!("X", "XX").as_bytes(),
        b"HACK",
        b"BUG",
        b"NOTE",
    ];
    let lexicon = English::get();
    for open in memchr::memchr_iter(b'(', text.view()) {
        let task = TASKS.iter().find(|task| {
            let from = open.saturating_sub(task.len());
            text.bytes(from, open) == **task && !letter(text.before(from))
        });
        if task.is_none() {
            continue;
        }
        let words = words(text, open + 1);
        let Some(end) = words.last().map(|word| word.end).filter(|end| text.at(*end) == b')')
        else {
            continue;
        };
        if let Some(score) = likely(&words, true, lexicon) {
            let why = vec![Why::Context("todo".to_owned()), Why::Dictionary];
            found.push(Finding::new(Kind::Person, (open + 1, end), score, why));
        }
    }
}
