//! The table `[protect]`, typed.

use ingot_base::Lang;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that dates move by at most, unless the recipe says so.
pub(crate) const DAYS: u32 = 365;

/// The table `[protect]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    /// One rule for each personal column.
    pub columns: Vec<ColumnRule>,
    /// What happens to free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextRule>,
    /// What is promised of the whole table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymity: Option<Anonymity>,
}

impl Protect {
    /// What a column of the protected table is called before.
    pub fn before<'n>(&'n self, named: &'n str) -> &'n str {
        let rule = self.columns.iter().find(|rule| rule.rename.as_deref() == Some(named));
        rule.map_or(named, |rule| &rule.name)
    }

    /// The rule of a column, by its name before protection.
    pub fn rule(&self, column: &str) -> Option<&ColumnRule> {
        self.columns.iter().find(|rule| rule.name == column)
    }

    /// What a column is called in the protected table.
    pub fn after<'n>(&'n self, column: &'n str) -> &'n str {
        self.rule(column).map_or(column, ColumnRule::output)
    }
}

/// The table `protect.anonymity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anonymity {
    /// Persons in the smallest class; at least 2.
    pub k: u32,
    /// The column that says whose a row is, by its name after `protect.columns`; `split.group` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Quasi-identifiers, by their names after `protect.columns`; at least one.
    pub quasi: Vec<String>,
    /// What others must not learn; the target when empty.
    pub sensitive: Vec<String>,
    /// Largest share of persons of whom rows may be left out, in [0, 1).
    pub max_suppressed: f64,
    /// l-diversity; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l: Option<f64>,
    /// What `l` counts.
    pub diversity: Diversity,
    /// The c of recursive diversity, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c: Option<f64>,
    /// t-closeness, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// β-likeness, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    /// What `beta` bounds.
    pub likeness: Likeness,
    /// δ-presence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// Where levels are chosen.
    pub recoding: Recoding,
    /// What is made least.
    pub loss: AnonymityLoss,
    /// Where levels are not derived from the values.
    pub hierarchies: Vec<Hierarchy>,
}

/// What l-diversity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Diversity {
    /// Different values.
    Distinct,
    /// e to the entropy.
    Entropy,
    /// Recursive (c, l).
    Recursive,
}

/// What β-likeness bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    /// The relative gain, and at most the logarithm of the value's rarity.
    Enhanced,
    /// The relative gain alone.
    Basic,
}

/// Where the levels of quasi-identifiers are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recoding {
    /// One level a column.
    Full,
    /// Class by class, from there on.
    Local,
}

/// The table `protect.anonymity.presence`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// A table of everyone; relative to the recipe.
    pub population: String,
    /// Smallest chance, in [0, 1].
    pub least: f64,
    /// Largest chance, in [0, 1], not below `least`.
    pub most: f64,
}

/// What the search for levels makes least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnonymityLoss {
    /// Normalised certainty penalty.
    Certainty,
    /// Discernibility.
    Discernibility,
    /// Average class size.
    AverageClass,
}

/// How one quasi-identifier becomes coarser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hierarchy {
    /// The column.
    pub column: String,
    /// Its kind.
    pub by: HierarchyKind,
    /// Widths of intervals; derived when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<f64>,
    /// Lengths of prefixes; derived when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<usize>,
    /// Ends of intervals, a list a level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Vec<f64>>,
    /// The levels themselves, a row a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Vec<String>>,
    /// A table of levels; relative to the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Kinds of hierarchies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HierarchyKind {
    /// Intervals of numbers, of equal widths.
    Interval,
    /// Intervals of numbers with ends of the user's.
    Range,
    /// Day, month, year, decade.
    Calendar,
    /// First characters.
    Prefix,
    /// All or nothing.
    Suppress,
    /// Levels in the recipe.
    Table,
    /// Levels in a file.
    File,
}

/// The table `protect.text`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRule {
    /// Columns of free text; at least one.
    pub columns: Vec<String>,
    /// What stands instead of a finding.
    pub action: TextAction,
    /// Languages of names, places and addresses; both when empty.
    pub languages: Vec<Lang>,
    /// Types to look for, by their names; all when empty.
    pub types: Vec<String>,
    /// Findings less certain than this are left; above 0, at most 1.
    pub min_score: f32,
    /// Types of the user's.
    pub custom: Vec<CustomType>,
    /// A network that names besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
}

/// The table `protect.text.names`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// The folder with `model.onnx`, `tokenizer.json` and `config.json`, relative to the recipe.
    pub folder: String,
    /// Labels of the network and the types that they mean; what is usual when empty.
    pub labels: BTreeMap<String, String>,
}

/// What stands in a text instead of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextAction {
    /// The type's name.
    Replace,
    /// Stars.
    Mask,
    /// A keyed hash.
    Hash,
    /// A token, reversible with the key.
    Encrypt,
    /// Another plausible value, reversible with the key.
    Pseudonymize,
}

/// A type of the user's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomType {
    /// Its name in findings.
    pub name: String,
    /// A regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Words that are findings.
    pub dictionary: Vec<String>,
    /// A checksum's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Words of which one must stand near.
    pub context: Vec<String>,
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

impl ColumnRule {
    /// The column's name in the protected table.
    pub fn output(&self) -> &str {
        self.rename.as_deref().unwrap_or(&self.name)
    }
}

/// What happens to a column's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Deterministic encryption, reversible with the key.
    Encrypt,
    /// Digits encrypted in their format, reversible with the key.
    Fpe,
    /// Keyed hash.
    Hash,
    /// Another plausible value of this type, reversible with the key.
    Pseudonymize(String),
    /// Characters are replaced.
    Mask {
        /// Characters left readable at the start; 0 unless set.
        keep_start: usize,
        /// Characters left readable at the end; 0 unless set.
        keep_end: usize,
        /// What stands for a hidden character.
        with: char,
    },
    /// Dates move by a number of days of the person's own.
    Shift {
        /// The column, before protection, that says whose date it is.
        person: String,
        /// Largest shift in days; at least 1.
        days: u32,
    },
    /// A coarser value.
    Generalize(Generalize),
    /// The column is removed.
    Drop,
}

/// How coarse a value becomes.
#[derive(Debug, Clone, PartialEq)]
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
    /// A level of a hierarchy in the recipe.
    Levels {
        /// A row a value.
        levels: Vec<Vec<String>>,
        /// Which; at least 1.
        level: usize,
    },
    /// A level of a hierarchy in a file.
    File {
        /// Relative to the recipe.
        file: String,
        /// Which; at least 1.
        level: usize,
    },
}

/// The same as the recipe writes it: flat, with keys that belong to one action only.
mod raw {
    use super::{Action, DAYS, Generalize};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct ColumnRule {
        name: String,
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        rename: Option<String>,
        action: String,
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_start: Option<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_end: Option<usize>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with: Option<char>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<To>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum To {
        Part(Part),
        Width { width: f64 },
        Prefix { prefix: usize },
        Levels { levels: Vec<Vec<String>>, level: usize },
        File { file: String, level: usize },
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
                ("fpe", None) => Action::Fpe,
                ("hash", None) => Action::Hash,
                ("drop", None) => Action::Drop,
                ("pseudonymize", None) => Action::Pseudonymize(
                    raw.kind.ok_or_else(|| "pseudonymize without a type".to_owned())?,
                ),
                ("shift", None) => Action::Shift {
                    person: raw.person.ok_or_else(|| "shift without a person".to_owned())?,
                    days: raw.days.unwrap_or(DAYS),
                },
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
                    To::Levels { levels, level } => Generalize::Levels { levels, level },
                    To::File { file, level } => Generalize::File { file, level },
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
                Action::Fpe => "fpe",
                Action::Hash => "hash",
                Action::Pseudonymize(_) => "pseudonymize",
                Action::Mask { .. } => "mask",
                Action::Shift { .. } => "shift",
                Action::Generalize(_) => "generalize",
                Action::Drop => "drop",
            };
            let mut raw = Self {
                name: rule.name,
                rename: rule.rename,
                action: action.to_owned(),
                kind: None,
                keep_start: None,
                keep_end: None,
                with: None,
                to: None,
                person: None,
                days: None,
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
                        Generalize::Levels { levels, level } => To::Levels { levels, level },
                        Generalize::File { file, level } => To::File { file, level },
                    });
                }
                Action::Shift { person, days } => {
                    (raw.person, raw.days) = (Some(person), Some(days));
                }
                Action::Pseudonymize(kind) => raw.kind = Some(kind),
                Action::Encrypt | Action::Fpe | Action::Hash | Action::Drop => {}
            }
            raw
        }
    }
}
