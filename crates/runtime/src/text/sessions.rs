//! One network, as often as callers come side by side.

use crate::Library;
use crate::onnx::Session;
use crate::turns::Turns;
use ingot_base::{Result, fault};
use std::sync::{Arc, Mutex, PoisonError};

/// Sessions of one graph: a session works on one thread at a time.
#[derive(Debug)]
pub(super) struct Sessions {
    library: &'static Library,
    /// What further sessions are made of; empty where there is to be one.
    graph: Arc<[u8]>,
    /// The first is made at once; each other when somebody comes while those before it are taken.
    slots: Vec<Mutex<Option<Session>>>,
    alone: bool,
    turns: Turns,
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
            turns: Turns::new(callers),
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

    /// Works with the first session that nobody has, or waits for one: who asked first is first. A session that is not there yet is made.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let turn = self.turns.take();
        let slot = self.slots.get(turn.place);
        let slot = slot.ok_or_else(|| fault::internal("a network without sessions"))?;
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match slot.take() {
            Some(session) => session,
            None => Session::new(self.library, &self.graph)?,
        };
        let session: &Session = slot.insert(session);
        work(session)
    }
}
