//! The ledger as two processes see it: two connections to one file (or one PostgreSQL database).
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod keys;
mod recording;
mod support;
