//! Passages: what stands in several texts, and what stands in an evaluation set.

use crate::math::share;
use crate::tokens::{Token, tokens, windows};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// Window hashes are mixed already: sets take them as they are.
#[derive(Debug, Default, Clone, Copy)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 ^= value;
    }
}

type Hashes<T> = HashSet<T, BuildHasherDefault<AsIs>>;

/// Finds passages of at least `window` tokens that stood in an earlier text, or earlier in the same one, as Lee et al. 2022
/// (*Deduplicating Training Data Makes Language Models Better*) take out of training sets; there 50 tokens.
///
/// Memory grows with the tokens seen: a set of the hashes of all windows. Two windows are taken for equal when two independent
/// 64-bit hashes of them are, so that chance does not matter at any size.
#[derive(Debug)]
pub struct Passages {
    window: usize,
    seen: Hashes<(u64, u64)>,
}

impl Passages {
    /// Nothing seen yet; `window` is at least 1 token.
    pub fn new(window: usize) -> Self {
        Self { window: window.max(1), seen: Hashes::default() }
    }

    /// Takes the next text and tells the parts of it, as bytes, that were seen before; in order, apart from each other.
    pub fn push(&mut self, text: &str) -> Vec<Range<usize>> {
        let list = tokens(text);
        let hashes: Vec<u64> = list.iter().map(|token| token.hash).collect();
        let turned: Vec<u64> =
            hashes.iter().map(|hash| hash.rotate_left(32) ^ 0xA5A5_A5A5_A5A5_A5A5).collect();
        let keys: Vec<(u64, u64)> =
            windows(&hashes, self.window).zip(windows(&turned, self.window)).collect();
        let mut found: Vec<Range<usize>> = Vec::new();
        for (first, key) in keys.iter().enumerate() {
            // Windows of this text count once they have ended: a window does not repeat one that it overlaps.
            if let Some(key) = first.checked_sub(self.window).and_then(|ended| keys.get(ended)) {
                self.seen.insert(*key);
            }
            if self.seen.contains(key) {
                mark(&mut found, first..first + self.window);
            }
        }
        self.seen.extend(keys);
        found.into_iter().filter_map(|run| bytes(&list, &run)).collect()
    }
}

/// Adds a run of tokens to runs in order, as one with the last when they touch.
fn mark(runs: &mut Vec<Range<usize>>, run: Range<usize>) {
    match runs.last_mut() {
        Some(last) if run.start <= last.end => last.end = run.end,
        _ => runs.push(run),
    }
}

/// From the first byte of the first token to the last of the last.
fn bytes(list: &[Token], run: &Range<usize>) -> Option<Range<usize>> {
    Some(list.get(run.start)?.start..list.get(run.end.checked_sub(1)?)?.end)
}

/// A text without some parts of it. Parts are in order and apart; one that is no part of the text stays.
pub fn without(text: &str, parts: &[Range<usize>]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for part in parts {
        if let Some(before) = text.get(from..part.start) {
            left.push_str(before);
            from = part.end;
        }
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// What of a text stands in the evaluation set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Tokens of the text that belong to a passage of the set.
    pub tokens: u64,
    /// Their share of the text's tokens.
    pub share: f64,
}

/// An evaluation set as its passages of `width` tokens. GPT-3 took 13 (Brown et al. 2020, appendix C).
///
/// An item with fewer tokens counts as a passage by itself when it has at least [`Contamination::SHORTEST`].
#[derive(Debug)]
pub struct Contamination {
    /// By the number of tokens in a passage.
    passages: BTreeMap<usize, Hashes<u64>>,
    width: usize,
}

impl Contamination {
    /// Shorter items are no evidence: they stand in any text by chance.
    pub const SHORTEST: usize = 5;

    /// Passages of `width` tokens, at least 1.
    pub fn new(width: usize) -> Self {
        Self { passages: BTreeMap::new(), width: width.max(1) }
    }

    /// Adds an item of the set.
    pub fn add(&mut self, item: &str) {
        let hashes: Vec<u64> = tokens(item).iter().map(|token| token.hash).collect();
        let width = self.width.min(hashes.len());
        if width >= Self::SHORTEST.min(self.width) {
            self.passages.entry(width).or_default().extend(windows(&hashes, width));
        }
    }

    /// Passages in the set.
    pub fn len(&self) -> usize {
        self.passages.values().map(HashSet::len).sum()
    }

    /// The set as numbers, for another program: its width, and by the number of tokens in a passage the passages' hashes, rising.
    pub fn to_parts(&self) -> (usize, BTreeMap<usize, Vec<u64>>) {
        let sorted = |hashes: &Hashes<u64>| {
            let mut hashes: Vec<u64> = hashes.iter().copied().collect();
            hashes.sort_unstable();
            hashes
        };
        (self.width, self.passages.iter().map(|(width, hashes)| (*width, sorted(hashes))).collect())
    }

    /// The set that [`Self::to_parts`] took apart.
    pub fn from_parts(width: usize, passages: BTreeMap<usize, Vec<u64>>) -> Self {
        let passages =
            passages.into_iter().map(|(width, hashes)| (width, hashes.into_iter().collect()));
        Self { passages: passages.collect(), width: width.max(1) }
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }

    /// What of a text stands in the set; `None` when nothing does.
    pub fn overlap(&self, text: &str) -> Option<Overlap> {
        let hashes: Vec<u64> = tokens(text).iter().map(|token| token.hash).collect();
        let mut marked = vec![false; hashes.len()];
        for (width, passages) in &self.passages {
            for (first, hash) in windows(&hashes, *width).enumerate() {
                if passages.contains(&hash)
                    && let Some(run) = marked.get_mut(first..first + width)
                {
                    run.fill(true);
                }
            }
        }
        let found = marked.iter().filter(|marked| **marked).count();
        (found > 0).then(|| Overlap { tokens: found as u64, share: share(found, hashes.len()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_before_is_found_and_cut() {
        let mut passages = Passages::new(4);
        assert!(passages.push("one two three four five six").is_empty());
        let text = "Now: two, three four FIVE! and more";
        let found = passages.push(text);
        assert_eq!(
            found.iter().filter_map(|part| text.get(part.clone())).collect::<Vec<_>>(),
            ["two, three four FIVE"]
        );
        assert_eq!(without(text, &found), "Now: ! and more");
        assert!(passages.push("two three four").is_empty(), "shorter than a window");
        let own = "借款人按时还款。借款人按时还款。";
        let found = passages.push(own);
        assert_eq!(without(own, &found), "借款人按时还款。。", "earlier in the same text");
        assert!(
            Passages::new(3).push("a a a a a").is_empty(),
            "a window does not repeat one that it overlaps"
        );
    }

    #[test]
    fn an_evaluation_set_is_found_in_both_scripts() {
        let mut set = Contamination::new(8);
        set.add("What is the capital city of the old kingdom in the north?");
        set.add("请问逾期九十天以上的贷款应当归入哪一类");
        set.add("yes or no");
        let hit = set
            .overlap("He asked: what is the capital city of the old KINGDOM, then left.")
            .unwrap();
        let (width, parts) = set.to_parts();
        let again = Contamination::from_parts(width, parts);
        let asked = "He asked: what is the capital city of the old KINGDOM, then left.";
        assert_eq!((again.len(), again.overlap(asked)), (set.len(), Some(hit)), "elsewhere, too");
        assert_eq!(
            (hit.tokens, set.overlap("yes or no, who knows what is the capital")),
            (9, None)
        );
        assert!(set.overlap("问：逾期九十天以上的贷款应当归入哪一类？").unwrap().share > 0.9);
        let mut short = Contamination::new(13);
        short.add("七加五等于多少");
        assert!(short.overlap("老师问七加五等于多少。").is_some(), "a short item counts whole");
        assert!(short.overlap("老师问七加五等于几。").is_none());
    }
}
