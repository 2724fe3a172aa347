//! Networks as ONNX graphs: read with limits, written, built from weights, and run where the feature `onnx` is on.

mod bert;
mod build;
mod mobilenet;
pub mod proto;
mod read;
#[cfg(feature = "onnx")]
mod session;

pub use bert::{EMBEDDING, Encoder, TOKENS, attention, sentence_encoder};
pub use build::{Activation, Dense, SCORES, showing, with_head};
pub use mobilenet::{FEATURES, IMAGE, LOGITS, MAP, mobilenet_v2};
pub use read::{Limits, read, write};
#[cfg(feature = "onnx")]
pub use session::{Library, Session};

/// The standard's operator set that our own graphs are written in.
pub const OPSET: i64 = 17;
/// Element type of 32-bit numbers.
pub(crate) const FLOAT: i32 = 1;
/// Element type of 64-bit whole numbers.
pub(crate) const WHOLE: i32 = 7;
