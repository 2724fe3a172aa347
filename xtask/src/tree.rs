//! The files of the repository.

use crate::Fallible;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root folder. Cargo tells it to what it runs; the folder of compiling may be that of another clone which shares
/// its target folder with this one.
pub(crate) fn root() -> PathBuf {
    let folder =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&folder).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Every file that git tracks or would track, relative to the root, sorted.
pub(crate) fn files() -> Fallible<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut files: Vec<String> = String::from_utf8(output.stdout)?
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file's text; `None` when it is not text.
pub(crate) fn text(path: &str) -> Fallible<Option<String>> {
    let bytes = std::fs::read(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
}

/// The folders of all crates with a manifest, relative to the root: `crates/base`, …, `xtask`.
pub(crate) fn crates() -> Fallible<Vec<String>> {
    Ok(files()?
        .iter()
        .filter_map(|path| path.strip_suffix("/Cargo.toml"))
        .filter(|folder| folder.starts_with("crates/") || *folder == "xtask")
        .map(str::to_owned)
        .collect())
}

/// Writes the text, or in check mode demands that the file already holds it.
pub(crate) fn publish(path: &str, text: &str, check: bool) -> Fallible<String> {
    let known = self::text(path).ok().flatten();
    if known.as_deref() == Some(text) {
        return Ok(format!("{path} is up to date"));
    }
    if check {
        return Err(format!("{path} is not up to date: run `make docs`").into());
    }
    ingot_base::atomic::write(&root().join(path), text.as_bytes())?;
    Ok(format!("{path} written"))
}
