//! Chinese names: every surname followed by one or two characters is a candidate; a linear model over the word lattice,
//! the characters and the neighbours decides.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{HAN, Text};
use super::lexicon::Chinese;
use super::linear::{Feature, Model};
use super::terms::TITLES;

pub(crate) static MODEL: Model = Model::new(include_bytes!("../weights/zh.bin"), 1);
/// Features are hashed into so many slots.
pub(crate) const BITS: u32 = 17;
/// Weights are stored in sixteenths.
pub(crate) const SCALE: f32 = 16.0;
/// Least log odds of a name.
const THRESHOLD: f32 = -0.7;
/// Surnames of a lower count are met far less often than the words that begin like them (包, 单, 时, 项), and need more.
const RARE: i32 = 14;
const THRESHOLD_RARE: f32 = 0.0;
/// Cost of a character that no word covers, half bits.
const UNKNOWN: i32 = 44;
/// Cost of choosing to speak of a person at all, half bits.
const NAME: i32 = 12;
/// Half bits of all surname counts together.
const ALL_SURNAMES: i32 = 31;
const LONGEST_WORD: usize = 4;
/// The lattice is cut in pieces of so many characters.
const LONGEST_RUN: usize = 400;

/// The word lattice of a run of Han characters.
pub(crate) struct Lattice<'t, 'a> {
    text: &'t Text<'a>,
    start: usize,
    end: usize,
    /// Cheapest cost from the start to each position, and from each position to the end.
    forward: Vec<i32>,
    backward: Vec<i32>,
    lexicon: &'static Chinese,
}

/// A surname and what follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) start: usize,
    pub(crate) end: usize,
    surname: usize,
}

fn add(costs: &mut [i32], at: usize, cost: i32) {
    if let Some(known) = costs.get_mut(at) {
        *known = (*known).min(cost);
    }
}

fn get(costs: &[i32], at: usize) -> i32 {
    costs.get(at).copied().unwrap_or(i32::MAX / 4)
}

impl<'t, 'a> Lattice<'t, 'a> {
    pub(crate) fn new(text: &'t Text<'a>, start: usize, end: usize) -> Self {
        let lexicon = Chinese::get();
        let size = end - start;
        let mut forward = vec![i32::MAX / 4; size + 1];
        let mut backward = forward.clone();
        let mut edges = Vec::with_capacity(size * 2);
        add(&mut forward, 0, 0);
        for from in 0..size {
            let base = get(&forward, from);
            add(&mut forward, from + 1, base + UNKNOWN);
            edges.push((from, from + 1, UNKNOWN));
            for length in 1..=LONGEST_WORD.min(size - from) {
                let word = text.slice(start + from, start + from + length);
                if let Some((cost, _)) = lexicon.word(word) {
                    add(&mut forward, from + length, base + cost);
                    edges.push((from, from + length, cost));
                }
            }
        }
        add(&mut backward, size, 0);
        for (from, to, cost) in edges.into_iter().rev() {
            let whole = get(&backward, to) + cost;
            add(&mut backward, from, whole);
        }
        Self { text, start, end, forward, backward, lexicon }
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let mut all = Vec::new();
        for start in self.start..self.end {
            for surname in [1, 2] {
                if start + surname >= self.end
                    || self.lexicon.surname(self.text.slice(start, start + surname)).is_none()
                {
                    continue;
                }
                for given in 1..=2 {
                    let end = start + surname + given;
                    let known = (start + surname..end)
                        .all(|at| self.lexicon.given(self.text.char_at(at)).is_some());
                    if end <= self.end && known {
                        all.push(Candidate { start, end, surname });
                    }
                }
            }
        }
        all
    }

    /// How much dearer, in half bits, the run becomes when the candidate is a name.
    fn margin(&self, candidate: Candidate) -> i32 {
        let (from, to) = (candidate.start - self.start, candidate.end - self.start);
        let surname = self
            .lexicon
            .surname(self.text.slice(candidate.start, candidate.start + candidate.surname))
            .unwrap_or(0);
        let given: Vec<[i32; 3]> = (candidate.start + candidate.surname..candidate.end)
            .filter_map(|at| self.lexicon.given(self.text.char_at(at)))
            .collect();
        let spelled = match given.as_slice() {
            [[only, _, _]] => *only + 4,
            [[_, first, _], [_, _, second]] => first + second,
            _ => UNKNOWN * 2,
        };
        let name = NAME + ALL_SURNAMES - surname + spelled;
        get(&self.forward, from) + name + get(&self.backward, to)
            - get(&self.forward, self.end - self.start)
    }

    fn word_cost(&self, start: usize, end: usize) -> i32 {
        if start < self.start || end > self.end {
            return -1;
        }
        self.lexicon.word(self.text.slice(start, end)).map_or(15, |(cost, _)| cost / 6)
    }

    /// The longest word that ends (or begins) at a position, or the character there.
    fn neighbour(&self, at: usize, left: bool) -> &'a str {
        let edge = if left { self.text.before(at) } else { self.text.at(at) };
        if edge != HAN {
            return if left {
                self.text.slice(at.saturating_sub(1), at)
            } else {
                self.text.slice(at, at + 1)
            };
        }
        for length in [3, 2] {
            let (start, end) = if left { (at.wrapping_sub(length), at) } else { (at, at + length) };
            if start >= self.start && end <= self.end {
                let word = self.text.slice(start, end);
                if self.lexicon.word(word).is_some() {
                    return word;
                }
            }
        }
        if left { self.text.slice(at - 1, at) } else { self.text.slice(at, at + 1) }
    }

    /// The slots of a candidate's features.
    pub(crate) fn features(&self, candidate: Candidate, out: &mut Vec<u32>) {
        let Candidate { start, end, surname } = candidate;
        let length =
            i32::try_from(end - start).unwrap_or(0) * 4 + i32::try_from(surname).unwrap_or(0);
        let margin = self.margin(candidate);
        let bucket = (margin / 4).clamp(-12, 16);
        let other_end = if end - start == surname + 1 { end + 1 } else { end - 1 };
        let rival = if other_end <= self.end {
            ((self.margin(Candidate { start, end: other_end, surname }) - margin) / 4).clamp(-8, 8)
        } else {
            9
        };
        let left = self.neighbour(start, true);
        let right = self.neighbour(end, false);
        let edges = i32::from(start == self.start) * 2 + i32::from(end == self.end);
        let slice = |from: usize, to: usize| self.text.slice(from, to);
        let numbers = [
            (1, length),
            (2, bucket * 64 + length),
            (3, rival * 64 + length),
            (4, self.word_cost(start, end) * 64 + length),
            (5, self.word_cost(start, start + 2)),
            (6, self.word_cost(end - 1, end + 1)),
            (7, self.word_cost(start.wrapping_sub(1), start + 1)),
            (8, edges * 64 + length),
            (9, bucket * 8 + edges),
            (10, self.word_cost(end - 2, end) * 64 + length),
            (11, self.lexicon.surname(slice(start, start + surname)).unwrap_or(0) * 4 + edges),
            (12, self.word_cost(end - 1, end + 2)),
            (13, self.word_cost(start.wrapping_sub(2), start + 1)),
        ];
        out.clear();
        out.extend(
            numbers.iter().map(|(id, value)| Feature::new(*id).number(*value).slot::<BITS>()),
        );
        let texts = [
            (20, left),
            (21, right),
            (22, slice(start.saturating_sub(1), start)),
            (23, slice(end, (end + 1).min(self.text.len()))),
            (24, slice(start, start + surname)),
            (25, slice(end - 1, end)),
        ];
        out.extend(texts.iter().map(|(id, word)| Feature::new(*id).text(word).slot::<BITS>()));
        out.push(Feature::new(26).text(left).number(bucket).slot::<BITS>());
        out.push(Feature::new(27).text(right).number(bucket).slot::<BITS>());
        out.push(Feature::new(28).text(slice(end - 1, end)).number(length).slot::<BITS>());
    }
}

/// Calls `take` for every piece of Han characters.
pub(crate) fn runs(text: &Text<'_>, mut take: impl FnMut(usize, usize)) {
    let mut at = 0;
    while at < text.len() {
        if text.at(at) != HAN {
            at += 1;
            continue;
        }
        let start = at;
        while text.at(at) == HAN && at < start + LONGEST_RUN {
            at += 1;
        }
        take(start, at);
    }
}

/// Words behind a name besides titles, and by how much (in log odds) each makes it likelier that one ends there. Characters of theirs are no
/// part of it.
const BEHIND: &[(&str, f32)] = &[
    ("阿姨", 4.5),
    ("叔叔", 4.5),
    ("大爷", 4.5),
    ("大妈", 4.5),
    ("大叔", 4.5),
    ("大娘", 4.5),
    ("奶奶", 4.5),
    ("爷爷", 4.5),
    ("伯伯", 4.5),
    ("大姐", 4.5),
    ("大哥", 4.5),
    ("师傅", 3.0),
    ("代办", 2.5),
    ("代签", 2.5),
    ("代领", 2.5),
    ("签收", 2.5),
    ("身份证", 2.5),
    ("护照", 2.5),
    ("手机", 2.0),
    ("电话", 2.0),
    ("银行卡", 2.0),
    ("系夫妻", 4.5),
    ("系父", 4.5),
    ("系母", 4.5),
    ("系兄", 4.5),
    ("系姐", 4.5),
    ("系同", 3.0),
    ("系我", 4.5),
    ("系本", 3.0),
    ("系该", 4.0),
    ("系原告", 3.0),
    ("系被告", 3.0),
    ("系朋友", 4.5),
    ("系邻居", 4.5),
    ("来电", 2.5),
    ("来访", 2.5),
    ("来函", 2.5),
    ("来信", 2.5),
    ("来院", 2.5),
    ("现住", 2.5),
    ("现居", 2.5),
    ("现年", 2.5),
    ("现任", 2.5),
];
const LONGEST_BEHIND: usize = 3;
/// What the receiver's 收 at the end of a parcel's label says for the name before it.
const RECEIVED: f32 = 4.0;
/// What a verb says for the name before it that is hardly ever part of one.
const DOES: f32 = 2.0;
const VERBS: &str = "去说";
/// One that also follows what is no person, 程序需: it says something for a name at the head of a sentence that is no word.
const NEEDS: char = '需';
const NEEDED: f32 = 3.5;
/// Characters that end no name but say nothing for one: 章中被 is nobody.
const ENDS: &str =
    "去说把被给请让将诉昨拟吗携借找每的已未称负持取问答写看叫办挂卡呢吧啊没又或自入系处";
/// Those that may end one, 张志向，but hardly where the sentence goes on: 张伟向我院.
const LEADS: &str = "于在从对因及与需住现";
/// To whom somebody turns behind 向, whatever stands before it: 王方向我院.
const TOWARDS: &str = "我本公法银有该其单社派警客物医同他她上";
/// What stands before 和 in a given name: 王建和.
pub(super) const HARMONY: &str = "永建志中景玉春仁谦祥正义泰德文清世庆瑞宝树致太协平温共人";

/// What joins two names.
const JOINS: &str = "与和及同跟、";

/// Whether a character behind a name is a word of the sentence rather than a part of the name.
pub(crate) fn ends_name(letter: char) -> bool {
    [ENDS, LEADS, JOINS].iter().any(|all| all.contains(letter))
}
/// What it says for a name that such a word stands before it and a name of another script, or a mark, before that.
const SECOND: f32 = 1.0;
/// How unlikely, in log odds, somebody may be who is named beside another.
const BESIDE: f32 = -4.0;

/// A candidate without what it holds of the words around it, 彭伟 for 彭伟阿 of 彭伟阿姨, 王芳 for 王芳去 and 和王芳, and what these say for it, in
/// log odds. `None` where nothing is left of it: 宇阿姨 of 程宇阿姨.
fn around(text: &Text<'_>, candidate: Candidate, lexicon: &Chinese) -> Option<(Candidate, f32)> {
    let Candidate { start, end, surname } = candidate;
    let word = |at: usize| {
        let rest = text.slice(at, at + LONGEST_BEHIND);
        let titles = TITLES.iter().filter_map(|(word, odds)| Some((*word, (*odds)?)));
        titles.chain(BEHIND.iter().copied()).find(|(word, _)| rest.starts_with(word))
    };
    let common =
        |at: usize| lexicon.surname(text.slice(at, at + 1)).is_some_and(|count| count >= RARE);
    // A common surname begins a name of its own even behind another: 于王阿姨.
    let surnamed = text.before(start) == HAN
        && lexicon.surname(text.slice(start - 1, start)).is_some()
        && !common(start);
    for at in start + surname..end {
        if (at > start + surname || surnamed) && word(at).is_some() {
            return (at > start + surname).then_some((Candidate { end: at, ..candidate }, 0.0));
        }
    }
    let given = text.slice(start + surname, end);
    let leads = |at: usize| {
        let letter = text.char_at(at);
        text.at(at + 1) == HAN
            && match letter {
                '和' => !HARMONY.contains(text.char_at(at - 1)),
                '向' => lexicon.word(given).is_none() || TOWARDS.contains(text.char_at(at + 1)),
                _ => LEADS.contains(letter),
            }
    };
    let three = end - start == 3 && surname == 1;
    // 病房王雪: the first character is the end of a word.
    let ended = || {
        start > 0
            && text.before(start) == HAN
            && !"小老大".contains(text.char_at(start - 1))
            && lexicon.word(text.slice(start - 1, start + 1)).is_some()
    };
    let joined = three && common(start + 1) && (JOINS.contains(text.char_at(start)) || ended());
    let together = |at: usize| matches!(text.slice(at, at + 2), "一起" | "一同" | "一直");
    if joined || three && (ENDS.contains(text.char_at(end - 1)) || together(end - 1)) {
        let (start, end) = if joined { (start + 1, end) } else { (start, end - 1) };
        return Some((Candidate { start, end, surname }, 0.0));
    }
    if end - start == surname + 2 && leads(end - 1) {
        return Some((Candidate { end: end - 1, ..candidate }, 0.0));
    }
    let division = || {
        let name = text.slice(start, end);
        ["市", "县", "区"].iter().any(|suffix| lexicon.place(&[name, suffix].concat()).is_some())
    };
    let received = || {
        text.char_at(end) == '收'
            && text.at(end + 1) != HAN
            && text.before(start) != HAN
            && (given.chars().count() == 1 || lexicon.word(given).is_none())
    };
    // Eric Smith和王芳
    let second = JOINS.contains(text.char_at(start.saturating_sub(1)))
        && start > 0
        && text.before(start - 1) != HAN
        && common(start);
    let odds = if second { SECOND } else { 0.0 };
    let odds = odds
        + match word(end) {
            Some(_) if division() => 0.0,
            Some((_, odds)) => odds,
            None if received() => RECEIVED,
            None if end - start == 2 && (VERBS.contains(text.char_at(end)) || together(end)) => {
                DOES
            }
            None if end - start == 2 && text.char_at(end) == NEEDS => {
                let head = text.before(start) != HAN && text.at(end + 1) == HAN;
                if head && lexicon.word(text.slice(start, end)).is_none() { NEEDED } else { 0.0 }
            }
            None => 0.0,
        };
    Some((candidate, odds))
}

/// What may stand between the beginning of a sentence and somebody's surname and title.
const CALLS: &[&str] = &["联系", "致电", "通知", "转告", "告知", "转交", "回复", "麻烦", "感谢"];

/// How many characters of a Chinese full name are the surname: two of 欧阳文静.
pub(crate) fn family_name(name: &[char]) -> usize {
    match name {
        [first, second, _, ..] => {
            let two = Chinese::get().surname(&String::from_iter([first, second]));
            if two.is_some() { 2 } else { 1 }
        }
        _ => 1,
    }
}

/// Reports a surname with nothing but a title behind it: 张女士来访。 The title is part of it, since a surname alone can hardly be hidden.
fn addressed(text: &Text<'_>, lexicon: &Chinese, found: &mut Vec<Finding>) {
    runs(text, |from, to| {
        for at in from + 1..to.saturating_sub(1) {
            if matches!(text.slice(at, at + 2), "先生" | "女士" | "小姐" | "太太") {
                titled(text, (from, at), lexicon, found);
            }
        }
    });
}

/// Reports the surname before a title that stands in a run of Chinese, if one does.
fn titled(
    text: &Text<'_>,
    (from, at): (usize, usize),
    lexicon: &Chinese,
    found: &mut Vec<Finding>,
) {
    let surname = |start: usize, least: i32| {
        lexicon.surname(text.slice(start, at)).is_some_and(|count| count >= least)
    };
    // 向 and 和 are surnames, and at the head of a sentence words: 向女士推荐.
    let word = |start: usize| matches!(text.slice(start, at), "向" | "和");
    let fresh = |start: usize| {
        start == from && !word(start) || start > 1 && CALLS.contains(&text.slice(start - 2, start))
    };
    let whole = (1..=2)
        .filter_map(|length| at.checked_sub(length).map(|start| (start, length)))
        .find(|(start, length)| {
            *start >= from && surname(*start, if *length == 1 { RARE } else { 0 }) && fresh(*start)
        });
    if let Some((start, _)) = whole {
        let why = vec![Why::Pattern("surname-title"), Why::Dictionary];
        found.push(Finding::new(Kind::Person, (start, at + 2), 0.75, why));
    }
}

/// Reports persons.
pub(crate) fn persons(text: &Text<'_>, found: &mut Vec<Finding>) {
    addressed(text, Chinese::get(), found);
    let mut slots = Vec::with_capacity(32);
    runs(text, |start, end| {
        if end - start < 2 {
            return;
        }
        let lattice = Lattice::new(text, start, end);
        let (mut named, mut doubtful) = (Vec::new(), Vec::new());
        for candidate in lattice.candidates() {
            if lattice.margin(candidate) > 60 {
                continue;
            }
            let Some((shown, odds)) = around(text, candidate, lattice.lexicon) else { continue };
            lattice.features(candidate, &mut slots);
            let [sum] = MODEL.score::<1>(&slots);
            #[expect(clippy::cast_precision_loss, reason = "a sum of some thirty bytes")]
            let logit = sum as f32 / SCALE + odds;
            let word = lattice.lexicon.word(text.slice(candidate.start, candidate.end)).is_some();
            let surname = text.slice(candidate.start, candidate.start + candidate.surname);
            let rare = lattice.lexicon.surname(surname).is_some_and(|count| count < RARE);
            let least = match (word, rare) {
                (true, _) => 2.0,
                (false, true) => THRESHOLD_RARE,
                (false, false) => THRESHOLD,
            };
            if logit > least {
                named.push((shown, logit));
            } else if logit > BESIDE && !word {
                doubtful.push((shown, logit));
            }
        }
        beside(text, &mut named, &doubtful);
        found.extend(named.into_iter().map(|(candidate, logit)| {
            let score = 0.5 + 0.47 / (1.0 + (-logit).exp());
            Finding::new(Kind::Person, (candidate.start, candidate.end), score, vec![Why::Model])
        }));
    });
}

/// Adds the doubtful ones of whom somebody named stands on the other side of an `and`: 程玉与彭然.
fn beside(text: &Text<'_>, named: &mut Vec<(Candidate, f32)>, doubtful: &[(Candidate, f32)]) {
    if named.is_empty() || doubtful.is_empty() {
        return;
    }
    let joined = |end: usize, start: usize| end + 1 == start && JOINS.contains(text.char_at(end));
    let before = named.len();
    for (one, logit) in doubtful {
        let sure = named
            .iter()
            .take(before)
            .any(|(other, _)| joined(one.end, other.start) || joined(other.end, one.start));
        let crossed = named
            .iter()
            .take(before)
            .any(|(other, _)| one.start < other.end && other.start < one.end);
        if sure && !crossed {
            named.push((*one, logit.max(0.0)));
        }
    }
}
