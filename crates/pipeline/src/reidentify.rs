//! The way back from a token or a pseudonym, for whoever holds the keys; every use is written down first.

use crate::convert;
use crate::messages::{REIDENTIFY_NEVER, REIDENTIFY_PERSON, REIDENTIFY_TYPE, REIDENTIFY_UNMOVED};
use crate::project::Project;
use crate::stages::protect;
use crate::store::Stage;
use ingot_base::{Digest, Fault, Personal, Result, atomic};
use ingot_privacy::ColumnKeys;
use ingot_privacy::detect::Kind;
use ingot_privacy::pseudonym::{FormatCipher, Pseudonyms};
use ingot_recipe::{Action, ColumnRule};
use serde_json::json;
use std::path::PathBuf;

/// Where uses are written, in the project.
const AUDIT: &str = "reidentify.jsonl";
const LIMIT: u64 = 1 << 30;
/// What persons in the list of uses are hashed as: a column that no table has.
const AUDITED: &str = "ingot:reidentify";
/// How a token of `encrypt` begins.
const ENCRYPTED: &str = "enc_";

/// What to go back from.
#[derive(Debug)]
pub enum Token {
    /// A token of `encrypt` in a column of the protected table.
    Column(String, String),
    /// A pseudonym of a type, as `ingot scan` names types.
    Pseudonym(String, String),
    /// A moved date in a column of the protected table.
    Date {
        /// The column's name there.
        column: String,
        /// The date as it stands there.
        date: String,
        /// Whose date it is: the value in the source, or what stands for it in the protected table.
        person: Personal<String>,
    },
}

/// The value behind a token. The use is recorded before the value is given: when, why, a digest of the token, and for a date a keyed
/// hash of the person.
///
/// # Errors
/// When the token was not made with this project's keys, or the use cannot be recorded.
pub fn reidentify(project: &Project<'_>, token: &Token, reason: &str) -> Result<Personal<String>> {
    let keys = convert::column_keys(project);
    let (place, shown) = match token {
        Token::Column(column, token) => (format!("column {column}"), token),
        Token::Pseudonym(kind, fake) => (format!("type {kind}"), fake),
        Token::Date { column, date, .. } => (format!("column {column}"), date),
    };
    let mut whom = None;
    let original = match token {
        Token::Column(column, token) => of_column(project, &keys, column, token)?,
        Token::Pseudonym(name, fake) => {
            let kind = Kind::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(Kind::name).collect();
                Fault::new(&REIDENTIFY_TYPE).arg("type", name).arg("known", known.join(", "))
            })?;
            of_pseudonym(project, keys, &kind, fake)?
        }
        Token::Date { column, date, person } => {
            let (named, days) = moved(project, column).ok_or_else(|| unmoved(project, column))?;
            let person = source_value(project, &keys, named, person)?;
            whom = Some(ingot_privacy::hash_value(&keys, AUDITED, &person)?);
            ingot_privacy::unshift_date(&keys, days, &person, date)?
        }
    };
    record(project, &place, &Digest::of(shown.as_bytes()), whom.as_deref(), reason)?;
    Ok(original)
}

/// The value behind a token of a column: encrypted whole, or in its format.
fn of_column(
    project: &Project<'_>,
    keys: &ColumnKeys,
    column: &str,
    token: &str,
) -> Result<Personal<String>> {
    match rule(project, column).map(|rule| &rule.action) {
        Some(Action::Fpe) => FormatCipher::new(keys, column)?.read(token),
        Some(Action::Shift { person, .. }) => {
            Err(Fault::new(&REIDENTIFY_PERSON).arg("column", column).arg("person", person))
        }
        _ => ingot_privacy::decrypt_value(keys, column, token),
    }
}

fn of_pseudonym(
    project: &Project<'_>,
    keys: ColumnKeys,
    kind: &Kind,
    fake: &str,
) -> Result<Personal<String>> {
    let mut names = Pseudonyms::new(keys)?;
    names.load(&table(project)?)?;
    names.original(kind, fake)
}

/// The rule whose column has this name in the protected table.
fn rule<'p>(project: &'p Project<'_>, column: &str) -> Option<&'p ColumnRule> {
    let mut rules = project.recipe().protect.columns.iter();
    rules.find(|rule| rule.rename.as_ref().unwrap_or(&rule.name) == column)
}

/// Whose dates a column holds, by the source's name, and how far they moved at most.
fn moved<'p>(project: &'p Project<'_>, column: &str) -> Option<(&'p str, u32)> {
    match &rule(project, column)?.action {
        Action::Shift { person, days } => Some((person.as_str(), *days)),
        _ => None,
    }
}

fn unmoved(project: &Project<'_>, column: &str) -> Fault {
    let rules = project.recipe().protect.columns.iter();
    let moved = rules.filter(|rule| matches!(rule.action, Action::Shift { .. }));
    let known: Vec<&str> = moved.map(|rule| rule.rename.as_deref().unwrap_or(&rule.name)).collect();
    let known = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
    Fault::new(&REIDENTIFY_UNMOVED).arg("column", column).arg("known", known)
}

/// A person as the source names them: who only holds the protected table has what stands for them there, and the keys.
fn source_value(
    project: &Project<'_>,
    keys: &ColumnKeys,
    named: &str,
    given: &Personal<String>,
) -> Result<Personal<String>> {
    let rule = project.recipe().protect.columns.iter().find(|rule| rule.name == named);
    let output = rule.and_then(|rule| rule.rename.as_deref()).unwrap_or(named);
    match rule.map(|rule| &rule.action) {
        Some(Action::Encrypt) if given.expose().starts_with(ENCRYPTED) => {
            ingot_privacy::decrypt_value(keys, output, given.expose())
        }
        // What is no pseudonym of this project is the value itself.
        Some(Action::Pseudonymize(kind)) => {
            let found = Kind::parse(kind)
                .and_then(|kind| of_pseudonym(project, keys.clone(), &kind, given.expose()).ok());
            Ok(found.unwrap_or_else(|| given.clone()))
        }
        _ => Ok(given.clone()),
    }
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

fn record(
    project: &Project<'_>,
    place: &str,
    token: &Digest,
    whom: Option<&str>,
    reason: &str,
) -> Result<()> {
    let path: PathBuf = project.root.join(AUDIT);
    let mut text = if path.exists() { atomic::read(&path, LIMIT)? } else { Vec::new() };
    let mut line = json!({
        "at": project.clock.now_rfc3339(),
        "place": place,
        "token": token,
        "reason": reason,
    });
    if let (Some(line), Some(whom)) = (line.as_object_mut(), whom) {
        line.insert("person".to_owned(), whom.into());
    }
    text.extend_from_slice(line.to_string().as_bytes());
    text.push(b'\n');
    atomic::write_private(&path, &text)
}
