//! English addresses by grammar: a number, capitalised words, a street's suffix, then unit, town, state and postcode.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{LETTER, Text};

const STREETS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "square",
    "place",
    "pl",
    "terrace",
    "way",
    "parkway",
    "pkwy",
    "circle",
    "cir",
    "trail",
    "trl",
    "highway",
    "hwy",
    "alley",
    "plaza",
    "crescent",
    "close",
    "gardens",
    "grove",
    "hill",
    "row",
    "walk",
    "mews",
    "park",
    "point",
    "ridge",
    "run",
    "vista",
    "view",
    "village",
    "loop",
    "manor",
    "meadow",
    "meadows",
    "mill",
    "mills",
    "mount",
    "neck",
    "orchard",
    "oval",
    "pass",
    "path",
    "pike",
    "pine",
    "pines",
    "plain",
    "port",
    "prairie",
    "ramp",
    "ranch",
    "rapids",
    "rest",
    "river",
    "shoal",
    "shore",
    "spring",
    "springs",
    "spur",
    "station",
    "summit",
    "track",
    "tunnel",
    "turnpike",
    "union",
    "valley",
    "viaduct",
    "ville",
    "well",
    "wells",
    "isle",
    "island",
    "islands",
    "junction",
    "key",
    "knoll",
    "lake",
    "land",
    "landing",
    "light",
    "loaf",
    "lock",
    "locks",
    "lodge",
    "estate",
    "estates",
    "expressway",
    "extension",
    "fall",
    "falls",
    "ferry",
    "field",
    "fields",
    "flat",
    "ford",
    "forest",
    "forge",
    "fork",
    "fort",
    "freeway",
    "garden",
    "gateway",
    "glen",
    "green",
    "harbor",
    "haven",
    "heights",
    "hills",
    "hollow",
    "inlet",
    "bayou",
    "beach",
    "bend",
    "bluff",
    "branch",
    "bridge",
    "brook",
    "burg",
    "bypass",
    "camp",
    "canyon",
    "cape",
    "causeway",
    "center",
    "cliff",
    "club",
    "common",
    "corner",
    "course",
    "cove",
    "creek",
    "crossing",
    "curve",
    "dale",
    "dam",
    "divide",
    "parade",
    "wharf",
    "strasse",
    "straße",
    "str",
    "weg",
    "platz",
    "allee",
    "rue",
];

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == LETTER
}

/// A word that begins with a capital: its end.
fn capital(text: &Text<'_>, at: usize) -> Option<usize> {
    let upper = text.at(at).is_ascii_uppercase()
        || text.at(at) == LETTER && text.char_at(at).is_uppercase();
    if !upper {
        return None;
    }
    let mut end = at;
    while letter(text.at(end)) || matches!(text.at(end), b'\'' | b'-') && letter(text.at(end + 1)) {
        end += 1;
    }
    Some(end)
}

fn lower(text: &Text<'_>, start: usize, end: usize) -> String {
    text.slice(start, end).to_lowercase()
}

/// Words up to a street's suffix, from a capital: the end.
fn street(text: &Text<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut best = None;
    let mut opened = false;
    for count in 0..6 {
        let end = if text.at(at).is_ascii_digit() && count == 0 {
            // 5th Avenue
            let mut end = at;
            while text.at(end).is_ascii_alphanumeric() {
                end += 1;
            }
            end
        } else {
            let end = word_end(text, at);
            let french = matches!(
                lower(text, at, end).as_str(),
                "rue" | "avenue" | "boulevard" | "place" | "chemin" | "de" | "du" | "des" | "la"
            );
            match capital(text, at) {
                Some(end) => end,
                None if french => end,
                None => break,
            }
        };
        if count == 0 {
            opened = OPENING.contains(&lower(text, at, end).as_str());
        }
        let word = lower(text, at, end);
        let joined = [
            "strasse", "straße", "gasse", "weg", "platz", "allee", "vej", "gata", "gatan",
            "straat", "laan",
        ]
        .iter()
        .any(|suffix| word.ends_with(suffix) && word.len() > suffix.len() + 2);
        let named = opened && count > 0 && capital(text, at).is_some();
        if joined || named || count > 0 && STREETS.contains(&word.as_str()) {
            best = Some(end);
        }
        at = end + usize::from(text.at(end) == b'.');
        if text.at(at) != b' ' {
            break;
        }
        at += 1;
    }
    best
}

/// Unit, town, state, postcode after a street: as far as they go.
fn rest(text: &Text<'_>, mut end: usize) -> (usize, usize) {
    let mut parts = 0;
    loop {
        let mut at = end + usize::from(text.at(end) == b'.');
        let from = at;
        while matches!(text.at(at), b' ' | b',' | b'\n' | b'\r') && at < from + 4 {
            at += 1;
        }
        if at == from {
            return (end, parts);
        }
        let Some(next) = part(text, at) else { return (end, parts) };
        end = next;
        parts += 1;
        if parts > 7 {
            return (end, parts);
        }
    }
}

fn part(text: &Text<'_>, at: usize) -> Option<usize> {
    if text.at(at).is_ascii_digit() {
        let mut end = at;
        while text.at(end).is_ascii_digit() {
            end += 1;
        }
        let size = end - at;
        let plus =
            text.at(end) == b'-' && (end + 1..end + 5).all(|at| text.at(at).is_ascii_digit());
        let end = if plus { end + 5 } else { end };
        return ((4..=6).contains(&size) && !text.at(end).is_ascii_alphanumeric()).then_some(end);
    }
    let end = capital(text, at)?;
    let word = lower(text, at, end);
    if matches!(
        word.as_str(),
        "apt" | "suite" | "ste" | "unit" | "apartment" | "flat" | "room" | "floor" | "box"
    ) {
        let mut next = end;
        while matches!(text.at(next), b'.' | b' ' | b'#') && next < end + 3 {
            next += 1;
        }
        let from = next;
        while text.at(next).is_ascii_alphanumeric() {
            next += 1;
        }
        return (next > from && next - from <= 6).then_some(next);
    }
    // UK postcodes: AB1 2CD.
    if end - at <= 2 && text.at(end).is_ascii_digit() {
        let mut next = end;
        while text.at(next).is_ascii_alphanumeric() {
            next += 1;
        }
        let inward = text.bytes(next, next + 4);
        return matches!(inward, [b' ', b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z']).then_some(next + 4);
    }
    let dull = matches!(
        word.as_str(),
        "the"
            | "please"
            | "i"
            | "my"
            | "we"
            | "it"
            | "is"
            | "when"
            | "and"
            | "in"
            | "phone"
            | "email"
            | "tel"
            | "date"
            | "name"
    );
    (!dull && end > at + 1).then_some(end)
}

/// Reports addresses.
pub(crate) fn addresses(text: &Text<'_>, found: &mut Vec<Finding>) {
    let mut at = 0;
    while at < text.len() {
        let byte = text.at(at);
        if !byte.is_ascii_digit()
            || text.before(at).is_ascii_alphanumeric()
            || matches!(text.before(at), b'.' | b'-' | b'/' | b'$' | b'#' | b'_')
        {
            at += 1;
            continue;
        }
        let mut end = at;
        while text.at(end).is_ascii_digit() {
            end += 1;
        }
        if end - at <= 5
            && text.at(end).is_ascii_uppercase()
            && !text.at(end + 1).is_ascii_alphanumeric()
        {
            end += 1;
        }
        let gap = usize::from(text.at(end) == b',') + 1;
        if end - at <= 6
            && text.at(end + gap - 1) == b' '
            && let Some(stop) = street(text, end + gap)
        {
            let (last, parts) = rest(text, stop);
            let score = if parts >= 2 { 0.9 } else { 0.7 };
            found.push(Finding::new(
                Kind::Address,
                (at, last),
                score,
                vec![Why::Pattern("street-address")],
            ));
            at = last;
        } else if let Some((start, last)) = foreign(text, at, end) {
            found.push(Finding::new(
                Kind::Address,
                (start, last),
                0.88,
                vec![Why::Pattern("door-town-postcode")],
            ));
            at = last;
        } else {
            at = end.max(at + 1);
        }
    }
    boxes(text, found);
    streets(text, found);
}

/// Words that open a street's name, and words that close one even without a number.
const OPENING: &[&str] =
    &["rue", "via", "calle", "rua", "ul", "avenue", "boulevard", "piazza", "viale", "ulica"];
const CLOSING: &[&str] = &[
    "street",
    "road",
    "avenue",
    "lane",
    "boulevard",
    "terrace",
    "crescent",
    "st",
    "rd",
    "ave",
    "blvd",
];
const JOINED: &[&str] = &[
    "strasse", "straße", "gasse", "vej", "gatan", "gata", "straat", "laan", "katu", "vegur",
    "tänav", "polku", "veien",
];

/// Streets without a number: `Rue du Port`, `Mill Lane`, `Lindenstrasse`.
fn streets(text: &Text<'_>, found: &mut Vec<Finding>) {
    let mut at = 0;
    while at < text.len() {
        if !letter(text.at(at)) || letter(text.before(at)) {
            at += 1;
            continue;
        }
        let end = word_end(text, at);
        let next = if text.at(at).is_ascii_uppercase()
            || matches!(text.slice(at, end), "rue" | "ul" | "calle" | "rua")
        {
            named_street(text, at, end)
        } else {
            None
        };
        if let Some(stop) = next {
            found.push(Finding::new(Kind::Address, (at, stop), 0.66, vec![Why::Pattern("street")]));
        }
        at = next.unwrap_or(end).max(at + 1);
    }
}

fn word_end(text: &Text<'_>, mut at: usize) -> usize {
    while letter(text.at(at)) || matches!(text.at(at), b'\'' | b'-') && letter(text.at(at + 1)) {
        at += 1;
    }
    at
}

fn named_street(text: &Text<'_>, start: usize, first: usize) -> Option<usize> {
    let word = lower(text, start, first);
    if OPENING.contains(&word.as_str()) {
        let mut at = first + usize::from(text.at(first) == b'.');
        let mut stop = None;
        for _ in 0..5 {
            if text.at(at) != b' ' {
                break;
            }
            let end = word_end(text, at + 1);
            let link = matches!(
                lower(text, at + 1, end).as_str(),
                "de" | "du" | "des" | "la" | "le" | "della" | "do" | "da"
            );
            if !link && capital(text, at + 1).is_none() {
                break;
            }
            stop = if link { stop } else { Some(end) };
            at = end;
        }
        return stop;
    }
    if word.chars().count() > 7 && JOINED.iter().any(|suffix| word.ends_with(suffix)) {
        return Some(first);
    }
    let dull = matches!(
        word.as_str(),
        "the" | "this" | "a" | "your" | "my" | "our" | "on" | "in" | "wall"
    );
    let mut at = first;
    for _ in 0..2 {
        if dull || text.at(at) != b' ' {
            return None;
        }
        let end = capital(text, at + 1)?;
        if CLOSING.contains(&lower(text, at + 1, end).as_str()) {
            return Some(end);
        }
        at = end;
    }
    None
}

/// `Tylova 1036, Jevícko PA 569 43` and `113 Ane Habib Bourguiba, Cite El Ayachi 32 8115`: a number beside capitalised
/// words, a comma, a town, and a postcode without which it is none.
#[expect(clippy::too_many_lines, reason = "one list of rules, read from top to bottom")]
fn foreign(text: &Text<'_>, number: usize, end: usize) -> Option<(usize, usize)> {
    let mut comma = end;
    let mut start = number;
    if text.at(comma) == b' ' {
        for _ in 0..5 {
            let Some(next) = capital(text, comma + 1) else { break };
            comma = next;
            if text.at(comma) != b' ' {
                break;
            }
        }
    } else {
        for count in 0..4 {
            if text.before(start) != b' ' {
                break;
            }
            let mut from = start - 1;
            while letter(text.before(from)) || matches!(text.before(from), b'\'' | b'-') {
                from -= 1;
            }
            let word = lower(text, from, start - 1);
            let link = matches!(
                word.as_str(),
                "de" | "da" | "do" | "la" | "van" | "den" | "der" | "di" | "du" | "des" | "og"
            );
            let dull = matches!(
                word.as_str(),
                "inc"
                    | "ltd"
                    | "nv"
                    | "plc"
                    | "corp"
                    | "at"
                    | "is"
                    | "in"
                    | "company"
                    | "incorporated"
                    | "corporation"
                    | "group"
                    | "co"
                    | "llc"
                    | "limited"
                    | "sa"
                    | "ag"
                    | "section"
                    | "table"
                    | "figure"
                    | "chapter"
                    | "version"
                    | "page"
                    | "part"
            );
            if dull || !link && capital(text, from) != Some(start - 1) || link && count == 0 {
                break;
            }
            start = from;
        }
        if start == number {
            return None;
        }
    }
    if text.at(comma) != b',' || text.at(comma + 1) != b' ' || comma - start > 60 {
        return None;
    }
    let mut at = capital(text, comma + 2)?;
    let (mut digits, mut words) = (0, 1);
    let mut last = at;
    while text.at(at) == b' ' && words < 9 {
        let mut stop = at + 1;
        while text.at(stop).is_ascii_alphanumeric()
            || text.at(stop) == LETTER
            || text.at(stop) == b'-' && text.at(stop + 1).is_ascii_alphanumeric()
        {
            stop += 1;
        }
        let part = text.bytes(at + 1, stop);
        let figures = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        let small = figures == 0
            && !matches!(part.first(), Some(b'A'..=b'Z' | 0x81))
            && !matches!(part, b"da" | b"de" | b"do" | b"la" | b"am");
        if part.is_empty() || small || figures == 0 && digits >= 4 || digits + figures > 9 {
            break;
        }
        digits += figures;
        words += 1;
        at = stop;
        if figures > 0 {
            last = stop;
        }
    }
    (digits >= 3 && last > comma + 2).then_some((start, last))
}

/// `P.O. Box 123`.
fn boxes(text: &Text<'_>, found: &mut Vec<Finding>) {
    for hit in memchr::memmem::find_iter(text.view(), b"Box ") {
        let front = text.bytes(hit.saturating_sub(5), hit);
        let start = [&b"P.O. "[..], b"PO ", b"P.O."]
            .iter()
            .find(|word| front.ends_with(word))
            .map(|word| hit - word.len());
        let mut end = hit + 4;
        while text.at(end).is_ascii_digit() {
            end += 1;
        }
        if let Some(start) = start
            && end > hit + 5
        {
            let (last, _) = rest(text, end);
            found.push(Finding::new(
                Kind::Address,
                (start, last),
                0.8,
                vec![Why::Pattern("po-box")],
            ));
        }
    }
}
