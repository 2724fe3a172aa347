//! The table `[protect]`, typed.

use serde::{Deserialize, Serialize};

/// The table `[protect]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    /// One rule for each personal column.
    pub columns: Vec<ColumnRule>,
}

/// What happens to one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "raw::ColumnRule", into = "raw::ColumnRule")]
pub struct ColumnRule {
    /// The column.
    pub name: String,
    /// Its new name (`as` in the recipe); never with [`Action::Drop`].
    pub rename: Option<String>,
    /// What happens to it.
    pub action: Action,
}

/// What happens to a column's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Deterministic encryption, reversible with the key.
    Encrypt,
    /// Keyed hash.
    Hash,
    /// Characters are replaced.
    Mask {
        /// Characters left readable at the start; 0 unless set.
        keep_start: usize,
        /// Characters left readable at the end; 0 unless set.
        keep_end: usize,
        /// What stands for a hidden character.
        with: char,
    },
    /// A coarser value.
    Generalize(Generalize),
    /// The column is removed.
    Drop,
}

/// How coarse a value becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Generalize {
    /// The year of a date.
    Year,
    /// The month of a date.
    Month,
    /// The decade of a date.
    Decade,
    /// The interval of this width that a number lies in; above 0.
    Width(f64),
    /// The first so many characters of a text; at least 1.
    Prefix(usize),
}

/// The same as the recipe writes it: flat, with keys that belong to one action only.
mod raw {
    use super::{Action, Generalize};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct ColumnRule {
        name: String,
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        rename: Option<String>,
        action: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_start: Option<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_end: Option<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with: Option<char>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<To>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum To {
        Part(Part),
        Width { width: f64 },
        Prefix { prefix: usize },
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Part {
        Year,
        Month,
        Decade,
    }

    impl TryFrom<ColumnRule> for super::ColumnRule {
        type Error = String;

        fn try_from(raw: ColumnRule) -> Result<Self, String> {
            let action = match (raw.action.as_str(), raw.to) {
                ("encrypt", None) => Action::Encrypt,
                ("hash", None) => Action::Hash,
                ("drop", None) => Action::Drop,
                ("mask", None) => Action::Mask {
                    keep_start: raw.keep_start.unwrap_or(0),
                    keep_end: raw.keep_end.unwrap_or(0),
                    with: raw.with.unwrap_or('*'),
                },
                ("generalize", Some(to)) => Action::Generalize(match to {
                    To::Part(Part::Year) => Generalize::Year,
                    To::Part(Part::Month) => Generalize::Month,
                    To::Part(Part::Decade) => Generalize::Decade,
                    To::Width { width } => Generalize::Width(width),
                    To::Prefix { prefix } => Generalize::Prefix(prefix),
                }),
                (other, _) => return Err(format!("action {other}")),
            };
            Ok(Self { name: raw.name, rename: raw.rename, action })
        }
    }

    impl From<super::ColumnRule> for ColumnRule {
        fn from(rule: super::ColumnRule) -> Self {
            let action = match rule.action {
                Action::Encrypt => "encrypt",
                Action::Hash => "hash",
                Action::Mask { .. } => "mask",
                Action::Generalize(_) => "generalize",
                Action::Drop => "drop",
            };
            let mut raw = Self {
                name: rule.name,
                rename: rule.rename,
                action: action.to_owned(),
                keep_start: None,
                keep_end: None,
                with: None,
                to: None,
            };
            match rule.action {
                Action::Mask { keep_start, keep_end, with } => {
                    (raw.keep_start, raw.keep_end, raw.with) =
                        (Some(keep_start), Some(keep_end), Some(with));
                }
                Action::Generalize(to) => {
                    raw.to = Some(match to {
                        Generalize::Year => To::Part(Part::Year),
                        Generalize::Month => To::Part(Part::Month),
                        Generalize::Decade => To::Part(Part::Decade),
                        Generalize::Width(width) => To::Width { width },
                        Generalize::Prefix(prefix) => To::Prefix { prefix },
                    });
                }
                Action::Encrypt | Action::Hash | Action::Drop => {}
            }
            raw
        }
    }
}
