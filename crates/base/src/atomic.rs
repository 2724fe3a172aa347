//! Nothing is half written: a temporary file beside the target, fsync, rename, fsync of the folder.

use crate::{Fault, Result, crash, fault};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that appears under its name only when [`commit`](AtomicFile::commit) succeeds; dropped before, it vanishes.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: tempfile::NamedTempFile,
}

impl AtomicFile {
    /// Starts a file beside `target`; missing parent folders are made. The file's mode is 0600 until published.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn create(target: &Path) -> Result<Self> {
        let start = || -> io::Result<tempfile::NamedTempFile> {
            let folder = parent(target);
            fs::create_dir_all(folder)?;
            tempfile::Builder::new().prefix(".ingot-").suffix(".partial").tempfile_in(folder)
        };
        let temporary = start().map_err(|error| write_fault(target, error))?;
        Ok(Self { target: target.to_owned(), temporary })
    }

    /// The open file, for writers that need one.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Where it lies until then, for writers that take a path.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Publishes the file with mode 0644 (less the umask's bits).
    ///
    /// # Errors
    /// When the disk is full or the rename fails; the target then keeps what it had.
    pub fn commit(self) -> Result<()> {
        self.commit_mode(0o644)
    }

    /// Publishes the file readable by its owner alone (0600): keys.
    ///
    /// # Errors
    /// As [`commit`](AtomicFile::commit).
    pub fn commit_private(self) -> Result<()> {
        self.commit_mode(0o600)
    }

    fn commit_mode(mut self, mode: u32) -> Result<()> {
        let target = self.target.clone();
        let finish = || -> io::Result<()> {
            self.temporary.flush()?;
            set_mode(self.temporary.as_file(), mode)?;
            self.temporary.as_file().sync_all()?;
            crash::point("atomic-before-rename");
            self.temporary.persist(&target).map_err(|error| error.error)?;
            File::open(parent(&target))?.sync_all()
        };
        finish().map_err(|error| write_fault(&self.target, error))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// Writes a whole file atomically (mode 0644).
///
/// # Errors
/// When it cannot be written; the target then keeps what it had.
pub fn write(target: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes).map_err(|error| write_fault(target, error))?;
    file.commit()
}

/// Writes a whole file atomically, readable by its owner alone (mode 0600).
///
/// # Errors
/// As [`write`].
pub fn write_private(target: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes).map_err(|error| write_fault(target, error))?;
    file.commit_private()
}

/// Reads a whole file, at most `limit` bytes.
///
/// # Errors
/// When it cannot be read or is larger than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let load = || -> io::Result<Vec<u8>> {
        let size = fs::metadata(path)?.len();
        if size > limit {
            return Err(io::Error::other(format!("{size} bytes, more than the limit of {limit}")));
        }
        fs::read(path)
    };
    load().map_err(|error| Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_fault(path: &Path, error: io::Error) -> Fault {
    Fault::new(&fault::FILE_WRITE).arg("path", path.display()).because(error)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/a.txt");
        {
            let mut file = AtomicFile::create(&target).unwrap();
            file.write_all(b"half").unwrap();
        }
        assert!(!target.exists());
        assert_eq!(
            fs::read_dir(target.parent().unwrap()).unwrap().count(),
            0,
            "no partial file stays"
        );
        let file = AtomicFile::create(&target).unwrap();
        let mut opened = File::options().write(true).open(file.path()).unwrap();
        opened.write_all(b"by path").unwrap();
        file.commit_private().unwrap();
        assert_eq!(read(&target, 10).unwrap(), b"by path");
        write(&target, b"whole").unwrap();
        assert_eq!(read(&target, 10).unwrap(), b"whole");
        assert!(read(&target, 4).is_err());
    }
}
