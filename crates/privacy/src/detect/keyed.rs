//! Types that only a word before them makes what they are: dates of birth, accounts, passports, licences, coordinates.

use super::assigned::{self, Sort};
use super::finding::{Finding, Kind, Why};
use super::medical::{self, Record};
use super::normal::{HAN, Text};
use crate::calendar::Day;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::Regex;

/// What a word announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Birth,
    Wechat,
    Qq,
    Passport,
    Licence,
    Gps,
    SecretKey,
    /// A permit of those who are no citizens of the mainland.
    Permit,
    /// A name that a password or key is assigned to.
    Assigned(Sort),
    /// A client whose option is a password.
    Client,
    /// What ends a day of birth right before it: `1961/11/09生的`.
    Born,
    /// A number of a patient or of who treats.
    Medical(Record),
}

const WORDS: &[(&str, Topic)] = &[
    ("出生", Topic::Birth),
    ("生日", Topic::Birth),
    ("生于", Topic::Birth),
    ("birth", Topic::Birth),
    ("born", Topic::Birth),
    ("dob", Topic::Birth),
    ("bday", Topic::Birth),
    ("b-day", Topic::Birth),
    ("生的", Topic::Born),
    ("生人", Topic::Born),
    ("日生人", Topic::Born),
    ("日生，", Topic::Born),
    ("日生,", Topic::Born),
    ("日生。", Topic::Born),
    ("月生人", Topic::Born),
    ("月生，", Topic::Born),
    ("月生,", Topic::Born),
    ("月生。", Topic::Born),
    ("生", Topic::Born),
    ("b.day", Topic::Birth),
    ("d.o.b", Topic::Birth),
    ("微信", Topic::Wechat),
    ("wechat", Topic::Wechat),
    ("weixin", Topic::Wechat),
    ("vx", Topic::Wechat),
    ("加v", Topic::Wechat),
    ("加我v", Topic::Wechat),
    ("加个v", Topic::Wechat),
    ("+v", Topic::Wechat),
    ("v信", Topic::Wechat),
    ("薇信", Topic::Wechat),
    ("qq", Topic::Qq),
    ("扣扣", Topic::Qq),
    ("企鹅号", Topic::Qq),
    ("护照", Topic::Passport),
    ("passport", Topic::Passport),
    ("driver", Topic::Licence),
    ("driving licen", Topic::Licence),
    ("dvla", Topic::Licence),
    ("license no", Topic::Licence),
    ("licence no", Topic::Licence),
    ("license #", Topic::Licence),
    ("license number", Topic::Licence),
    ("licence number", Topic::Licence),
    ("dl:", Topic::Licence),
    ("dl#", Topic::Licence),
    ("dl #", Topic::Licence),
    ("dl number", Topic::Licence),
    ("dl no", Topic::Licence),
    ("驾驶证", Topic::Licence),
    ("驾照", Topic::Licence),
    ("gps", Topic::Gps),
    ("坐标", Topic::Gps),
    ("经纬度", Topic::Gps),
    ("latitude", Topic::Gps),
    ("北纬", Topic::Gps),
    ("东经", Topic::Gps),
    ("纬度", Topic::Gps),
    ("经度", Topic::Gps),
    ("lat", Topic::Gps),
    ("secret_access_key", Topic::SecretKey),
    ("secret access key", Topic::SecretKey),
    ("accountkey=", Topic::SecretKey),
    ("accesskeysecret", Topic::SecretKey),
    ("台胞证", Topic::Permit),
    ("通行证", Topic::Permit),
    ("回乡证", Topic::Permit),
    ("永久居留", Topic::Permit),
    ("居留证", Topic::Permit),
    ("mysql", Topic::Client),
    ("mysqldump", Topic::Client),
    ("mysqladmin", Topic::Client),
    ("mariadb", Topic::Client),
];

/// All words with their topics.
fn words() -> impl Iterator<Item = (&'static str, Topic)> {
    let assigned = assigned::NAMES.iter().map(|(word, sort)| (*word, Topic::Assigned(*sort)));
    let medical = medical::NAMES.iter().map(|(word, record)| (*word, Topic::Medical(*record)));
    WORDS.iter().copied().chain(assigned).chain(medical)
}

/// Words that, as what a column is called, announce what stands in it.
pub(crate) fn titles() -> impl Iterator<Item = &'static str> {
    words()
        .filter(|(_, topic)| !matches!(topic, Topic::Born | Topic::Client | Topic::Gps))
        .map(|(word, _)| word)
}

/// Finds topics by their words, then looks behind each.
#[derive(Debug)]
pub(crate) struct Keyed {
    words: AhoCorasick,
    topics: Vec<(&'static str, Topic)>,
    date: Regex,
    wechat: Regex,
    qq: Regex,
    passport: Regex,
    permit: Regex,
    licence: Regex,
    gps: Regex,
    key: Regex,
    connection: Regex,
}

fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(pattern).unicode(false).build()
}

const DATE: &str = r"(?i)^(?:19|20)\d\d ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2}\b|^(?:19|20)\d\d ?\x80 ?\d{1,2} ?\x80(?: ?\d{1,2} ?\x80)?|^\d\d ?\x80 ?\d{1,2} ?\x80(?: ?\d{1,2} ?\x80)?|^(?:19|20)\d{6}\b|^\d{1,2}[-/.]\d{1,2}[-/.](?:(?:19|20)\d\d|\d\d)\b|^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b|^\d{1,2}(?:st|nd|rd|th)?[ -](?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[ -](?:19|20)\d\d\b";

impl Keyed {
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self {
            words: AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .kind(Some(aho_corasick::AhoCorasickKind::DFA))
                .build(words().map(|(word, _)| word))?,
            topics: words().collect(),
            date: regex(DATE)?,
            wechat: regex(
                r"^[A-Za-z][A-Za-z0-9_-]{5,19}\b|^1[3-9]\d{9}\b|^[a-z0-9_-]*[0-9_][A-Za-z0-9_-]{5,19}\b",
            )?,
            qq: regex(r"^[1-9]\d{4,10}\b")?,
            passport: regex(
                r"^(?:[A-Za-z]{1,2} ?\d{6,8}|[A-Za-z]\d{4} \d{4}|[A-Za-z]\d{2}[A-Za-z]{2}\d{4}|E[A-Za-z]\d{7}|\d{8,9})\b",
            )?,
            permit: regex(
                r"^(?:[A-Z]{3}\d{12}|[HMhm]\d{8}(?:\d\d)?|[A-Za-z]{1,2} ?\d{6,8}|9\d{17}|\d{8,9}|\d{10}(?:\(?[A-Z0-9]\)?)?)\b",
            )?,
            licence: regex(
                r"^(?:[A-Z]{0,5}[- ]?\d{5,14}(?:[- ]\d{2,6}){0,4}[A-Z]{0,3}|[A-Z]\d{3}[- ]\d{3}[- ]\d{2}[- ]\d{3}[- ]\d|[A-Z]\d{3,4}(?:[- ]\d{2,5}){2,4}|[A-Z]{1,3}\d{2,6}[A-Z0-9]{2,10}|\d{2,3}[A-Z]{2,3}\d{4,5})\b",
            )?,
            gps: regex(r"^(?:[-+]?\d{1,3}\.\d{3,})(?:\xb0)?")?,
            key: regex(r#"^["']?[A-Za-z0-9+/]{40,88}={0,2}"#)?,
            connection: regex(r#"^[^\s;"'<>${}%*\x80-\xff]{6,64}(?:;|$)"#)?,
        })
    }

    /// Looks at each word's surroundings.
    pub(crate) fn find(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        for hit in self.words.find_iter(text.raw()) {
            let Some((word, topic)) = self.topics.get(hit.pattern().as_usize()) else { continue };
            let start = text.index_of(hit.start());
            let end = text.index_of(hit.end());
            // `dbPassword` is a password.
            let camel = matches!(topic, Topic::Assigned(_)) && text.at(start).is_ascii_uppercase();
            let within = text.before(start).is_ascii_alphabetic()
                && !(camel && text.before(start).is_ascii_lowercase());
            if word.is_ascii() && within {
                continue;
            }
            if *topic == Topic::Wechat && !account(text, (start, end), word) {
                continue;
            }
            self.behind(text, (start, end), word, *topic, found);
        }
    }

    fn behind(
        &self,
        text: &Text<'_>,
        (start, end): (usize, usize),
        word: &'static str,
        topic: Topic,
        found: &mut Vec<Finding>,
    ) {
        let (kind, pattern, reach, score) = match topic {
            Topic::Birth => (Kind::BirthDate, &self.date, 40, 0.9),
            Topic::Wechat => (Kind::Wechat, &self.wechat, 12, 0.85),
            Topic::Qq => (Kind::Qq, &self.qq, 10, 0.85),
            Topic::Passport => (Kind::Passport, &self.passport, 24, 0.9),
            Topic::Licence => (Kind::DriverLicence, &self.licence, 40, 0.8),
            Topic::Gps => return coordinates(text, end, &self.gps, word, found),
            Topic::Permit => (Kind::Passport, &self.permit, 16, 0.9),
            Topic::Client => return found.extend(assigned::option(text, end)),
            Topic::Born => return self.born(text, start, word, found),
            Topic::Medical(record) => {
                return found.extend(medical::behind(text, end, word, record));
            }
            Topic::Assigned(sort) => {
                if matches!(word, "password" | "pwd") && text.at(end) == b'=' {
                    self.password(text, start, end + 1, found);
                }
                return found.extend(assigned::value(text, (start, end), word, sort));
            }
            Topic::SecretKey => {
                if let Some(finding) = assigned::value(text, (start, end), word, Sort::Token) {
                    return found.push(finding);
                }
                (Kind::Secret, &self.key, 12, 0.9)
            }
        };
        let found_before = found.len();
        // 1960.06.04出生，住…: what comes behind is another's number.
        if word == "出生" && !"日年月时地证".contains(text.char_at(end)) {
            self.born(text, start, word, found);
            if found.len() > found_before {
                return;
            }
        }
        for at in end..(end + reach).min(text.len()) {
            if text.at(at) == b'\n' && at > end + 2 {
                break;
            }
            let fresh = at == end || !text.before(at).is_ascii_alphanumeric();
            if !fresh || !text.at(at).is_ascii_alphanumeric() {
                // A clause ends the announcement of an account.
                if matches!(text.char_at(at), '。' | '；' | ';') && topic != Topic::Birth {
                    break;
                }
                continue;
            }
            if let Some(hit) = pattern.find(text.bytes(at, at + 120)) {
                let span = (at, at + hit.end());
                if fits(text, topic, span) {
                    found.push(Finding::new(
                        kind.clone(),
                        span,
                        score,
                        vec![Why::Context(word.to_owned()), Why::Pattern("after-word")],
                    ));
                    break;
                }
            }
        }
        if topic == Topic::Birth && found.len() == found_before {
            self.birth_before(text, start, word, found);
        }
        if topic == Topic::Birth && found.len() == found_before {
            let spelled = (end..end + 8).find_map(|at| spelled_day(text, at)).or_else(|| {
                let near = |day: &(usize, usize)| start.saturating_sub(day.1) <= 2;
                let mut before = start.saturating_sub(14)..start;
                before.find_map(|at| spelled_day(text, at).filter(near))
            });
            if let Some(span) = spelled {
                let why = vec![Why::Context(word.to_owned()), Why::Pattern("spelled-day")];
                found.push(Finding::new(Kind::BirthDate, span, 0.9, why));
            }
        }
    }

    /// `1990年3月出生`: the day stands before its word.
    fn birth_before(
        &self,
        text: &Text<'_>,
        start: usize,
        word: &'static str,
        found: &mut Vec<Finding>,
    ) {
        for at in start.saturating_sub(14)..start {
            if text.at(at).is_ascii_digit()
                && !text.before(at).is_ascii_alphanumeric()
                && let Some(hit) = self.date.find(text.bytes(at, start))
            {
                let span = (at, at + hit.end());
                if fits(text, Topic::Birth, span) && start - span.1 <= 4 {
                    let why = vec![Why::Context(word.to_owned()), Why::Pattern("before-word")];
                    found.push(Finding::new(Kind::BirthDate, span, 0.85, why));
                    return;
                }
            }
        }
    }

    /// `1961/11/09生的`, `1961年11月9日生，`: nothing stands between the day and its word, or a blank, `1972.02.02 生`.
    fn born(&self, text: &Text<'_>, start: usize, word: &'static str, found: &mut Vec<Finding>) {
        // The word's first character may be the day's last.
        let end = start + usize::from(!word.starts_with(['生', '出']));
        let end = if word == "生" {
            if text.at(start + 1) == HAN {
                return;
            }
            end - usize::from(text.before(end) == b' ')
        } else {
            end
        };
        for at in end.saturating_sub(14)..end {
            if !text.at(at).is_ascii_digit() || text.before(at).is_ascii_alphanumeric() {
                continue;
            }
            let whole = self.date.find(text.bytes(at, end)).filter(|hit| at + hit.end() == end);
            if whole.is_some() && fits(text, Topic::Birth, (at, end)) {
                let why = vec![Why::Context(word.to_owned()), Why::Pattern("before-word")];
                found.push(Finding::new(Kind::BirthDate, (at, end), 0.85, why));
                return;
            }
        }
    }

    /// A day in a cell, or in brackets, after a person: `| Ann Lee | 1987-04-02 |`, `Ann Lee (2 April 1987)`, `Lee, Ann, female, 02/04/1987`.
    /// Days of the last years are rather when something was written.
    pub(crate) fn births(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let persons: Vec<usize> =
            found.iter().filter(|one| one.kind == Kind::Person).map(|one| one.end).collect();
        for end in persons {
            let mut at = end;
            let mut parted = false;
            while at < end + 4 && matches!(text.at(at), b' ' | b',' | b'|' | b';' | b'(' | b'\t') {
                parted |= text.at(at) != b' ';
                at += 1;
            }
            for word in [&b"female"[..], b"male", b"F", b"M"] {
                let next = at + word.len();
                if parted
                    && text.bytes(at, next).eq_ignore_ascii_case(word)
                    && matches!(text.at(next), b' ' | b',' | b'|' | b';')
                {
                    at = next;
                    while at < next + 3 && matches!(text.at(at), b' ' | b',' | b'|' | b';') {
                        at += 1;
                    }
                }
            }
            if !parted || !text.at(at).is_ascii_alphanumeric() {
                continue;
            }
            let Some(hit) = self.date.find(text.bytes(at, at + 40)) else { continue };
            let span = (at, at + hit.end());
            let token = text.slice(span.0, span.1);
            let year = token
                .split(|letter: char| !letter.is_ascii_digit())
                .filter_map(|part| part.get(..4).filter(|_| part.len() == 4 || part.len() == 8))
                .find_map(|part| part.parse::<u32>().ok());
            if year.is_some_and(|year| (1900..=2012).contains(&year))
                && fits(text, Topic::Birth, span)
            {
                let why = vec![Why::Context("person".to_owned()), Why::Pattern("after-person")];
                found.push(Finding::new(Kind::BirthDate, span, 0.6, why));
            }
        }
    }

    /// `Server=…;Password=…;`: only inside a connection string.
    fn password(&self, text: &Text<'_>, start: usize, end: usize, found: &mut Vec<Finding>) {
        let line: Vec<u8> = text.bytes(start.saturating_sub(120), start).to_ascii_lowercase();
        let listed = [&b"server="[..], b"host=", b"user id=", b"uid=", b"data source=", b"user="]
            .iter()
            .any(|word| memchr::memmem::find(&line, word).is_some());
        if listed && let Some(hit) = self.connection.find(text.bytes(end, end + 80)) {
            let stop = end + hit.end() - usize::from(text.before(end + hit.end()) == b';');
            found.push(Finding::new(
                Kind::Secret,
                (end, stop),
                0.85,
                vec![Why::Pattern("connection-string")],
            ));
        }
    }
}

/// Whether a word for `WeChat` that is hardly more than a letter announces an account: `+v：abc_123`, but no `加vip123456`, `tv信号`, `a+v`.
fn account(text: &Text<'_>, (start, end): (usize, usize), word: &str) -> bool {
    let foreign = match word {
        "+v" => text.is_ascii() || !matches!(text.at(end), b':' | b' ' | b'='),
        "v信" => text.before(start).is_ascii_alphabetic(),
        _ => false,
    };
    let member = word.ends_with('v') && text.bytes(end, end + 2).eq_ignore_ascii_case(b"ip");
    !foreign && !member
}

/// What a regular expression cannot say.
fn fits(text: &Text<'_>, topic: Topic, (start, end): (usize, usize)) -> bool {
    let token = text.bytes(start, end);
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    match topic {
        Topic::Birth => {
            let marks: Vec<char> =
                (start..end).filter(|at| text.at(*at) == HAN).map(|at| text.char_at(at)).collect();
            marks
                .iter()
                .zip(['年', '月', '日'])
                .all(|(found, wanted)| *found == wanted || wanted == '日' && *found == '号')
        }
        Topic::Wechat => {
            let lower = token.to_ascii_lowercase();
            !matches!(
                lower.as_slice(),
                b"wechat"
                    | b"weixin"
                    | b"number"
                    | b"account"
                    | b"payment"
                    | b"official"
                    | b"qrcode"
                    | b"please"
            ) && (digits > 0
                || token.contains(&b'_')
                || token.contains(&b'-')
                || matches!(text.before(start), b':' | b' '))
                && (digits > 0
                    || token.len() >= 6 && matches!(text.before(start), b':')
                    || !text.is_ascii())
        }
        Topic::Licence => digits >= 4,
        // In `no 29261729` the word is none of the number's letters, and eight digits may be the day of issue.
        Topic::Passport => {
            let word = token.get(..3).is_some_and(|front| front.eq_ignore_ascii_case(b"no "));
            let day = token.len() == 8
                && std::str::from_utf8(token)
                    .ok()
                    .and_then(Day::parse)
                    .is_some_and(|day| (1900..=2099).contains(&day.year));
            !word && !day
        }
        Topic::SecretKey => digits >= 2,
        _ => true,
    }
}

fn coordinates(
    text: &Text<'_>,
    end: usize,
    pattern: &Regex,
    word: &'static str,
    found: &mut Vec<Finding>,
) {
    let limit = (end + 16).min(text.len());
    for at in end..limit {
        let byte = text.at(at);
        if !(byte.is_ascii_digit() || matches!(byte, b'-' | b'+'))
            || text.before(at).is_ascii_digit()
            || text.before(at) == b'.'
        {
            continue;
        }
        if let Some(hit) = pattern.find(text.bytes(at, at + 40)) {
            let value: Option<f64> = std::str::from_utf8(text.bytes(at, at + hit.end()))
                .ok()
                .and_then(|v| v.parse().ok());
            let near = value.is_some_and(|value| value.abs() <= 180.0);
            if near && located(text, (end, at), at + hit.end(), pattern, value.unwrap_or_default())
            {
                let why = vec![Why::Context(word.to_owned()), Why::Pattern("coordinate")];
                found.push(Finding::new(Kind::Gps, (at, at + hit.end()), 0.75, why));
            }
            return;
        }
    }
}

/// `一九八七年十一月二十三日` at an index: a year digit by digit, a month, and mostly a day.
fn spelled_day(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let numerals = |at: usize, tens: bool| {
        let count = (at..at + 5).take_while(|at| {
            let letter = text.char_at(*at);
            letter != '\n'
                && (super::normal::numeral(letter).is_some()
                    || letter == '○'
                    || tens && matches!(letter, '十' | '廿' | '卅'))
        });
        count.count()
    };
    let first = text.char_at(start);
    if !matches!(first, '一' | '二' | '壹' | '贰')
        || numerals(start, false) != 4
        || text.char_at(start + 4) != '年'
    {
        return None;
    }
    let month = numerals(start + 5, true);
    if !(1..=3).contains(&month) || text.char_at(start + 5 + month) != '月' {
        return None;
    }
    let at = start + 6 + month;
    let day = numerals(at, true);
    let whole = (1..=3).contains(&day) && matches!(text.char_at(at + day), '日' | '号');
    Some((start, if whole { at + day + 1 } else { at }))
}

/// Whether one number is a coordinate: `经度 误差 0.002` speaks of something else, and a small number is one only beside its partner.
fn located(
    text: &Text<'_>,
    (end, start): (usize, usize),
    stop: usize,
    pattern: &Regex,
    value: f64,
) -> bool {
    const OTHERS: &[&str] = &[
        "误差",
        "偏差",
        "精度",
        "相差",
        "变化",
        "偏移",
        "分辨率",
        "error",
        "accuracy",
        "precision",
        "offset",
    ];
    let between = text.slice(end, start).to_lowercase();
    if OTHERS.iter().any(|word| between.contains(word)) {
        return false;
    }
    let other = |from: usize, to: usize| {
        (from..to.min(text.len())).any(|at| {
            let begins = text.at(at).is_ascii_digit()
                && !text.before(at).is_ascii_digit()
                && text.before(at) != b'.';
            begins && pattern.is_match(text.bytes(at, at + 20))
        })
    };
    value.abs() >= 1.0 || other(start.saturating_sub(40), start) || other(stop, stop + 40)
}

/// `39.9042, 116.4074` whose first number is at `start`: two decimals of at least four places, in range.
pub(crate) fn pair(text: &Text<'_>, start: usize) -> Option<Finding> {
    let (first, at) = decimal(text, start, 90.0)?;
    let mut next = at;
    if matches!(text.char_at(next), '°' | '度') {
        next += 1;
    }
    if matches!(text.at(next), b'N' | b'S') {
        next += 1;
    }
    if !matches!(text.at(next), b',' | b' ') && text.char_at(next) != '、' {
        return None;
    }
    let signed = next > at;
    next += 1;
    while text.at(next) == b' ' {
        next += 1;
    }
    let (second, stop) = decimal(text, next, 180.0)?;
    let mut end = stop;
    if text.char_at(end) == '°' {
        end += 1;
    }
    if matches!(text.at(end), b'E' | b'W') {
        end += 1;
    }
    let near = super::context::near(text, (start, end), 24, super::context::GPS);
    let marked = at < next - 2;
    let number = |from: usize, to: usize| text.slice(from, to).parse().unwrap_or(f64::MAX);
    // Where both are so small is nothing but the sea off Africa: any two fractions look like it.
    let sea = number(start, at).abs() < 4.0 && number(next, stop).abs() < 5.0;
    let fine = first.min(second) >= 4 || near.is_some() && first.min(second) >= 2;
    if !fine
        || sea && near.is_none() && !signed
        || !(near.is_some() || marked || first.min(second) >= 4 && text.at(at) == b',')
        || text.at(end) == b',' && near.is_none()
    {
        return None;
    }
    let mut why = vec![Why::Pattern("coordinates")];
    why.extend(near.map(|word| Why::Context(word.to_owned())));
    Some(Finding::new(Kind::Gps, (start, end), if near.is_some() { 0.95 } else { 0.6 }, why))
}

/// Places after the point and the index after the number, if its size is at most `most`.
fn decimal(text: &Text<'_>, start: usize, most: f64) -> Option<(usize, usize)> {
    let mut at = start + usize::from(matches!(text.at(start), b'-' | b'+'));
    let whole = at;
    while text.at(at).is_ascii_digit() {
        at += 1;
    }
    if at == whole || at > whole + 3 || text.at(at) != b'.' {
        return None;
    }
    let point = at;
    at += 1;
    while text.at(at).is_ascii_digit() {
        at += 1;
    }
    let value: f64 = std::str::from_utf8(text.bytes(whole, at)).ok()?.parse().ok()?;
    (value <= most && at - point - 1 <= 15).then_some((at - point - 1, at))
}
