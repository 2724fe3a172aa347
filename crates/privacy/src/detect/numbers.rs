//! Types that are digits: resident numbers, cards, telephones, addresses of machines, coordinates.

use super::finding::{Finding, Kind, Why};
use super::normal::Text;
use super::{checksum, context, regions};
use crate::calendar::Day;

/// Digit groups with single separators between them.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    groups: Vec<(usize, usize)>,
    digits: Vec<u8>,
}

const MOST_GROUPS: usize = 12;

fn separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b'_')
}

impl Chain {
    /// Reads the chain that starts at a digit; answers the index after it.
    pub(crate) fn read(&mut self, text: &Text<'_>, from: usize) -> usize {
        self.groups.clear();
        let mut at = from;
        loop {
            let start = at;
            while text.at(at).is_ascii_digit() {
                at += 1;
            }
            self.groups.push((start, at));
            let mut next = at;
            while next < at + 3 && separator(text.at(next)) {
                next += 1;
            }
            if next == at || !text.at(next).is_ascii_digit() || self.groups.len() == MOST_GROUPS {
                return at;
            }
            at = next;
        }
    }

    /// Finds what the groups spell.
    pub(crate) fn classify(&mut self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let days = self.days(text);
        let mut first = 0;
        while first < self.groups.len() {
            let mut step = 1;
            for count in (1..=(self.groups.len() - first).min(8)).rev() {
                let dated = (days >> first) & ((1 << count) - 1) != 0;
                if let Some(finding) = self.one(text, (first, count), dated) {
                    found.push(finding);
                    step = count;
                    break;
                }
            }
            first += step;
        }
    }

    /// Which groups are part of a day or a month, a bit each: `2023-10-20`, `2023.10.20`, `20-10-2023`, `2023-10`.
    fn days(&self, text: &Text<'_>) -> u16 {
        let group = |at: usize| self.groups.get(at).map(|(from, to)| text.bytes(*from, *to));
        let mark = |at: usize| match (self.groups.get(at), self.groups.get(at + 1)) {
            (Some((_, end)), Some((next, _))) if next - end == 1 => text.at(*end),
            _ => b'\n',
        };
        let (mut days, mut at) = (0_u16, 0);
        while at < self.groups.len() {
            let parted = matches!(mark(at), b'-' | b'.' | b'/');
            let same = parted && mark(at) == mark(at + 1);
            let size = match (group(at), group(at + 1), group(at + 2)) {
                (Some(first), Some(month), Some(last)) if same => {
                    let forth = year(first) && within(month, 12) && within(last, 31);
                    let back = year(last)
                        && (within(first, 31) && within(month, 12)
                            || within(first, 12) && within(month, 31));
                    if forth || back { 3 } else { 0 }
                }
                (Some(first), Some(month), _)
                    if parted && !same && year(first) && within(month, 12) =>
                {
                    2
                }
                _ => 0,
            };
            days |= ((1 << size) - 1) << at;
            at += size.max(1);
        }
        days
    }

    /// `dated` says whether one of the groups is part of a day: then they are no telephone.
    fn one(
        &mut self,
        text: &Text<'_>,
        (first, count): (usize, usize),
        dated: bool,
    ) -> Option<Finding> {
        let groups = self.groups.get(first..first + count)?;
        let (start, end) = (groups.first()?.0, groups.last()?.1);
        self.digits.clear();
        for (from, to) in groups {
            self.digits.extend_from_slice(text.bytes(*from, *to));
        }
        if self.digits.len() < 4 {
            return None;
        }
        let group = Group {
            text,
            start,
            end,
            digits: &self.digits,
            sizes: Sizes::of(groups),
            uniform: uniform(text, groups),
            leads: first == 0,
        };
        // A fraction's digits are no number of their own.
        if text.before(start) == b'.' && text.before(start.saturating_sub(1)).is_ascii_digit() {
            return None;
        }
        group
            .resident()
            .or_else(|| group.card())
            .or_else(|| group.account())
            .or_else(|| group.equipment())
            .or_else(|| group.scientific())
            .or_else(|| group.address())
            .or_else(|| group.phone().filter(|_| !dated))
    }
}

/// Four digits that are a year of the last century or this one.
fn year(digits: &[u8]) -> bool {
    digits.len() == 4 && (1900..=2099).contains(&number(digits))
}

/// One or two digits that are 1 to `most`.
fn within(digits: &[u8], most: u32) -> bool {
    digits.len() <= 2 && (1..=most).contains(&number(digits))
}

/// The separator, if all between groups are the same single one; 0 for one group, 1 for mixed ones.
fn uniform(text: &Text<'_>, groups: &[(usize, usize)]) -> u8 {
    let mut known = 0;
    for pair in groups.windows(2) {
        let [a, b] = pair else { continue };
        let here = if b.0 - a.1 == 1 { text.at(a.1) } else { 1 };
        if known != 0 && known != here {
            return 1;
        }
        known = here;
    }
    known
}

/// Group lengths, at most eight.
#[derive(Debug, Clone, Copy)]
struct Sizes([usize; 8], usize);

impl Sizes {
    fn of(groups: &[(usize, usize)]) -> Self {
        let mut sizes = [0; 8];
        for (size, (from, to)) in sizes.iter_mut().zip(groups) {
            *size = to - from;
        }
        Self(sizes, groups.len().min(8))
    }

    fn get(&self) -> &[usize] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

struct Group<'t, 'a> {
    text: &'t Text<'a>,
    start: usize,
    end: usize,
    digits: &'t [u8],
    sizes: Sizes,
    uniform: u8,
    leads: bool,
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether eight digits are a day a living person may be born on.
fn birthday(digits: &[u8]) -> bool {
    std::str::from_utf8(digits)
        .ok()
        .and_then(Day::parse)
        .is_some_and(|day| (1880..=2035).contains(&day.year))
}

impl Group<'_, '_> {
    fn found(&self, kind: Kind, score: f32, why: Vec<Why>) -> Finding {
        Finding::new(kind, (self.start, self.end), score, why)
    }

    /// Neither letter, digit nor underscore touches; a letter before only where nothing but letters stand there.
    fn bounded(&self) -> bool {
        !word(self.text.at(self.end)) && !word(self.text.before(self.start))
    }

    fn resident(&self) -> Option<Finding> {
        let (text, mut end) = (self.text, self.end);
        let spaced = self.sizes.get().len() > 1;
        if spaced && matches!(self.uniform, 1 | b'.' | b'/' | b'_') {
            return None;
        }
        let mut number = [0_u8; 18];
        match self.digits.len() {
            18 => number.copy_from_slice(self.digits),
            17 => {
                let gap = usize::from(separator(text.at(end)) && spaced);
                let last = text.at(end + gap).to_ascii_uppercase();
                // A printed or recognised X comes as × too.
                let cross = last == b'X' || matches!(text.char_at(end + gap), '×' | 'Χ' | 'Х');
                if !cross {
                    return None;
                }
                let (front, tail) = number.split_at_mut(17);
                front.copy_from_slice(self.digits);
                tail.fill(b'X');
                end += gap + 1;
            }
            15 => return self.old_resident(),
            _ => return None,
        }
        if word(text.at(end)) || text.before(self.start).is_ascii_digit() {
            return None;
        }
        let level = regions::level(number.get(..6)?);
        if level == 0 || !birthday(number.get(6..14)?) {
            return None;
        }
        let near = context::before(text, self.start, 16, context::ID);
        let right = checksum::resident(&number);
        if !right && near.is_none() {
            return None;
        }
        let mut why = vec![Why::Pattern("gb11643")];
        if right {
            why.insert(0, Why::Checksum("mod11-2"));
        }
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        let score = if !right {
            0.55
        } else if level == 3 || near.is_some() {
            1.0
        } else {
            0.95
        };
        Some(Finding::new(Kind::ResidentId, (self.start, end), score, why))
    }

    fn old_resident(&self) -> Option<Finding> {
        if self.sizes.get().len() > 1 || !self.bounded() {
            return None;
        }
        let mut date = *b"19000000";
        date.get_mut(2..)?.copy_from_slice(self.digits.get(6..12)?);
        let level = regions::level(self.digits.get(..6)?);
        let near = context::before(self.text, self.start, 16, context::ID);
        if level == 0 || !birthday(&date) || (level < 3 && near.is_none()) {
            return None;
        }
        if near.is_none() && checksum::luhn(self.digits) && self.digits.starts_with(b"3") {
            return None;
        }
        let mut why = vec![Why::Pattern("gb11643-1989")];
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        Some(self.found(Kind::ResidentId, if near.is_some() { 0.95 } else { 0.6 }, why))
    }

    /// Whether groups of four before and behind make the number part of a table of codes: `5765 5766 5767 5768 5769 576A`. One
    /// group may be a date of expiry, four another card.
    fn tabulated(&self) -> bool {
        let text = self.text;
        if !self.sizes.get().iter().all(|size| *size == 4) {
            return false;
        }
        let (mut coded, mut before, mut behind) = (false, 0, 0);
        let mut group = |start: usize| {
            let bytes = text.bytes(start, start + 4);
            let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
            let hex = bytes.len() == 4 && bytes.iter().all(u8::is_ascii_hexdigit) && digits > 0;
            let alone = !word(text.before(start)) && !word(text.at(start + 4));
            coded |= hex && alone && digits < 4;
            hex && alone
        };
        // So many are a table, whatever follows.
        let most = 8;
        while behind < most
            && text.at(self.end + 5 * behind) == b' '
            && group(self.end + 5 * behind + 1)
        {
            behind += 1;
        }
        while before < most
            && self.start >= 5 * (before + 1)
            && text.before(self.start - 5 * before) == b' '
            && group(self.start - 5 * (before + 1))
        {
            before += 1;
        }
        coded || before % 4 > 1 || behind % 4 > 1 || before + behind > 7
    }

    fn card(&self) -> Option<Finding> {
        let digits = self.digits;
        if !(12..=19).contains(&digits.len()) || !self.bounded() {
            return None;
        }
        let shape = match self.sizes.get() {
            [_] => true,
            [4, 4, 4, 4] if self.marked() => true,
            sizes => {
                matches!(self.uniform, b' ' | b'-')
                    && sizes.len() <= 5
                    && sizes.iter().all(|size| *size >= 2)
                    && sizes.first().is_some_and(|size| (4..=6).contains(size))
            }
        };
        if !shape || !checksum::luhn(digits) || self.tabulated() {
            return None;
        }
        let issuer = issuer(digits);
        let bank = context::near(self.text, (self.start, self.end), 24, context::BANK);
        let credit = context::near(self.text, (self.start, self.end), 40, context::CREDIT);
        let explicit_credit = matches!(credit, Some("信用卡" | "credit card"));
        let kind = match issuer {
            Some(Kind::CreditCard)
                if !explicit_credit
                    && matches!(
                        bank,
                        Some("银行卡" | "储蓄卡" | "借记卡" | "工资卡" | "debit card")
                    ) =>
            {
                Kind::BankCard
            }
            Some(kind) => kind,
            None if bank.is_some() => Kind::BankCard,
            None if credit.is_some() => Kind::CreditCard,
            None => return None,
        };
        let near = bank.or(credit);
        // Thirteen digits are often a moment in milliseconds, twelve anything.
        if digits.len() < 14 && near.is_none() {
            return None;
        }
        let mut why = vec![Why::Checksum("luhn"), Why::Pattern("issuer")];
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        Some(self.found(kind, if near.is_some() { 1.0 } else { 0.9 }, why))
    }

    /// Whether a point, a slash or a low line stands between all groups.
    fn marked(&self) -> bool {
        matches!(self.uniform, b'.' | b'/' | b'_')
    }

    /// An account or card that its label names though its check digit does not: `账号：6222…`, typed with a fault or of a bank without one.
    fn account(&self) -> Option<Finding> {
        let sizes = self.sizes.get();
        let grouped = matches!(self.uniform, b' ' | b'-')
            && sizes.iter().rev().skip(1).all(|size| *size == 4);
        if !(16..=19).contains(&self.digits.len())
            || !self.bounded()
            || !(sizes.len() == 1 || grouped)
            || self.digits.iter().all(|digit| Some(digit) == self.digits.first())
        {
            return None;
        }
        let label = |words| context::labelled(self.text, self.start, words);
        let word = label(context::BANK).or_else(|| label(context::ACCOUNT))?;
        let why = vec![Why::Context(word.to_owned()), Why::Pattern("account")];
        Some(self.found(Kind::BankCard, 0.75, why))
    }

    /// The number of a telephone's hardware (IMEI), behind its name.
    fn equipment(&self) -> Option<Finding> {
        let sound = self.digits.len() == 15
            && self.bounded()
            && matches!(self.uniform, 0 | b' ' | b'-')
            && checksum::luhn(self.digits);
        if !sound {
            return None;
        }
        let near = context::before(self.text, self.start, 12, context::IMEI)?;
        let why = vec![Why::Checksum("luhn"), Why::Context(near.to_owned())];
        Some(self.found(Kind::Mac, 0.95, why))
    }

    /// A mobile number as a spreadsheet wrote it, behind a telephone's word: `1.3812345678E10`.
    fn scientific(&self) -> Option<Finding> {
        let text = self.text;
        let shaped = self.sizes.get() == [1, 10]
            && self.uniform == b'.'
            && mobile(self.digits)
            && !word(text.before(self.start))
            && text.at(self.end).eq_ignore_ascii_case(&b'E');
        if !shaped {
            return None;
        }
        let at = self.end + 1 + usize::from(text.at(self.end + 1) == b'+');
        let end = at + 2;
        if text.bytes(at, end) != b"10" || word(text.at(end)) {
            return None;
        }
        let near = context::before(text, self.start, 16, context::PHONE)?;
        let why = vec![Why::Pattern("cn-mobile"), Why::Context(near.to_owned())];
        Some(Finding::new(Kind::Phone, (self.start, end), 0.8, why))
    }

    /// IPv4 and SSN: dotted or dashed groups.
    fn address(&self) -> Option<Finding> {
        if !self.bounded() {
            return None;
        }
        let sizes = self.sizes.get();
        if sizes.len() == 4 && self.uniform == b'.' && sizes.iter().all(|size| *size <= 3) {
            return self.ipv4();
        }
        if self.digits.len() != 9 {
            return None;
        }
        let front = number(self.digits.get(..3)?);
        let possible = front != 0
            && front != 666
            && front < 900
            && number(self.digits.get(3..5)?) != 0
            && number(self.digits.get(5..)?) != 0;
        let near = context::before(self.text, self.start, 40, context::SSN);
        let dashed = sizes == [3, 2, 4] && self.uniform == b'-';
        let spaced = sizes == [3, 2, 4] && (self.uniform == b' ' || self.marked());
        if !possible || !(dashed || near.is_some() && (spaced || sizes.len() == 1)) {
            return None;
        }
        let mut why = vec![Why::Pattern("ssn")];
        why.extend(near.map(|word| Why::Context(word.to_owned())));
        Some(self.found(Kind::Ssn, if near.is_some() { 0.98 } else { 0.8 }, why))
    }

    fn ipv4(&self) -> Option<Finding> {
        let text = self.text;
        let address: std::net::Ipv4Addr =
            std::str::from_utf8(text.bytes(self.start, self.end)).ok()?.parse().ok()?;
        let dotted = |at: usize, next: usize| text.at(at) == b'.' && text.at(next).is_ascii_digit();
        // `10.0.0.0/8` is a network, nobody's host.
        let network = text.at(self.end) == b'/' && text.at(self.end + 1).is_ascii_digit();
        if network
            || dotted(self.end, self.end + 1)
            || text.before(self.start) == b'.'
            || address.is_loopback()
            || address.is_multicast()
            || address.is_documentation()
            || address.is_unspecified()
            || address.octets().first().is_some_and(|first| *first == 0 || *first == 255)
            || context::before(text, self.start, 10, context::VERSION).is_some()
        {
            return None;
        }
        // Small numbers are a version more often than a host.
        let small = address.octets().iter().all(|octet| *octet < 50)
            && address.octets().first().is_some_and(|first| *first < 10);
        if small
            && context::before(text, self.start, 12, &["ip", "host", "address", "地址"]).is_none()
        {
            return None;
        }
        Some(self.found(Kind::Ip, 0.9, vec![Why::Pattern("ipv4")]))
    }

    fn phone(&self) -> Option<Finding> {
        let text = self.text;
        let mut start = self.start;
        if self.leads {
            let mut at = start;
            if text.before(at) == b'(' {
                at -= 1;
            }
            if text.before(at) == b'+' {
                at -= 1;
            }
            let opened = text.at(at) == b'+' || text.bytes(self.start, self.end).contains(&b')');
            if opened {
                start = at;
            }
        }
        if self.digits.len() < 6
            || self.digits.len() > 17
            || word(text.at(self.end)) && !extension(text, self.end)
        {
            return None;
        }
        let left = text.before(start);
        if text.at(start) == b'+' && left.is_ascii_alphanumeric() {
            return None;
        }
        let joined =
            start == self.start && text.before(start.saturating_sub(1)).is_ascii_alphanumeric();
        if left == b'_'
            || left.is_ascii_digit()
            || left == b'+'
            || joined && matches!(left, b'.' | b'-' | b'#')
            || joined && left == b'/' && !behind_mobile(text, start - 1)
            || joined && left == b'=' && fraction(text, self.end)
        {
            return None;
        }
        let plus = text.bytes(start, self.start).contains(&b'+');
        let span = (start, self.end);
        if let Some(finding) = self.chinese(span, plus) {
            return Some(finding);
        }
        // Behind `name=` any number may stand; a mobile one of the mainland shows itself, another one its name must announce.
        let unnamed = joined
            && (left == b'/'
                || left == b'=' && context::before(text, start, 16, context::PHONE_KEYS).is_none());
        if left.is_ascii_alphabetic() && !plus || unnamed {
            return None;
        }
        self.foreign(span, plus)
    }

    fn chinese(&self, span: (usize, usize), plus: bool) -> Option<Finding> {
        let digits = self.digits;
        // `139/1234/5678` as mobile numbers are grouped; anything else between such marks is none.
        let mixed = self.text.bytes(self.start, self.end).contains(&b'_') && self.uniform != b'_';
        let grouped = self.sizes.get() == [3, 4, 4] && mobile(digits);
        if self.marked() && !grouped || mixed {
            return None;
        }
        let national = if plus { digits.strip_prefix(b"86") } else { None }
            .or_else(|| digits.strip_prefix(b"0086"))
            .or_else(|| digits.strip_prefix(b"86").filter(|rest| rest.len() == 11))
            .unwrap_or(digits);
        let coded = national.len() != digits.len();
        let near = || context::near(self.text, span, 16, context::PHONE);
        // Long-distance calls dial a zero before a mobile number too; other numbers of twelve digits begin so as well.
        let dialled = || context::before(self.text, span.0, 12, context::DIALLED).is_some();
        let trunk = national.strip_prefix(b"0").filter(|rest| rest.len() == 11 && mobile(rest));
        let national = trunk.filter(|_| coded || dialled()).unwrap_or(national);
        if national.len() == 11 && mobile(national) && (coded || !plus) {
            let groups = self.sizes.get().len();
            let near = near();
            if groups > 5 || groups > 1 && !coded && near.is_none() && self.uniform == 1 {
                return None;
            }
            let mut why = vec![Why::Pattern("cn-mobile")];
            why.extend(near.map(|word| Why::Context(word.to_owned())));
            let score = if near.is_some() || coded { 0.99 } else { 0.85 };
            return Some(Finding::new(Kind::Phone, span, score, why));
        }
        let bare = self.sizes.get().len() == 1;
        let fixed = match national {
            [b'4' | b'8', b'0', b'0', ..] if national.len() == 10 => {
                self.sizes.get().starts_with(&[3])
                    || self.sizes.get().starts_with(&[4])
                    || near().is_some_and(|word| !word.is_ascii())
            }
            [b'0', b'1', b'0', rest @ ..] | [b'0', b'2', b'0'..=b'9', rest @ ..] if !plus => {
                rest.len() == 8
                    && rest.first().is_some_and(|d| (b'2'..=b'8').contains(d))
                    && (bare || self.sizes.get().first() == Some(&3))
                    && (!bare || near().is_some())
            }
            [b'0', b'3'..=b'9', _, _, rest @ ..] => {
                matches!(rest.len(), 7 | 8)
                    && rest.first().is_some_and(|d| (b'2'..=b'8').contains(d))
                    && (self.sizes.get().first() == Some(&4) || bare && near().is_some())
            }
            _ if coded && plus => (9..=11).contains(&national.len()),
            _ => false,
        };
        if !fixed {
            return None;
        }
        let end = extended(self.text, span.1);
        Some(Finding::new(Kind::Phone, (span.0, end), 0.85, vec![Why::Pattern("cn-fixed")]))
    }

    fn foreign(&self, (start, end): (usize, usize), plus: bool) -> Option<Finding> {
        let (text, digits, sizes) = (self.text, self.digits, self.sizes.get());
        let decimal = self.uniform == b'.' && sizes.len() == 2 && sizes != [3, 4];
        if self.uniform == b'/' || decimal && !plus || sizes.len() > 6 {
            return None;
        }
        if text.bytes(start, end).contains(&b'_') {
            return None;
        }
        let stop = extended(text, end);
        let hit = |score, name| {
            Some(Finding::new(Kind::Phone, (start, stop), score, vec![Why::Pattern(name)]))
        };
        let number = text.at(end) == b'.' && text.at(end + 1).is_ascii_digit()
            || self.uniform == b'.' && sizes.len() == 2;
        if plus && !number && (8..=15).contains(&digits.len()) && !digits.starts_with(b"0") {
            return hit(0.9, "international");
        }
        let national = digits
            .strip_prefix(b"001")
            .filter(|rest| rest.len() == 10)
            .or_else(|| digits.strip_prefix(b"1").filter(|rest| rest.len() == 10))
            .unwrap_or(digits);
        let area_ok = national.first().is_some_and(|d| *d >= b'2')
            && national.get(3).is_some_and(|d| *d >= b'2');
        let tail = sizes.ends_with(&[3, 3, 4]);
        let shaped = self.uniform != 1
            || text.bytes(start, end).contains(&b')')
            || national.len() < digits.len();
        if shaped
            && national.len() == 10
            && tail
            && self.sizes.get().len() <= 5
            && (area_ok || self.uniform != b' ')
        {
            return hit(if area_ok { 0.8 } else { 0.6 }, "nanp");
        }
        // Ofcom's plan: 07 mobiles, 01 and 02 areas, as they are grouped.
        let british = digits.len() == 11 && (!shaped || self.uniform == b' ' || self.uniform == 1)
            || digits.len() == 11 && self.uniform == b'-';
        let grouped = match digits {
            [b'0', b'7', b'1'..=b'9', ..] => {
                matches!(sizes, [5, 6] | [5, 3, 3] | [4, 3, 4] | [3, 4, 4])
            }
            [b'0', b'1', ..] => matches!(sizes, [4, 3, 4] | [5, 6] | [4, 7] | [5, 3, 3]),
            [b'0', b'2', ..] => matches!(sizes, [3, 4, 4] | [3, 8]),
            _ => false,
        };
        if british && grouped {
            return hit(0.7, "uk");
        }
        let (local, status) = (digits.len() < 9, answered(text, start, sizes));
        let near = if local {
            context::unserved(text, (start, stop), 40, context::PHONE).filter(|_| !status)?
        } else {
            context::near(text, (start, stop), 40, context::PHONE)?
        };
        let first_ok =
            sizes.iter().all(|size| *size <= 11) && !(self.uniform == b'.' && sizes.len() > 5);
        let short = digits.len() < 7 && (sizes.len() < 2 || near == "number");
        let long_enough = !short
            && text.before(start) != b'='
            && (sizes.len() > 1 || near != "number" || digits.len() >= 9)
            && (digits.len() >= 10 || sizes.len() >= 2 || near.len() > 3);
        if !first_ok || self.dated((start, end)) || !long_enough || digits.len() > 13 {
            return None;
        }
        let why = vec![Why::Context(near.to_owned()), Why::Pattern("phone")];
        Some(Finding::new(Kind::Phone, (start, stop), 0.65, why))
    }

    /// Whether the digits are years, a day, or a day with what is numbered on it.
    fn dated(&self, (start, end): (usize, usize)) -> bool {
        let (text, digits, sizes) = (self.text, self.digits, self.sizes.get());
        let year = |digits: &[u8]| digits.starts_with(b"19") || digits.starts_with(b"20");
        let years = sizes == [4, 4] && (year(digits) || digits.get(4..).is_some_and(year));
        // `20231020` is a day unless the telephone's word stands right before it.
        let compact = sizes == [8]
            && year(digits)
            && birthday(digits)
            && context::before(text, start, 8, context::PHONE).is_none();
        // `20240506-0031` is a day with what is numbered on it, whatever stands before.
        let more = sizes.len() > 1 || separator(text.at(end)) && text.at(end + 1).is_ascii_digit();
        let serial = more
            && sizes.first() == Some(&8)
            && digits.get(..8).is_some_and(|day| year(day) && birthday(day));
        years
            || compact
            || serial
            || sizes.len() == 3
                && sizes.first() == Some(&4)
                && sizes.get(1).is_some_and(|s| *s <= 2)
                && sizes.get(2).is_some_and(|s| *s <= 2)
    }
}

/// Whether eleven digits that end at an index are a mobile number: the first of `13712345678/13612345678`.
fn behind_mobile(text: &Text<'_>, end: usize) -> bool {
    let from = end.saturating_sub(11);
    let digits = text.bytes(from, end);
    digits.len() == 11
        && digits.iter().all(u8::is_ascii_digit)
        && !text.before(from).is_ascii_digit()
        && mobile(digits)
}

/// Whether a point and a digit follow.
fn fraction(text: &Text<'_>, end: usize) -> bool {
    text.at(end) == b'.' && text.at(end + 1).is_ascii_digit()
}

/// `" 200 512`: a server's status and how many bytes it sent, behind the quoted request of its log.
fn answered(text: &Text<'_>, start: usize, sizes: &[usize]) -> bool {
    sizes.first() == Some(&3)
        && matches!(text.at(start), b'1'..=b'5')
        && text.before(start) == b' '
        && text.before(start.saturating_sub(1)) == b'"'
}

fn extension(text: &Text<'_>, at: usize) -> bool {
    matches!(text.at(at), b'x' | b'e')
        && (text.at(at + 1).is_ascii_digit() || text.at(at + 1) == b'x')
}

/// The end including `x123`, ` ext. 123`, `转123`.
fn extended(text: &Text<'_>, end: usize) -> usize {
    let mut at = end;
    if text.at(at) == b' ' {
        at += 1;
    }
    if text.char_at(at) == '转' {
        at += 1;
    } else if text.bytes(at, at + 3).eq_ignore_ascii_case(b"ext") {
        at += 3;
        while matches!(text.at(at), b'.' | b' ') {
            at += 1;
        }
    } else if text.at(at) == b'x' && at == end {
        at += 1;
    } else {
        return end;
    }
    let from = at;
    while text.at(at).is_ascii_digit() && at < from + 6 {
        at += 1;
    }
    if at > from { at } else { end }
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0') % 10))
}

/// Mainland mobile segments.
pub(crate) fn mobile(digits: &[u8]) -> bool {
    match digits {
        [b'1', b'3' | b'8' | b'9', ..] => true,
        [b'1', b'4', third, ..] => *third != b'2' && *third != b'3',
        [b'1', b'5', third, ..] => *third != b'4',
        [b'1', b'6', third, ..] => matches!(third, b'2' | b'5' | b'6' | b'7'),
        [b'1', b'7', third, ..] => *third != b'9',
        _ => false,
    }
}

/// Whose number it is, by issuer range (ISO/IEC 7812; `UnionPay` 62 and the older ranges of Chinese banks).
fn issuer(digits: &[u8]) -> Option<Kind> {
    const CHINESE: &[&[u8]] = &[
        b"62", b"60138", b"6019", b"9558", b"9559", b"436742", b"436745", b"456351", b"552245",
        b"404117", b"404118", b"403361", b"404119", b"421349", b"434061", b"434062", b"524094",
        b"526410", b"623", b"81",
    ];
    let length = digits.len();
    if (16..=19).contains(&length) && CHINESE.iter().any(|prefix| digits.starts_with(prefix)) {
        return Some(Kind::BankCard);
    }
    let four = number(digits.get(..4)?);
    let scheme = match four {
        4000..=4999 => matches!(length, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => length == 16,
        3400..=3499 | 3700..=3799 => length == 15,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => matches!(length, 14 | 16),
        3528..=3589 => (16..=19).contains(&length),
        6011 | 6440..=6599 | 8100..=8171 => (16..=19).contains(&length),
        1800 | 2131 => length == 15,
        5000 | 5018 | 5020 | 5038 | 5600..=5899 | 6304 | 6759 | 6761..=6763 => {
            (12..=19).contains(&length)
        }
        _ => false,
    };
    scheme.then_some(Kind::CreditCard)
}
