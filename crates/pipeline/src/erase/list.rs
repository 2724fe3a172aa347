//! The list of erased persons: whom every cleaning leaves out, and that nobody took a person off it.
//!
//! It is a chain ([`ingot_privacy::chain`]) under a key of the project, so nobody without the keys changes a line or adds one. A list
//! that lacks its end, or is gone, is found out by what remembers it: the file that names its newest line, the signed record
//! of every erasure, and the record of every cleaned table, which names the newest line of its time. Whoever takes away all of
//! these together takes away the memory itself.

use super::{Rows, together};
use crate::convert;
use crate::messages::{
    ERASURE_UNSIGNED, ERASURES_CHANGED, ERASURES_HEAD, ERASURES_LACK, ERASURES_OLD,
    ERASURES_RENAMED, ERASURES_SHORT, ERASURES_UNRECORDED,
};
use crate::project::Project;
use crate::store::{Stage, entries};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ingot_base::spelling::{folded, narrow};
use ingot_base::{Digest, Fault, Personal, Result, atomic, fault, told_apart};
use ingot_privacy::chain::{Chain, Words};
use ingot_seal::Keyring;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of the list and of the signed records, in the project.
pub(crate) const FOLDER: &str = "erasures";
const LIST: &str = "subjects.jsonl";
/// The erasure that has begun and not ended.
pub(super) const PENDING: &str = "pending.json";
pub(super) const LIMIT: u64 = 64 << 20;
const SIGNATURE_LIMIT: u64 = 1 << 10;
/// Tokens of the list are bound to this instead of a column of the protected table.
pub(super) const DOMAIN: &str = "ingot:erasure:";
const PURPOSE: &str = "ingot erased persons 1";
/// Digits from which on a number is hardly anything but a name.
const SHORT: usize = 5;
const WORDS: Words =
    Words { line: &ERASURES_CHANGED, short: &ERASURES_SHORT, head: &ERASURES_HEAD };

/// One erased value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) column: String,
    /// Keyed hash of the value, as [`told_apart`] compares it; in lists of before as [`folded`] does.
    pub(super) subject: String,
    /// Keyed hashes of the same value as columns that hold no text write it: 5.50 is 5.5 there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) numbers: BTreeSet<String>,
    /// Keyed hashes of what the protected columns said of the person, and of the pseudonyms that stood for it ([`values`](super::values)).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) values: BTreeSet<String>,
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
        let subject = token(told_apart(value.expose()))?;
        let mut numbers =
            written_as(value.expose()).into_iter().map(token).collect::<Result<BTreeSet<_>>>()?;
        numbers.remove(&subject);
        let (values, at) = (BTreeSet::new(), project.clock.now_rfc3339());
        Ok(Self { column, subject, numbers, values, at })
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.column == other.column && self.subject == other.subject
    }
}

/// How columns that hold no text write this value, if they can.
pub(super) fn written_as(value: &str) -> BTreeSet<String> {
    let value = narrow(value).trim().to_owned();
    let whole = value.parse::<i128>().ok().map(|whole| whole.to_string());
    // Beyond this, neighbouring whole numbers have the same floating point number, and may be other persons.
    let exact = |number: &f64| number.abs() < 9_007_199_254_740_992.0;
    let number = value.parse::<f64>().ok().filter(exact).map(|number| number.to_string());
    // An instant is written with large letters.
    let instant = value.chars().next().is_some_and(|first| first.is_ascii_digit()).then_some(value);
    whole.into_iter().chain(number).chain(instant).collect()
}

/// Everyone erased so far.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    pub(super) entries: Vec<Entry>,
    /// How many lines the list has, and the code of the newest.
    last: Option<(u64, String)>,
    /// What the signed records say.
    recorded: Vec<Recorded>,
}

impl Erasures {
    /// The list, once everything that remembers it agrees. That reads every record, so whoever works with the list loads it once.
    ///
    /// # Errors
    /// When the list was changed, or lacks a person of whom a record tells.
    pub(crate) fn load(project: &Project<'_>) -> Result<Self> {
        let lines = chain(project).open(false)?.lines;
        let last = lines.last().map(|line| (line.number, line.mac.clone()));
        let codes: BTreeSet<String> = lines.iter().map(|line| line.mac.clone()).collect();
        let entries = lines.into_iter().map(|line| line.content).collect();
        let mut all = Self { entries, last, recorded: Vec::new() };
        all.agree(project, &codes)?;
        Ok(all)
    }

    pub(super) fn of(entry: &Entry) -> Self {
        Self { entries: vec![entry.clone()], ..Self::default() }
    }

    /// Everyone on the list and one more, whatever the file has: whom nothing may show, not what a table remembers.
    pub(super) fn with(&self, entry: &Entry) -> Self {
        let entries = self.entries.iter().chain([entry]).cloned().collect();
        Self { entries, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a cleaning depends on; `None` when nobody was erased.
    pub(crate) fn digest(&self) -> Result<Option<Digest>> {
        let list: BTreeSet<(&str, &str)> =
            self.entries.iter().map(|entry| (&*entry.column, &*entry.subject)).collect();
        if list.is_empty() { Ok(None) } else { Digest::of_json(&list).map(Some) }
    }

    /// What the record of a cleaned table keeps, so that the list does not lose its end.
    pub(crate) fn evidence(&self) -> Option<Value> {
        let (lines, last) = self.last.as_ref()?;
        Some(serde_json::json!({ "lines": lines, "last": last }))
    }

    /// For every row whether it may enter a cleaned table.
    ///
    /// # Errors
    /// When the table lacks a column in which persons were erased, and another one holds what was erased there: they would come back.
    pub(crate) fn enter(&self, project: &Project<'_>, batch: &RecordBatch) -> Result<BooleanArray> {
        let stays = self.admit(project, batch)?;
        for (column, erased) in &self.by_column() {
            if batch.column_by_name(column).is_some() {
                continue;
            }
            for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
                let kind = field.data_type();
                let cells = is_text(kind) || kind.is_integer();
                if !cells || field.name().starts_with('_') {
                    continue;
                }
                let found = named(project, column, erased, array)?;
                let written = texts(array)?;
                // A short number may stand in any column.
                let tells = |row: usize| is_text(kind) || written.value(row).len() >= SHORT;
                let back = (0..batch.num_rows())
                    .filter(|row| found.get(*row) == Some(&true) && stays.value(*row));
                let rows = back.filter(|row| tells(*row)).count();
                if rows > 0 {
                    return Err(Fault::new(&ERASURES_RENAMED)
                        .arg("column", *column)
                        .arg("now", field.name())
                        .arg("rows", rows));
                }
            }
        }
        Ok(stays)
    }

    fn by_column(&self) -> BTreeMap<&str, Vec<&Entry>> {
        let mut columns: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.entries {
            columns.entry(&entry.column).or_default().push(entry);
        }
        columns
    }

    /// For every row whether nothing in it is erased.
    pub(crate) fn admit(&self, project: &Project<'_>, batch: &RecordBatch) -> Result<BooleanArray> {
        let mut stays = vec![true; batch.num_rows()];
        for (column, entries) in self.by_column() {
            let Some(array) = batch.column_by_name(column) else { continue };
            let found = named(project, column, &entries, array)?;
            stays.iter_mut().zip(found).for_each(|(stays, found)| *stays &= !found);
        }
        Ok(stays.into())
    }

    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.entries.iter().any(|known| known.is(entry))
    }

    /// Whether the list has the person with all that the entry says.
    fn covers(&self, entry: &Entry) -> bool {
        let own = || self.entries.iter().filter(|known| known.is(entry));
        let known: BTreeSet<&String> = own().flat_map(|known| &known.values).collect();
        own().next().is_some() && entry.values.iter().all(|value| known.contains(value))
    }

    /// Lists a person, once, and again only with what was not known of the person before. This is the list as it was loaded; the caller holds
    /// the store's lock since before that.
    pub(super) fn add(&self, project: &Project<'_>, entry: &Entry) -> Result<()> {
        if self.covers(entry) {
            return Ok(());
        }
        let chain = chain(project);
        let mut open = chain.open(true)?;
        chain.append(&mut open, entry.clone()).map(|_| ())
    }

    /// Refuses a list that lacks what the signed records or the cleaned tables tell of.
    fn agree(&mut self, project: &Project<'_>, codes: &BTreeSet<String>) -> Result<()> {
        for path in records(project)? {
            let record: Recorded = genuine(project, &path)?;
            let listed = self
                .entries
                .iter()
                .any(|entry| entry.column == record.column && entry.subject == record.subject);
            if !listed {
                return Err(Fault::new(&ERASURES_LACK)
                    .arg("path", list(project).display())
                    .arg("record", path.display()));
            }
            self.recorded.push(record);
        }
        for (path, last) in remembered(project)? {
            if !codes.contains(&last) {
                return Err(Fault::new(&ERASURES_OLD)
                    .arg("path", list(project).display())
                    .arg("record", path.display()));
            }
        }
        Ok(())
    }

    /// Warns of erasures whose signed record is gone. A line of the list is as old as its record; `ending` is the erasure that has none yet.
    pub(super) fn tell_lost(&self, project: &Project<'_>, ending: Option<&Entry>) {
        for entry in &self.entries {
            let own = |record: &Recorded| {
                record.column == entry.column
                    && record.subject == entry.subject
                    && record.at == entry.at
            };
            if ending != Some(entry) && !self.recorded.iter().any(own) {
                let folder = project.root.join(FOLDER);
                let told = Fault::new(&ERASURES_UNRECORDED).arg("path", folder.display());
                project.reporter.warn(&told.arg("at", &entry.at));
            }
        }
    }

    /// The rows of others that the records of a person name: what their texts said of the person then.
    pub(super) fn recorded(&self, entry: &Entry) -> Rows {
        let own =
            |record: &&Recorded| record.column == entry.column && record.subject == entry.subject;
        let rows = self.recorded.iter().filter(own).map(|record| record.left.clone());
        rows.fold(Rows::new(), together)
    }
}

/// Whom a signed record is about, and the rows of others that it names.
#[derive(Debug, Deserialize)]
struct Recorded {
    at: String,
    column: String,
    subject: String,
    #[serde(default)]
    left: Rows,
}

fn list(project: &Project<'_>) -> PathBuf {
    project.root.join(FOLDER).join(LIST)
}

fn chain(project: &Project<'_>) -> Chain<Entry> {
    chain_in(&project.root, &project.keyring)
}

fn chain_in(root: &Path, keyring: &Keyring) -> Chain<Entry> {
    let list = root.join(FOLDER).join(LIST);
    Chain::new(list, keyring.derive("erasures/list", 32), PURPOSE, &WORDS)
}

/// Whether the list of a project, if it has one, was written with these keys.
///
/// # Errors
/// When it was not, was changed, or cannot be read.
pub(crate) fn listed(root: &Path, keyring: &Keyring) -> Result<()> {
    chain_in(root, keyring).open(false).map(drop)
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
    for (path, record) in project.store.records(Stage::Clean)? {
        if let Some(last) = record.evidence.pointer("/erasures/last").and_then(Value::as_str) {
            found.push((path, last.to_owned()));
        }
    }
    Ok(found)
}

/// For every cell whether it is what was erased in a column.
fn named(
    project: &Project<'_>,
    column: &str,
    entries: &[&Entry],
    array: &ArrayRef,
) -> Result<Vec<bool>> {
    let text = is_text(array.data_type());
    let mut erased: BTreeSet<&str> = BTreeSet::new();
    for entry in entries {
        erased.insert(&entry.subject);
        erased.extend(entry.numbers.iter().filter(|_| !text).map(String::as_str));
    }
    let keys = convert::column_keys(project);
    let find = |array: &ArrayRef| -> Result<Vec<bool>> {
        let tokens = ingot_privacy::hash_cells(&keys, &format!("{DOMAIN}{column}"), array)?;
        let found = tokens.into_iter().map(|token| token.is_some_and(|one| erased.contains(&*one)));
        Ok(found.collect())
    };
    if !text {
        return find(array);
    }
    let cells = texts(array)?;
    let as_now: StringArray = cells.iter().map(|cell| cell.map(told_apart)).collect();
    let as_before: StringArray = cells.iter().map(|cell| cell.map(folded)).collect();
    let mut found = find(&(Arc::new(as_now.clone()) as ArrayRef))?;
    // A list of before may have 7005.0 as it was written.
    if as_now != as_before {
        let before = find(&(Arc::new(as_before) as ArrayRef))?;
        found.iter_mut().zip(before).for_each(|(found, before)| *found |= before);
    }
    Ok(found)
}

/// Whether a column holds text.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A column's cells as text.
pub(crate) fn texts(array: &ArrayRef) -> Result<StringArray> {
    let cells = cast(array, &DataType::Utf8)
        .map_err(|error| fault::internal("a column without a text form").because(error))?;
    let cells = cells.as_any().downcast_ref::<StringArray>();
    cells.cloned().ok_or_else(|| fault::internal("text of another type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let of = |text: &str| written_as(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("5.50"), ["5.5", "5.50"]);
        assert_eq!(of(" 5.0"), ["5", "5.0"]);
        assert_eq!(of("007"), ["007", "7"]);
        assert_eq!(of("1e3"), ["1000", "1e3"]);
        assert_eq!(of("１２"), ["12"]);
        assert_eq!(of("1\u{ad}2\u{200e}"), ["12"]);
        assert_eq!(of("CUST-1"), [""; 0]);
        assert_eq!(of("2020-01-01T00:00:00Z"), ["2020-01-01T00:00:00Z"]);
        // A floating point number cannot tell this person from the next.
        assert_eq!(of("110101199003070011"), ["110101199003070011"]);
    }

    #[test]
    fn whoever_is_listed_is_found_in_any_form() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
        let project = crate::project::project(folder.path(), text);
        let cells: ArrayRef = Arc::new(StringArray::from(vec![
            Some("José García"),
            Some("JOSE\u{301} GARCI\u{301}A "),
            Some("Jose Garcia"),
            Some("Straße"),
            None,
        ]));
        let value = |text: &str| Personal::new(text.to_owned());
        let entry = |text| Entry::new(&project, "name".to_owned(), &value(text)).unwrap();
        let found = |entry: &Entry| named(&project, "name", &[entry], &cells).unwrap();
        assert_eq!(found(&entry("José García")), [true, true, false, false, false]);
        assert_eq!(found(&entry("jose\u{301} garci\u{301}a")), [true, true, false, false, false]);
        assert_eq!(found(&entry("STRASSE")), [false, false, false, true, false]);
    }

    #[test]
    fn a_number_with_a_fraction_of_zeros_is_the_same_person_in_a_column_of_text() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
        let project = crate::project::project(folder.path(), text);
        let cells: ArrayRef =
            Arc::new(StringArray::from(vec!["7005", "7005.0", "07005", "7006.0"]));
        let value = |text: &str| Personal::new(text.to_owned());
        let found = |entry: &Entry| named(&project, "id", &[entry], &cells).unwrap();
        for erased in ["7005", "7005.00"] {
            let entry = Entry::new(&project, "id".to_owned(), &value(erased)).unwrap();
            assert_eq!(found(&entry), [true, true, false, false], "{erased}");
        }
        // As a list of before has it.
        let mut entry = Entry::new(&project, "id".to_owned(), &value("7005.0")).unwrap();
        let keys = convert::column_keys(&project);
        entry.subject =
            ingot_privacy::hash_value(&keys, &format!("{DOMAIN}id"), &value("7005.0")).unwrap();
        assert_eq!(found(&entry), [false, true, false, false]);
    }

    #[test]
    fn a_record_that_was_removed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
        let heard = ingot_base::Heard::default();
        let mut project = crate::project::project(folder.path(), text);
        project.reporter = &heard;
        let rows = b"id,y\nP0001,1\nP0002,0\nP0003,1\n";
        atomic::write(&folder.path().join("a.csv"), rows).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        let value = Personal::new("P0001".to_owned());
        let subject = crate::Subject { column: Some("id".to_owned()), value };
        let erased = crate::erase(&project, &subject).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        let told = || heard.of("pipeline-erasures-unrecorded").len();
        assert_eq!(told(), 0);
        std::fs::remove_file(&erased.record).unwrap();
        std::fs::remove_file(erased.record.with_extension("json.sig")).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        assert_eq!(told(), 1);
    }
}
