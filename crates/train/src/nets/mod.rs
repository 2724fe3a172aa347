//! Layers trained on the features of a frozen network. The features come in as numbers; what made them is not known here.

pub mod accountant;
mod encoder;
mod head;
mod mix;
mod outcome;
mod page;
mod passes;
mod private;
mod review;
mod train;
mod tune;

#[cfg(feature = "nets")]
pub use encoder::{
    EncoderCourse, EncoderTeacher, SourceEncoder, TunedText, fewer_layers, tune_encoder,
};
pub use encoder::{EncoderSettings, Method, TunedEncoder};
pub use head::{Epoch, HeadSettings, Schedule};
pub use mix::{Mixed, Mixup, beta};
pub use outcome::{HeadOutcome, ToLabel};
pub use page::head_report;
pub(crate) use page::taught_losses;
pub use passes::Passes;
pub use private::{PrivacySpent, PrivateSettings};
pub use review::doubtful_labels;
pub use train::{
    FeatureTable, HeadConfig, Measured, TrainedHead, assist_head, measure, several_classes,
    train_head, train_head_together,
};
#[cfg(feature = "nets")]
pub use tune::{Distill, MapShape, Teacher, Tuned, fine_tune, pooled};
pub use tune::{TuneSettings, Unfrozen};
