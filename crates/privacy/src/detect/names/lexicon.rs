//! Word lists: what is a common word, a surname, a given name, a place. Built once, from text in the repository.

use super::super::regions;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Unigram costs of Chinese words in half bits, and what names are made of.
#[derive(Debug)]
pub(crate) struct Chinese {
    words: HashMap<&'static str, (i32, u8)>,
    surnames: HashMap<&'static str, i32>,
    given: HashMap<char, [i32; 3]>,
    places: HashMap<&'static str, u8>,
}

fn lines(text: &'static str) -> impl Iterator<Item = std::str::SplitWhitespace<'static>> {
    text.lines().map(str::split_whitespace)
}

fn number(field: Option<&str>) -> i32 {
    field.and_then(|field| field.parse().ok()).unwrap_or(0)
}

impl Chinese {
    pub(crate) fn get() -> &'static Self {
        static LEXICON: OnceLock<Chinese> = OnceLock::new();
        LEXICON.get_or_init(|| {
            let words = lines(include_str!("../data/words_zh.txt"))
                .filter_map(|mut fields| {
                    let word = fields.next()?;
                    let cost = number(fields.next());
                    let class =
                        fields.next().and_then(|class| class.bytes().next()).unwrap_or(b'o');
                    Some((word, (cost, class)))
                })
                .collect();
            let surnames = lines(include_str!("../data/surnames_zh.txt"))
                .filter_map(|mut fields| Some((fields.next()?, number(fields.next()))))
                .collect();
            let given = lines(include_str!("../data/given_zh.txt"))
                .filter_map(|mut fields| {
                    let letter = fields.next()?.chars().next()?;
                    Some((
                        letter,
                        [number(fields.next()), number(fields.next()), number(fields.next())],
                    ))
                })
                .collect();
            let places = regions::DIVISIONS
                .lines()
                .filter_map(|line| line.split_once(','))
                .filter(|(_, name)| {
                    name.chars().count() >= 2 && !matches!(*name, "市辖区" | "县" | "城区" | "郊区")
                })
                .map(|(code, name)| {
                    (
                        name,
                        if code.ends_with("0000") {
                            1
                        } else if code.ends_with("00") {
                            2
                        } else {
                            3
                        },
                    )
                })
                .collect();
            Self { words, surnames, given, places }
        })
    }

    /// Cost in half bits and class (`n`, `v`, `s` for places, `o`) of a word.
    pub(crate) fn word(&self, word: &str) -> Option<(i32, u8)> {
        self.words.get(word).copied()
    }

    /// How common a surname is, 0 to about 22 half bits.
    pub(crate) fn surname(&self, word: &str) -> Option<i32> {
        self.surnames.get(word).copied()
    }

    /// Costs of a character as the only, the first of two and the second of two characters of a given name.
    pub(crate) fn given(&self, letter: char) -> Option<[i32; 3]> {
        self.given.get(&letter).copied()
    }

    /// Level of a division by full name: 1 province, 2 prefecture, 3 county.
    pub(crate) fn place(&self, name: &str) -> Option<u8> {
        self.places.get(name).copied()
    }

    #[cfg(feature = "train")]
    pub(crate) fn all_words(&self) -> Vec<(&'static str, i32, u8)> {
        let mut all: Vec<_> =
            self.words.iter().map(|(word, (cost, class))| (*word, *cost, *class)).collect();
        all.sort_unstable();
        all
    }
}

/// English word lists.
#[derive(Debug)]
pub(crate) struct English {
    words: HashMap<&'static str, i32>,
    first: HashMap<&'static str, i32>,
    last: HashMap<&'static str, i32>,
    places: HashMap<String, u8>,
    longest_place: usize,
}

impl English {
    pub(crate) fn get() -> &'static Self {
        static LEXICON: OnceLock<English> = OnceLock::new();
        LEXICON.get_or_init(|| {
            let table = |text| {
                lines(text)
                    .filter_map(|mut fields: std::str::SplitWhitespace<'static>| {
                        Some((fields.next()?, number(fields.next())))
                    })
                    .collect::<HashMap<_, _>>()
            };
            let mut places = HashMap::new();
            for name in include_str!("../data/cities.txt").lines() {
                places.insert(name.to_lowercase(), 1);
            }
            for name in include_str!("../data/countries.txt").lines() {
                let name = name.to_lowercase();
                // `from Netherlands` as well.
                if let Some(bare) = name.strip_prefix("the ") {
                    places.insert(bare.to_owned(), 2);
                }
                places.insert(name, 2);
            }
            Self {
                words: table(include_str!("../data/words_en.txt")),
                first: table(include_str!("../data/first_en.txt")),
                last: table(include_str!("../data/last_en.txt")),
                longest_place: 4,
                places,
            }
        })
    }

    /// How common a lower-case word is, 0 for an unknown one.
    pub(crate) fn word(&self, word: &str) -> i32 {
        self.words.get(word).copied().unwrap_or(0)
    }

    pub(crate) fn first(&self, word: &str) -> Option<i32> {
        self.first.get(word).copied()
    }

    pub(crate) fn last(&self, word: &str) -> Option<i32> {
        self.last.get(word).copied()
    }

    /// 1 for a city, 2 for a country or state, of lower-case words joined by a space.
    pub(crate) fn place(&self, words: &str) -> Option<u8> {
        self.places.get(words).copied()
    }

    pub(crate) fn longest_place(&self) -> usize {
        self.longest_place
    }

    #[cfg(feature = "train")]
    pub(crate) fn lists(&self) -> [Vec<(&'static str, i32)>; 3] {
        [&self.words, &self.first, &self.last].map(|table| {
            let mut all: Vec<_> = table.iter().map(|(word, rank)| (*word, *rank)).collect();
            all.sort_unstable();
            all
        })
    }
}
