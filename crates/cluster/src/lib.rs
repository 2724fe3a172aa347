//! Pieces of work on several machines: a [`Scheduler`] that hands them out, executors ([`execute`]) that do them, a
//! [`Client`] that has them done. All three speak mutual TLS with certificates of one cluster.
//!
//! A piece is bytes, and so is its result: this room knows no table, no recipe and no file. What makes a cluster's result
//! equal to one machine's is its user's affair: pieces are pure, and whoever has them done puts results in order.
//!
//! Failures: an executor that vanishes gives its pieces back, and they go to another. A piece that was lost with
//! [`LOSSES`](broker::LOSSES) executors, or that an executor could not do, goes back to the client as [`Answer::Undone`]: doing it there shows why.

mod broker;
mod certificates;
mod client;
mod executor;
mod frame;
mod identity;
mod messages;
mod scheduler;

pub use certificates::{Certificates, write_certificates};
pub use client::{Answer, Client};
pub use executor::{Job, Work, execute};
pub use identity::{Identity, Role};
pub use messages::MESSAGES;
pub use scheduler::{Event, Scheduler};
