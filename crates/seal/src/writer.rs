//! Making a package: everything is encrypted, described and signed in memory, then written once.

use crate::bom::Bom;
use crate::keyring::Keyring;
use crate::manifest::{FORMAT, Licence, Manifest, Payload};
use crate::messages::{EMPTY, NAME, TITLE, TOO_LARGE, TOO_MANY_FILES};
use crate::statement::Statement;
use crate::{age_file, archive, bundle, card, cyclonedx, instant, names};
use age::x25519;
use ingot_base::atomic::AtomicFile;
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Result, Secret, Signature, Task, crash, fault};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Longest name of a payload or report: what a tar header leaves beside the folder and `.age`.
const LONGEST_NAME: usize = 80;
const LONGEST_TITLE: usize = 100;

/// What goes into a package.
#[derive(Debug)]
pub struct SealJob<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The model's version.
    pub version: &'a str,
    /// The kind of question.
    pub task: Task,
    /// What the model takes and what it answers.
    pub signature: &'a Signature,
    /// When: RFC 3339.
    pub created: String,
    /// Name and content of the parts to encrypt; the first is the model itself.
    pub payloads: Vec<(String, Secret<Vec<u8>>)>,
    /// Name below `card/` and content of reports; the model cards are added.
    pub card: Vec<(String, Vec<u8>)>,
    /// The chain of stage records.
    pub lineage: serde_json::Value,
    /// The measured facts.
    pub bom: Bom,
    /// Recipients (`age1…`) beside the keyring's own, which always can open what it made.
    pub recipients: Vec<String>,
    /// Until when the model may be used: RFC 3339, or a day `YYYY-MM-DD` to its end in UTC.
    pub licence_expires: Option<String>,
    /// The package file; an older one is replaced at once or not at all.
    pub output: &'a Path,
}

/// A package that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the file. It differs at each sealing, as age draws new keys.
    pub digest: Digest,
}

/// Encrypts, describes, signs and writes a package.
///
/// # Errors
/// When a name, time, recipient or figure of the job is unusable, or the file cannot be written; nothing half written
/// remains.
pub fn seal(job: &SealJob<'_>, keyring: &Keyring) -> Result<Sealed> {
    let recipients = recipients(job, keyring)?;
    let manifest = manifest(job, recipients.len())?;
    let mut files = documents(job, &manifest)?;
    for (name, content) in &job.payloads {
        let sealed = age_file::encrypt(content.expose(), &recipients)?;
        insert(&mut files, names::payload(name), sealed)?;
    }
    let digests = files.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect();
    let statement = Statement::new(job.name, &digests).to_json()?;
    let signature = bundle::sign(&statement, keyring.signing(), keyring.public_key())?;
    insert(&mut files, names::SIGNATURE.to_owned(), signature)?;
    crash::point("seal-mid");
    write(&files, job.output)
}

/// The keyring's own recipient first, each once.
fn recipients(job: &SealJob<'_>, keyring: &Keyring) -> Result<Vec<x25519::Recipient>> {
    let own = age_file::recipients(&[keyring.recipient().to_owned()])?;
    let mut all: Vec<x25519::Recipient> = Vec::new();
    for recipient in own.into_iter().chain(age_file::recipients(&job.recipients)?) {
        if all.iter().all(|known| known.to_string() != recipient.to_string()) {
            all.push(recipient);
        }
    }
    Ok(all)
}

fn manifest(job: &SealJob<'_>, recipients: usize) -> Result<Manifest> {
    for title in [job.name, job.version] {
        let length = title.chars().count();
        if !(1..=LONGEST_TITLE).contains(&length)
            || title.chars().any(|c| c.is_control() || c == '/')
        {
            return Err(Fault::new(&TITLE).arg("what", names::shown(title.as_bytes())));
        }
    }
    if job.payloads.is_empty() {
        return Err(Fault::new(&EMPTY));
    }
    let expires = job.licence_expires.as_deref().map(instant::canonical).transpose();
    let licence = expires.map_err(|fault| fault.at("seal.licence_expires"))?;
    let mut engines: BTreeMap<String, String> = job
        .bom
        .engines
        .iter()
        .map(|engine| (engine.name.clone(), engine.version.clone()))
        .collect();
    engines.insert("ingot".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let payloads = job.payloads.iter().map(|(name, content)| Payload {
        name: name.clone(),
        size: u64::try_from(content.expose().len()).unwrap_or(u64::MAX),
        digest: Digest::of(content.expose()),
    });
    Ok(Manifest {
        format: FORMAT,
        name: job.name.to_owned(),
        version: job.version.to_owned(),
        task: job.task,
        created: instant::canonical(&job.created)?,
        licence: licence.map(|expires| Licence { expires }),
        recipients,
        engines,
        payloads: payloads.collect(),
        signature: job.signature.clone(),
    })
}

/// Everything that stays readable.
fn documents(job: &SealJob<'_>, manifest: &Manifest) -> Result<BTreeMap<String, Vec<u8>>> {
    job.bom.check()?;
    let mut files = BTreeMap::new();
    insert(&mut files, names::MANIFEST.to_owned(), manifest.to_json()?)?;
    insert(&mut files, names::BOM.to_owned(), cyclonedx::document(manifest, &job.bom)?)?;
    let mut lineage = serde_json::to_vec_pretty(&job.lineage)
        .map_err(|error| fault::internal("lineage without a JSON form").because(error))?;
    lineage.push(b'\n');
    insert(&mut files, names::LINEAGE.to_owned(), lineage)?;
    let (en, zh) = card::model_card(manifest, &job.bom);
    for (name, text) in [(names::CARD_EN, en), (names::CARD_ZH, zh)] {
        insert(&mut files, format!("{}{name}", names::CARD), text.into_bytes())?;
    }
    for (name, content) in &job.card {
        insert(&mut files, format!("{}{name}", names::CARD), content.clone())?;
    }
    Ok(files)
}

fn insert(files: &mut BTreeMap<String, Vec<u8>>, path: String, bytes: Vec<u8>) -> Result<()> {
    let folder = if path.starts_with(names::PAYLOAD) { names::PAYLOAD } else { names::CARD };
    let name = path.strip_prefix(folder).unwrap_or(&path);
    let name = name.strip_suffix(names::SEALED).unwrap_or(name);
    let nested = folder == names::PAYLOAD && name.contains('/');
    if name.len() > LONGEST_NAME || nested || !names::is_safe(&path) || files.contains_key(&path) {
        return Err(Fault::new(&NAME).arg("name", names::shown(path.as_bytes())));
    }
    if files.len() >= names::MOST {
        return Err(Fault::new(&TOO_MANY_FILES).arg("limit", names::MOST));
    }
    let (size, limit) = (u64::try_from(bytes.len()).unwrap_or(u64::MAX), names::limit(&path));
    if size > limit {
        return Err(Fault::new(&TOO_LARGE)
            .arg("name", names::shown(path.as_bytes()))
            .arg("size", size)
            .arg("limit", limit));
    }
    files.insert(path, bytes);
    Ok(())
}

fn write(files: &BTreeMap<String, Vec<u8>>, output: &Path) -> Result<Sealed> {
    let mut target = Hashing { file: AtomicFile::create(output)?, hasher: Hasher::default() };
    let put = |target: &mut Hashing| -> io::Result<()> {
        for (path, bytes) in files {
            archive::write_member(target, path, bytes)?;
            crash::point("seal-write");
        }
        archive::write_end(target)
    };
    put(&mut target).map_err(|error| {
        Fault::new(&fault::FILE_WRITE).arg("path", output.display()).because(error)
    })?;
    crash::point("seal-publish");
    target.file.commit()?;
    Ok(Sealed { path: output.to_owned(), digest: target.hasher.finish() })
}

struct Hashing {
    file: AtomicFile,
    hasher: Hasher,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
