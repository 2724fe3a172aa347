//! Which of many 128-bit hashes were there before.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// One set for each value of a hash's first byte.
const PARTS: usize = 256;

/// A set of hashes; only how many there are, and whether one is there, may be asked: they have no order.
pub(crate) type Hashes = HashSet<u128, BuildHasherDefault<AsIs>>;

/// Hashes are already uniform: a set takes them as they are.
#[derive(Debug, Default, Clone)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (index, byte) in bytes.iter().take(8).enumerate() {
            self.0 ^= u64::from(*byte) << (index * 8);
        }
    }

    fn write_u128(&mut self, value: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is as good as any")]
        {
            self.0 = value as u64;
        }
    }
}

/// A set of hashes, in parts: one that grows is moved within a processor's cache, while a single set of millions would stop the work
/// for as long as it takes to move them all, and hold both copies meanwhile.
pub(crate) struct Seen {
    parts: Vec<Hashes>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Hashes::default()).collect() }
    }
}

impl Seen {
    /// Takes a hash in; whether it is new.
    pub(crate) fn insert(&mut self, hash: u128) -> bool {
        let [first, ..] = hash.to_be_bytes();
        self.parts.get_mut(usize::from(first)).is_some_and(|part| part.insert(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_new_once() {
        let mut seen = Seen::default();
        // Equal low halves, equal first bytes, the ends of the range.
        let hashes = [0, 1, 1 << 64, u128::MAX, u128::MAX - 1, 0xab << 120, (0xab << 120) + 7];
        assert!(hashes.iter().all(|hash| seen.insert(*hash)));
        assert!(hashes.iter().all(|hash| !seen.insert(*hash)));
        assert!((0..100_000_u128).all(|number| seen.insert((number << 90) | 5)));
    }
}
