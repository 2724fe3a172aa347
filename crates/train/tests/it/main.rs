//! Whole training runs on tables made by a seeded generator.

mod data;
mod faults;
mod quality;
mod report;
mod runs;
