//! English addresses by grammar: a number, capitalised words, a street's suffix, then unit, town, state and postcode.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{LETTER, Text};
use super::lexicon::English;
use super::street_words::{CLOSING, JOINED, LINKS, OPENING, STREETS};

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
            let word = lower(text, at, end);
            let french =
                matches!(word.as_str(), "rue" | "avenue" | "boulevard" | "place" | "chemin")
                    || LINKS.contains(&word.as_str());
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
        let named = opened && count > 0 && capital(text, at).is_some();
        if joined(&word) || named || count > 0 && STREETS.contains(&word.as_str()) {
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
    // Tseung Kwan O
    let whole = end > at + 1 || text.at(at) == b'O' && text.before(at) == b' ';
    (!dull && whole).then_some(end)
}

/// Reports addresses.
pub(crate) fn addresses(text: &Text<'_>, found: &mut Vec<Finding>) {
    let first = found.len();
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
        let house = doorway(text, at);
        if let Some((start, last)) = foreign(text, at, end).filter(|span| span.0 < at) {
            let why = vec![Why::Pattern("door-town-postcode")];
            found.push(Finding::new(Kind::Address, (start, last), 0.88, why));
            at = last;
        } else if let Some(last) = whole(text, house, end) {
            let why = vec![Why::Pattern("door-to-postcode")];
            found.push(Finding::new(Kind::Address, (house, last), 0.9, why));
            at = last;
        } else if end - at <= 6
            && text.at(end + gap - 1) == b' '
            && let Some(stop) = street(text, end + gap)
        {
            let (last, parts) = rest(text, stop);
            let opened =
                OPENING.contains(&lower(text, end + gap, word_end(text, end + gap)).as_str());
            let score = if parts >= 2 {
                0.9
            } else if opened {
                0.88
            } else {
                0.7
            };
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
        } else if let Some(stop) = door(text, at, end) {
            let why = vec![Why::Pattern("door-and-name")];
            found.push(Finding::new(Kind::Address, (at, rest(text, stop).0), 0.87, why));
            at = stop;
        } else {
            at = end.max(at + 1);
        }
    }
    boxes(text, found);
    military(text, found);
    streets(text, found);
    corners(text, found);
    for one in found.iter_mut().skip(first) {
        one.start = opened(text, one.start);
    }
}

/// Where an address begins whose flat and building stand before its street: `Flat 12B, Tower 3, Metro City, 1 Wan Hang Road`.
fn opened(text: &Text<'_>, start: usize) -> usize {
    const DOORS: &[&str] = &[
        "Flat ",
        "Room ",
        "Rm ",
        "Unit ",
        "Suite ",
        "Apt ",
        "Apartment ",
        "Tower ",
        "Block ",
        "House ",
        "Shop ",
        "Studio ",
    ];
    let (mut at, mut best) = (start, start);
    for _ in 0..4 {
        let end = at.saturating_sub(2);
        if at < 2 || text.bytes(end, at) != b", " {
            break;
        }
        let inside =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'/' | b'-' | b'\'');
        let mut from = end;
        while end - from < 40 && inside(text.before(from)) {
            from -= 1;
        }
        from += usize::from(text.at(from) == b' ');
        let part = text.slice(from, end);
        let door = DOORS.iter().filter_map(|door| part.rfind(door)).max();
        if let Some(place) = door {
            let number =
                part.get(place..).and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
            let fits = (1..5).contains(&number.len())
                && (number.len() < 2 || number.bytes().any(|byte| byte.is_ascii_digit()));
            if !fits {
                break;
            }
            best = from + place;
        }
        let titled = part.split(' ').all(|word| {
            word.starts_with(|letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        });
        if !titled || door.is_some_and(|place| place > 0) || part.is_empty() {
            break;
        }
        at = from;
    }
    best
}

/// `at 387 Pascual Yunquera`: behind a word for where, a number of three digits and more that is no year, and a name of several words.
fn door(text: &Text<'_>, number: usize, end: usize) -> Option<usize> {
    let digits = text.bytes(number, end);
    let year = digits.len() == 4 && (digits.starts_with(b"19") || digits.starts_with(b"20"));
    let house = (3..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && !year;
    let front = text.bytes(number.saturating_sub(4), number);
    let place = [&b" at "[..], b" to "].contains(&front);
    if !house || !place || text.at(end) != b' ' {
        return None;
    }
    let (start, stop) = capitals(text, end + 1)?;
    let first = word_end(text, start);
    // One word might be a unit: `at 250 Watts`.
    let whole = stop > first && English::get().word(&lower(text, start, first)) == 0;
    let small = text.bytes(start, first).iter().skip(1).all(|byte| !byte.is_ascii_uppercase());
    (whole && small).then_some(stop)
}

/// Where the door of a number begins: at a word such as `Flat` before it.
fn doorway(text: &Text<'_>, number: usize) -> usize {
    if text.before(number) != b' ' {
        return number;
    }
    let mut from = number - 1;
    while letter(text.before(from)) {
        from -= 1;
    }
    let word = lower(text, from, number - 1);
    let door = matches!(
        word.as_str(),
        "flat" | "studio" | "apartment" | "apt" | "unit" | "suite" | "room" | "house" | "floor"
    );
    if door && !text.before(from).is_ascii_alphanumeric() { from } else { number }
}

/// From a number over capitalised words, units and commas to a British postcode, or to a state and a ZIP code.
fn whole(text: &Text<'_>, start: usize, end: usize) -> Option<usize> {
    let (mut at, mut words, mut before) = (end, 0, (0, 0));
    while words < 13 && at - start < 110 {
        let from = at;
        while matches!(text.at(at), b' ' | b',' | b'.' | b'#' | b'\n' | b'\r') && at < from + 3 {
            at += 1;
        }
        if at == from {
            return None;
        }
        let word = at;
        while text.at(at).is_ascii_alphanumeric()
            || text.at(at) == LETTER
            || matches!(text.at(at), b'\'' | b'-') && letter(text.at(at + 1))
        {
            at += 1;
        }
        let part = text.bytes(word, at);
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        if words > 1 && postcode(text.bytes(before.0, before.1), part)
            || words > 1 && text.at(end) != b',' && zip(text.bytes(before.0, before.1), part)
        {
            let plus = text.at(at) == b'-'
                && digits == 5
                && (at + 1..at + 5).all(|at| text.at(at).is_ascii_digit());
            return Some(if plus { at + 5 } else { at });
        }
        let titled = part.first().is_some_and(u8::is_ascii_uppercase) || text.at(word) == LETTER;
        let small = matches!(part, b"of" | b"and" | b"the" | b"upon" | b"on" | b"de" | b"la");
        if part.is_empty() || !(titled || small || digits > 0) || digits > 5 {
            return None;
        }
        before = (word, at);
        words += 1;
    }
    None
}

/// `SW1A 2AA`: the outward and the inward part.
fn postcode(outward: &[u8], inward: &[u8]) -> bool {
    let begins = match outward {
        [a, b, rest @ ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => rest,
        [a, rest @ ..] if a.is_ascii_uppercase() => rest,
        _ => return false,
    };
    matches!(begins, [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9' | b'A'..=b'Z'])
        && matches!(inward, [b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z'])
}

/// `CA 94107`: a state, or the region of a military post, and five digits.
fn zip(state: &[u8], code: &[u8]) -> bool {
    state.len() == 2
        && state.iter().all(u8::is_ascii_uppercase)
        && code.len() == 5
        && code.iter().all(u8::is_ascii_digit)
}

/// `PSC 1234, Box 5678, APO AE 09123` and `USS Hope FPO AP 96601`, from the ship or unit on.
fn military(text: &Text<'_>, found: &mut Vec<Finding>) {
    for post in [&b"FPO A"[..], b"APO A", b"DPO A"] {
        for hit in memchr::memmem::find_iter(text.view(), post) {
            let end = hit + 12;
            let region = text.bytes(hit + 4, hit + 6);
            let sound = matches!(region, b"AA" | b"AE" | b"AP")
                && text.at(hit + 6) == b' '
                && (hit + 7..end).all(|at| text.at(at).is_ascii_digit())
                && !text.at(end).is_ascii_digit();
            let front = text.bytes(hit.saturating_sub(40), hit);
            let opened = [&b"USS "[..], b"USNS ", b"USNV ", b"USCGC ", b"Unit ", b"PSC "]
                .iter()
                .filter_map(|word| memchr::memmem::rfind(front, word))
                .max();
            if let Some(opened) = opened.filter(|_| sound) {
                let start = hit - front.len() + opened;
                let why = vec![Why::Pattern("military-post")];
                found.push(Finding::new(Kind::Address, (start, end), 0.9, why));
            }
        }
    }
}

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
            // Few people are called Rue or Calle, and `Via` may be English.
            let word = lower(text, at, end);
            let sure = OPENING.contains(&word.as_str()) && !matches!(word.as_str(), "via" | "ul");
            let score = if sure { 0.87 } else { 0.66 };
            found.push(Finding::new(
                Kind::Address,
                (at, stop),
                score,
                vec![Why::Pattern("street")],
            ));
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
        for _ in 0..6 {
            if text.at(at) != b' ' {
                break;
            }
            let end = word_end(text, at + 1);
            let link = LINKS.contains(&lower(text, at + 1, end).as_str());
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
        let Some(end) = capital(text, at + 1) else {
            // `Rose Hill street`: a word that is first of all a name, so no `High street` and no `Every road`.
            let end = word_end(text, at + 1);
            let kind = matches!(text.slice(at + 1, end), "street" | "avenue" | "boulevard");
            return (kind && English::get().word(&word) == 0).then_some(end);
        };
        if CLOSING.contains(&lower(text, at + 1, end).as_str()) {
            return Some(end);
        }
        at = end;
    }
    None
}

/// `The corner of Hollywood and Vine`: capitalised words on both sides of an `and` are streets.
fn corners(text: &Text<'_>, found: &mut Vec<Finding>) {
    for opening in [&b"corner of "[..], b"intersection of ", b"junction of "] {
        for hit in memchr::memmem::find_iter(text.view(), opening) {
            let Some(one) = capitals(text, hit + opening.len()) else { continue };
            let after = one.1 + usize::from(text.at(one.1) == b'.');
            if text.bytes(after, after + 5) != b" and " {
                continue;
            }
            let Some(other) = capitals(text, after + 5) else { continue };
            for span in [one, other] {
                let why = vec![Why::Pattern("corner")];
                found.push(Finding::new(Kind::Address, span, 0.87, why));
            }
        }
    }
}

/// Up to five capitalised words, small ones of names between them.
fn capitals(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let mut at = start;
    let mut last = None;
    for _ in 0..6 {
        let end = word_end(text, at);
        if capital(text, at).is_some() {
            last = Some(end);
        } else if last.is_none() || !LINKS.contains(&lower(text, at, end).as_str()) {
            break;
        }
        at = end + 1;
        if text.at(end) != b' ' {
            break;
        }
    }
    last.map(|end| (start, end))
}

/// `Tylova 1036, Jevícko PA 569 43` and `113 Ane Habib Bourguiba, Cite El Ayachi 32 8115`: a number beside capitalised
/// words, a comma, a town, and a postcode without which it is none.
#[expect(clippy::too_many_lines, reason = "one list of rules, read from top to bottom")]
fn foreign(text: &Text<'_>, number: usize, end: usize) -> Option<(usize, usize)> {
    let mut comma = end;
    let mut start = number;
    comma += usize::from(text.at(comma) == b'.' && text.at(comma + 1) == b',');
    if text.at(comma) == b' ' {
        for _ in 0..5 {
            let Some(next) = capital(text, comma + 1) else { break };
            comma = next;
            if text.at(comma) != b' ' {
                break;
            }
        }
    } else {
        for count in 0..6 {
            if text.before(start) != b' ' {
                break;
            }
            // The kind of a street may be shortened: `Koepenicker Str. 38`, `Király u. 23`.
            let word_ends = start - 1 - usize::from(count == 0 && text.before(start - 1) == b'.');
            let mut from = word_ends;
            while letter(text.before(from)) || matches!(text.before(from), b'\'' | b'-') {
                from -= 1;
            }
            let word = lower(text, from, word_ends);
            // Words for a street that stand behind its name in small letters; a point may follow.
            let kind = matches!(
                word.as_str(),
                "gate"
                    | "gata"
                    | "veg"
                    | "vei"
                    | "vej"
                    | "u"
                    | "utca"
                    | "út"
                    | "tér"
                    | "street"
                    | "str"
                    | "st"
                    | "road"
                    | "tn"
                    | "katu"
                    | "ulice"
                    | "ulica"
                    | "trg"
                    | "vein"
                    | "tie"
                    | "plads"
                    | "plein"
                    | "odboje"
                    | "revolucije"
                    | "sokak"
                    | "caddesi"
                    | "utja"
            ) && count == 0;
            let link = !kind && LINKS.contains(&word.as_str());
            if word_ends < start - 1 && !kind {
                break;
            }
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
            let titled = capital(text, from) == Some(word_ends)
                || text.at(from) == b'd' && text.at(from + 1) == b'\'';
            if dull || !link && !kind && !titled || link && count == 0 {
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
    let town = word_end(text, comma + 2);
    // `la Pobla Tornesa`
    let mut at =
        if LINKS.contains(&text.slice(comma + 2, town)) { town } else { capital(text, comma + 2)? };
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
            && !matches!(part.first(), Some(&(b'A'..=b'Z' | LETTER)))
            && !LINKS.contains(&text.slice(at + 1, stop));
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
    // Dutch postcodes end in two letters: 1065 KL.
    let pair = text.bytes(last, last + 3);
    if matches!(pair, [b' ', b'A'..=b'Z', b'A'..=b'Z'])
        && (last.saturating_sub(4)..last).all(|at| text.at(at).is_ascii_digit())
        && !text.at(last + 3).is_ascii_alphanumeric()
    {
        last += 3;
    }
    let named = start;
    // A word for the street before its name: `ul. Nobla 144`, `C/ Rosa 3`.
    for word in [&b"ul. "[..], b"C/ ", b"al. ", b"os. ", b"Av. ", b"Avda. ", b"Via ", b"Rua "] {
        if text.bytes(start.saturating_sub(word.len()), start) == word {
            start -= word.len();
        }
    }
    // `PEP 8, RFC 2616` cites: what has a capital behind a letter is a town where it is known, or where a word tells the street.
    let told = || start < named || (start..comma).any(|at| street_word(text, at));
    let cited = acronym(text, comma + 2) && !is_town(text, comma + 2) && !told();
    (digits >= 3 && last > comma + 2 && !cited).then_some((start, last))
}

/// Whether the word at an index, with a number right behind it, is short and of capitals or has one in its middle: `RFC 2616`, `NumPy 1234`,
/// but no `LISBOA 1200`, no `SAN JUAN 5400` and no `Saint-Denis 93200`.
fn acronym(text: &Text<'_>, start: usize) -> bool {
    let end = word_end(text, start);
    let numbered = text.at(end) == b' ' && text.at(end + 1).is_ascii_digit();
    let letters = || (start + 1..end).filter(|at| letter(text.before(*at)));
    let inner = letters().filter(|at| text.char_at(*at).is_uppercase()).count();
    let mixed = letters().any(|at| text.char_at(at).is_lowercase());
    numbered
        && inner > usize::from(text.bytes(start, start + 2) == b"Mc")
        && (mixed || end - start < 5)
}

/// Whether a place that the lists know begins at an index; of two or three letters they know what is no town.
fn is_town(text: &Text<'_>, start: usize) -> bool {
    let mut end = start;
    (0..English::get().longest_place()).any(|count| {
        end = word_end(text, end + usize::from(count > 0));
        end > start + 3 && English::get().place(&lower(text, start, end)).is_some()
    })
}

/// Whether a word for a street stands at an index, or ends the word there: `Lindenstrasse`, `Road`, `Rue`.
fn street_word(text: &Text<'_>, at: usize) -> bool {
    if !letter(text.at(at)) || letter(text.before(at)) {
        return false;
    }
    let word = lower(text, at, word_end(text, at));
    STREETS.contains(&word.as_str()) || OPENING.contains(&word.as_str()) || joined(&word)
}

/// Whether a word, lower case, ends with one for a street: `lindenstrasse`.
fn joined(word: &str) -> bool {
    let ends = |end: &&str| word.ends_with(*end) && word.len() > end.len() + 2;
    ["weg", "platz", "allee"].iter().chain(JOINED).any(ends)
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
