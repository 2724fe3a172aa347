//! English names, places and organisations: a linear tagger over words that may be part of one, left to right.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::Text;
use super::english_words::{ALONE, LEGAL};
use super::linear::{Feature, Model};
use super::tokens::{
    COUNTRY, INITIAL, LINK, LONE, LOWER, MIXED, SUFFIX, TITLE, Token, UPPER, tokens,
};
use super::{compound, terms};

/// Labels of the tagger.
pub(crate) const LABELS: usize = 5;
pub(crate) const OTHER: usize = 0;
pub(crate) const PERSON: usize = 1;
pub(crate) const PLACE: usize = 2;
pub(crate) const ORGANIZATION: usize = 3;
/// A word of an organisation after its first.
pub(crate) const INSIDE: usize = 4;

/// Features are hashed into so many slots.
pub(crate) const BITS: u32 = 18;
/// Weights are stored in sixteenths of a natural logarithm.
#[cfg(feature = "train")]
pub(crate) const SCALE: f32 = 16.0;

pub(crate) static MODEL: Model = Model::new(include_bytes!("../weights/en.bin"), LABELS);
/// By so much a label must beat none, in sixteenths: for words that stand on a list, for those that do not, and for words of a
/// line without capitals.
const LISTED: i32 = 0;
const UNLISTED: i32 = 8;
const SMALL: i32 = 6;
/// A lead over none that needs no list, and one that common words need.
const PLAIN: i32 = 38;
const DULL: i32 = 40;
/// One that a place needs that no list knows and that stands in capitals.
const CAPITALS: i32 = 70;

/// The score of what is only a guess.
const GUESS: f32 = 0.45;

/// Whether a word may be part of a name at all.
pub(crate) fn eligible(all: &[Token], at: usize) -> bool {
    let Some(token) = all.get(at) else { return false };
    if token.shape != LOWER {
        return true;
    }
    if token.line.small {
        // In a line without capitals: words of no dictionary, and rare ones that are names too.
        let named = token.first >= 0 || token.last >= 0 || token.place > 0;
        let titled = at.checked_sub(1).and_then(|at| all.get(at)).is_some_and(|before| {
            before.role == TITLE || matches!(before.lower.as_str(), "hi" | "hey" | "hello" | "dear")
        });
        return token.lower.len() > 1
            && (named && token.common <= 2 || titled && token.common == 0);
    }
    let capital = |at: usize| all.get(at).is_some_and(|token| token.shape != LOWER);
    let link = |at: usize| all.get(at).is_some_and(|token| token.role == LINK);
    // `van der Meer`: one or two small words between capitals.
    token.role == LINK
        && at > 0
        && (capital(at - 1) || at > 1 && link(at - 1) && capital(at - 2))
        && (capital(at + 1) || capital(at + 2) && link(at + 1))
}

fn near(a: &Token, b: &Token) -> bool {
    b.start.saturating_sub(a.end) <= 3
}

/// What the lists know, in 81 steps.
fn coarse(token: &Token) -> i32 {
    let step = |rank: i32| {
        if rank < 0 {
            0
        } else if rank < 2 {
            1
        } else {
            2
        }
    };
    let common = match token.common {
        0 => 0,
        1 | 2 => 1,
        _ => 2,
    };
    step(token.first) + 3 * step(token.last) + 9 * i32::from(token.place.min(2)) + 27 * common
}

fn flags(token: Option<&Token>) -> i32 {
    token.map_or(-1, |token| {
        i32::from(token.shape)
            + 8 * i32::from(token.role)
            + 64 * i32::from(token.place)
            + 512 * (token.first + 1)
            + 8192 * (token.last + 1)
    })
}

/// Words from this one to the next that firms end in, 0 for none within four.
fn suffix_ahead(all: &[Token], at: usize) -> usize {
    let found = (1..=4)
        .find(|step| all.get(at + step).is_some_and(|t| t.role == SUFFIX && t.shape != LOWER))
        .unwrap_or(0);
    let linked = (1..found)
        .all(|step| all.get(at + step).is_some_and(|t| t.shape != LOWER || t.role == LINK));
    if linked { found } else { 0 }
}

/// The slots of a word's features.
#[expect(clippy::too_many_lines, reason = "one list of features, read from top to bottom")]
pub(crate) fn features(all: &[Token], at: usize, previous: usize, out: &mut Vec<u32>) {
    out.clear();
    let Some(token) = all.get(at) else { return };
    let back = |steps: usize| at.checked_sub(steps).and_then(|at| all.get(at));
    let (before, after) = (back(1), all.get(at + 1));
    let touching = i32::from(
        before.is_some_and(|before| token.start - before.end <= 2 && token.before == b'a'),
    );
    let joined = i32::from(after.is_some_and(|after| {
        after.start - token.end <= 2 && after.before == b'a'
            || token.after == b'.' && after.start - token.end == 2
    }));
    let start = i32::from(
        token.line_start
            || matches!(token.before, b'.' | b'!' | b'?' | b'\n' | b':' | b'"' | b'-' | b'*'),
    );
    let previous = i32::try_from(previous).unwrap_or(0);
    let (own, rough) = (flags(Some(token)), coarse(token));
    let prev = before.filter(|before| near(before, token)).map_or(1, |before| before.hash);
    let next = after.filter(|after| near(token, after)).map_or(2, |after| after.hash);
    let prev2 = back(2).map_or(1, |token| token.hash);
    let next2 = all.get(at + 2).map_or(2, |token| token.hash);
    let ahead = i32::try_from(suffix_ahead(all, at)).unwrap_or(0);
    let letters: Vec<char> = token.lower.chars().collect();
    let tail = |count: usize| letters.iter().rev().take(count);
    let spelled = |id: u8, part: &mut dyn Iterator<Item = &char>| {
        part.fold(Feature::new(id), |feature, letter| {
            feature.small(i32::try_from(u32::from(*letter)).unwrap_or(0))
        })
        .slot::<BITS>()
    };
    let id = Feature::new;
    let case = i32::from(token.line.small) + 2 * i32::from(token.line.shouted);
    let (shape, common) = (i32::from(token.shape), token.common);
    let capital = |token: Option<&Token>| i32::from(token.is_some_and(|t| t.shape != LOWER));
    let keyed = i32::from(token.key.1.min(3));
    let marks = i32::from(token.before) * 256 + i32::from(token.after);
    out.extend([
        id(1).hash(token.hash).slot::<BITS>(),
        id(2).hash(prev).slot::<BITS>(),
        id(3).hash(next).slot::<BITS>(),
        id(18).hash(prev2).slot::<BITS>(),
        id(19).hash(next2).slot::<BITS>(),
        spelled(4, &mut tail(3)),
        spelled(5, &mut tail(4)),
        spelled(6, &mut letters.iter().take(3)),
        id(7).small(own).slot::<BITS>(),
        id(8).small(rough).small(common).small(start).slot::<BITS>(),
        id(9).small(previous).small(touching).slot::<BITS>(),
        id(10).small(previous).small(rough).small(touching).slot::<BITS>(),
        id(11).small(flags(before)).small(touching).slot::<BITS>(),
        id(12).small(flags(after)).small(joined).slot::<BITS>(),
        id(13).small(ahead).small(rough).slot::<BITS>(),
        id(14).small(marks).small(rough).slot::<BITS>(),
        id(15).hash(prev).small(rough).slot::<BITS>(),
        id(16).hash(next).small(rough).slot::<BITS>(),
        id(17)
            .small(shape)
            .small(common)
            .small(start)
            .small(token.first)
            .small(token.last)
            .slot::<BITS>(),
        id(20).hash(prev).small(previous).slot::<BITS>(),
        id(21)
            .small(capital(before))
            .small(capital(after))
            .small(rough)
            .small(start)
            .slot::<BITS>(),
        id(22)
            .small(i32::from(token.place))
            .small(token.first.max(token.last))
            .small(common)
            .slot::<BITS>(),
        id(23).hash(prev2).hash(prev).slot::<BITS>(),
        id(24).hash(next).hash(next2).slot::<BITS>(),
        id(25).hash(token.key.0).small(keyed).slot::<BITS>(),
        id(26).hash(token.key.0).small(rough).slot::<BITS>(),
        id(27).small(i32::from(token.line.capitals)).small(rough).small(start).slot::<BITS>(),
        id(28).small(case).small(rough).small(shape).slot::<BITS>(),
        id(29).small(previous).small(own).slot::<BITS>(),
        id(31)
            .small(before.map_or(-1, coarse))
            .small(rough)
            .small(after.map_or(-1, coarse))
            .small(touching + 2 * joined)
            .slot::<BITS>(),
        id(32).hash(prev).hash(next).slot::<BITS>(),
        id(33).small(marks).small(case).slot::<BITS>(),
    ]);
    // Plain words around, wherever they stand.
    let around = (at.saturating_sub(6)..at).chain(at + 1..at + 6);
    for word in around.filter_map(|at| all.get(at)).filter(|word| word.shape == LOWER) {
        out.push(id(30).hash(word.hash).slot::<BITS>());
    }
}

/// Whether a list knows the word as (part of) a name, and no list as a common word.
fn known(token: &Token) -> bool {
    token.role == LINK
        || !token.lower.is_ascii()
        || token.role == SUFFIX && token.shape != LOWER
        || token.place > 0
        || token.common == 0 && (token.first >= 0 || token.last >= 0)
}

/// Tags all words, and says by how much a label beats none.
fn tag(all: &[Token]) -> Vec<(usize, i32)> {
    let mut labels = vec![(OTHER, 0); all.len()];
    let mut slots = Vec::with_capacity(48);
    let mut previous = OTHER;
    for at in 0..all.len() {
        let (mut label, mut lead) = (OTHER, 0);
        if eligible(all, at) {
            features(all, at, previous, &mut slots);
            let mut scores = MODEL.score::<LABELS>(&slots);
            if !matches!(previous, ORGANIZATION | INSIDE)
                && let [.., first, inside] = &mut scores
            {
                // Nothing to be inside of.
                *first = (*first).max(*inside);
                *inside = i32::MIN / 2;
            }
            let none = scores.first().copied().unwrap_or(0);
            let token = all.get(at);
            let least = if token.is_some_and(|token| token.shape == LOWER && token.line.small) {
                SMALL
            } else if previous != OTHER || token.is_some_and(known) {
                LISTED
            } else {
                UNLISTED
            };
            // A small word begins nothing.
            let link = token.is_some_and(|token| token.role == LINK && token.shape == LOWER);
            if !(link && previous == OTHER)
                && let Some((best, score)) =
                    scores.iter().enumerate().skip(1).max_by_key(|(_, score)| **score)
                && *score > none + least
            {
                (label, lead) = (best, *score - none);
            }
        }
        if let Some(slot) = labels.get_mut(at) {
            *slot = (label, lead);
        }
        previous = label;
    }
    labels
}

/// Reports persons, places and organisations.
pub(crate) fn find(text: &Text<'_>, found: &mut Vec<Finding>) {
    let all = tokens(text);
    let labels = tag(&all);
    firms(text, &all, found);
    let first = found.len();
    let mut at = 0;
    while let (Some(token), Some((label, lead))) = (all.get(at), labels.get(at)) {
        let mut lead = *lead;
        let mut next = at + 1;
        if *label == OTHER {
            let words = country(&all, &labels, at);
            if let Some(last) = all.get(at + words.max(1) - 1)
                && words > 0
            {
                let span = (token.start, last.end);
                found.push(Finding::new(Kind::Place, span, 0.55, vec![Why::Dictionary]));
            }
            at += words.max(1);
            continue;
        }
        let firm = matches!(*label, ORGANIZATION | INSIDE);
        let mut end = token.end;
        while let (Some(token), Some((same, more))) = (all.get(next), labels.get(next)) {
            let gap = text.bytes(end, token.start);
            let adjoined =
                matches!(gap, b" " | b". " | b"." | b"-" | b"  ") || firm && gap == b", ";
            let goes_on = if firm { *same == INSIDE } else { same == label };
            // A full stop ends the sentence, and the name.
            let stopped = *label == PERSON
                && gap == b". "
                && all.get(next - 1).is_some_and(|last| {
                    let named = last.first >= 0 || last.last >= 0;
                    !shortened(last) && (next - at > 1 || named && last.lower.len() > 2)
                });
            // A town and its country are two places, and so are two fields of a line.
            let apart = *label == PLACE
                && (gap == b"  "
                    || matches!(all.get(next - 1..=next), Some([town, land])
                        if town.place != land.place && land.place == COUNTRY));
            // Two firms, each of two or three names.
            let twice = token.lower == "and"
                && all.get(at..next).is_some_and(|past| past.iter().any(|t| t.lower == "and"));
            if !goes_on || !adjoined || twice || apart || stopped {
                break;
            }
            end = token.end;
            lead = lead.max(*more);
            next += 1;
        }
        let words = all.get(at..next).unwrap_or_default();
        let label = if firm { ORGANIZATION } else { *label };
        if let Some(last) = words.last().filter(|_| firm) {
            end = abbreviated(text, last);
        }
        let mut start = token.start;
        let (mut words, mut lead) = (words, lead);
        if label == PERSON || firm && words.len() == 1 {
            let (from, to) = terms::trim(&all, at, next);
            if (from, to) != (at, next) {
                // Of a name beside a term only its own words count.
                words = all.get(from..to).unwrap_or_default();
                let leads = labels.get(from..to).unwrap_or_default();
                lead = leads.iter().map(|(_, lead)| *lead).max().unwrap_or(0);
                if let ([first, ..], [.., last]) = (words, words) {
                    (start, end) = (first.start, last.end);
                }
            }
        }
        if let Some(mut finding) = Some(words)
            .filter(|words| !words.is_empty())
            .and_then(|words| report((label, lead), words, (start, end)))
        {
            if finding.kind == Kind::Person && finding.end == end && finding.score > GUESS {
                next = widen(text, &all, next, &mut finding);
            }
            found.push(finding);
        }
        at = next;
    }
    compound::find(text, &all, found);
    compound::again(text, &all, first, found);
}

/// Gives a person what belongs to the name on both sides, and says which word comes next.
fn widen(text: &Text<'_>, all: &[Token], next: usize, finding: &mut Finding) -> usize {
    let from = all.partition_point(|token| token.start < finding.start);
    let to = all.partition_point(|token| token.end <= finding.end);
    let (wide, wider) = compound::widened(text, all, (from, to));
    if (wide, wider) == (from, to) {
        return next;
    }
    if let (Some(first), Some(last)) = (all.get(wide), all.get(wider - 1)) {
        (finding.start, finding.end) = (first.start, last.end);
        finding.score = finding.score.max(0.85);
    }
    next.max(wider)
}

/// Whether a point behind a word of a name is the word's: an initial, a title, `St.`
fn shortened(word: &Token) -> bool {
    word.shape == INITIAL
        || word.role == TITLE
        || matches!(
            word.lower.as_str(),
            "st" | "jr"
                | "sr"
                | "wm"
                | "chas"
                | "geo"
                | "thos"
                | "jas"
                | "robt"
                | "hon"
                | "gen"
                | "col"
                | "capt"
                | "lt"
                | "sgt"
                | "maj"
                | "ph"
        )
}

/// A country's name that is no one's first name needs no model: its words' count.
fn country(all: &[Token], labels: &[(usize, i32)], at: usize) -> usize {
    let is = |at: usize, mark: u8| {
        all.get(at).is_some_and(|token| token.place == mark && token.shape != LOWER)
            && labels.get(at).is_some_and(|(label, _)| *label == OTHER)
    };
    if is(at, COUNTRY) {
        return usize::from(all.get(at).is_some_and(|token| token.first < 0 && token.common < 4));
    }
    let words = (at..at + 4).take_while(|at| is(*at, COUNTRY + 2)).count();
    if words > 1 { words } else { 0 }
}

/// The end of a firm's last word, with the point of an abbreviation unless it ends the line.
fn abbreviated(text: &Text<'_>, last: &Token) -> usize {
    let short = matches!(last.lower.as_str(), "inc" | "ltd" | "corp" | "co" | "bros" | "k" | "plc");
    let goes_on = last.after == b'.' && !matches!(text.at(last.end + 1), b'\n' | b'\r');
    last.end + usize::from(short && goes_on)
}

/// Capitalised words before a legal form: `Nordic Pump Works Ltd`.
fn firms(text: &Text<'_>, all: &[Token], found: &mut Vec<Finding>) {
    for (at, form) in all.iter().enumerate() {
        let small = matches!(form.lower.as_str(), "plc" | "ltd" | "inc" | "llc" | "gmbh");
        if form.shape == LOWER && !small || !LEGAL.contains(&form.lower.as_str()) {
            continue;
        }
        let mut first = at;
        while first > 0 && at - first < 7 {
            let (Some(word), Some(next)) = (all.get(first - 1), all.get(first)) else { break };
            let gap = text.bytes(word.end, next.start);
            // `Info Edge (India) Ltd`
            let near =
                matches!(gap, b" " | b"." | b". " | b"-" | b", " | b" & " | b"/" | b" (" | b") ");
            let comma = gap == b", " && first != at;
            let named = word.shape != LOWER || word.role == LINK && first != at;
            // Another firm before an `and`; what somebody has or does before an `of`.
            let other = first.checked_sub(2).and_then(|at| all.get(at)).is_some_and(|before| {
                word.role == LINK
                    && (LEGAL.contains(&before.lower.as_str())
                        || word.lower == "of" && before.role != SUFFIX)
            });
            if !near || comma || !named || other {
                break;
            }
            first -= 1;
        }
        while first < at && all.get(first).is_some_and(|word| word.role == LINK || word.common > 5)
        {
            first += 1;
        }
        let words = all.get(first..at).unwrap_or_default();
        let own = words.iter().any(|word| {
            !LEGAL.contains(&word.lower.as_str()) && (word.common < 3 || form.lower != "limited")
        });
        if let Some(start) = words.first()
            && own
        {
            let why = vec![Why::Pattern("legal-form")];
            let end = abbreviated(text, form);
            found.push(Finding::new(Kind::Organization, (start.start, end), 0.86, why));
        }
    }
}

/// A short word in capitals among others that no list of names knows: `XZ Utils`, `Hotspot VM`.
fn abbreviation(word: &Token) -> bool {
    let numeral = word.lower.chars().all(|letter| matches!(letter, 'i' | 'v' | 'x'));
    word.shape == UPPER
        && !word.line.shouted
        && word.end - word.start < 5
        && word.first < 0
        && word.last < 0
        && !numeral
        && word.role == 0
}

/// All that a line says in capitals, `README`, or a part of a key, `C-x`: no name unless a list knows it.
fn lone(word: &Token) -> bool {
    let alone = word.shape == UPPER && word.line.shouted && word.line.capitals == LONE;
    let key = word.lower.split('-').any(|part| part.chars().count() == 1);
    (alone || key) && unlisted(word) && word.place == 0
}

/// Whether no list of names knows the word.
fn unlisted(word: &Token) -> bool {
    word.first < 0 && word.last < 0 && word.lower.is_ascii()
}

fn report(
    (label, lead): (usize, i32),
    words: &[Token],
    mut span: (usize, usize),
) -> Option<Finding> {
    let mut words = words;
    // A title is not part of the name.
    while let [first, rest @ ..] = words
        && (first.role == TITLE || first.role == LINK)
        && !rest.is_empty()
        && label == PERSON
    {
        words = rest;
        span.0 = rest.first()?.start;
    }
    if let [rest @ .., last] = words
        && last.role == LINK
        && last.shape == LOWER
        && !rest.is_empty()
    {
        words = rest;
        span.1 = rest.last()?.end;
    }
    // Words that write themselves like names: days and months, programs, words of licences.
    if words.iter().any(|word| word.lower == "root" || word.lower == "license")
        || matches!(words, [word] if ALONE.binary_search(&word.lower.as_str()).is_ok())
    {
        return None;
    }
    if words.iter().all(|word| word.shape == INITIAL || word.role == TITLE || word.role == LINK) {
        return None;
    }
    if label == PERSON && words.iter().any(abbreviation) || matches!(words, [word] if lone(word)) {
        return None;
    }
    let firm = words.iter().any(|word| word.role == SUFFIX || word.lower == "&");
    let shouted = words.iter().any(|word| word.line.shouted);
    let code = |word: &Token| matches!(word.shape, MIXED | UPPER) && word.place == 0 && !shouted;
    let scottish = |word: &Token| word.lower.starts_with("mc") || word.lower.contains(['\'', '-']);
    let brief = |word: &Token| word.shape == UPPER && word.end - word.start < 5;
    // `TypeVars and ParamSpec`, `MPI and NCCL`: names of programs, however many.
    let written = |word: &Token| {
        word.role == LINK || code(word) && word.first < 0 && word.last < 0 && !scottish(word)
    };
    if label == ORGANIZATION && words.iter().all(written) {
        return None;
    }
    // A word in capitals among others is a constant, unless it is what a form asks for.
    let asked = |word: &Token| word.key.0 != 0 && word.key.1 < 3;
    let constant = matches!(words, [word] if code(word) && word.shape == UPPER && !asked(word));
    let odd = words.iter().all(|word| code(word) || word.shape == INITIAL)
        && words.iter().all(|word| {
            brief(word)
                || word.shape == INITIAL
                || word.shape == MIXED && !scottish(word)
                || word.first < 0 && word.last < 0
        });
    let dull = words.iter().all(|word| word.common > 0 && word.place == 0 && word.first < 0);
    let sure = lead >= if dull { DULL } else { PLAIN };
    // A town in capitals, where the words around leave no doubt.
    let town = label == PLACE
        && lead >= CAPITALS
        && words.iter().all(|word| word.shape == UPPER && !brief(word));
    match label {
        ORGANIZATION if words.len() == 1 && (firm || dull || odd) => return None,
        ORGANIZATION if !firm && dull && !sure => return None,
        PERSON if constant || shouted && !words.iter().any(asked) && words.iter().all(unlisted) => {
            return None;
        }
        PERSON | PLACE if odd && !town || dull && !sure => return None,
        _ => {}
    }
    // Without a word that firms end in, or a place of the list, it is only a guess, unless the words around are plain.
    let guess = !sure
        && match label {
            ORGANIZATION => {
                !firm || words.iter().any(|word| word.shape == MIXED) && words.len() < 3
            }
            PLACE => words.iter().all(|word| word.place == 0 && word.lower.is_ascii()),
            _ => matches!(words, [word] if word.first < 0 && word.last < 0),
        };
    let (kind, score) = match label {
        PERSON => (Kind::Person, if words.len() > 1 { 0.85 } else { 0.65 }),
        PLACE => (Kind::Place, 0.6),
        _ => (Kind::Organization, if words.len() > 1 { 0.7 } else { 0.55 }),
    };
    Some(Finding::new(kind, span, if guess { GUESS } else { score }, vec![Why::Model]))
}
