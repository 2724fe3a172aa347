//! A linear model over hashed features with weights of one byte.

/// Features are hashed into so many slots.
pub(crate) const BITS: u32 = 17;

/// A feature's slot: FNV-1a over its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature(u64);

impl Feature {
    pub(crate) fn new(template: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).byte(template)
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        text.bytes().fold(self, Self::byte).byte(0xff)
    }

    pub(crate) fn number(self, number: i32) -> Self {
        number.to_le_bytes().into_iter().fold(self, Self::byte)
    }

    pub(crate) fn slot(self) -> u32 {
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
