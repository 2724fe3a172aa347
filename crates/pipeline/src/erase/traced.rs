//! What was made of tables that nobody can look into any more: a cleaned table that was removed by hand says of no person that it did not
//! hold the person, so what it became counts as made of the person.

use super::Found;
use crate::project::Project;
use crate::store::{Record, Stage, entries};
use ingot_base::{Digest, Result};
use ingot_seal::{Package, Reason, Revocation, Revocations};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Where later records name the cleaned table's record among their inputs.
const CLEAN: &str = "clean record";
/// What the stages next to cleaning call the table that they read.
const TABLE: &str = "table";

/// Stage outputs that lead back to none of the cleaned tables that were looked into, given by their keys; also cleaned tables that could
/// not be, because the file is gone or has no such column.
pub(super) fn untraced(all: &[Found], looked: &BTreeSet<Digest>) -> BTreeSet<PathBuf> {
    let records = || all.iter().filter_map(|(folder, record)| Some((folder, record.as_ref()?)));
    let mut traced: Vec<&Record> = records()
        .map(|(_, record)| record)
        .filter(|record| record.inputs.stage == Stage::Clean && looked.contains(&record.key))
        .collect();
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Clean) {
        let of_stage = records().filter(|(_, record)| record.inputs.stage == stage);
        let led: Vec<&Record> =
            of_stage.map(|(_, record)| record).filter(|record| leads(record, &traced)).collect();
        traced.extend(led);
    }
    let known: BTreeSet<(Stage, Digest)> =
        traced.iter().map(|record| (record.inputs.stage, record.key)).collect();
    records()
        .filter(|(_, record)| !known.contains(&(record.inputs.stage, record.key)))
        .map(|(folder, _)| folder.clone())
        .collect()
}

/// Whether a record's inputs come from one of these. What two chains have in common (the same test rows, an empty list) proves nothing: all
/// that an earlier stage may have handed on must be its own.
fn leads(record: &Record, traced: &[&Record]) -> bool {
    let inputs = &record.inputs.content;
    if let Some(key) = inputs.get(CLEAN) {
        return traced.iter().any(|one| one.key == *key);
    }
    if let Some(content) = inputs.get(TABLE) {
        let made = |one: &&Record| one.outputs.values().any(|output| output.content == *content);
        return traced.iter().any(made);
    }
    traced.iter().any(|one| {
        let mut shared = one
            .outputs
            .iter()
            .filter_map(|(name, output)| Some((inputs.get(name)?, &output.content)))
            .peekable();
        shared.peek().is_some() && shared.all(|(wanted, made)| wanted == made)
    })
}

/// A package where packages are served from.
pub(super) struct Packaged {
    /// The key of the cleaned table that it was made of, as its lineage says.
    pub(super) clean: Option<Digest>,
    /// What revokes it.
    pub(super) revocation: Revocation,
}

/// The packages beside the project's, each once; without those that are revoked already.
pub(super) fn packages(project: &Project<'_>, at: &str) -> Result<Vec<Packaged>> {
    let own = project.package_path();
    let revoked = Revocations::beside(&own)?;
    let mut seen: BTreeSet<Digest> = revoked.entries().iter().map(|entry| entry.digest).collect();
    let mut found = Vec::new();
    let Some(folder) = own.parent() else { return Ok(found) };
    for path in entries(folder)? {
        if path.extension().is_none_or(|extension| extension != "ingot") || !path.is_file() {
            continue;
        }
        // What is no package is served by nobody.
        let Ok(package) = Package::read(&path) else { continue };
        let digest = package.digest();
        let stages = stages(&package);
        // What was packed as it came from elsewhere was made of no row of the project.
        let made_here = stages.as_ref().is_none_or(|stages| !stages.is_empty());
        if !made_here || !seen.insert(digest) {
            continue;
        }
        let manifest = package.manifest();
        let (name, version) = (manifest.name.clone(), manifest.version.clone());
        let reason = Reason::Erasure;
        found.push(Packaged {
            clean: stages.as_deref().and_then(of_clean),
            revocation: Revocation { digest, name, version, at: at.to_owned(), reason },
        });
    }
    Ok(found)
}

/// The stages that a package's lineage names.
fn stages(package: &Package) -> Option<Vec<serde_json::Value>> {
    Some(package.lineage().ok()?.get("stages")?.as_array()?.clone())
}

/// The key of the cleaned table among them.
fn of_clean(stages: &[serde_json::Value]) -> Option<Digest> {
    let clean = |stage: &&serde_json::Value| {
        stage.get("stage").and_then(serde_json::Value::as_str) == Some(Stage::Clean.as_str())
    };
    serde_json::from_value(stages.iter().find(clean)?.get("key")?.clone()).ok()
}
