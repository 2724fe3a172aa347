//! How a network that was trained before is trained further: what fine-tuning of pictures' last blocks and of encoders have in common.

use super::head::Schedule;
#[cfg(feature = "nets")]
use super::head::{Epoch, HeadSettings};
#[cfg(feature = "nets")]
use ingot_base::{Fault, Message, Result};

/// The passes of a training that goes on from a trained head.
#[derive(Debug, Clone, PartialEq)]
pub struct Passes {
    /// Passes over the training rows at most; at least 1.
    pub epochs: usize,
    /// Rows in a step; at least 1.
    pub batch: usize,
    /// Adam's step; above 0.
    pub learning_rate: f64,
    /// Decoupled weight decay; 0 is plain Adam. Biases and normalisations have none.
    pub weight_decay: f64,
    /// How the step changes.
    pub schedule: Schedule,
    /// Epochs without a lower validation loss before training stops; 0: it does not.
    pub patience: usize,
    /// The recipe's section that these stand in (`train.unfreeze`): faults name settings of it.
    pub section: &'static str,
}

#[cfg(feature = "nets")]
impl Passes {
    /// As a head has them; what is left out of the features at random stays as it was.
    pub(super) fn steps(&self, head: &HeadSettings) -> HeadSettings {
        HeadSettings {
            hidden: Vec::new(),
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            schedule: self.schedule,
            dropout: head.dropout,
            patience: self.patience,
        }
    }

    /// That no pass lost its loss.
    ///
    /// # Errors
    /// This one otherwise, with the pass and the setting to change.
    pub(super) fn converged(&self, history: &[Epoch], diverged: &'static Message) -> Result<()> {
        let Some(epoch) = history.iter().position(Epoch::is_lost) else { return Ok(()) };
        let setting = format!("{}.learning_rate", self.section);
        Err(Fault::new(diverged)
            .arg("epoch", epoch + 1)
            .arg("setting", &setting)
            .arg("rate", self.learning_rate)
            .at(setting))
    }
}
