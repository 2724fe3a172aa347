//! The measured facts of a model, from which the bill of materials and the model card are filled. Nothing here is guessed:
//! what was not measured or stated stays empty, and then neither document mentions it.

use crate::messages::FIGURE;
use ingot_base::{Digest, Fault, Result, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a model beyond its manifest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bom {
    /// What the model is for, one or two sentences.
    pub summary: Option<Text>,
    /// Who supplies it.
    pub supplier: Option<String>,
    /// The model's licence, an SPDX expression.
    pub licence: Option<String>,
    /// The learning algorithm: `gradient-boosted decision trees`.
    pub algorithm: Option<Text>,
    /// The model as trained: `LightGBM gbdt, 120 trees, at most 31 leaves`.
    pub architecture: Option<String>,
    /// Settings it was trained with, by name.
    pub parameters: BTreeMap<String, String>,
    /// The tables it learned from and was measured on.
    pub datasets: Vec<Dataset>,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// What was measured per group of people.
    pub fairness: Vec<Fairness>,
    /// What its maker says about its use.
    pub considerations: Considerations,
    /// Engines that trained it and evaluate it.
    pub engines: Vec<Library>,
    /// Other libraries inside.
    pub libraries: Vec<Library>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// What it was used for.
    pub role: DatasetRole,
    /// SHA-256 of its content.
    pub digest: Digest,
    /// Rows.
    pub rows: u64,
    /// What it is and where it is from.
    #[serde(default)]
    pub description: Option<Text>,
    /// Its licence, an SPDX expression.
    #[serde(default)]
    pub licence: Option<String>,
    /// Kinds of sensitive data it held before protection: `personal identifiers`. Never values.
    #[serde(default)]
    pub sensitive: Vec<String>,
}

/// What a table was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetRole {
    /// A source, before cleaning and splitting.
    Source,
    /// The model learned from it.
    Training,
    /// Settings were chosen on it.
    Validation,
    /// The figures were measured on it.
    Test,
}

impl DatasetRole {
    /// The role's name in the bill of materials.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    pub(crate) fn title(self) -> Text {
        match self {
            Self::Source => Text::new("source", "数据源"),
            Self::Training => Text::new("training", "训练"),
            Self::Validation => Text::new("validation", "验证"),
            Self::Test => Text::new("test", "测试"),
        }
    }
}

/// A measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its stable name: `roc_auc`.
    pub name: String,
    /// Its name for a person.
    pub title: Text,
    /// The value.
    pub value: f64,
    /// Its confidence interval.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// What it was measured on, if not the test table: `validation`.
    #[serde(default)]
    pub slice: Option<String>,
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Confidence level in (0, 1), usually 0.95.
    pub level: f64,
}

/// Figures of one group of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// The column that names the group: `sex`.
    pub column: String,
    /// The group: `female`.
    pub group: String,
    /// Rows of the group among those measured.
    pub rows: u64,
    /// What was measured on them.
    pub metrics: Vec<Metric>,
    /// Harms that its maker expects for the group.
    #[serde(default)]
    pub harms: Option<Text>,
    /// What is done about them.
    #[serde(default)]
    pub mitigation: Option<Text>,
}

/// What the model's maker says about its use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Considerations {
    /// Who should use it.
    pub users: Vec<Text>,
    /// What for.
    pub uses: Vec<Text>,
    /// What it cannot do.
    pub limitations: Vec<Text>,
    /// What was given up for what.
    pub tradeoffs: Vec<Text>,
    /// Risks for people, and what is done about them.
    pub risks: Vec<Risk>,
}

/// A risk for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The risk.
    pub name: Text,
    /// What is done about it.
    pub mitigation: Text,
}

/// A component inside the model's software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX expression.
    #[serde(default)]
    pub licence: Option<String>,
    /// Its package URL: `pkg:cargo/age@0.12.1`.
    #[serde(default)]
    pub purl: Option<String>,
    /// SHA-256 of the package or file.
    #[serde(default)]
    pub digest: Option<Digest>,
}

impl Library {
    /// A Rust crate, with its package URL.
    pub fn cargo(name: &str, version: &str, licence: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: Some(licence.to_owned()),
            purl: Some(format!("pkg:cargo/{name}@{version}")),
            digest: None,
        }
    }
}

impl Bom {
    /// Refuses figures that JSON could not state.
    pub(crate) fn check(&self) -> Result<()> {
        let groups = self.fairness.iter().flat_map(|group| &group.metrics);
        for metric in self.metrics.iter().chain(groups) {
            let bounds = metric
                .interval
                .iter()
                .flat_map(|interval| [interval.lower, interval.upper, interval.level]);
            if std::iter::once(metric.value).chain(bounds).any(|figure| !figure.is_finite()) {
                return Err(Fault::new(&FIGURE).arg("name", &metric.name));
            }
        }
        Ok(())
    }
}
