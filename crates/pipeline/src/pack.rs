//! A language model that was made elsewhere, as a sealed package: whole, or an adapter of a published base.

use crate::messages::{PACK_BASE, PACK_KIND};
use crate::models::Published;
use ingot_base::{
    Clock, Digest, Fault, Output, Result, Secret, Signature, Task, Text, atomic, fault,
};
use ingot_runtime::generate::ChatTemplate;
use ingot_runtime::generate::document::{self, Base, Generation};
use ingot_runtime::gguf::{self, Header, Shape};
use ingot_seal::{Bom, Keyring, Library, SealJob, Sealed};
use std::path::{Path, PathBuf};

/// Bytes of a model at most.
const LIMIT: u64 = 64 << 30;

/// What becomes a package.
#[derive(Debug)]
pub struct Pack<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The model's version.
    pub version: &'a str,
    /// A GGUF file, or the name of a published model.
    pub model: &'a str,
    /// Of an adapter: its base, a GGUF file or the name of a published model.
    pub base: Option<&'a str>,
    /// What the system is told when a conversation tells it nothing.
    pub system: Option<String>,
    /// Recipients beside the keyring's own.
    pub recipients: Vec<String>,
    /// The folder that the package is written to.
    pub folder: &'a Path,
}

/// Seals a language model.
///
/// # Errors
/// When the file is no model or adapter of a served family, or the package cannot be written.
pub fn pack(pack: &Pack<'_>, keyring: &Keyring, clock: &dyn Clock) -> Result<Sealed> {
    let bytes = bytes(pack.model)?;
    let named = |fault: Fault| gguf::of_file(Path::new(pack.model), &fault);
    let header = gguf::read(&bytes, bytes.len() as u64, &gguf::Limits::default()).map_err(named)?;
    let digest = Digest::of(&bytes);
    let (file, base) = match (header.is_adapter(), pack.base) {
        (false, None) => (document::MODEL, None),
        (true, Some(named)) => (document::ADAPTER, Some(named)),
        (true, None) => return Err(Fault::new(&PACK_BASE)),
        (false, Some(_)) => return Err(Fault::new(&PACK_KIND)),
    };
    loadable(&header).map_err(named)?;
    let base = base.map(base_of).transpose()?;
    let (architecture, shape) = described(&header, base.as_ref()).map_err(named)?;
    let document = Generation::new(base.clone(), pack.system.clone()).to_json()?;
    let signature = signature();
    let lineage = serde_json::json!({
        "format": 1,
        "project": { "name": pack.name, "version": pack.version, "task": Task::Generate },
        "made_elsewhere": { "file": file, "digest": digest, "base": base },
        "stages": [],
    });
    let output = pack.folder.join(format!("{}-{}.ingot", pack.name, pack.version));
    let job = SealJob {
        name: pack.name,
        version: pack.version,
        task: Task::Generate,
        signature: &signature,
        created: clock.now_rfc3339(),
        payloads: vec![
            (file.to_owned(), Secret::new(bytes)),
            (document::DOCUMENT.to_owned(), Secret::new(document)),
        ],
        card: Vec::new(),
        lineage,
        bom: Bom {
            algorithm: Some(Text::new("transformer language model", "Transformer 语言模型")),
            architecture: Some(architecture),
            parameters: shape,
            engines: vec![Library::cargo(LLAMA.0, LLAMA.1, "MIT OR Apache-2.0")],
            ..Bom::default()
        },
        recipients: pack.recipients.clone(),
        licence_expires: None,
        output: &output,
    };
    ingot_seal::seal(&job, keyring)
}

/// The binding's of llama.cpp.
pub(crate) const LLAMA: (&str, &str) = ("llama-cpp-sys-2", "0.1.161");

/// What a language model takes and answers.
pub(crate) fn signature() -> Signature {
    Signature {
        task: Task::Generate,
        inputs: Vec::new(),
        output: Output::Text { target: "answer".into() },
    }
}

/// That a server would load a model's template.
fn loadable(header: &Header) -> Result<()> {
    header.chat_template().map_or(Ok(()), |text| ChatTemplate::new(text, "", "").map(drop))
}

fn described(
    header: &Header,
    base: Option<&Base>,
) -> Result<(String, std::collections::BTreeMap<String, String>)> {
    let mut facts = std::collections::BTreeMap::new();
    if let Some(base) = base {
        facts.insert("base".to_owned(), base.name.clone());
        let rank = header.tensors.iter().find(|tensor| tensor.name.ends_with(".lora_a"));
        let rank = rank.and_then(|tensor| tensor.dims.get(1)).copied().unwrap_or_default();
        return Ok((format!("LoRA adapter of rank {rank} for {}", base.name), facts));
    }
    let shape = Shape::of(header)?;
    for (name, value) in [
        ("layers", shape.layers),
        ("width", shape.width),
        ("vocabulary", shape.vocabulary),
        ("context", shape.context),
    ] {
        facts.insert(name.to_owned(), value.to_string());
    }
    let elements: u64 = header.tensors.iter().map(gguf::Tensor::elements).sum();
    Ok((format!("{}, {} layers, {} weights", shape.family, shape.layers, elements), facts))
}

/// A base that an adapter names.
fn base_of(named: &str) -> Result<Base> {
    let path = Path::new(named);
    if path.is_file() {
        let name =
            path.file_stem().map_or(named.into(), |stem| stem.to_string_lossy().into_owned());
        return Ok(Base { name, digest: Digest::of_file(path)? });
    }
    Ok(Base { name: named.to_owned(), digest: Published::named(named)?.identity() })
}

fn bytes(model: &str) -> Result<Vec<u8>> {
    let path = Path::new(model);
    if path.is_file() || Published::named(model).is_err() {
        return atomic::read(path, LIMIT);
    }
    Published::named(model)?.read()
}

/// Where a published model lies, by the digest of its file.
pub fn published(digest: &str) -> Option<PathBuf> {
    let found = Digest::parse(&format!("sha256:{digest}"))?;
    let known = crate::models::PUBLISHED.iter().find(|one| one.identity() == found)?;
    Some(known.path()).filter(|path| path.is_file())
}

/// A language model's file: a path, or the name of a published one.
///
/// # Errors
/// When there is none.
pub fn file(model: &str) -> Result<PathBuf> {
    let path = PathBuf::from(model);
    if path.is_file() {
        return Ok(path);
    }
    let known = Published::named(model)
        .map_err(|_| Fault::new(&fault::FILE_READ).arg("path", path.display()))?;
    known.read()?;
    Ok(known.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_broken_template_is_not_sealed() {
        let with = |template: &str| {
            let text = |text: &str| gguf::Value::Text(text.to_owned());
            let metadata = BTreeMap::from([
                ("general.architecture".to_owned(), text("llama")),
                ("tokenizer.chat_template".to_owned(), text(template)),
            ]);
            let numbers = [0.0; 24];
            let table = ("token_embd.weight", vec![8, 3], gguf::Data::F32(&numbers));
            let bytes = gguf::write(&metadata, &[table]).unwrap();
            gguf::read(&bytes, bytes.len() as u64, &gguf::Limits::default()).unwrap()
        };
        loadable(&with("{{ messages[0].content }}")).unwrap();
        let broken = loadable(&with("{% if %}")).unwrap_err();
        assert_eq!(broken.code(), "runtime-template-invalid");
    }
}
