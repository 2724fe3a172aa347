//! Which package files are served, and when a newer one takes over.
//!
//! A file that was named is served as it is named, also when newer ones lie beside it: that is how one goes back a version. From
//! then on its own change, or a newer version that *appears* beside it, takes over. Of a folder the newest version of each
//! name is served. A package is read, verified and loaded before it is swapped in; a bad one is refused once and what was served stays.

use crate::app::App;
use crate::config::Event;
use crate::engine::{Loaded, Loader};
use crate::messages::{PACKAGE_TWICE, PACKAGES_NONE, PANIC};
use crate::model::{Model, Registry};
use crate::openapi;
use ingot_base::{Fault, Result};
use ingot_seal::Revocations;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::signal::unix::{Signal, SignalKind, signal};

const EXTENSION: &str = "ingot";

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    modified: Option<std::time::SystemTime>,
    size: u64,
    #[cfg(unix)]
    inode: u64,
}

/// One place that models come from.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    folder: bool,
    /// Files that lay beside a named file at the start: they do not take over.
    before: BTreeSet<(PathBuf, Stamp)>,
    /// What is served from here, by name.
    serving: BTreeMap<String, Serving>,
}

#[derive(Debug)]
struct Serving {
    path: PathBuf,
    stamp: Option<Stamp>,
    /// The list of revoked packages in its folder when that was last looked at.
    revocations: Option<Stamp>,
    model: Arc<Model>,
}

/// Looks after the packages.
pub(crate) struct Watcher {
    app: Arc<App>,
    loader: Arc<dyn Loader>,
    places: Vec<Place>,
    refused: BTreeSet<(PathBuf, Stamp)>,
    hangup: Option<Signal>,
}

impl Watcher {
    /// Loads what is named.
    pub(crate) async fn start(
        app: Arc<App>,
        paths: Vec<PathBuf>,
        loader: Arc<dyn Loader>,
    ) -> Result<Self> {
        let hangup = signal(SignalKind::hangup()).ok();
        let places = paths.iter().map(|path| Place::new(path)).collect();
        let mut watcher = Self { app, loader, places, refused: BTreeSet::new(), hangup };
        for index in 0..watcher.places.len() {
            for path in watcher.places.get(index).map(Place::first).unwrap_or_default() {
                let stamp = stamp(&path);
                let loaded = watcher.load(&path).await?;
                watcher.put(index, path, stamp, loaded)?;
            }
        }
        watcher.publish();
        if watcher.app.registry.load().models.is_empty() {
            let named: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Fault::new(&PACKAGES_NONE).arg("paths", named.join(", ")));
        }
        Ok(watcher)
    }

    /// Looks at the packages again and again, and at once on SIGHUP.
    pub(crate) async fn run(mut self) {
        loop {
            let pause = tokio::time::sleep(self.app.limits.reload_interval);
            match &mut self.hangup {
                Some(hangup) => tokio::select! {
                    () = pause => {}
                    _ = hangup.recv() => self.refused.clear(),
                },
                None => pause.await,
            }
            self.look().await;
        }
    }

    async fn look(&mut self) {
        self.look_for_revoked().await;
        for index in 0..self.places.len() {
            let candidates = self.places.get(index).map(Place::candidates).unwrap_or_default();
            for (path, stamp) in candidates {
                if self.refused.contains(&(path.clone(), stamp)) {
                    continue;
                }
                let swapped = match self.load(&path).await {
                    Ok(loaded) => self.put(index, path.clone(), Some(stamp), loaded),
                    Err(fault) => Err(fault),
                };
                match swapped {
                    Ok(()) => {
                        self.app.metrics.reloads.fetch_add(1, Relaxed);
                        self.publish();
                    }
                    Err(fault) => {
                        self.app.metrics.refused_packages.fetch_add(1, Relaxed);
                        self.app.observer.event(&Event::Refused { path: &path, fault: &fault });
                        self.refused.insert((path, stamp));
                    }
                }
            }
        }
    }

    /// Takes models out of service whose package was revoked since it was loaded.
    async fn look_for_revoked(&mut self) {
        let mut changed = Vec::new();
        for (index, place) in self.places.iter_mut().enumerate() {
            for (name, serving) in &mut place.serving {
                let list = stamp(&Revocations::path(&serving.path));
                if std::mem::replace(&mut serving.revocations, list) != list {
                    changed.push((index, name.clone(), serving.path.clone(), serving.stamp));
                }
            }
        }
        for (index, name, path, stamp) in changed {
            match self.load(&path).await {
                Err(fault) if fault.code() == "seal-revoked" => {
                    if let Some(place) = self.places.get_mut(index) {
                        place.serving.remove(&name);
                    }
                    self.publish();
                    self.app.metrics.refused_packages.fetch_add(1, Relaxed);
                    self.app.observer.event(&Event::Refused { path: &path, fault: &fault });
                    self.refused.extend(stamp.map(|stamp| (path, stamp)));
                }
                // Anything else is not about revocation: what is served stays, as with a bad new package.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Reads, verifies and loads off the request threads; a panic in there is a fault of the package.
    async fn load(&self, path: &Path) -> Result<Loaded> {
        let (loader, path) = (Arc::clone(&self.loader), path.to_owned());
        let task = tokio::task::spawn_blocking(move || loader.load(&path));
        task.await.unwrap_or_else(|_| Err(Fault::new(&PANIC)))
    }

    /// Notes what a place serves now.
    fn put(
        &mut self,
        index: usize,
        path: PathBuf,
        stamp: Option<Stamp>,
        loaded: Loaded,
    ) -> Result<()> {
        let name = loaded.name.clone();
        let elsewhere =
            |(place, other): (usize, &Place)| place != index && other.serving.contains_key(&name);
        if self.places.iter().enumerate().any(elsewhere) {
            return Err(Fault::new(&PACKAGE_TWICE).arg("name", name));
        }
        let model = Arc::new(Model::new(loaded, &self.app.limits, &self.app.metrics));
        self.app.observer.event(&Event::Loaded { model: &model.name, version: &model.version });
        if let Some(place) = self.places.get_mut(index) {
            if !place.folder {
                // A file may come back under another name.
                place.serving.clear();
            }
            // Not looked at since loading began: the next look compares.
            place.serving.insert(name, Serving { path, stamp, revocations: None, model });
        }
        Ok(())
    }

    /// Shows the new state to requests that begin from now on; those in flight keep theirs.
    fn publish(&self) {
        let models: Vec<Arc<Model>> = self
            .places
            .iter()
            .flat_map(|place| place.serving.values().map(|serving| Arc::clone(&serving.model)))
            .collect();
        let document = openapi::document(&models, &self.app.limits, self.app.guard_metrics);
        let openapi = document.to_string().into();
        self.app.registry.store(Arc::new(Registry { models, openapi }));
    }
}

impl Place {
    fn new(path: &Path) -> Self {
        let folder = path.is_dir() && !path.join("manifest.json").is_file();
        let mut place = Self {
            path: path.to_owned(),
            folder,
            before: BTreeSet::new(),
            serving: BTreeMap::new(),
        };
        place.before = place.beside().into_iter().collect();
        place
    }

    /// What is loaded at the start.
    fn first(&self) -> Vec<PathBuf> {
        if !self.folder {
            return vec![self.path.clone()];
        }
        let newest = newest(packages(&self.path));
        newest.into_values().map(|(_, path, _)| path).collect()
    }

    /// What should be loaded instead of what is served now.
    fn candidates(&self) -> Vec<(PathBuf, Stamp)> {
        if self.folder {
            let found = newest(packages(&self.path)).into_values();
            return found
                .map(|(_, path, stamp)| (path, stamp))
                .filter(|(path, stamp)| !self.serves(path, *stamp))
                .collect();
        }
        let Some(serving) = self.serving.values().next() else { return Vec::new() };
        let version = &*serving.model.version;
        let newer = self
            .beside()
            .into_iter()
            .filter(|found| !self.before.contains(found) && *found.0 != *serving.path)
            .filter_map(|(path, stamp)| {
                let (name, found) = split(&path)?;
                let takes_over =
                    name == *serving.model.name && compare(&found, version) == Ordering::Greater;
                takes_over.then_some((found, path, stamp))
            })
            .max_by(|left, right| compare(&left.0, &right.0));
        if let Some((_, path, stamp)) = newer {
            return vec![(path, stamp)];
        }
        match stamp(&serving.path) {
            Some(stamp) if serving.stamp != Some(stamp) => vec![(serving.path.clone(), stamp)],
            _ => Vec::new(),
        }
    }

    fn serves(&self, path: &Path, stamp: Stamp) -> bool {
        self.serving.values().any(|serving| serving.path == path && serving.stamp == Some(stamp))
    }

    /// Package files in the folder of a named file.
    fn beside(&self) -> Vec<(PathBuf, Stamp)> {
        match self.path.parent() {
            Some(folder) if !self.folder => {
                let here = folder.as_os_str().is_empty();
                packages(if here { Path::new(".") } else { folder })
            }
            _ => Vec::new(),
        }
    }
}

/// The newest version of each name.
fn newest(found: Vec<(PathBuf, Stamp)>) -> BTreeMap<String, (String, PathBuf, Stamp)> {
    let mut newest: BTreeMap<String, (String, PathBuf, Stamp)> = BTreeMap::new();
    for (path, stamp) in found {
        let Some((name, version)) = split(&path) else { continue };
        let newer = newest
            .get(&name)
            .is_none_or(|(known, ..)| compare(&version, known) == Ordering::Greater);
        if newer {
            newest.insert(name, (version, path, stamp));
        }
    }
    newest
}

/// `NAME-VERSION.ingot` files in a folder, in the order of their names.
fn packages(folder: &Path) -> Vec<(PathBuf, Stamp)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let package = path.extension().is_some_and(|extension| extension == EXTENSION);
            (package && split(&path).is_some()).then_some(())?;
            let path = path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
            let stamp = stamp(&path)?;
            Some((path, stamp))
        })
        .collect();
    found.sort();
    found
}

fn stamp(path: &Path) -> Option<Stamp> {
    // An unpacked package changes when its signature does.
    let signature = path.join("model.sig");
    let path = if path.is_dir() { signature.as_path() } else { path };
    let data = fs::metadata(path).ok()?;
    Some(Stamp {
        modified: data.modified().ok(),
        size: data.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&data),
    })
}

/// Name and version of `NAME-VERSION.ingot`: the version begins at the first hyphen that a digit follows and a dot later.
fn split(path: &Path) -> Option<(String, String)> {
    let stem = path.file_stem()?.to_str()?;
    stem.match_indices('-').find_map(|(at, _)| {
        let (name, version) = (stem.get(..at)?, stem.get(at + 1..)?);
        let digit = version.chars().next()?.is_ascii_digit();
        (digit && version.contains('.') && !name.is_empty())
            .then(|| (name.to_owned(), version.to_owned()))
    })
}

/// Precedence of versions (Semantic Versioning 2.0.0 §11); parts that are no numbers compare as text.
fn compare(left: &str, right: &str) -> Ordering {
    let parts = |text: &str| -> (Vec<String>, Option<Vec<String>>) {
        let text = text.split('+').next().unwrap_or_default();
        let (release, early) = match text.split_once('-') {
            Some((release, early)) => (release, Some(early)),
            None => (text, None),
        };
        let list = |text: &str| text.split('.').map(str::to_owned).collect();
        (list(release), early.map(list))
    };
    let ((left, left_early), (right, right_early)) = (parts(left), parts(right));
    compare_lists(&left, &right).then_with(|| match (left_early, right_early) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => compare_lists(&left, &right),
    })
}

fn compare_lists(left: &[String], right: &[String]) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => left.cmp(right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_name_and_version() {
        let split = |name: &str| split(Path::new(name));
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(split("dist/credit-risk-1.10.0.ingot"), pair("credit-risk", "1.10.0"));
        assert_eq!(split("a-1.0.0-rc.1.ingot"), pair("a", "1.0.0-rc.1"));
        assert_eq!(split("风险-2024-1.0.ingot"), pair("风险", "2024-1.0"));
        assert_eq!(split("plain.ingot"), None);
        assert_eq!(split("-1.0.ingot"), None);
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let rising = [
            "0.9.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.2.0",
            "1.10.0",
        ];
        for pair in rising.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("1.0.0+a", "1.0.0+b"), Ordering::Equal);
    }
}
