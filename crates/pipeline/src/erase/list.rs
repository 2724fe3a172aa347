//! The list of erased persons: whom every cleaning leaves out, and that nobody took a person off it.
//!
//! It is a chain ([`ingot_privacy::chain`]) under a key of the project, so nobody without the keys changes a line or adds one. A list
//! that lacks its end, or is gone, is found out by what remembers it: the file that names its newest line, the signed record
//! of every erasure, and the record of every cleaned table, which names the newest line of its time. Whoever takes away all of
//! these together takes away the memory itself.

use super::{Rows, together};
use crate::convert;
use crate::messages::{
    ERASURE_UNSIGNED, ERASURES_CHANGED, ERASURES_HEAD, ERASURES_LACK, ERASURES_OLD, ERASURES_SHORT,
    RECORD_DAMAGED,
};
use crate::project::Project;
use crate::store::Stage;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ingot_base::{Digest, Fault, Personal, Result, atomic, fault};
use ingot_privacy::chain::{Chain, Line, Words};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of the list and of the signed records, in the project.
pub(super) const FOLDER: &str = "erasures";
const LIST: &str = "subjects.jsonl";
/// The erasure that has begun and not ended.
pub(super) const PENDING: &str = "pending.json";
pub(super) const LIMIT: u64 = 64 << 20;
const SIGNATURE_LIMIT: u64 = 1 << 10;
/// Tokens of the list are bound to this instead of a column of the protected table.
const DOMAIN: &str = "ingot:erasure:";
const PURPOSE: &str = "ingot erased persons 1";
const WORDS: Words =
    Words { line: &ERASURES_CHANGED, short: &ERASURES_SHORT, head: &ERASURES_HEAD };

/// One erased value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) column: String,
    /// Keyed hash of the value, as [`folded`] compares it.
    pub(super) subject: String,
    /// Keyed hashes of the same value as columns that hold no text write it: 5.50 is 5.5 there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    numbers: BTreeSet<String>,
    pub(super) at: String,
}

impl Entry {
    pub(super) fn new(
        project: &Project<'_>,
        column: String,
        value: &Personal<String>,
    ) -> Result<Self> {
        let keys = convert::column_keys(project);
        let domain = format!("{DOMAIN}{column}");
        let token =
            |value: String| ingot_privacy::hash_value(&keys, &domain, &Personal::new(value));
        let subject = token(folded(value.expose()))?;
        let mut numbers =
            spellings(value.expose()).into_iter().map(token).collect::<Result<BTreeSet<_>>>()?;
        numbers.remove(&subject);
        Ok(Self { column, subject, numbers, at: project.clock.now_rfc3339() })
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.column == other.column && self.subject == other.subject
    }
}

/// A value as subjects are compared: without what stands around it, in lower case and half-width. `CUST-1 ` is the person that `cust-1` is.
fn folded(value: &str) -> String {
    narrow(value).to_lowercase()
}

/// Full-width forms as what they stand for, and nothing around.
fn narrow(value: &str) -> String {
    let letter = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{a0}' => ' ',
        other => other,
    };
    let value: String = value.chars().map(letter).collect();
    // Byte order marks and joiners of no width are seen by nobody.
    let blank = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
    };
    value.trim_matches(blank).to_owned()
}

/// How columns that hold no text write this value, if they can.
fn spellings(value: &str) -> BTreeSet<String> {
    let value = narrow(value);
    let whole = value.parse::<i128>().ok().map(|whole| whole.to_string());
    // Beyond this, neighbouring whole numbers have the same floating point number, and may be other persons.
    let exact = |number: &f64| number.abs() < 9_007_199_254_740_992.0;
    let number = value.parse::<f64>().ok().filter(exact).map(|number| number.to_string());
    // An instant is written with large letters.
    let instant = value.chars().next().is_some_and(|first| first.is_ascii_digit()).then_some(value);
    whole.into_iter().chain(number).chain(instant).collect()
}

/// A line of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    number: u64,
    entry: Entry,
    previous: String,
    mac: String,
}

impl Listed {
    fn new(entry: Entry) -> Self {
        Self { number: 0, entry, previous: String::new(), mac: String::new() }
    }
}

impl Line for Listed {
    fn number(&self) -> u64 {
        self.number
    }

    fn previous(&self) -> &str {
        &self.previous
    }

    fn mac(&self) -> &str {
        &self.mac
    }

    fn placed(self, number: u64, previous: String, mac: String) -> Self {
        Self { number, previous, mac, ..self }
    }
}

/// Everyone erased so far.
#[derive(Debug, Default)]
pub(crate) struct Erasures(Vec<Listed>);

impl Erasures {
    /// The list, once everything that remembers it agrees.
    ///
    /// # Errors
    /// When the list was changed, or lacks a person of whom a record tells.
    pub(crate) fn load(project: &Project<'_>) -> Result<Self> {
        let all = Self(chain(project).open(false)?.lines);
        all.agree(project)?;
        Ok(all)
    }

    pub(super) fn of(entry: &Entry) -> Self {
        Self(vec![Listed::new(entry.clone())])
    }

    /// The list with one more, whatever the file has.
    pub(super) fn with(mut self, entry: &Entry) -> Self {
        self.0.push(Listed::new(entry.clone()));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a cleaning depends on; `None` when nobody was erased.
    pub(crate) fn digest(&self) -> Result<Option<Digest>> {
        let list: BTreeSet<(&str, &str)> =
            self.entries().map(|entry| (&*entry.column, &*entry.subject)).collect();
        if list.is_empty() { Ok(None) } else { Digest::of_json(&list).map(Some) }
    }

    /// What the record of a cleaned table keeps, so that the list does not lose its end.
    pub(crate) fn evidence(&self) -> Option<Value> {
        let last = self.0.last()?;
        Some(serde_json::json!({ "lines": last.number, "last": last.mac }))
    }

    /// For every row whether it may enter.
    pub(crate) fn admit(&self, project: &Project<'_>, batch: &RecordBatch) -> Result<BooleanArray> {
        let mut stays = vec![true; batch.num_rows()];
        let mut columns: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries() {
            columns.entry(&entry.column).or_default().push(entry);
        }
        let keys = convert::column_keys(project);
        for (column, entries) in columns {
            let Some(array) = batch.column_by_name(column) else { continue };
            let text = is_text(array.data_type());
            let mut erased: BTreeSet<&str> = BTreeSet::new();
            for entry in entries {
                erased.insert(&entry.subject);
                erased.extend(entry.numbers.iter().filter(|_| !text).map(String::as_str));
            }
            let array = if text { folded_cells(array)? } else { Arc::clone(array) };
            let tokens = ingot_privacy::hash_cells(&keys, &format!("{DOMAIN}{column}"), &array)?;
            for (stays, token) in stays.iter_mut().zip(tokens) {
                *stays &= token.is_none_or(|token| !erased.contains(&*token));
            }
        }
        Ok(stays.into())
    }

    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.entries().any(|known| known.is(entry))
    }

    /// Lists a person, once.
    pub(super) fn add(project: &Project<'_>, entry: &Entry) -> Result<()> {
        if Self::load(project)?.has(entry) {
            return Ok(());
        }
        let chain = chain(project);
        let mut open = chain.open(true)?;
        chain.append(&mut open, Listed::new(entry.clone()))
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().map(|listed| &listed.entry)
    }

    /// Refuses a list that lacks what the signed records or the cleaned tables tell of.
    fn agree(&self, project: &Project<'_>) -> Result<()> {
        for path in records(project)? {
            let record: Recorded = genuine(project, &path)?;
            let listed = self
                .entries()
                .any(|entry| entry.column == record.column && entry.subject == record.subject);
            if !listed {
                return Err(Fault::new(&ERASURES_LACK)
                    .arg("path", list(project).display())
                    .arg("record", path.display()));
            }
        }
        for (path, last) in remembered(project)? {
            if !self.0.iter().any(|listed| listed.mac == last) {
                return Err(Fault::new(&ERASURES_OLD)
                    .arg("path", list(project).display())
                    .arg("record", path.display()));
            }
        }
        Ok(())
    }
}

/// Whom a signed record is about, and the rows of others that it names.
#[derive(Debug, Deserialize)]
struct Recorded {
    column: String,
    subject: String,
    #[serde(default)]
    left: Rows,
}

/// The rows of others that the records of a person name: what their texts said of the person then.
pub(super) fn recorded(project: &Project<'_>, entry: &Entry) -> Result<Rows> {
    let mut rows = Rows::new();
    for path in records(project)? {
        let record: Recorded = genuine(project, &path)?;
        if record.column == entry.column && record.subject == entry.subject {
            rows = together(rows, record.left);
        }
    }
    Ok(rows)
}

fn list(project: &Project<'_>) -> PathBuf {
    project.root.join(FOLDER).join(LIST)
}

fn chain(project: &Project<'_>) -> Chain<Listed> {
    Chain::new(list(project), project.keyring.derive("erasures/list", 32), PURPOSE, &WORDS)
}

/// A document of this folder that the project's own key has signed.
pub(super) fn genuine<T: serde::de::DeserializeOwned>(
    project: &Project<'_>,
    path: &Path,
) -> Result<T> {
    let wrong = || Fault::new(&ERASURE_UNSIGNED).arg("path", path.display());
    let text = atomic::read(path, LIMIT)?;
    let signature = atomic::read(&path.with_extension("json.sig"), SIGNATURE_LIMIT)
        .map_err(|fault| wrong().because(fault))?;
    if !project.keyring.public_key().verifies(&text, &signature) {
        return Err(wrong());
    }
    serde_json::from_slice(&text).map_err(|error| wrong().because(error))
}

/// The signed records of erasures, in the order of their names.
fn records(project: &Project<'_>) -> Result<Vec<PathBuf>> {
    let mut found = entries(&project.root.join(FOLDER))?;
    found.retain(|path| {
        path.extension().is_some_and(|kind| kind == "json") && !path.ends_with(PENDING)
    });
    Ok(found)
}

/// The newest line that each cleaned table remembers.
fn remembered(project: &Project<'_>) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for folder in entries(&project.store.root().join(Stage::Clean.as_str()))? {
        let path = folder.join("record.json");
        if !path.exists() {
            continue;
        }
        let record: Value =
            serde_json::from_slice(&atomic::read(&path, LIMIT)?).map_err(|error| {
                Fault::new(&RECORD_DAMAGED).arg("path", path.display()).because(error)
            })?;
        if let Some(last) = record.pointer("/evidence/erasures/last").and_then(Value::as_str) {
            found.push((path, last.to_owned()));
        }
    }
    Ok(found)
}

/// What is in a folder, in the order of names; nothing is in one that is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let list = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut found = list().map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", folder.display()).because(error)
    })?;
    found.sort();
    Ok(found)
}

/// Whether a column holds text.
pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A column's cells as text.
pub(super) fn texts(array: &ArrayRef) -> Result<StringArray> {
    let cells = cast(array, &DataType::Utf8)
        .map_err(|error| fault::internal("a column without a text form").because(error))?;
    let cells = cells.as_any().downcast_ref::<StringArray>();
    cells.cloned().ok_or_else(|| fault::internal("text of another type"))
}

fn folded_cells(array: &ArrayRef) -> Result<ArrayRef> {
    let cells: StringArray = texts(array)?.iter().map(|cell| cell.map(folded)).collect();
    Ok(Arc::new(cells))
}

#[cfg(test)]
mod tests {
    use super::{folded, spellings};

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let of = |text: &str| spellings(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("5.50"), ["5.5", "5.50"]);
        assert_eq!(of(" 5.0"), ["5", "5.0"]);
        assert_eq!(of("007"), ["007", "7"]);
        assert_eq!(of("1e3"), ["1000", "1e3"]);
        assert_eq!(of("１２"), ["12"]);
        assert_eq!(of("CUST-1"), [""; 0]);
        assert_eq!(of("2020-01-01T00:00:00Z"), ["2020-01-01T00:00:00Z"]);
        // A floating point number cannot tell this person from the next.
        assert_eq!(of("110101199003070011"), ["110101199003070011"]);
    }

    #[test]
    fn a_subject_is_the_same_however_it_is_typed() {
        for typed in ["CUST-7 ", "\u{feff}cust-7", "\u{3000}ＣＵＳＴ－７\t", "Cust-7\u{200b}"]
        {
            assert_eq!(folded(typed), "cust-7", "{typed:?}");
        }
        assert_ne!(folded("CUST 7"), folded("CUST-7"), "what stands within tells persons apart");
    }
}
