//! Reading private key files: only when nobody but the owner may.

use crate::messages::{KEY_MISSING, KEY_MODE};
use ingot_base::{Fault, Message, Result, fault};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// No key file is longer.
const LIMIT: u64 = 1 << 16;

/// The text of a private key file of mode 0600 or narrower. The mode is taken from the open file, not from its name.
/// `malformed` is what to say when it cannot be such a file at all.
pub(crate) fn read_private(path: &Path, malformed: &'static Message) -> Result<Zeroizing<String>> {
    let unreadable = |error: io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => &KEY_MISSING,
            _ => &fault::FILE_READ,
        };
        Fault::new(message).arg("path", path.display()).because(error)
    };
    let mut file = File::open(path).map_err(unreadable)?;
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
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & !0o600 == 0 {
        return Ok(());
    }
    Err(Fault::new(&KEY_MODE).arg("path", path.display()).arg("mode", format!("{mode:04o}")))
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &std::fs::Metadata) -> Result<()> {
    Ok(())
}
