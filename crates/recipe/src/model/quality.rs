//! What `[clean]` says of texts, typed.

use super::OnFail;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Near duplicates of a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// Column.
    pub column: String,
    /// Least Jaccard similarity; in (0, 1].
    pub similarity: f64,
    /// Tokens in a shingle: 1 to 20.
    pub shingle: usize,
    /// What happens to them.
    pub action: NearAction,
}

/// What happens to near duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NearAction {
    /// All but the first of a group are dropped.
    Drop,
    /// They stay, on one side of the split.
    Keep,
}

/// Repeated passages of a text column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passages {
    /// Column.
    pub column: String,
    /// Tokens in the shortest passage that is cut: 5 to 10,000.
    pub tokens: usize,
}

/// Rules of a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Column.
    pub column: String,
    /// Languages that may be: `zh`, `en`, `mixed`, `other`; empty allows all.
    pub languages: Vec<String>,
    /// Groups of rules; empty takes all.
    pub rules: Vec<String>,
    /// Limits by rule.
    pub limits: BTreeMap<String, f64>,
    /// What a broken rule causes.
    pub on_fail: OnFail,
}

/// A text column against an evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decontaminate {
    /// Column.
    pub column: String,
    /// File of the evaluation set.
    pub against: String,
    /// Its text column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_column: Option<String>,
    /// Tokens in a passage: 5 to 1,000.
    pub tokens: usize,
    /// Least share of the text's tokens; in [0, 1).
    pub share: f64,
    /// What contamination causes.
    pub on_fail: OnFail,
}
