//! A folder of pictures as a table: one row a file, told by its place, its class (the folder it stands in), its size and its
//! content. The pixels stay where they are; whoever learns from them reads the file that the row names and checks its digest.

use crate::config::{Format, SourceConfig};
use crate::messages::{
    IMAGE_MISSING, IMAGE_OUTSIDE, IMAGE_UNREAD, IMAGES_NONE, IMAGES_PASSED, IMAGES_REMOTE,
};
use crate::source::local;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use ingot_base::{Digest, Fault, Lang, Result, Text, atomic, fault};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The file, relative to the source's folder, with `/` between folders.
pub const IMAGE: &str = "image";
/// The name of the folder that the file stands in; missing for a file at the top.
pub const LABEL: &str = "label";
/// Content digest.
pub const DIGEST: &str = "digest";

/// Names that end so are pictures.
const ENDINGS: &[&str] = &["jpg", "jpeg", "png", "webp"];
/// Names that end so are pictures that cannot be read here.
const OTHERS: &[&str] = &[
    "avif", "bmp", "dcm", "dicom", "gif", "heic", "heif", "jfif", "jp2", "jxl", "nii", "svg",
    "tif", "tiff",
];
/// Most bytes of the table of a folder.
const TABLE_LIMIT: u64 = 1 << 32;
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

/// What a folder of pictures holds.
#[derive(Debug, Default)]
struct Listing {
    pictures: Vec<PathBuf>,
    /// What looks like a picture and is none for this program, by kind in English and Chinese: an ending, or what else it is.
    passed: BTreeMap<(String, &'static str), u64>,
}

impl Listing {
    /// The pictures of a folder, sorted by path.
    fn of(folder: &Path) -> Result<Self> {
        let unreadable =
            |error| Fault::new(&fault::FILE_READ).arg("path", folder.display()).because(error);
        let mut listing = Self::default();
        let root = folder.canonicalize().map_err(unreadable)?;
        listing.walk(&root, folder, DEPTH).map_err(unreadable)?;
        listing.pictures.sort();
        Ok(listing)
    }

    fn walk(&mut self, root: &Path, folder: &Path, depth: usize) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let hidden =
                path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if depth > 0 {
                    self.walk(root, &path, depth - 1)?;
                }
            } else {
                self.take(root, path, kind.is_symlink());
            }
        }
        Ok(())
    }

    fn take(&mut self, root: &Path, path: PathBuf, link: bool) {
        let ending = ending(&path);
        let known = ENDINGS.contains(&ending.as_str());
        // A link may lead anywhere, a link to a folder round in a circle; who opens a pipe waits for its writer.
        let target = if link { path.canonicalize().ok() } else { None };
        let outside = link && target.is_none_or(|target| !target.starts_with(root));
        if known && outside {
            self.pass("link out of the folder".to_owned(), "指向文件夹外的链接");
        } else if known && !path.is_file() {
            self.pass("no regular file".to_owned(), "非普通文件");
        } else if known {
            self.pictures.push(path);
        } else if OTHERS.contains(&ending.as_str()) {
            self.pass(format!(".{ending}"), "");
        } else if link && path.is_dir() {
            self.pass("link to a folder".to_owned(), "指向文件夹的链接");
        }
    }

    fn pass(&mut self, kind: String, zh: &'static str) {
        *self.passed.entry((kind, zh)).or_default() += 1;
    }

    /// What was passed over, for a message; `None` when nothing was.
    fn told(&self) -> Option<Fault> {
        let told = |lang: Lang| {
            let one = |((kind, zh), count): (&(String, &'static str), &u64)| match lang {
                Lang::Zh if !zh.is_empty() => format!("{zh} × {count}"),
                _ => format!("{kind} × {count}"),
            };
            self.passed.iter().map(one).collect::<Vec<_>>()
        };
        (!self.passed.is_empty()).then(|| {
            let list = Text::new(told(Lang::En).join(", "), told(Lang::Zh).join("、"));
            let count: u64 = self.passed.values().sum();
            Fault::new(&IMAGES_PASSED).arg("count", count).words("list", list)
        })
    }
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_ascii_lowercase()
}

/// What was passed over in a source that is a folder of pictures.
pub(crate) fn passed(base_dir: &Path, source: &SourceConfig) -> Option<Fault> {
    let folder = local(base_dir, &source.uri).filter(|_| source.format == Some(Format::Images))?;
    let told = Listing::of(&folder).ok()?.told()?;
    Some(told.arg("source", &source.name))
}

/// Writes the table of a folder's pictures, sorted by path, as JSON lines into `copies`; hidden files are passed over. What the
/// table says is what the source is: a picture that moves to another class changes it.
pub(crate) fn index(folder: &Path, source: &SourceConfig, copies: &Path) -> Result<PathBuf> {
    let found = some(folder, &source.name, &source.uri)?;
    let mut lines = String::new();
    for file in &found {
        lines.push_str(&row(folder, file)?.to_string());
        lines.push('\n');
    }
    let target = copies.join(format!("{}-images.jsonl", Digest::of(source.name.as_bytes()).hex()));
    atomic::write_private(&target, lines.as_bytes())?;
    Ok(target)
}

/// What of a folder of pictures is passed over, as a warning.
pub fn pictures_passed(folder: &Path) -> Option<Fault> {
    let told = Listing::of(folder).ok()?.told()?;
    Some(told.arg("source", crate::infer::name(folder)))
}

/// The pictures of a folder, at least one.
fn some(folder: &Path, source: &str, uri: &str) -> Result<Vec<PathBuf>> {
    let listing = Listing::of(folder)?;
    if listing.pictures.is_empty() {
        let none = listing.told().unwrap_or_else(|| Fault::new(&IMAGES_NONE));
        return Err(none.arg("source", source).arg("uri", uri));
    }
    Ok(listing.pictures)
}

/// The pictures of a folder as its table names them, in its order.
///
/// # Errors
/// When the folder cannot be read, or has none.
pub fn pictures(folder: &Path) -> Result<Vec<String>> {
    let uri = folder.display().to_string();
    let found = some(folder, &crate::infer::name(folder), &uri)?;
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

/// How many pictures of a written table stand in the folders of more than one class.
pub(crate) fn in_two_classes(table: &Path) -> Result<usize> {
    let text = atomic::read(table, TABLE_LIMIT)?;
    let mut classes: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let row: serde_json::Value = serde_json::from_slice(line)
            .map_err(|error| fault::internal("a table of pictures").because(error))?;
        let cell = |name: &str| row.get(name).and_then(|cell| cell.as_str()).map(str::to_owned);
        classes.entry(cell(DIGEST).unwrap_or_default()).or_default().insert(cell(LABEL));
    }
    Ok(classes.values().filter(|labels| labels.len() > 1).count())
}

/// Where a row's picture is, beside the table or in the folder that `uri` names.
///
/// # Errors
/// When the source is on no disk of this machine, and as [`picture_file`].
pub fn image_path(base_dir: &Path, uri: &str, place: &str) -> Result<PathBuf> {
    let root = local(base_dir, uri);
    let folder =
        root.as_deref().and_then(|root| if root.is_dir() { Some(root) } else { root.parent() });
    let folder = folder.ok_or_else(|| Fault::new(&IMAGES_REMOTE).arg("source", uri))?;
    picture_file(folder, place)
}

/// The file of a picture within a folder. Links are followed, as long as they stay in it.
///
/// # Errors
/// When the file is missing or no regular one, or its path or a link leads out of the folder.
pub fn picture_file(folder: &Path, place: &str) -> Result<PathBuf> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if place.is_empty() {
        return Err(Fault::new(&IMAGE_MISSING));
    }
    if !Path::new(place).components().all(inside) {
        return Err(Fault::new(&IMAGE_OUTSIDE));
    }
    let missing = |error: std::io::Error| Fault::new(&IMAGE_MISSING).because(error);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = folder.canonicalize().map_err(missing)?;
    let file = folder.join(place).canonicalize().map_err(missing)?;
    if !file.starts_with(root) {
        return Err(Fault::new(&IMAGE_OUTSIDE));
    }
    if file.is_file() { Ok(file) } else { Err(Fault::new(&IMAGE_UNREAD)) }
}

/// What is in a picture's file.
///
/// # Errors
/// When it cannot be read, or has more bytes than `limit`.
pub fn picture_bytes(file: &Path, limit: u64) -> Result<Vec<u8>> {
    atomic::read(file, limit).map_err(|fault| Fault::new(&IMAGE_UNREAD).because(fault.to_string()))
}

/// A digest as tables have it: hexadecimal in either case, with or without `sha256:` before it.
pub fn written_digest(text: &str) -> Option<Digest> {
    let text = text.trim().to_ascii_lowercase();
    Digest::parse(&format!("sha256:{}", text.strip_prefix("sha256:").unwrap_or(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_picture_in_two_classes_is_counted() {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes) in
            [("a/1.png", HEADER), ("b/1.png", HEADER), ("b/2.png", HEADER), ("b/3.png", b"-")]
        {
            std::fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            atomic::write(&root.path().join(name), bytes).unwrap();
        }
        let copies = tempfile::tempdir().unwrap();
        let table = index(root.path(), &source("x"), copies.path()).unwrap();
        assert_eq!(in_two_classes(&table).unwrap(), 1);
    }

    #[test]
    fn what_is_no_picture_here_is_told_and_nothing_leads_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("photos/cat")).unwrap();
        atomic::write(&at("outside.png"), HEADER).unwrap();
        for name in ["scan.tif", "scan.DCM", "more.dcm", "notes.txt"] {
            atomic::write(&at("photos/cat").join(name), b"-").unwrap();
        }
        let fault = index(&at("photos"), &source("photos"), root.path()).unwrap_err();
        assert_eq!(fault.code(), "data-images-passed");
        let told = fault.render(Lang::En);
        assert!(told.contains(".dcm × 2, .tif × 1") && !told.contains("txt"), "{told}");

        atomic::write(&at("photos/cat/1.png"), HEADER).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("outside.png"), at("photos/cat/2.png")).unwrap();
            std::os::unix::fs::symlink("1.png", at("photos/cat/3.png")).unwrap();
            std::os::unix::fs::symlink(".", at("photos/again")).unwrap();
            let pipe = std::process::Command::new("mkfifo").arg(at("photos/cat/4.png")).status();
            assert!(pipe.unwrap().success());
            assert_eq!(pictures(&at("photos")).unwrap(), ["cat/1.png", "cat/3.png"]);
            let told = passed(root.path(), &source("photos")).unwrap();
            let told = told.render(Lang::Zh);
            for kind in ["指向文件夹外的链接", "指向文件夹的链接", "非普通文件", ".tif"]
            {
                assert!(told.contains(&format!("{kind} × 1")), "{told}");
            }
        }
    }

    #[test]
    fn an_empty_folder_is_told_as_such() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(pictures(root.path()).unwrap_err().code(), "data-images-none");
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
        let folder = root.path().join("photos");
        for file in ["photos/cat/1.png", "photos/1.png", "1.png"] {
            atomic::write(&root.path().join(file), HEADER).unwrap();
        }
        let at = |place| {
            let found = image_path(&folder, ".", place);
            found.map_err(|fault| fault.code())
        };
        let real = |file: &str| Ok(folder.canonicalize().unwrap().join(file));
        assert_eq!(at("cat/1.png"), real("cat/1.png"));
        assert_eq!(at("./cat/1.png"), real("cat/1.png"));
        assert_eq!(at("../1.png"), Err("data-image-outside"));
        assert_eq!(at("/etc/passwd"), Err("data-image-outside"));
        assert_eq!(at("2.png"), Err("data-image-missing"));
        assert_eq!(at("cat"), Err("data-image-unread"));
        let found = image_path(&folder, "list.csv", "1.png");
        assert_eq!(found.unwrap(), real("1.png").unwrap(), "a table's pictures stand beside it");
        let remote = image_path(&folder, "s3://bucket/list.csv", "1.png").unwrap_err();
        assert_eq!(remote.code(), "data-images-remote");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("1.png"), folder.join("out.png")).unwrap();
            std::os::unix::fs::symlink("cat/1.png", folder.join("in.png")).unwrap();
            std::os::unix::fs::symlink(root.path(), folder.join("up")).unwrap();
            assert_eq!(at("out.png"), Err("data-image-outside"));
            assert_eq!(at("up/1.png"), Err("data-image-outside"));
            assert_eq!(at("in.png"), real("cat/1.png"));
        }
    }

    #[test]
    fn a_digest_is_read_in_either_case_with_or_without_its_kind() {
        let known = Digest::of(HEADER);
        let hex = known.hex();
        let forms =
            [hex.clone(), hex.to_uppercase(), format!("sha256:{hex}"), format!(" SHA256:{hex}")];
        assert!(forms.iter().all(|form| written_digest(form) == Some(known)));
        assert_eq!(written_digest(hex.get(1..).unwrap()), None);
    }
}
