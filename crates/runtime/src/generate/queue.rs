//! Who is next: requests wait by owner, and the owner who was served least comes first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Owners that are remembered without a request of theirs.
const REMEMBERED: usize = 1024;

/// Requests that wait, fair between owners.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    owners: BTreeMap<Arc<str>, Owner<T>>,
    waiting: usize,
}

#[derive(Debug)]
struct Owner<T> {
    queue: VecDeque<T>,
    /// Tokens computed for it, in the time of the queue: who was away starts where the others are.
    served: u64,
    running: usize,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self { owners: BTreeMap::new(), waiting: 0 }
    }
}

impl<T> FairQueue<T> {
    pub(crate) fn push(&mut self, owner: &Arc<str>, item: T) {
        let active = self.owners.values().filter(|other| other.running > 0 || !other.queue.is_empty());
        let floor = active.map(|other| other.served).min().unwrap_or(0);
        let fresh = || Owner { queue: VecDeque::new(), served: floor, running: 0 };
        let entry = self.owners.entry(Arc::clone(owner)).or_insert_with(fresh);
        if entry.running == 0 && entry.queue.is_empty() {
            entry.served = entry.served.max(floor);
        }
        entry.queue.push_back(item);
        self.waiting += 1;
    }

    /// The next request that `ready` lets through, of the owner served least; of `slots` places, one owner may take its share only
    /// while others wait.
    pub(crate) fn pop(&mut self, slots: usize, ready: impl Fn(&T) -> bool) -> Option<T> {
        let wanting = self.owners.values().filter(|owner| !owner.queue.is_empty()).count();
        let active =
            self.owners.values().filter(|owner| owner.running > 0 || !owner.queue.is_empty()).count();
        let share = if wanting > 1 { slots.div_ceil(active.max(1)) } else { slots };
        let mut order: Vec<(u64, Arc<str>)> = self
            .owners
            .iter()
            .filter(|(_, owner)| !owner.queue.is_empty() && owner.running < share)
            .map(|(name, owner)| (owner.served, Arc::clone(name)))
            .collect();
        order.sort();
        for (_, name) in order {
            let Some(owner) = self.owners.get_mut(&name) else { continue };
            if owner.queue.front().is_some_and(&ready) {
                owner.running += 1;
                self.waiting -= 1;
                return owner.queue.pop_front();
            }
        }
        None
    }

    /// Notes work that was done for an owner.
    pub(crate) fn served(&mut self, owner: &str, tokens: u64) {
        if let Some(owner) = self.owners.get_mut(owner) {
            owner.served = owner.served.saturating_add(tokens);
        }
    }

    /// Notes that a request that was popped has ended.
    pub(crate) fn ended(&mut self, owner: &str) {
        if let Some(owner) = self.owners.get_mut(owner) {
            owner.running = owner.running.saturating_sub(1);
        }
        if self.owners.len() > REMEMBERED {
            self.owners.retain(|_, owner| owner.running > 0 || !owner.queue.is_empty());
        }
    }

    /// Drops waiting requests.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) -> usize {
        let before = self.waiting;
        for owner in self.owners.values_mut() {
            owner.queue.retain(&keep);
        }
        self.waiting = self.owners.values().map(|owner| owner.queue.len()).sum();
        before - self.waiting
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(queue: &mut FairQueue<u32>, slots: usize) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(slots, |_| true)).collect()
    }

    #[test]
    fn nobody_waits_for_all_of_another() {
        let (one, two) = (Arc::from("one"), Arc::from("two"));
        let mut queue = FairQueue::default();
        (0..6).for_each(|item| queue.push(&one, item));
        (10..12).for_each(|item| queue.push(&two, item));
        // Of four places each takes two while both wait; what nobody else wants then goes to the first.
        let order = order(&mut queue, 4);
        assert_eq!(order.iter().take(4).filter(|item| **item >= 10).count(), 2);
        assert_eq!(order.len(), 6);
    }

    #[test]
    fn who_was_served_least_comes_first() {
        let (one, two) = (Arc::<str>::from("one"), Arc::from("two"));
        let mut queue = FairQueue::default();
        queue.push(&one, 1);
        assert_eq!(queue.pop(8, |_| true), Some(1));
        queue.served("one", 100);
        queue.push(&two, 20);
        queue.served("two", 10);
        queue.push(&one, 2);
        queue.push(&two, 21);
        assert_eq!(order(&mut queue, 8), [2, 20, 21]);
        queue.served("two", 100);
        queue.push(&one, 3);
        queue.push(&two, 22);
        assert_eq!(order(&mut queue, 8), [3, 22]);
    }

    #[test]
    fn who_is_not_ready_holds_up_nobody() {
        let (one, two) = (Arc::<str>::from("one"), Arc::from("two"));
        let mut queue = FairQueue::default();
        queue.push(&one, 1);
        queue.push(&two, 2);
        assert_eq!(queue.pop(2, |item| *item == 2), Some(2));
        assert_eq!(queue.pop(2, |item| *item == 2), None);
        assert_eq!(queue.retain(|_| false), 1);
        assert!(queue.is_empty());
    }
}
