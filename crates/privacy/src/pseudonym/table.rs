//! Consistent pseudonyms: the same value becomes the same plausible other value everywhere in a project.
//!
//! Numbers go through FF1, so that the way back needs only the key and two values never meet: telephones keep their first
//! three digits and whatever is dialled before them, cards their issuer and a right check digit, resident numbers stay valid with another region, birthday and
//! sequence. Names, addresses and other words are drawn by HMAC-SHA-256 from lists; a table from the drawn word to the
//! AES-SIV token of the original keeps two persons apart and leads back. The table holds nothing in the clear.

use super::ff1::{FEWEST, Ff1, MOST};
use crate::calendar::Day;
use crate::detect::{Kind, counties, credit_code_check, resident_check};
use crate::dialled::national;
use crate::token::{ColumnKeys, decrypt_value, encrypt_value};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ingot_base::{Fault, Personal, Result, Secret, fault, folded, unified};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Tokens of the table are bound to this name instead of a column's.
const DOMAIN: &str = "ingot:pseudonym";
/// Birthdays that are exchanged for each other: runs of days, each by its first, counted from 1970-01-01, and how many they are.
#[derive(Debug)]
struct Era {
    runs: &'static [(i64, u64)],
    /// Keeps the permutations of two eras apart.
    tweak: &'static [u8],
}

/// 1930-01-01 to 2019-12-31.
const USUAL: Era = Era { runs: &[(-14_610, 32_872)], tweak: b"" };
/// 1900-01-01 to 1929-12-31 and 2020-01-01 to 2035-12-31: the very old and the very young, among each other, so that nobody's pseudonym
/// within [`USUAL`] is anybody else's too.
const RARE: Era = Era { runs: &[(-25_567, 10_957), (18_262, 5_844)], tweak: b"rare birthdays" };

impl Era {
    fn days(&self) -> u64 {
        self.runs.iter().map(|(_, count)| count).sum()
    }

    /// The day of this number, as `19870402`.
    fn spelled(&self, mut number: u64) -> String {
        let mut date = 0;
        for (first, count) in self.runs {
            if number < *count {
                date = first + i64::try_from(number).unwrap_or(0);
                break;
            }
            number -= count;
        }
        let day = Day::from_epoch(date);
        format!("{:04}{:02}{:02}", day.year, day.month, day.of_month)
    }

    /// The number of the day that [`Self::spelled`] writes so.
    fn numbered(&self, born: &str) -> Option<u64> {
        let date = Day::parse(born)?.to_epoch();
        let mut before = 0;
        for (first, count) in self.runs {
            let within = u64::try_from(date - first).ok().filter(|day| day < count);
            if let Some(day) = within {
                return Some(before + day).filter(|number| self.spelled(*number) == born);
            }
            before += count;
        }
        None
    }
}
/// Draws of one length before the next.
const DRAWS: u64 = 16;

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙";
const FIRST: &str =
    "建国志明文晓海永春玉秀丽雪佳子俊浩宇梦思雨欣嘉一博天泽家美桂淑金红少立新振德光庆";
const SECOND: &str =
    "华军平英明玲芳伟强敏静杰磊勇娟涛超燕辉刚鹏婷琳宁洋峰霞兰飞洁颖宇轩涵怡彤琪瑶雯然源";
const STREETS: &[&str] = &[
    "人民", "中山", "解放", "建设", "和平", "长江", "文化", "新华", "胜利", "光明", "学府", "滨江",
];
const CITIES: &[&str] = &[
    "浙江省杭州市西湖区",
    "江苏省南京市鼓楼区",
    "四川省成都市武侯区",
    "湖北省武汉市洪山区",
    "山东省济南市历下区",
    "福建省厦门市思明区",
];
const FIRMS: &[&str] =
    &["星河", "远帆", "云杉", "青禾", "海澜", "瑞丰", "博远", "恒信", "天启", "蓝湾"];
const TRADES: &[&str] = &["科技", "信息技术", "贸易", "建筑", "教育咨询", "物流", "医药", "农业"];
const GIVEN_EN: &[&str] = &[
    "James", "Mary", "Robert", "Linda", "David", "Susan", "Thomas", "Karen", "Daniel", "Nancy",
    "Mark", "Laura", "Paul", "Emma", "Kevin", "Alice", "Brian", "Helen", "George", "Julia",
];
const FAMILY_EN: &[&str] = &[
    "Smith", "Brown", "Miller", "Davis", "Wilson", "Moore", "Taylor", "Clark", "Lewis", "Walker",
    "Hall", "Allen", "Young", "King", "Wright", "Scott", "Green", "Baker", "Adams", "Nelson",
    "Hill", "Campbell", "Mitchell", "Roberts",
];
const STREETS_EN: &[&str] = &[
    "Oak Street",
    "Maple Avenue",
    "Cedar Lane",
    "Park Road",
    "Lake Drive",
    "Hill Street",
    "River Road",
    "Elm Court",
];
const TOWNS_EN: &[&str] = &[
    "Springfield",
    "Riverton",
    "Fairview",
    "Greenville",
    "Madison",
    "Clinton",
    "Salem",
    "Georgetown",
];

/// The pseudonyms of a project.
#[derive(Debug)]
pub struct Pseudonyms {
    keys: ColumnKeys,
    cipher: Ff1,
    /// Kind and drawn word to the original's token.
    drawn: BTreeMap<(String, String), String>,
    /// Values of real people, which nobody gets as a pseudonym. In memory only.
    reserved: BTreeSet<String>,
}

impl Pseudonyms {
    /// An empty table under the project's keys.
    ///
    /// # Errors
    /// When a key has the wrong length.
    pub fn new(keys: ColumnKeys) -> Result<Self> {
        keys.check()?;
        let key = derive(&keys, b"ingot ff1 v1")?;
        Ok(Self {
            cipher: Ff1::new(&Secret::new(key))?,
            keys,
            drawn: BTreeMap::new(),
            reserved: BTreeSet::new(),
        })
    }

    /// Keeps a real value from being drawn for somebody else: whoever searches protected data for a person must not find
    /// another one's pseudonym. To be told of every value before the first pseudonym is asked for.
    pub fn reserve(&mut self, value: &str) {
        self.reserved.insert(folded(value));
    }

    /// The other value for a value of a type; the same every time.
    ///
    /// # Errors
    /// When a cipher refuses a value.
    pub fn of(&mut self, kind: &Kind, value: &str) -> Result<String> {
        if let Some(other) = self.number(kind, value, true)? {
            return Ok(other);
        }
        // The way back leads to the value as it was written first.
        let token = encrypt_value(&self.keys, DOMAIN, &Personal::new(canonical(value)))?;
        let one = one_value(kind, value);
        for attempt in 0..u64::MAX {
            let mut dice = Dice::new(&self.keys, kind, &one, attempt)?;
            let fake = widen(draw(kind, &one, &mut dice), attempt, &mut dice);
            let same = folded(&fake);
            if same == folded(value) || self.reserved.contains(&same) {
                continue;
            }
            let known = self
                .drawn
                .entry((kind.name().to_owned(), fake.clone()))
                .or_insert_with(|| token.clone());
            let own = *known == token
                || one_value(kind, decrypt_value(&self.keys, DOMAIN, known)?.expose()) == one;
            if own {
                return Ok(fake);
            }
        }
        Err(fault::internal("no pseudonym is left"))
    }

    /// The value behind a pseudonym.
    ///
    /// # Errors
    /// When this table and key did not make it.
    pub fn original(&self, kind: &Kind, fake: &str) -> Result<Personal<String>> {
        if let Some(token) = self.drawn.get(&(kind.name().to_owned(), fake.to_owned())) {
            return decrypt_value(&self.keys, DOMAIN, token);
        }
        self.number(kind, fake, false)?
            .map(Personal::new)
            .ok_or_else(|| Fault::new(&crate::messages::PSEUDONYM_UNKNOWN))
    }

    /// Takes out of the table what leads back to values that nobody may learn again: `gone` says it of each of some originals.
    ///
    /// # Errors
    /// When `gone` fails, or a token is not this key's.
    pub fn forget(
        &mut self,
        gone: impl FnOnce(&[Personal<String>]) -> Result<Vec<bool>>,
    ) -> Result<()> {
        let originals = self.originals()?.into_iter().map(|(_, original)| original);
        let originals: Vec<Personal<String>> = originals.collect();
        let mut gone = gone(&originals)?.into_iter();
        self.drawn.retain(|_, _| !gone.next().unwrap_or(false));
        Ok(())
    }

    /// Every word of the table, and the value behind it.
    ///
    /// # Errors
    /// When a token is not this key's.
    pub fn originals(&self) -> Result<Vec<(&str, Personal<String>)>> {
        let all = self.drawn.iter();
        all.map(|((_, fake), token)| Ok((&**fake, decrypt_value(&self.keys, DOMAIN, token)?)))
            .collect()
    }

    /// The types of the words in the table.
    pub fn kinds(&self) -> BTreeSet<&str> {
        self.drawn.keys().map(|(kind, _)| kind.as_str()).collect()
    }

    /// Whether the table has this word of a type.
    pub fn has(&self, kind: &Kind, fake: &str) -> bool {
        self.drawn.contains_key(&(kind.name().to_owned(), fake.to_owned()))
    }

    /// The table as lines of kind, pseudonym and token, separated by tabs.
    pub fn lines(&self) -> String {
        self.drawn.iter().fold(String::new(), |mut out, ((kind, fake), token)| {
            for part in [kind.as_str(), "\t", fake, "\t", token, "\n"] {
                out.push_str(part);
            }
            out
        })
    }

    /// Adds the lines of [`Self::lines`].
    ///
    /// # Errors
    /// When a line has another form or its token is not this key's.
    pub fn load(&mut self, lines: &str) -> Result<()> {
        for line in lines.lines() {
            let mut fields = line.split('\t');
            let (Some(kind), Some(fake), Some(token), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                return Err(Fault::new(&crate::messages::PSEUDONYM_UNKNOWN));
            };
            decrypt_value(&self.keys, DOMAIN, token)?;
            self.drawn.insert((kind.to_owned(), fake.to_owned()), token.to_owned());
        }
        Ok(())
    }

    /// Types that are digits, forward or back; `None` for words, and for numbers too short for FF1's domain of a million: those are
    /// drawn and kept in the table like words, so that nobody finds them by trying all.
    fn number(&self, kind: &Kind, value: &str, forward: bool) -> Result<Option<String>> {
        let digits: Vec<u8> = value.chars().filter_map(digit).collect();
        let other = match kind {
            Kind::ResidentId => {
                let upper = value.chars().any(|letter| matches!(letter, 'X' | 'x' | 'Ｘ'));
                let front = digits.get(..17).unwrap_or_default();
                let whole = digits.len() + usize::from(upper) == 18;
                return if whole {
                    Ok(self.resident(value, front, forward)?)
                } else {
                    self.plain(value, &digits, (digits.len(), &[]), forward)
                };
            }
            Kind::BankCard | Kind::CreditCard => self.card(&digits, forward)?,
            Kind::Phone if digits.len() >= 9 => {
                let mut front = telephone(value, &digits);
                let back = 8.min(front.len().saturating_sub(3));
                front.truncate(front.len() - back);
                return self.plain(value, &digits, (back, &front), forward);
            }
            Kind::Ssn | Kind::Passport | Kind::Qq | Kind::DriverLicence | Kind::MedicalId => {
                return self.plain(value, &digits, (digits.len(), &[]), forward);
            }
            _ => None,
        };
        Ok(other.map(|other| put(value, &other)))
    }

    fn turn(&self, digits: &[u8], tweak: &[u8], forward: bool) -> Result<Vec<u8>> {
        if forward {
            self.cipher.encrypt(digits, tweak)
        } else {
            self.cipher.decrypt(digits, tweak)
        }
    }

    /// The last so many digits, in place, under a tweak.
    fn plain(
        &self,
        value: &str,
        digits: &[u8],
        (count, tweak): (usize, &[u8]),
        forward: bool,
    ) -> Result<Option<String>> {
        let (front, back) = digits.split_at(digits.len().saturating_sub(count));
        if !(FEWEST..=MOST).contains(&back.len()) {
            return Ok(None);
        }
        let mut other = front.to_vec();
        other.extend(self.turn(back, tweak, forward)?);
        Ok(Some(put(value, &other)))
    }

    /// Issuer (six digits), FF1, check digit.
    fn card(&self, digits: &[u8], forward: bool) -> Result<Option<Vec<u8>>> {
        let Some((check, body)) = digits.split_last() else { return Ok(None) };
        // The way back ends in the right check digit; a number with another one goes through the table.
        if forward && *check != luhn_check(body) {
            return Ok(None);
        }
        let Some((issuer, middle)) = body.split_at_checked(6) else { return Ok(None) };
        if !(FEWEST..=MOST).contains(&middle.len()) {
            return Ok(None);
        }
        let mut other = issuer.to_vec();
        other.extend(self.turn(middle, issuer, forward)?);
        other.push(luhn_check(&other));
        Ok(Some(other))
    }

    /// Walks the cycle of FF1 over region × birthday × sequence until it meets a valid number again: a permutation of the
    /// valid numbers of one era. A region that is no longer in the code table is kept.
    fn resident(&self, value: &str, front: &[u8], forward: bool) -> Result<Option<String>> {
        let text = std::str::from_utf8(front).unwrap_or_default();
        let (Some(region), Some(born), Some(sequence)) =
            (text.get(..6), text.get(6..14), text.get(14..))
        else {
            return Ok(None);
        };
        let region: u32 = region.parse().unwrap_or_default();
        let sequence: u64 = sequence.parse().unwrap_or_default();
        let numbered = |era: &'static Era| era.numbered(born).map(|day| (era, day));
        let Some((era, day)) = numbered(&USUAL).or_else(|| numbered(&RARE)) else {
            return Ok(None);
        };
        let days = era.days();
        // As for cards: the way back ends in the right check character.
        let last = value.chars().rev().find_map(|letter| match letter {
            'X' | 'x' | 'Ｘ' => Some(b'X'),
            _ => digit(letter),
        });
        if forward && last != resident_check(front) {
            return Ok(None);
        }
        let listed = counties().binary_search(&region).ok();
        let regions = if listed.is_some() { counties().len() } else { 1 };
        let domain = u64::try_from(regions).unwrap_or(1) * days * 1_000;
        let mut number =
            (u64::try_from(listed.unwrap_or(0)).unwrap_or(0) * days + day) * 1_000 + sequence;
        let width = (domain - 1).to_string().len();
        let mut tweak = era.tweak.to_vec();
        if listed.is_none() {
            tweak.extend(region.to_be_bytes());
        }
        loop {
            let turned = self.turn(format!("{number:0width$}").as_bytes(), &tweak, forward)?;
            number = std::str::from_utf8(&turned)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .unwrap_or_default();
            if number < domain {
                break;
            }
        }
        let (day, sequence) = (number / 1_000 % days, number % 1_000);
        let region = listed.map_or(region, |_| {
            usize::try_from(number / 1_000 / days)
                .ok()
                .and_then(|at| counties().get(at))
                .copied()
                .unwrap_or(region)
        });
        let mut other = format!("{region:06}{}{sequence:03}", era.spelled(day)).into_bytes();
        other.extend(resident_check(&other));
        Ok(Some(put(value, &other)))
    }
}

/// Luhn: the digit that makes the sum a multiple of ten.
fn luhn_check(body: &[u8]) -> u8 {
    let sum: u32 = body
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let number = u32::from(digit.wrapping_sub(b'0')) * if place % 2 == 0 { 2 } else { 1 };
            if number > 9 { number - 9 } else { number }
        })
        .sum();
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

/// The digit a character is, full-width ones too.
fn digit(letter: char) -> Option<u8> {
    match letter {
        '0'..='9' | '０'..='９' => {
            u8::try_from(u32::from(letter) & 0xf).ok().map(|value| b'0' + value)
        }
        _ => None,
    }
}

/// `value` with its digits (and a final X) replaced in order.
fn put(value: &str, digits: &[u8]) -> String {
    let mut next = digits.iter();
    value
        .chars()
        .map(|letter| {
            let counts =
                digit(letter).is_some() || digits.len() == 18 && matches!(letter, 'X' | 'x' | 'Ｘ');
            if counts { next.next().map_or(letter, |digit| char::from(*digit)) } else { letter }
        })
        .collect()
}

/// The digits of a telephone number as they are dialled within the country, so that it is the same with and without its country code.
fn telephone(value: &str, digits: &[u8]) -> Vec<u8> {
    national(digits, value.trim_start().starts_with(['+', '＋', '(', '（']))
}

/// Fewest digits of a number that is the same however it is grouped, and of a group of it.
const GROUPED: (usize, usize) = (8, 3);

/// The digits of a number that blanks or dashes group; `None` for what is none. Where a few digits stand alone, they are a part of their own:
/// `1-2345678` is not `12-345678`.
fn grouped(value: &str) -> Option<String> {
    let groups = || value.split([' ', '-']);
    let sound = |group: &str| {
        group.len() >= GROUPED.1 && group.bytes().all(|letter| letter.is_ascii_digit())
    };
    let digits: String = groups().collect();
    (digits.len() >= GROUPED.0 && groups().all(sound)).then_some(digits)
}

/// One spelling for what is one value to a reader.
fn canonical(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value of a type as others are told apart from it, however it was typed: an address of e-mail has no case, a number no groups, and
/// a telephone no prefix.
pub(super) fn one_value(kind: &Kind, value: &str) -> String {
    if *kind == Kind::Email {
        return folded(value);
    }
    let one = unified(value);
    if *kind == Kind::Phone {
        let digits: Vec<u8> = one.chars().filter_map(digit).collect();
        let national = telephone(&one, &digits);
        if national.len() >= 9 {
            return national.into_iter().map(char::from).collect();
        }
    }
    grouped(&one).unwrap_or(one)
}

/// A key of 32 bytes for one purpose.
pub(super) fn derive(keys: &ColumnKeys, label: &[u8]) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.hash.expose())
        .map_err(|_| fault::internal("a hash key of the wrong length"))?;
    mac.update(label);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Keyed draws for one value.
struct Dice {
    bytes: Vec<u8>,
    at: usize,
}

impl Dice {
    fn new(keys: &ColumnKeys, kind: &Kind, value: &str, attempt: u64) -> Result<Self> {
        let mut label = b"ingot pseudonym v1\0".to_vec();
        label.extend(kind.name().as_bytes());
        label.push(0);
        label.extend(attempt.to_be_bytes());
        label.extend(value.as_bytes());
        Ok(Self { bytes: derive(keys, &label)?, at: 0 })
    }

    fn below(&mut self, bound: usize) -> usize {
        let mut number = 0_usize;
        for _ in 0..4 {
            number = number << 8 | usize::from(self.bytes.get(self.at % 32).copied().unwrap_or(0));
            self.at += 1;
        }
        number % bound.max(1)
    }

    fn letter(&mut self, list: &str) -> char {
        let place = self.below(list.chars().count());
        list.chars().nth(place).unwrap_or('华')
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }
}

/// Lengthens a word after many draws in vain, so that there are always enough.
fn widen(mut fake: String, attempt: u64, dice: &mut Dice) -> String {
    for _ in 0..attempt / DRAWS {
        if fake.chars().all(|letter| letter > '\u{2e80}') {
            fake.push(dice.letter(SECOND));
        } else {
            // Writing to a string does not fail.
            let _ = write!(fake, " {:06}", dice.below(1_000_000));
        }
    }
    fake
}

/// A plausible word of the type, in the value's script.
fn draw(kind: &Kind, value: &str, dice: &mut Dice) -> String {
    let chinese = value.chars().any(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}'));
    match kind {
        Kind::Person if chinese => {
            let mut name = String::from(dice.letter(SURNAMES));
            name.push(dice.letter(FIRST));
            name.push(dice.letter(SECOND));
            name
        }
        Kind::Person => format!(
            "{} {}. {}",
            dice.pick(GIVEN_EN),
            char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0)),
            dice.pick(FAMILY_EN)
        ),
        Kind::Organization if chinese => format!(
            "{}{}{}{}有限公司",
            dice.letter(FIRST),
            dice.letter(SECOND),
            dice.pick(FIRMS),
            dice.pick(TRADES)
        ),
        Kind::Organization => format!(
            "{}, {} and {} Ltd",
            dice.pick(FAMILY_EN),
            dice.pick(FAMILY_EN),
            dice.pick(FAMILY_EN)
        ),
        Kind::Address | Kind::Place if chinese => format!(
            "{}{}路{}号{}室",
            dice.pick(CITIES),
            dice.pick(STREETS),
            1 + dice.below(999),
            101 + dice.below(2_400)
        ),
        Kind::Address => {
            format!("{} {}, {}", 1 + dice.below(9_999), dice.pick(STREETS_EN), dice.pick(TOWNS_EN))
        }
        Kind::Place => format!(
            "{} {}",
            dice.pick(&[
                "North", "South", "East", "West", "New", "Old", "Port", "Lake", "Mount", "Fort"
            ]),
            title(dice)
        ),
        Kind::Email => format!("user{:08}@example.com", dice.below(100_000_000)),
        Kind::Url => format!("https://example.com/{:08}", dice.below(100_000_000)),
        Kind::Ip => format!("10.{}.{}.{}", dice.below(256), dice.below(256), 1 + dice.below(254)),
        Kind::Mac => format!(
            "02:00:{:02x}:{:02x}:{:02x}:{:02x}",
            dice.below(256),
            dice.below(256),
            dice.below(256),
            dice.below(256)
        ),
        Kind::BirthDate => USUAL.spelled(u64::try_from(dice.below(25_000)).unwrap_or(0)),
        Kind::Plate => {
            let province = value.chars().next().unwrap_or('京');
            format!(
                "{province}{}{:05}",
                char::from(b'A' + u8::try_from(dice.below(8)).unwrap_or(0)),
                dice.below(100_000)
            )
        }
        Kind::CreditCode => {
            let mut code = format!("91{:06}{:09}", 110_101, dice.below(1_000_000_000)).into_bytes();
            code.extend(credit_code_check(&code));
            String::from_utf8(code).unwrap_or_default()
        }
        Kind::Wechat => format!("wxid_{:010}", dice.below(4_000_000_000)),
        other => format!("{}-{:010}", other.name(), dice.below(4_000_000_000)),
    }
}

fn title(dice: &mut Dice) -> String {
    format!(
        "{}{}",
        dice.pick(FAMILY_EN),
        dice.pick(&["ville", "ton", "ford", "burg", " Bay", "dale", "wood", "port"])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_pseudonym_however_it_is_typed_and_leads_back_to_the_first() {
        let keys = || {
            let (encrypt, hash) = (Secret::new(vec![7; 64]), Secret::new(vec![8; 32]));
            ColumnKeys { encrypt, hash }
        };
        let mut names = Pseudonyms::new(keys()).unwrap();
        for (kind, first, other) in [
            (Kind::Custom("account".into()), "00120000", "００１２００００"),
            (Kind::Email, "Ann.Lee@X.org", "ann.lee@x.org"),
            (Kind::Person, "José O’Brien", "Jose\u{301} O'Brien"),
        ] {
            let fake = names.of(&kind, first).unwrap();
            assert_eq!(names.of(&kind, other).unwrap(), fake, "{first}");
            assert_eq!(names.original(&kind, &fake).unwrap().expose(), first);
        }
        // Nobody is given the name that somebody has, in whatever width it is typed.
        let person = Kind::Person;
        let own = names.of(&person, "Kim Park").unwrap();
        let wide = |name: &str| -> String {
            let wide = |letter: char| match u32::from(letter) {
                0x20 => '\u{3000}',
                code => char::from_u32(code + 0xfee0).unwrap(),
            };
            name.chars().map(wide).collect()
        };
        let mut reserving = Pseudonyms::new(keys()).unwrap();
        reserving.reserve(&wide(&own));
        assert_ne!(reserving.of(&person, "Kim Park").unwrap(), own);
        // Of a name case is kept.
        assert_ne!(names.of(&person, "ANN LEE").unwrap(), names.of(&person, "Ann Lee").unwrap());
    }

    #[test]
    fn every_day_has_the_number_that_it_is_spelled_by() {
        for era in [&USUAL, &RARE] {
            assert!((0..era.days()).all(|day| era.numbered(&era.spelled(day)) == Some(day)));
        }
        let era = |born: &str| (USUAL.numbered(born).is_some(), RARE.numbered(born).is_some());
        for (born, usual, rare) in [
            ("19000101", false, true),
            ("19291231", false, true),
            ("19300101", true, false),
            ("20191231", true, false),
            ("20200101", false, true),
            ("20351231", false, true),
        ] {
            assert_eq!(era(born), (usual, rare), "{born}");
        }
        for other in
            ["18991231", "20360101", "19500230", "20210229", "19501301", "1950", "1950-1-1", ""]
        {
            assert_eq!(era(other), (false, false), "{other}");
        }
    }
}
