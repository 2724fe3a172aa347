//! The tables `[split]`, `[train]`, `[explain]`, `[seal]` and `[serve]`, typed.

use super::{Backbone, Encoder, Head, Lora, Private, Unfreeze};
use crate::duration;
use ingot_base::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The table `[split]`. [`Recipe::split_method`](crate::Recipe::split_method) says which rows go where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Share of the test part, in (0, 1); with `validation` below 1.
    pub test: f64,
    /// Share of the validation part, in [0, 1).
    pub validation: f64,
    /// Every class in the same proportion on all sides; only in classification, never with `time`.
    pub stratify: bool,
    /// Rows with the same value here stay together; never with `time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The latest rows by this column are the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// Which rows go where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitMethod {
    /// By chance.
    Random,
    /// By chance within each value of a column: the target.
    Stratified(String),
    /// The latest rows by a column are the test part, those before them the validation part.
    Time(String),
}

/// The table `[train]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// How long the search may take: 1 second to 7 days.
    #[serde(with = "duration")]
    pub budget: Duration,
    /// How many candidates the search tries at most: 1 to 10,000.
    pub trials: usize,
    /// Columns never to learn from.
    pub exclude: Vec<String>,
    /// Every class weighs the same; only in classification.
    pub balance: bool,
    /// Probabilities are calibrated.
    pub calibrate: bool,
    /// What mistakes cost; only in binary classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Columns whose groups are compared.
    pub fairness: Vec<String>,
    /// Inner folds when there are no validation rows: 2 to 20.
    pub folds: usize,
    /// Doubtful labels, outlying rows and leaking columns are looked for.
    pub review: bool,
    /// A text column with more distinct values is not learnt from: 2 to 100,000.
    pub max_categories: usize,
    /// Processor cores, 1 to 1,024; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Pretrained network of a task on pictures or texts; `None`: that of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<Backbone>,
    /// The column of texts; `None`: the only column of text. Of a language model the column of questions; `None`: the target holds whole
    /// conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Buckets that single words of a text fall into, as features besides the embedding: 0 to 65,536.
    pub words: usize,
    /// The language model that learns.
    pub base: String,
    /// The adapter and how it is trained.
    pub lora: Lora,
    /// What is trained on the backbone's features.
    pub head: Head,
    /// Blocks of the network that are trained too; `None`: it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfreeze: Option<Unfreeze>,
    /// How an encoder of texts is trained too; `None`: it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<Encoder>,
    /// What the trained weights may tell of any one row; `None`: whatever they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Private>,
    /// LightGBM parameters that the search must not touch.
    pub params: BTreeMap<String, String>,
}

/// What each wrong answer of a binary model costs, in any unit; above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The negative class labelled positive.
    pub false_positive: f64,
    /// The positive class labelled negative.
    pub false_negative: f64,
}

/// The table `[explain]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// How contributions are computed.
    pub method: ExplainMethod,
    /// Test rows that figures over all rows are computed from, at most: 10 to 1,000,000.
    pub sample: usize,
    /// Depth of the surrogate tree: 1 to 8.
    pub surrogate_depth: usize,
    /// Test pictures shown in the report: 0 to 100.
    pub pictures: usize,
    /// Pictures are shown with what hiding each part of them changes, besides the network's own map.
    pub occlusion: bool,
    /// Test texts shown in the report: 0 to 100.
    pub texts: usize,
    /// What columns are called in reason codes and reports.
    pub titles: BTreeMap<String, Text>,
}

/// How contributions are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExplainMethod {
    /// The exact method for the model.
    Auto,
    /// Shapley values of trees.
    TreeShap,
}

/// The table `[seal]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// age public keys, checksums checked, besides the project's own.
    pub recipients: Vec<String>,
    /// Last day on which the package loads, `YYYY-MM-DD` in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_expires: Option<String>,
    /// Folder of the project's keys.
    pub keys: String,
}

/// The table `[engine]`: where tables are cleaned. No result depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Address and port of a cluster's scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Folder of the client's certificates.
    pub certificates: String,
}

/// The table `[serve]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// Address and port.
    pub listen: SocketAddr,
    /// Token bucket of a key that has no limit of its own; `None`: such a key has no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// How requests are put together.
    pub batch: Batch,
    /// Rows that may wait for a model.
    pub queue: usize,
    /// A request that took longer is answered 504.
    #[serde(with = "duration")]
    pub deadline: Duration,
    /// Personal data in what is sent to language models.
    #[serde(default)]
    pub guard_prompts: Guard,
    /// Personal data in answers of language models.
    #[serde(default)]
    pub guard_answers: Guard,
    /// Prompts that try to override a language model's instructions.
    #[serde(default)]
    pub guard_injection: Guard,
}

/// What a server does about what its guard finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Nothing is looked for.
    #[default]
    Off,
    /// It is counted.
    Log,
    /// It is replaced by its type.
    Mask,
    /// It is refused.
    Block,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a second; above 0.
    pub per_second: f64,
    /// Requests at once.
    pub burst: u32,
}

/// How requests are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Rows in a batch at most.
    pub max_rows: usize,
    /// How long the first request waits for others.
    #[serde(with = "duration")]
    pub max_wait: Duration,
}
