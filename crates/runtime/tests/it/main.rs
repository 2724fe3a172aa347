//! The evaluator against hostile texts, and, with the feature `lightgbm`, against LightGBM itself.
#![cfg_attr(
    feature = "lightgbm",
    expect(
        clippy::unwrap_used,
        clippy::float_cmp,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::many_single_char_names,
        reason = "a test fails by panicking, and parity is equality to the bit"
    )
)]

mod hostile;
#[cfg(feature = "lightgbm")]
mod parity;
