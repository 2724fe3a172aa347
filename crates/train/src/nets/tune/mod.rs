//! Fine-tuning of a network's last blocks together with the head on them. What stands before them stays as it was: its answer to
//! each picture, a map, was kept, so that the network's long part runs once. The head is trained on the unchanged network first and
//! both go on from there, so that the first steps do not spoil what was learnt before (Kumar et al. 2022,
//! <https://arxiv.org/abs/2202.10054>).

#[cfg(feature = "nets")]
mod lesson;
#[cfg(feature = "nets")]
mod maps;
mod page;
#[cfg(test)]
#[cfg(feature = "nets")]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests;
#[cfg(feature = "nets")]
mod work;

use super::head::Epoch;
use super::passes::Passes;
use crate::outcome::Metric;
use serde::{Deserialize, Serialize};

#[cfg(feature = "nets")]
pub(super) use lesson::lesson;
#[cfg(feature = "nets")]
pub use lesson::{Distill, Teacher};
#[cfg(feature = "nets")]
pub use maps::MapShape;
pub(super) use page::section;
#[cfg(feature = "nets")]
pub use work::{Tuned, fine_tune, pooled};

/// How the last blocks are fine-tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneSettings {
    /// Blocks that are trained, from the end; at least 1.
    pub blocks: usize,
    /// How they are.
    pub passes: Passes,
}

/// What became of the part of a network that was fine-tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unfrozen {
    /// Blocks that were trained, from the end.
    pub blocks: usize,
    /// Name of the value that stands before the first of them.
    pub from: String,
    /// That value's channels, height and width.
    pub shape: [usize; 3],
    /// Names of the convolutions that were trained.
    pub convolutions: Vec<String>,
    /// Their weights and biases.
    pub parameters: usize,
    /// Bytes of the kept maps of all rows and copies.
    pub bytes: u64,
    /// Pass by pass.
    pub history: Vec<Epoch>,
    /// Number of the pass whose weights were kept, from 1; 0: no pass made the validation loss lower, and the network stays as it was.
    pub best: usize,
    /// Figures of the head on the unchanged network, on the same test rows.
    pub frozen: Vec<Metric>,
}

impl Unfrozen {
    /// Whether what was learnt was kept: some pass made the validation loss lower than it was before the first.
    pub fn helped(&self) -> bool {
        self.best > 0
    }
}
