//! What a text says again: lines, paragraphs, runs of words (Rae et al. 2021, section A.1.1).

use crate::math::share;
use crate::tokens::{tokens, windows};
use std::collections::{BTreeMap, BTreeSet};

/// Runs of so many words whose repetitions are counted.
pub(super) const DUPLICATES: [usize; 6] = [5, 6, 7, 8, 9, 10];
/// Runs of so many words of which the most frequent is measured.
pub(super) const TOPS: [usize; 3] = [2, 3, 4];

/// Shares of a text that repeat.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Repetition {
    /// Lines that repeat another, and their share of characters.
    pub(super) lines: (f64, f64),
    /// The same of paragraphs.
    pub(super) paragraphs: (f64, f64),
    /// Characters in the most frequent run.
    pub(super) top: [f64; TOPS.len()],
    /// Characters in runs that repeat an earlier one.
    pub(super) duplicate: [f64; DUPLICATES.len()],
}

/// Measures a text; in Chinese runs are twice as long, since their tokens are characters.
pub(super) fn measure(text: &str, chinese: bool) -> Repetition {
    let list = tokens(text);
    let hashes: Vec<u64> = list.iter().map(|token| token.hash).collect();
    let lengths: Vec<usize> = list
        .iter()
        .map(|token| text.get(token.start..token.end).map_or(0, |word| word.chars().count()))
        .collect();
    let whole: usize = lengths.iter().sum();
    let times = if chinese { 2 } else { 1 };
    Repetition {
        lines: parts(text.lines()),
        paragraphs: parts(text.split("\n\n")),
        top: TOPS.map(|width| top(&hashes, &lengths, width * times, whole)),
        duplicate: DUPLICATES.map(|width| duplicate(&hashes, &lengths, width * times, whole)),
    }
}

/// The share of parts that repeat an earlier one, and of characters in them.
fn parts<'a>(parts: impl Iterator<Item = &'a str>) -> (f64, f64) {
    let mut seen = BTreeSet::new();
    let (mut count, mut repeated, mut letters, mut repeated_letters) = (0, 0, 0, 0);
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let length = part.chars().count();
        count += 1;
        letters += length;
        if !seen.insert(part) {
            repeated += 1;
            repeated_letters += length;
        }
    }
    (share(repeated, count), share(repeated_letters, letters))
}

/// The share of characters in occurrences of the most frequent run, when it occurs twice.
fn top(hashes: &[u64], lengths: &[usize], width: usize, whole: usize) -> f64 {
    // Occurrences that overlap count once: the end of the last that counted is kept.
    let mut counts: BTreeMap<u64, (usize, usize, usize)> = BTreeMap::new();
    for (first, key) in windows(hashes, width).enumerate() {
        let letters: usize = lengths.iter().skip(first).take(width).sum();
        let (count, sum, end) = counts.entry(key).or_default();
        if *count == 0 || first >= *end {
            (*count, *sum, *end) = (*count + 1, *sum + letters, first + width);
        }
    }
    let best = counts.values().filter(|(count, ..)| *count > 1).map(|(_, sum, _)| *sum).max();
    share(best.unwrap_or(0), whole)
}

/// The share of characters in runs that stood before; characters count once.
fn duplicate(hashes: &[u64], lengths: &[usize], width: usize, whole: usize) -> f64 {
    let mut seen = BTreeSet::new();
    let mut marked_to = 0;
    let mut letters = 0;
    for (first, key) in windows(hashes, width).enumerate() {
        if !seen.insert(key) {
            let from = marked_to.max(first);
            letters +=
                lengths.iter().skip(from).take((first + width).saturating_sub(from)).sum::<usize>();
            marked_to = first + width;
        }
    }
    share(letters, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_is_measured() {
        let found = measure("buy now today\nbuy now today\nsomething else", false);
        assert!((found.lines.0 - 1.0 / 3.0).abs() < 1e-12);
        assert!(
            (found.top[0] - 16.0 / 35.0).abs() < 1e-12,
            "`now today` twice, eight letters each: {}",
            found.top[0]
        );
        assert!(found.duplicate.iter().all(|share| *share < 1e-12));
        let five = measure("one two three four five. one two three four five.", false);
        assert!((five.duplicate[0] - 0.5).abs() < 1e-12);
        assert!(five.duplicate[1] < 1e-12);
        let chinese = measure("按时还款信用良好无逾期。按时还款信用良好无逾期。", true);
        assert!((chinese.duplicate[0] - 0.5).abs() < 0.05, "{:?}", chinese.duplicate);
        assert_eq!(measure("", false), Repetition::default());
    }
}
