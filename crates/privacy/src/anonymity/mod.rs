//! Anonymity of tables: how much a table gives away, and the least coarse form of it that keeps a promise.
//!
//! ```text
//! quasi and sensitive columns + Policy ──search──▶ Plan ──apply, batch by batch──▶ released batches
//!                              └───────────────────▶ Report: levels, suppression, risk before and after, loss
//! ```
//!
//! [`search`] sees the named columns only; [`Plan::apply`] takes whole batches, one at a time. The promise holds of all batches
//! that were searched, each applied once, together.

mod encode;
mod groups;
mod hierarchy;
pub mod messages;
mod models;
mod numbers;
mod plan;
mod policy;
mod risk;
mod search;

pub use hierarchy::{ANY, Hierarchy};
pub use plan::{ChosenLevel, Plan, Report, Suppressed, search, search_in};
pub use policy::{Diversity, Likeness, Loss, Policy, Presence, Quasi};
pub use risk::{AT_RISK, Models, Reidentification, Risk, SensitiveRisk, risk, risk_in};
