//! Nothing is half written: a temporary file beside the target, fsync, rename, fsync of the folder.

use crate::{Fault, Result, crash, fault};
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// How the names of unfinished files begin and end.
const BEGINNING: &str = ".ingot-";
const END: &str = ".partial";

/// Whether a file of this name is unfinished: its writer is at work, or died.
pub fn is_partial(name: &str) -> bool {
    name.starts_with(BEGINNING) && name.ends_with(END)
}

/// Removes the unfinished files of writers that were killed, so many folders down; the caller is the only writer there. What cannot be removed
/// hurts nobody.
pub fn sweep(folder: &Path, deeper: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(std::result::Result::ok) {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deeper > 0 => sweep(&path, deeper - 1),
            Ok(kind) if kind.is_file() && is_partial(&name) => {
                let _ = fs::remove_file(&path);
            }
            _ => {}
        }
    }
}

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
            tempfile::Builder::new().prefix(BEGINNING).suffix(END).tempfile_in(folder)
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

/// Opens a regular file, or what a link leads to, for reading. Nothing else is opened: whoever reads a pipe waits for its writer, and a
/// device may never end.
///
/// # Errors
/// When it is no regular file, or cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    // Looked at before: opening alone does something to some devices.
    regular(&fs::metadata(path)?)?;
    let file = unblocked(File::options().read(true)).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// Opens a regular file to be read and added to; a new one is its owner's alone (mode 0600) and its name is on the disk.
///
/// # Errors
/// When it is no regular file, or it or its folder cannot be opened or made.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    let new = match fs::metadata(path) {
        Ok(found) => regular(&found).map(|()| false)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    let folder = parent(path);
    fs::create_dir_all(folder)?;
    let mut options = File::options();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = unblocked(&mut options).open(path)?;
    regular(&file.metadata()?)?;
    if new {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// Should a pipe have taken the file's place since it was looked at, opening it waits for nobody.
#[cfg(unix)]
fn unblocked(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NONBLOCK)
}

#[cfg(not(unix))]
fn unblocked(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    options
}

fn regular(found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let what = "it is no regular file, but a folder, a pipe, a socket or a device";
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Reads a whole regular file, at most `limit` bytes, whatever its size was said to be.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let load = || -> io::Result<Vec<u8>> {
        let file = open(path)?;
        let size = file.metadata()?.len();
        let over = |size: u64| {
            Err(io::Error::other(format!("{size} bytes, more than the limit of {limit}")))
        };
        if size > limit {
            return over(size);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        let size = bytes.len() as u64;
        if size > limit { over(size) } else { Ok(bytes) }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_holds_nobody_up_and_a_device_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let endless = folder.path().join("endless");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        for path in [&pipe, &endless, &folder.path().to_owned()] {
            let (tell, told) = std::sync::mpsc::channel();
            let asked = path.clone();
            std::thread::spawn(move || {
                let read = read(&asked, 4 << 20).map_err(|fault| fault.code());
                let appended = open_to_append(&asked).map_err(|error| error.kind());
                tell.send((read, appended.map(drop), crate::Digest::of_file(&asked).is_err()))
            });
            let (read, appended, digest) =
                told.recv_timeout(std::time::Duration::from_secs(20)).expect("it waits");
            assert_eq!(read, Err("base-file-read"), "{}", path.display());
            assert_eq!(appended, Err(io::ErrorKind::InvalidInput), "{}", path.display());
            assert!(digest, "{}", path.display());
        }
        // A size of 0 that is none.
        assert!(!read(Path::new("/proc/self/maps"), 1 << 20).unwrap().is_empty());
        assert!(read(Path::new("/proc/self/maps"), 10).is_err(), "the limit holds all the same");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_added_to_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/log");
        for line in [b"one", b"two"] {
            open_to_append(&path).unwrap().write_all(line).unwrap();
        }
        assert_eq!(read(&path, 10).unwrap(), b"onetwo");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
