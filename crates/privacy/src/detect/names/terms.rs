//! Terms that are written like names (`华法林`, `Warfarin`), and names that are part of a term (`克罗恩病`, `Graves disease`): whoever is
//! found on one of them is nobody.

use super::super::finding::{Finding, Kind};
use super::super::normal::{HAN, Text};
use super::lexicon::Chinese;
use super::tokens::{TITLE, Token};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::HashSet;
use std::sync::OnceLock;

/// What follows a name and makes it part of a term, whatever comes next.
const HEADS: &[&str] = &[
    "综合征",
    "综合症",
    "淋巴瘤",
    "肉瘤",
    "氏病",
    "氏征",
    "定理",
    "公式",
    "方程",
    "分布",
    "变换",
    "不等式",
    "模型",
    "比率",
    "滤波",
    "采样",
    "抽样",
    "矩阵",
    "算法",
    "抑郁量表",
    "焦虑量表",
    "昏迷评分",
    "昏迷指数",
    "分期",
    "染色",
    "反射",
    "现象",
    "定律",
    "悖论",
    "曲线",
    "均衡",
    "级数",
    "空间",
    "系数",
    "准则",
    "猜想",
    "常数",
    "试验阳",
    "试验阴",
    "检验法",
    "回归分析",
    "回归模型",
    "回归方程",
    "回归系数",
];

/// What follows a name and makes it part of a term if one of the characters comes next, or none of Chinese.
const HEADS_IF: &[(&str, &str)] = &[
    ("病", "性患伴合待"),
    ("征", "阳阴未弱及"),
    ("检验", "显统表分"),
    ("试验", "可"),
    ("协议", "要规资框"),
];

/// Titles behind somebody's name and by how much (in log odds) each counts for a Chinese one ending there; `None` where none does.
pub(crate) const TITLES: &[(&str, Option<f32>)] = &[
    ("先生", Some(4.5)),
    ("女士", Some(4.5)),
    ("小姐", Some(4.5)),
    ("老师", Some(3.0)),
    ("同学", Some(3.0)),
    ("医生", Some(3.0)),
    ("医师", Some(3.0)),
    ("大夫", Some(3.0)),
    ("护士", Some(3.0)),
    ("教授", Some(3.0)),
    ("主任", Some(3.0)),
    ("经理", Some(3.0)),
    ("同志", Some(3.0)),
    ("律师", Some(3.0)),
    ("太太", None),
    ("博士", None),
    ("总监", None),
];

/// Whether what stands behind a name begins with a title.
pub(super) fn titled(behind: &str) -> bool {
    TITLES.iter().any(|(title, _)| behind.starts_with(title))
}

/// Whether what stands behind a name makes it part of a term, whatever comes next.
pub(super) fn heads(behind: &str) -> bool {
    HEADS.iter().any(|head| behind.starts_with(head))
}

/// The terms of both languages, built once from text in the repository.
#[derive(Debug)]
struct Terms {
    chinese: Option<AhoCorasick>,
    words: HashSet<&'static str>,
    alone: HashSet<&'static str>,
    named: HashSet<&'static str>,
    heads: HashSet<&'static str>,
    phrases: HashSet<&'static str>,
    tails: Vec<&'static str>,
}

impl Terms {
    fn get() -> &'static Self {
        static TERMS: OnceLock<Terms> = OnceLock::new();
        TERMS.get_or_init(|| {
            let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
            let of = |kind: &str| {
                lines(include_str!("../data/terms_en.txt"))
                    .filter_map(|line| line.split_once(' '))
                    .filter(|(found, _)| *found == kind)
                    .flat_map(|(_, words)| words.split_whitespace())
                    .collect::<Vec<_>>()
            };
            let set = |kind: &str| of(kind).into_iter().collect::<HashSet<_>>();
            let chinese =
                lines(include_str!("../data/terms_zh.txt")).flat_map(str::split_whitespace);
            Self {
                chinese: AhoCorasickBuilder::new()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(chinese)
                    .ok(),
                words: set("word"),
                alone: set("alone"),
                named: set("named"),
                heads: set("head"),
                phrases: set("phrase"),
                tails: of("tail"),
            }
        })
    }

    /// Whether a word is never a name: on the list, or it ends as drugs, germs and diagnoses do and no list of names knows it.
    fn never(&self, word: &str, listed: bool) -> bool {
        self.words.contains(word)
            || !listed
                && word.is_ascii()
                && word.len() > 6
                && self.tails.iter().any(|tail| word.ends_with(tail))
    }
}

/// Whether a word in small letters is a term that is no name where nothing beside it says so.
pub(super) fn is_listed(word: &str) -> bool {
    let terms = Terms::get();
    // The longest term that a text begins with is the whole of it just if that is one.
    let whole = |automaton: &AhoCorasick| {
        automaton.find(word).is_some_and(|hit| hit.start() == 0 && hit.end() == word.len())
    };
    terms.words.contains(word)
        || terms.alone.contains(word)
        || terms.chinese.as_ref().is_some_and(whole)
}

/// Takes the persons out of `found`, from `first` on, that are Chinese terms or parts of some.
pub(super) fn sift(text: &Text<'_>, first: usize, found: &mut Vec<Finding>) {
    let is_person = |one: &Finding| one.kind == Kind::Person;
    if !found.iter().skip(first).any(is_person) {
        return;
    }
    let terms = spans(text);
    let mut place = 0;
    found.retain_mut(|one| {
        place += 1;
        if place <= first || !is_person(one) {
            return true;
        }
        one.end = shortened(text, (one.start, one.end), &terms);
        !is_term(text, (one.start, one.end), &terms)
    });
}

/// The end of a name without the first character of a term behind it: `王芳征信报告`.
fn shortened(text: &Text<'_>, (start, end): (usize, usize), terms: &[(usize, usize)]) -> usize {
    let near = terms.iter().skip(terms.partition_point(|term| term.1 <= start));
    let mut behind = near.take_while(|term| term.0 < end);
    let crossing = behind.find(|term| term.0 >= start + 2 && term.1 > end && term.1 - term.0 > 2);
    let surname = Chinese::get().surname(text.slice(start, start + 1)).is_some();
    crossing.filter(|_| surname).map_or(end, |term| term.0)
}

/// Where terms stand.
fn spans(text: &Text<'_>) -> Vec<(usize, usize)> {
    let Some(automaton) = &Terms::get().chinese else { return Vec::new() };
    automaton
        .find_iter(text.raw())
        .map(|hit| (text.index_of(hit.start()), text.index_of(hit.end())))
        .collect()
}

/// Whether a name is a term, part of one, or what a term is called after.
fn is_term(text: &Text<'_>, (start, end): (usize, usize), terms: &[(usize, usize)]) -> bool {
    let near = terms.iter().skip(terms.partition_point(|term| term.1 <= start));
    for (from, to) in near.take_while(|term| term.0 < end) {
        let long = to - from > 2;
        let term = match (*from <= start, end <= *to) {
            // The term itself may be somebody's name, but not a part of it.
            (true, true) => to - from > end - start || !addressed(text, (start, end)),
            // A name and what comes next, `黄染消`, or two words that only meet.
            (true, false) => *from == start || long,
            (false, _) => long,
        };
        if term {
            return true;
        }
    }
    eponym(text, (start, end))
}

/// Whether a label before a name or a title behind says that it is somebody's.
fn addressed(text: &Text<'_>, (start, end): (usize, usize)) -> bool {
    let mut at = start;
    while matches!(text.before(at), b' ' | b':') && start - at < 3 {
        at -= 1;
    }
    let front = text.slice(at.saturating_sub(2), at);
    let label =
        at < start && front.ends_with(['名', '人']) || matches!(front, "姓名" | "名叫" | "我叫");
    label || titled(text.slice(end, end + 2))
}

/// `罗恩病`, and a name before a word that makes it a term.
fn eponym(text: &Text<'_>, (start, end): (usize, usize)) -> bool {
    let name = text.slice(start, end);
    if name.ends_with(['病', '症']) && !name.ends_with("去病") {
        return true;
    }
    let front = text.slice(start.saturating_sub(2), start);
    if matches!(front, "患者" | "病人" | "姓名" | "先生" | "女士") || addressed(text, (start, end))
    {
        return false;
    }
    let behind = text.slice(end, end + 5);
    heads(behind)
        || HEADS_IF.iter().any(|(head, next)| {
            behind.strip_prefix(head).is_some_and(|rest| match rest.chars().next() {
                Some(letter) if super::super::normal::class(letter) == HAN => next.contains(letter),
                _ => true,
            })
        })
}

/// The words of an English person, as indices into `all`, without the terms at both ends; empty if it is nobody's name.
pub(super) fn trim(all: &[Token], mut from: usize, mut to: usize) -> (usize, usize) {
    let terms = Terms::get();
    let word = |at: usize| all.get(at).map_or("", |token| token.lower.as_str());
    let never = |at: usize| {
        all.get(at)
            .is_some_and(|token| terms.never(&token.lower, token.first >= 0 || token.last >= 0))
    };
    while from < to && never(from) {
        from += 1;
    }
    while from < to && never(to - 1) {
        to -= 1;
    }
    let titled =
        (from.saturating_sub(1)..to).any(|at| all.get(at).is_some_and(|t| t.role == TITLE));
    let labelled = from > 0 && matches!(word(from - 1), "name" | "patient" | "surname" | "contact");
    if titled || labelled {
        return (from, to);
    }
    let one = to == from + 1;
    let all_named =
        (from..to).all(|at| terms.named.contains(word(at)) || terms.alone.contains(word(at)));
    let term = one && terms.alone.contains(word(from))
        || phrase(terms, all, (from, to))
        || all_named && followed(terms, &word, to);
    if term { (from, from) } else { (from, to) }
}

/// Whether a phrase of the list covers the words.
fn phrase(terms: &Terms, all: &[Token], (from, to): (usize, usize)) -> bool {
    (from.saturating_sub(2)..=from).any(|start| {
        (2..4).any(|count| {
            let Some(words) = all.get(start..start + count) else { return false };
            if start + count < to {
                return false;
            }
            let adjoined = words
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if b.start.saturating_sub(a.end) <= 1));
            let spelled = words.iter().map(|token| token.lower.as_str()).collect::<Vec<_>>();
            adjoined && terms.phrases.contains(spelled.join("_").as_str())
        })
    })
}

/// Whether one of the next two words makes a term of a name; an `s` is the genitive's.
fn followed<'a>(terms: &Terms, word: &impl Fn(usize) -> &'a str, to: usize) -> bool {
    let next = to + usize::from(word(to) == "s");
    terms.heads.contains(word(next))
        || terms.heads.contains(word(next + 1)) && !terms.named.contains(word(next))
}

/// Whether words, lower case, hold a term or are one together.
pub(super) fn nobody(words: &[&str]) -> bool {
    let terms = Terms::get();
    words.iter().any(|word| terms.words.contains(word))
        || words.len() > 1 && terms.phrases.contains(words.join("_").as_str())
        || words.last().is_some_and(|last| words.len() > 1 && terms.heads.contains(last))
}

/// Takes out of what a plugged-in model named the persons that are terms.
pub(crate) fn sift_named(raw: &str, found: &mut Vec<Finding>) {
    if !found.iter().any(|one| one.kind == Kind::Person) {
        return;
    }
    let text = Text::new(raw);
    let terms = Terms::get();
    let chinese = spans(&text);
    found.retain(|one| {
        if one.kind != Kind::Person {
            return true;
        }
        let span = (one.start, one.end);
        let name = text.slice(one.start, one.end).to_lowercase();
        let front = text.slice(one.start.saturating_sub(5), one.start).to_lowercase();
        let titled = ["dr. ", "mr. ", "ms. ", "mrs. ", "dr ", "mr ", "ms ", "mrs "]
            .iter()
            .any(|title| front.ends_with(title));
        let behind = text.slice(one.end, one.end + 24).replace('’', "'").to_lowercase();
        let behind = behind.strip_prefix("'s").or(behind.strip_prefix('\'')).unwrap_or(&behind);
        let mut next = behind.split(|letter: char| !letter.is_alphanumeric());
        let named = terms.named.contains(name.as_str())
            && behind.starts_with(' ')
            && next.nth(1).is_some_and(|word| terms.heads.contains(word));
        let untitled = named
            || terms.alone.contains(name.as_str())
            || terms.phrases.contains(name.replace(' ', "_").as_str());
        let chinese =
            text.bytes(one.start, one.end).contains(&HAN) && is_term(&text, span, &chinese);
        !(terms.words.contains(name.as_str()) || untitled && !titled || chinese)
    });
}
