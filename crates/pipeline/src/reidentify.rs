//! The way back from a token or a pseudonym, for whoever holds the keys; every use is written down first.

use crate::convert;
use crate::messages::{REIDENTIFY_NEVER, REIDENTIFY_TYPE};
use crate::project::Project;
use crate::stages::protect;
use crate::store::Stage;
use ingot_base::{Digest, Fault, Personal, Result, atomic};
use ingot_privacy::detect::Kind;
use ingot_privacy::pseudonym::Pseudonyms;
use serde_json::json;
use std::path::PathBuf;

/// Where uses are written, in the project.
const AUDIT: &str = "reidentify.jsonl";
const LIMIT: u64 = 1 << 30;

/// What to go back from.
#[derive(Debug)]
pub enum Token {
    /// A token of `encrypt` in a column of the protected table.
    Column(String, String),
    /// A pseudonym of a type, as `ingot scan` names types.
    Pseudonym(String, String),
}

/// The value behind a token. The use is recorded before the value is given: when, why, and a digest of the token.
///
/// # Errors
/// When the token was not made with this project's keys, or the use cannot be recorded.
pub fn reidentify(project: &Project<'_>, token: &Token, reason: &str) -> Result<Personal<String>> {
    let keys = convert::column_keys(project);
    let (place, shown) = match token {
        Token::Column(column, token) => (format!("column {column}"), token),
        Token::Pseudonym(kind, fake) => (format!("type {kind}"), fake),
    };
    let original = match token {
        Token::Column(column, token) => ingot_privacy::decrypt_value(&keys, column, token)?,
        Token::Pseudonym(name, fake) => {
            let kind = Kind::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(Kind::name).collect();
                Fault::new(&REIDENTIFY_TYPE).arg("type", name).arg("known", known.join(", "))
            })?;
            let mut names = Pseudonyms::new(keys)?;
            names.load(&table(project)?)?;
            names.original(&kind, fake)?
        }
    };
    record(project, &place, &Digest::of(shown.as_bytes()), reason)?;
    Ok(original)
}

/// The table of pseudonyms of the latest run.
fn table(project: &Project<'_>) -> Result<String> {
    let record = project.store.latest(Stage::Protect)?;
    let record = record.ok_or_else(|| Fault::new(&REIDENTIFY_NEVER))?;
    let path = project.store.folder(Stage::Protect, &record.key).join(protect::PSEUDONYMS);
    if !path.exists() {
        return Err(Fault::new(&REIDENTIFY_NEVER));
    }
    Ok(String::from_utf8_lossy(&atomic::read(&path, LIMIT)?).into_owned())
}

fn record(project: &Project<'_>, place: &str, token: &Digest, reason: &str) -> Result<()> {
    let path: PathBuf = project.root.join(AUDIT);
    let mut text = if path.exists() { atomic::read(&path, LIMIT)? } else { Vec::new() };
    let line = json!({
        "at": project.clock.now_rfc3339(),
        "place": place,
        "token": token,
        "reason": reason,
    });
    text.extend_from_slice(line.to_string().as_bytes());
    text.push(b'\n');
    atomic::write_private(&path, &text)
}
