//! A text as the values of a row are compared with it: letters and digits in their plainest form, in runs of those that one value may have.

use super::escapes::escape;
use crate::detect::{digit, invisible};
use ingot_base::half_width;
use ingot_base::spelling::ideograph;

/// What between the letters of a short value is still no accident.
pub(super) const LOOSE: u8 = 1;

/// A letter or digit of a text: itself in its plainest form, where it stands, and whether it is written large. It shows what persons
/// wrote, so there is no `Debug`.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    /// Lower case, without accent, width or style.
    pub(super) folded: char,
    /// The character of the text.
    pub(super) at: usize,
    /// How many characters of the text show it: several where it is written as an escape.
    width: u8,
    /// Its place among characters that show.
    pub(super) shown: usize,
    /// How loosely it hangs on the one before: what stands between them that values are seldom written with.
    pub(super) loose: u8,
    pub(super) large: bool,
    /// Whether one sign that groups the digits of numbers stands between it and the one before, and nothing else that shows.
    pub(super) grouped: bool,
}

impl Letter {
    /// One past its last character of the text.
    pub(super) fn end(&self) -> usize {
        self.at + usize::from(self.width)
    }
}

/// A text as values are looked for in it: runs of letters and digits with nothing between them but what joins the parts of one value.
pub(crate) struct Pieces(pub(super) Vec<Vec<Letter>>);

impl Pieces {
    /// The pieces of a text; where it has escapes, as it stands and as they say: `=20` may be a blank and may be a number.
    pub(crate) fn of(text: &str) -> Self {
        let mut pieces = read(text, false);
        let mut signs = text.match_indices(['%', '\\', '=', '&']);
        if signs.any(|(at, _)| text.get(at..).and_then(escape).is_some()) {
            pieces.extend(read(text, true));
        }
        Self(pieces)
    }

    /// The pieces of one value, as it stands.
    pub(super) fn of_value(value: &str) -> Self {
        Self(read(value, false))
    }

    /// Its letters and digits, as they are compared.
    pub(super) fn letters(&self) -> Vec<char> {
        self.0.iter().flatten().map(|letter| letter.folded).collect()
    }
}

/// What stands since the last letter.
#[derive(Default)]
struct Between {
    shown: usize,
    loose: u8,
    grouping: bool,
}

/// A text in pieces; escapes are read as what they say where `escaped`.
fn read(text: &str, escaped: bool) -> Vec<Vec<Letter>> {
    let mut pieces = vec![Vec::new()];
    let mut shown = 0;
    let mut between = Between::default();
    let mut letters = text.char_indices().enumerate();
    while let Some((at, (byte, letter))) = letters.next() {
        let rest = text.get(byte..).unwrap_or_default();
        let said = if escaped && !letter.is_alphanumeric() { escape(rest) } else { None };
        let (letter, width) = said.unwrap_or((letter, 1));
        if said.is_some() {
            letters.by_ref().take(usize::from(width) - 1).for_each(drop);
        }
        if invisible(letter) {
            continue;
        }
        // An apostrophe that Unicode counts among letters.
        let letter = if letter == '\u{2bc}' { '\'' } else { letter };
        shown += 1;
        if letter.is_alphanumeric() {
            let Between { shown: parted, loose, grouping } = std::mem::take(&mut between);
            let grouped = parted == 1 && grouping;
            if let Some(piece) = pieces.last_mut() {
                fold(letter, &mut |folded, large| {
                    piece.push(Letter { folded, at, width, shown, loose, large, grouped });
                });
            }
            continue;
        }
        let joined = match if said.is_some() { 0 } else { markup(rest) } {
            0 => joint(letter),
            length => {
                letters.by_ref().take(length - 1).for_each(drop);
                shown += length - 1;
                Some(LOOSE)
            }
        };
        if let Some(step) = joined {
            between.shown += 1;
            between.loose = between.loose.saturating_add(step);
            between.grouping = matches!(
                half_width(letter),
                ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}'
            );
            continue;
        }
        between = Between::default();
        if pieces.last().is_some_and(|piece| !piece.is_empty()) {
            pieces.push(Vec::new());
        }
    }
    pieces
}

/// The plainest form of a letter or digit, with whether it is large; of a ligature or a circled number, each part.
fn fold(letter: char, take: &mut dyn FnMut(char, bool)) {
    if let Some(value) = digit(letter) {
        return take(char::from(b'0' + value), false);
    }
    let mut some = false;
    let mut part = |part: char| {
        if part.is_alphanumeric() {
            let folded = part.to_lowercase().next().unwrap_or(part);
            take(folded, part != folded);
            some = true;
        }
    };
    if letter.is_ascii() || ideograph(letter) && !compatible(letter) {
        part(letter);
    } else {
        unicode_normalization::char::decompose_compatible(letter, &mut part);
    }
    if !some {
        take(letter, false);
    }
}

/// How loosely a character joins the parts of one value, 0 where it usually does; `None` where it ends what stands before it.
fn joint(letter: char) -> Option<u8> {
    match half_width(letter) {
        '-' | '_' | '.' | ',' | '/' | '\'' | '‘' | '’' | '·' | '・' | '･' | '•' | '‧' | '−' => {
            Some(0)
        }
        '\u{2010}'..='\u{2015}' => Some(0),
        '*' => Some(LOOSE),
        '"' | '“' | '”' | '、' | '|' | '+' | '~' | ':' | ';' | '=' | '#' | '@' | '\\' | '('
        | ')' => Some(LOOSE + 1),
        other => other.is_whitespace().then_some(0),
    }
}

/// Tags that stand within a word or number, or part it; others may have values in them.
const TAGS: &[&str] = &[
    "b", "br", "div", "em", "font", "i", "li", "p", "s", "small", "span", "strong", "sub", "sup",
    "td", "tr", "tt", "u", "wbr",
];
/// Named characters that show nothing, or join.
const ENTITIES: &[&str] = &[
    "nbsp", "ensp", "emsp", "thinsp", "shy", "zwj", "zwnj", "lrm", "rlm", "middot", "ndash",
    "mdash", "hyphen", "minus", "ast",
];

/// How many characters of markup a text begins with that shows as nothing or as what joins: `<br/>`, `&nbsp;`; 0 of none.
fn markup(text: &str) -> usize {
    let (stop, longest) = match text.as_bytes().first() {
        Some(b'<') => (b'>', 12),
        Some(b'&') => (b';', 10),
        _ => return 0,
    };
    let Some(end) = text.bytes().take(longest).position(|byte| byte == stop) else { return 0 };
    let inner = text.get(1..end).unwrap_or_default().to_ascii_lowercase();
    let known = if stop == b'>' {
        TAGS.contains(&inner.trim_matches('/').trim())
    } else {
        ENTITIES.contains(&inner.as_str())
    };
    if known { end + 1 } else { 0 }
}

/// The parts of a piece that something joined.
pub(super) fn words(piece: &[Letter]) -> Vec<Vec<char>> {
    piece.chunk_by(together).map(|part| part.iter().map(|one| one.folded).collect()).collect()
}

/// Whether nothing that shows stands between two neighbours.
pub(super) fn together(left: &Letter, right: &Letter) -> bool {
    left.shown + 1 >= right.shown
}

/// Whether two neighbours make one word or number. What shows nothing parts them: rather a place too many than a value left.
pub(super) fn one_word(left: Letter, right: Letter) -> bool {
    left.end() >= right.at && !ideograph(left.folded) && !ideograph(right.folded)
}

/// Ideographs that are written for another one.
fn compatible(letter: char) -> bool {
    matches!(letter, '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}
