//! A linear model over hashed features with weights of one byte.

const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

fn fold(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

/// A word's hash (FNV-1a), which features of it begin from.
pub(crate) fn word_hash(word: &str) -> u64 {
    word.bytes().fold(SEED, fold)
}

/// A feature's slot: FNV-1a over its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature(u64);

impl Feature {
    pub(crate) fn new(template: u8) -> Self {
        Self(fold(SEED, template))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        Self(fold(text.bytes().fold(self.0, fold), 0xff))
    }

    pub(crate) fn number(self, number: i32) -> Self {
        Self(number.to_le_bytes().into_iter().fold(self.0, fold))
    }

    /// A word by its hash.
    pub(crate) fn hash(self, hash: u64) -> Self {
        Self((self.0.rotate_left(23) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A small number, in one step.
    pub(crate) fn small(self, number: i32) -> Self {
        Self((self.0.rotate_left(7) ^ u64::from(number.cast_unsigned())).wrapping_mul(PRIME))
    }

    /// One of 2^`BITS` slots.
    pub(crate) fn slot<const BITS: u32>(self) -> u32 {
        let mixed = self.0 ^ (self.0 >> 29);
        u32::try_from(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)).unwrap_or(0)
    }
}

/// Weights, `labels` to a slot, in the order of the slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    weights: &'static [u8],
    labels: usize,
}

impl Model {
    pub(crate) const fn new(weights: &'static [u8], labels: usize) -> Self {
        Self { weights, labels }
    }

    /// Adds the slots' weights to the scores of the labels.
    pub(crate) fn score<const L: usize>(&self, slots: &[u32]) -> [i32; L] {
        let mut scores = [0_i32; L];
        for slot in slots {
            let from = usize::try_from(*slot).unwrap_or(0) * self.labels;
            let row = self.weights.get(from..from + self.labels).unwrap_or_default();
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += i32::from(weight.cast_signed());
            }
        }
        scores
    }
}
