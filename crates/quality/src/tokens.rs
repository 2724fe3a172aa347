//! Text as tokens: words where words are set apart, single characters where they are not.

use crate::math::mix;
use ingot_base::half_width;
use ingot_base::spelling::invisible;

/// A word, or a character of a script that sets no spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Hash of the token without case and width.
    pub hash: u64,
    /// First byte in the text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Whether a character is Han.
pub(crate) fn is_han(letter: char) -> bool {
    matches!(u32::from(letter), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF | 0x3005 | 0x3007)
}

/// Scripts written without spaces between words: Han, kana, Thai, Lao, Myanmar, Khmer.
pub(crate) fn stands_alone(letter: char) -> bool {
    is_han(letter)
        || matches!(u32::from(letter), 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF)
}

/// Calls `found` with every token, in order. Case and width do not count, nor what nobody sees; punctuation and spaces part tokens.
pub(crate) fn each(text: &str, mut found: impl FnMut(Token)) {
    const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut word: Option<Token> = None;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let plain =
            if letter.is_ascii() { letter.to_ascii_lowercase() } else { half_width(letter) };
        if !plain.is_ascii() && invisible(plain) {
            continue;
        }
        let alone = !plain.is_ascii() && stands_alone(plain);
        if !alone && (plain.is_alphanumeric() || (word.is_some() && is_mark(plain))) {
            let mut push = |letter: char| {
                let token = word.get_or_insert(Token { hash: SEED, start: at, end });
                token.hash = (token.hash ^ u64::from(letter))
                    .wrapping_mul(0xD6E8_FEB8_6659_FD93)
                    .rotate_left(29);
                token.end = end;
            };
            if plain.is_ascii() {
                push(plain.to_ascii_lowercase());
            } else {
                plain.to_lowercase().for_each(push);
            }
            continue;
        }
        if let Some(token) = word.take() {
            found(Token { hash: mix(token.hash), ..token });
        }
        if alone {
            found(Token { hash: mix(u64::from(plain) ^ (SEED << 1)), start: at, end });
        }
    }
    if let Some(token) = word {
        found(Token { hash: mix(token.hash), ..token });
    }
}

/// Combining marks belong to the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x0300..=0x036F | 0x0483..=0x0487 | 0x0591..=0x05C7 | 0x064B..=0x065F | 0x0900..=0x0903 | 0x093A..=0x094F)
}

/// The tokens of a text, in order.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut list = Vec::with_capacity(text.len() / 5);
    each(text, |token| list.push(token));
    list
}

/// The odd base of the window hashes.
const BASE: u64 = 0x9E6C_63D0_876A_68E3;

/// Hashes of every run of `width` tokens, in order; none when there are fewer tokens. `width` is at least 1.
pub(crate) fn windows(hashes: &[u64], width: usize) -> impl Iterator<Item = u64> + '_ {
    let width = width.max(1);
    let top = (1..width).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut rolling = 0_u64;
    hashes.iter().enumerate().filter_map(move |(index, hash)| {
        if index >= width {
            let leaving = hashes.get(index - width).copied().unwrap_or_default();
            rolling = rolling.wrapping_sub(leaving.wrapping_mul(top));
        }
        rolling = rolling.wrapping_mul(BASE).wrapping_add(*hash);
        (index + 1 >= width).then(|| mix(rolling))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Vec<&str> {
        tokens(text).iter().filter_map(|token| text.get(token.start..token.end)).collect()
    }

    #[test]
    fn words_and_characters() {
        assert_eq!(parts("Don't pay, 借款 ok！"), ["Don", "t", "pay", "借", "款", "ok"]);
        assert!(tokens("——！ …").is_empty());
        let hashes = |text: &str| tokens(text).iter().map(|token| token.hash).collect::<Vec<_>>();
        assert_eq!(hashes("ＡＢ１２ Straße"), hashes("ab12  STRASSE".replace("SS", "ß").as_str()));
        assert_ne!(hashes("ab c"), hashes("a bc"));
        assert_eq!(hashes("p\u{200b}a\u{34f}id 借\u{feff}款\u{2060}"), hashes("paid 借款"));
    }

    proptest! {
        #[test]
        fn any_text_has_tokens_in_order(text in "\\PC{0,60}") {
            let found = tokens(&text);
            prop_assert!(found.iter().all(|token| text.get(token.start..token.end).is_some()));
            prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }

        #[test]
        fn a_window_has_one_hash_wherever_it_stands(hashes in prop::collection::vec(0_u64..9, 0..40), width in 1_usize..8) {
            let rolled: Vec<u64> = windows(&hashes, width).collect();
            let plain: Vec<u64> = hashes.windows(width).map(|run| windows(run, width).next().unwrap()).collect();
            prop_assert_eq!(rolled, plain);
        }
    }
}
