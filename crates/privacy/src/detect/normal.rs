//! One byte a character: the form in which patterns read text.
//!
//! Full-width forms become ASCII, every dash `-`, every space ` `, and any other character the byte of its class. An index
//! into the view therefore *is* the Unicode character offset, and no mapping back is needed.
//!
//! A text that does not show what stands in it (invisible characters between digits, digits of another script) is read a second time
//! as it shows: [`Shown`].

use super::finding::Finding;
use super::invisible;
use std::borrow::Cow;

/// A Han character.
pub(crate) const HAN: u8 = 0x80;
/// A letter outside ASCII that is not Han.
pub(crate) const LETTER: u8 = 0x81;
/// Anything else outside ASCII.
pub(crate) const OTHER: u8 = 0x82;

/// A text and its view.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    view: Cow<'a, [u8]>,
    /// Byte offset of each character; empty when the text is ASCII.
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(raw: &'a str) -> Self {
        if raw.is_ascii() {
            return Self { raw, view: Cow::Borrowed(raw.as_bytes()), starts: Vec::new() };
        }
        let mut view = Vec::with_capacity(raw.len());
        let mut starts = Vec::with_capacity(raw.len() / 2);
        for (offset, letter) in raw.char_indices() {
            starts.push(offset);
            view.push(class(letter));
        }
        Self { raw, view: Cow::Owned(view), starts }
    }

    pub(crate) fn view(&self) -> &[u8] {
        &self.view
    }

    pub(crate) fn len(&self) -> usize {
        self.view.len()
    }

    /// The class byte at an index; a line feed beyond the end.
    pub(crate) fn at(&self, index: usize) -> u8 {
        self.view.get(index).copied().unwrap_or(b'\n')
    }

    /// The class byte before an index; a line feed at the start.
    pub(crate) fn before(&self, index: usize) -> u8 {
        index.checked_sub(1).map_or(b'\n', |index| self.at(index))
    }

    /// View bytes of a range, cut to the text.
    pub(crate) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        let end = end.min(self.len());
        self.view.get(start.min(end)..end).unwrap_or_default()
    }

    pub(crate) fn byte_of(&self, index: usize) -> usize {
        if self.starts.is_empty() {
            index.min(self.raw.len())
        } else {
            self.starts.get(index).copied().unwrap_or(self.raw.len())
        }
    }

    /// The character index of a byte offset that starts a character.
    pub(crate) fn index_of(&self, byte: usize) -> usize {
        if self.starts.is_empty() {
            byte
        } else {
            self.starts.partition_point(|start| *start < byte)
        }
    }

    /// The original characters of a range.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.raw.get(self.byte_of(start)..self.byte_of(end)).unwrap_or_default()
    }

    pub(crate) fn char_at(&self, index: usize) -> char {
        self.raw.get(self.byte_of(index)..).and_then(|rest| rest.chars().next()).unwrap_or('\n')
    }

    pub(crate) fn raw(&self) -> &'a str {
        self.raw
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.starts.is_empty()
    }
}

/// The view byte of a character.
pub(crate) fn class(letter: char) -> u8 {
    if let Ok(byte) = u8::try_from(u32::from(letter))
        && byte.is_ascii()
    {
        return byte;
    }
    match letter {
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '〇' => HAN,
        '\u{ff01}'..='\u{ff5e}' => u8::try_from(u32::from(letter) - 0xff01 + 0x21).unwrap_or(OTHER),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => b'-',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => b' ',
        '’' | '‘' => b'\'',
        '“' | '”' => b'"',
        '。' => OTHER,
        _ if letter.is_alphabetic() => LETTER,
        _ => OTHER,
    }
}

/// Numerals that take the place of digits one by one are a number from so many on: a telephone's. Fewer are words.
const NUMERALS: usize = 11;

/// A text as a reader sees it, where that is something else than what stands in it: without characters that show nothing, and with digits
/// of any script as ASCII.
pub(crate) struct Shown {
    text: String,
    /// Where each of its characters stands in the text itself.
    places: Vec<usize>,
    /// Where each ends, if that is not one further.
    ends: Vec<usize>,
}

impl Shown {
    /// `None` where it is the text itself, or as good.
    pub(crate) fn of(raw: &str) -> Option<Self> {
        if raw.is_ascii() || !hides(raw) {
            return None;
        }
        let seen = raw.chars().enumerate().filter(|(_, letter)| !invisible(*letter));
        let (places, mut letters): (Vec<usize>, Vec<char>) = seen.unzip();
        for run in letters.chunk_by_mut(|a, b| numeral(*a).is_some() && numeral(*b).is_some()) {
            let number = run.len() >= NUMERALS;
            for letter in run {
                let value = digit(*letter).or_else(|| numeral(*letter).filter(|_| number));
                *letter = value.map_or(*letter, |value| char::from(b'0' + value));
            }
        }
        Some(Self { text: letters.into_iter().collect(), places, ends: Vec::new() })
    }

    /// A text without the blanks that only space it out: between single characters of a label or name (`姓 名：王 芳`), between the digits of a
    /// number (`1 3 8 …`), around the marks of an address of e-mail (`a . b @ c . com`). `None` where there are none.
    pub(crate) fn closed(raw: &str) -> Option<Self> {
        if !spaced(raw.as_bytes()) {
            return None;
        }
        let letters: Vec<char> = raw.chars().collect();
        let mut gone = vec![false; letters.len()];
        close_letters(&letters, &mut gone);
        close_digits(&letters, &mut gone);
        close_mail(&letters, &mut gone);
        if !gone.contains(&true) {
            return None;
        }
        let kept = letters.iter().zip(&gone).enumerate().filter(|(_, (_, gone))| !**gone);
        let (places, text): (Vec<usize>, String) =
            kept.map(|(place, (letter, _))| (place, *letter)).unzip();
        Some(Self { text, places, ends: Vec::new() })
    }

    /// A text with what a form wrote as `%40` for `@`, `%2B` for `+`, `%20` between digits. `None` where there is none of these.
    pub(crate) fn decoded(raw: &str) -> Option<Self> {
        if !encoded(raw.as_bytes()) {
            return None;
        }
        let letters: Vec<char> = raw.chars().collect();
        let (mut text, mut places, mut ends) = (String::new(), Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(letter) = letters.get(at) {
            let hex = |place: usize| letters.get(place).and_then(|letter| letter.to_digit(16));
            let code = match (letter, hex(at + 1), hex(at + 2)) {
                ('%', Some(high), Some(low)) => char::from_u32(16 * high + low),
                _ => None,
            };
            let shown = code.filter(|code| matches!(code, ' '..='~'));
            places.push(at);
            at += if shown.is_some() { 3 } else { 1 };
            ends.push(at);
            text.push(shown.unwrap_or(*letter));
        }
        Some(Self { text, places, ends })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What was found in it, at its place in the text itself.
    pub(crate) fn back(&self, finding: Finding) -> Option<Finding> {
        let start = *self.places.get(finding.start)?;
        let last = finding.end.checked_sub(1)?;
        let end = match self.ends.get(last) {
            Some(end) => *end,
            None => *self.places.get(last)? + 1,
        };
        Some(Finding { start, end, ..finding })
    }
}

/// A quick look for an encoded `@` or `+`, or an encoded blank between digits.
fn encoded(raw: &[u8]) -> bool {
    memchr::memchr_iter(b'%', raw).any(|at| match raw.get(at + 1..at + 3) {
        Some(b"40" | b"2B" | b"2b") => true,
        Some(b"20") => {
            let digit =
                |at: Option<usize>| at.and_then(|at| raw.get(at)).is_some_and(u8::is_ascii_digit);
            digit(at.checked_sub(1)) && digit(Some(at + 3))
        }
        _ => false,
    })
}

fn blank(letter: char) -> bool {
    matches!(letter, ' ' | '\u{3000}' | '\u{a0}')
}

fn han(letter: char) -> bool {
    class(letter) == HAN
}

/// A quick look for what `Shown::closed` may close, which most texts do not have: a digit or `@` between two blanks, a blank between a
/// Chinese character that stands alone and another.
fn spaced(raw: &[u8]) -> bool {
    let at = |index: usize| raw.get(index).copied().unwrap_or(b'\n');
    memchr::memchr_iter(b' ', raw).any(|place| {
        let next = at(place + 1);
        (next.is_ascii_digit() || next == b'@') && at(place + 2) == b' '
            || (0xe3..=0xe9).contains(&next) && single(raw, place)
    }) || memchr::memchr2_iter(0xe3, 0xc2, raw).any(|place| {
        raw.get(place..).is_some_and(|rest| {
            rest.starts_with("\u{3000}".as_bytes()) || rest.starts_with("\u{a0}".as_bytes())
        })
    })
}

/// Whether the character before a blank is a single Chinese one: none before it.
fn single(raw: &[u8], blank: usize) -> bool {
    let lead =
        |index: Option<usize>| index.and_then(|index| raw.get(index)).copied().unwrap_or(b'\n');
    (0xe3..=0xe9).contains(&lead(blank.checked_sub(3)))
        && !(0xe3..=0xe9).contains(&lead(blank.checked_sub(6)))
}

/// Blanks between Chinese characters that each stand alone, `患 者 姓 名`, or of which the first is the surname behind a label's colon.
fn close_letters(letters: &[char], gone: &mut [bool]) {
    let mut at = 0;
    // The run before: where it begins and ends.
    let mut before: Option<(usize, usize)> = None;
    // How wide the last blank was that was closed: one that is wider parts two fields.
    let mut width = 3;
    while at < letters.len() {
        let start = at;
        while letters.get(at).is_some_and(|letter| han(*letter)) {
            at += 1;
        }
        if at == start {
            at += 1;
            continue;
        }
        if let Some((first, last)) = before {
            let gap = letters.get(last..start).unwrap_or_default();
            let near = !gap.is_empty() && gap.len() < 4 && gap.iter().all(|letter| blank(*letter));
            let behind_label = first
                .checked_sub(1)
                .and_then(|at| letters.get(at))
                .is_some_and(|letter| matches!(letter, ':' | '：' | ' ' | '\u{3000}'))
                && letters.get(..first).is_some_and(|front| {
                    let mut front = front
                        .iter()
                        .rev()
                        .skip_while(|letter| blank(**letter) || matches!(letter, ':' | '：'));
                    front.next().is_some_and(|letter| matches!(letter, '名' | '人' | '者'))
                });
            let short = last - first == 1 && (at - start == 1 || behind_label && at - start == 2);
            width = if gap.iter().all(|letter| blank(*letter)) { width } else { 3 };
            if near && short && gap.len() <= width {
                width = gap.len();
                for slot in gone.get_mut(last..start).unwrap_or_default() {
                    *slot = true;
                }
            }
        }
        before = Some((start, at));
    }
}

/// Blanks between eleven and more digits that each stand alone.
fn close_digits(letters: &[char], gone: &mut [bool]) {
    let digit = |at: usize| {
        letters
            .get(at)
            .is_some_and(|letter| letter.is_ascii_digit() || ('０'..='９').contains(letter))
    };
    let gap = |at: usize| letters.get(at).is_some_and(|letter| blank(*letter));
    let mut at = 0;
    while at < letters.len() {
        let mut end = at;
        while digit(end) && gap(end + 1) && digit(end + 2) {
            end += 2;
        }
        let count = (end - at) / 2 + 1;
        let alone = !digit(end + 1) && at.checked_sub(1).is_none_or(|before| !digit(before));
        if alone && (11..=19).contains(&count) {
            for slot in gone.get_mut(at..end).unwrap_or_default().iter_mut().skip(1).step_by(2) {
                *slot = true;
            }
        }
        at = end + 1;
    }
}

/// Blanks around the marks of an address, `wang . f @ 163 . com`, where one stands on both sides of `@` and of a point.
fn close_mail(letters: &[char], gone: &mut [bool]) {
    let at = |index: usize| letters.get(index).copied().unwrap_or('\n');
    let part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '+');
    for mark in (1..letters.len())
        .filter(|index| at(*index) == '@' && at(index - 1) == ' ' && at(index + 1) == ' ')
    {
        let (mut first, mut last, mut points) = (mark - 1, mark + 1, 0);
        while first > 0 && part(at(first - 1)) {
            while first > 0 && part(at(first - 1)) {
                first -= 1;
            }
            let pointed =
                first > 2 && at(first - 1) == ' ' && at(first - 2) == '.' && at(first - 3) == ' ';
            if !pointed {
                break;
            }
            points += 1;
            first -= 3;
        }
        while part(at(last + 1)) {
            while part(at(last + 1)) {
                last += 1;
            }
            let pointed = at(last + 1) == ' ' && at(last + 2) == '.' && at(last + 3) == ' ';
            if !pointed {
                break;
            }
            points += 1;
            last += 3;
        }
        if points > 0 {
            for (slot, letter) in gone.iter_mut().zip(letters).take(last + 1).skip(first) {
                *slot |= *letter == ' ';
            }
        }
    }
}

/// Whether something invisible stands within a word or number, a digit is of another script, or a number is spelled.
fn hides(raw: &str) -> bool {
    // After a picture they belong to it.
    let solid = |letter: char| letter.is_alphanumeric() || matches!(letter, ' '..='~');
    let (mut before, mut within, mut run) = (false, false, 0);
    raw.chars().any(|letter| {
        if letter.is_ascii() {
            let split = within && solid(letter);
            (before, within, run) = (solid(letter), false, 0);
            return split;
        }
        if invisible(letter) {
            within = before;
            return false;
        }
        run = if numeral(letter).is_some() { run + 1 } else { 0 };
        let foreign = !matches!(letter, '\u{ff10}'..='\u{ff19}') && digit(letter).is_some();
        let split = within && solid(letter);
        (before, within) = (solid(letter), false);
        split || foreign || run >= NUMERALS
    })
}

/// Runs of digits outside ASCII: the first, its value, how many. Zeros of every script (Unicode's Nd), superscripts, circled and
/// other forms.
const DIGITS: &[(u32, u8, u8)] = &[
    (0xb2, 2, 2),
    (0xb9, 1, 1),
    (0x660, 0, 10),
    (0x6f0, 0, 10),
    (0x7c0, 0, 10),
    (0x966, 0, 10),
    (0x9e6, 0, 10),
    (0xa66, 0, 10),
    (0xae6, 0, 10),
    (0xb66, 0, 10),
    (0xbe6, 0, 10),
    (0xc66, 0, 10),
    (0xce6, 0, 10),
    (0xd66, 0, 10),
    (0xde6, 0, 10),
    (0xe50, 0, 10),
    (0xed0, 0, 10),
    (0xf20, 0, 10),
    (0x1040, 0, 10),
    (0x1090, 0, 10),
    (0x17e0, 0, 10),
    (0x1810, 0, 10),
    (0x1946, 0, 10),
    (0x19d0, 0, 10),
    (0x1a80, 0, 10),
    (0x1a90, 0, 10),
    (0x1b50, 0, 10),
    (0x1bb0, 0, 10),
    (0x1c40, 0, 10),
    (0x1c50, 0, 10),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2080, 0, 10),
    (0x2460, 1, 9),
    (0x2474, 1, 9),
    (0x2488, 1, 9),
    (0x24ea, 0, 1),
    (0x24f5, 1, 9),
    (0x24ff, 0, 1),
    (0x2776, 1, 9),
    (0x2780, 1, 9),
    (0x278a, 1, 9),
    (0x3021, 1, 9),
    (0x3220, 1, 9),
    (0x3280, 1, 9),
    (0xa620, 0, 10),
    (0xa8d0, 0, 10),
    (0xa900, 0, 10),
    (0xa9d0, 0, 10),
    (0xa9f0, 0, 10),
    (0xaa50, 0, 10),
    (0xabf0, 0, 10),
    (0xff10, 0, 10),
    (0x104a0, 0, 10),
    (0x10d30, 0, 10),
    (0x11066, 0, 10),
    (0x110f0, 0, 10),
    (0x11136, 0, 10),
    (0x111d0, 0, 10),
    (0x112f0, 0, 10),
    (0x11450, 0, 10),
    (0x114d0, 0, 10),
    (0x11650, 0, 10),
    (0x116c0, 0, 10),
    (0x11730, 0, 10),
    (0x118e0, 0, 10),
    (0x11950, 0, 10),
    (0x11c50, 0, 10),
    (0x11d50, 0, 10),
    (0x11da0, 0, 10),
    (0x11f50, 0, 10),
    (0x16a60, 0, 10),
    (0x16ac0, 0, 10),
    (0x16b50, 0, 10),
    (0x1d7ce, 0, 10),
    (0x1d7d8, 0, 10),
    (0x1d7e2, 0, 10),
    (0x1d7ec, 0, 10),
    (0x1d7f6, 0, 10),
    (0x1e140, 0, 10),
    (0x1e2f0, 0, 10),
    (0x1e4f0, 0, 10),
    (0x1e950, 0, 10),
    (0x1f100, 0, 1),
    (0x1f101, 0, 10),
    (0x1f10b, 0, 1),
    (0x1f10c, 0, 1),
    (0x1fbf0, 0, 10),
];

/// The decimal digit that a character outside ASCII is, whatever its script or form.
pub(crate) fn digit(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    let at = DIGITS.partition_point(|(first, ..)| *first <= code).checked_sub(1)?;
    let (first, value, count) = *DIGITS.get(at)?;
    let place = u8::try_from(code - first).ok()?;
    (place < count).then(|| value + place)
}

/// The digit that a Chinese numeral stands for when a number is spelled digit by digit.
pub(crate) fn numeral(letter: char) -> Option<u8> {
    Some(match letter {
        '〇' | '零' => 0,
        '一' | '壹' | '壱' | '弌' | '幺' => 1,
        '二' | '贰' | '貳' | '弐' | '弍' | '两' | '兩' => 2,
        '三' | '叁' | '參' | '叄' | '弎' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Kind, Why};
    use super::*;

    #[test]
    fn an_index_is_a_character_offset() {
        let text = Text::new("电话：１３８　0013–8000é");
        assert_eq!(text.view(), b"\x80\x80:138 0013-8000\x81");
        assert_eq!(text.slice(3, 6), "１３８");
        assert_eq!(text.char_at(16), 'é');
        assert_eq!(text.index_of(text.byte_of(7)), 7);
        assert_eq!(text.slice(11, 99), "–8000é");
    }

    #[test]
    fn digits_of_any_script_and_form_are_read() {
        assert!(DIGITS.windows(2).all(|pair| pair[0].0 + u32::from(pair[0].2) <= pair[1].0));
        for spelled in ["０１２９", "٠١٢٩", "०१२९", "𝟎𝟏𝟐𝟗", "𝟶𝟷𝟸𝟿", "⓪①②⑨", "⁰¹²⁹", "₀₁₂₉", "🄋➊➋➒"]
        {
            let read: Vec<u8> = spelled.chars().filter_map(digit).collect();
            assert_eq!(read, [0, 1, 2, 9], "{spelled}");
        }
        for numerals in ["〇一二九", "零壹贰玖", "零幺两九"] {
            assert_eq!(numerals.chars().filter_map(numeral).collect::<Vec<_>>(), [0, 1, 2, 9]);
        }
        assert!(
            "a十½⑩−ㄠ".chars().all(|letter| digit(letter).is_none() && numeral(letter).is_none())
        );
    }

    #[test]
    fn what_shows_is_found_back_where_it_stands() {
        let shown = Shown::of("号\u{200b}1\u{ad}٣8\u{fe0f}。").unwrap();
        assert_eq!(shown.text(), "号138。");
        let finding = Finding::new(Kind::Phone, (1, 4), 1.0, vec![Why::Model]);
        let back = shown.back(finding).unwrap();
        assert_eq!((back.start, back.end), (2, 6));
        assert!(shown.back(Finding::new(Kind::Phone, (1, 9), 1.0, Vec::new())).is_none());
    }

    #[test]
    fn a_text_that_shows_itself_is_read_once() {
        for text in ["plain", "１３８　0013–8000é", "一二三四，十一个", "❤\u{fe0f} ok"]
        {
            assert!(Shown::of(text).is_none(), "{text}");
        }
    }
}
