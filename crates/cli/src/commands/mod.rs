//! One file a command family: arguments to a room's call, its answer to text or JSON.

pub(crate) mod bench;
mod bench_network;
pub(crate) mod cluster;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod pack;
pub(crate) mod package;
pub(crate) mod picture;
pub(crate) mod plan;
pub(crate) mod predict;
pub(crate) mod pull;
pub(crate) mod risk;
pub(crate) mod rotate;
pub(crate) mod run;
pub(crate) mod scan;
mod scored;
pub(crate) mod serve;
pub(crate) mod stats;

use crate::Context;
use ingot_base::{Fault, Result, SystemClock};
use ingot_pipeline::messages::RECIPE_INVALID;
use ingot_pipeline::{LoadError, Project, Source};
use ingot_recipe::Diagnostic;
use ingot_seal::{Identity, Package, PublicKey};
use std::path::{Path, PathBuf};

/// Where the machine's time comes from.
pub(crate) static CLOCK: SystemClock = SystemClock;

/// Where a project has the public half of its signing key.
const OWN_PUBLIC: &str = "keys/signing.pub";

/// Most bytes a key file may have.
const KEY_LIMIT: u64 = 1 << 16;

/// Why a command failed, with its places in the recipe.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Without a place.
    Plain(Fault),
    /// At a place of the recipe.
    Located(Box<Diagnostic>),
    /// All faults of the recipe, and the summarising one.
    Recipe(Vec<Diagnostic>, Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Plain(fault)
    }
}

impl Failure {
    /// The fault that decides the exit code.
    pub(crate) fn fault(&self) -> &Fault {
        match self {
            Self::Plain(fault) | Self::Recipe(_, fault) => fault,
            Self::Located(diagnostic) => diagnostic.fault(),
        }
    }
}

/// What a command that reads a recipe gives back.
pub(crate) type Outcome<T> = std::result::Result<T, Failure>;

/// Reads a recipe. Where there is none, the fault says how this command is told of another.
pub(crate) fn load(context: &Context, path: &Path) -> Outcome<Source> {
    Source::load(path).map_err(|error| match error {
        LoadError::File(fault) => Failure::Plain(fault.arg("way", context.way)),
        LoadError::Recipe(faults, summary) => Failure::Recipe(faults, summary),
    })
}

/// Refuses a recipe that names columns which no source has, all of them at once.
pub(crate) fn check_names(project: &Project<'_>) -> Outcome<()> {
    let faults = ingot_pipeline::check_names(project);
    if faults.is_empty() {
        return Ok(());
    }
    let summary = Fault::new(&RECIPE_INVALID)
        .arg("path", project.source.path.display())
        .arg("count", faults.len());
    Err(Failure::Recipe(faults, summary))
}

/// A stage's failure at the place in the recipe that it comes from.
pub(crate) fn located(source: &Source, fault: Fault) -> Failure {
    match Diagnostic::locate(&source.path.display().to_string(), &source.text, fault) {
        Ok(diagnostic) => Failure::Located(Box::new(diagnostic)),
        Err(fault) => Failure::Plain(fault),
    }
}

/// The keys trusted to sign packages: those named, else the project's own.
pub(crate) fn trusted(context: &Context, named: &[PathBuf]) -> Result<Vec<PublicKey>> {
    let own = [context.project.join(OWN_PUBLIC)];
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

/// A package to be looked at: verified where there is a key to do it with, otherwise with a word that it is not.
pub(crate) fn looked_at(context: &Context, path: &Path, keys: &[PathBuf]) -> Result<Package> {
    if !keys.is_empty() || context.project.join(OWN_PUBLIC).exists() {
        return verified(context, path, keys);
    }
    let package = Package::read(path)?;
    crate::err(context.say(
        "not verified: there is no keys/signing.pub here and no --public-key; what follows is what the package says of itself",
        "未验证：此处没有 keys/signing.pub，也未给出 --public-key；以下为模型包自述的内容",
    ));
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
