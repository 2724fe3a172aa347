//! Layers trained on the features of a frozen network. The features come in as numbers; what made them is not known here.

mod head;
mod outcome;
mod page;
mod train;

pub use head::{Epoch, HeadSettings, Schedule};
pub use outcome::{HeadOutcome, ToLabel};
pub use page::head_report;
pub use train::{FeatureTable, HeadConfig, TrainedHead, train_head};
