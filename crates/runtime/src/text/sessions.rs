//! One network, as often as callers come side by side.

use crate::Library;
use crate::onnx::Session;
use ingot_base::{Result, fault};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// Sessions of one graph: a session works on one thread at a time.
#[derive(Debug)]
pub(super) struct Sessions {
    library: &'static Library,
    /// What further sessions are made of; empty where there is to be one.
    graph: Arc<[u8]>,
    /// The first is made at once; each other when somebody comes while those before it are taken.
    slots: Vec<Mutex<Option<Session>>>,
    alone: bool,
    turn: AtomicUsize,
}

impl Sessions {
    /// Of a graph that was read, and so checked, before.
    ///
    /// # Errors
    /// When the graph is refused.
    pub(super) fn new(library: &'static Library, graph: Arc<[u8]>, callers: usize) -> Result<Self> {
        let first = Session::new(library, &graph)?;
        let alone = first.alone();
        let first = Mutex::new(Some(first));
        let others = (1..callers).map(|_| Mutex::new(None));
        Ok(Self {
            library,
            slots: std::iter::once(first).chain(others).collect(),
            graph: if callers > 1 { graph } else { Arc::default() },
            alone,
            turn: AtomicUsize::new(0),
        })
    }

    /// As [`Session::alone`].
    pub(super) fn alone(&self) -> bool {
        self.alone
    }

    /// How many may work side by side.
    pub(super) fn callers(&self) -> usize {
        self.slots.len()
    }

    /// Works with the first session that nobody has, or waits for one. A session that is not there yet is made.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let free = self.slots.iter().find_map(|slot| match slot.try_lock() {
            Ok(slot) => Some(slot),
            Err(TryLockError::Poisoned(slot)) => Some(slot.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let mut slot = if let Some(slot) = free {
            slot
        } else {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let at = turn.checked_rem(self.slots.len()).unwrap_or_default();
            let slot = self.slots.get(at);
            let slot = slot.ok_or_else(|| fault::internal("a network without sessions"))?;
            slot.lock().unwrap_or_else(PoisonError::into_inner)
        };
        let session = match slot.take() {
            Some(session) => session,
            None => Session::new(self.library, &self.graph)?,
        };
        let session: &Session = slot.insert(session);
        work(session)
    }
}
