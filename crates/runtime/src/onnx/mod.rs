//! Networks as ONNX graphs: read with limits, written, built from weights, and run where the feature `onnx` is on.

mod bert;
mod build;
#[cfg(feature = "onnx")]
mod calibrate;
#[cfg(feature = "onnx")]
mod chains;
mod edit;
#[cfg(feature = "onnx")]
mod equalise;
#[cfg(feature = "onnx")]
mod fit;
mod mobilenet;
#[cfg(feature = "onnx")]
mod narrow;
#[cfg(feature = "onnx")]
mod own;
pub mod proto;
mod prune;
mod quantize;
mod ranges;
mod read;
mod rows;
#[cfg(feature = "onnx")]
mod session;
mod shapes;
mod summary;
mod tail;

pub use bert::{EMBEDDING, Encoder, TOKENS, attention, encoder_weights, layers, sentence_encoder};
pub use build::{Activation, Dense, HEAD, SCORES, showing, with_head, with_outputs};
#[cfg(feature = "onnx")]
pub use calibrate::calibrate;
#[cfg(feature = "onnx")]
pub use equalise::equalise;
pub use mobilenet::{FEATURES, IMAGE, LOGITS, MAP, mobilenet_v2};
#[cfg(feature = "onnx")]
pub use narrow::{Cut, Narrowed, Narrowing, narrow_channels};
#[cfg(feature = "onnx")]
pub use own::{OwnPictures, OwnTexts, Pool, Vocabulary, own_pictures, own_texts, read_own};
pub use prune::prune_weights;
pub use quantize::{quantize_dynamic, quantize_static};
pub use ranges::{Calibration, Observed, Range, Ranges};
pub use read::{Limits, read, write};
#[cfg(feature = "onnx")]
pub use session::{Library, Session};
pub use shapes::Dim;
pub use summary::{Layer, Summary, parameters, summary};
#[cfg(feature = "onnx")]
pub use tail::last_blocks;
pub use tail::{Convolution, Operation, Tail, up_to};

/// The standard's operator set that our own graphs are written in.
pub const OPSET: i64 = 17;
/// Element type of 32-bit numbers.
pub(crate) const FLOAT: i32 = 1;
/// Element type of 64-bit whole numbers.
pub(crate) const WHOLE: i32 = 7;
