//! SHA-256 digests, the names of artifacts.

use crate::{Fault, Result, atomic, fault};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

/// A SHA-256 digest (FIPS 180-4). Text form: `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Digest of a regular file, read in pieces.
    ///
    /// # Errors
    /// When it is none or cannot be read.
    pub fn of_file(path: &Path) -> Result<Self> {
        let read = || -> io::Result<Self> {
            let mut file = atomic::open(path)?;
            let mut hasher = Hasher::default();
            let mut buffer = vec![0_u8; 1 << 16];
            loop {
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    return Ok(hasher.finish());
                }
                hasher.update(buffer.get(..count).unwrap_or_default());
            }
        };
        read().map_err(|error| {
            Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
        })
    }

    /// The digest of a value's canonical JSON: keys sorted, no white space.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn of_json<T: Serialize>(value: &T) -> Result<Self> {
        let tree = serde_json::to_value(value)
            .map_err(|error| fault::internal("value without a JSON form").because(error))?;
        let text = serde_json::to_vec(&tree)
            .map_err(|error| fault::internal("value without a JSON form").because(error))?;
        Ok(Self::of(&text))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first twelve hexadecimal digits: enough for a person to recognise it.
    pub fn short(&self) -> String {
        self.hex().chars().take(12).collect()
    }

    /// 64 lower-case hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("sha256:")?, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

/// Builds a digest piece by piece.
#[derive(Default, Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected sha256:<64 hex digits>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_value_and_round_trip() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("sha256:00"), None);
    }
}
