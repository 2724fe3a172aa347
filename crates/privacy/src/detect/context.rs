//! Words near a candidate that make it more likely, or without which it is none.

use super::normal::Text;

/// The first of `words` (lower case) in the `back` characters before `start` or the 12 after `end`, on the same line or the one above.
pub(crate) fn near(
    text: &Text<'_>,
    (start, end): (usize, usize),
    back: usize,
    words: &[&'static str],
) -> Option<&'static str> {
    let front = text.slice(start.saturating_sub(back), start).to_lowercase();
    let after = text.slice(end, (end + 12).min(text.len())).to_lowercase();
    words.iter().copied().find(|word| holds(&front, word) || holds(&after, word))
}

/// Whether `words` occur before `start`.
pub(crate) fn before(
    text: &Text<'_>,
    start: usize,
    back: usize,
    words: &[&'static str],
) -> Option<&'static str> {
    let front = text.slice(start.saturating_sub(back), start).to_lowercase();
    words.iter().copied().find(|word| holds(&front, word))
}

/// As [`near`], but a word that another number stands closer to is none: in `tel=13812345678&x=1 HTTP/1.1" 200 512` and
/// `200 512 电话：13812345678` the short number is nobody's telephone.
pub(crate) fn unserved(
    text: &Text<'_>,
    (start, end): (usize, usize),
    back: usize,
    words: &[&'static str],
) -> Option<&'static str> {
    let front = text.slice(start.saturating_sub(back), start).to_lowercase();
    let after = text.slice(end, (end + 24).min(text.len())).to_lowercase();
    let behind: String = after.chars().take(12).collect();
    words.iter().copied().find(|word| {
        let between = front.rfind(word).and_then(|at| front.get(at + word.len()..));
        let beyond = after.find(word).and_then(|at| after.get(at + word.len()..));
        holds(&front, word) && between.is_some_and(|between| !served(between))
            || holds(&behind, word) && beyond.is_some_and(|beyond| !announces(beyond))
    })
}

/// Whether what stands between a word and a number holds the word's own number already, and is no list of several.
fn served(between: &str) -> bool {
    let digits = between.chars().filter(char::is_ascii_digit).count();
    let Some(first) = between.find(|letter: char| letter.is_ascii_digit()) else { return false };
    let list = between.get(first..).unwrap_or_default();
    let parted = list.contains([',', '，', '、', ';', '；', '或', '和', '/'])
        || list.contains(" or ")
        || list.contains(" and ");
    let plain = list.replace("and", "").replace("or", "");
    let named = plain
        .chars()
        .any(|letter| letter.is_alphabetic() && !matches!(letter, '或' | '和' | '及' | '转'));
    digits > 5 && (named || !parted)
}

/// The one of `words` (lower case) that stands right before `start` as a label: nothing but blanks, a colon, `号` or `no.` between.
pub(crate) fn labelled(
    text: &Text<'_>,
    start: usize,
    words: &[&'static str],
) -> Option<&'static str> {
    let front = text.slice(start.saturating_sub(32), start).to_lowercase();
    let marks = [' ', ':', '：', '=', '#', '"', '.', '(', ')', '（', '）'];
    let bare = front.trim_end_matches(marks);
    let bare = ["number", "no", "号码", "号", "为", "是"]
        .iter()
        .find_map(|tail| bare.strip_suffix(tail))
        .map_or(bare, |bare| bare.trim_end_matches(marks));
    words.iter().copied().find(|word| {
        let ends = |hay: &str| {
            hay.strip_suffix(*word).is_some_and(|rest| {
                !word.is_ascii() || !rest.ends_with(|letter: char| letter.is_ascii_alphanumeric())
            })
        };
        ends(bare) || ends(front.trim_end_matches(marks))
    })
}

/// Whether a word announces what follows it. Without a mark it may end what stands before it: `7174-864 office (03) 5336 6879`.
fn announces(beyond: &str) -> bool {
    let rest = beyond.trim_start();
    let number = rest.trim_start_matches([':', '：', '=']);
    let behind = number.trim_start().trim_start_matches(['+', '(']);
    number.len() < rest.len() && behind.starts_with(|letter: char| letter.is_ascii_digit())
}

/// Whether a text has a word; an ASCII one between no other letters.
pub(crate) fn holds(hay: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return hay.contains(word);
    }
    hay.match_indices(word).any(|(at, _)| {
        let before = hay.get(..at).and_then(|text| text.chars().next_back());
        let after = hay.get(at + word.len()..).and_then(|text| text.chars().next());
        let plural = after == Some('s');
        before.is_none_or(|letter| !letter.is_ascii_alphabetic())
            && (plural || after.is_none_or(|letter| !letter.is_ascii_alphabetic()))
    })
}

/// Whether a text has a word; an ASCII one not behind another letter.
pub(crate) fn begins(hay: &str, word: &str) -> bool {
    hay.match_indices(word).any(|(at, _)| {
        let before = hay.get(..at).and_then(|text| text.chars().next_back());
        !word.is_ascii() || before.is_none_or(|letter| !letter.is_ascii_alphabetic())
    })
}

pub(crate) const PHONE: &[&str] = &[
    "phone",
    "tel",
    "telephone",
    "call",
    "mobile",
    "cell",
    "fax",
    "contact",
    "reach",
    "dial",
    "whatsapp",
    "sms",
    "answering",
    "hotline",
    "messages to",
    "callback",
    "text me",
    "txt me",
    "msg me",
    "call me",
    "ring me",
    "office",
    "desk",
    "cel",
    "registered",
    "number",
    "电话",
    "手机",
    "联系方式",
    "联系",
    "致电",
    "拨打",
    "传真",
    "座机",
    "来电",
    "热线",
    "号码",
];
/// Words before a number that is dialled, those that announce other numbers too left out.
pub(crate) const DIALLED: &[&str] = &[
    "phone",
    "tel",
    "telephone",
    "call",
    "mobile",
    "cell",
    "dial",
    "whatsapp",
    "电话",
    "手机",
    "联系方式",
    "致电",
    "拨打",
    "拨",
];
/// Names of fields that hold a telephone.
pub(crate) const PHONE_KEYS: &[&str] =
    &["phone", "tel", "telephone", "mobile", "cell", "fax", "whatsapp", "sms", "msisdn"];
pub(crate) const ID: &[&str] =
    &["身份证", "证件", "id card", "identity", "公民身份", "id no", "id number"];
pub(crate) const BANK: &[&str] = &[
    "银行卡",
    "储蓄卡",
    "借记卡",
    "银行账",
    "银行帐",
    "账号",
    "帐号",
    "卡号",
    "工资卡",
    "账户",
    "bank card",
    "debit card",
];
/// Labels, besides those, of an account whose number is told by nothing else.
pub(crate) const ACCOUNT: &[&str] = &["帐户", "account"];
/// Words for an identity number of Taiwan.
pub(crate) const TAIWAN: &[&str] = &["台湾", "臺灣", "身分证", "身分證", "taiwan", "national id"];
/// The number of a telephone's hardware.
pub(crate) const IMEI: &[&str] = &["imei"];
pub(crate) const CREDIT: &[&str] = &[
    "信用卡",
    "credit card",
    "card",
    "cc",
    "visa",
    "mastercard",
    "amex",
    "charge",
    "cvv",
    "cvc",
    "expiry",
    "debit",
];
pub(crate) const SSN: &[&str] = &["ssn", "social security"];
pub(crate) const VERSION: &[&str] = &["version", "ver", "release", "v", "版本", "section", "oid"];
pub(crate) const GPS: &[&str] = &[
    "gps",
    "coordinate",
    "location",
    "latitude",
    "longitude",
    "lat",
    "lng",
    "lon",
    "坐标",
    "经纬度",
    "经度",
    "纬度",
    "定位",
    "位置",
];
pub(crate) const CODE: &[&str] = &["信用代码", "uscc", "税号", "credit code", "纳税人识别号"];
pub(crate) const PLATE: &[&str] = &["车牌", "plate", "号牌", "车辆", "驾驶", "车"];
pub(crate) const CRYPTO: &[&str] = &["btc", "bitcoin", "eth", "wallet", "钱包", "比特币", "以太坊"];
