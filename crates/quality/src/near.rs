//! Near duplicates: `MinHash` signatures, banding, verification, groups.
//!
//! A text is the set of its shingles: every run of `shingle` tokens. The similarity of two texts is the Jaccard index of
//! their sets, |A ∩ B| / |A ∪ B|. The least value of a permutation of all shingles is equal for both with just that chance
//! (Broder 1997); 128 permutations make a signature. Bands of `r` rows bring together what is alike: two texts of similarity
//! s meet in one of b bands with the chance 1 − (1 − sʳ)ᵇ (Leskovec, Rajaraman, Ullman: *Mining of Massive Datasets*, §3.4).
//! What meets is verified: by the sets themselves while they fit into the memory allowed, by the share of equal rows beyond.

use crate::math::{mix, real, share};
use crate::tokens::{each, windows};
use crate::unite::Unite;
use ingot_base::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Permutations in a signature.
pub const PERMUTATIONS: usize = 128;
/// Of a bucket each text is compared with at most so many before it. Only hundreds of texts that are alike in one band and
/// different altogether can reach it.
const COMPARED: usize = 256;
/// Standard deviations below the threshold at which an estimate ends the comparison.
const CERTAIN: f64 = 4.0;

/// What counts as a near duplicate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearConfig {
    /// Least Jaccard similarity, in (0, 1].
    pub similarity: f64,
    /// Tokens in a shingle, at least 1: words, or characters of a script without spaces.
    pub shingle: usize,
    /// Largest chance that a pair at the threshold never meets in a band.
    pub miss: f64,
    /// Bytes that shingle sets may take for exact verification.
    pub exact_bytes: usize,
    /// Chooses the permutations.
    pub seed: u64,
}

impl NearConfig {
    /// Three tokens a shingle, a thousandth of misses, a gibibyte of sets.
    pub fn new(similarity: f64) -> Self {
        Self { similarity, shingle: 3, miss: 1e-3, exact_bytes: 1 << 30, seed: 0 }
    }
}

/// How signatures are cut into bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Banding {
    /// Bands.
    pub bands: usize,
    /// Rows in each.
    pub rows: usize,
}

impl Banding {
    /// The widest bands, so the fewest comparisons, whose chance of missing a pair at the threshold is at most `miss`; bands
    /// of one row when none is.
    pub fn choose(similarity: f64, miss: f64) -> Self {
        let fits = |rows: &usize| Self::of(*rows).chance_of_missing(similarity) <= miss;
        Self::of((1..=PERMUTATIONS).rev().find(fits).unwrap_or(1))
    }

    fn of(rows: usize) -> Self {
        Self { bands: PERMUTATIONS / rows, rows }
    }

    /// (1 − sʳ)ᵇ: the chance that two texts of this similarity meet in no band.
    pub fn chance_of_missing(self, similarity: f64) -> f64 {
        (1.0 - similarity.powf(real(self.rows))).powf(real(self.bands))
    }
}

/// What is kept of a text for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    signature: Box<[u32; PERMUTATIONS]>,
    /// Hashes of its shingles, ascending, each once.
    shingles: Vec<u32>,
}

impl Sketch {
    /// The share of permutations with the same least value: an estimate of the similarity with a standard deviation of
    /// √(s (1 − s) / 128).
    pub fn estimate(&self, other: &Self) -> f64 {
        estimate(&*self.signature, &*other.signature)
    }

    /// The Jaccard index of the shingle sets.
    pub fn similarity(&self, other: &Self) -> f64 {
        jaccard(&self.shingles, &other.shingles)
    }
}

/// Makes sketches; the same for every thread.
#[derive(Debug, Clone)]
pub struct Sketcher {
    masks: [u32; PERMUTATIONS],
    factors: [u32; PERMUTATIONS],
    shingle: usize,
}

impl Sketcher {
    /// With the permutations of a seed: x ↦ (x ⊕ mask) · factor mod 2³² with odd factors, each a bijection.
    pub fn new(config: &NearConfig) -> Self {
        let mut rng = Rng::new(config.seed, "minhash");
        let mut draw = || (rng.bits() >> 32) as u32;
        let masks = std::array::from_fn(|_| draw());
        let factors = std::array::from_fn(|_| draw() | 1);
        Self { masks, factors, shingle: config.shingle.max(1) }
    }

    /// The sketch of a text; `None` for one without a letter or digit.
    pub fn sketch(&self, text: &str) -> Option<Sketch> {
        let mut hashes = Vec::with_capacity(text.len() / 4);
        each(text, |token| hashes.push(token.hash));
        if hashes.is_empty() {
            return None;
        }
        // A text shorter than a shingle is one.
        let width = self.shingle.min(hashes.len());
        let mut shingles: Vec<u32> =
            windows(&hashes, width).map(|hash| (hash >> 32) as u32).collect();
        shingles.sort_unstable();
        shingles.dedup();
        let mut signature = Box::new([u32::MAX; PERMUTATIONS]);
        for shingle in &shingles {
            let permutations = self.masks.iter().zip(&self.factors);
            for (least, (mask, factor)) in signature.iter_mut().zip(permutations) {
                *least = (*least).min((shingle ^ mask).wrapping_mul(*factor));
            }
        }
        Some(Sketch { signature, shingles })
    }
}

impl Sketcher {
    /// The sketches of many texts, on all cores, in their order.
    pub fn all<T: AsRef<str> + Sync>(&self, texts: &[Option<T>]) -> Vec<Option<Sketch>> {
        texts
            .par_iter()
            .map(|text| text.as_ref().and_then(|text| self.sketch(text.as_ref())))
            .collect()
    }
}

fn estimate(one: &[u32], other: &[u32]) -> f64 {
    share(one.iter().zip(other).filter(|(a, b)| a == b).count(), PERMUTATIONS)
}

/// |A ∩ B| / |A ∪ B| of two ascending lists; 1 of two empty ones.
fn jaccard(one: &[u32], other: &[u32]) -> f64 {
    let (mut a, mut b) = (one.iter().peekable(), other.iter().peekable());
    let mut both = 0;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => _ = a.next(),
            std::cmp::Ordering::Greater => _ = b.next(),
            std::cmp::Ordering::Equal => {
                both += 1;
                a.next();
                b.next();
            }
        }
    }
    let all = one.len() + other.len() - both;
    if all == 0 { 1.0 } else { share(both, all) }
}

/// Texts in the order they came, ready to be grouped.
#[derive(Debug)]
pub struct NearIndex {
    config: NearConfig,
    /// Position of each text's sketch; `None` for a text without one.
    sketched: Vec<Option<u32>>,
    signatures: Vec<u32>,
    shingles: Vec<u32>,
    /// Where each sketch's shingles end; shorter than the sketches once the memory was used up.
    ends: Vec<usize>,
}

/// A text that is nearly another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The later text, counted from 0.
    pub text: u32,
    /// The earlier one that it is like.
    pub like: u32,
    /// Their similarity.
    pub similarity: f64,
    /// Whether it was measured on the sets rather than estimated.
    pub exact: bool,
}

/// Groups of near duplicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// For every text the first of its group; itself when it is like no other.
    pub first: Vec<u32>,
    /// The links that made the groups, one fewer than members in each.
    pub links: Vec<Link>,
    /// Pairs that were compared.
    pub compared: u64,
    /// How signatures were cut.
    pub banding: Banding,
}

impl Groups {
    /// Texts that stand behind another of their group.
    pub fn repeated(&self) -> usize {
        self.first.iter().enumerate().filter(|(text, first)| **first as usize != *text).count()
    }

    /// Groups of two and more.
    pub fn groups(&self) -> usize {
        let mut firsts: Vec<u32> = self
            .links
            .iter()
            .filter_map(|link| self.first.get(link.text as usize))
            .copied()
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts.len()
    }
}

/// What grouping has found so far.
struct Found {
    unite: Unite,
    links: Vec<Link>,
    compared: u64,
}

impl Found {
    fn together(&mut self, texts: &[u32], one: u32, other: u32) -> bool {
        let text = |sketch: u32| texts.get(sketch as usize).copied().unwrap_or_default();
        self.unite.root(text(one)) == self.unite.root(text(other))
    }

    fn link(&mut self, texts: &[u32], one: u32, other: u32, (similarity, exact): (f64, bool)) {
        let text = |sketch: u32| texts.get(sketch as usize).copied().unwrap_or_default();
        let (one, other) = (text(one), text(other));
        self.unite.unite(one, other);
        self.links.push(Link { text: one.max(other), like: one.min(other), similarity, exact });
    }
}

impl NearIndex {
    /// Nothing yet.
    pub fn new(config: NearConfig) -> Self {
        Self {
            config,
            sketched: Vec::new(),
            signatures: Vec::new(),
            shingles: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Takes the next text.
    pub fn push(&mut self, sketch: Option<Sketch>) {
        let Some(sketch) = sketch else {
            self.sketched.push(None);
            return;
        };
        let number = self.signatures.len() / PERMUTATIONS;
        let room = (self.shingles.len() + sketch.shingles.len()) * size_of::<u32>()
            <= self.config.exact_bytes;
        if room && self.ends.len() == number {
            self.shingles.extend_from_slice(&sketch.shingles);
            self.ends.push(self.shingles.len());
        }
        self.signatures.extend_from_slice(&*sketch.signature);
        self.sketched.push(u32::try_from(number).ok());
    }

    /// What counts as a near duplicate here.
    pub fn config(&self) -> &NearConfig {
        &self.config
    }

    /// Texts so far.
    pub fn len(&self) -> usize {
        self.sketched.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sketched.is_empty()
    }

    fn signature(&self, sketch: u32) -> &[u32] {
        let from = sketch as usize * PERMUTATIONS;
        self.signatures.get(from..from + PERMUTATIONS).unwrap_or_default()
    }

    fn set(&self, sketch: u32) -> Option<&[u32]> {
        let sketch = sketch as usize;
        let from = if sketch == 0 { 0 } else { *self.ends.get(sketch - 1)? };
        self.shingles.get(from..*self.ends.get(sketch)?)
    }

    /// The similarity of two sketches and whether it is exact; `None` when it is below the threshold.
    fn alike(&self, one: u32, other: u32) -> Option<(f64, bool)> {
        let wanted = self.config.similarity;
        let guess = estimate(self.signature(one), self.signature(other));
        let deviation = (wanted * (1.0 - wanted) / real(PERMUTATIONS)).sqrt();
        if guess < wanted - CERTAIN * deviation {
            return None;
        }
        let found = match (self.set(one), self.set(other)) {
            (Some(one), Some(other)) => (jaccard(one, other), true),
            _ => (guess, false),
        };
        (found.0 >= wanted).then_some(found)
    }

    /// Groups everything. Two texts are in one group when a chain of similar pairs leads from one to the other.
    pub fn group(&self) -> Groups {
        let banding = Banding::choose(self.config.similarity, self.config.miss);
        let texts: Vec<u32> = (0..)
            .zip(&self.sketched)
            .filter(|(_, sketch)| sketch.is_some())
            .map(|(text, _)| text)
            .collect();
        let mut found =
            Found { unite: Unite::new(self.sketched.len()), links: Vec::new(), compared: 0 };
        let different = self.without_equals(&texts, &mut found);
        let mut keys: Vec<(u64, u32)> = Vec::with_capacity(different.len());
        // Rows of the bands in which every text was compared with all that it met.
        let mut past = 0;
        let mut whole = true;
        for band in 0..banding.bands {
            let key = |sketch: &u32| (self.key(*sketch, band, banding.rows), *sketch);
            different.par_iter().with_min_len(1024).map(key).collect_into_vec(&mut keys);
            keys.par_sort_unstable();
            for bucket in keys.chunk_by(|one, other| one.0 == other.0) {
                whole &= bucket.len() <= COMPARED;
                for (at, (_, sketch)) in bucket.iter().enumerate().skip(1) {
                    let earlier = bucket.get(at.saturating_sub(COMPARED)..at).unwrap_or_default();
                    for (_, other) in earlier.iter().rev() {
                        let met = self.met(*sketch, *other, (past, banding.rows));
                        if !met && !found.together(&texts, *other, *sketch) {
                            self.compare(*sketch, *other, &texts, &mut found);
                        }
                    }
                }
            }
            past += if whole { banding.rows } else { 0 };
        }
        let Found { mut unite, mut links, compared } = found;
        links.sort_by_key(|link| (link.text, link.like));
        Groups { first: unite.roots(), links, compared, banding }
    }

    /// Which texts may go, of each what it repeats: in the order they came, a text goes that is like one of its group that stays, and is told
    /// beside the stayer it is most like. It is compared with the last 256 of these alone: a text like an earlier one alone stays, as
    /// does one that only a chain of others ties to its group.
    pub fn repeats(&self, groups: &Groups) -> Vec<Link> {
        let mut stay: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut repeats = Vec::new();
        let grouped: BTreeSet<u32> =
            groups.links.iter().flat_map(|link| [link.text, link.like]).collect();
        for text in grouped {
            let first = groups.first.get(text as usize).copied().unwrap_or(text);
            let before = stay.entry(first).or_default();
            let like = before.iter().rev().take(COMPARED).filter_map(|like| {
                let (similarity, exact) =
                    self.alike(self.sketch_of(text)?, self.sketch_of(*like)?)?;
                Some(Link { text, like: *like, similarity, exact })
            });
            // Of equally similar ones the earliest.
            match like.max_by(|one, other| one.similarity.total_cmp(&other.similarity)) {
                Some(link) => repeats.push(link),
                None => before.push(text),
            }
        }
        repeats
    }

    fn sketch_of(&self, text: u32) -> Option<u32> {
        self.sketched.get(text as usize).copied().flatten()
    }

    /// Unites texts with equal sketches and leaves the first of each: thousands of copies must not meet in every bucket.
    fn without_equals(&self, texts: &[u32], found: &mut Found) -> Vec<u32> {
        let mut keys: Vec<(u64, u32)> = (0..)
            .zip(texts)
            .map(|(sketch, _)| (self.key(sketch, 0, PERMUTATIONS), sketch))
            .collect();
        keys.par_sort_unstable();
        let mut different = Vec::with_capacity(keys.len());
        for bucket in keys.chunk_by(|one, other| one.0 == other.0) {
            let mut firsts: Vec<u32> = Vec::new();
            for (_, sketch) in bucket {
                let equal = firsts.iter().find(|first| {
                    self.signature(**first) == self.signature(*sketch)
                        && self.set(**first) == self.set(*sketch)
                });
                match equal {
                    Some(first) => {
                        let exact = self.set(*sketch).is_some();
                        found.link(texts, *first, *sketch, (1.0, exact));
                    }
                    None => firsts.push(*sketch),
                }
            }
            different.extend(firsts);
        }
        different.sort_unstable();
        different
    }

    /// Compares two sketches of different groups.
    fn compare(&self, one: u32, other: u32, texts: &[u32], found: &mut Found) {
        found.compared += 1;
        if let Some(similarity) = self.alike(other, one) {
            found.link(texts, other, one, similarity);
        }
    }

    /// Whether two sketches met in a band of the first `past` rows, so that they were compared there.
    fn met(&self, one: u32, other: u32, (past, rows): (usize, usize)) -> bool {
        let bands = |sketch| self.signature(sketch).get(..past).unwrap_or_default().chunks(rows);
        bands(one).zip(bands(other)).any(|(one, other)| one == other)
    }

    /// Hash of a band of a signature.
    fn key(&self, sketch: u32, band: usize, rows: usize) -> u64 {
        let signature = self.signature(sketch);
        let rows = signature.get(band * rows..(band + 1) * rows).unwrap_or_default();
        rows.iter().fold(band as u64, |key, row| mix(key.rotate_left(31) ^ u64::from(*row)))
    }
}

/// Groups texts: a sketch each on all cores, then [`NearIndex::group`].
pub fn group<T: AsRef<str> + Sync>(texts: &[T], config: NearConfig) -> Groups {
    let sketcher = Sketcher::new(&config);
    let mut index = NearIndex::new(config);
    for part in texts.chunks(4096) {
        let sketches: Vec<Option<Sketch>> =
            part.par_iter().map(|text| sketcher.sketch(text.as_ref())).collect();
        for sketch in sketches {
            index.push(sketch);
        }
    }
    index.group()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_the_widest_that_miss_little_enough() {
        let banding = Banding::choose(0.8, 1e-3);
        assert_eq!(banding, Banding { bands: 25, rows: 5 });
        assert!(banding.chance_of_missing(0.8) < 1e-4);
        assert!(Banding { bands: 21, rows: 6 }.chance_of_missing(0.8) > 1e-3);
        assert_eq!(Banding::choose(1.0, 1e-3).rows, 128);
        assert_eq!(Banding::choose(0.001, 1e-9), Banding { bands: 128, rows: 1 });
    }

    #[test]
    fn the_estimate_is_as_good_as_theory_says() {
        let sketcher = Sketcher::new(&NearConfig { shingle: 1, ..NearConfig::new(0.8) });
        let mut squares = 0.0;
        for trial in 0..200_u32 {
            let word = |number: u32| format!("w{trial}x{number} ");
            let one: String = (0..90).map(word).collect();
            let other: String = (30..120).map(word).collect();
            let (one, other) = (sketcher.sketch(&one).unwrap(), sketcher.sketch(&other).unwrap());
            assert!((one.similarity(&other) - 0.5).abs() < 1e-12);
            squares += (one.estimate(&other) - 0.5).powi(2);
        }
        let deviation = (squares / 200.0).sqrt();
        let theory = (0.25 / 128.0_f64).sqrt();
        assert!((deviation / theory - 1.0).abs() < 0.25, "{deviation} against {theory}");
    }

    #[test]
    fn a_pair_that_meets_in_many_bands_is_compared_once() {
        // Alike enough to meet again and again, and never enough to be one group.
        let texts: Vec<String> = (0..6)
            .map(|text| {
                let word = |number: u32| match number % 12 {
                    0 => format!("t{text}w{number} "),
                    _ => format!("w{number} "),
                };
                (0..240).map(word).collect()
            })
            .collect();
        let config = NearConfig { shingle: 1, ..NearConfig::new(0.9) };
        let groups = group(&texts, config);
        assert!(groups.links.is_empty());
        assert!((10..=15).contains(&groups.compared), "{} of fifteen pairs", groups.compared);
    }

    #[test]
    fn memory_for_sets_ends_and_estimates_take_over() {
        let texts: Vec<String> = (0..40)
            .map(|text| {
                let words: Vec<String> =
                    (0..60).map(|word| format!("t{}w{word}", text / 2)).collect();
                words.join(" ")
            })
            .collect();
        let exact = group(&texts, NearConfig::new(0.8));
        let guessed = group(&texts, NearConfig { exact_bytes: 1000, ..NearConfig::new(0.8) });
        assert_eq!(exact.first, guessed.first);
        assert_eq!((exact.repeated(), exact.groups()), (20, 20));
        assert!(exact.links.iter().all(|link| link.exact));
        assert!(guessed.links.iter().skip(5).all(|link| !link.exact));
    }
}
