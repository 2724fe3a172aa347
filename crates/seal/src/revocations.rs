//! `revoked.json`: packages that must not be used any more, in the folder where packages lie.
//!
//! The list holds digests, so it says nothing about whoever was erased. Who may write to the folder may also take the list away:
//! it stops a package from being used by mistake, and is as strong as the folder's permissions.

use crate::messages::{REVOCATIONS, REVOKED};
use crate::package::Package;
use ingot_base::{Digest, Fault, Result, atomic};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file's name.
pub const REVOKED_FILE: &str = "revoked.json";
/// Bytes that a list may have: some ten thousand entries.
const LIMIT: u64 = 4 << 20;
const FORMAT: u32 = 1;

/// Why a package was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// A person's data in it had to be erased.
    Erasure,
    /// Its maker took it back.
    Withdrawn,
}

/// One revoked package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// [`Package::digest`].
    pub digest: Digest,
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    revoked: Vec<Revocation>,
}

/// Revoked packages.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Vec<Revocation>);

impl Revocations {
    /// The code of the fault that a list could not be read.
    pub const UNREAD: &'static str = REVOCATIONS.code;

    /// The list of the folder that `package` lies in; empty when there is none.
    ///
    /// # Errors
    /// When there is a list that cannot be read: nobody can tell then what is revoked.
    pub fn beside(package: &Path) -> Result<Self> {
        let mut all = Self::default();
        // The folder of a link that leads to the package may have a list of its own.
        for path in Self::paths(package) {
            for revocation in Self::read(&path)?.0 {
                all.add(revocation);
            }
        }
        Ok(all)
    }

    fn read(path: &Path) -> Result<Self> {
        if path.symlink_metadata().is_err() {
            return Ok(Self::default());
        }
        let wrong = || Fault::new(&REVOCATIONS).arg("path", path.display());
        let bytes = atomic::read(path, LIMIT).map_err(|fault| wrong().because(fault))?;
        let file: File = serde_json::from_slice(&bytes).map_err(|error| wrong().because(error))?;
        if file.format != FORMAT {
            return Err(wrong());
        }
        Ok(Self(file.revoked))
    }

    /// Every place of a list that [`beside`](Self::beside) reads.
    pub fn paths(package: &Path) -> [PathBuf; 2] {
        [Self::path(package), package.with_file_name(REVOKED_FILE)]
    }

    /// Where the list of the folder that `package` lies in is: the folder of the package itself, whatever name or link leads to it.
    pub fn path(package: &Path) -> PathBuf {
        let resolved = package.canonicalize();
        resolved.as_deref().unwrap_or(package).with_file_name(REVOKED_FILE)
    }

    /// The list's entries.
    pub fn entries(&self) -> &[Revocation] {
        &self.0
    }

    /// Adds a package, once.
    pub fn add(&mut self, revocation: Revocation) {
        if !self.0.iter().any(|known| known.digest == revocation.digest) {
            self.0.push(revocation);
        }
    }

    /// Writes the list beside `package`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, package: &Path) -> Result<()> {
        let file = File { format: FORMAT, revoked: self.0.clone() };
        let text = serde_json::to_vec_pretty(&file).map_err(|error| {
            ingot_base::fault::internal("revocations without a JSON form").because(error)
        })?;
        atomic::write(&Self::path(package), &text)
    }

    /// Refuses a package that is on the list.
    pub(crate) fn check(&self, package: &Package) -> Result<()> {
        let manifest = package.manifest();
        self.refuse(package.digest(), &manifest.name, &manifest.version)
    }

    /// Refuses the package of this digest, name and version if its digest is on the list.
    ///
    /// # Errors
    /// When it is.
    pub fn refuse(&self, digest: Digest, name: &str, version: &str) -> Result<()> {
        match self.0.iter().find(|revoked| revoked.digest == digest) {
            None => Ok(()),
            Some(revoked) => Err(Fault::new(&REVOKED)
                .arg("name", crate::names::shown(name.as_bytes()))
                .arg("version", version)
                .arg("at", crate::names::shown(revoked.at.as_bytes()))),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_no_file_or_cannot_be_read_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("a-1.0.0.ingot");
        let list = folder.path().join(REVOKED_FILE);
        let code = || Revocations::beside(&package).map(drop).map_err(|fault| fault.code());
        assert_eq!(code(), Ok(()), "no list, nothing revoked");
        let made = std::process::Command::new("mkfifo").arg(&list).status().unwrap();
        assert!(made.success());
        assert_eq!(code(), Err("seal-revocations"));
        for target in ["/dev/zero", "/nowhere"] {
            std::fs::remove_file(&list).unwrap();
            std::os::unix::fs::symlink(target, &list).unwrap();
            assert_eq!(code(), Err("seal-revocations"), "{target}");
        }
        std::fs::remove_file(&list).unwrap();
        atomic::write(&list, b"{\"format\":1,").unwrap();
        assert_eq!(code(), Err("seal-revocations"));
    }
}
