//! Copies of sources while they are read: what another machine holds, and what is not UTF-8. They show in the open what the source shows, so
//! nobody else reads them, and none outlives its use: a folder is locked as long as it is used, and a process that makes its first one
//! removes those whose user died.

use ingot_base::{Fault, Result, atomic, fault};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Once;
use tempfile::TempDir;

/// How the folders' names begin.
const PREFIX: &str = "ingot-copies-";
const LOCK: &str = ".lock";

/// A folder for copies; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Copies {
    folder: TempDir,
    // Behind the folder: it is free only when the folder is gone.
    _lock: File,
}

impl Copies {
    /// A new folder, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new() -> Result<Self> {
        static SWEPT: Once = Once::new();
        let parent = std::env::temp_dir();
        SWEPT.call_once(|| sweep(&parent));
        Self::within(&parent)
    }

    fn within(parent: &Path) -> Result<Self> {
        let make = || -> io::Result<Self> {
            loop {
                if let Some(made) = Self::locked(parent)? {
                    return Ok(made);
                }
            }
        };
        make().map_err(|error| {
            Fault::new(&fault::FILE_WRITE).arg("path", parent.display()).because(error)
        })
    }

    /// `None` where somebody who sweeps was between the folder and its lock.
    fn locked(parent: &Path) -> io::Result<Option<Self>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        let owner_only = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        #[cfg(unix)]
        builder.permissions(owner_only);
        let folder = builder.tempdir_in(parent)?;
        let path = folder.path().join(LOCK);
        let lock = private(&path)?;
        lock.lock()?;
        Ok(path.exists().then_some(Self { folder, _lock: lock }))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A new file that its owner alone reads.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes the folders whose user is dead. What cannot be looked into is another user's.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(std::result::Result::ok) {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let folder = entry.path();
        if !named || !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            continue;
        }
        // A folder without a lock is being made at this moment.
        let Ok(lock) = atomic::open(&folder.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_is_used_stays() {
        let parent = tempfile::tempdir().unwrap();
        let used = Copies::within(parent.path()).unwrap();
        let left = parent.path().join("ingot-copies-dead");
        fs::create_dir(&left).unwrap();
        drop(private(&left.join(LOCK)).unwrap());
        drop(private(&left.join("a-utf8")).unwrap());
        let other = parent.path().join("of-others");
        fs::create_dir(&other).unwrap();
        drop(private(&other.join(LOCK)).unwrap());
        sweep(parent.path());
        assert!(!left.exists() && other.exists());
        assert!(used.path().exists());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_copy() {
        use std::os::unix::fs::PermissionsExt as _;
        let copies = Copies::new().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(copies.path()), 0o700);
        let source = copies.path().join("source.csv");
        drop(private(&source).unwrap());
        let copy =
            crate::encoding::to_utf8(&source, crate::Encoding::Gb18030, copies.path()).unwrap();
        assert_eq!(mode(&copy), 0o600);
    }
}
