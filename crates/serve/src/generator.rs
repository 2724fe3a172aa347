//! Language models of sealed packages: whole ones, and adapters that share one base in memory.

use crate::engine::{Engine, Explanation};
use crate::messages::MODEL_ONLY_TEXT;
use ingot_base::{Fault, Output, Result, Signature, Task};
#[cfg(not(feature = "llama"))]
use ingot_runtime::generate::document::Base;
use ingot_runtime::generate::document::{DOCUMENT, Generation};
use ingot_runtime::generate::{Generator, Serving};
use ingot_seal::{Identity, Package};
use std::path::PathBuf;
use std::sync::Arc;

/// Where published base models are: a path for the digest of a file, if there is such a file.
pub type Bases = dyn Fn(&str) -> Option<PathBuf> + Send + Sync;

/// Loads language models, each base once.
pub(crate) struct Languages {
    #[cfg_attr(not(feature = "llama"), expect(dead_code, reason = "the engine reads it"))]
    serving: Serving,
    #[cfg_attr(not(feature = "llama"), expect(dead_code, reason = "the engine reads it"))]
    bases: Box<Bases>,
    #[cfg(feature = "llama")]
    loaded: loading::Loaded,
}

impl Languages {
    pub(crate) fn new(serving: Serving, bases: Box<Bases>) -> Self {
        Self {
            serving,
            bases,
            #[cfg(feature = "llama")]
            loaded: loading::Loaded::default(),
        }
    }

    /// The engine of an open package.
    pub(crate) fn engine(&self, package: &Package, identity: &Identity) -> Result<Arc<dyn Engine>> {
        let document = package.decrypt(DOCUMENT, identity)?;
        let document = Generation::parse(document.expose())?;
        let generator = self.generator(package, identity, document.base)?;
        let signature = Signature {
            task: Task::Generate,
            inputs: Vec::new(),
            output: Output::Text { target: "answer".into() },
        };
        Ok(Arc::new(LanguageEngine { signature, generator, system: document.system }))
    }

    #[cfg(not(feature = "llama"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the engine")]
    fn generator(&self, _: &Package, _: &Identity, _: Option<Base>) -> Result<Arc<dyn Generator>> {
        Err(Fault::new(&ingot_runtime::messages::LLAMA_ABSENT))
    }

    /// A published base's file.
    #[cfg(feature = "llama")]
    fn published(&self, digest: &str) -> Option<PathBuf> {
        (self.bases)(digest)
    }

    #[cfg(feature = "llama")]
    fn serving(&self) -> &Serving {
        &self.serving
    }
}

/// A language model as the server holds it: it has a generator, and no rows.
pub(crate) struct LanguageEngine {
    signature: Signature,
    generator: Arc<dyn Generator>,
    system: Option<String>,
}

impl Engine for LanguageEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn scores(&self, _: &[f64], _: usize) -> Result<Vec<f64>> {
        Err(Fault::new(&MODEL_ONLY_TEXT))
    }

    fn generator(&self) -> Option<Arc<dyn Generator>> {
        Some(Arc::clone(&self.generator))
    }

    fn system(&self) -> Option<&str> {
        self.system.as_deref()
    }

    fn explain(&self, _: &[f64]) -> Result<Explanation> {
        Err(Fault::new(&MODEL_ONLY_TEXT))
    }

    fn row_nanoseconds(&self) -> u64 {
        1
    }
}

#[cfg(feature = "llama")]
mod loading {
    use super::Languages;
    use ingot_base::{Digest, Fault, Result, atomic};
    use ingot_runtime::generate::Generator;
    use ingot_runtime::generate::document::{ADAPTER, Base, MODEL};
    use ingot_runtime::llama::LlamaGenerator;
    use ingot_runtime::messages::BASE_MISSING;
    use ingot_seal::{Identity, Package};
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::{Arc, Mutex, PoisonError, Weak};

    /// Bases in memory, by the digest of their file.
    pub(super) type Loaded = Mutex<BTreeMap<String, Weak<LlamaGenerator>>>;

    /// Bytes of a base at most.
    const LIMIT: u64 = 64 << 30;

    impl Languages {
        pub(super) fn generator(
            &self,
            package: &Package,
            identity: &Identity,
            base: Option<Base>,
        ) -> Result<Arc<dyn Generator>> {
            // One at a time: two packages of one base must not both load it.
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.retain(|_, base| base.strong_count() > 0);
            let Some(base) = base else {
                let payload = package.manifest().payloads.iter().find(|one| one.name == MODEL);
                let digest = payload.map_or_else(String::new, |one| one.digest.hex());
                if let Some(known) = loaded.get(&digest).and_then(Weak::upgrade) {
                    return Ok(known);
                }
                let bytes = package.decrypt(MODEL, identity)?;
                let model = Arc::new(LlamaGenerator::load(bytes.expose(), self.serving())?);
                loaded.insert(digest, Arc::downgrade(&model));
                return Ok(model);
            };
            let digest = base.digest.hex();
            let model = if let Some(model) = loaded.get(&digest).and_then(Weak::upgrade) {
                model
            } else {
                let missing = || {
                    let fault = Fault::new(&BASE_MISSING).arg("name", &base.name);
                    fault.arg("digest", base.digest)
                };
                let path = self.published(&digest).ok_or_else(missing)?;
                let model = Arc::new(self.open(&path, base.digest)?);
                loaded.insert(digest, Arc::downgrade(&model));
                model
            };
            let adapter = package.decrypt(ADAPTER, identity)?;
            let manifest = package.manifest();
            let name = format!("{}-{}-{}", manifest.name, manifest.version, package.digest());
            Ok(Arc::new(model.adapted(&name, adapter.expose())?))
        }

        /// A published base, which is no secret: mapped as it lies on disk, once its digest is checked.
        fn open(&self, path: &Path, digest: Digest) -> Result<LlamaGenerator> {
            let bytes = atomic::read(path, LIMIT)?;
            if Digest::of(&bytes) != digest {
                let fault = Fault::new(&BASE_MISSING).arg("name", path.display());
                return Err(fault.arg("digest", digest));
            }
            LlamaGenerator::load(&bytes, self.serving())
        }
    }
}
