//! The way back from a token or a pseudonym, for whoever holds the keys; every use is written down first.

use crate::convert;
use crate::messages::{
    REIDENTIFY_CHANGED, REIDENTIFY_HEAD, REIDENTIFY_NEVER, REIDENTIFY_PERSON, REIDENTIFY_REASON,
    REIDENTIFY_SHORT, REIDENTIFY_STAND_IN, REIDENTIFY_TYPE, REIDENTIFY_UNMOVED,
};
use crate::project::Project;
use crate::stages::{clean, protect};
use crate::store::Stage;
use ingot_base::{Digest, Fault, Personal, Result, atomic};
use ingot_privacy::chain::{Chain, Words};
use ingot_privacy::detect::Kind;
use ingot_privacy::pseudonym::{FormatCipher, Pseudonyms};
use ingot_privacy::{ColumnKeys, ENCRYPTED, HASHED, mask_value};
use ingot_recipe::{Action, ColumnRule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where uses are written, in the project.
const AUDIT: &str = "reidentify.jsonl";
const LIMIT: u64 = 1 << 30;
/// What persons in the list of uses are hashed as: a column that no table has.
const AUDITED: &str = "ingot:reidentify";
const PURPOSE: &str = "ingot re-identifications 1";
const WORDS: Words =
    Words { line: &REIDENTIFY_CHANGED, short: &REIDENTIFY_SHORT, head: &REIDENTIFY_HEAD };

/// One use: what a line of the log records.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Use {
    at: String,
    place: String,
    /// What was gone back from.
    token: Digest,
    reason: String,
    /// Keyed hash of the person that a date was asked of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
}

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

/// The value behind a token. The use is on the disk before the value is given: when, why, a digest of the token, and for a date a keyed
/// hash of the person. The log is a chain that shows whether it was changed, and that several uses at once write to one after the other.
///
/// # Errors
/// When the reason is blank, the token was not made with this project's keys, or the use cannot be recorded.
pub fn reidentify(project: &Project<'_>, token: &Token, reason: &str) -> Result<Personal<String>> {
    // Blank is also what shows nothing: a reason has a letter or a digit.
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(Fault::new(&REIDENTIFY_REASON));
    }
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
    record(project, place, Digest::of(shown.as_bytes()), whom, reason)?;
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

/// A person as the source names them: who only holds the protected table has what stands for them there, and the keys. What stands there
/// and does not lead back is refused: taken for a person, it would give some other day.
fn source_value(
    project: &Project<'_>,
    keys: &ColumnKeys,
    named: &str,
    given: &Personal<String>,
) -> Result<Personal<String>> {
    let rule = project.recipe().protect.columns.iter().find(|rule| rule.name == named);
    let output = rule.and_then(|rule| rule.rename.as_deref()).unwrap_or(named);
    let refused = |action: &str| {
        Err(Fault::new(&REIDENTIFY_STAND_IN).arg("person", named).arg("action", action))
    };
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
        // A number and what stands for it look alike: the person is the one of the two that was cleaned.
        Some(Action::Fpe) => {
            let behind = FormatCipher::new(keys, output)?.read(given.expose()).ok();
            let both = std::iter::once(given.clone()).chain(behind).collect();
            let mut known = cleaned(project, keys, named, both)?;
            match (known.pop(), known.is_empty()) {
                (Some(person), true) => Ok(person),
                _ => refused("fpe"),
            }
        }
        Some(Action::Hash) if given.expose().starts_with(HASHED) => refused("hash"),
        // What masking leaves as it is was masked, or hides nothing.
        Some(Action::Mask { keep_start, keep_end, with })
            if mask_value(given.expose(), *keep_start, *keep_end, *with) == *given.expose() =>
        {
            refused("mask")
        }
        _ => Ok(given.clone()),
    }
}

/// Those of the values that the column has in the cleaned table of the latest run.
fn cleaned(
    project: &Project<'_>,
    keys: &ColumnKeys,
    column: &str,
    values: Vec<Personal<String>>,
) -> Result<Vec<Personal<String>>> {
    let Some(record) = project.store.latest(Stage::Clean)? else { return Ok(Vec::new()) };
    let table = project.store.folder(Stage::Clean, &record.key).join(clean::TABLE);
    if !table.exists() {
        return Ok(Vec::new());
    }
    let token = |value| ingot_privacy::hash_value(keys, AUDITED, value);
    let tokens = values.iter().map(token).collect::<Result<Vec<String>>>()?;
    let mut seen = BTreeSet::new();
    ingot_data::each(&table, Some(&convert::encryption(project)), &[column], &mut |batch| {
        if let Some(cells) = batch.column_by_name(column) {
            let found = ingot_privacy::hash_cells(keys, AUDITED, cells)?;
            seen.extend(found.into_iter().flatten().filter(|token| tokens.contains(token)));
        }
        Ok(())
    })?;
    let known = values.into_iter().zip(tokens).filter(|(_, token)| seen.contains(token));
    Ok(known.map(|(value, _)| value).collect())
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

/// Writes a use to the log; it is on the disk afterwards.
fn record(
    project: &Project<'_>,
    place: String,
    token: Digest,
    person: Option<String>,
    reason: &str,
) -> Result<()> {
    let key = project.keyring.derive("reidentify/log", 32);
    let log = Chain::new(project.root.join(AUDIT), key, PURPOSE, &WORDS);
    let mut open = log.open(true)?;
    let (at, reason) = (project.clock.now_rfc3339(), reason.to_owned());
    log.append(&mut open, Use { at, place, token, reason, person }).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn project(folder: &Path, action: &str) -> Project<'static> {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{{ name = \"id\", as = \"who\", {action} }}]\n"
        );
        crate::project::project(folder, &text)
    }

    #[test]
    fn a_blank_reason_is_refused_and_nothing_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"encrypt\"");
        let keys = convert::column_keys(&project);
        let person = Personal::new("P0001".to_owned());
        let token = ingot_privacy::encrypt_value(&keys, "who", &person).unwrap();
        let token = Token::Column("who".to_owned(), token);
        for blank in ["", "  ", "\t\n", "\u{3000}", "\u{200b}", "-"] {
            let fault = reidentify(&project, &token, blank).unwrap_err();
            assert_eq!(fault.code(), "pipeline-reidentify-reason", "{blank:?}");
        }
        assert!(!folder.path().join(AUDIT).exists());
        let found = reidentify(&project, &token, "客户 7 的申请").unwrap();
        assert_eq!(found.expose(), "P0001");
        assert!(folder.path().join(AUDIT).exists());
    }

    #[test]
    fn what_stands_for_a_person_leads_back_or_is_refused() {
        for (action, plain, token) in [
            ("action = \"hash\"", "P0001", "hsh_AAAA"),
            ("action = \"mask\", keep_start = 1, keep_end = 1", "P0001", "P***1"),
            ("action = \"mask\", with = \"x\"", "P0001", "xxxxx"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let project = project(folder.path(), action);
            let keys = convert::column_keys(&project);
            let of =
                |value: &str| source_value(&project, &keys, "id", &Personal::new(value.to_owned()));
            assert_eq!(of(plain).unwrap().expose(), plain, "{action}");
            let fault = of(token).unwrap_err();
            assert_eq!(fault.code(), "pipeline-reidentify-stand-in", "{action}");
            assert!(!format!("{fault:?}").contains(token), "no value is told");
        }
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"encrypt\"");
        let keys = convert::column_keys(&project);
        let person = Personal::new("P0001".to_owned());
        let token = ingot_privacy::encrypt_value(&keys, "who", &person).unwrap();
        for given in [token, person.expose().clone()] {
            let found = source_value(&project, &keys, "id", &Personal::new(given)).unwrap();
            assert_eq!(found.expose(), person.expose());
        }
    }

    #[test]
    fn of_a_number_and_its_cipher_the_cleaned_table_says_which_is_the_person() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"fpe\"");
        let keys = convert::column_keys(&project);
        let of =
            |value: &str| source_value(&project, &keys, "id", &Personal::new(value.to_owned()));
        let number = "6222-0000-0000";
        let told = of(number).unwrap_err();
        assert_eq!(told.code(), "pipeline-reidentify-stand-in", "nothing was cleaned here");

        let rows = format!("id,y\n{number},1\n6222-0000-0007,0\n");
        atomic::write(&folder.path().join("a.csv"), rows.as_bytes()).unwrap();
        clean::run(&project).unwrap();
        let mut cipher = String::new();
        FormatCipher::new(&keys, "who").unwrap().write(number, &mut cipher).unwrap();
        for given in [number, cipher.as_str()] {
            assert_eq!(of(given).unwrap().expose(), number, "by {given}");
        }
        assert_eq!(of("6222-1111-1111").unwrap_err().code(), "pipeline-reidentify-stand-in");
    }
}
