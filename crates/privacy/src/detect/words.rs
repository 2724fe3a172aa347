//! Types that mix letters and digits: codes, plates, hardware addresses, wallets, keys.

use super::finding::{Finding, Kind, Why};
use super::normal::{HAN, Text};
use super::{checksum, context, medical, regions};
use Undigited::{Base32, Never, Scrambled};

/// Longest token that is looked at whole.
const LONGEST: usize = 4_096;

/// What a run of ASCII letters and digits spells, `start..end` being the run.
pub(crate) fn classify(text: &Text<'_>, (start, end): (usize, usize), found: &mut Vec<Finding>) {
    let token = text.bytes(start, end);
    let touches = text.before(start) == b'_';
    if let Some(finding) = secret(text, start, end) {
        found.push(finding);
        return;
    }
    if touches || token.len() < 2 || token.len() > LONGEST {
        return;
    }
    let hit = match token.len() {
        2 => mac(text, start).or_else(|| ipv6(text, start)).or_else(|| iban(text, start)),
        7 | 8 if text.at(end) == b'(' => hong_kong(text, start, end),
        10 => taiwan(text, start, end),
        11 => misread_mobile(text, start, end),
        4 if text.at(end) == b'_' => wxid(text, start, end),
        4 if text.at(end) == b'-' => {
            medical::dashed(text, start).or_else(|| mac(text, start)).or_else(|| iban(text, start))
        }
        3 | 4 => mac(text, start).or_else(|| ipv6(text, start)).or_else(|| iban(text, start)),
        18 => code(text, start, end).or_else(|| iban(text, start)),
        16 => uk_licence(text, start, end).or_else(|| iban(text, start)),
        15..=34 => iban(text, start).or_else(|| wallet(text, start, end)),
        35..=62 => wallet(text, start, end),
        _ => None,
    };
    found.extend(hit);
}

fn plain(kind: Kind, span: (usize, usize), score: f32, name: &'static str) -> Finding {
    Finding::new(kind, span, score, vec![Why::Pattern(name)])
}

/// `wxid_8g137k2k3if0i7`: the account that `WeChat` gives who chose none.
fn wxid(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let body = end + 1;
    let size = (body..body + 25).take_while(|at| text.at(*at).is_ascii_alphanumeric()).count();
    let digits = text.bytes(body, body + size).iter().filter(|byte| byte.is_ascii_digit()).count();
    let whole = !matches!(text.at(body + size), b'_' | b'-' | b'(');
    let named = text.bytes(start, end).eq_ignore_ascii_case(b"wxid");
    (named && whole && (8..=24).contains(&size) && digits > 0)
        .then(|| plain(Kind::Wechat, (start, body + size), 0.95, "wxid"))
}

/// Unified social credit code, and resident numbers misread by a scanner (`O` for 0, `l` for 1).
fn code(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let mut token: [u8; 18] = text.bytes(start, end).try_into().ok()?;
    token.make_ascii_uppercase();
    let known = |token: &[u8; 18]| {
        checksum::credit_code(token)
            && matches!(token.first(), Some(b'1'..=b'9' | b'A' | b'N' | b'Y'))
            && token.get(2..8).is_some_and(|region| {
                regions::level(region) > 0 || region.starts_with(b"10") || region.starts_with(b"00")
            })
    };
    if known(&token) && token.iter().any(u8::is_ascii_digit) {
        let near = context::before(text, start, 20, context::CODE);
        let mut why = vec![Why::Checksum("gb32100")];
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        return Some(Finding::new(Kind::CreditCode, (start, end), 0.98, why));
    }
    if let Some(finding) = mistyped(text, (start, end), &token) {
        return Some(finding);
    }
    if token.iter().filter(|byte| byte.is_ascii_digit()).count() < 12 {
        return None;
    }
    let mut repaired = token;
    for byte in &mut repaired {
        *byte = match *byte {
            b'O' | b'Q' | b'D' => b'0',
            b'I' | b'L' => b'1',
            b'Z' => b'2',
            b'S' => b'5',
            b'B' => b'8',
            other => other,
        };
    }
    let day =
        std::str::from_utf8(repaired.get(6..14)?).ok().and_then(crate::calendar::Day::parse)?;
    let fine = checksum::resident(&repaired)
        && regions::level(repaired.get(..6)?) > 0
        && (1880..=2035).contains(&day.year);
    fine.then(|| {
        let why = vec![Why::Checksum("mod11-2"), Why::Pattern("misread")];
        Finding::new(Kind::ResidentId, (start, end), 0.9, why)
    })
}

/// A unified social credit code whose label says what it is though its check character does not: typed or read with a fault.
fn mistyped(text: &Text<'_>, (start, end): (usize, usize), token: &[u8; 18]) -> Option<Finding> {
    let plain = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let shaped = token.iter().all(plain)
        && matches!(token.first(), Some(b'1'..=b'9' | b'A' | b'N' | b'Y'))
        && token.get(2..8).is_some_and(|region| regions::level(region) > 0);
    if !shaped {
        return None;
    }
    let label = context::labelled(text, start, context::CODE)?;
    let why = vec![Why::Pattern("gb32100"), Why::Context(label.to_owned())];
    Some(Finding::new(Kind::CreditCode, (start, end), 0.55, why))
}

/// A unified social credit code in groups, `9133 0106 MA2C 8K7T3H`, whose first group is `start..end`.
pub(crate) fn grouped_code(text: &Text<'_>, (start, end): (usize, usize)) -> Option<Finding> {
    let joins = |byte: u8| matches!(byte, b' ' | b'-');
    let head = text.at(start);
    if !joins(text.at(end))
        || !(head.is_ascii_digit() && head != b'0' || matches!(head, b'A' | b'N' | b'Y'))
    {
        return None;
    }
    let mut token = [0_u8; 18];
    let (mut at, mut count, mut groups, mut letters) = (start, 0, 0, false);
    while count < token.len() {
        let from = at;
        while text.at(at).is_ascii_uppercase() || text.at(at).is_ascii_digit() {
            letters |= text.at(at).is_ascii_uppercase();
            *token.get_mut(count)? = text.at(at);
            count += 1;
            at += 1;
        }
        groups += 1;
        if at - from < 2 || groups > 6 {
            return None;
        }
        if count < token.len() {
            if !joins(text.at(at)) {
                return None;
            }
            at += 1;
        }
    }
    if text.at(at).is_ascii_alphanumeric() || !checksum::credit_code(&token) {
        return None;
    }
    let sound = matches!(token.first(), Some(b'1'..=b'9' | b'A' | b'N' | b'Y'))
        && token.get(2..8).is_some_and(|region| regions::level(region) > 0);
    let near = context::before(text, start, 20, context::CODE);
    if !sound || near.is_none() && !letters {
        return None;
    }
    let mut why = vec![Why::Checksum("gb32100"), Why::Pattern("grouped")];
    why.extend(near.map(|word| Why::Context(word.to_owned())));
    Some(Finding::new(Kind::CreditCode, (start, at), 0.98, why))
}

/// `A123456(3)`: an identity card of Hong Kong with its check character, `start..end` before the bracket.
fn hong_kong(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let token = text.bytes(start, end);
    let check = text.at(end + 1);
    let lead = token.len().checked_sub(6)?;
    let shaped = token.iter().take(lead).all(u8::is_ascii_uppercase)
        && token.iter().skip(lead).all(u8::is_ascii_digit)
        && text.at(end + 2) == b')';
    let value = |byte: u8| {
        u32::from(if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte.wrapping_sub(b'A') % 26 + 10
        })
    };
    // A single letter stands behind a blank, which counts 36.
    let front = if lead == 1 { 36 * 9 } else { 0 };
    let sum: u32 = token.iter().rev().zip(2..).map(|(byte, weight)| value(*byte) * weight).sum();
    let right = shaped
        && (check.is_ascii_digit() || check == b'A')
        && (front + sum + value(check)).is_multiple_of(11);
    right.then(|| {
        let why = vec![Why::Checksum("hkid"), Why::Pattern("hkid")];
        Finding::new(Kind::ResidentId, (start, end + 3), 0.95, why)
    })
}

/// `A123456789`: an identity number of Taiwan with its check digit, behind a word for one.
fn taiwan(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    // What the letters count, from A on.
    const LETTERS: &[u8; 26] = &[
        10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32,
        30, 31, 33,
    ];
    let token: [u8; 10] = text.bytes(start, end).try_into().ok()?;
    let [letter, digits @ ..] = token;
    let sex = matches!(digits.first(), Some(b'1' | b'2' | b'8' | b'9'));
    if !letter.is_ascii_uppercase() || !sex || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let head = LETTERS.get(usize::from(letter - b'A'))?;
    let weights = [8_u32, 7, 6, 5, 4, 3, 2, 1, 1];
    let sum: u32 =
        digits.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let right = (u32::from(head / 10) + u32::from(head % 10) * 9 + sum).is_multiple_of(10);
    if !right {
        return None;
    }
    let near = context::before(text, start, 16, context::TAIWAN)
        .or_else(|| context::before(text, start, 16, context::ID))?;
    let why = vec![Why::Checksum("twid"), Why::Context(near.to_owned())];
    Some(Finding::new(Kind::ResidentId, (start, end), 0.95, why))
}

/// A mobile number as a scanner misreads it, `l3867412953`: behind a word for telephones.
fn misread_mobile(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let mut token: [u8; 11] = text.bytes(start, end).try_into().ok()?;
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    if !(8..11).contains(&digits) {
        return None;
    }
    for byte in &mut token {
        *byte = match *byte {
            b'O' | b'o' | b'Q' | b'D' => b'0',
            b'l' | b'I' | b'i' => b'1',
            b'Z' | b'z' => b'2',
            b'S' | b's' => b'5',
            b'B' => b'8',
            other => other,
        };
    }
    let mobile = token.iter().all(u8::is_ascii_digit) && super::numbers::mobile(&token);
    let near = context::before(text, start, 12, context::PHONE).filter(|_| mobile)?;
    let why = vec![Why::Pattern("misread"), Why::Context(near.to_owned())];
    Some(Finding::new(Kind::Phone, (start, end), 0.75, why))
}

/// `使224031`: a plate of an embassy or consulate, `at` being its Han character.
pub(crate) fn embassy(text: &Text<'_>, at: usize) -> Option<Finding> {
    let end = at + 7;
    let shaped = matches!(text.char_at(at), '使' | '领')
        && text.bytes(at + 1, end).len() == 6
        && text.bytes(at + 1, end).iter().all(u8::is_ascii_digit)
        && !text.at(end).is_ascii_alphanumeric()
        && !matches!(text.char_at(end), '元' | '人' | '台' | '个' | '%' | '.' | '次' | '名');
    // Countries are numbered from 101 on.
    let land = matches!(text.at(at + 1), b'1'..=b'3');
    let near = context::near(text, (at, end), 12, context::PLATE);
    let alone = text.before(at) != HAN && text.at(end) != HAN;
    (shaped && land && (near.is_some() || alone)).then(|| {
        let mut why = vec![Why::Pattern("plate-embassy")];
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        Finding::new(Kind::Plate, (at, end), if near.is_some() { 0.95 } else { 0.6 }, why)
    })
}

const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

fn iban(text: &Text<'_>, start: usize) -> Option<Finding> {
    let (a, b) = (text.at(start), text.at(start + 1));
    if !text.at(start + 2).is_ascii_digit() || !text.at(start + 3).is_ascii_digit() {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let (_, length) = IBAN_LENGTHS.iter().find(|(known, _)| **known == country)?;
    let mut letters = Vec::with_capacity(*length);
    let mut at = start;
    while letters.len() < *length {
        let byte = text.at(at);
        if byte.is_ascii_alphanumeric() {
            letters.push(byte.to_ascii_uppercase());
        } else if !matches!(byte, b' ' | b'-') || letters.len() < 4 {
            return None;
        }
        at += 1;
    }
    if text.at(at).is_ascii_alphanumeric() || !checksum::iban(&letters) {
        return None;
    }
    Some(Finding::new(Kind::Iban, (start, at), 0.98, vec![Why::Checksum("mod97")]))
}

fn hex_pairs(text: &Text<'_>, start: usize, size: usize, count: usize, mark: u8) -> Option<usize> {
    let mut at = start;
    for pair in 0..count {
        if pair > 0 {
            if text.at(at) != mark {
                return None;
            }
            at += 1;
        }
        if !text.bytes(at, at + size).iter().all(u8::is_ascii_hexdigit) || at + size > text.len() {
            return None;
        }
        at += size;
    }
    let next = text.at(at);
    (!next.is_ascii_alphanumeric() && next != mark).then_some(at)
}

fn mac(text: &Text<'_>, start: usize) -> Option<Finding> {
    let mark = text.at(start + 2);
    let before = text.before(start);
    if before == b':' && text.before(start - 1).is_ascii_hexdigit() || before == b'-' {
        return None;
    }
    let end = match mark {
        b':' | b'-' => hex_pairs(text, start, 2, 6, mark)?,
        _ if text.at(start + 4) == b'.' => hex_pairs(text, start, 4, 3, b'.')?,
        _ => return None,
    };
    let token = text.bytes(start, end);
    let same = token.iter().filter(|b| b.is_ascii_hexdigit()).all(|b| Some(b) == token.first());
    let dotted_digits =
        mark != b':' && mark != b'-' && token.iter().all(|b| !b.is_ascii_alphabetic());
    (!same && !dotted_digits).then(|| plain(Kind::Mac, (start, end), 0.9, "mac"))
}

/// IPv6 from its first group on; `start` begins a run of hexadecimal digits before a colon.
pub(crate) fn ipv6(text: &Text<'_>, start: usize) -> Option<Finding> {
    let before = text.before(start);
    if before == b':' || before == b'.' || before.is_ascii_alphanumeric() {
        return None;
    }
    let mut end = start;
    let (mut colons, mut digits) = (0, 0);
    while end < start + 45 {
        match text.at(end) {
            b':' => colons += 1,
            b'.' if colons > 1 && text.at(end + 1).is_ascii_digit() => {}
            byte if byte.is_ascii_hexdigit() => digits += u32::from(byte.is_ascii_digit()),
            _ => break,
        }
        end += 1;
    }
    while end > start && text.before(end) == b':' && text.before(end - 1) != b':' {
        end -= 1;
    }
    let network = text.at(end) == b'/' && text.at(end + 1).is_ascii_digit();
    if colons < 2 || digits < 2 || network || text.at(end).is_ascii_alphanumeric() {
        return None;
    }
    let spelled = std::str::from_utf8(text.bytes(start, end)).ok()?;
    let address: std::net::Ipv6Addr = spelled.parse().ok()?;
    let groups = address.segments().iter().filter(|group| **group != 0).count();
    let dull = address.is_loopback() || address.is_unspecified() || groups < 3 || spelled.len() < 8;
    (!dull).then(|| plain(Kind::Ip, (start, end), 0.9, "ipv6"))
}

fn wallet(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let token = text.bytes(start, end);
    if token.starts_with(b"0x") && token.len() == 42 {
        let hex = token.iter().skip(2).all(u8::is_ascii_hexdigit);
        let mixed = token.iter().skip(2).any(u8::is_ascii_uppercase)
            && token.iter().skip(2).any(u8::is_ascii_lowercase);
        let near = context::near(text, (start, end), 40, context::CRYPTO);
        let score = if near.is_some() {
            0.95
        } else if mixed {
            0.85
        } else {
            0.7
        };
        return hex.then(|| plain(Kind::Crypto, (start, end), score, "ethereum"));
    }
    let right = match token.first()? {
        b'1' | b'3' if token.len() <= 35 => checksum::base58check(token),
        b'b' | b'B' => token.len() >= 42 && checksum::bech32(token),
        _ => false,
    };
    right.then(|| Finding::new(Kind::Crypto, (start, end), 0.98, vec![Why::Checksum("bitcoin")]))
}

/// UK driving licence: five letters of the surname, decade, month, day, year, initials, check.
fn uk_licence(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let token = text.bytes(start, end);
    let fits = token.iter().enumerate().all(|(place, byte)| match place {
        0..=4 => byte.is_ascii_uppercase() || *byte == b'9' && place > 0,
        5..=10 => byte.is_ascii_digit(),
        11 | 12 => byte.is_ascii_uppercase() || *byte == b'9',
        13 => byte.is_ascii_alphanumeric(),
        _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
    });
    let month =
        token.get(6..8).and_then(|m| std::str::from_utf8(m).ok()).and_then(|m| m.parse().ok())?;
    let day =
        token.get(8..10).and_then(|m| std::str::from_utf8(m).ok()).and_then(|m| m.parse().ok())?;
    let dated = matches!(month, 1_u8..=12 | 51..=62) && matches!(day, 1_u8..=31);
    (fits && dated && token.first().is_some_and(u8::is_ascii_uppercase))
        .then(|| plain(Kind::DriverLicence, (start, end), 0.8, "uk-licence"))
}

/// What a key may be that has no digit.
#[derive(Debug, Clone, Copy)]
enum Undigited {
    /// None: something else may begin alike.
    Never,
    /// What chance wrote: its prefix is of one kind of key alone.
    Scrambled,
    /// The same, or base 32, as Amazon writes it.
    Base32,
}

/// Prefix, fewest and most characters after it, and what these may be without a digit.
const KEYS: &[(&[u8], usize, usize, Undigited)] = &[
    (b"AKIA", 16, 16, Base32),
    (b"ASIA", 16, 16, Base32),
    (b"ghp_", 36, 36, Scrambled),
    (b"gho_", 36, 36, Scrambled),
    (b"ghu_", 36, 36, Scrambled),
    (b"ghs_", 36, 36, Scrambled),
    (b"ghr_", 36, 76, Never),
    (b"github_pat_", 22, 100, Never),
    (b"glpat-", 20, 30, Scrambled),
    (b"sk-ant-", 20, 200, Never),
    (b"sk-proj-", 20, 200, Never),
    (b"sk-", 20, 200, Never),
    (b"sk_live_", 16, 200, Scrambled),
    (b"sk_test_", 16, 200, Scrambled),
    (b"rk_live_", 16, 200, Scrambled),
    (b"pk_live_", 16, 200, Scrambled),
    (b"xoxb-", 10, 200, Scrambled),
    (b"xoxp-", 10, 200, Scrambled),
    (b"xoxa-", 10, 200, Never),
    (b"xoxr-", 10, 200, Never),
    (b"AIza", 35, 35, Scrambled),
    (b"ya29.", 20, 400, Never),
    (b"SG.", 40, 80, Never),
    (b"npm_", 36, 36, Scrambled),
    (b"pypi-AgE", 40, 300, Never),
    (b"hf_", 30, 40, Scrambled),
    (b"dop_v1_", 64, 64, Never),
    (b"LTAI", 12, 26, Scrambled),
    (b"AKID", 32, 36, Never),
    (b"shpat_", 32, 32, Scrambled),
    (b"whsec_", 20, 80, Never),
    (b"key-", 32, 32, Never),
    (b"SK", 32, 32, Never),
    (b"eyJ", 20, 4000, Never),
    (b"ik_", 24, 80, Never),
    (b"gsk_", 40, 64, Scrambled),
    (b"EAACEdEose0cBA", 20, 300, Never),
    (b"AGE-SECRET-KEY-1", 58, 58, Never),
];

fn key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn secret(text: &Text<'_>, start: usize, end: usize) -> Option<Finding> {
    let first = text.at(start);
    if !matches!(first, b'A' | b'a'..=b'z' | b'S' | b'L' | b'E') || key_byte(text.before(start)) {
        return None;
    }
    let rest = text.bytes(start, (start + 16).min(text.len()));
    let (prefix, least, most, undigited) =
        KEYS.iter().find(|(prefix, ..)| rest.starts_with(prefix))?;
    if *prefix == b"eyJ" {
        return jwt(text, start);
    }
    let body = start + prefix.len();
    let mut stop = body.max(end);
    let dotted = matches!(*prefix, b"SG." | b"ya29.");
    while stop < body + most + 1 && (key_byte(text.at(stop)) || dotted && text.at(stop) == b'.') {
        stop += 1;
    }
    let tail = text.bytes(body, stop);
    let digits = tail.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = tail.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let varied = digits >= 2 && letters >= 2 && !tail.iter().all(|byte| Some(byte) == tail.first());
    let fixed = match undigited {
        Never => false,
        Scrambled => scrambled(tail),
        Base32 => scrambled(tail) || amazon(tail),
    };
    ((*least..=*most).contains(&tail.len()) && (varied || fixed))
        .then(|| plain(Kind::Secret, (start, stop), 0.95, "api-key"))
}

/// What chance wrote: capitals and small letters change as words of a name, `sk_live_my_function_name` or `glpat-AccessTokenOfMine`,
/// never do. A random pair of letters changes every second time, a name every third or fourth, and its words have two letters or more.
fn scrambled(tail: &[u8]) -> bool {
    let small = |at: usize| tail.get(at).is_some_and(u8::is_ascii_lowercase);
    let large = |at: usize| tail.get(at).is_some_and(u8::is_ascii_uppercase);
    let changes = (1..tail.len()).filter(|at| small(*at) != small(at - 1)).count();
    let lone = (1..tail.len()).any(|at| large(at - 1) && small(at) && large(at + 1));
    let pairs = (1..tail.len()).any(|at| large(at - 1) && large(at));
    let words = tail.iter().any(|byte| matches!(byte, b'_' | b'-'));
    !words && changes * 3 >= tail.len() && lone && pairs
}

/// The rest of an access key's name at Amazon: base 32. An example of theirs says so.
fn amazon(tail: &[u8]) -> bool {
    let mut letters = tail.to_vec();
    letters.sort_unstable();
    letters.dedup();
    tail.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'))
        && letters.len() > 6
        && memchr::memmem::find(tail, b"EXAMPLE").is_none()
}

fn jwt(text: &Text<'_>, start: usize) -> Option<Finding> {
    let mut at = start;
    let mut parts = 1;
    while key_byte(text.at(at)) || text.at(at) == b'.' && key_byte(text.at(at + 1)) {
        parts += usize::from(text.at(at) == b'.');
        if parts > 3 {
            return None;
        }
        at += 1;
    }
    (parts == 3 && at - start > 40).then(|| plain(Kind::Secret, (start, at), 0.95, "jwt"))
}

/// Plates: `at` is the Han character of the province.
pub(crate) fn plate(text: &Text<'_>, at: usize) -> Option<Finding> {
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
    let city = text.at(at + 1);
    if !city.is_ascii_uppercase() || !PROVINCES.contains(text.char_at(at)) {
        return None;
    }
    let mut from = at + 2;
    if matches!(text.at(from), b' ' | b'-' | b'.') || matches!(text.char_at(from), '·' | '•' | '・')
    {
        from += 1;
    }
    let mut end = from;
    while (text.at(end).is_ascii_uppercase() || text.at(end).is_ascii_digit()) && end < from + 8 {
        end += 1;
    }
    let body = text.bytes(from, end);
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    if text.at(end).is_ascii_alphanumeric() || body.iter().any(|byte| matches!(byte, b'I' | b'O')) {
        return None;
    }
    let special = matches!(text.char_at(end), '警' | '学' | '挂' | '港' | '澳') && body.len() == 4;
    let (stop, name) = match body.len() {
        4 if special && digits >= 2 => (end + 1, "plate-special"),
        5 if digits >= 2 => (end, "plate"),
        // New-energy: D or F first (small) or last (large), digits else (GA 36-2018).
        6 if digits >= 4
            && (body.first().is_some_and(u8::is_ascii_uppercase)
                || body.last().is_some_and(u8::is_ascii_uppercase)) =>
        {
            (end, "plate-new-energy")
        }
        _ => return None,
    };
    let near = context::near(text, (at, stop), 12, context::PLATE);
    let mut why = vec![Why::Pattern(name)];
    why.extend(near.map(|word| Why::Context(word.to_owned())));
    debug_assert_eq!(text.at(at), HAN);
    Some(Finding::new(Kind::Plate, (at, stop), 0.95, why))
}
