//! A tree that asks which words are there, and imitates the model.

use crate::outcome::Surrogate;
use crate::words::{alone, real};
use crate::{Pictures, picture, surrogate};
use ingot_base::{Field, FieldKind, Lang, Output, Result, Signature, Task, Text, half_width};
use ingot_runtime::Matrix;
use std::collections::{BTreeMap, BTreeSet};

/// A word that fewer texts have is not asked for: it may tell who wrote one.
const TEXTS: usize = 20;
/// Words asked for at most: those that go most with the scores.
const WORDS: usize = 200;

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
/// word stands in enough texts.
///
/// # Errors
/// When scores and texts do not belong together, or the picture cannot be drawn.
pub fn word_tree(
    output: &Output,
    learned: (&[&str], &[f64]),
    held: (&[&str], &[f64]),
    depth: usize,
) -> Result<Option<WordTree>> {
    let width = output.width();
    let scores = Matrix::new(learned.0.len(), width, learned.1.to_vec())?;
    let parts: Vec<BTreeSet<String>> = learned.0.iter().map(|text| words(text)).collect();
    let chosen = choose(&parts, &scores);
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

/// The words that enough texts have, those first that split the scores most.
fn choose(texts: &[BTreeSet<String>], scores: &Matrix) -> Vec<String> {
    let mut found: BTreeMap<&String, (usize, Vec<f64>)> = BTreeMap::new();
    let mut all = vec![0.0; scores.cols()];
    for (own, scores) in texts.iter().zip(scores.iter_rows()) {
        for (sum, score) in all.iter_mut().zip(scores) {
            *sum += score;
        }
        for word in own {
            let (count, sums) = found.entry(word).or_insert_with(|| (0, vec![0.0; scores.len()]));
            *count += 1;
            for (sum, score) in sums.iter_mut().zip(scores) {
                *sum += score;
            }
        }
    }
    let rows = texts.len();
    let mut list: Vec<(f64, &String)> = found
        .into_iter()
        .filter(|(_, (count, _))| *count >= TEXTS && *count + TEXTS <= rows)
        .map(|(word, (count, sums))| {
            let (with, without) = (real(count), real(rows - count));
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
        let output = Output::Binary {
            target: "t".into(),
            positive: "spam".into(),
            negative: "ham".into(),
            threshold: 0.5,
        };
        let tree = word_tree(&output, (&texts, &scores), (&texts, &scores), 3).unwrap().unwrap();
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
        let few = word_tree(&output, (&texts[..8], &scores[..8]), (&texts, &scores), 3).unwrap();
        assert!(few.is_none(), "rare words are nobody's business");
    }
}
