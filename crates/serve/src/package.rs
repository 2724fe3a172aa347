//! From a sealed package to an engine.

use crate::engine::{Loaded, Loader};
use crate::generator::{Bases, Languages};
use crate::{tabular, text, vision};
use ingot_base::{Clock, Result, Task};
use ingot_runtime::generate::Serving;
use ingot_seal::{Identity, Package, PublicKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Loads verified packages of any task; payloads are decrypted into memory only.
pub struct PackageLoader {
    trusted: Vec<PublicKey>,
    identity: Identity,
    clock: Arc<dyn Clock>,
    library: PathBuf,
    languages: Languages,
}

impl std::fmt::Debug for PackageLoader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageLoader").finish_non_exhaustive()
    }
}

impl PackageLoader {
    /// Trusts these signers, decrypts with this identity, judges licences by this clock, and runs networks with this library,
    /// which need not be there for models of tables.
    pub fn new(
        trusted: Vec<PublicKey>,
        identity: Identity,
        clock: Arc<dyn Clock>,
        library: PathBuf,
    ) -> Self {
        let languages = Languages::new(Serving::default(), Box::new(|_: &str| None));
        Self { trusted, identity, clock, library, languages }
    }

    /// How language models are served, and where published bases of adapters are.
    #[must_use]
    pub fn with_languages(mut self, serving: Serving, bases: Box<Bases>) -> Self {
        self.languages = Languages::new(serving, bases);
        self
    }
}

impl Loader for PackageLoader {
    fn load(&self, path: &Path) -> Result<Loaded> {
        let package = Package::read(path)?;
        package.verify(&self.trusted, self.clock.now_ms())?;
        let manifest = package.manifest();
        Ok(Loaded {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: package.digest(),
            licence: manifest.licence.clone(),
            engine: match manifest.task {
                Task::Tabular(_) => tabular::engine(&package, &self.identity)?,
                Task::ImageClassify => vision::engine(&package, &self.identity, &self.library)?,
                Task::Generate => self.languages.engine(&package, &self.identity)?,
                Task::TextClassify => text::engine(&package, &self.identity, &self.library)?,
            },
        })
    }
}
