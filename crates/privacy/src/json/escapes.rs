//! What a string of JSON says, without its escapes.

/// What stands between a string's quotes. Half a surrogate pair, which programs that cut texts leave, is U+FFFD.
pub(super) fn unescaped(inner: &str) -> String {
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut text = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let mut units = vec![unit(&mut letters)];
                // The second half of a pair follows at once.
                let mut ahead = letters.clone();
                if matches!(units.first(), Some(0xd800..=0xdbff))
                    && (ahead.next(), ahead.next()) == (Some('\\'), Some('u'))
                {
                    let second = unit(&mut ahead);
                    if matches!(second, 0xdc00..=0xdfff) {
                        units.push(second);
                        letters = ahead;
                    }
                }
                text.push_str(&String::from_utf16_lossy(&units));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// Four hexadecimal digits.
fn unit(letters: &mut std::str::Chars<'_>) -> u16 {
    let digits: String = letters.take(4).collect();
    u16::from_str_radix(&digits, 16).unwrap_or(0xfffd)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn texts_are_what_their_escapes_say() {
        for (inner, text) in [
            (r"\u738b\u5efa", "王建"),
            (r"\ud83d\ude00!", "😀!"),
            (r"cut \ud83d", "cut \u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00\/\\", "\u{fffd}/\\"),
            (r"\t\b\f\r", "\t\u{8}\u{c}\r"),
        ] {
            assert_eq!(unescaped(inner), text);
            assert!(check(&format!("\"{inner}\""), false).is_ok());
        }
    }
}
