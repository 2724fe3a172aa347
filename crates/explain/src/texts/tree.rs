//! A tree that asks which words are there, and imitates the model.

use crate::outcome::Surrogate;
use crate::words::{alone, real};
use crate::{Pictures, picture, surrogate};
use ingot_base::{
    Field, FieldKind, Lang, Output, Result, Signature, Task, Text, half_width, told_apart,
};
use ingot_runtime::Matrix;
use std::collections::{BTreeMap, BTreeSet};

/// A word of fewer persons is not asked for: it may tell who wrote a text, or of whom.
pub const WORD_PERSONS: usize = 20;
/// Words asked for at most: those that go most with the scores.
const WORDS: usize = 200;

/// A text that the tree is grown on, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct KnownText<'a> {
    /// As the model read it.
    pub text: &'a str,
    /// The same without what names persons: a word that stands nowhere else is not asked for.
    pub unnamed: &'a str,
    /// The person that it is of; `None` where nobody says, and the text stands for its person.
    pub person: Option<&'a str>,
}

/// The tree, how well it imitates, and its picture.
#[derive(Debug, Clone)]
pub struct WordTree {
    /// Measured on texts it was not grown on.
    pub outcome: Surrogate,
    /// Its pictures.
    pub drawn: Pictures,
    /// Whether the machine that drew it has Chinese letters.
    pub chinese: bool,
}

/// Grows a tree on texts and the model's scores of them, `texts × output.width()`, and measures it on others. `None` when no
/// word is of enough persons.
///
/// # Errors
/// When scores and texts do not belong together, or the picture cannot be drawn.
pub fn word_tree(
    output: &Output,
    learned: (&[KnownText<'_>], &[f64]),
    held: (&[&str], &[f64]),
    depth: usize,
) -> Result<Option<WordTree>> {
    let width = output.width();
    let scores = Matrix::new(learned.0.len(), width, learned.1.to_vec())?;
    let parts: Vec<BTreeSet<String>> = learned.0.iter().map(|known| words(known.text)).collect();
    let chosen = choose(learned.0, &parts, &scores);
    if chosen.is_empty() {
        return Ok(None);
    }
    let signature = Signature {
        task: Task::TextClassify,
        inputs: chosen
            .iter()
            .map(|word| Field {
                title: Some(Text::new(format!("has “{word}”"), format!("含“{word}”"))),
                ..Field::new(word.clone(), FieldKind::Boolean, false)
            })
            .collect(),
        output: output.clone(),
    };
    let presence = |parts: &[BTreeSet<String>]| {
        let cells = parts
            .iter()
            .flat_map(|own| chosen.iter().map(|word| if own.contains(word) { 1.0 } else { 0.0 }));
        Matrix::new(parts.len(), chosen.len(), cells.collect())
    };
    let tree = surrogate::grow(&signature, &presence(&parts)?, &scores, depth);
    let others: Vec<BTreeSet<String>> = held.0.iter().map(|text| words(text)).collect();
    let others_scores = Matrix::new(held.0.len(), width, held.1.to_vec())?;
    let outcome = surrogate::fidelity(&tree, output, &presence(&others)?, &others_scores, depth);
    let drawn = |lang| picture::svg(&signature, &tree, lang);
    let (en, zh) = (drawn(Lang::En), drawn(Lang::Zh));
    let png = picture::png(&en)?;
    let drawn = Pictures { en, zh, png: png.bytes };
    Ok(Some(WordTree { outcome, drawn, chinese: png.chinese }))
}

/// The words of a text in small letters, full-width ones as ASCII; a character that is written without spaces, and each two side by side, are words.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let text: String = text.chars().map(half_width).collect();
    for part in
        text.to_lowercase().split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
    {
        let letters: Vec<char> = part.chars().collect();
        for run in letters.chunk_by(|a, b| alone(*a) == alone(*b)) {
            if run.first().is_some_and(|letter| alone(*letter)) {
                words.extend(run.iter().map(char::to_string));
                words.extend(run.windows(2).map(|two| two.iter().collect::<String>()));
            } else if run.iter().any(|letter| letter.is_alphanumeric()) {
                words.insert(run.iter().collect());
            }
        }
    }
    words
}

/// Numbers of the persons that texts are of, however their names are written; texts of nobody that say the same are one person's.
fn persons(texts: &[KnownText<'_>]) -> Vec<usize> {
    let mut known: BTreeMap<(bool, String), usize> = BTreeMap::new();
    let number = |own: &KnownText<'_>| {
        let next = known.len();
        let name = told_apart(own.person.unwrap_or(own.text));
        *known.entry((own.person.is_some(), name)).or_insert(next)
    };
    texts.iter().map(number).collect()
}

/// A word of the texts.
struct Found {
    /// Texts that have it.
    texts: usize,
    /// Whose texts have it elsewhere than in a name.
    persons: BTreeSet<usize>,
    /// Sums of the scores of the texts that have it.
    sums: Vec<f64>,
}

/// The words of enough persons, those first that split the scores most. `parts` are the words of the texts.
fn choose(texts: &[KnownText<'_>], parts: &[BTreeSet<String>], scores: &Matrix) -> Vec<String> {
    let mut found: BTreeMap<&String, Found> = BTreeMap::new();
    let mut all = vec![0.0; scores.cols()];
    let whose = texts.iter().zip(persons(texts));
    for (((known, person), own), scores) in whose.zip(parts).zip(scores.iter_rows()) {
        for (sum, score) in all.iter_mut().zip(scores) {
            *sum += score;
        }
        let unnamed = words(known.unnamed);
        for word in own {
            let word_found = found.entry(word).or_insert_with(|| Found {
                texts: 0,
                persons: BTreeSet::new(),
                sums: vec![0.0; scores.len()],
            });
            word_found.texts += 1;
            if unnamed.contains(word) {
                word_found.persons.insert(person);
            }
            for (sum, score) in word_found.sums.iter_mut().zip(scores) {
                *sum += score;
            }
        }
    }
    let rows = parts.len();
    let common =
        |found: &Found| found.persons.len() >= WORD_PERSONS && found.texts + WORD_PERSONS <= rows;
    let mut list: Vec<(f64, &String)> = found
        .into_iter()
        .filter(|(_, found)| common(found))
        .map(|(word, Found { texts, sums, .. })| {
            let (with, without) = (real(texts), real(rows - texts));
            let apart: f64 = sums
                .iter()
                .zip(&all)
                .map(|(sum, all)| (sum / with - (all - sum) / without).powi(2))
                .sum();
            (apart * with * without, word)
        })
        .collect();
    list.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    list.into_iter().take(WORDS).map(|(_, word)| word.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobodys<'a>(texts: &[&'a str]) -> Vec<KnownText<'a>> {
        texts.iter().map(|&text| KnownText { text, unnamed: text, person: None }).collect()
    }

    fn spam() -> Output {
        Output::Binary {
            target: "t".into(),
            positive: "spam".into(),
            negative: "ham".into(),
            threshold: 0.5,
        }
    }

    #[test]
    fn a_word_of_one_person_is_not_asked_for_however_often_it_is_there() {
        // The name goes with the scores like nothing else.
        let texts: Vec<String> = (0..200)
            .map(|at| match at % 2 {
                0 => format!("Quastenberg: {} {at}", ["request", "question", "order"][at % 3]),
                _ => format!("{} {at}", ["parcel", "letter", "order"][at % 3]),
            })
            .collect();
        let scores: Vec<f64> = (0..200).map(|at| [0.9, 0.1][at % 2]).collect();
        let held: Vec<&str> = texts.iter().map(String::as_str).collect();
        let owners: Vec<String> = (0..200)
            .map(|at| if at % 2 == 0 { [" p1", "P1"][at / 2 % 2].into() } else { format!("q{at}") })
            .collect();
        let asked = |known: &[KnownText<'_>]| {
            let tree = word_tree(&spam(), (known, &scores), (&held, &scores), 3).unwrap();
            tree.map(|tree| tree.drawn.en).unwrap_or_default()
        };
        let mut known = nobodys(&held);
        assert!(asked(&known).contains("quastenberg"), "of nobody's texts only the texts count");
        for (own, person) in known.iter_mut().zip(&owners) {
            own.person = Some(person);
        }
        let drawn = asked(&known);
        assert!(!drawn.contains("quastenberg") && !drawn.contains("request"), "{drawn}");
        assert!(drawn.contains("parcel") || drawn.contains("letter"), "{drawn}");

        // The same text again and again is one, and a word that stands in names alone is none.
        let same: Vec<&str> =
            (0..200).map(|at| ["Quastenberg is here", "a parcel"][at % 2]).collect();
        assert_eq!(asked(&nobodys(&same)), "", "two different texts");
        let mut hidden = nobodys(&held);
        let bare: Vec<String> = texts.iter().map(|text| text.replace("Quastenberg", " ")).collect();
        for (own, bare) in hidden.iter_mut().zip(&bare) {
            own.unnamed = bare;
        }
        let drawn = asked(&hidden);
        assert!(!drawn.contains("quastenberg") && !drawn.is_empty(), "{drawn}");
    }

    #[test]
    fn the_tree_asks_for_the_words_that_decide() {
        let texts: Vec<String> = (0..400)
            .map(|at| match at % 4 {
                0 => format!("Win a prize now, call {at}"),
                1 => "a prize for you".to_owned(),
                2 => "see a friend at noon".to_owned(),
                _ => "很好的一天".to_owned(),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let scores: Vec<f64> =
            texts.iter().map(|text| if text.contains("prize") { 0.9 } else { 0.1 }).collect();
        let (output, known) = (spam(), nobodys(&texts));
        let tree = word_tree(&output, (&known, &scores), (&texts, &scores), 3).unwrap().unwrap();
        assert_eq!(tree.outcome.agreement, Some(1.0));
        assert!(tree.outcome.r2.unwrap() > 0.999);
        let svg = &tree.drawn.en;
        assert!(svg.contains("prize") && !svg.contains("noon"), "{svg}");
        assert!(words("很好的 Day's").contains("好的") && words("Day's").contains("day's"));
        assert_eq!(words("第１２号Ａb"), words("第12号ab"));
        assert!(
            words("𠮷野カフェ").contains("𠮷野"),
            "also those beyond the first plane, and kana"
        );
        let few = word_tree(&output, (&known[..8], &scores[..8]), (&texts, &scores), 3).unwrap();
        assert!(few.is_none(), "rare words are nobody's business");
    }
}
