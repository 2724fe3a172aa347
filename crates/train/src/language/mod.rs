//! Language models that learn from conversations: low-rank adapters on frozen Llama-like models, the gradients written out.
//!
//! The way of an example: words of people → the model's own template → tokens, of which the assistant's are learnt → batches of texts
//! side by side → losses and gradients of the adapter alone → `AdamW`. What comes out is an adapter in PEFT's and llama.cpp's forms,
//! and the merged model, which must score as the trained one did.

#[cfg(feature = "language")]
mod adapter;
#[cfg(feature = "language")]
pub(crate) mod attention;
#[cfg(feature = "language")]
mod blocks;
#[cfg(feature = "language")]
mod files;
#[cfg(feature = "language")]
mod head;
#[cfg(feature = "language")]
pub(crate) mod math;
#[cfg(feature = "language")]
mod memory;
#[cfg(feature = "language")]
mod model;
#[cfg(feature = "language")]
mod net;
mod outcome;
mod page;
#[cfg(feature = "language")]
mod preference;
mod quants;
#[cfg(feature = "language")]
mod sample;
#[cfg(feature = "language")]
mod sft;
#[cfg(test)]
#[cfg(feature = "language")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "small numbers, equal bits"
)]
mod tests;
#[cfg(test)]
#[cfg(feature = "language")]
mod together;
#[cfg(feature = "language")]
mod train;
#[cfg(feature = "language")]
mod words;

#[cfg(feature = "language")]
pub use adapter::{Adapter, AdapterForm};
#[cfg(feature = "language")]
pub use files::{Storage, safetensors_file};
#[cfg(feature = "language")]
pub use memory::Finder;
#[cfg(feature = "language")]
pub use model::{BaseModel, Family, Part, Shape};
#[cfg(feature = "language")]
pub use net::Batch;
pub use outcome::{
    Canary, Figure, Memory, MergeParity, Preferred, Sample, SftOutcome, UnfitRows, same_answer,
    share_figure,
};
pub use page::sft_report;
#[cfg(feature = "language")]
pub use preference::{Likelihoods, Pair, Preference, likelihoods, preference};
pub use quants::{QuantForm, QuantOutcome, QuantTolerance, quant_report};
#[cfg(feature = "language")]
pub use sample::text_scores;
#[cfg(feature = "language")]
pub use sft::{
    Checkpoints, Conversations, Course, Objective, SftConfig, TrainedAdapter, assist_adapter,
    merge_parity, train_adapter,
};
#[cfg(feature = "language")]
pub use train::{Step, TrainSettings, Trainer, mean_loss};
#[cfg(feature = "language")]
pub use words::{Example, Unfit, Words};

#[cfg(test)]
#[cfg(feature = "language")]
use sft::merge_parity_of;
