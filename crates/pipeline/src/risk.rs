//! What a file's table tells about the persons in it.

use ingot_base::Result;
use ingot_privacy::anonymity::{Risk, risk_in};
use std::path::Path;

/// The anonymity of the table in `path`, which may be part of the population in another file; `person` is the column that says whose a
/// row is, without it each row counts as a person.
///
/// # Errors
/// When a file cannot be read, a column is missing or named twice, the table has no rows, or the population lacks rows of it.
pub fn risk(
    path: &Path,
    population: Option<&Path>,
    quasi: &[String],
    sensitive: &[String],
    person: Option<&str>,
) -> Result<Risk> {
    let batches = ingot_data::load(path)?;
    let people = population.map(ingot_data::load).transpose()?.unwrap_or_default();
    let quasi: Vec<&str> = quasi.iter().map(String::as_str).collect();
    let sensitive: Vec<&str> = sensitive.iter().map(String::as_str).collect();
    risk_in(&batches, &people, &quasi, &sensitive, person)
}
