//! An unfinished training.

use ingot_base::{Result, atomic};
use ingot_train::language::Checkpoints;
use std::path::{Path, PathBuf};

/// Most bytes of one.
const LIMIT: u64 = 4 << 30;

/// A file in the stage's own folder, which erasure removes while the stage has no record.
pub(crate) struct Kept(PathBuf);

impl Kept {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("checkpoint.safetensors"))
    }

    /// The training is done: what is left of it is nothing but another copy.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Checkpoints for Kept {
    fn load(&self) -> Result<Option<Vec<u8>>> {
        if self.0.is_file() { atomic::read(&self.0, LIMIT).map(Some) } else { Ok(None) }
    }

    fn keep(&self, bytes: &[u8]) -> Result<()> {
        atomic::write_private(&self.0, bytes)
    }
}
