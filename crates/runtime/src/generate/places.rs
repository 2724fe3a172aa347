//! The places of a language model: how many requests are under way or wait, of whom, and who else is let in.
//!
//! Whose turn it is among those who wait is for the queue. A key that sends without end would fill all places, and nobody else would
//! ever come to wait: so whoever holds less than its share is let in where all places are taken, to as many places again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Requests under way and waiting, by owner.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<BTreeMap<Arc<str>, usize>>,
}

/// One request's place; dropping it makes it free.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    owner: Arc<str>,
}

impl Places {
    /// A place for a request: one of `room`, or one beyond them for an owner that has less than an equal part of them. There are never
    /// more than twice `room`.
    pub(crate) fn take(self: &Arc<Self>, owner: &Arc<str>, room: usize) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(owner).copied().unwrap_or_default();
        let owners = taken.len() + usize::from(own == 0);
        let share = (room / owners).max(1);
        let all: usize = taken.values().sum();
        if all >= room && (own >= share || all >= room.saturating_mul(2)) {
            return None;
        }
        *taken.entry(Arc::clone(owner)).or_default() += 1;
        Some(Place { places: Arc::clone(self), owner: Arc::clone(owner) })
    }

    /// Places that are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(places: &Arc<Places>, owner: &str, room: usize) -> Vec<Place> {
        let owner = Arc::from(owner);
        std::iter::from_fn(|| places.take(&owner, room)).collect()
    }

    #[test]
    fn who_fills_all_places_keeps_nobody_out() {
        let places = Arc::default();
        let greedy = fill(&places, "greedy", 12);
        assert_eq!(greedy.len(), 12);
        // Each gets what would be its part, and no more.
        let second = fill(&places, "second", 12);
        let third = fill(&places, "third", 12);
        assert_eq!((second.len(), third.len()), (6, 4));
        // While all places are taken, what becomes free goes to whoever has less than its part, not to who has most.
        let mut greedy = greedy;
        greedy.truncate(10);
        assert_eq!(places.taken(), 20);
        assert!(fill(&places, "greedy", 12).is_empty());
        assert_eq!(fill(&places, "fourth", 12).len(), 3);
    }

    #[test]
    fn places_have_an_end_and_become_free() {
        let places = Arc::default();
        let mut all: Vec<Place> = fill(&places, "first", 8);
        for owner in 0..100 {
            all.extend(fill(&places, &owner.to_string(), 8));
        }
        assert_eq!((all.len(), places.taken()), (16, 16));
        all.clear();
        assert_eq!(places.taken(), 0);
        assert!(places.taken.lock().unwrap().is_empty(), "nobody is remembered");
        assert!(fill(&places, "any", 0).is_empty());
    }

    #[test]
    fn two_that_send_without_end_come_to_equal_parts() {
        let places = Arc::default();
        let mut held = [fill(&places, "one", 10), Vec::new()];
        let owners = [Arc::from("one"), Arc::from("two")];
        for round in 0..40 {
            // One request ends, then both try.
            held[usize::from(held[1].len() > held[0].len() || round % 2 == 1)].pop();
            for (owner, held) in owners.iter().zip(&mut held) {
                held.extend(std::iter::from_fn(|| places.take(owner, 10)));
            }
        }
        let counts = held.map(|held| held.len());
        assert!(counts.iter().all(|count| (4..=6).contains(count)), "{counts:?}");
    }
}
