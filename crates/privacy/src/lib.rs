//! Column actions on personal data: encrypt, hash, mask, generalize, drop, over Arrow record batches.
//!
//! ```text
//! rules + keys + schema ──Protector::new──▶ Protector ──apply──▶ batches that may be looked at
//!                          every fault here              no fault of the data, only counts
//! ```
//!
//! All of it is pseudonymisation: whoever holds the keys, or knows a person's other columns, may link rows back. What is
//! promised is narrower and tested: a value that is not kept on purpose (the visible ends of a mask, the class of a
//! generalisation) leaves only as a token that nobody without the key can read or make.
//!
//! This crate knows Arrow and ciphers; no file format, no recipe, no engine.

pub mod anonymity;
pub mod attack;
mod calendar;
mod cells;
pub mod chain;
pub mod detect;
mod dialled;
pub mod dp;
mod generalize;
pub mod json;
mod known;
pub mod messages;
mod protector;
pub mod pseudonym;
pub mod residual;
mod rule;
mod shift;
mod texts;
mod titled;
mod token;

pub use cells::{cell_texts, held};
pub use known::{Known, Mentions, find_repeated, shortened, spellings};
pub use protector::{Protector, mask_value};
pub use rule::{Action, ColumnRule, Generalize};
pub use shift::unshift_date;
pub use texts::{Found, TextColumns, TextEvidence};
pub use titled::Title;
pub use token::{
    ColumnKeys, ENCRYPTED, HASHED, decrypt_value, encrypt_value, hash_cells, hash_value,
};
