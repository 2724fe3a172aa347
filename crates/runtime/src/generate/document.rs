//! What a package says of its language model beside the weights.

use crate::messages::GENERATION;
use ingot_base::{Digest, Fault, Result};
use serde::{Deserialize, Serialize};

/// The whole model, in packages that carry it.
pub const MODEL: &str = "model.gguf";
/// What changes the base, in packages that carry only that.
pub const ADAPTER: &str = "adapter.gguf";
/// This document.
pub const DOCUMENT: &str = "generation.json";

const FORMAT: u32 = 1;

/// The document `generation.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    format: u32,
    /// The base that an adapter changes; `None` when the package carries the whole model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// What the system is told when a conversation tells it nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// A base model: its name, as `ingot pull` knows it or as the package that carries it is called, and the digest of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name.
    pub name: String,
    /// The digest of its GGUF file.
    pub digest: Digest,
}

impl Generation {
    /// Of a package with the whole model (`None`), or with an adapter of a base.
    pub fn new(base: Option<Base>, system: Option<String>) -> Self {
        Self { format: FORMAT, base, system }
    }

    /// Reads the document of a package.
    ///
    /// # Errors
    /// When it is none, or of another format.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let found: Self = serde_json::from_slice(bytes)
            .map_err(|error| Fault::new(&GENERATION).because(error))?;
        if found.format == FORMAT { Ok(found) } else { Err(Fault::new(&GENERATION)) }
    }

    /// The document's bytes.
    ///
    /// # Errors
    /// Never in practice: all of it has a JSON form.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|error| ingot_base::fault::internal("a document without a JSON form").because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let base = Base { name: "b".into(), digest: Digest::of(b"x") };
        let document = Generation::new(Some(base), Some("be brief".into()));
        assert_eq!(Generation::parse(&document.to_json().unwrap()).unwrap(), document);
        assert!(Generation::parse(b"{\"format\":2}").is_err() && Generation::parse(b"{}").is_err());
    }
}
