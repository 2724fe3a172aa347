//! Erasing a person: from the tables, from everything made of them, and from the next runs.
//!
//! A list keeps a keyed hash of each erased value, never the value. Every cleaning reads it and leaves those rows out before
//! anything else, so that a person does not come back with the next export of a source ([`list`]). What other persons' texts say of the
//! person is looked for, told and recorded ([`left`]). What the person's columns said is remembered as keyed hashes too: no token or pseudonym
//! that leads to it is gone back from any more ([`values`]).
//!
//! An erasure begins with a note of what it will remove and revoke, without personal data, on disk before anything is touched. Whatever is
//! interrupted afterwards is taken up by the next erasure or run, under the same lock, and ends with the record that the
//! first would have signed: no evidence is lost.

mod elsewhere;
mod left;
mod list;
mod traced;
mod values;

pub(crate) use list::{Erasures, FOLDER, is_text, listed, texts};

use crate::convert;
use crate::messages::{
    ERASE_COLUMN, ERASE_COLUMN_UNKNOWN, ERASE_DROPPED, ERASE_LEFT, ERASE_NOBODY, ERASE_SHOWN,
    ERASE_UNSEARCHED, ERASE_UNTRACED,
};
use crate::project::Project;
use crate::run::{Chain, work_through};
use crate::stages::clean;
use crate::store::{Record, Stage};
use arrow::array::{Array, BooleanArray, RecordBatch, StringArray, UInt64Array};
use ingot_base::{Digest, Fault, Personal, Result, atomic, crash, fault};
use ingot_recipe::Recipe;
use ingot_seal::{Package, Reason, Revocation, Revocations};
use left::Person;
use list::{Entry, PENDING};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use traced::Packaged;

/// Rows that a message names one by one at most, of each source.
const NAMED: usize = 20;

/// Whom to erase.
#[derive(Debug)]
pub struct Subject {
    /// The column that names persons, as the source table calls it; the recipe's `split.group` when `None`.
    pub column: Option<String>,
    /// The person's value there, however it is written ([`ingot_base::told_apart`]).
    pub value: Personal<String>,
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
    pub rows: Rows,
    /// Stage outputs that were removed: stage and key.
    pub removed: Vec<(Stage, Digest)>,
    /// Packages that were revoked.
    pub revoked: Vec<Revocation>,
    /// Stage outputs made anew: stage and content.
    pub rebuilt: Vec<(Stage, Digest)>,
    /// Rows of other persons in each source whose texts have the person's value, or another value that the recipe protects and that a
    /// row of the person has, or in which another protected column says who the person is.
    pub left: Rows,
    /// Those of them in which a protected table still has it, in clear or as a token or pseudonym that the keys lead back from; `None` when
    /// an interruption lost the values that were looked for.
    pub shown: Option<Rows>,
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
    left: Rows,
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
        list::genuine(project, &path).map(Some)
    }

    /// Writes the note, signed: nobody else makes an erasure begin.
    fn keep(&self, project: &Project<'_>) -> Result<()> {
        let (path, text) = (Self::path(project), json(self)?);
        atomic::write(&path.with_extension("json.sig"), &project.keyring.sign(text.as_bytes())?)?;
        atomic::write_private(&path, text.as_bytes())
    }

    /// Up to which stage it has to be rebuilt; `None` when nothing was made of the person.
    pub(crate) fn last(&self) -> Option<Stage> {
        // Of a revoked package all else may be gone.
        let sealed = self.revoked.first().map(|_| Stage::Seal);
        self.removed.iter().map(|(stage, _)| *stage).max().max(sealed)
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
    let begun = resume(project)?;
    let listed = Erasures::load(project)?;
    let mut person = Person::new(project, &entry, &subject.value, &listed);
    if let Some(pending) = begun {
        let same = pending.entry.is(&entry);
        // What the tables said is gone; the sources may still say it.
        let again = same && person.learn_at_origin(project).is_ok();
        if again && person.forget_shared(project).is_err() {
            person.only_strong();
        }
        let erased = rebuild(project, &pending, again.then_some(&person))?;
        if same {
            return Ok(erased);
        }
    }
    let pending = begin(project, entry, &listed, &mut person)?;
    pending.keep(project)?;
    crash::point("erase-begun");
    carry_out(project, &listed, &pending)?;
    rebuild(project, &pending, Some(&person))
}

/// Finds the person and all that was made of the person's rows, or may have been.
///
/// # Errors
/// When nobody has this value, or neither a table nor a source can be asked.
fn begin(
    project: &Project<'_>,
    mut entry: Entry,
    listed: &Erasures,
    person: &mut Person,
) -> Result<Pending> {
    let all = project.store.all()?;
    let held = holding(project, &entry, &all, person)?;
    // What nobody can look into any more may hold the person.
    let untraced = traced::untraced(&all, &held.looked);
    let packages = traced::packages(project, &entry.at)?;
    let traced = |made: &Packaged| made.clean.is_some_and(|key| held.looked.contains(&key));
    let unknown = !untraced.is_empty() || !packages.iter().all(traced);
    let nowhere = held.rows.is_empty() && !listed.has(&entry);
    // Cleaning may have left out rows of a person of whom it kept others.
    let origin = person.learn_at_origin(project);
    let reached = origin.is_ok();
    let rows = match origin {
        Ok(origin) => together(held.rows.clone(), origin),
        Err(fault) if nowhere && !unknown => return Err(fault),
        // A source that is gone must not keep a person in what was made of it.
        Err(fault) => {
            project.reporter.warn(&fault);
            held.rows.clone()
        }
    };
    if nowhere && reached && rows.is_empty() {
        return Err(Fault::new(&ERASE_NOBODY).arg("column", entry.column));
    }
    if nowhere && !unknown && !held.looked.is_empty() {
        project.reporter.warn(&Fault::new(&ERASE_DROPPED).arg("column", &entry.column));
    }
    let whole: Vec<Found> = all.iter().filter(|found| is_whole(found)).cloned().collect();
    let left = if reached {
        person.left_at_origin(project)?
    } else {
        // Whether others have what is only dropped, a table that cleaning made does not tell.
        person.only_strong();
        person.left_in_tables(project, &whole)?
    };
    let mut tables = held.tables.clone();
    tables.extend(person.outdated(project, listed, &whole, &listed.recorded(&entry))?);
    let known = affected(&all, tables.clone()).len();
    tables.extend(untraced);
    let affected = affected(&all, tables);
    let (revoked, others) = to_revoke(&affected, &held.looked, packages, &entry.at)?;
    if affected.len() > known || others > 0 {
        let told = Fault::new(&ERASE_UNTRACED).arg("outputs", affected.len().saturating_sub(known));
        project.reporter.warn(&told.arg("packages", others));
    }
    let removed = affected
        .iter()
        .filter_map(|(_, record)| record.as_ref())
        .map(|record| (record.inputs.stage, record.key))
        .collect();
    entry.values = person.values(project)?;
    let fakes = values::pseudonyms(project, &all, &entry.values)?;
    entry.values.extend(fakes);
    Ok(Pending { entry, rows, removed, revoked, left })
}

/// Takes up an erasure that was interrupted: nothing of the person is left afterwards. [`finish`] then ends it. The caller holds
/// the store's lock.
pub(crate) fn resume(project: &Project<'_>) -> Result<Option<Pending>> {
    let pending = Pending::load(project)?;
    if let Some(pending) = &pending {
        carry_out(project, &Erasures::load(project)?, pending)?;
    }
    Ok(pending)
}

/// Warns of erasures that nobody could prove any more; `ending` is the one that has no record yet.
pub(crate) fn tell_lost(project: &Project<'_>, erasures: &Erasures, ending: Option<&Pending>) {
    erasures.tell_lost(project, ending.map(|pending| &pending.entry));
}

/// Lists the person, revokes and removes. Everything may have happened before.
fn carry_out(project: &Project<'_>, listed: &Erasures, pending: &Pending) -> Result<()> {
    listed.add(project, &pending.entry)?;
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

fn rebuild(project: &Project<'_>, pending: &Pending, person: Option<&Person>) -> Result<Erased> {
    let chain = match pending.last() {
        Some(stage) => work_through(project, stage, &Erasures::load(project)?)?,
        None => Chain::new(),
    };
    conclude(project, pending, &chain, person)
}

/// Signs the record of an erasure that was carried out and rebuilt.
pub(crate) fn finish(project: &Project<'_>, pending: &Pending, chain: &Chain) -> Result<Erased> {
    conclude(project, pending, chain, None)
}

/// Tells what is left of the person, and signs the record; `person` is whom to look for once more in what was rebuilt.
fn conclude(
    project: &Project<'_>,
    pending: &Pending,
    chain: &Chain,
    person: Option<&Person>,
) -> Result<Erased> {
    let Pending { entry, rows, removed, revoked, left } = pending.clone();
    let mut rebuilt = Vec::new();
    // Also what was made anew before an interruption.
    for (stage, done) in chain {
        if pending.last() >= Some(*stage) && (done.fresh || done.record.finished >= entry.at) {
            rebuilt.push((*stage, done.record.digest_of_outputs()?));
        }
    }
    let shown = person.map(|person| person.shown(project, &left)).transpose()?;
    let warn = |message, rows: &Rows| {
        if !rows.is_empty() {
            let count: usize = rows.values().map(Vec::len).sum();
            project
                .reporter
                .warn(&Fault::new(message).arg("count", count).arg("rows", named(rows)));
        }
    };
    warn(&ERASE_LEFT, &left);
    warn(&ERASE_SHOWN, shown.as_ref().unwrap_or(&left));
    if person.is_some_and(Person::is_too_short) {
        project.reporter.warn(&Fault::new(&ERASE_UNSEARCHED));
    }
    let Entry { column, subject, at, .. } = entry;
    let record = PathBuf::new();
    let erased =
        Erased { at, column, subject, rows, removed, revoked, rebuilt, left, shown, record };
    let erased = sign(project, erased)?;
    let path = Pending::path(project);
    remove(&path)?;
    remove(&path.with_extension("json.sig"))?;
    Ok(erased)
}

/// Row numbers for a person to read: the first of each source.
fn named(rows: &Rows) -> String {
    let of = |(source, rows): (&String, &Vec<u64>)| {
        let list: Vec<String> = rows.iter().take(NAMED).map(u64::to_string).collect();
        let more = if rows.len() > NAMED { ", …" } else { "" };
        format!("{source}: {}{more}", list.join(", "))
    };
    rows.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The column that names persons, as the cleaned table calls it.
fn column(project: &Project<'_>, subject: &Subject) -> Result<String> {
    if let Some(column) = &subject.column {
        return Ok(column.clone());
    }
    named_by_group(project.recipe()).ok_or_else(|| Fault::new(&ERASE_COLUMN)).map(str::to_owned)
}

/// What the column of `split.group` is called before protection.
pub(crate) fn named_by_group(recipe: &Recipe) -> Option<&str> {
    recipe.split.group.as_deref().map(|group| recipe.protect.before(group))
}

type Found = (PathBuf, Option<Record>);

/// Row numbers by source.
type Rows = BTreeMap<String, Vec<u64>>;

/// What the cleaned tables say of a person.
struct Held {
    /// The person's rows by source.
    rows: Rows,
    /// The tables that hold any.
    tables: BTreeSet<PathBuf>,
    /// The keys of those that were looked into.
    looked: BTreeSet<Digest>,
}

/// Looks for the person in every cleaned table.
fn holding(
    project: &Project<'_>,
    entry: &Entry,
    all: &[Found],
    person: &mut Person,
) -> Result<Held> {
    let keys = convert::encryption(project);
    let mut rows: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let (mut tables, mut looked) = (BTreeSet::new(), BTreeSet::new());
    let mut known = BTreeSet::new();
    for found in all {
        let (folder, Some(record)) = found else { continue };
        if record.inputs.stage != Stage::Clean || !is_whole(found) {
            continue;
        }
        let table = folder.join(clean::TABLE);
        let schema = ingot_data::schema(&table, Some(&keys))?;
        let columns: BTreeSet<String> =
            schema.fields().iter().map(|field| field.name().clone()).collect();
        if !columns.contains(&entry.column) {
            known.extend(columns);
            continue;
        }
        looked.insert(record.key);
        for batch in ingot_data::read_columns(&table, Some(&keys), &person.wanted(&columns))? {
            let stays = person.learn(project, &batch)?;
            for (source, row) in places(&batch, &stays)? {
                rows.entry(source).or_default().insert(row);
                tables.insert(folder.clone());
            }
        }
    }
    if looked.is_empty() && !known.is_empty() {
        known.retain(|name| !name.starts_with('_'));
        return Err(Fault::new(&ERASE_COLUMN_UNKNOWN)
            .arg("column", &entry.column)
            .arg("known", known.into_iter().collect::<Vec<_>>().join(", ")));
    }
    Ok(Held { rows: numbered(rows), tables, looked })
}

/// Whether a finished cleaning still has its table.
fn is_whole((folder, record): &Found) -> bool {
    let clean = record.as_ref().is_some_and(|record| record.inputs.stage == Stage::Clean);
    !clean || folder.join(clean::TABLE).exists()
}

/// Row numbers as a record has them.
fn numbered(found: BTreeMap<String, BTreeSet<u64>>) -> Rows {
    found.into_iter().map(|(source, rows)| (source, rows.into_iter().collect())).collect()
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

/// The packages that were made of the person, or may have been; and how many of them no sealing here remembers. `looked` are the cleaned
/// tables that were looked into, `packages` what lies where packages are served from.
fn to_revoke(
    affected: &[Found],
    looked: &BTreeSet<Digest>,
    packages: Vec<Packaged>,
    at: &str,
) -> Result<(Vec<Revocation>, usize)> {
    let mut revoked = Vec::new();
    let mut harmed: BTreeSet<Digest> = BTreeSet::new();
    for (folder, record) in affected {
        let Some(record) = record else { continue };
        harmed.insert(record.key);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let (name, version) =
            (text(&record.inputs.config["name"]), text(&record.inputs.config["version"]));
        let path = folder.join(format!("{name}-{version}.ingot"));
        // One that was removed by hand may still be among the others.
        if record.inputs.stage != Stage::Seal || !path.exists() {
            continue;
        }
        let digest = Package::read(&path)?.digest();
        let reason = Reason::Erasure;
        revoked.push(Revocation { digest, name, version, at: at.to_owned(), reason });
    }
    let sealed = revoked.len();
    for Packaged { clean, revocation } in packages {
        let unharmed = clean.is_some_and(|key| looked.contains(&key) && !harmed.contains(&key));
        if !unharmed && !revoked.iter().any(|one| one.digest == revocation.digest) {
            revoked.push(revocation);
        }
    }
    let others = revoked.len() - sealed;
    Ok((revoked, others))
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
    // The signature first: a record without one is refused.
    atomic::write(&path.with_extension("json.sig"), &project.keyring.sign(&text)?)?;
    atomic::write(&path, &text)?;
    erased.record = path;
    Ok(erased)
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| fault::internal("an erasure without a JSON form").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_dropped_tells_nobody_while_a_source_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{ name = \"id\", action = \"hash\" }, { name = \"city\", action = \"drop\" }]\n";
        let project = crate::project::project(folder.path(), text);
        let source = folder.path().join("a.csv");
        let rows = "id,city,note,y\nCUST-0001,Berlin,first,1\nCUST-0002,Hamburg,moved to Berlin,0\n\
             CUST-0003,Hamburg,guarantor CUST-0001,1\nCUST-0004,Berlin,none,0\n";
        atomic::write(&source, rows.as_bytes()).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        std::fs::remove_file(&source).unwrap();
        let value = || Personal::new("cust-0001".to_owned());
        let subject = Subject { column: Some("id".to_owned()), value: value() };
        erase(&project, &subject).unwrap_err();
        let left = Rows::from([("a".to_owned(), vec![3])]);
        let pending = Pending::load(&project).unwrap().unwrap();
        assert_eq!(pending.left, left, "Berlin is many persons' city");

        // The source is back: the same is told, and what two have is looked for no more than before.
        atomic::write(&source, rows.as_bytes()).unwrap();
        let erased = erase(&project, &subject).unwrap();
        assert_eq!((erased.left, erased.shown), (left, Some(Rows::new())));
        let listed = Erasures::load(&project).unwrap();
        let entry = Entry::new(&project, "id".to_owned(), &value()).unwrap();
        let mut person = Person::new(&project, &entry, &value(), &listed);
        person.learn_at_origin(&project).unwrap();
        assert!(person.has_weak());
        person.forget_shared(&project).unwrap();
        assert!(!person.has_weak());
    }

    #[test]
    fn whom_others_columns_name_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{ name = \"cid\", action = \"hash\" },\n\
             { name = \"name\", action = \"pseudonymize\", type = \"person\" },\n\
             { name = \"guarantor\", action = \"pseudonymize\", type = \"person\" },\n\
             { name = \"guarantor_id\", action = \"hash\" }, { name = \"phone\", action = \"hash\" },\n\
             { name = \"town\", action = \"hash\" }]\n";
        let project = crate::project::project(folder.path(), text);
        let mut rows = vec!["cid,name,guarantor,guarantor_id,phone,town,y".to_owned()];
        let families =
            ["袁晓琪", "李思远", "王芳芳", "赵子龙", "孙尚香", "周公瑾", "吴道子", "郑成功"];
        for row in 0..24 {
            let name =
                families.get(row).map_or_else(|| format!("客户{row:03}"), |one| (*one).to_owned());
            let (guarantor, by) = match row {
                // Row 5 to 8 are guaranteed by the one who is erased; by name, or by number in another case.
                4..=6 => ("李思远", ""),
                7 => ("", "c1001 "),
                // The erased one is guaranteed by 王芳芳.
                1 => ("王芳芳", ""),
                _ => ("", ""),
            };
            // A namesake, and the same telephone under another number.
            let name = if row == 10 { "李思远".to_owned() } else { name };
            let phone = if row == 11 { 13_800_000_001_u64 } else { 13_800_000_000 + row as u64 };
            let town = if row % 2 == 0 { "Hamburg" } else { "Bremen" };
            rows.push(format!(
                "C{},{name},{guarantor},{by},{phone},{town},{}",
                1000 + row,
                row % 2
            ));
        }
        atomic::write(&folder.path().join("a.csv"), rows.join("\n").as_bytes()).unwrap();
        crate::run(&project, Stage::Protect).unwrap();
        let erase = |who: &str| {
            let value = Personal::new(who.to_owned());
            super::erase(&project, &Subject { column: Some("cid".to_owned()), value }).unwrap()
        };
        let of = |rows: &[u64]| Rows::from([("a".to_owned(), rows.to_vec())]);
        let erased = erase("C1001");
        assert_eq!(erased.rows, of(&[2]));
        assert_eq!(erased.left, of(&[5, 6, 7, 8, 12]));
        assert_eq!(erased.shown, Some(of(&[5, 6, 7])), "a hash is not gone back from");
        // Nobody names 周公瑾, and whose guarantor somebody was is no matter of that person's.
        assert_eq!(erase("C1005").left, Rows::new());
        assert_eq!(erase("C1004").left, Rows::new());
    }

    #[test]
    fn a_long_number_that_is_only_dropped_is_looked_for_where_nobody_else_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{ name = \"id\", action = \"hash\" }, { name = \"acct\", action = \"drop\" },\n\
             { name = \"branch\", action = \"drop\" }, { name = \"age\", action = \"drop\" }]\n";
        let project = crate::project::project(folder.path(), text);
        let rows = "id,acct,branch,age,note,y\n\
             CUST-0001,7015205.0,410022,41234,first,1\n\
             CUST-0002,7015206.0,410022,52,guarantees loan 7015205,0\n\
             CUST-0003,7015207.0,410023,53,see 7015205.0,1\n\
             CUST-0004,7015208.0,410024,54,\"branch 410022, 41234 paid\",0\n";
        atomic::write(&folder.path().join("a.csv"), rows.as_bytes()).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        let value = Personal::new("cust-0001".to_owned());
        let erased = erase(&project, &Subject { column: Some("id".to_owned()), value }).unwrap();
        assert_eq!(erased.rows, Rows::from([("a".to_owned(), vec![1])]));
        // A branch is many persons', and a short number anybody's.
        assert_eq!(erased.left, Rows::from([("a".to_owned(), vec![2, 3])]));
    }
}
