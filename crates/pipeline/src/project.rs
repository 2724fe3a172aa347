//! A recipe with everything its stages need around it: folders, keys, clock, reporter.

use crate::hierarchies::Known;
use crate::messages::{
    KEYS_GONE, KEYS_MADE, KEYS_NOT_ROOT, RECIPE_ENCODING, RECIPE_INVALID, RECIPE_MISSING,
};
use crate::store::{Stage, Store};
use crate::{backbones, erase, reidentify, stats};
use ingot_base::{Clock, Fault, Lang, Reporter, Result, atomic};
use ingot_recipe::{Diagnostic, Recipe};
use ingot_seal::{Keyring, Rotation};
use ingot_train::group::{Alone, Group};
use std::path::{Path, PathBuf};

/// The folder of the stages' work.
const STORE: &str = ".ingot";
/// What else a project keeps that its keys sign or hash.
const KEYED: &[&str] = &[erase::FOLDER, reidentify::AUDIT, stats::LEDGER];
/// Most bytes a recipe may have.
const RECIPE_LIMIT: u64 = 1 << 20;

/// Why a recipe could not be loaded: the file itself, or its faults one by one.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    File(Fault),
    /// The recipe's faults, all of them, and the summarising one.
    Recipe(Vec<Diagnostic>, Fault),
}

/// A valid recipe and where its files are.
#[derive(Debug)]
pub struct Source {
    /// The recipe.
    pub recipe: Recipe,
    /// Its text, to show the line at fault.
    pub text: String,
    /// The file's name as the user gave it.
    pub path: PathBuf,
}

impl Source {
    /// Reads and checks a recipe file.
    ///
    /// # Errors
    /// When the file cannot be read, or with all faults of the recipe.
    pub fn load(path: &Path) -> std::result::Result<Self, LoadError> {
        let name = path.display().to_string();
        let unreadable = |message| LoadError::File(Fault::new(message).arg("path", &name));
        if !path.exists() {
            return Err(unreadable(&RECIPE_MISSING));
        }
        let bytes = atomic::read(path, RECIPE_LIMIT).map_err(LoadError::File)?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable(&RECIPE_ENCODING))?;
        match ingot_recipe::parse(&name, &text) {
            Ok(recipe) => Ok(Self { recipe, text, path: path.to_owned() }),
            Err(faults) => {
                let summary =
                    Fault::new(&RECIPE_INVALID).arg("path", name).arg("count", faults.len());
                Err(LoadError::Recipe(faults, summary))
            }
        }
    }

    /// The folder that source paths are relative to: the recipe's own.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

/// Everything a run needs.
pub struct Project<'a> {
    /// The recipe.
    pub source: Source,
    /// Where `.ingot`, `keys` and `dist` are.
    pub root: PathBuf,
    /// The project's keys.
    pub keyring: Keyring,
    /// Stage records and artifacts.
    pub store: Store,
    /// The present.
    pub clock: &'a dyn Clock,
    /// Who hears of progress.
    pub reporter: &'a dyn Reporter,
    /// The language that reports open in.
    pub lang: Lang,
    /// The processes that train together; this one alone unless it was [told otherwise](Self::together).
    pub group: &'a dyn Group,
    /// Files of hierarchies, as they were when they were first read.
    pub(crate) hierarchies: Known,
    /// Files of a backbone of the user's, as they were when they were first read.
    pub(crate) backbones: backbones::Known,
}

impl std::fmt::Debug for Project<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project")
            .field("root", &self.root)
            .field("recipe", &self.source.path)
            .finish_non_exhaustive()
    }
}

/// The keys in `folder`, made when the project in `root` has none and nothing in it was made with others.
///
/// # Errors
/// When they cannot be read or made, or are gone while what was made with them is still there.
pub fn keys(root: &Path, folder: &Path) -> Result<Keyring> {
    opened(root, folder, Keyring::create)
}

/// The keys in `folder`; where there are none those of `new`, unless others made what the project holds: new ones would give every person
/// another pseudonym, read nothing of it, and know nobody who was erased.
fn opened(
    root: &Path,
    folder: &Path,
    new: impl FnOnce(&Path) -> Result<Keyring>,
) -> Result<Keyring> {
    if folder.exists() {
        let keyring = Keyring::open(folder)?;
        suits(root, folder, &keyring)?;
        return Ok(keyring);
    }
    let stages = Stage::ALL.iter().map(|stage| Path::new(STORE).join(stage.as_str()));
    let mut made = stages.chain(KEYED.iter().map(PathBuf::from));
    match made.find(|made| root.join(made).exists()) {
        Some(made) => {
            Err(Fault::new(&KEYS_GONE).arg("path", folder.display()).arg("made", made.display()))
        }
        None => new(folder),
    }
}

/// Replaces the master key in `folder`, of the project in `root`.
///
/// # Errors
/// When the keys cannot be read or written, or did not make what the project holds: a lost `data.key` must not be given up for ever.
pub fn rotate(root: &Path, folder: &Path) -> Result<Rotation> {
    suits(root, folder, &Keyring::open(folder)?)?;
    Keyring::rotate(folder)
}

/// Refuses a master key that is taken for the root (there is no `data.key`) where the project's work was made with another root.
fn suits(root: &Path, folder: &Path, keyring: &Keyring) -> Result<()> {
    if keyring.is_enveloped() {
        return Ok(());
    }
    let refused = |made: PathBuf| {
        Fault::new(&KEYS_NOT_ROOT)
            .arg("path", folder.join("data.key").display())
            .arg("made", made.display())
    };
    let records = Store::new(root.join(STORE), keyring.derive("stage records", 32));
    match records.made_with_these_keys()? {
        Some(true) => return Ok(()),
        Some(false) => return Err(refused(STORE.into())),
        None => {}
    }
    // Without records the chains tell.
    erase::listed(root, keyring).map_err(|fault| refused(erase::FOLDER.into()).because(fault))?;
    let budget = stats::ledger(root, keyring).entries().map(drop);
    budget.map_err(|fault| refused(stats::LEDGER.into()).because(fault))
}

impl<'a> Project<'a> {
    /// Opens the project in `root`; keys are made when there are none yet.
    ///
    /// # Errors
    /// When the keys cannot be read or made.
    pub fn open(
        source: Source,
        root: &Path,
        clock: &'a dyn Clock,
        reporter: &'a dyn Reporter,
    ) -> Result<Self> {
        let folder = root.join(&source.recipe.seal.keys);
        let made = !folder.exists();
        let keyring = keys(root, &folder)?;
        if made {
            reporter.warn(&Fault::new(&KEYS_MADE).arg("path", folder.display()));
        }
        Ok(Self::with(keyring, source, root, clock, reporter))
    }

    /// Opens the project to look at it: nothing is written, and where there are no keys yet those of this moment do.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn look(
        source: Source,
        root: &Path,
        clock: &'a dyn Clock,
        reporter: &'a dyn Reporter,
    ) -> Result<Self> {
        let folder = root.join(&source.recipe.seal.keys);
        let keyring = opened(root, &folder, |_| Keyring::unsaved())?;
        Ok(Self::with(keyring, source, root, clock, reporter))
    }

    fn with(
        keyring: Keyring,
        source: Source,
        root: &Path,
        clock: &'a dyn Clock,
        reporter: &'a dyn Reporter,
    ) -> Self {
        let records = keyring.derive("stage records", 32);
        Self {
            source,
            root: root.to_owned(),
            keyring,
            store: Store::new(root.join(STORE), records),
            clock,
            reporter,
            lang: Lang::En,
            group: &Alone,
            hierarchies: Known::default(),
            backbones: backbones::Known::default(),
        }
    }

    /// The project, its reports opening in this language.
    #[must_use]
    pub fn speaking(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
    }

    /// The project, its models trained by the processes of a group.
    #[must_use]
    pub fn together(mut self, group: &'a dyn Group) -> Self {
        self.group = group;
        self
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.source.recipe
    }

    /// The sealed package's path, `dist/NAME-VERSION.ingot`.
    pub fn package_path(&self) -> PathBuf {
        let project = &self.recipe().project;
        self.root.join("dist").join(format!("{}-{}.ingot", project.name, project.version))
    }

    /// Where reports are put for people, `dist/NAME-VERSION-reports`.
    pub fn reports_path(&self) -> PathBuf {
        let project = &self.recipe().project;
        self.root.join("dist").join(format!("{}-{}-reports", project.name, project.version))
    }
}

/// A project of a recipe in a folder, for tests.
#[cfg(test)]
pub(crate) fn project(folder: &Path, text: &str) -> Project<'static> {
    let recipe = ingot_recipe::parse("ingot.toml", text).map_err(|faults| faults.len()).unwrap();
    let source = Source { recipe, text: text.to_owned(), path: folder.join("ingot.toml") };
    Project::open(source, folder, &ingot_base::SystemClock, &ingot_base::Silent).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys as they were before a folder remembered that it has a `data.key`, and that file is lost.
    fn lose_data_key(keys: &Path) {
        let path = keys.join("identity.txt");
        let text = std::fs::read_to_string(&path).unwrap();
        let rest: Vec<&str> = text.lines().filter(|line| !line.contains("data.key")).collect();
        atomic::write_private(&path, rest.join("\n").as_bytes()).unwrap();
        std::fs::remove_file(keys.join("data.key")).unwrap();
    }

    #[test]
    fn a_lost_data_key_is_told_by_what_was_made_with_it() {
        const RECIPE: &str = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
        for erased in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let project = project(folder.path(), RECIPE);
            let rows = b"id,y\nP0001,1\nP0002,0\nP0003,1\n";
            atomic::write(&folder.path().join("a.csv"), rows).unwrap();
            crate::run(&project, Stage::Clean).unwrap();
            if erased {
                let value = ingot_base::Personal::new("P0001".to_owned());
                let subject = crate::Subject { column: Some("id".to_owned()), value };
                crate::erase(&project, &subject).unwrap();
                std::fs::remove_dir_all(folder.path().join(STORE)).unwrap();
            }
            let keys = folder.path().join("keys");
            lose_data_key(&keys);
            let master = std::fs::read(keys.join("master.key")).unwrap();
            let code = |fault: Fault| fault.code();
            assert_eq!(
                super::keys(folder.path(), &keys).map(drop).map_err(code),
                Err("pipeline-keys-not-root")
            );
            assert_eq!(rotate(folder.path(), &keys).map_err(code), Err("pipeline-keys-not-root"));
            assert_eq!(std::fs::read(keys.join("master.key")).unwrap(), master);
        }
        // Keys of an earlier version and what they made belong together.
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        Keyring::create(&keys).unwrap();
        lose_data_key(&keys);
        let project = project(folder.path(), RECIPE);
        atomic::write(&folder.path().join("a.csv"), b"id,y\nP0001,1\nP0002,0\n").unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        super::keys(folder.path(), &keys).unwrap();
        assert_eq!(rotate(folder.path(), &keys).unwrap(), Rotation::OldKeyOpens);
    }

    #[test]
    fn a_recipe_that_is_not_there_or_no_utf8_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ingot.toml");
        let code = || match Source::load(&path) {
            Err(LoadError::File(fault)) => fault.code(),
            _ => "loaded",
        };
        assert_eq!(code(), "pipeline-recipe-missing");
        // 名 in GB18030.
        atomic::write(&path, b"# \xc3\xfb\n").unwrap();
        assert_eq!(code(), "pipeline-recipe-encoding");
    }
}
