//! What was done, in numbers: the evidence of the stages and the content of the data report.

use ingot_base::{Digest, Text};
use ingot_privacy::anonymity::{self, Policy};
use ingot_privacy::attack::{Linkage, Telling};
use ingot_privacy::residual::Residual;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures of a cleaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CleanOutcome {
    /// Rows read, without those set aside.
    pub rows_in: u64,
    /// Rows kept.
    pub rows_out: u64,
    /// Rows of erased persons: left out before anything else, in no other figure.
    #[serde(default)]
    pub erased: u64,
    /// One entry a source.
    pub sources: Vec<SourceOutcome>,
    /// One entry a rule, in the order of work.
    pub rules: Vec<RuleOutcome>,
    /// What was done to bring the sources to one schema.
    pub reconciliation: Vec<Text>,
    /// Columns as read.
    pub before: Vec<ColumnProfile>,
    /// Columns as kept.
    pub after: Vec<ColumnProfile>,
    /// What the rules of text quality found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityOutcome>,
    /// What stands in the evaluation set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<SetOutcome>,
    /// Near duplicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<NearOutcome>,
    /// Repeated passages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passages: Option<PassageOutcome>,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name of its source.
    pub source: String,
    /// Its number there, from 1.
    pub row: u64,
}

/// Figures of text quality.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QualityOutcome {
    /// The text column.
    pub column: String,
    /// Texts judged.
    pub texts: u64,
    /// Texts that broke a rule.
    pub broken: u64,
    /// Texts by language.
    pub languages: BTreeMap<String, u64>,
    /// What was found, in the order of the rules.
    pub findings: Vec<TextFinding>,
}

/// Texts that broke one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextFinding {
    /// The rule.
    pub rule: String,
    /// Its limit; a rule may have one for each language. None for the rule of languages.
    pub limit: Option<f64>,
    /// Texts.
    pub rows: u64,
    /// The first of them.
    pub first: Vec<Place>,
}

/// Texts that stand in the evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetOutcome {
    /// The text column.
    pub column: String,
    /// Tokens in a passage.
    pub tokens: usize,
    /// Least share of a text.
    pub share: f64,
    /// Texts.
    pub rows: u64,
    /// The first of them.
    pub first: Vec<Place>,
}

/// Figures of near duplicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearOutcome {
    /// The text column.
    pub column: String,
    /// Least similarity.
    pub similarity: f64,
    /// Whether rows that repeat one that stays were dropped.
    pub dropped: bool,
    /// Groups of two and more.
    pub groups: u64,
    /// Rows that repeat one before them.
    pub rows: u64,
    /// Pairs that were compared.
    pub compared: u64,
    /// Bands of the signatures, and rows in each.
    pub bands: (u64, u64),
    /// Whether every similarity was measured rather than estimated.
    pub exact: bool,
    /// The first pairs.
    pub first: Vec<NearPair>,
}

/// A near duplicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearPair {
    /// The row.
    pub row: Place,
    /// The row that it repeats: of those that stay the one most like it.
    pub first: Place,
    /// How similar the two are.
    pub similarity: f64,
}

/// Figures of repeated passages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassageOutcome {
    /// The text column.
    pub column: String,
    /// Tokens in the shortest passage that was cut.
    pub tokens: usize,
    /// Texts that lost a passage.
    pub rows: u64,
    /// Passages cut.
    pub passages: u64,
    /// Characters cut.
    pub characters: u64,
    /// The first of the rows.
    pub first: Vec<Place>,
}

/// Figures of the protection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProtectOutcome {
    /// Rows that went on.
    pub rows: u64,
    /// One sentence a column rule.
    pub actions: Vec<Text>,
    /// What was found in free text, a column each.
    #[serde(default)]
    pub texts: Vec<ingot_privacy::TextEvidence>,
    /// The promise about the whole table, kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymity: Option<AnonymityOutcome>,
    /// What remains in free text, where nothing was promised about the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<Residual>,
}

/// Figures of an anonymous table. They hold no value of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnonymityOutcome {
    /// What was promised; levels given by file are left out.
    pub policy: Policy,
    /// How it is kept.
    pub report: anonymity::Report,
    /// Rows that went on.
    pub rows: u64,
    /// The linkage attack on the table as it came.
    pub before: Linkage,
    /// The same on the table as it is released.
    pub after: Linkage,
    /// Columns that tell a quasi-identifier again, which the attack does not look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub telling: Vec<Telling>,
    /// What remains.
    pub residual: Residual,
}

/// Figures of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceOutcome {
    /// Name.
    pub name: String,
    /// Address as in the recipe; credentials removed.
    pub uri: String,
    /// Content digest.
    pub digest: Digest,
    /// Rows read.
    pub rows: u64,
    /// Rows kept.
    pub kept: u64,
    /// Malformed rows set aside.
    pub quarantined: u64,
    /// Values that are NaN or infinite, by column: they are missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_finite: BTreeMap<String, u64>,
    /// Weight of its rows.
    pub weight: f64,
}

/// Figures of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleOutcome {
    /// Where the recipe states it.
    pub key_path: String,
    /// What it does, in words.
    pub text: Text,
    /// Rows that reached it.
    pub rows_in: u64,
    /// Rows it dropped.
    pub dropped: u64,
    /// Values it changed.
    pub changed: u64,
    /// Values that a cast could not read, so that they are missing now.
    #[serde(default)]
    pub lost: u64,
    /// Where the first of them stands; the lineage that travels leaves it out by its name, as it does others about single rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Place>,
    /// Rows it marked or warned of.
    pub flagged: u64,
    /// What it found in the data first: the value that fills in, or the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// What a rule took from the data before it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Missing values of the column became this.
    Fill {
        /// The column.
        column: String,
        /// The value, as text.
        value: String,
    },
    /// Values beyond these, both included, were outlying.
    Bounds {
        /// The column.
        column: String,
        /// The lower one.
        low: f64,
        /// The upper one.
        high: f64,
    },
}

impl Found {
    /// The column it is about.
    pub fn column(&self) -> &str {
        match self {
            Self::Fill { column, .. } | Self::Bounds { column, .. } => column,
        }
    }
}

/// Figures of a column. Values themselves are not kept: a column may be personal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name.
    pub name: String,
    /// Type in words: number, integer, text, boolean, date, timestamp.
    pub kind: String,
    /// Rows.
    pub rows: u64,
    /// Missing values.
    pub missing: u64,
    /// Distinct values, exact up to the counting limit.
    pub distinct: u64,
    /// Whether the limit was reached, so that `distinct` is a lower bound.
    pub distinct_capped: bool,
    /// Mean of a number column; never of a personal column or of fewer than 20 rows.
    pub mean: Option<f64>,
    /// Sample standard deviation of a number column; as the mean.
    pub deviation: Option<f64>,
}

/// Figures of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitOutcome {
    /// Parts: train, validation (if any), test.
    pub parts: Vec<PartOutcome>,
    /// Column that groups rows, if any.
    pub group: Option<String>,
    /// Groups that stand in more than one part; always 0, checked after every split.
    pub crossing_groups: u64,
    /// Column whose balance is shown, if any.
    pub balance: Option<String>,
    /// Column of a split by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Rows without a time in a split by time.
    #[serde(default)]
    pub undated: u64,
    /// Near duplicates, kept on one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<NearSplit>,
}

impl SplitOutcome {
    /// Rows that were divided, those among them that stand in no part.
    pub fn rows(&self) -> u64 {
        let left_out = self.near.as_ref().map_or(0, |near| near.left_out);
        self.parts.iter().map(|part| part.rows).sum::<u64>() + left_out
    }

    /// Which times part the data, in a sentence; none of another split.
    pub fn times(&self) -> Option<Text> {
        let column = self.time.as_deref()?;
        let known = self.parts.iter().filter_map(|part| Some((part, part.times.as_ref()?)));
        let (mut en, mut zh) = (Vec::new(), Vec::new());
        for (part, (first, last)) in known {
            let name = match part.name.as_str() {
                "train" => "训练",
                "validation" => "验证",
                "test" => "测试",
                other => other,
            };
            en.push(format!("{} {first} … {last}", part.name));
            zh.push(format!("{name} {first} … {last}"));
        }
        let (mut en, mut zh) = (
            format!("Divided by time (`{column}`): {}.", en.join("; ")),
            format!("按时间（`{column}`）划分：{}。", zh.join("；")),
        );
        // Writing to a string does not fail.
        if self.undated > 0 {
            let _ = write!(en, " {} row(s) without a time count as the oldest.", self.undated);
            let _ = write!(zh, "有 {} 行没有时间，视为最早。", self.undated);
        }
        if let Some(near) = self.near.as_ref().filter(|near| near.left_out > 0) {
            let (count, column) = (near.left_out, &near.column);
            let _ = write!(
                en,
                " {count} row(s) are left out: a near duplicate of `{column}` stands in a later part."
            );
            let _ =
                write!(zh, "有 {count} 行未归入任何部分：其 `{column}` 的近似重复位于更晚的部分。");
        }
        Some(Text::new(en, zh))
    }
}

/// Near duplicates in a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearSplit {
    /// The text column.
    pub column: String,
    /// Least similarity.
    pub similarity: f64,
    /// Groups of two and more.
    pub groups: u64,
    /// Rows in them behind the first.
    pub rows: u64,
    /// Rows that stand in no part: by time a near duplicate of theirs stands in a later one.
    #[serde(default)]
    pub left_out: u64,
    /// Pairs of near duplicates that stand in two parts; always 0, checked after every split.
    pub crossing: u64,
}

/// Figures of one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartOutcome {
    /// Name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Groups, or rows without a group column.
    pub groups: u64,
    /// Rows by value of the balance column, sorted by value; at most twenty.
    pub balance: Vec<(String, u64)>,
    /// Split by time: the first and the last time of its rows; none where no row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<(String, String)>,
}
