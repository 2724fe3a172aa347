//! A folder of pictures as a table: one row a file, told by its place, its class (the folder it stands in), its size and its
//! content. The pixels stay where they are; whoever learns from them reads the file that the row names and checks its digest.

use crate::config::SourceConfig;
use crate::messages::SOURCE_MISSING;
use crate::source::local;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::{Digest, Fault, Result, atomic, fault};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file, relative to the source's folder, with `/` between folders.
pub const IMAGE: &str = "image";
/// The name of the folder that the file stands in; missing for a file at the top.
pub const LABEL: &str = "label";
/// Content digest.
pub const DIGEST: &str = "digest";

/// Names that end so are pictures.
const ENDINGS: &[&str] = &["jpg", "jpeg", "png", "webp"];
/// Folders within folders at most.
const DEPTH: usize = 8;

/// The columns of every folder of pictures.
pub(crate) fn schema() -> SchemaRef {
    let field = |name, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        field(IMAGE, DataType::Utf8),
        field(LABEL, DataType::Utf8),
        field("width", DataType::Int64),
        field("height", DataType::Int64),
        field("bytes", DataType::Int64),
        field(DIGEST, DataType::Utf8),
    ]))
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, found)?;
            }
        } else if is_picture(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Writes the table of a folder's pictures, sorted by path, as JSON lines into `copies`; hidden files are passed over. What the
/// table says is what the source is: a picture that moves to another class changes it.
pub(crate) fn index(folder: &Path, source: &SourceConfig, copies: &Path) -> Result<PathBuf> {
    let found = list(folder)?;
    if found.is_empty() {
        return Err(Fault::new(&SOURCE_MISSING)
            .arg("source", &source.name)
            .arg("uri", &source.uri));
    }
    let mut lines = String::new();
    for file in &found {
        lines.push_str(&row(folder, file)?.to_string());
        lines.push('\n');
    }
    let target = copies.join(format!("{}-images.jsonl", Digest::of(source.name.as_bytes()).hex()));
    atomic::write_private(&target, lines.as_bytes())?;
    Ok(target)
}

/// The pictures of a folder, sorted by path.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(folder, DEPTH, &mut found).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", folder.display()).because(error)
    })?;
    found.sort();
    Ok(found)
}

/// The pictures of a folder as its table names them, in its order.
///
/// # Errors
/// When the folder cannot be read, or has none.
pub fn pictures(folder: &Path) -> Result<Vec<String>> {
    let found = list(folder)?;
    if found.is_empty() {
        let name = crate::infer::name(folder);
        return Err(Fault::new(&SOURCE_MISSING).arg("source", name).arg("uri", folder.display()));
    }
    Ok(found.iter().map(|file| place(folder, file).join("/")).collect())
}

/// A file's path within a folder, part by part.
fn place(folder: &Path, file: &Path) -> Vec<String> {
    let place = file.strip_prefix(folder).unwrap_or(file);
    place.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

fn row(folder: &Path, file: &Path) -> Result<serde_json::Value> {
    let parts = place(folder, file);
    let label = parts.len().checked_sub(2).and_then(|parent| parts.get(parent));
    let bytes = std::fs::metadata(file).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", file.display()).because(error)
    })?;
    // A header that says nothing leaves the size open: the reader of the pixels will refuse the row by its number.
    let size = imagesize::size(file).ok();
    Ok(serde_json::json!({
        (IMAGE): parts.join("/"),
        (LABEL): label,
        "width": size.map(|size| size.width),
        "height": size.map(|size| size.height),
        "bytes": bytes.len(),
        (DIGEST): Digest::of_file(file)?,
    }))
}

/// Where a row's picture is. A place that leads out of the source's folder is none.
pub fn image_path(base_dir: &Path, uri: &str, place: &str) -> Option<PathBuf> {
    let root = local(base_dir, uri)?;
    let folder = if root.is_dir() { root } else { root.parent()?.to_owned() };
    let inside =
        Path::new(place).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| folder.join(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A PNG header of 3 × 2 pixels; its pixels are missing.
    const HEADER: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

    fn source(uri: &str) -> SourceConfig {
        SourceConfig {
            name: "photos".into(),
            uri: uri.into(),
            weight: 1.0,
            query: None,
            format: Some(crate::Format::Images),
            encoding: None,
            rename: BTreeMap::new(),
            identities: BTreeMap::new(),
            named: None,
        }
    }

    #[test]
    fn a_picture_is_a_row_with_its_folder_as_class() {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes) in
            [("cat/1.PNG", HEADER), ("dog/2.jpg", b"no picture"), (".x/3.png", HEADER)]
        {
            std::fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            atomic::write(&root.path().join(name), bytes).unwrap();
        }
        atomic::write(&root.path().join("notes.txt"), b"-").unwrap();
        let copies = tempfile::tempdir().unwrap();
        let text =
            std::fs::read_to_string(index(root.path(), &source("x"), copies.path()).unwrap())
                .unwrap();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["image"], "cat/1.PNG");
        assert_eq!((&rows[0]["label"], &rows[0]["width"]), (&"cat".into(), &3.into()));
        assert_eq!(rows[0]["digest"], serde_json::json!(Digest::of(HEADER)));
        assert_eq!(
            (&rows[1]["label"], &rows[1]["height"]),
            (&"dog".into(), &serde_json::Value::Null)
        );
    }

    #[test]
    fn a_picture_of_another_class_is_another_source() {
        let root = tempfile::tempdir().unwrap();
        let digest = || crate::source_digests(root.path(), &[source("photos")]).unwrap();
        atomic::write(&root.path().join("photos/cat/1.png"), HEADER).unwrap();
        let before = digest();
        assert_eq!(digest(), before);
        std::fs::create_dir(root.path().join("photos/dog")).unwrap();
        let from = root.path().join("photos/cat/1.png");
        std::fs::hard_link(&from, root.path().join("photos/dog/1.png")).unwrap();
        std::fs::remove_file(from).unwrap();
        assert_ne!(digest(), before, "the same bytes in another folder");
        let remote = crate::source_digests(root.path(), &[source("s3://bucket/photos")]);
        assert_eq!(remote.unwrap_err().code(), "data-images-remote");
    }

    #[test]
    fn a_place_stays_in_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |place| image_path(root.path(), ".", place);
        assert_eq!(at("cat/1.png"), Some(root.path().join(".").join("cat/1.png")));
        assert_eq!(at("../1.png"), None);
        assert_eq!(at("/etc/passwd"), None);
        assert_eq!(
            image_path(root.path(), "list.csv", "1.png"),
            Some(root.path().join("1.png")),
            "a table's pictures stand beside it"
        );
    }
}
