//! The server in this process, on a port of its own, with a made-up model; spoken to in plain HTTP/1.1.
#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a failing test panics, and scores must be equal to the bit"
)]

mod answers;
mod batching;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod console;
#[cfg(test)]
mod console_access;
#[cfg(test)]
mod console_states;
mod documents;
mod encrypted;
mod fairness;
mod fake;
mod governance;
mod language;
mod life;
mod refusals;
mod reload;
mod robustness;
mod spoken;
mod support;
