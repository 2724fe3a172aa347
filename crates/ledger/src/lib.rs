//! API keys and usage in one durable ledger: SQLite in a file, or PostgreSQL by URL.
//!
//! Knows no HTTP and no model. Two promises: an answered request is on disk before its answer leaves, and a revoked key gets no
//! further answer, whichever process revoked it. Both hold in [`Recorder`], which records usage by group commit.

mod group;
mod key;
mod ledger;
mod messages;
mod recorder;
mod store;
mod usage;

pub use key::{Key, KeyRequest, NewKey, Principal, Scope};
pub use ledger::Ledger;
pub use messages::*;
pub use recorder::{Event, OnCommit, Recorder};
pub use usage::{Act, DayUsage, RecordedEvent, UsageQuery, UsageTotal};
