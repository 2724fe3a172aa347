//! Where the noise comes from, as an input: the operating system in the product, a fixed stream in tests.

use super::messages::ENTROPY;
use ingot_base::{Fault, Result};

/// A source of independent, uniformly distributed bytes.
///
/// The guarantee of every released figure holds only when nobody can predict them. The library itself has one source,
/// [`OsEntropy`]; fixed streams live in tests.
pub trait Entropy {
    /// Fills the buffer.
    ///
    /// # Errors
    /// When the source has nothing to give; the release then fails and nothing is shown.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()>;
}

/// The operating system's generator, read for every draw: no state of ours that could leak, be copied by a fork or repeat.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|error| Fault::new(&ENTROPY).because(error))
    }
}

/// Hands out another source's bytes in small pieces: a system call for 4 KiB instead of one for every coin.
pub(super) struct Buffered<'a> {
    source: &'a mut dyn Entropy,
    pool: Box<[u8; 4096]>,
    used: usize,
}

impl<'a> Buffered<'a> {
    pub(super) fn new(source: &'a mut dyn Entropy) -> Self {
        Self { source, pool: Box::new([0; 4096]), used: 4096 }
    }

    /// One byte; it is wiped from the pool as it leaves.
    pub(super) fn byte(&mut self) -> Result<u8> {
        if self.used >= self.pool.len() {
            self.source.fill(self.pool.as_mut_slice())?;
            self.used = 0;
        }
        let byte = self.pool.get_mut(self.used).map(std::mem::take).unwrap_or_default();
        self.used += 1;
        Ok(byte)
    }
}

impl Drop for Buffered<'_> {
    fn drop(&mut self) {
        self.pool.fill(0);
    }
}
