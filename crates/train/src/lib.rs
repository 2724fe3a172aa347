//! Trainers per task. Tabular: LightGBM with a seeded search, early stopping, calibration, a threshold by cost, metrics with
//! intervals, baselines, fairness slices and a parity gate.
//!
//! This crate knows no file and no recipe: it takes Arrow tables and a [`TrainConfig`]. Its faults name key paths.

mod baseline;
mod calibrate;
mod columns;
pub mod compress;
mod config;
mod engine;
mod fairness;
mod features;
mod folds;
pub mod group;
mod identity;
pub mod language;
mod lbfgs;
mod linear;
mod loss;
pub mod messages;
mod metrics;
pub mod nets;
pub mod outcome;
mod report;
pub mod review;
mod search;
pub mod suspicion;
mod tabular;
mod target;
pub mod texts;
mod threshold;

pub use config::{Cost, Prepared, TrainConfig, Withheld, Written};
pub use engine::fit_fixed;
pub use features::{Encoded, encode_table};
pub use messages::MESSAGES;
pub use outcome::TrainOutcome;
pub use report::training_report;
pub use tabular::{Tables, Trained, assist, train, train_together};
pub use target::check_classes;
