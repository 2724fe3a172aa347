//! What stands behind a name in Chinese, where no blank parts words: a model that takes 邹芳于 for a name out of `邹芳于3日来电` makes another person
//! of 邹芳.

use crate::detect::{Finding, Kind, ends_name};
use ingot_base::Personal;
use ingot_base::spelling::ideograph;

/// Characters that follow a name and hardly ever end one, besides those at which the tagger ends one.
const MORE: &str = "向由称正已未曾刚";
/// Those that follow names of two or three characters too, and end some.
const OFTEN: &str = "和来";
/// Those of them that are surnames: before a name they may be a part of it.
const SURNAMES: &str = "于向曾";
/// Fewest and most characters of a Chinese name of which a longer guess is cut.
const NAME: std::ops::RangeInclusive<usize> = 2..=4;

/// Whether a character behind a name of so many characters is hardly a part of it.
fn follows(letter: char, length: usize) -> bool {
    is_word(letter) || (2..=3).contains(&length) && OFTEN.contains(letter)
}

fn is_word(letter: char) -> bool {
    MORE.contains(letter) || !OFTEN.contains(letter) && ends_name(letter)
}

/// A Chinese name without the character behind it that is hardly a part of it, for one of three characters and more that ends in such a
/// one: 邹芳 of 邹芳于. A name that a model found in a text may be so.
pub fn shortened(name: &str) -> Option<Personal<String>> {
    let letters: Vec<char> = name.trim().chars().collect();
    let (last, front) = letters.split_last()?;
    let name = front.len() >= 2 && letters.iter().all(|letter| ideograph(*letter));
    (name && follows(*last, front.len())).then(|| Personal::new(front.iter().collect()))
}

/// Cuts persons whom a model found to those whom a column of the row names within them, where what they have besides is Chinese and hardly
/// a part of a name. What may be somebody else's name behind it stays found. `known` are the findings of the columns.
pub(crate) fn cut(text: &str, known: &[Finding], found: &mut Vec<Finding>) {
    let longer = |one: &Finding, known: &Finding| {
        known.kind == Kind::Person
            && one.start <= known.start
            && known.end <= one.end
            && one.end - one.start > known.end - known.start
    };
    let guessed = |one: &Finding| one.kind == Kind::Person && !one.is_of_column();
    let doubtful =
        found.iter().any(|one| guessed(one) && known.iter().any(|known| longer(one, known)));
    if !doubtful {
        return;
    }
    let letters: Vec<char> = text.chars().collect();
    let mut rests = Vec::new();
    for one in found.iter_mut().filter(|one| guessed(one)) {
        let within = known.iter().filter(|known| longer(one, known));
        let Some(name) = within.max_by_key(|known| known.end - known.start) else { continue };
        let part = |from: usize, to: usize| letters.get(from..to).unwrap_or_default();
        let (before, own, behind) =
            (part(one.start, name.start), part(name.start, name.end), part(name.end, one.end));
        let chinese = |part: &[char]| part.iter().all(|letter| ideograph(*letter));
        let word = |letter: &char| is_word(*letter) && !SURNAMES.contains(*letter);
        let cut = chinese(own)
            && NAME.contains(&own.len())
            && chinese(behind)
            && before.iter().all(word)
            && behind.first().is_none_or(|first| follows(*first, own.len()));
        if !cut {
            continue;
        }
        // 邹芳和李文明 may be taken for one.
        let words = behind.iter().take_while(|letter| follows(**letter, own.len())).count();
        if behind.len() - words >= 2 {
            rests.push(Finding { start: name.end + words, ..one.clone() });
        }
        (one.start, one.end) = (name.start, name.end);
    }
    found.append(&mut rests);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Why;

    /// What is left of a model's guess that a text begins with, where a column names somebody within it.
    fn left(guess: &str, known: &str) -> Vec<String> {
        let span = |part: &str| {
            let start = guess.split(part).next().unwrap_or_default().chars().count();
            (start, start + part.chars().count())
        };
        let of = |part: &str, why| Finding::new(Kind::Person, span(part), 0.9, vec![why]);
        let mut found = vec![of(guess, Why::Model)];
        cut(guess, &[of(known, Why::Column("name".into()))], &mut found);
        let part =
            |one: &Finding| guess.chars().skip(one.start).take(one.end - one.start).collect();
        found.iter().map(part).collect()
    }

    #[test]
    fn a_guess_is_cut_to_the_name_that_a_column_has() {
        for guess in ["邹芳于", "邹芳和", "邹芳来电", "邹芳已", "由邹芳", "请邹芳在"]
        {
            assert_eq!(left(guess, "邹芳"), ["邹芳"], "{guess}");
        }
        assert_eq!(left("王小明说", "小明"), ["王小明说"], "its surname is no word before a name");
        assert_eq!(left("欧阳文静来", "欧阳文静"), ["欧阳文静来"]);
        assert_eq!(left("邹芳和李文明", "邹芳"), ["邹芳", "李文明"]);
    }

    #[test]
    fn a_longer_name_stays_whole() {
        for (guess, known) in [
            ("李文明", "李文"),
            ("于李文", "李文"),
            ("王李文", "李文"),
            ("曾文静", "文静"),
            ("Ann于", "Ann"),
        ] {
            assert_eq!(left(guess, known), [guess]);
        }
    }

    #[test]
    fn a_name_is_shortened_by_what_is_hardly_a_part_of_it() {
        let of = |name: &str| shortened(name).map(|name| name.expose().clone());
        assert_eq!(of("邹芳于"), Some("邹芳".to_owned()));
        assert_eq!(of("王小明来"), Some("王小明".to_owned()));
        for name in ["李文明", "刘向", "欧阳文静来", "Ann于", ""] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
