//! What a file's table tells about the persons in it.

use crate::messages::POPULATION_COLUMN;
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result};
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
    if let (Some(path), Some(first)) = (population, people.first()) {
        let found = first.schema();
        let columns: Vec<&str> = found.fields().iter().map(|field| field.name().as_str()).collect();
        let own = batches.first().map(RecordBatch::schema);
        // A name that the table lacks too is the table's fault.
        let known = |name: &&String| own.as_ref().is_some_and(|own| own.index_of(name).is_ok());
        if let Some(name) =
            quasi.iter().filter(known).find(|name| !columns.contains(&name.as_str()))
        {
            return Err(Fault::new(&POPULATION_COLUMN)
                .arg("path", path.display())
                .arg("column", name)
                .arg("known", columns.join(", ")));
        }
    }
    let quasi: Vec<&str> = quasi.iter().map(String::as_str).collect();
    let sensitive: Vec<&str> = sensitive.iter().map(String::as_str).collect();
    risk_in(&batches, &people, &quasi, &sensitive, person)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::atomic;

    #[test]
    fn a_column_that_the_population_lacks_is_told_of_the_population() {
        let folder = tempfile::tempdir().unwrap();
        let (table, everyone) = (folder.path().join("t.csv"), folder.path().join("all.csv"));
        atomic::write(&table, b"age,job\n30,nurse\n30,nurse\n").unwrap();
        atomic::write(&everyone, b"age,work\n30,nurse\n30,nurse\n").unwrap();
        let quasi = ["age".to_owned(), "job".to_owned()];
        let fault = risk(&table, Some(&everyone), &quasi, &[], None).unwrap_err();
        assert_eq!(fault.code(), "pipeline-population-column");
        let told = fault.to_string();
        assert!(told.contains("all.csv") && told.contains("`job`"), "{told}");
        let fault = risk(&table, Some(&everyone), &["agee".to_owned()], &[], None).unwrap_err();
        assert_eq!(fault.code(), "privacy-anonymity-column");
    }
}
