//! The evaluator against hostile texts, and, with the feature `lightgbm`, against LightGBM itself.

mod hostile;
#[cfg(feature = "lightgbm")]
mod parity;
