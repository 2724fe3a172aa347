//! Characters that a text writes as escapes: `%20` and `%E7%8E%8B` of addresses, `=3D` of mails, `\n` and `\u738b` of programs, `&#29579;`.

/// Longest UTF-8 character.
const BYTES: usize = 4;
/// Most backslashes that one escape begins with, where texts of programs stand in texts of programs.
const SIGNS: usize = 16;

/// What an escape that a text begins with says, and of how many characters it is.
pub(super) fn escape(text: &str) -> Option<(char, u8)> {
    let (letter, bytes) = match text.as_bytes().first()? {
        b'%' => of_bytes(text, b'%'),
        b'=' if text.starts_with("=\r\n") => Some(('\u{ad}', 3)),
        b'=' if text.starts_with("=\n") => Some(('\u{ad}', 2)),
        b'=' => of_bytes(text, b'='),
        b'\\' => of_program(text),
        b'&' => of_markup(text),
        _ => None,
    }?;
    // An escape is written in ASCII, of which each byte is a character.
    Some((letter, u8::try_from(bytes).ok()?))
}

fn hex(text: &str, from: usize, length: usize) -> Option<u32> {
    let digits = text.get(from..from + length)?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// `%E7%8E%8B`; `%2520` is `%20` that was escaped once more.
fn of_bytes(text: &str, sign: u8) -> Option<(char, usize)> {
    let mut bytes = Vec::with_capacity(BYTES);
    let mut at = 0;
    while bytes.len() < BYTES {
        // Mails break lines between the bytes of a letter too.
        for line_end in ["=\r\n", "=\n"] {
            if sign == b'=' && text.get(at..).is_some_and(|rest| rest.starts_with(line_end)) {
                at += line_end.len();
            }
        }
        if text.as_bytes().get(at) != Some(&sign) {
            break;
        }
        let mut digits = at + 1;
        while sign == b'%' && hex(text, digits, 4).is_some_and(|code| code >> 8 == 0x25) {
            digits += 2;
        }
        let Some(byte) = hex(text, digits, 2).and_then(|byte| u8::try_from(byte).ok()) else {
            break;
        };
        bytes.push(byte);
        at = digits + 2;
        match std::str::from_utf8(&bytes) {
            Ok(letter) => return letter.chars().next().map(|letter| (letter, at)),
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    None
}

/// `\n`, `\\n`, `\u738b`, `\ud83d\ude00`, `\x41`.
fn of_program(text: &str) -> Option<(char, usize)> {
    let signs = text.bytes().take(SIGNS).take_while(|byte| *byte == b'\\').count();
    let at = signs + 1;
    match text.as_bytes().get(signs)? {
        b'n' | b'r' | b't' | b'f' | b'v' => Some((' ', at)),
        b'x' => hex(text, at, 2).and_then(char::from_u32).map(|letter| (letter, at + 2)),
        b'u' => {
            let first = hex(text, at, 4)?;
            if let Some(letter) = char::from_u32(first) {
                return Some((letter, at + 4));
            }
            let second =
                text.get(at + 4..).filter(|rest| rest.starts_with('\\')).and_then(|rest| {
                    let signs = rest.bytes().take(SIGNS).take_while(|byte| *byte == b'\\').count();
                    (rest.as_bytes().get(signs) == Some(&b'u')).then_some(at + 4 + signs + 1)
                })?;
            let low = hex(text, second, 4).filter(|low| (0xdc00..0xe000).contains(low))?;
            let code = 0x1_0000 + ((first & 0x3ff) << 10) + (low & 0x3ff);
            char::from_u32(code).map(|letter| (letter, second + 4))
        }
        _ => None,
    }
}

/// `&#29579;`, `&#x738b;`.
fn of_markup(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let number = text.get(2..end).filter(|_| text.starts_with("&#"))?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(number) => u32::from_str_radix(number, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).map(|letter| (letter, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_says_one_character() {
        for (text, letter, length) in [
            ("%20x", ' ', 3),
            ("%2520x", ' ', 5),
            ("%E7%8E%8B%E5", '王', 9),
            ("=3D1", '=', 3),
            ("=E7=8E=8B", '王', 9),
            ("=E7=8E=\n=8B", '王', 11),
            ("=E7=\r\n=8E=8B", '王', 12),
            ("\\nW", ' ', 2),
            ("\\\\nW", ' ', 3),
            ("\\u738b", '王', 6),
            ("\\ud83d\\ude00", '😀', 12),
            ("\\x41", 'A', 4),
            ("&#29579;", '王', 8),
            ("&#x738B;", '王', 8),
        ] {
            assert_eq!(escape(text), Some((letter, length)), "{text}");
        }
        for text in [
            "%2", "%zz", "%E7%8E", "%FF", "=x", "=王", "%王", "\\u73", "\\q", "\\ud83d", "&#;",
            "&amp;", "a", "\\",
        ] {
            assert_eq!(escape(text), None, "{text}");
        }
    }
}
