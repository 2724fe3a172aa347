//! Fine-tuning of an encoder of texts together with the head on it: by low-rank changes of its matrices, or in its own numbers. The
//! head is trained on the unchanged encoder first and both go on from there, as with networks of pictures. The layers are written out
//! forwards and backwards, on the products of matrices and the attention that language models learn by; at every step they are the ones
//! that are exported.

#[cfg(feature = "nets")]
mod change;
#[cfg(feature = "nets")]
mod math;
#[cfg(feature = "nets")]
mod model;
#[cfg(feature = "nets")]
mod net;
mod page;
#[cfg(feature = "nets")]
mod state;
#[cfg(test)]
#[cfg(feature = "nets")]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests;
#[cfg(feature = "nets")]
mod train;

use super::head::Epoch;
use super::passes::Passes;
use crate::outcome::Metric;
use serde::{Deserialize, Serialize};

pub(super) use page::section;
#[cfg(feature = "nets")]
pub use train::{
    EncoderCourse, EncoderTeacher, SourceEncoder, TunedText, fewer_layers, tune_encoder,
};

/// What of a layer is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every matrix W becomes W + alpha / rank · B·A (`LoRA`, Hu et al. 2021), which is merged in the end.
    Lora {
        /// Rows of A; at least 1.
        rank: usize,
        /// What the change is scaled by, over the rank.
        alpha: f64,
    },
    /// All of its numbers: matrices, biases, normalisations.
    Full,
}

/// How an encoder is fine-tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderSettings {
    /// What of a layer is trained.
    pub method: Method,
    /// Layers that are trained, from the end; at least 1.
    pub layers: usize,
    /// How they are; Adam's step rises to its own over the first tenth of the steps.
    pub passes: Passes,
}

/// What became of an encoder that was fine-tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TunedEncoder {
    /// What of a layer was trained.
    pub method: Method,
    /// Layers that were trained, from the end.
    pub layers: usize,
    /// Layers that the encoder has.
    pub of: usize,
    /// Numbers that were trained, without the head's.
    pub parameters: usize,
    /// Pass by pass.
    pub history: Vec<Epoch>,
    /// Number of the pass whose numbers were kept, from 1; 0: no pass made the validation loss lower, and the encoder stays as it was.
    pub best: usize,
    /// Figures of the head on the unchanged encoder, on the same test rows.
    pub frozen: Vec<Metric>,
}

impl TunedEncoder {
    /// Whether what was learnt was kept: some pass made the validation loss lower than it was before the first.
    pub fn helped(&self) -> bool {
        self.best > 0
    }
}
