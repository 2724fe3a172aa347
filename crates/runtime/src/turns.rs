//! Places of which there are few, given out in the order of asking: a mutex may be had again and again by whoever let it go.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Some places.
#[derive(Debug)]
pub(crate) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Whether each place is free.
    free: Vec<bool>,
    /// Who comes next, and whose turn it is.
    next: u64,
    now: u64,
}

/// A place that somebody has until this goes.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    /// Which.
    pub(crate) place: usize,
}

impl Turns {
    pub(crate) fn new(places: usize) -> Self {
        let state = State { free: vec![true; places.max(1)], next: 0, now: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The first free place, once all who asked before have had theirs.
    pub(crate) fn take(&self) -> Turn<'_> {
        let mut state = self.lock();
        let own = state.next;
        state.next += 1;
        loop {
            if state.now == own
                && let Some(place) = state.free.iter().position(|free| *free)
            {
                if let Some(free) = state.free.get_mut(place) {
                    *free = false;
                }
                state.now += 1;
                self.changed(&state);
                return Turn { turns: self, place };
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wakes those who wait, if anybody does.
    fn changed(&self, state: &State) {
        if state.now < state.next {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        if let Some(free) = state.free.get_mut(self.place) {
            *free = true;
        }
        self.turns.changed(&state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn who_waits_comes_before_who_has_just_been() {
        let (turns, been) = (Turns::new(1), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let first = turns.take();
            scope.spawn(|| {
                let _turn = turns.take();
                been.fetch_add(1, Ordering::SeqCst);
            });
            // The other stands in the line.
            while turns.lock().next < 2 {
                std::thread::yield_now();
            }
            drop(first);
            let _again = turns.take();
            assert_eq!(been.load(Ordering::SeqCst), 1);
        });
    }

    #[test]
    fn as_many_as_there_are_places_work_side_by_side() {
        let turns = Turns::new(2);
        let (one, other) = (turns.take(), turns.take());
        assert_eq!((one.place, other.place), (0, 1));
        drop(one);
        assert_eq!(turns.take().place, 0);
        let lost: std::thread::Result<()> = std::thread::scope(|scope| {
            let work = || {
                let _turn = turns.take();
                panic!("on purpose");
            };
            scope.spawn(work).join()
        });
        assert!(lost.is_err());
        assert_eq!(turns.take().place, 0, "a panic gives its place back");
    }
}
