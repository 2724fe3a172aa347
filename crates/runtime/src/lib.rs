//! Predictors: the [`Predictor`] trait and the engines behind it.
//!
//! Evaluation is plain Rust: a [`Forest`] is LightGBM's text model, read with limits and validated whole, and its answers
//! equal LightGBM's. The library itself is only linked with the feature `lightgbm`, which training needs. This crate knows
//! no file, no table format and no network.

mod calibration;
mod decide;
#[cfg(any(feature = "llama", test))]
mod deep;
pub mod encode;
mod forest;
pub mod generate;
pub mod gguf;
pub mod interval;
#[cfg(feature = "lightgbm")]
pub mod lightgbm;
#[cfg(all(feature = "llama", target_os = "linux"))]
pub mod llama;
mod matrix;
pub mod messages;
pub mod onnx;
mod plausible;
#[cfg(feature = "product")]
pub mod product;
mod tabular;
#[cfg(feature = "onnx")]
mod text;
#[cfg(feature = "onnx")]
mod turns;
#[cfg(feature = "onnx")]
mod vision;
pub mod weights;

pub use calibration::Calibration;
pub use decide::{Prediction, decide, probability_of};
pub use forest::{Forest, Missing, Objective, Tree};
pub use matrix::Matrix;
pub use messages::MESSAGES;
#[cfg(feature = "onnx")]
pub use onnx::Library;
pub use plausible::{Plausible, Unlike, seen};
pub use tabular::{Preprocessing, TabularModel};
#[cfg(feature = "onnx")]
pub use text::{TagPlace, Tagger, TextEncoder, TextModel, TextPreprocessing, Tokenised, Tokenizer};
#[cfg(feature = "onnx")]
pub use vision::{Answer, BATCH, VisionModel, VisionPreprocessing};

use ingot_base::{Result, Signature};

/// Answers questions about rows. Implementations are immutable after loading and may be called from many threads.
pub trait Predictor: Send + Sync {
    /// What goes in, in column order, and what comes out.
    fn signature(&self) -> &Signature;

    /// One row of calibrated scores per row of features: `rows × output.width()`. NaN stands for a missing value.
    ///
    /// # Errors
    /// When the matrix does not have exactly one column per input.
    fn scores(&self, features: &Matrix) -> Result<Matrix>;
}
