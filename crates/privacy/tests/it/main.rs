//! The promises of the column actions, on whole batches.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod actions;
mod anything;
mod detect;
mod faults;
mod properties;
mod pseudonyms;
mod support;
