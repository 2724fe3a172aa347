//! A prepared table in the open, for whoever wants to go on with other tools.

use crate::convert;
use crate::messages::EXPORT_PART;
use crate::project::Project;
use crate::run::run;
use crate::stages::{protect, split};
use crate::store::Stage;
use ingot_base::{Fault, Result};
use ingot_data::ExportFormat;
use std::path::Path;

/// What of the prepared data is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Every row, as it is after cleaning and protection.
    All,
    /// The rows learned from.
    Train,
    /// The rows for early stopping, where the recipe splits some off.
    Validation,
    /// The rows only measured on.
    Test,
}

/// Prepares what is not up to date, then writes a part of it without encryption; the number of rows. Columns are as `[protect]` left
/// them: nothing that it took away comes back.
///
/// # Errors
/// When a stage fails, the split has no such part, or the file cannot be written.
pub fn export(project: &Project<'_>, part: Part, output: &Path) -> Result<u64> {
    let format = ExportFormat::of(output)?;
    let chain = run(project, Stage::Split)?;
    let (stage, name) = match part {
        Part::All => (Stage::Protect, protect::TABLE),
        Part::Train => (Stage::Split, split::TRAIN),
        Part::Validation => (Stage::Split, split::VALIDATION),
        Part::Test => (Stage::Split, split::TEST),
    };
    let done = crate::run::earlier(&chain, stage)?;
    if !done.has(name) {
        return Err(Fault::new(&EXPORT_PART).at("split"));
    }
    ingot_data::export(&done.verified(name)?, Some(&convert::encryption(project)), output, format)
}
