//! Stage records and the folder they live in.
//!
//! A stage is a pure function of its inputs' content digests, its part of the recipe, the seed and the versions of the
//! code that runs it. The digest of those is the stage's *key*; the key names its folder. The record is written last,
//! so a folder without one is work that was interrupted and is done again.

use crate::messages::{BUSY, RECORD_CHANGED, RECORD_DAMAGED};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ingot_base::{Digest, Fault, Result, Secret, Task, Text, atomic, crash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Most bytes a record may have: records hold figures, never data.
const RECORD_LIMIT: u64 = 64 << 20;
/// How deep below a stage's folder unfinished files may lie.
const DEEPEST: usize = 3;
/// Most bytes of a record's authentication code.
const CODE_LIMIT: u64 = 256;

/// The stages, in the order that data takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Sources to one clean table.
    Clean,
    /// Column actions on personal data.
    Protect,
    /// Train, validation and test.
    Split,
    /// Pictures through a frozen network; only where there are such.
    Features,
    /// The model and its measurements.
    Train,
    /// A smaller and faster model; only where the recipe asks for it.
    Compress,
    /// What the model does and why.
    Explain,
    /// The signed, encrypted package.
    Seal,
}

impl Stage {
    /// In the order they run.
    pub const ALL: [Self; 8] = [
        Self::Clean,
        Self::Protect,
        Self::Split,
        Self::Features,
        Self::Train,
        Self::Compress,
        Self::Explain,
        Self::Seal,
    ];

    /// Whether a task has this stage.
    pub const fn is_of(self, task: Task) -> bool {
        !matches!(
            (self, task),
            (Self::Features | Self::Compress, Task::Tabular(_))
                | (Self::Features | Self::Explain, Task::Generate)
        )
    }

    /// The name used in folders, records and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Protect => "protect",
            Self::Split => "split",
            Self::Features => "features",
            Self::Train => "train",
            Self::Compress => "compress",
            Self::Explain => "explain",
            Self::Seal => "seal",
        }
    }

    /// The name for a person.
    pub fn title(self) -> Text {
        let zh = match self {
            Self::Clean => "清洗",
            Self::Protect => "隐私保护",
            Self::Split => "划分",
            Self::Features => "特征提取",
            Self::Train => "训练",
            Self::Compress => "压缩",
            Self::Explain => "解释",
            Self::Seal => "封装",
        };
        Text::new(self.as_str(), zh)
    }
}

/// What a stage's result depends on; its canonical JSON's digest is the stage's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The stage.
    pub stage: Stage,
    /// Content digests by name: sources, or the outputs of earlier stages.
    pub content: BTreeMap<String, Digest>,
    /// The recipe's part, defaults filled in.
    pub config: Value,
    /// The recipe's seed.
    pub seed: u64,
    /// Versions of Ingot and of the engines the stage uses.
    pub versions: BTreeMap<String, String>,
}

impl Inputs {
    /// The stage's key.
    ///
    /// # Errors
    /// Never in practice; a value without a JSON form is a defect.
    pub fn key(&self) -> Result<Digest> {
        Digest::of_json(self)
    }
}

/// One output of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Digest of what the file *says*: of the plain rows of an encrypted table, of the bytes of anything else.
    /// Equal inputs give equal content, whereas encryption draws fresh nonces each time.
    pub content: Digest,
    /// File size in bytes.
    pub bytes: u64,
    /// Digest of the bytes; none in records of versions before it was kept, whose stages are done anew.
    #[serde(default)]
    pub file: Option<Digest>,
}

/// What a stage did: one link of the chain of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The stage's key.
    pub key: Digest,
    /// What the key was made from.
    pub inputs: Inputs,
    /// The recipe part's digest.
    pub config: Digest,
    /// File name to content.
    pub outputs: BTreeMap<String, Output>,
    /// Figures: counts, metrics, evidence.
    pub evidence: Value,
    /// When the stage ended, RFC 3339.
    pub finished: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Record {
    /// One digest over the content of all outputs: equal for equal inputs, whenever and wherever the stage ran.
    ///
    /// # Errors
    /// Never in practice.
    pub fn digest_of_outputs(&self) -> Result<Digest> {
        let contents: BTreeMap<&String, Digest> =
            self.outputs.iter().map(|(name, output)| (name, output.content)).collect();
        Digest::of_json(&contents)
    }
}

/// The folder `.ingot` of a project.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Records are authenticated with it: figures that were changed by hand must not be signed.
    key: Secret<Vec<u8>>,
}

impl Store {
    /// The store below `root`; made when the first stage writes.
    pub fn new(root: impl Into<PathBuf>, key: Secret<Vec<u8>>) -> Self {
        Self { root: root.into(), key }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the stage with this key keeps its outputs.
    pub fn folder(&self, stage: Stage, key: &Digest) -> PathBuf {
        let name: String = key.hex().chars().take(20).collect();
        self.root.join(stage.as_str()).join(name)
    }

    /// The record of a finished stage whose outputs are still all there, else `None`.
    ///
    /// # Errors
    /// When a record exists but cannot be understood.
    pub fn find(&self, stage: Stage, key: &Digest) -> Result<Option<Record>> {
        let folder = self.folder(stage, key);
        let path = folder.join("record.json");
        if !path.exists() {
            return Ok(None);
        }
        let (record, bytes) = read(&path)?;
        if !self.authentic(&path, &bytes)? {
            return Ok(None);
        }
        let whole = record.key == *key
            && record.outputs.iter().all(|(name, output)| {
                output.file.is_some()
                    && fs::metadata(folder.join(name)).is_ok_and(|meta| meta.len() == output.bytes)
            });
        Ok(whole.then_some(record))
    }

    /// Whether the record has a code; versions before it was kept wrote none, and their stages are done anew.
    ///
    /// # Errors
    /// When the code is another's: the record was changed, or written with other keys.
    fn authentic(&self, path: &Path, record: &[u8]) -> Result<bool> {
        let code = path.with_extension("mac");
        if !code.exists() {
            return Ok(false);
        }
        let code = atomic::read(&code, CODE_LIMIT)?;
        let code = hex::decode(code.trim_ascii()).unwrap_or_default();
        // Compared in constant time.
        self.mac()?
            .chain_update(record)
            .verify_slice(&code)
            .map_err(|_| Fault::new(&RECORD_CHANGED).arg("path", path.display()))?;
        Ok(true)
    }

    fn mac(&self) -> Result<Hmac<Sha256>> {
        Hmac::new_from_slice(self.key.expose())
            .map_err(|error| ingot_base::fault::internal("a key of no length").because(error))
    }

    /// The record of this stage that was finished last, whatever its key.
    ///
    /// # Errors
    /// When the folder cannot be listed. Damaged records are passed over: this only explains.
    pub fn latest(&self, stage: Stage) -> Result<Option<Record>> {
        let folder = self.root.join(stage.as_str());
        if !folder.exists() {
            return Ok(None);
        }
        let entries = fs::read_dir(&folder).map_err(|error| {
            Fault::new(&ingot_base::fault::FILE_READ).arg("path", folder.display()).because(error)
        })?;
        let mut records: Vec<Record> = entries
            .filter_map(|entry| {
                atomic::read(&entry.ok()?.path().join("record.json"), RECORD_LIMIT).ok()
            })
            .filter_map(|bytes| serde_json::from_slice(&bytes).ok())
            .collect();
        records.sort_by(|a, b| (&a.finished, a.key).cmp(&(&b.finished, b.key)));
        Ok(records.pop())
    }

    /// Every record of a stage, whatever its key, in the order of their paths. One of a version that wrote no code is among them: it may
    /// remember what others forgot.
    ///
    /// # Errors
    /// When the folder cannot be listed, or a record was changed, written with other keys, or cannot be understood.
    pub(crate) fn records(&self, stage: Stage) -> Result<Vec<(PathBuf, Record)>> {
        let mut found = Vec::new();
        for folder in entries(&self.root.join(stage.as_str()))? {
            let path = folder.join("record.json");
            if path.exists() {
                let (record, bytes) = read(&path)?;
                self.authentic(&path, &bytes)?;
                found.push((path, record));
            }
        }
        Ok(found)
    }

    /// Whether the records here were written with these keys; one that was is proof enough, so one that was changed by hand counts for
    /// nothing beside it. `None` when no record has a code.
    ///
    /// # Errors
    /// When a folder cannot be listed or a record cannot be read.
    pub(crate) fn made_with_these_keys(&self) -> Result<Option<bool>> {
        let mut found = None;
        for stage in Stage::ALL {
            for folder in entries(&self.root.join(stage.as_str()))? {
                let path = folder.join("record.json");
                if !path.exists() || !path.with_extension("mac").exists() {
                    continue;
                }
                if self.authentic(&path, &atomic::read(&path, RECORD_LIMIT)?).is_ok() {
                    return Ok(Some(true));
                }
                found = Some(false);
            }
        }
        Ok(found)
    }

    /// Every finished stage, whatever its key, with its folder.
    ///
    /// # Errors
    /// When a folder cannot be listed, or a record cannot be understood.
    pub(crate) fn all(&self) -> Result<Vec<(PathBuf, Option<Record>)>> {
        let mut found = Vec::new();
        for stage in Stage::ALL {
            for folder in entries(&self.root.join(stage.as_str()))? {
                let path = folder.join("record.json");
                let record = path.exists().then(|| read(&path)).transpose()?;
                found.push((folder, record.map(|(record, _)| record)));
            }
        }
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(found)
    }

    /// Writes the record; from here on the stage counts as done.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, record: &Record) -> Result<()> {
        crash::point(match record.inputs.stage {
            Stage::Clean => "clean-before-record",
            Stage::Protect => "protect-before-record",
            Stage::Split => "split-before-record",
            Stage::Features => "features-before-record",
            Stage::Train => "train-before-record",
            Stage::Compress => "compress-before-record",
            Stage::Explain => "explain-before-record",
            Stage::Seal => "seal-before-record",
        });
        let text = serde_json::to_vec_pretty(record).map_err(|error| {
            ingot_base::fault::internal("record without a JSON form").because(error)
        })?;
        // A record tells figures of private data.
        let path = self.folder(record.inputs.stage, &record.key).join("record.json");
        let code = hex::encode(self.mac()?.chain_update(&text).finalize().into_bytes());
        // A code without a record is work that was interrupted; an old record must not meet the new code.
        if path.exists() {
            fs::remove_file(&path).map_err(|error| {
                Fault::new(&ingot_base::fault::FILE_WRITE)
                    .arg("path", path.display())
                    .because(error)
            })?;
        }
        atomic::write_private(&path.with_extension("mac"), code.as_bytes())?;
        atomic::write_private(&path, &text)
    }

    /// Holds the store for one writer; a second run waits for nobody but is told so.
    ///
    /// # Errors
    /// When another process holds it, or the folder cannot be made.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.root.join("lock");
        let open = || -> std::io::Result<File> {
            fs::create_dir_all(&self.root)?;
            File::options().create(true).truncate(false).write(true).open(&path)
        };
        let file = open().map_err(|error| {
            Fault::new(&ingot_base::fault::FILE_WRITE).arg("path", path.display()).because(error)
        })?;
        file.try_lock()
            .map_err(|error| Fault::new(&BUSY).arg("path", self.root.display()).because(error))?;
        for stage in Stage::ALL {
            atomic::sweep(&self.root.join(stage.as_str()), DEEPEST);
        }
        Ok(Lock { _file: file })
    }
}

/// A record, and its bytes.
fn read(path: &Path) -> Result<(Record, Vec<u8>)> {
    let bytes = atomic::read(path, RECORD_LIMIT)?;
    let record = serde_json::from_slice(&bytes)
        .map_err(|error| Fault::new(&RECORD_DAMAGED).arg("path", path.display()).because(error))?;
    Ok((record, bytes))
}

/// What is in a folder, in the order of names; nothing is in one that is not there.
pub(crate) fn entries(parent: &Path) -> Result<Vec<PathBuf>> {
    if !parent.exists() {
        return Ok(Vec::new());
    }
    let list = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(parent)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut found = list().map_err(|error| {
        Fault::new(&ingot_base::fault::FILE_READ).arg("path", parent.display()).because(error)
    })?;
    found.sort();
    Ok(found)
}

/// The store is free again when this is dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Inputs {
        Inputs {
            stage: Stage::Clean,
            content: BTreeMap::from([("source core".into(), Digest::of(b"a"))]),
            config: serde_json::json!({"keep": ["age > 18"]}),
            seed: 42,
            versions: BTreeMap::new(),
        }
    }

    fn record(inputs: Inputs) -> Record {
        Record {
            key: inputs.key().unwrap(),
            config: Digest::of_json(&inputs.config).unwrap(),
            inputs,
            outputs: BTreeMap::from([(
                "table.parquet".into(),
                Output { content: Digest::of(b"rows"), bytes: 4, file: Some(Digest::of(b"rows")) },
            )]),
            evidence: Value::Null,
            finished: "2026-01-01T00:00:00Z".into(),
            seconds: 1.0,
        }
    }

    #[test]
    fn a_stage_counts_as_done_only_with_its_record_and_its_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), Secret::new(vec![7; 32]));
        let record = record(inputs());
        assert_eq!(store.find(Stage::Clean, &record.key).unwrap(), None);
        store.keep(&record).unwrap();
        assert_eq!(store.find(Stage::Clean, &record.key).unwrap(), None, "output is missing");
        atomic::write(&store.folder(Stage::Clean, &record.key).join("table.parquet"), b"rows")
            .unwrap();
        assert_eq!(store.find(Stage::Clean, &record.key).unwrap(), Some(record.clone()));
        atomic::write(&store.folder(Stage::Clean, &record.key).join("table.parquet"), b"ro")
            .unwrap();
        assert_eq!(store.find(Stage::Clean, &record.key).unwrap(), None, "output was cut short");
    }

    #[test]
    fn a_record_that_was_changed_by_hand_is_refused_and_one_without_a_code_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), Secret::new(vec![7; 32]));
        let record = record(inputs());
        store.keep(&record).unwrap();
        let place = store.folder(Stage::Clean, &record.key);
        atomic::write(&place.join("table.parquet"), b"rows").unwrap();
        let path = place.join("record.json");
        let text = fs::read_to_string(&path).unwrap();
        let changed = text.replace("\"seconds\": 1.0", "\"seconds\": 9.0");
        assert_ne!(changed, text);
        atomic::write(&path, changed.as_bytes()).unwrap();
        let fault = store.find(Stage::Clean, &record.key).unwrap_err();
        assert_eq!(fault.code(), "pipeline-record-changed");
        let other = Store::new(folder.path(), Secret::new(vec![8; 32]));
        atomic::write(&path, text.as_bytes()).unwrap();
        assert!(other.find(Stage::Clean, &record.key).is_err(), "another project's keys");
        assert_eq!(other.records(Stage::Clean).unwrap_err().code(), "pipeline-record-changed");
        assert_eq!(store.records(Stage::Clean).unwrap(), [(path.clone(), record.clone())]);
        assert!(store.records(Stage::Seal).unwrap().is_empty());
        assert!(store.find(Stage::Clean, &record.key).unwrap().is_some());
        fs::remove_file(path.with_extension("mac")).unwrap();
        assert_eq!(store.find(Stage::Clean, &record.key).unwrap(), None);
        // What it remembers still counts.
        assert_eq!(store.records(Stage::Clean).unwrap().len(), 1);
    }

    #[test]
    fn a_record_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), Secret::new(vec![7; 32]));
        let record = record(inputs());
        store.keep(&record).unwrap();
        let path = store.folder(Stage::Clean, &record.key).join("record.json");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn every_part_of_the_inputs_changes_the_key() {
        let key = inputs().key().unwrap();
        let mut other = inputs();
        other.seed = 43;
        assert_ne!(other.key().unwrap(), key);
        let mut other = inputs();
        other.config = serde_json::json!({"keep": ["age > 19"]});
        assert_ne!(other.key().unwrap(), key);
        let mut other = inputs();
        other.content.insert("source core".into(), Digest::of(b"b"));
        assert_ne!(other.key().unwrap(), key);
        let mut other = inputs();
        other.versions.insert("datafusion".into(), "56".into());
        assert_ne!(other.key().unwrap(), key);
    }

    #[test]
    fn unfinished_files_of_the_dead_go_with_the_next_lock() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), Secret::new(vec![7; 32]));
        store.keep(&record(inputs())).unwrap();
        let place = store.folder(Stage::Clean, &record(inputs()).key);
        let left = [place.join(".ingot-abc123.partial"), place.join("deep/.ingot-x.partial")];
        for path in left.iter().chain([&place.join("table.parquet")]) {
            atomic::write(path, b"").unwrap();
        }
        let _held = store.lock().unwrap();
        assert!(left.iter().all(|path| !path.exists()));
        assert!(place.join("table.parquet").exists() && place.join("record.json").exists());
    }

    #[test]
    fn only_one_writer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), Secret::new(vec![7; 32]));
        let held = store.lock().unwrap();
        assert_eq!(store.lock().unwrap_err().code(), "pipeline-busy");
        drop(held);
        store.lock().unwrap();
    }
}
