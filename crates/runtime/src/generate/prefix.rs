//! What was computed before: token sequences whose state is still in the cache.
//!
//! A sequence serves only the key whose request computed it: how much of a prompt is known is told to the client, so what one key asked
//! could be found out by another, token by token.

use super::Token;
use std::sync::Arc;

/// A sequence that nobody works on any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its number in the context.
    pub(crate) sequence: i32,
    /// Its tokens.
    pub(crate) tokens: Vec<Token>,
    /// The adapter that computed it.
    pub(crate) adapter: Option<Arc<str>>,
    /// The key whose request it was.
    pub(crate) owner: Arc<str>,
}

impl Kept {
    fn serves(&self, owner: &str, adapter: Option<&Arc<str>>) -> bool {
        *self.owner == *owner && self.adapter.as_ref() == adapter
    }
}

/// Kept sequences, the least recently used first.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    kept: Vec<Kept>,
}

/// Tokens that two sequences begin with in common.
pub(crate) fn common(left: &[Token], right: &[Token]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

impl Prefixes {
    /// The kept sequence of a key that shares most with a prompt, and how many tokens; it becomes the most recently used.
    pub(crate) fn find(
        &mut self,
        prompt: &[Token],
        owner: &str,
        adapter: Option<&Arc<str>>,
    ) -> Option<(&Kept, usize)> {
        let shares = |kept: &Kept| common(&kept.tokens, prompt);
        let (at, shared) = self
            .kept
            .iter()
            .enumerate()
            .filter(|(_, kept)| kept.serves(owner, adapter))
            .map(|(at, kept)| (at, shares(kept)))
            .filter(|(_, shared)| *shared > 0)
            .max_by_key(|(at, shared)| (*shared, *at))?;
        let kept = self.kept.remove(at);
        self.kept.push(kept);
        self.kept.last().map(|kept| (kept, shared))
    }

    /// How much of a key's prompt is kept.
    pub(crate) fn longest(
        &self,
        prompt: &[Token],
        owner: &str,
        adapter: Option<&Arc<str>>,
    ) -> usize {
        let same = self.kept.iter().filter(|kept| kept.serves(owner, adapter));
        same.map(|kept| common(&kept.tokens, prompt)).max().unwrap_or(0)
    }

    /// Takes a sequence out, to be gone on with.
    pub(crate) fn take(&mut self, sequence: i32) -> Option<Kept> {
        let at = self.kept.iter().position(|kept| kept.sequence == sequence)?;
        Some(self.kept.remove(at))
    }

    /// Keeps a sequence. Sequences that it begins with need not be kept any more: their numbers, to be forgotten.
    pub(crate) fn keep(&mut self, new: Kept) -> Vec<i32> {
        let covered = |kept: &Kept| {
            kept.serves(&new.owner, new.adapter.as_ref()) && new.tokens.starts_with(&kept.tokens)
        };
        let gone =
            self.kept.iter().filter(|kept| covered(kept)).map(|kept| kept.sequence).collect();
        self.kept.retain(|kept| !covered(kept));
        self.kept.push(new);
        gone
    }

    /// Gives up the least recently used sequence.
    pub(crate) fn evict(&mut self) -> Option<i32> {
        (!self.kept.is_empty()).then(|| self.kept.remove(0).sequence)
    }

    /// Gives up all that an adapter computed.
    pub(crate) fn without(&mut self, adapter: &str) -> Vec<i32> {
        let of = |kept: &Kept| kept.adapter.as_deref() == Some(adapter);
        let gone = self.kept.iter().filter(|kept| of(kept)).map(|kept| kept.sequence).collect();
        self.kept.retain(|kept| !of(kept));
        gone
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Tokens of all, counting shared ones once per sequence.
    pub(crate) fn tokens(&self) -> usize {
        self.kept.iter().map(|kept| kept.tokens.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(sequence: i32, tokens: &[Token]) -> Kept {
        Kept { sequence, tokens: tokens.to_vec(), adapter: None, owner: Arc::from("k") }
    }

    #[test]
    fn the_longest_common_beginning_is_found_and_stays() {
        let mut prefixes = Prefixes::default();
        assert!(prefixes.keep(kept(1, &[1, 2, 3])).is_empty());
        assert!(prefixes.keep(kept(2, &[1, 2, 9, 9])).is_empty());
        let (found, shared) = prefixes.find(&[1, 2, 3, 4], "k", None).unwrap();
        assert_eq!((found.sequence, shared), (1, 3));
        assert!(prefixes.find(&[7], "k", None).is_none());
        assert!(prefixes.find(&[1, 2], "k", Some(&Arc::from("a"))).is_none());
        // The other one was used less recently.
        assert_eq!(prefixes.evict(), Some(2));
    }

    #[test]
    fn nothing_is_shared_between_keys() {
        let mut prefixes = Prefixes::default();
        prefixes.keep(kept(1, &[1, 2, 3]));
        assert!(prefixes.find(&[1, 2, 3], "other", None).is_none());
        assert_eq!(prefixes.longest(&[1, 2, 3], "other", None), 0);
        assert_eq!(prefixes.longest(&[1, 2, 3], "k", None), 3);
        // Another key's longer sequence does not replace this key's either.
        let other = Kept { owner: Arc::from("other"), ..kept(2, &[1, 2, 3, 4]) };
        assert!(prefixes.keep(other).is_empty());
        assert_eq!(prefixes.longest(&[1, 2, 3, 4], "k", None), 3);
    }

    #[test]
    fn a_longer_sequence_replaces_its_beginnings() {
        let mut prefixes = Prefixes::default();
        prefixes.keep(kept(1, &[1, 2]));
        prefixes.keep(Kept { adapter: Some(Arc::from("a")), ..kept(2, &[1]) });
        assert_eq!(prefixes.keep(kept(3, &[1, 2, 3])), [1]);
        assert_eq!(prefixes.without("a"), [2]);
        assert_eq!((prefixes.len(), prefixes.tokens()), (1, 3));
        assert_eq!(prefixes.take(3).unwrap().tokens, [1, 2, 3]);
        assert!(prefixes.evict().is_none());
    }
}
