//! The files of a package in memory: from an archive or from an unpacked folder.

use crate::messages::{FILE_ADDED, LINK, NOT_PACKAGE, OVERSIZED, TOO_MANY};
use crate::names;
use ingot_base::{Fault, Result, atomic, fault};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Files by path, in byte order of the paths. The bytes stand once in memory.
#[derive(Debug, Default)]
pub(crate) struct Members {
    data: Vec<u8>,
    index: BTreeMap<String, Range<usize>>,
}

impl Members {
    /// Takes the bytes and where in them each file stands.
    pub(crate) fn new(data: Vec<u8>, index: BTreeMap<String, Range<usize>>) -> Self {
        Self { data, index }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&[u8]> {
        self.data.get(self.index.get(path)?.clone())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.index
            .iter()
            .map(|(path, range)| (path.as_str(), self.data.get(range.clone()).unwrap_or_default()))
    }

    /// Reads a folder. Links and names that no package has are refused.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self> {
        let mut members = Self::default();
        members.add_folder(folder, "")?;
        Ok(members)
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let unreadable = |error: io::Error| {
            Fault::new(&fault::FILE_READ).arg("path", folder.display()).because(error)
        };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            entries.push(entry.map_err(unreadable)?);
        }
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let path = format!("{prefix}{}", name.to_string_lossy());
            let shown = names::shown(path.as_bytes());
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_symlink() {
                return Err(Fault::new(&LINK).arg("name", shown));
            }
            if name.to_str().is_none() || !names::is_safe(&path) {
                return Err(Fault::new(&FILE_ADDED).arg("name", shown));
            }
            if kind.is_dir() {
                self.add_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                self.add_file(&entry.path(), path)?;
            } else {
                return Err(Fault::new(&FILE_ADDED).arg("name", shown));
            }
        }
        Ok(())
    }

    fn add_file(&mut self, file: &Path, path: String) -> Result<()> {
        if self.index.len() >= names::MOST {
            return Err(Fault::new(&TOO_MANY).arg("limit", names::MOST));
        }
        let limit = names::limit(&path);
        let size = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        let total = u64::try_from(self.data.len()).unwrap_or(u64::MAX).saturating_add(size);
        if size > limit || total > names::LARGEST {
            return Err(Fault::new(&OVERSIZED)
                .arg("name", names::shown(path.as_bytes()))
                .arg("size", size)
                .arg("limit", limit.min(names::LARGEST)));
        }
        let start = self.data.len();
        self.data.extend(atomic::read(file, limit)?);
        self.index.insert(path, start..self.data.len());
        Ok(())
    }
}

/// Reads a package file or an unpacked folder.
pub(crate) fn read(path: &Path) -> Result<Members> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    })?;
    if metadata.is_dir() {
        Members::of_folder(path)
    } else if metadata.is_file() {
        let bytes = atomic::read(path, names::LARGEST)?;
        if !crate::archive::begins(&bytes) {
            return Err(Fault::new(&NOT_PACKAGE).arg("path", path.display()));
        }
        crate::archive::parse(bytes)
    } else {
        Err(Fault::new(&NOT_PACKAGE).arg("path", path.display()))
    }
}
