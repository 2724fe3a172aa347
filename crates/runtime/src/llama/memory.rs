//! Files that are only memory: a decrypted model never touches a disk. And how much memory there is.
#![expect(unsafe_code, reason = "one call of the C library, which has no safe face in the standard library")]

use crate::messages::LLAMA;
use ingot_base::{Fault, Result};
use std::ffi::CString;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::Path;

/// Bytes that a C library can open by a path.
pub(super) struct Sealed {
    file: File,
}

impl Sealed {
    /// Puts bytes into a file without a name in memory, which nobody can change from then on.
    pub(super) fn new(bytes: &[u8]) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Fault::new(&LLAMA).arg("doing", "putting the model into memory").because(error)
        };
        // SAFETY: the name is a text that ends with a zero; the flags are constants of the call.
        let number = unsafe {
            libc::memfd_create(c"ingot-model".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
        };
        if number < 0 {
            return Err(failed(std::io::Error::last_os_error()));
        }
        // SAFETY: the call returned a descriptor of its own, which nothing else closes.
        let mut file = File::from(unsafe { OwnedFd::from_raw_fd(number) });
        file.write_all(bytes).map_err(failed)?;
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
        // SAFETY: a call on a descriptor that is open.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } < 0 {
            return Err(failed(std::io::Error::last_os_error()));
        }
        Ok(Self { file })
    }

    /// A file that may be read as it lies on disk: an open model's.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unread = |error| {
            Fault::new(&ingot_base::fault::FILE_READ).arg("path", path.display()).because(error)
        };
        Ok(Self { file: File::open(path).map_err(unread)? })
    }

    /// The path by which this process opens it.
    pub(super) fn path(&self) -> CString {
        CString::new(format!("/proc/self/fd/{}", self.file.as_raw_fd())).unwrap_or_default()
    }
}

/// Bytes of memory that are free for this process: the machine's, or what its control group leaves.
pub(super) fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    let machine = kibibytes.saturating_mul(1024);
    let number = |name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(Path::new("/sys/fs/cgroup").join(name)).ok()?;
        text.trim().parse().ok()
    };
    let group = number("memory.max")
        .zip(number("memory.current"))
        .map(|(most, used)| most.saturating_sub(used));
    Some(group.map_or(machine, |group| group.min(machine)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_memory_can_be_opened_and_not_changed() {
        let sealed = Sealed::new(b"abc").unwrap();
        let path = sealed.path();
        let path = path.to_str().unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"abc");
        assert!((&sealed.file).write_all(b"d").is_err());
        assert!(free().is_some_and(|bytes| bytes > 1 << 20));
    }
}
