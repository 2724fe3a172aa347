//! The promises of the column actions, on whole batches.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod actions;
mod anonymity;
mod anything;
mod attack;
mod attack_residual;
mod detect;
mod detect_chinese;
mod detect_edges;
mod detect_names;
mod detect_trial;
mod dp;
mod dp_ledger;
mod faults;
mod hierarchies;
mod persons;
mod persons_values;
mod presence;
mod properties;
mod pseudonyms;
mod recoding;
mod support;
mod telling;
mod texts;
