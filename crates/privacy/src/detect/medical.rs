//! Numbers of patients and of those who treat them: records and insurances by the word before them, the others by their standards' checks.

use super::checksum;
use super::finding::{Finding, Kind, Why};
use super::normal::Text;

/// What a word announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// A number of a hospital's or insurer's own form.
    Own,
    /// Number of England's National Health Service: ten digits, mod 11.
    Nhs,
    /// Medicare Beneficiary Identifier of the United States.
    Mbi,
    /// National Provider Identifier of the United States: ten digits, Luhn.
    Npi,
}

/// Words, lower case, as the automaton of `keyed` looks for them.
pub(crate) const NAMES: &[(&str, Record)] = &[
    ("住院号", Record::Own),
    ("病案号", Record::Own),
    ("病历号", Record::Own),
    ("门诊号", Record::Own),
    ("就诊号", Record::Own),
    ("就诊卡号", Record::Own),
    ("诊疗卡号", Record::Own),
    ("体检号", Record::Own),
    ("社保号", Record::Own),
    ("社保卡号", Record::Own),
    ("社保编号", Record::Own),
    ("社会保障号", Record::Own),
    ("社会保障卡号", Record::Own),
    ("医保号", Record::Own),
    ("医保卡号", Record::Own),
    ("医保编号", Record::Own),
    ("mrn", Record::Own),
    ("medical record number", Record::Own),
    ("medical record no", Record::Own),
    ("medical record #", Record::Own),
    ("patient id", Record::Own),
    ("patient no", Record::Own),
    ("patient number", Record::Own),
    ("hospital number", Record::Own),
    ("hospital no", Record::Own),
    ("medicaid id", Record::Own),
    ("medicaid number", Record::Own),
    ("health insurance number", Record::Own),
    ("health card number", Record::Own),
    ("nhs", Record::Nhs),
    ("medicare", Record::Mbi),
    ("mbi", Record::Mbi),
    ("npi", Record::Npi),
];

/// How far behind its word a number may stand.
const REACH: usize = 24;

/// The number behind a word that ends at an index.
pub(crate) fn behind(
    text: &Text<'_>,
    end: usize,
    word: &'static str,
    record: Record,
) -> Option<Finding> {
    if word.is_ascii() && text.at(end).is_ascii_alphabetic() {
        return None;
    }
    let (span, check) = match record {
        Record::Own => (own(text, end)?, None),
        Record::Nhs => (starts(text, end).find_map(|at| nhs(text, at))?, Some("mod11")),
        Record::Mbi => (starts(text, end).find_map(|at| mbi(text, at, false))?, None),
        Record::Npi => (starts(text, end).find_map(|at| npi(text, at))?, Some("luhn")),
    };
    let context = Why::Context(word.to_owned());
    let (score, why) = match check {
        Some(check) => (0.985, vec![Why::Checksum(check), context]),
        None if record == Record::Mbi => (0.985, vec![Why::Pattern("mbi"), context]),
        None => (0.93, vec![context, Why::Pattern("after-word")]),
    };
    Some(Finding::new(Kind::MedicalId, span, score, why))
}

/// `1EG4-TE5-MK73` without a word: with its dashes the form is nothing else's.
pub(crate) fn dashed(text: &Text<'_>, start: usize) -> Option<Finding> {
    let span = mbi(text, start, true)?;
    Some(Finding::new(Kind::MedicalId, span, 0.75, vec![Why::Pattern("mbi")]))
}

/// Where a token begins within reach, on the same line and in the same sentence.
fn starts<'t>(text: &'t Text<'_>, end: usize) -> impl Iterator<Item = usize> + 't {
    (end..end + REACH)
        .take_while(move |at| {
            let sentence = text.at(*at) == b'.' && text.at(at + 1) == b' ' && *at > end + 3;
            !sentence && !matches!(text.char_at(*at), '\n' | ';' | '；' | '。')
        })
        .filter(|at| {
            text.at(*at).is_ascii_alphanumeric() && !text.before(*at).is_ascii_alphanumeric()
        })
}

/// A number of its own form right behind its word: `：0038271`, `: A-0038271`, ` #12345-6`.
fn own(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let mut at = end;
    for word in [&b" number"[..], b" no", b"."] {
        at +=
            if text.bytes(at, at + word.len()).eq_ignore_ascii_case(word) { word.len() } else { 0 };
    }
    let from = at;
    while at < from + 6
        && (matches!(text.at(at), b' ' | b':' | b'#' | b'=' | b'"' | b'\'' | b'\t')
            || matches!(text.char_at(at), '码' | '是' | '为'))
    {
        at += 1;
    }
    let start = at;
    let run = |mut at: usize, fits: fn(&u8) -> bool| {
        while fits(&text.at(at)) {
            at += 1;
        }
        at
    };
    at = run(start, u8::is_ascii_alphabetic);
    if at > start + 4 {
        return None;
    }
    at += usize::from(at > start && text.at(at) == b'-');
    let digits = at;
    at = run(at, u8::is_ascii_digit);
    let size = at - digits;
    // `0038271-2`, but not the month of `2023-10`.
    let tail = run(at + 1, u8::is_ascii_digit);
    if text.at(at) == b'-' && tail > at + 1 && size > 4 {
        at = tail;
    }
    let goes_on = goes_on(text, at)
        || matches!(text.at(at), b'_' | b'%' | b'-' | b'/')
        || matches!(text.char_at(at), '元' | '人' | '次' | '个' | '例' | '张' | '位');
    ((5..=20).contains(&size) && !goes_on).then_some((start, at))
}

/// Whether a number is longer than what ends at an index: a letter, a digit or a fraction follows.
fn goes_on(text: &Text<'_>, at: usize) -> bool {
    text.at(at).is_ascii_alphanumeric() || text.at(at) == b'.' && text.at(at + 1).is_ascii_digit()
}

/// Ten digits, alone or as 3 3 4 with the same mark between.
fn ten(text: &Text<'_>, start: usize) -> Option<([u8; 10], usize)> {
    let mut digits = [0; 10];
    let (mut at, mut mark) = (start, None);
    for (place, slot) in digits.iter_mut().enumerate() {
        if matches!(place, 3 | 6) && matches!(text.at(at), b' ' | b'-') {
            if mark.is_some_and(|mark| mark != text.at(at)) || mark.is_none() && place == 6 {
                return None;
            }
            mark = Some(text.at(at));
            at += 1;
        }
        *slot = Some(text.at(at)).filter(u8::is_ascii_digit)?;
        at += 1;
    }
    (!goes_on(text, at)).then_some((digits, at))
}

/// NHS number: the last digit is 11 less the sum of the others weighted 10 down to 2, mod 11; 11 counts 0, and 10 is never given
/// (NHS Data Dictionary).
fn nhs(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let (digits, end) = ten(text, start)?;
    checksum::nhs(&digits).then_some((start, end))
}

/// NPI: begins with 1 or 2; Luhn over the digits behind 80840 (45 CFR 162.406).
fn npi(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let (digits, end) = ten(text, start)?;
    let bare = end == start + 10 && matches!(digits.first(), Some(b'1' | b'2'));
    (bare && checksum::luhn(&[b"80840", &digits[..]].concat())).then_some((start, end))
}

/// MBI: digits and letters at fixed places, none of S, L, O, I, B, Z (CMS, Understanding the MBI).
fn mbi(text: &Text<'_>, start: usize, dashes: bool) -> Option<(usize, usize)> {
    let dashed = text.at(start + 4) == b'-';
    let letter = |byte: u8| {
        let byte = byte.to_ascii_uppercase();
        byte.is_ascii_uppercase() && !matches!(byte, b'S' | b'L' | b'O' | b'I' | b'B' | b'Z')
    };
    let mut at = start;
    for (place, sort) in b"CANdANdAAdd".iter().enumerate() {
        if dashed && matches!(place, 4 | 7) {
            if text.at(at) != b'-' {
                return None;
            }
            at += 1;
        }
        let byte = text.at(at);
        let fits = match sort {
            b'C' => matches!(byte, b'1'..=b'9'),
            b'A' => letter(byte),
            b'N' => letter(byte) || byte.is_ascii_digit(),
            _ => byte.is_ascii_digit(),
        };
        if !fits {
            return None;
        }
        at += 1;
    }
    let before = text.before(start);
    let alone = !text.at(at).is_ascii_alphanumeric()
        && !matches!(text.at(at), b'-' | b'_')
        && !before.is_ascii_alphanumeric()
        && !matches!(before, b'-' | b'_');
    (alone && (dashed || !dashes)).then_some((start, at))
}
