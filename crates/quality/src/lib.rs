//! Whether data is worth learning from.
//!
//! ```text
//! texts  ─sketch→ near duplicates ─┐
//!        ─windows→ repeated passages, contamination      what is found names rows, rules,
//!        ─measure→ findings of rules                     figures and limits; never a value
//! labels + out-of-fold probabilities ─→ label errors
//! numbers ─→ outliers; a column and the target ─→ leakage, imbalance
//! ```
//!
//! This room knows texts, numbers and labels as plain values. It must not know tables, files, recipes or models. All of it is
//! deterministic: the same input and seed give the same answer, whatever the number of threads.

pub mod columns;
pub mod labels;
mod math;
pub mod messages;
pub mod near;
pub mod outliers;
pub mod passages;
pub mod text;
mod tokens;
mod unite;

pub use messages::MESSAGES;
pub use tokens::{Token, tokens};
pub use unite::Unite;
