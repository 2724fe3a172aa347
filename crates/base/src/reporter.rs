//! Output belongs to the command line: libraries tell a [`Reporter`] what they are at.

use crate::{Fault, Text};

/// Receives progress. All methods may be called from any thread.
pub trait Reporter: Send + Sync {
    /// A stage begins; `total` is its work in units of the stage's choice, if known.
    fn start(&self, stage: &Text, total: Option<u64>);
    /// `done` units of the running stage are finished.
    fn advance(&self, done: u64);
    /// The running stage ended; `summary` is one line for a person.
    fn finish(&self, summary: &Text);
    /// Something worth knowing that is not a failure.
    fn warn(&self, warning: &Fault);
}

/// Reports nothing: tests and embedding.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _: &Text, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self, _: &Text) {}
    fn warn(&self, _: &Fault) {}
}
