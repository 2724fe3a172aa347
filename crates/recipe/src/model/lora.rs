//! What only language models have, typed: `train.lora`.

use super::Schedule;
use serde::{Deserialize, Serialize};

/// The table `train.lora`: low-rank adapters on a frozen language model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lora {
    /// What is learnt.
    pub objective: Objective,
    /// The column of answers that were not preferred; there with [`Objective::Dpo`] and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// How closely a model that learns from preferences is held to its base; above 0.
    pub beta: f64,
    /// Rank of every change: 1 to 1,024.
    pub rank: usize,
    /// The change is scaled by `alpha / rank`; above 0.
    pub alpha: f64,
    /// Share of an adapter's inputs left out in a step; in [0, 1).
    pub dropout: f64,
    /// The matrices, by Hugging Face's names; empty: all seven.
    pub targets: Vec<String>,
    /// Passes over the conversations: 1 to 1,000.
    pub epochs: usize,
    /// The greatest step; above 0.
    pub learning_rate: f64,
    /// Conversations in a batch: 1 to 4,096.
    pub batch: usize,
    /// Batches of a step: 1 to 4,096.
    pub accumulate: usize,
    /// How the learning rate changes after the warm-up.
    pub schedule: Schedule,
    /// Share of the steps in which it rises; in [0, 1).
    pub warmup: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Greatest length of a gradient; 0: any.
    pub clip: f64,
    /// Longer conversations are not learnt from: 8 to 131,072 tokens.
    pub max_tokens: usize,
    /// Layers are computed again on the way back.
    pub save_memory: bool,
    /// What the system says before every question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Made-up secrets hidden in the training data: 0 to 100.
    pub canaries: usize,
    /// Test conversations that are answered at most.
    pub evaluate: usize,
    /// Tokens of an answer at most: 1 to 8,192.
    pub answer_tokens: usize,
    /// Test conversations shown in the report: 0 to 100.
    pub samples: usize,
    /// How the merged model's matrices are stored.
    pub store: Store,
    /// What the package carries.
    pub package: Carried,
    /// Divergence that passes the gate, in nats; above 0.
    pub tolerance: f64,
}

/// What a language model learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Answers.
    Sft,
    /// To prefer answers to others.
    Dpo,
}

/// What a package of a language model carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carried {
    /// The merged model.
    Merged,
    /// The adapter alone.
    Adapter,
}

/// How the matrices of a language model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Blocks of 32 numbers in 8 bits and their scale.
    #[serde(rename = "q8_0")]
    Q8,
}
