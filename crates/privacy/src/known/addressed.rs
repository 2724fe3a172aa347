//! Somebody's surname with a title: 王先生, Mr. Hudson. The title tells little and stays; the surname is a part of the name.

use super::pieces::Pieces;
use crate::detect::{TITLES, TITLES_ZH, family_name};
use ingot_base::spelling::ideograph;

/// Words behind an English surname that belong to the name.
const GENERATIONS: &[&str] = &["jr", "sr", "ii", "iii", "iv"];
/// Characters of a Chinese full name.
const NAME: std::ops::RangeInclusive<usize> = 2..=4;

/// What was found, taken for a surname with a title.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Addressed<'v> {
    /// A title that was found with it, before it: `Mr. `.
    pub(crate) front: &'v str,
    pub(crate) surname: &'v str,
    /// The same behind it: `先生`.
    pub(crate) behind: &'v str,
}

impl<'v> Addressed<'v> {
    /// What was found, with the text before and behind it; `None` where no title stands with it. Whether it is a surname, the caller knows.
    pub(crate) fn of(before: &str, value: &'v str, behind: &str) -> Option<Self> {
        let alone = |surname| Some(Self { front: "", surname, behind: "" });
        let own = TITLES_ZH.iter().find_map(|(title, _)| {
            let surname = value.strip_suffix(title)?;
            let length = surname.chars().count();
            let named = (1..=2).contains(&length) && surname.chars().all(ideograph);
            named.then_some((surname, *title))
        });
        if let Some((surname, title)) = own {
            let behind = value.get(value.len() - title.len()..).unwrap_or_default();
            return Some(Self { front: "", surname, behind });
        }
        if let Some((title, rest)) = value.split_once(char::is_whitespace)
            && is_title(title)
        {
            let surname = rest.trim_start();
            let front = value.get(..value.len() - surname.len()).unwrap_or_default();
            return Some(Self { front, surname, behind: "" });
        }
        let next = behind.trim_start();
        if TITLES_ZH.iter().any(|(title, _)| next.starts_with(title)) {
            return alone(value);
        }
        let parted = before.trim_end_matches(char::is_whitespace);
        let word = parted.trim_end_matches('.');
        if word.len() == before.len() {
            return None;
        }
        let last = word.rsplit(|letter: char| !letter.is_alphabetic()).next();
        last.filter(|last| is_title(last)).and_then(|_| alone(value))
    }
}

fn is_title(word: &str) -> bool {
    TITLES.contains(&word.trim_end_matches('.').to_lowercase().as_str())
}

/// The letters of a full name's surname, as they are compared; of `van Dijk` also the last word alone. None for what is no full name.
pub(super) fn surnames(value: &str) -> Vec<Vec<char>> {
    let letters = |text: &str| Pieces::of_value(text).letters();
    let whole = letters(value);
    if whole.iter().all(|letter| ideograph(*letter)) {
        let family = whole.get(..family_name(&whole)).filter(|family| family.len() < whole.len());
        return family
            .filter(|_| NAME.contains(&whole.len()))
            .into_iter()
            .map(<[_]>::to_vec)
            .collect();
    }
    let (family, least) = match value.split_once(',') {
        Some((family, _)) => (family, 0),
        None => (value, 1),
    };
    let mut words: Vec<&str> = family.split_whitespace().collect();
    words.retain(|word| !GENERATIONS.contains(&word.trim_end_matches('.').to_lowercase().as_str()));
    let Some((last, front)) = words.split_last().filter(|(_, front)| front.len() >= least) else {
        return Vec::new();
    };
    let small = |word: &&&str| word.chars().next().is_some_and(char::is_lowercase);
    let links = front.get(least..).unwrap_or_default().iter().rev().take_while(small).count();
    let long = words.get(front.len() - links..).unwrap_or_default().concat();
    let mut surnames = vec![letters(last), letters(&long)];
    surnames.dedup();
    surnames.retain(|surname| !surname.is_empty());
    surnames
}

/// The surname of a made-up name.
pub(crate) fn surname_of(made_up: &str) -> &str {
    let chinese = made_up.char_indices().nth(1).filter(|_| made_up.chars().all(ideograph));
    if let Some((end, _)) = chinese {
        return made_up.get(..end).unwrap_or(made_up);
    }
    let mut words = made_up.split_whitespace();
    words.rfind(|word| word.chars().all(char::is_alphabetic)).unwrap_or(made_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_seen_within_what_was_found_and_beside_it() {
        let of = |before, value, behind| {
            let one = Addressed::of(before, value, behind)?;
            Some((one.front, one.surname, one.behind))
        };
        assert_eq!(of("", "王先生", "来电"), Some(("", "王", "先生")));
        assert_eq!(of("", "欧阳女士", ""), Some(("", "欧阳", "女士")));
        assert_eq!(of("", "欧阳", "先生来电"), Some(("", "欧阳", "")));
        assert_eq!(of("", "Hudson", "先生来电"), Some(("", "Hudson", "")));
        assert_eq!(of("Spoke to Mr. ", "Hudson", ""), Some(("", "Hudson", "")));
        assert_eq!(of("MS ", "Hudson", ""), Some(("", "Hudson", "")));
        assert_eq!(of("", "Mr. Hudson", ""), Some(("Mr. ", "Hudson", "")));
        for (before, value, behind) in [
            ("", "王小明", "来电"),
            ("", "先生", ""),
            ("", "王小明先生", ""),
            ("the alms ", "Hudson", ""),
            ("Mr", "Hudson", ""),
            ("", "Hudson", " called"),
        ] {
            assert_eq!(of(before, value, behind), None, "{before}|{value}|{behind}");
        }
    }

    #[test]
    fn a_full_name_has_a_surname() {
        let of = |value: &str| -> Vec<String> {
            surnames(value).iter().map(|letters| letters.iter().collect()).collect()
        };
        for (value, wanted) in [
            ("王浩然", &["王"][..]),
            ("王浩", &["王"]),
            ("欧阳文静", &["欧阳"]),
            ("Robert J. Barker", &["barker"]),
            ("BARKER, Robert", &["barker"]),
            ("Peter van Dijk", &["dijk", "vandijk"]),
            ("van Dijk, Peter", &["dijk", "vandijk"]),
            ("Robert Barker Jr.", &["barker"]),
            ("Hudson", &[]),
            ("王", &[]),
            ("北京市海淀区", &[]),
            ("", &[]),
        ] {
            assert_eq!(of(value), wanted, "{value}");
        }
    }

    #[test]
    fn a_made_up_name_has_one_too() {
        for (name, surname) in
            [("方宇宁", "方"), ("James A. Smith", "Smith"), ("James A. Smith 000123", "Smith")]
        {
            assert_eq!(surname_of(name), surname);
        }
    }
}
