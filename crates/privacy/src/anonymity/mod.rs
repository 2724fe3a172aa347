//! Anonymity of tables: how much a table gives away, and the least coarse form of it that keeps a promise.
//!
//! ```text
//! quasi and sensitive columns + Policy ──search──▶ Plan ──apply, batch by batch──▶ released batches
//!                              └───────────────────▶ Report: levels, suppression, risk before and after, loss
//! ```
//!
//! With [`Recoding::Local`] the search goes on from the best levels of whole columns to levels class by class.
//!
//! [`search`] sees the named columns only; [`Plan::apply`] takes whole batches, one at a time. The promise holds of all batches
//! that were searched, each applied once, together.

mod encode;
mod groups;
mod hierarchy;
mod levels;
mod local;
pub mod messages;
mod models;
mod nearest;
mod numbers;
mod persons;
mod plan;
mod policy;
mod risk;
mod search;
mod spread;

pub use hierarchy::{ANY, Hierarchy};
pub use levels::{Flaw, flaw};
pub use plan::{ChosenLevel, Local, Plan, Report, Suppressed, search, search_in};
pub use policy::{Diversity, Likeness, Loss, Policy, Presence, Quasi, Recoding};
pub use risk::{AT_RISK, Models, Reidentification, Risk, SensitiveRisk, risk, risk_in};
