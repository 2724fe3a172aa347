//! Whether what is somebody's name here is an ordinary word elsewhere.

use super::lexicon::{Chinese, English};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Terms that are no names where nothing beside them says so.
fn terms() -> &'static HashSet<&'static str> {
    static TERMS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    TERMS.get_or_init(|| {
        let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
        let chinese = lines(include_str!("../data/terms_zh.txt")).flat_map(str::split_whitespace);
        let english = lines(include_str!("../data/terms_en.txt"))
            .filter_map(|line| line.split_once(' '))
            .filter(|(kind, _)| matches!(*kind, "word" | "alone"))
            .flat_map(|(_, words)| words.split_whitespace());
        chinese.chain(english).collect()
    })
}

/// Whether a word in small letters is one of the language or a term: `高峰`, `brown`, `warfarin`. Places are
/// none: many are called after somebody.
pub(crate) fn is_word(word: &str) -> bool {
    Chinese::get().word(word).is_some() || English::get().word(word) > 0 || terms().contains(word)
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
