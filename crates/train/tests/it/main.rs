//! Whole training runs on tables made by a seeded generator.
#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking; its numbers are small and exact"
)]

mod data;
mod faults;
mod quality;
mod report;
mod runs;
