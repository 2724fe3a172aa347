//! Whether what is somebody's name here is an ordinary word elsewhere.

use super::lexicon::{Chinese, English};
use super::terms;

/// Whether a word in small letters is one of the language or a term: `高峰`, `brown`, `warfarin`. Places are
/// none: many are called after somebody.
pub(crate) fn is_word(word: &str) -> bool {
    Chinese::get().word(word).is_some() || English::get().word(word) > 0 || terms::is_listed(word)
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn words_and_terms_are_ordinary() {
        for word in ["高峰", "伟大", "brown", "alzheimer", "warfarin"] {
            assert!(is_word(word), "{word}");
        }
        for name in ["张伟", "李文明", "moore", "carter", "lindqvist"] {
            assert!(!is_word(name), "{name}");
        }
    }
}
