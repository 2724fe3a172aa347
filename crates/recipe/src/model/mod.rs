//! A valid recipe as plain typed values.

mod clean;
mod compress;
mod lora;
mod names;
mod nets;
mod protect;
mod quality;
mod run;

pub use clean::{
    Cast, CastType, Clean, Dedupe, Expectation, Impute, ImputeMethod, LetterCase, Normalize,
    OnFail, Outlier, OutlierAction, OutlierMethod, Rule,
};
pub use compress::{Calibration, CalibrationMethod, Compress, Distill, Prune, Quantize, Tolerance};
pub use lora::{Carried, Lora, Objective, Store};
pub use names::Named;
pub use nets::{
    Augment, Backbone, Encoder, EncoderMethod, Head, Mix, OwnBackbone, Pooling, Private, Schedule,
    Unfreeze, Unit,
};
pub(crate) use protect::DAYS;
pub use protect::{
    Action, Anonymity, AnonymityLoss, ColumnRule, CustomType, Diversity, Generalize, Hierarchy,
    HierarchyKind, Likeness, Names, Presence, Protect, Recoding, TextAction, TextRule,
};
pub use quality::{Decontaminate, Near, NearAction, Passages, Quality};
pub use run::{
    Batch, Cost, Engine, Explain, ExplainMethod, Guard, RateLimit, Seal, Serve, Split, SplitMethod,
    Train,
};

use crate::secrets;
use ingot_base::Task;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// A valid recipe. Serialised it has the recipe's own shape and names, with every default filled in.
///
/// It is made by [`parse`](crate::parse); reading it back with serde checks types, not the rules of the language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is being made.
    pub project: Project,
    /// Where rows come from; at least one.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// How rows become fit for use.
    pub clean: Clean,
    /// What happens to personal columns.
    pub protect: Protect,
    /// How rows are divided.
    pub split: Split,
    /// Changed copies of training pictures or texts.
    pub augment: Augment,
    /// How the model is found.
    pub train: Train,
    /// How it becomes smaller and faster.
    pub compress: Compress,
    /// How it is explained.
    pub explain: Explain,
    /// Who can open the package.
    pub seal: Seal,
    /// How the server answers.
    pub serve: Serve,
    /// Where tables are cleaned.
    pub engine: Engine,
}

impl Recipe {
    /// Every section in the order of a recipe, defaults filled in: what `plan` shows and stages digest. Passwords in
    /// addresses are starred.
    pub fn sections(&self) -> Vec<(String, serde_json::Value)> {
        let section = |name: &str, value: serde_json::Result<serde_json::Value>| {
            (name.to_owned(), value.unwrap_or_default())
        };
        vec![
            section("project", serde_json::to_value(&self.project)),
            section("source", serde_json::to_value(&self.sources)),
            section("clean", serde_json::to_value(&self.clean)),
            section("protect", serde_json::to_value(&self.protect)),
            section("split", serde_json::to_value(&self.split)),
            section("augment", serde_json::to_value(&self.augment)),
            section("train", serde_json::to_value(&self.train)),
            section("compress", serde_json::to_value(&self.compress)),
            section("explain", serde_json::to_value(&self.explain)),
            section("seal", serde_json::to_value(&self.seal)),
            section("serve", serde_json::to_value(&self.serve)),
            section("engine", serde_json::to_value(&self.engine)),
        ]
    }

    /// The sections without what the recipe's task does not have: a reader looks for what is used.
    pub fn used_sections(&self) -> Vec<(String, serde_json::Value)> {
        let mut sections = self.sections();
        for path in crate::rules::foreign(self.project.task) {
            let (section, key) =
                path.split_once('.').map_or((&*path, None), |(section, key)| (section, Some(key)));
            match key {
                None => sections.retain(|(name, _)| name != section),
                Some(key) => {
                    let value = sections.iter_mut().find(|(name, _)| name == section);
                    if let Some((_, value)) = value {
                        without(value, key);
                    }
                }
            }
        }
        sections
    }

    /// The pretrained network whose features are learnt from: the one it names, else that of the task.
    pub fn backbone(&self) -> Backbone {
        self.train.backbone.clone().unwrap_or(Backbone::of(self.project.task))
    }

    /// Which rows go where; by classes it is the target that is stratified.
    pub fn split_method(&self) -> SplitMethod {
        match &self.split.time {
            Some(column) => SplitMethod::Time(column.clone()),
            None if self.split.stratify => SplitMethod::Stratified(self.project.target.clone()),
            None => SplitMethod::Random,
        }
    }
}

/// Takes a key, `a` or `a.b`, out of an object.
fn without(value: &mut serde_json::Value, key: &str) {
    let Some(object) = value.as_object_mut() else { return };
    match key.split_once('.') {
        None => {
            object.remove(key);
        }
        Some((outer, rest)) => {
            if let Some(inner) = object.get_mut(outer) {
                without(inner, rest);
            }
        }
    }
}

/// The table `[project]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Lower-case letters, digits and hyphens: fit for files, images and services.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// What the model answers.
    pub task: Task,
    /// The column to predict.
    pub target: String,
    /// Binary: the class whose probability is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Decides every random choice.
    pub seed: u64,
}

/// A table `[[source]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name that every row keeps.
    pub name: String,
    /// Path, folder, glob, `file:`, `s3://` or `postgres://` address. Serialised without its password.
    #[serde(serialize_with = "without_password")]
    pub uri: String,
    /// Above 0.
    pub weight: f64,
    /// The query of a database, and only of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Format, where the file name does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Encoding of CSV and JSON lines files, where they shall not tell it themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Column names of the source to names in the table.
    pub rename: BTreeMap<String, String>,
}

fn without_password<S: Serializer>(uri: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&secrets::without_password(uri))
}

/// Encodings of text files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, and so GBK and GB2312.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// Big5.
    #[serde(rename = "big5")]
    Big5,
}

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma separated text with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC file.
    Arrow,
    /// A folder of pictures, a folder each class.
    Images,
}
