//! Changed copies of texts, as people would have written the same: synonyms, words left out or in another order, slips of the
//! keyboard. Chinese has no blanks and is changed by characters: slips there are characters that sound or look alike.

mod lists;

use ingot_base::Rng;

/// How copies differ; each a share of the words (of the Chinese characters), in [0, 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Augment {
    /// Change places with the next.
    pub swap: f64,
    /// Are left out.
    pub delete: f64,
    /// Of those that the lists know: are replaced by one of like meaning.
    pub synonym: f64,
    /// Are mistyped.
    pub noise: f64,
}

/// A piece of a text; all pieces joined are the text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Letters or digits.
    Word(String),
    /// A Chinese character, or a known Chinese word.
    Han(String),
    /// Blanks, punctuation, signs.
    Gap(String),
}

/// A changed copy of a text; equal texts, settings and seeds give equal copies.
///
/// A text of one word keeps it. The copy's class is taken to be the text's, so shares should be small.
pub fn augment(text: &str, how: &Augment, seed: u64) -> String {
    let mut random = Rng::new(seed, "text augmentation");
    let mut pieces = pieces(text);
    for piece in &mut pieces {
        replace(piece, how.synonym, &mut random);
    }
    delete(&mut pieces, how.delete, &mut random);
    swap(&mut pieces, how.swap, &mut random);
    for piece in &mut pieces {
        mistype(piece, how.noise, &mut random);
    }
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Word(text) | Piece::Han(text) | Piece::Gap(text) => text,
        })
        .collect()
}

/// Whether a character is Chinese: the unified ideographs and their first extension.
fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (piece, length) = if is_han(letter) {
            let known = lists::CHINESE.iter().flat_map(|group| group.iter()).chain(lists::KEPT);
            let word =
                known.copied().filter(|word| rest.starts_with(word)).max_by_key(|word| word.len());
            let word = word.map_or_else(|| letter.to_string(), str::to_owned);
            let length = word.len();
            (Piece::Han(word), length)
        } else {
            let inside = |letter: char| letter.is_alphanumeric() && !is_han(letter);
            let word = inside(letter);
            let end = rest
                .char_indices()
                .find(|(_, other)| {
                    if word {
                        !inside(*other) && *other != '\''
                    } else {
                        inside(*other) || is_han(*other)
                    }
                })
                .map_or(rest.len(), |(at, _)| at);
            let own = rest.get(..end).unwrap_or(rest).to_owned();
            (if word { Piece::Word(own) } else { Piece::Gap(own) }, end)
        };
        pieces.push(piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    pieces
}

fn replace(piece: &mut Piece, share: f64, random: &mut Rng) {
    let (own, lists) = match piece {
        Piece::Word(word) => (word, lists::ENGLISH),
        Piece::Han(word) => (word, lists::CHINESE),
        Piece::Gap(_) => return,
    };
    let lower = own.to_lowercase();
    let Some(group) = lists.iter().find(|group| group.contains(&lower.as_str())) else { return };
    if random.unit() >= share {
        return;
    }
    let others: Vec<&str> = group.iter().copied().filter(|word| *word != lower).collect();
    if let Some(other) = others.get(random.below(others.len())) {
        let capital = own.chars().next().is_some_and(char::is_uppercase);
        *own = if capital { capitalised(other) } else { (*other).to_owned() };
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The indices of words and characters.
fn words(pieces: &[Piece]) -> Vec<usize> {
    let is_word = |piece: &Piece| !matches!(piece, Piece::Gap(_));
    (0..pieces.len()).filter(|at| pieces.get(*at).is_some_and(is_word)).collect()
}

/// Leaves words out, never the last that is left, and one of the two gaps beside each.
fn delete(pieces: &mut Vec<Piece>, share: f64, random: &mut Rng) {
    let all = words(pieces);
    let mut gone: Vec<usize> = all.iter().copied().filter(|_| random.unit() < share).collect();
    if gone.len() == all.len() {
        gone.pop();
    }
    for at in gone.into_iter().rev() {
        pieces.remove(at);
        let blank = |piece: Option<&Piece>| matches!(piece, Some(Piece::Gap(gap)) if gap.chars().all(char::is_whitespace));
        if blank(pieces.get(at)) && (at == 0 || blank(pieces.get(at - 1))) {
            pieces.remove(at);
        }
    }
}

/// Lets neighbours change places; each word moves once at most.
fn swap(pieces: &mut [Piece], share: f64, random: &mut Rng) {
    let all = words(pieces);
    let mut at = 0;
    while let Some(&[first, second]) = all.get(at..at + 2) {
        if random.unit() < share {
            pieces.swap(first, second);
            at += 1;
        }
        at += 1;
    }
}

fn mistype(piece: &mut Piece, share: f64, random: &mut Rng) {
    match piece {
        Piece::Gap(_) => {}
        Piece::Han(word) => {
            let changed = word.chars().map(|letter| {
                let group = lists::ALIKE.iter().find(|group| group.contains(letter));
                match group {
                    Some(group) if random.unit() < share => {
                        let others: Vec<char> =
                            group.chars().filter(|other| *other != letter).collect();
                        others.get(random.below(others.len())).copied().unwrap_or(letter)
                    }
                    _ => letter,
                }
            });
            *word = changed.collect();
        }
        Piece::Word(word) => {
            // Short words and numbers mean something else with a letter changed.
            let letters: Vec<char> = word.chars().collect();
            if letters.len() > 3
                && letters.iter().all(char::is_ascii_alphabetic)
                && random.unit() < share
            {
                *word = slip(letters, random);
            }
        }
    }
}

/// One slip: a letter doubled, left out, in the place of its neighbour, or the key beside it.
fn slip(mut letters: Vec<char>, random: &mut Rng) -> String {
    // The first letter stays: people notice that one.
    let at = 1 + random.below(letters.len() - 1);
    match random.below(4) {
        0 => letters.insert(at, letters.get(at).copied().unwrap_or_default()),
        1 => {
            letters.remove(at);
        }
        2 => letters.swap(at, if at > 1 { at - 1 } else { at + 1 }),
        _ => {
            if let Some(letter) = letters.get_mut(at) {
                let own = letter.to_ascii_lowercase();
                let row =
                    lists::KEYS.iter().find_map(|row| row.find(own).map(|place| (row, place)));
                let beside = row.and_then(|(row, place)| {
                    let sides = [place.checked_sub(1), Some(place + 1)];
                    let keys: Vec<char> = sides
                        .into_iter()
                        .flatten()
                        .filter_map(|place| row.as_bytes().get(place).copied().map(char::from))
                        .collect();
                    keys.get(random.below(keys.len())).copied()
                });
                *letter = beside.unwrap_or(*letter);
            }
        }
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONE: Augment = Augment { swap: 0.0, delete: 0.0, synonym: 0.0, noise: 0.0 };
    const ALL: f64 = 0.999_999;

    #[test]
    fn each_change_does_what_it_says() {
        let with = |how: Augment, text: &str| augment(text, &how, 7);
        assert_eq!(with(NONE, "A good  film, 很好看!"), "A good  film, 很好看!");
        let words = with(Augment { synonym: ALL, ..NONE }, "A Good movie");
        assert_ne!(words, "A Good movie");
        let first = words.split(' ').nth(1).unwrap();
        assert!(first.chars().next().unwrap().is_uppercase(), "{words}");
        assert_eq!(with(Augment { swap: ALL, ..NONE }, "one two, three"), "two one, three");
        assert_eq!(with(Augment { swap: ALL, ..NONE }, "我们去"), "们我去");
        let short = with(Augment { delete: 0.5, ..NONE }, "one two three four five six");
        assert!(short.split_whitespace().count() < 6 && !short.contains("  "), "{short:?}");
        assert_eq!(with(Augment { delete: ALL, ..NONE }, "alone"), "alone");
        let typed = with(Augment { noise: ALL, ..NONE }, "wonderful 12345");
        assert!(
            typed.starts_with('w') && typed != "wonderful 12345" && typed.ends_with(" 12345"),
            "{typed}"
        );
    }

    #[test]
    fn chinese_slips_sound_or_look_alike() {
        let typed = augment("在那里", &Augment { noise: ALL, ..NONE }, 1);
        assert_eq!(typed.chars().count(), 3);
        assert_ne!(typed, "在那里");
        for (own, other) in "在那里".chars().zip(typed.chars()).filter(|(own, other)| own != other)
        {
            assert!(lists::ALIKE.iter().any(|group| group.contains(own) && group.contains(other)));
        }
        let said = augment("我很喜欢这部电影", &Augment { synonym: ALL, ..NONE }, 3);
        assert!(!said.contains("喜欢") && !said.contains("电影"), "{said}");
        // A word inside another one is not that word.
        for whole in ["我等了十分钟", "没有时间", "这不可能", "有时候"] {
            assert_eq!(augment(whole, &Augment { synonym: ALL, ..NONE }, 3), whole);
        }
    }

    #[test]
    fn the_lists_hold_each_word_once_and_no_group_of_one() {
        for lists in [lists::ENGLISH, lists::CHINESE] {
            let mut all: Vec<&str> = lists.iter().flat_map(|group| group.iter().copied()).collect();
            assert!(lists.iter().all(|group| group.len() > 1));
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count);
        }
        let mut all: Vec<char> = lists::ALIKE.iter().flat_map(|group| group.chars()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    proptest! {
        #[test]
        fn equal_seeds_give_equal_copies_and_nothing_panics(text: String, seed: u64, share in 0.0..1.0_f64) {
            let how = Augment { swap: share, delete: share, synonym: share, noise: share };
            prop_assert_eq!(augment(&text, &how, seed), augment(&text, &how, seed));
            prop_assert_eq!(augment(&text, &NONE, seed), text);
        }
    }
}
