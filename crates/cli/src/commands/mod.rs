//! One file a command family: arguments to a room's call, its answer to text or JSON.

pub(crate) mod bench;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod package;
pub(crate) mod plan;
pub(crate) mod predict;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod serve;

use crate::Context;
use ingot_base::{Fault, Result, SystemClock};
use ingot_pipeline::{LoadError, Source};
use ingot_seal::{Identity, Package, PublicKey};
use std::path::{Path, PathBuf};

/// Where the machine's time comes from.
pub(crate) static CLOCK: SystemClock = SystemClock;

/// Most bytes a key file may have.
const KEY_LIMIT: u64 = 1 << 16;

/// Reads a recipe; its faults are shown one by one before the summarising one is returned.
pub(crate) fn load(context: &Context, path: &Path) -> Result<Source> {
    Source::load(path).map_err(|error| match error {
        LoadError::File(fault) => fault,
        LoadError::Recipe(faults, summary) => {
            if !context.json {
                for fault in &faults {
                    crate::err(&fault.render(context.lang, false));
                }
            }
            summary
        }
    })
}

/// Shows where in the recipe a stage's failure comes from.
pub(crate) fn point_at(context: &Context, source: &Source, fault: &Fault) {
    let Some(key) = fault.key_path() else { return };
    if context.json {
        return;
    }
    if let Some(span) = ingot_recipe::locate(&source.text, key) {
        let line = source.text.lines().nth(span.line.saturating_sub(1)).unwrap_or_default();
        crate::err(&format!(
            "  --> {}:{}:{} ({key})\n   | {}",
            source.path.display(),
            span.line,
            span.column,
            line.trim_end()
        ));
    }
}

/// The keys trusted to sign packages: those named, else the project's own.
pub(crate) fn trusted(context: &Context, named: &[PathBuf]) -> Result<Vec<PublicKey>> {
    let own = [context.project.join("keys/signing.pub")];
    let paths = if named.is_empty() { &own } else { named };
    paths
        .iter()
        .map(|path| {
            let bytes = ingot_base::atomic::read(path, KEY_LIMIT)?;
            PublicKey::from_pem(&String::from_utf8_lossy(&bytes))
        })
        .collect()
}

/// The identity that decrypts payloads: the one named, else the project's own.
pub(crate) fn identity(context: &Context, named: Option<&PathBuf>) -> Result<Identity> {
    let own = context.project.join("keys/identity.txt");
    Identity::read(named.unwrap_or(&own))
}

/// A package that passed verification now.
pub(crate) fn verified(context: &Context, path: &Path, keys: &[PathBuf]) -> Result<Package> {
    use ingot_base::Clock as _;
    let package = Package::read(path)?;
    package.verify(&trusted(context, keys)?, CLOCK.now_ms())?;
    Ok(package)
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
