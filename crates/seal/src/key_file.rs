//! Reading private key files: only when nobody but the owner may.

use crate::messages::{KEY_MISSING, KEY_MODE};
use ingot_base::{Fault, Message, Result, atomic, fault};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// No key file is longer.
const LIMIT: u64 = 1 << 16;

/// The text of a private key file of mode 0600 or narrower, or 0440 when it is another user's. The mode is taken from the open file, not from its name.
/// `malformed` is what to say when it cannot be such a file at all.
pub(crate) fn read_private(path: &Path, malformed: &'static Message) -> Result<Zeroizing<String>> {
    let unreadable = |error: io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => &KEY_MISSING,
            _ => &fault::FILE_READ,
        };
        Fault::new(message).arg("path", path.display()).because(error)
    };
    let mut file = atomic::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check_mode(path, &metadata)?;
    if !metadata.is_file() || metadata.len() > LIMIT {
        return Err(named(path, malformed));
    }
    // One allocation of the final size, so that growing leaves no copies behind.
    let size = usize::try_from(metadata.len()).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    (&mut file).take(metadata.len()).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| named(path, malformed))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The fault of a file that holds something else; never shows what it holds.
pub(crate) fn named(path: &Path, message: &'static Message) -> Fault {
    Fault::new(message).arg("path", path.display())
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &std::fs::Metadata) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & !0o600 == 0 || (mode & !0o440 == 0 && handed_over(metadata.uid(), own_user())) {
        return Ok(());
    }
    Err(Fault::new(&KEY_MODE).arg("path", path.display()).arg("mode", format!("{mode:04o}")))
}

/// Whether the file was given to this process through its group, as Kubernetes gives a Secret through `fsGroup`: then the
/// owner is somebody else, and reading by the group is the only way in.
#[cfg(unix)]
fn handed_over(owner: u32, user: Option<u32>) -> bool {
    user.is_some_and(|user| user != owner)
}

/// Whether a file can be replaced without becoming another's or wider: a regular file of this user's, for nobody else, that may be written.
#[cfg(unix)]
pub(crate) fn is_own(path: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    path.symlink_metadata().is_ok_and(|found| {
        found.is_file()
            && found.permissions().mode() & 0o7777 == 0o600
            && own_user() == Some(found.uid())
    })
}

#[cfg(not(unix))]
pub(crate) fn is_own(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

/// The effective user of this process; `None` where the system does not tell.
#[cfg(unix)]
fn own_user() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &std::fs::Metadata) -> Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    const MALFORMED: &Message = &crate::messages::IDENTITY_MALFORMED;

    #[test]
    fn a_secret_mounted_for_the_group_is_read_and_nothing_wider() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.txt");
        ingot_base::atomic::write_private(&path, b"a key").unwrap();
        let own = std::fs::metadata(&path).unwrap().uid();
        assert_eq!(own_user(), Some(own));
        assert!(!handed_over(own, Some(own)) && !handed_over(0, None) && handed_over(0, Some(7)));
        let read = |mode| {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            read_private(&path, MALFORMED).map_err(|fault| fault.code())
        };
        assert_eq!(read(0o440), Err("seal-key-mode"), "one's own file is one's own to close");
        // Only root can give a file to another user.
        if chown(&path, Some(own + 7), None).is_ok() {
            assert_eq!(read(0o440).unwrap().as_str(), "a key");
            for wide in [0o640, 0o660, 0o444, 0o450, 0o2440] {
                assert_eq!(read(wide), Err("seal-key-mode"), "{wide:o}");
            }
        }
    }
}
