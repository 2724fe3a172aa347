//! Tools nobody here wrote. Where the test tools are set up (`INGOT_TEST_TOOLS=required`) a missing one fails the test;
//! elsewhere its check is left out with a word.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A command for the tool, or `None` when it is not here and need not be.
pub(crate) fn tool(name: &str) -> Option<Command> {
    let own = std::env::var_os("INGOT_TEST_VENV").map(|folder| Path::new(&folder).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let found = own
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        assert_ne!(
            std::env::var("INGOT_TEST_TOOLS").as_deref(),
            Ok("required"),
            "`{name}` is missing; run scripts/test-tools.sh"
        );
        println!("`{name}` is not on this machine: its check is left out");
    }
    found.map(Command::new)
}

/// Runs to the end and demands success.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// This crate's folder in the clone that runs the test; the one that compiled it may be another.
pub(crate) fn crate_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap().into()
}

/// Compares files with those under `tests/it/golden/NAME`; `INGOT_BLESS=1` writes them instead.
pub(crate) fn golden(name: &str, files: &[(String, String)]) {
    let folder = crate_folder().join("tests/it/golden").join(name);
    if std::env::var_os("INGOT_BLESS").is_some() {
        ingot_deploy::write(&folder, files).unwrap();
    }
    for (file, text) in files {
        let path = folder.join(file);
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(&known, text, "{} differs; INGOT_BLESS=1 accepts", path.display());
    }
    let listed = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(listed, files.len(), "a golden file that nothing writes any more");
}
