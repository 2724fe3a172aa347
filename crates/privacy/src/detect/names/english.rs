//! English names, places and organisations: a linear tagger over capitalised words, left to right.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{LETTER, Text};
use super::lexicon::English;
use super::linear::{Feature, Model};

/// Labels of the tagger.
pub(crate) const LABELS: usize = 4;
pub(crate) const OTHER: usize = 0;
pub(crate) const PERSON: usize = 1;
pub(crate) const PLACE: usize = 2;
pub(crate) const ORGANIZATION: usize = 3;

pub(crate) static MODEL: Model = Model::new(include_bytes!("../weights/en.bin"), LABELS);
/// A label must beat none by so much for words that stand on a list, and for those that do not.
const MARGIN: i32 = 8;
const UNLISTED: i32 = 60;
/// A lead over none that needs no list.
const PLAIN: i32 = 110;

/// One word.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    lower: String,
    shape: u8,
    first: i32,
    last: i32,
    common: i32,
    place: u8,
    role: u8,
    /// The character before it that is no space, and the one right after.
    before: u8,
    after: u8,
    line_start: bool,
}

/// Mark of a country of one word; of several it is two more.
const COUNTRY: u8 = 2;
/// Shapes of a word.
const LOWER: u8 = 0;
const CAPITAL: u8 = 1;
const UPPER: u8 = 2;
const MIXED: u8 = 3;
const INITIAL: u8 = 4;

/// Alone these are no names, however they are written; sorted.
const ALONE: &[&str] = &[
    "android",
    "apache",
    "appendix",
    "apr",
    "april",
    "arabic",
    "asan",
    "aug",
    "august",
    "autoconf",
    "automake",
    "babel",
    "bazel",
    "bitbucket",
    "bsd",
    "bulgarian",
    "catalan",
    "chrome",
    "chromium",
    "cmake",
    "collaborators",
    "contributor",
    "contributors",
    "copyleft",
    "corepack",
    "css",
    "cygwin",
    "czech",
    "danish",
    "debian",
    "dec",
    "december",
    "dev",
    "docker",
    "dutch",
    "english",
    "feb",
    "february",
    "fedora",
    "finnish",
    "firefox",
    "french",
    "fri",
    "friday",
    "gentoo",
    "german",
    "github",
    "gitlab",
    "gnome",
    "greek",
    "gtk",
    "haswell",
    "hebrew",
    "hereinafter",
    "hindi",
    "html",
    "http",
    "https",
    "hungarian",
    "intel",
    "ios",
    "italian",
    "jan",
    "january",
    "japanese",
    "javascript",
    "jenkins",
    "json",
    "jul",
    "july",
    "jun",
    "june",
    "korean",
    "kubernetes",
    "lesser",
    "libtool",
    "licensee",
    "licensees",
    "licensor",
    "linux",
    "logjam",
    "macos",
    "makefile",
    "mar",
    "march",
    "markdown",
    "mercurial",
    "meson",
    "mon",
    "monday",
    "mozilla",
    "mysql",
    "nginx",
    "ninja",
    "node",
    "norwegian",
    "nov",
    "november",
    "npm",
    "nvidia",
    "oct",
    "october",
    "perforce",
    "perl",
    "persian",
    "polish",
    "portuguese",
    "posix",
    "postgres",
    "postgresql",
    "primordials",
    "pristine",
    "python",
    "qt",
    "redhat",
    "redis",
    "romanian",
    "ruby",
    "russian",
    "rust",
    "sass",
    "sat",
    "saturday",
    "sep",
    "sept",
    "september",
    "setuptools",
    "skylake",
    "solaris",
    "spanish",
    "sqlite",
    "ssl",
    "subversion",
    "sun",
    "sunday",
    "swedish",
    "tcl",
    "thu",
    "thunderbird",
    "thursday",
    "tls",
    "toml",
    "travis",
    "tue",
    "tuesday",
    "turkish",
    "typescript",
    "ubuntu",
    "unicode",
    "unix",
    "valgrind",
    "wall",
    "warranty",
    "wayland",
    "webpack",
    "wed",
    "wednesday",
    "windows",
    "workarounds",
    "xml",
    "yaml",
    "yarn",
];

const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "professor",
    "sir",
    "madam",
    "lady",
    "lord",
    "president",
    "judge",
    "captain",
    "rev",
];
const SUFFIXES: &[&str] = &[
    "inc",
    "ltd",
    "llc",
    "corp",
    "corporation",
    "company",
    "co",
    "group",
    "plc",
    "gmbh",
    "university",
    "college",
    "bank",
    "hospital",
    "institute",
    "foundation",
    "association",
    "holdings",
    "partners",
    "sons",
    "limited",
    "school",
    "agency",
    "ministry",
    "department",
    "committee",
    "trust",
    "airlines",
    "systems",
    "technologies",
    "industries",
    "insurance",
    "motors",
    "pharmaceuticals",
    "energy",
    "records",
    "club",
    "church",
    "museum",
    "society",
    "council",
    "union",
    "center",
    "centre",
    "international",
    "services",
    "solutions",
    "capital",
    "financial",
    "stores",
    "entertainment",
    "communications",
    "electric",
    "ag",
    "nv",
    "sa",
    "se",
    "incorporated",
    "fund",
    "etf",
    "bancorp",
    "acquisition",
];
/// Words that only a firm's name ends in.
const LEGAL: &[&str] = &[
    "inc",
    "ltd",
    "llc",
    "llp",
    "corp",
    "corporation",
    "plc",
    "gmbh",
    "limited",
    "incorporated",
    "ag",
    "nv",
    "sa",
    "se",
    "spa",
    "oyj",
    "asa",
    "ab",
    "bv",
    "kk",
    "pty",
    "co",
    "holdings",
    "bancshares",
    "bancorp",
    "etf",
    "fund",
    "university",
    "hospital",
    "technologies",
    "industries",
    "pharmaceuticals",
    "therapeutics",
];
const LINKS: &[&str] =
    &["of", "and", "&", "for", "the", "de", "van", "von", "der", "la", "del", "di", "da", "le"];

fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == LETTER
}

fn bucket(rank: Option<i32>) -> i32 {
    rank.map_or(-1, |rank| (rank / 2).min(5))
}

/// Splits a text into words of letters.
pub(crate) fn tokens(text: &Text<'_>) -> Vec<Token> {
    let lexicon = English::get();
    let mut all: Vec<Token> = Vec::new();
    let mut at = 0;
    let mut line_start = true;
    let mut mark = b'\n';
    let mut quiet = quiet_line(text, 0);
    while at < text.len() {
        let byte = text.at(at);
        if !(word_byte(byte) || byte == b'&') {
            if byte == b'\n' {
                line_start = true;
                quiet = quiet_line(text, at + 1);
            }
            if byte != b' ' {
                mark = byte;
            }
            at += 1;
            continue;
        }
        let start = at;
        while word_byte(text.at(at))
            || matches!(text.at(at), b'\'' | b'-')
                && word_byte(text.at(at + 1))
                && at > start
                && text.at(at + 1) != b's'
            || text.at(at) == b'\'' && text.at(at + 1).is_ascii_uppercase() && at > start
        {
            at += 1;
        }
        at = at.max(start + 1);
        let glued = text.at(at).is_ascii_digit()
            || matches!(text.at(at), b'_' | b'@' | b'/' | b'\\' | b'=')
            || text.at(at) == b'.'
                && word_byte(text.at(at + 1))
                && at - start > 1
                && !text.bytes(start, at).eq_ignore_ascii_case(b"co")
            || text.at(at) == b'('
            || text.at(at) == b':' && text.at(at + 1) == b':';
        let joined = text.before(start).is_ascii_digit()
            || matches!(
                text.before(start),
                b'_' | b'@' | b'/' | b'\\' | b'$' | b'#' | b'%' | b'`' | b'<'
            )
            || text.before(start) == b'.'
                && start > 1
                && word_byte(text.at(start - 2))
                && !text.bytes(start, at).eq_ignore_ascii_case(b"ltd");
        let token =
            describe(text, (start, at), lexicon, (mark, line_start), glued || joined || quiet);
        mark = b'a';
        line_start = false;
        all.push(token);
    }
    mark_places(&mut all, lexicon);
    all
}

/// Lines whose capitals mean something else: program text, copyright notices, and Chinese sentences.
fn quiet_line(text: &Text<'_>, start: usize) -> bool {
    let rest = text.bytes(start, (start + 400).min(text.len()));
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: fn(u8) -> bool| line.iter().filter(|byte| wanted(**byte)).count();
    let marks = count(|byte| {
        matches!(
            byte,
            b'{' | b'}'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'='
                | b'_'
                | b';'
                | b'<'
                | b'|'
                | b'\\'
                | b'#'
                | b'`'
                | b'~'
                | b'^'
        )
    });
    let han = count(|byte| byte == super::super::normal::HAN);
    let letters = count(|byte| byte.is_ascii_alphabetic());
    let lower = line.to_ascii_lowercase();
    let holds = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
    marks * 25 > line.len() && marks > 1
        || han * 2 > letters
        || holds(b"copyright")
        || holds(b"(c) ")
        || lower.starts_with(b"class ")
        || lower.starts_with(b"import ")
        || lower.trim_ascii_start().starts_with(b"except ")
}

fn describe(
    text: &Text<'_>,
    (start, end): (usize, usize),
    lexicon: &English,
    (before, line_start): (u8, bool),
    code: bool,
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
    let shape = match (capital, upper, small) {
        _ if code => LOWER,
        (true, 0, 0) => INITIAL,
        (true, 0, _) => CAPITAL,
        (true, _, 0) => UPPER,
        (true, ..) => MIXED,
        (false, ..) => LOWER,
    };
    let role = if TITLES.contains(&lower.as_str()) {
        1
    } else if SUFFIXES.contains(&lower.as_str()) {
        2
    } else if LINKS.contains(&lower.as_str()) {
        3
    } else {
        0
    };
    let capitalised = shape != LOWER;
    let part = lower.split(['-', '\'']).next().unwrap_or_default();
    let common = lexicon.word(&lower);
    Token {
        first: if capitalised {
            bucket(lexicon.first(&lower).or_else(|| lexicon.first(part)))
        } else {
            -1
        },
        last: if capitalised {
            bucket(lexicon.last(&lower).or_else(|| lexicon.last(part)))
        } else {
            -1
        },
        common: common / 3,
        place: 0,
        role,
        before,
        after: text.at(end),
        line_start,
        start,
        end,
        shape,
        lower,
    }
}

/// Marks words that spell a known place together.
fn mark_places(all: &mut [Token], lexicon: &English) {
    let mut at = 0;
    while at < all.len() {
        let mut step = 1;
        if all.get(at).is_some_and(|token| token.shape != LOWER) {
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

/// Whether a word may be part of a name at all.
pub(crate) fn eligible(all: &[Token], at: usize) -> bool {
    let Some(token) = all.get(at) else { return false };
    if token.shape != LOWER {
        return true;
    }
    let capital = |at: usize| all.get(at).is_some_and(|token| token.shape != LOWER);
    token.role == 3
        && at > 0
        && capital(at - 1)
        && (capital(at + 1)
            || capital(at + 2) && all.get(at + 1).is_some_and(|next| next.role == 3))
}

/// The slots of a word's features.
#[expect(clippy::too_many_lines, reason = "one list of rules, read from top to bottom")]
pub(crate) fn features(all: &[Token], at: usize, previous: usize, out: &mut Vec<u32>) {
    out.clear();
    let Some(token) = all.get(at) else { return };
    let before = at.checked_sub(1).and_then(|at| all.get(at));
    let after = all.get(at + 1);
    let touching =
        before.is_some_and(|before| token.start - before.end <= 2 && token.before == b'a');
    let joined = after.is_some_and(|after| {
        after.start - token.end <= 2 && after.before == b'a'
            || token.after == b'.' && after.start - token.end == 2
    });
    let text = |id: u8, word: &str| Feature::new(id).text(word).slot();
    let word = |other: Option<&Token>| other.map_or("^", |token| token.lower.as_str()).to_owned();
    let flags = |other: Option<&Token>| {
        other.map_or(-1, |token| {
            i32::from(token.shape)
                + 8 * i32::from(token.role)
                + 64 * i32::from(token.place)
                + 512 * (token.first.max(-1) + 1)
                + 8192 * (token.last + 1)
        })
    };
    let start = token.line_start
        || matches!(token.before, b'.' | b'!' | b'?' | b'\n' | b':' | b'"' | b'-' | b'*');
    let previous = i32::try_from(previous).unwrap_or(0);
    let own = flags(Some(token));
    let own_coarse = i32::from(token.first >= 0)
        + 2 * i32::from(token.last >= 0)
        + 4 * i32::from(token.place.min(2))
        + 16 * i32::from(token.common > 0);
    let prev_word = if touching || before.is_some_and(|b| token.start - b.end <= 3) {
        word(before)
    } else {
        "^".to_owned()
    };
    let next_word =
        if after.is_some_and(|a| a.start - token.end <= 3) { word(after) } else { "$".to_owned() };
    let suffix_ahead = i32::try_from(
        (1..=4)
            .find(|step| all.get(at + step).is_some_and(|t| t.role == 2 && t.shape != LOWER))
            .unwrap_or(0),
    )
    .unwrap_or(0);
    let ahead_linked = (1..usize::try_from(suffix_ahead).unwrap_or(0))
        .all(|step| all.get(at + step).is_some_and(|t| t.shape != LOWER || t.role == 3));
    let suffix = if ahead_linked { suffix_ahead } else { 0 };
    let tail: String = token.lower.chars().rev().take(3).collect();
    out.extend([
        text(1, &token.lower),
        text(2, &prev_word),
        text(3, &next_word),
        text(4, &tail),
        Feature::new(5).number(own).slot(),
        Feature::new(6).number(own_coarse).number(token.common).number(i32::from(start)).slot(),
        Feature::new(7).number(previous).number(i32::from(touching)).slot(),
        Feature::new(8).number(previous).number(own_coarse).number(i32::from(touching)).slot(),
        Feature::new(9).number(flags(before)).number(i32::from(touching)).slot(),
        Feature::new(10).number(flags(after)).number(i32::from(joined)).slot(),
        Feature::new(11).number(suffix).number(own_coarse).slot(),
        Feature::new(12)
            .number(i32::from(token.before))
            .number(i32::from(token.after))
            .number(own_coarse)
            .slot(),
        Feature::new(13).text(&prev_word).number(own_coarse).slot(),
        Feature::new(14).text(&next_word).number(own_coarse).slot(),
        Feature::new(15)
            .number(i32::from(token.shape))
            .number(token.common)
            .number(i32::from(start))
            .number(token.first)
            .number(token.last)
            .slot(),
        Feature::new(16).text(&word(at.checked_sub(2).and_then(|at| all.get(at)))).slot(),
        Feature::new(17).text(&prev_word).number(previous).slot(),
        Feature::new(18)
            .number(i32::from(before.is_some_and(|b| b.shape != LOWER)))
            .number(i32::from(after.is_some_and(|a| a.shape != LOWER)))
            .number(own_coarse)
            .number(i32::from(start))
            .slot(),
        Feature::new(19)
            .number(i32::from(token.place))
            .number(token.first.max(token.last))
            .number(token.common)
            .slot(),
    ]);
}

/// Whether a list knows the word as (part of) a name, and no list as a common word.
fn known(token: &Token) -> bool {
    token.role == 3
        || !token.lower.is_ascii()
        || token.role == 2 && token.shape != LOWER
        || token.place > 0
        || token.common == 0 && (token.first >= 0 || token.last >= 0)
}

/// Tags all words, and says by how much a label beats none.
fn tag(all: &[Token]) -> Vec<(usize, i32)> {
    let mut labels = vec![(OTHER, 0); all.len()];
    let mut slots = Vec::with_capacity(24);
    let mut previous = OTHER;
    for at in 0..all.len() {
        let (mut label, mut lead) = (OTHER, 0);
        if eligible(all, at) {
            features(all, at, previous, &mut slots);
            let scores = MODEL.score::<LABELS>(&slots);
            let none = scores.first().copied().unwrap_or(0);
            let listed = all.get(at).is_some_and(known);
            if let Some((best, score)) =
                scores.iter().enumerate().skip(1).max_by_key(|(_, score)| **score)
                && *score > none + if listed || previous == best { MARGIN } else { UNLISTED }
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
    if !text.view().iter().any(u8::is_ascii_uppercase) {
        return;
    }
    let all = tokens(text);
    let labels = tag(&all);
    firms(text, &all, found);
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
        let mut end = token.end;
        while let (Some(token), Some((same, more))) = (all.get(next), labels.get(next)) {
            let gap = text.bytes(end, token.start);
            let adjoined = matches!(gap, b" " | b". " | b"." | b"-" | b"  ")
                || *label == ORGANIZATION && gap == b", " && token.role == 2;
            if same != label || !adjoined {
                break;
            }
            end = token.end;
            lead = lead.max(*more);
            next += 1;
        }
        let words = all.get(at..next).unwrap_or_default();
        if let Some(finding) = report((*label, lead), words, (token.start, end)) {
            found.push(finding);
        }
        at = next;
    }
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
            let near = matches!(gap, b" " | b"." | b". " | b"-" | b", " | b" & " | b"/");
            let comma = gap == b", " && first != at;
            let named = word.shape != LOWER || word.role == 3 && first != at;
            if !near || comma || !named {
                break;
            }
            first -= 1;
        }
        while first < at && all.get(first).is_some_and(|word| word.role == 3 || word.common > 5) {
            first += 1;
        }
        let words = all.get(first..at).unwrap_or_default();
        let own = words.iter().any(|word| !LEGAL.contains(&word.lower.as_str()));
        if let Some(start) = words.first()
            && own
        {
            let why = vec![Why::Pattern("legal-form")];
            found.push(Finding::new(Kind::Organization, (start.start, form.end), 0.86, why));
        }
    }
}

fn report(
    (label, lead): (usize, i32),
    words: &[Token],
    mut span: (usize, usize),
) -> Option<Finding> {
    let mut words = words;
    // A title is not part of the name.
    while let [first, rest @ ..] = words
        && (first.role == 1 || first.role == 3)
        && !rest.is_empty()
        && label == PERSON
    {
        words = rest;
        span.0 = rest.first()?.start;
    }
    if let [rest @ .., last] = words
        && last.role == 3
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
    let initials = words.iter().all(|word| word.shape == INITIAL || word.role == 1);
    if initials {
        return None;
    }
    let firm = words.iter().any(|word| word.role == 2 || word.lower == "&");
    let code = |word: &Token| matches!(word.shape, MIXED | UPPER) && word.place == 0;
    let odd = words.iter().all(code);
    let dull = words.iter().all(|word| word.common > 0 && word.place == 0 && word.first < 0);
    match label {
        ORGANIZATION if words.len() == 1 && (firm || dull || odd) => return None,
        ORGANIZATION if !firm && dull => return None,
        PERSON | PLACE if odd || dull => return None,
        _ => {}
    }
    // Without a word that firms end in, or a place of the list, it is only a guess, unless the words around are plain.
    let guess = lead < PLAIN
        && match label {
            ORGANIZATION => {
                !firm || words.iter().any(|word| word.shape == MIXED) && words.len() < 3
            }
            PLACE => words.iter().all(|word| word.place == 0 && word.lower.is_ascii()),
            _ => matches!(words, [word] if word.first < 0 && word.last < 0),
        };
    let (kind, score) = match label {
        PERSON if guess => (Kind::Person, 0.45),
        PERSON => (Kind::Person, if words.len() > 1 { 0.85 } else { 0.65 }),
        _ if guess && label == PLACE => (Kind::Place, 0.45),
        _ if guess => (Kind::Organization, 0.45),
        PLACE => (Kind::Place, 0.6),
        _ => (Kind::Organization, if words.len() > 1 { 0.7 } else { 0.55 }),
    };
    Some(Finding::new(kind, span, score, vec![Why::Model]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_that_are_no_names_alone_can_be_looked_up() {
        assert!(super::ALONE.is_sorted());
    }
}
