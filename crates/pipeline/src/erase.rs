//! Erasing a person: from the tables, from everything made of them, and from the next runs.
//!
//! A list keeps a keyed hash of each erased value, never the value. Every cleaning reads it and leaves those rows out before
//! anything else, so that a person does not come back with the next export of a source.
//!
//! An erasure begins with a note of what it will remove and revoke, without personal data, on disk before anything is touched. Whatever is
//! interrupted afterwards is taken up by the next erasure or run, under the same lock, and ends with the record that the
//! first would have signed: no evidence is lost.

use crate::convert;
use crate::messages::{
    ERASE_COLUMN, ERASE_COLUMN_UNKNOWN, ERASE_DROPPED, ERASE_NOBODY, ERASURES_DAMAGED,
};
use crate::project::Project;
use crate::run::{Chain, work_through};
use crate::stages::clean;
use crate::store::{Record, Stage};
use arrow::array::{Array, BooleanArray, RecordBatch, StringArray, UInt64Array};
use ingot_base::{Digest, Fault, Personal, Result, atomic, crash, fault};
use ingot_seal::{Package, Reason, Revocation, Revocations};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folder of the list and of the signed records, in the project.
const FOLDER: &str = "erasures";
const LIST: &str = "subjects.jsonl";
/// The erasure that has begun and not ended.
const PENDING: &str = "pending.json";
const LIMIT: u64 = 64 << 20;
/// Tokens of the list are bound to this instead of a column of the protected table.
const DOMAIN: &str = "ingot:erasure:";

/// Whom to erase.
#[derive(Debug)]
pub struct Subject {
    /// The column that names persons, as the source table calls it; the recipe's `split.group` when `None`.
    pub column: Option<String>,
    /// The person's value there.
    pub value: Personal<String>,
}

/// One erased value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    column: String,
    /// Keyed hash of the value.
    subject: String,
    /// Keyed hashes of the same number as a column of numbers writes it: 5.50 is 5.5 there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    numbers: BTreeSet<String>,
    at: String,
}

impl Entry {
    fn new(project: &Project<'_>, column: String, value: &Personal<String>) -> Result<Self> {
        let keys = convert::column_keys(project);
        let domain = format!("{DOMAIN}{column}");
        let token = |value: &Personal<String>| ingot_privacy::hash_value(&keys, &domain, value);
        let subject = token(value)?;
        let mut numbers = spellings(value.expose())
            .into_iter()
            .map(|spelling| token(&Personal::new(spelling)))
            .collect::<Result<BTreeSet<_>>>()?;
        numbers.remove(&subject);
        Ok(Self { column, subject, numbers, at: project.clock.now_rfc3339() })
    }

    fn is(&self, other: &Self) -> bool {
        self.column == other.column && self.subject == other.subject
    }
}

/// How columns of numbers write this value, if it is one.
fn spellings(value: &str) -> BTreeSet<String> {
    let value = value.trim();
    let whole = value.parse::<i128>().ok().map(|whole| whole.to_string());
    // Beyond this, neighbouring whole numbers have the same floating point number, and may be other persons.
    let exact = |number: &f64| number.abs() < 9_007_199_254_740_992.0;
    let number = value.parse::<f64>().ok().filter(exact).map(|number| number.to_string());
    whole.into_iter().chain(number).collect()
}

/// Everyone erased so far.
#[derive(Debug, Default)]
pub(crate) struct Erasures(Vec<Entry>);

impl Erasures {
    pub(crate) fn load(project: &Project<'_>) -> Result<Self> {
        let path = project.root.join(FOLDER).join(LIST);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = String::from_utf8_lossy(&atomic::read(&path, LIMIT)?).into_owned();
        let entry = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| {
                Fault::new(&ERASURES_DAMAGED)
                    .arg("line", index + 1)
                    .arg("path", path.display())
                    .because(error)
            })
        };
        text.lines().enumerate().map(entry).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a cleaning depends on; `None` when nobody was erased.
    pub(crate) fn digest(&self) -> Result<Option<Digest>> {
        let list: BTreeSet<(&str, &str)> =
            self.0.iter().map(|entry| (&*entry.column, &*entry.subject)).collect();
        if list.is_empty() { Ok(None) } else { Digest::of_json(&list).map(Some) }
    }

    /// For every row whether it may enter.
    pub(crate) fn admit(&self, project: &Project<'_>, batch: &RecordBatch) -> Result<BooleanArray> {
        let mut stays = vec![true; batch.num_rows()];
        let mut columns: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.0 {
            columns.entry(&entry.column).or_default().push(entry);
        }
        let keys = convert::column_keys(project);
        for (column, entries) in columns {
            let Some(array) = batch.column_by_name(column) else { continue };
            let numeric = array.data_type().is_numeric();
            let mut erased: BTreeSet<&str> = BTreeSet::new();
            for entry in entries {
                erased.insert(&entry.subject);
                erased.extend(entry.numbers.iter().filter(|_| numeric).map(String::as_str));
            }
            let tokens = ingot_privacy::hash_cells(&keys, &format!("{DOMAIN}{column}"), array)?;
            for (stays, token) in stays.iter_mut().zip(tokens) {
                *stays &= token.is_none_or(|token| !erased.contains(&*token));
            }
        }
        Ok(stays.into())
    }

    fn has(&self, entry: &Entry) -> bool {
        self.0.iter().any(|known| known.is(entry))
    }

    fn add(&mut self, project: &Project<'_>, entry: Entry) -> Result<()> {
        if self.has(&entry) {
            return Ok(());
        }
        self.0.push(entry);
        let mut text = String::new();
        for entry in &self.0 {
            text.push_str(&json(entry)?);
            text.push('\n');
        }
        atomic::write_private(&project.root.join(FOLDER).join(LIST), text.as_bytes())
    }
}

/// What an erasure did: the record that is signed. It holds no personal data: a keyed hash, row numbers, digests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Erased {
    /// When, RFC 3339.
    pub at: String,
    /// The column that names persons.
    pub column: String,
    /// Keyed hash of the person's value.
    pub subject: String,
    /// Rows of each source that hold the person, and still do at their origin.
    pub rows: BTreeMap<String, Vec<u64>>,
    /// Stage outputs that were removed: stage and key.
    pub removed: Vec<(Stage, Digest)>,
    /// Packages that were revoked.
    pub revoked: Vec<Revocation>,
    /// Stage outputs made anew: stage and content.
    pub rebuilt: Vec<(Stage, Digest)>,
    /// Where the signed record is; not part of it.
    #[serde(skip)]
    pub record: PathBuf,
}

/// An erasure that has begun: what it removes, and what its record will say. It holds no personal data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    entry: Entry,
    rows: Rows,
    removed: Vec<(Stage, Digest)>,
    revoked: Vec<Revocation>,
}

impl Pending {
    fn path(project: &Project<'_>) -> PathBuf {
        project.root.join(FOLDER).join(PENDING)
    }

    fn load(project: &Project<'_>) -> Result<Option<Self>> {
        let path = Self::path(project);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |error| {
            Fault::new(&ERASURES_DAMAGED).arg("line", 1).arg("path", path.display()).because(error)
        };
        serde_json::from_slice(&atomic::read(&path, LIMIT)?).map(Some).map_err(damaged)
    }

    /// Up to which stage it has to be rebuilt; `None` when nothing was made of the person.
    pub(crate) fn last(&self) -> Option<Stage> {
        self.removed.iter().map(|(stage, _)| *stage).max()
    }
}

/// Erases a person and rebuilds what the person was part of. An erasure that was interrupted is ended first; for the same
/// person its record is the answer.
///
/// # Errors
/// When the recipe does not say which column names persons and the subject does not either; when nobody has this value; when a
/// file cannot be removed or a stage fails while it is rebuilt (the person stays erased then; run again).
pub fn erase(project: &Project<'_>, subject: &Subject) -> Result<Erased> {
    let entry = Entry::new(project, column(project, subject)?, &subject.value)?;
    let _lock = project.store.lock()?;
    if let Some(pending) = resume(project)? {
        let same = pending.entry.is(&entry);
        let erased = rebuild(project, &pending)?;
        if same {
            return Ok(erased);
        }
    }
    let again = Erasures::load(project)?.has(&entry);
    let all = project.store.all()?;
    let (held, tables) = holding(project, &entry, &all)?;
    let nowhere = held.is_empty() && !again;
    // Cleaning may have left out rows of a person of whom it kept others.
    let rows = match at_origin(project, &entry) {
        Ok(origin) => together(held, origin),
        Err(fault) if nowhere => return Err(fault),
        // A source that is gone must not keep a person in what was made of it.
        Err(fault) => {
            project.reporter.warn(&fault);
            held
        }
    };
    if nowhere && rows.is_empty() {
        return Err(Fault::new(&ERASE_NOBODY).arg("column", entry.column));
    }
    if nowhere {
        project.reporter.warn(&Fault::new(&ERASE_DROPPED).arg("column", &entry.column));
    }
    let affected = affected(&all, tables);
    let revoked = to_revoke(&affected, &entry.at)?;
    let removed = affected
        .iter()
        .filter_map(|(_, record)| record.as_ref())
        .map(|record| (record.inputs.stage, record.key))
        .collect();
    let pending = Pending { entry, rows, removed, revoked };
    atomic::write_private(&Pending::path(project), json(&pending)?.as_bytes())?;
    crash::point("erase-begun");
    carry_out(project, &pending)?;
    rebuild(project, &pending)
}

/// Takes up an erasure that was interrupted: nothing of the person is left afterwards. [`finish`] then ends it. The caller holds
/// the store's lock.
pub(crate) fn resume(project: &Project<'_>) -> Result<Option<Pending>> {
    let pending = Pending::load(project)?;
    if let Some(pending) = &pending {
        carry_out(project, pending)?;
    }
    Ok(pending)
}

/// Lists the person, revokes and removes. Everything may have happened before.
fn carry_out(project: &Project<'_>, pending: &Pending) -> Result<()> {
    Erasures::load(project)?.add(project, pending.entry.clone())?;
    revoke(project, &pending.revoked)?;
    for (stage, key) in &pending.removed {
        let folder = project.store.folder(*stage, key);
        if folder.exists() {
            remove(&folder)?;
        }
    }
    for (folder, record) in project.store.all()? {
        // Work that was interrupted, perhaps on the person's rows.
        if record.is_none() {
            remove(&folder)?;
        }
    }
    crash::point("erase-removed");
    Ok(())
}

fn rebuild(project: &Project<'_>, pending: &Pending) -> Result<Erased> {
    let chain = match pending.last() {
        Some(stage) => work_through(project, stage)?,
        None => Chain::new(),
    };
    finish(project, pending, &chain)
}

/// Signs the record of an erasure that was carried out and rebuilt.
pub(crate) fn finish(project: &Project<'_>, pending: &Pending, chain: &Chain) -> Result<Erased> {
    let Pending { entry, rows, removed, revoked } = pending.clone();
    let mut rebuilt = Vec::new();
    // Also what was made anew before an interruption.
    for (stage, done) in chain {
        if pending.last() >= Some(*stage) && (done.fresh || done.record.finished >= entry.at) {
            rebuilt.push((*stage, done.record.digest_of_outputs()?));
        }
    }
    let Entry { column, subject, at, .. } = entry;
    let record = PathBuf::new();
    let erased =
        sign(project, Erased { at, column, subject, rows, removed, revoked, rebuilt, record })?;
    remove(&Pending::path(project))?;
    Ok(erased)
}

/// The column that names persons, as the cleaned table calls it.
fn column(project: &Project<'_>, subject: &Subject) -> Result<String> {
    if let Some(column) = &subject.column {
        return Ok(column.clone());
    }
    let recipe = project.recipe();
    let group = recipe.split.group.as_ref().ok_or_else(|| Fault::new(&ERASE_COLUMN))?;
    let rule = recipe.protect.columns.iter().find(|rule| rule.rename.as_ref() == Some(group));
    Ok(rule.map_or(group, |rule| &rule.name).clone())
}

type Found = (PathBuf, Option<Record>);

/// Row numbers by source.
type Rows = BTreeMap<String, Vec<u64>>;

/// The rows of the person by source, and the cleaned tables that hold any.
fn holding(
    project: &Project<'_>,
    entry: &Entry,
    all: &[Found],
) -> Result<(Rows, BTreeSet<PathBuf>)> {
    let keys = convert::encryption(project);
    let one = Erasures(vec![entry.clone()]);
    let mut rows: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut tables = BTreeSet::new();
    let (mut known, mut seen) = (BTreeSet::new(), false);
    for (folder, record) in all {
        if record.as_ref().is_none_or(|record| record.inputs.stage != Stage::Clean) {
            continue;
        }
        let table = folder.join(clean::TABLE);
        let schema = ingot_data::schema(&table, Some(&keys))?;
        if schema.field_with_name(&entry.column).is_err() {
            known.extend(schema.fields().iter().map(|field| field.name().clone()));
            continue;
        }
        seen = true;
        for batch in
            ingot_data::read_columns(&table, Some(&keys), &[&entry.column, "_source", "_row"])?
        {
            let stays = one.admit(project, &batch)?;
            for (source, row) in places(&batch, &stays)? {
                rows.entry(source).or_default().insert(row);
                tables.insert(folder.clone());
            }
        }
    }
    if !seen && !known.is_empty() {
        known.retain(|name| !name.starts_with('_'));
        return Err(Fault::new(&ERASE_COLUMN_UNKNOWN)
            .arg("column", &entry.column)
            .arg("known", known.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let rows =
        rows.into_iter().map(|(source, rows)| (source, rows.into_iter().collect())).collect();
    Ok((rows, tables))
}

/// The person's rows in the sources as they are now: also those that cleaning leaves out.
fn at_origin(project: &Project<'_>, entry: &Entry) -> Result<Rows> {
    let one = Erasures(vec![entry.clone()]);
    let sources = convert::sources(project.recipe());
    let admit = |batch: &RecordBatch| one.admit(project, batch);
    ingot_data::refused_rows(project.source.folder(), &sources, ingot_data::Admit(&admit))
}

/// Row numbers of both, each once.
fn together(mut rows: Rows, others: Rows) -> Rows {
    for (source, others) in others {
        let numbers = rows.entry(source).or_default();
        numbers.extend(others);
        numbers.sort_unstable();
        numbers.dedup();
    }
    rows
}

/// Source and row number of the rows that do not stay.
fn places(batch: &RecordBatch, stays: &BooleanArray) -> Result<Vec<(String, u64)>> {
    let column = |name: &str| {
        batch.column_by_name(name).ok_or_else(|| fault::internal(format!("table without `{name}`")))
    };
    let sources = arrow::compute::cast(column("_source")?, &arrow::datatypes::DataType::Utf8)
        .map_err(|error| fault::internal("`_source` is not text").because(error))?;
    let (Some(sources), Some(rows)) = (
        sources.as_any().downcast_ref::<StringArray>(),
        column("_row")?.as_any().downcast_ref::<UInt64Array>(),
    ) else {
        return Err(fault::internal("lineage columns of another type"));
    };
    let gone = (0..batch.num_rows()).filter(|row| !stays.value(*row));
    Ok(gone.map(|row| (sources.value(row).to_owned(), rows.value(row))).collect())
}

/// The tables that hold the person, all that was made of them, and what an interrupted run left.
fn affected(all: &[Found], tables: BTreeSet<PathBuf>) -> Vec<Found> {
    let mut touched = tables;
    let mut contents: BTreeSet<Digest> = BTreeSet::new();
    // Stages come in the order of work, but for their names; a few rounds reach the end of every chain.
    for _ in Stage::ALL {
        for (folder, record) in all {
            let Some(record) = record else {
                touched.insert(folder.clone());
                continue;
            };
            if record.inputs.content.values().any(|digest| contents.contains(digest)) {
                touched.insert(folder.clone());
            }
            if touched.contains(folder) {
                contents.insert(record.key);
                contents.extend(record.outputs.values().map(|output| output.content));
            }
        }
    }
    all.iter().filter(|(folder, _)| touched.contains(folder)).cloned().collect()
}

/// The packages that were made of the person.
fn to_revoke(affected: &[Found], at: &str) -> Result<Vec<Revocation>> {
    let mut revoked = Vec::new();
    for (folder, record) in affected {
        let Some(record) = record.as_ref().filter(|record| record.inputs.stage == Stage::Seal)
        else {
            continue;
        };
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let (name, version) =
            (text(&record.inputs.config["name"]), text(&record.inputs.config["version"]));
        let sealed = Package::read(&folder.join(format!("{name}-{version}.ingot")))?;
        revoked.push(Revocation {
            digest: sealed.digest(),
            name,
            version,
            at: at.to_owned(),
            reason: Reason::Erasure,
        });
    }
    Ok(revoked)
}

/// Puts packages on the list beside the project's packages, and removes their files.
fn revoke(project: &Project<'_>, revoked: &[Revocation]) -> Result<()> {
    let package = project.package_path();
    if !revoked.is_empty() {
        let mut list = Revocations::beside(&package)?;
        for revocation in revoked {
            list.add(revocation.clone());
        }
        list.write(&package)?;
    }
    for revocation in revoked {
        let path =
            package.with_file_name(format!("{}-{}.ingot", revocation.name, revocation.version));
        // One that was made anew since lies under the same name, its reports beside it.
        if path.exists()
            && Package::read(&path).is_ok_and(|found| found.digest() != revocation.digest)
        {
            continue;
        }
        let reports =
            package.with_file_name(format!("{}-{}-reports", revocation.name, revocation.version));
        for made in [path, reports].iter().filter(|made| made.exists()) {
            remove(made)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let done =
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    done.map_err(|error| Fault::new(&fault::FILE_WRITE).arg("path", path.display()).because(error))
}

/// Writes the record and its signature.
fn sign(project: &Project<'_>, mut erased: Erased) -> Result<Erased> {
    let text = serde_json::to_vec_pretty(&erased)
        .map_err(|error| fault::internal("an erasure without a JSON form").because(error))?;
    let stamp: String = erased.at.chars().filter(char::is_ascii_alphanumeric).collect();
    let short: String = Digest::of(&text).hex().chars().take(8).collect();
    let path = project.root.join(FOLDER).join(format!("{stamp}-{short}.json"));
    atomic::write(&path, &text)?;
    atomic::write(&path.with_extension("json.sig"), &project.keyring.sign(&text)?)?;
    erased.record = path;
    Ok(erased)
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| fault::internal("an erasure without a JSON form").because(error))
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let of = |text: &str| spellings(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("5.50"), ["5.5"]);
        assert_eq!(of(" 5.0"), ["5"]);
        assert_eq!(of("007"), ["7"]);
        assert_eq!(of("1e3"), ["1000"]);
        assert_eq!(of("CUST-1"), [""; 0]);
        // A floating point number cannot tell this person from the next.
        assert_eq!(of("110101199003070011"), ["110101199003070011"]);
    }
}
