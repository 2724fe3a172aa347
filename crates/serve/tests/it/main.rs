//! The server in this process, on a port of its own, with a made-up model; spoken to in plain HTTP/1.1.

mod answers;
mod batching;
mod documents;
mod fake;
mod governance;
mod life;
mod refusals;
mod reload;
mod robustness;
mod support;
