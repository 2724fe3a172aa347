//! The network whose features are learnt from where it is a file of the user's: read, checked and tried before any stage works. What
//! it is to a stage, a graph with inputs and outputs of known names, does not tell whose it was.

use crate::messages::BACKBONE_CHANGED;
use crate::project::Project;
use crate::stages::{features, file_name};
use ingot_base::{Digest, Fault, Result, Task, atomic};
use ingot_image::Preprocess;
use ingot_recipe::{Backbone, OwnBackbone, Pooling};
use ingot_runtime::Tokenizer;
use ingot_runtime::onnx::proto::Model;
use ingot_runtime::onnx::{self, Limits, OwnPictures, OwnTexts, Pool};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The recipe's keys that name files.
const FILE: &str = "train.backbone.file";
const TOKENIZER: &str = "train.backbone.tokenizer";
/// Most bytes of a tokenizer's file.
const TOKENIZER_BYTES: u64 = 64 << 20;

/// What is known of the files.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Digests by path, as they were when first read: what was digested is what is worked with.
    digests: Mutex<BTreeMap<PathBuf, Digest>>,
    /// The graph, once it was tried: several stages ask for it.
    model: Mutex<Option<Model>>,
}

/// What the files are known by, each under the name that stage records have for it.
///
/// # Errors
/// When one cannot be read, or is too large.
pub(crate) fn identity(
    project: &Project<'_>,
    own: &OwnBackbone,
) -> Result<BTreeMap<String, Digest>> {
    let mut files = BTreeMap::from([("backbone".to_owned(), digest(project, &graph(own))?)]);
    if let Some(file) = tokenizer(own) {
        files.insert("tokenizer".to_owned(), digest(project, &file)?);
    }
    Ok(files)
}

/// What reports call the backbone of a recipe.
///
/// # Errors
/// As [`identity`].
pub(crate) fn title(project: &Project<'_>) -> Result<String> {
    Ok(match project.recipe().backbone() {
        Backbone::MobileNetV2 => "MobileNetV2".to_owned(),
        Backbone::MiniLm => "all-MiniLM-L6-v2".to_owned(),
        Backbone::Own(own) => {
            let short = digest(project, &graph(&own))?.short();
            format!("{} (SHA-256 {short}…)", file_name(&own.file))
        }
    })
}

/// How a picture becomes the network's input.
#[expect(clippy::cast_possible_truncation, reason = "numbers of single precision are asked for")]
pub(crate) fn pixels(project: &Project<'_>) -> Preprocess {
    let published = Preprocess::IMAGENET;
    let Some(Backbone::Own(own)) = &project.recipe().train.backbone else { return published };
    let single = |numbers: Option<[f64; 3]>, without: [f32; 3]| {
        numbers.map_or(without, |numbers| numbers.map(|number| number as f32))
    };
    Preprocess {
        resize: own.resize(),
        crop: own.crop(),
        mean: single(own.mean, published.mean),
        deviation: single(own.std, published.deviation),
    }
}

/// The graph with this project's names, once it ran on what was made up.
///
/// # Errors
/// When the file is no such graph, or does not give what the recipe says.
pub(crate) fn model(project: &Project<'_>, own: &OwnBackbone) -> Result<Model> {
    let mut known = project.backbones.model.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = &*known {
        return Ok(model.clone());
    }
    let model = tried(project, own)?;
    *known = Some(model.clone());
    Ok(model)
}

fn tried(project: &Project<'_>, own: &OwnBackbone) -> Result<Model> {
    let bytes = read(project, &graph(own))?;
    let model = onnx::read_own(&bytes, &Limits::default()).map_err(|fault| fault.at(FILE))?;
    // What was read is no longer needed: some networks are large.
    drop(bytes);
    let library = features::library()?;
    if project.recipe().project.task != Task::TextClassify {
        let side = pixels(project).crop as usize;
        let asked = OwnPictures { features: &own.features, input: own.input.as_deref(), side };
        return onnx::own_pictures(library, model, &asked);
    }
    let window = own.tokens() as usize;
    let tokenizer = Tokenizer::load(&tokenizer_file(project, own)?, window)
        .map_err(|fault| fault.at(TOKENIZER))?;
    let asked = OwnTexts {
        features: &own.features,
        pool: match own.pooling() {
            Pooling::Mean => Pool::Mean,
            Pooling::Cls => Pool::First,
            Pooling::None => Pool::Whole,
        },
        window,
        vocabulary: tokenizer.vocabulary(),
        buckets: project.recipe().train.words,
    };
    onnx::own_texts(library, model, &asked)
}

/// The tokenizer's file.
///
/// # Errors
/// When it cannot be read, or changed since it was first read.
pub(crate) fn tokenizer_file(project: &Project<'_>, own: &OwnBackbone) -> Result<Vec<u8>> {
    let lacking = || ingot_base::fault::internal("a backbone of texts without a tokenizer");
    read(project, &tokenizer(own).ok_or_else(lacking)?)
}

/// A file that the recipe names.
struct Named<'r> {
    path: &'r str,
    key: &'static str,
    limit: u64,
}

fn graph(own: &OwnBackbone) -> Named<'_> {
    Named { path: &own.file, key: FILE, limit: Limits::default().bytes as u64 }
}

fn tokenizer(own: &OwnBackbone) -> Option<Named<'_>> {
    let path = own.tokenizer.as_deref()?;
    Some(Named { path, key: TOKENIZER, limit: TOKENIZER_BYTES })
}

fn digest(project: &Project<'_>, file: &Named<'_>) -> Result<Digest> {
    let path = project.source.folder().join(file.path);
    let known = project.backbones.digests.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(&path) {
        return Ok(*found);
    }
    drop(known);
    load(project, file, &path).map(|(_, digest)| digest)
}

fn read(project: &Project<'_>, file: &Named<'_>) -> Result<Vec<u8>> {
    load(project, file, &project.source.folder().join(file.path)).map(|(bytes, _)| bytes)
}

fn load(project: &Project<'_>, file: &Named<'_>, path: &Path) -> Result<(Vec<u8>, Digest)> {
    let bytes = atomic::read(path, file.limit).map_err(|fault| fault.at(file.key))?;
    let found = Digest::of(&bytes);
    let mut known = project.backbones.digests.lock().unwrap_or_else(PoisonError::into_inner);
    let first = *known.entry(path.to_owned()).or_insert(found);
    if first == found {
        return Ok((bytes, found));
    }
    Err(Fault::new(&BACKBONE_CHANGED).arg("path", path.display()).at(file.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert;

    const PICTURES: &str = "[project]\nname = \"x\"\ntask = \"image.classify\"\ntarget = \"label\"\n\
         [[source]]\nname = \"a\"\nuri = \"a\"\nformat = \"images\"\n[train]\nbackbone = ";

    #[test]
    fn files_are_known_by_their_content_and_may_not_change_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "{PICTURES}{{ file = \"nets/one.onnx\", features = \"f\", crop = 32, std = [1, 1, 1] }}\n"
        );
        let project = crate::project::project(folder.path(), &text);
        let backbone = project.recipe().backbone();
        let own = backbone.own().unwrap();
        let told = identity(&project, own).unwrap_err();
        assert_eq!(told.key_path(), Some("train.backbone.file"));
        let file = folder.path().join("nets/one.onnx");
        std::fs::create_dir(folder.path().join("nets")).unwrap();
        atomic::write(&file, b"one").unwrap();
        let known = identity(&project, own).unwrap();
        assert_eq!(known, BTreeMap::from([("backbone".to_owned(), Digest::of(b"one"))]));
        assert!(title(&project).unwrap().starts_with("one.onnx (SHA-256 "));
        atomic::write(&file, b"two").unwrap();
        assert_eq!(identity(&project, own).unwrap(), known);
        let told = read(&project, &graph(own)).unwrap_err();
        assert_eq!(told.code(), "pipeline-backbone-changed");
        let pixels = pixels(&project);
        let expected =
            Preprocess { resize: 36, crop: 32, deviation: [1.0; 3], ..Preprocess::IMAGENET };
        assert_eq!(pixels, expected);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{PICTURES}{{ file = \"one.onnx\", features = \"f\" }}\n");
        let project = crate::project::project(folder.path(), &text);
        let path = folder.path().join("one.onnx");
        atomic::write(&path, b"").unwrap();
        // A file with a hole: it takes no place.
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(Limits::default().bytes as u64 + 1).unwrap();
        let backbone = project.recipe().backbone();
        let told = identity(&project, backbone.own().unwrap()).unwrap_err();
        assert_eq!(told.key_path(), Some("train.backbone.file"));
    }

    #[test]
    fn a_published_backbone_is_prepared_for_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let project =
            crate::project::project(folder.path(), &format!("{PICTURES}\"mobilenet-v2\"\n"));
        assert_eq!(pixels(&project), Preprocess::IMAGENET);
        assert_eq!(title(&project).unwrap(), "MobileNetV2");
        assert_eq!(convert::head(project.recipe(), 7, title(&project).unwrap()).width, 7);
    }
}
