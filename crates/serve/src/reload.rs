//! Which package files are served, and when a newer one takes over.
//!
//! A file that was named is served as it is named, also when newer ones lie beside it: that is how one goes back a version. From
//! then on its own change, or a newer version that *appears* beside it, takes over. Of a folder the newest version of each
//! name is served. A package is read, verified and loaded before it is swapped in; a bad one is refused once and what was served stays.
//! A file's name only says where to look: what takes over must be what the name says, and no older than what was served.
//!
//! A model leaves service when its package is on the list of revoked ones beside it, whatever became of the file, and when its
//! licence is over. A list that cannot be read means what it means to `verify`: nobody can tell what is revoked, so the model leaves service
//! too, at the second look, since somebody may have been writing it at the first. It is back when the list can be read.

use crate::app::App;
use crate::config::Event;
use crate::engine::{Loaded, Loader};
use crate::messages::{PACKAGE_OLDER, PACKAGE_OTHER, PACKAGE_TWICE, PACKAGES_NONE, PANIC};
use crate::model::{Model, Registry};
use crate::openapi;
use ingot_base::fault::FILE_READ;
use ingot_base::{Clock, Digest, Fault, Result};
use ingot_seal::{Licence, Revocations};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

const EXTENSION: &str = "ingot";
/// How long a look waits for the lists of revoked packages.
const PATIENCE: Duration = Duration::from_secs(10);

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    modified: Option<std::time::SystemTime>,
    size: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Stamp {
    fn of(data: &fs::Metadata) -> Self {
        Self {
            modified: data.modified().ok(),
            size: data.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(data),
        }
    }
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
    /// The newest version of each name that was served from here: an older one does not take over by itself.
    newest: BTreeMap<String, String>,
    /// The file that was served last: what left service comes back from there.
    last: PathBuf,
}

#[derive(Debug)]
struct Serving {
    path: PathBuf,
    stamp: Option<Stamp>,
    /// The lists of revoked packages beside it when they were last read; none where that failed.
    revocations: Option<Lists>,
    /// Whether they could not be read at the last look.
    doubt: bool,
    digest: Digest,
    licence: Option<Licence>,
    model: Arc<Model>,
}

impl Serving {
    /// Refuses what may not be served any more. `found` is what the lists beside it say, if they changed.
    fn check(&mut self, now_ms: i64, found: Option<Found>) -> Result<()> {
        let doubted = std::mem::take(&mut self.doubt);
        let read = found.map(|(lists, read)| {
            self.doubt = read.is_err();
            self.revocations = read.is_ok().then_some(lists);
            read
        });
        let (name, version) = (&*self.model.name, &*self.model.version);
        if let Some(licence) = &self.licence {
            licence.check(name, version, now_ms)?;
        }
        match read {
            Some(Ok(revocations)) => revocations.refuse(self.digest, name, version),
            Some(Err(fault)) if doubted => Err(fault),
            _ => Ok(()),
        }
    }
}

/// What tells one state of the lists beside a package from another: of each also when its mode or owner last changed.
type Lists = [Option<(Stamp, i64, i64)>; 2];

/// The lists beside a package, read.
type Found = (Lists, Result<Revocations>);

fn lists(package: &Path) -> Lists {
    Revocations::paths(package).map(|path| {
        let changed = fs::symlink_metadata(&path).ok()?;
        #[cfg(unix)]
        let (seconds, rest) = {
            use std::os::unix::fs::MetadataExt as _;
            (changed.ctime(), changed.ctime_nsec())
        };
        #[cfg(not(unix))]
        let (seconds, rest) = (0, 0);
        let stamp = stamp(&path).unwrap_or_else(|| Stamp::of(&changed));
        Some((stamp, seconds, rest))
    })
}

/// What the lists beside a package say, if they are not as they were.
type Read = Arc<dyn Fn(&Path, Option<Lists>) -> Option<Found> + Send + Sync>;

fn changed(package: &Path, known: Option<Lists>) -> Option<Found> {
    let lists = lists(package);
    (known != Some(lists)).then(|| (lists, Revocations::beside(package)))
}

/// Reads lists on a thread of its own: whatever lies there must hold up neither requests nor the server's end.
#[derive(Debug)]
struct Reading {
    patience: Duration,
    told: Option<oneshot::Receiver<Vec<(PathBuf, Found)>>>,
}

impl Reading {
    /// What those of the lists say that are not as they were; `None` when that is not known in time.
    async fn changed(
        &mut self,
        asked: Vec<(PathBuf, Option<Lists>)>,
        read: Read,
    ) -> Option<Vec<(PathBuf, Found)>> {
        if self.told.is_none() {
            let (tell, told) = oneshot::channel();
            let work = move || {
                let look = |(path, known): (PathBuf, Option<Lists>)| {
                    let found = read(&path, known)?;
                    Some((path, found))
                };
                // Nobody waits any more when the server has ended.
                let _ = tell.send(asked.into_iter().filter_map(look).collect());
            };
            let thread = std::thread::Builder::new().name("revocations".to_owned());
            if thread.spawn(work).is_err() {
                // The lists are none the worse; the next look reads them.
                return Some(Vec::new());
            }
            self.told = Some(told);
        }
        let told = tokio::time::timeout(self.patience, self.told.as_mut()?).await.ok()?;
        self.told = None;
        told.ok()
    }
}

type Refused = BTreeMap<(PathBuf, Stamp), Option<Lists>>;

/// Looks after the packages.
pub(crate) struct Watcher {
    app: Arc<App>,
    loader: Arc<dyn Loader>,
    clock: Arc<dyn Clock>,
    places: Vec<Place>,
    /// What was refused, and the lists of revoked packages beside it before: when they change it is tried again. None where they could not
    /// be read: it is tried again as soon as they can.
    refused: Refused,
    reading: Reading,
    read: Read,
    hangup: Option<Signal>,
}

impl Watcher {
    /// Loads what is named.
    pub(crate) async fn start(
        app: Arc<App>,
        paths: Vec<PathBuf>,
        loader: Arc<dyn Loader>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let hangup = signal(SignalKind::hangup()).ok();
        let places = paths.iter().map(|path| Place::new(path)).collect();
        let read: Read = Arc::new(changed);
        let (refused, reading) = (Refused::new(), Reading { patience: PATIENCE, told: None });
        let mut watcher = Self { app, loader, clock, places, refused, reading, read, hangup };
        for index in 0..watcher.places.len() {
            for path in watcher.places.get(index).map(Place::first).unwrap_or_default() {
                let stamp = stamp(&path);
                let (_, loaded) = watcher.load(&path).await;
                watcher.put(index, path, stamp, loaded?)?;
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
        self.look_at_lists().await;
        for index in 0..self.places.len() {
            let place = self.places.get(index);
            let candidates = place.map(|place| place.candidates(&self.refused));
            for (path, stamp) in candidates.unwrap_or_default() {
                let (lists, loaded) = self.load(&path).await;
                let swapped = match loaded {
                    Ok(loaded) => self
                        .expected(index, &path, &loaded)
                        .and_then(|()| self.put(index, path.clone(), Some(stamp), loaded)),
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
                        self.refused.insert((path, stamp), lists);
                    }
                }
            }
        }
    }

    /// Takes models out of service whose package was revoked since it was loaded, or whose licence is over; forgets what was refused where
    /// the lists say something else now.
    async fn look_at_lists(&mut self) {
        let serving = self.places.iter().flat_map(|place| place.serving.values());
        let serving = serving.map(|serving| (serving.path.clone(), serving.revocations));
        let refused = self.refused.iter().map(|((path, _), known)| (path.clone(), *known));
        let asked = serving.chain(refused).collect();
        let found = self.reading.changed(asked, Arc::clone(&self.read)).await;
        let mut found: Option<BTreeMap<PathBuf, Found>> =
            found.map(|found| found.into_iter().collect());
        if let Some(found) = &found {
            self.refused.retain(|(path, _), known| match (found.get(path), known) {
                (Some((lists, _)), Some(known)) => *lists == *known,
                (Some((_, read)), None) => read.is_err(),
                (None, _) => true,
            });
        }
        let mut changed = |path: &Path| match &mut found {
            Some(found) => found.remove(path),
            None => Some((Lists::default(), Err(unanswered(path)))),
        };
        let now_ms = self.clock.now_ms();
        let mut ended = Vec::new();
        for place in &mut self.places {
            place.serving.retain(|_, serving| {
                let found = changed(&serving.path);
                match serving.check(now_ms, found) {
                    Ok(()) => true,
                    Err(fault) => {
                        let path = serving.path.clone();
                        ended.push((path, serving.stamp, serving.revocations, fault));
                        false
                    }
                }
            });
        }
        if ended.is_empty() {
            return;
        }
        self.publish();
        for (path, stamp, lists, fault) in ended {
            self.app.metrics.refused_packages.fetch_add(1, Relaxed);
            self.app.observer.event(&Event::Refused { path: &path, fault: &fault });
            if let Some(stamp) = stamp {
                self.refused.insert((path, stamp), lists);
            }
        }
    }

    /// Refuses what a running server does not take: a package that its file's name, or the model served before, does not
    /// announce, and an older version. A restart takes any.
    fn expected(&self, index: usize, path: &Path, loaded: &Loaded) -> Result<()> {
        let Some(place) = self.places.get(index) else { return Ok(()) };
        let (name, version) = (&loaded.name, &loaded.version);
        let other = |expected: String| {
            let fault = Fault::new(&PACKAGE_OTHER).arg("expected", expected);
            Err(fault.arg("name", name).arg("version", version))
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if split(path).is_some() && *stem != format!("{name}-{version}") {
            return other(stem.into_owned());
        }
        match place.newest.get(name) {
            Some(served) if compare(version, served) == Ordering::Less => {
                Err(Fault::new(&PACKAGE_OLDER)
                    .arg("name", name)
                    .arg("version", version)
                    .arg("served", served))
            }
            None if !place.folder => other(place.newest.keys().cloned().collect()),
            _ => Ok(()),
        }
    }

    /// Reads, verifies and loads off the request threads; a panic in there is a fault of the package. Also tells how the lists beside it
    /// were before, unless they could not be read.
    async fn load(&self, path: &Path) -> (Option<Lists>, Result<Loaded>) {
        let (loader, path) = (Arc::clone(&self.loader), path.to_owned());
        let task = tokio::task::spawn_blocking(move || {
            let before = lists(&path);
            let loaded = catch_unwind(AssertUnwindSafe(|| loader.load(&path)))
                .unwrap_or_else(|_| Err(Fault::new(&PANIC)));
            let unread = loaded.as_ref().is_err_and(|fault| fault.code() == Revocations::UNREAD);
            ((!unread).then_some(before), loaded)
        });
        task.await.unwrap_or_else(|_| (None, Err(Fault::new(&PANIC))))
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
        let (digest, licence) = (loaded.digest, loaded.licence.clone());
        let elsewhere =
            |(place, other): (usize, &Place)| place != index && other.serving.contains_key(&name);
        if self.places.iter().enumerate().any(elsewhere) {
            return Err(Fault::new(&PACKAGE_TWICE).arg("name", name));
        }
        let generator = loaded.engine.generator();
        let longest = generator.and_then(|own| own.about().longest.then_some(own.about().context));
        let model = Arc::new(Model::new(loaded, &self.app.limits, &self.app.metrics));
        self.app.observer.event(&Event::Loaded {
            model: &model.name,
            version: &model.version,
            longest,
        });
        if let Some(place) = self.places.get_mut(index) {
            if !place.folder {
                // A file may come back under another name.
                place.serving.clear();
            }
            place.newest.insert(name.clone(), model.version.to_string());
            place.last.clone_from(&path);
            // No list was read since loading began: the next look reads it.
            let serving =
                Serving { path, stamp, revocations: None, doubt: false, digest, licence, model };
            place.serving.insert(name, serving);
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
            newest: BTreeMap::new(),
            last: path.to_owned(),
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

    /// What should be loaded instead of what is served now; what was refused stands in nobody's way.
    fn candidates(&self, refused: &Refused) -> Vec<(PathBuf, Stamp)> {
        if self.folder {
            let found = packages(&self.path)
                .into_iter()
                .filter(|found| !refused.contains_key(found))
                .collect();
            let found = newest(found).into_values();
            return found
                .map(|(_, path, stamp)| (path, stamp))
                .filter(|(path, stamp)| !self.serves(path, *stamp))
                .collect();
        }
        // The last that was served; it may have left service since.
        let Some((served, version)) = self.newest.iter().next() else { return Vec::new() };
        let serving = self.serving.values().next();
        // Its file may be gone, and another one in the named place.
        let last = if self.last.exists() { &self.last } else { &self.path };
        let current = serving.map_or(last, |serving| &serving.path);
        let newer = self
            .beside()
            .into_iter()
            .filter(|found| !self.before.contains(found) && !refused.contains_key(found))
            .filter(|(path, _)| path != current)
            .filter_map(|(path, stamp)| {
                let (name, found) = split(&path)?;
                let takes_over = name == *served && compare(&found, version) == Ordering::Greater;
                takes_over.then_some((found, path, stamp))
            })
            .max_by(|left, right| compare(&left.0, &right.0));
        if let Some((_, path, stamp)) = newer {
            return vec![(path, stamp)];
        }
        let known = serving.and_then(|serving| serving.stamp);
        match stamp(current) {
            Some(stamp)
                if known != Some(stamp) && !refused.contains_key(&(current.clone(), stamp)) =>
            {
                vec![(current.clone(), stamp)]
            }
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
    Some(Stamp::of(&fs::metadata(path).ok()?))
}

fn unanswered(package: &Path) -> Fault {
    let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
    Fault::new(&FILE_READ).arg("path", Revocations::path(package).display()).because(late)
}

/// Name and version of `NAME-VERSION.ingot`: the version begins at the first hyphen that a whole version follows, of a name that ends in
/// a number (`risk-2025-1.0.0`) too. A recipe's names hold no dots, so that nothing before it can be one. Without such a hyphen it begins
/// at the last one that a number with dots follows.
fn split(path: &Path) -> Option<(String, String)> {
    let stem = path.file_stem()?.to_str()?;
    let cut = |at: usize| Some((stem.get(..at)?, stem.get(at + 1..)?));
    let hyphens = stem.match_indices('-').filter(|(at, _)| *at > 0);
    let pairs: Vec<(&str, &str)> = hyphens.filter_map(|(at, _)| cut(at)).collect();
    let whole = pairs.iter().find(|(_, version)| is_version(version));
    let (name, version) =
        whole.or_else(|| pairs.iter().rev().find(|(_, version)| is_dotted(version)))?;
    Some(((*name).to_owned(), (*version).to_owned()))
}

/// Whether a text is MAJOR.MINOR.PATCH, with or without what Semantic Versioning 2.0.0 allows behind it.
fn is_version(text: &str) -> bool {
    let (text, build) =
        text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (release, early) =
        text.split_once('-').map_or((text, None), |(release, early)| (release, Some(early)));
    let labels = |text: &str| {
        let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        text.split('.').all(|part| !part.is_empty() && part.bytes().all(label))
    };
    let numbers: Vec<&str> = release.split('.').collect();
    numbers.len() == 3
        && numbers.into_iter().all(is_number)
        && early.is_none_or(labels)
        && build.is_none_or(labels)
}

/// Whether a text begins with numbers between dots, as `1.0` and `1.0-rc.1` do.
fn is_dotted(text: &str) -> bool {
    let release = text.split(['-', '+']).next().unwrap_or_default();
    release.contains('.') && release.split('.').all(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
    use crate::config::{Limits, Unobserved};
    use crate::docs::Docs;
    use crate::engine::{Engine, Explanation};
    use crate::gate::Gate;
    use crate::ids::Ids;
    use crate::metrics::Metrics;
    use crate::shield::{Allowance, Policy, Shield};
    use arc_swap::ArcSwap;
    use ingot_base::{Field, FieldKind, Output, Signature, SystemClock, Tabular, Task};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::time::Instant;

    /// A model that nobody asks.
    struct Plain(Signature);

    impl Engine for Plain {
        fn signature(&self) -> &Signature {
            &self.0
        }

        fn scores(&self, _: &[f64], rows: usize) -> Result<Vec<f64>> {
            Ok(vec![0.0; rows])
        }

        fn explain(&self, _: &[f64]) -> Result<Explanation> {
            Err(ingot_base::fault::internal("nobody asks"))
        }

        fn row_nanoseconds(&self) -> u64 {
            1
        }
    }

    /// As a real one it asks the lists.
    struct Plainly;

    impl Loader for Plainly {
        fn load(&self, path: &Path) -> Result<Loaded> {
            Revocations::beside(path)?;
            let kind = FieldKind::Number { min: 0.0, max: 1.0, integer: false };
            let signature = Signature {
                task: Task::Tabular(Tabular::Regression),
                inputs: vec![Field::new("x", kind, false)],
                output: Output::Number { target: "y".into() },
            };
            Ok(Loaded {
                name: "plain".into(),
                version: "1.0".into(),
                digest: Digest::of(b"plain"),
                licence: None,
                engine: Arc::new(Plain(signature)),
            })
        }
    }

    /// A watcher of one package that reads lists like this.
    async fn watcher(folder: &Path, read: Read) -> Watcher {
        let package = folder.join("plain-1.0.ingot");
        ingot_base::atomic::write(&package, b"plain").unwrap();
        let limits = Limits::default();
        let app = App {
            registry: ArcSwap::from_pointee(Registry::default()),
            gate: Gate::Open,
            metrics: Arc::new(Metrics::new()),
            guard_metrics: false,
            observer: Arc::new(Unobserved),
            ids: Ids::new(&SystemClock),
            draining: AtomicBool::new(false),
            docs: Docs::new(),
            shield: Shield::new(Policy::default()).unwrap(),
            allowance: Arc::new(Allowance::new(limits.token_rate)),
            limits,
            started: 0,
            clock: Arc::new(SystemClock),
        };
        let clock = Arc::new(SystemClock);
        let started = Watcher::start(Arc::new(app), vec![package], Arc::new(Plainly), clock).await;
        let mut watcher = started.unwrap();
        watcher.read = read;
        watcher
    }

    fn served(watcher: &Watcher) -> usize {
        watcher.app.registry.load().models.len()
    }

    fn refusals(watcher: &Watcher) -> u64 {
        watcher.app.metrics.refused_packages.load(Relaxed)
    }

    #[tokio::test]
    async fn a_list_that_does_not_answer_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let (answer, blocked) = std::sync::mpsc::channel::<()>();
        let blocked = Mutex::new(blocked);
        let read = move |path: &Path, known| {
            // Until the other end is gone.
            let _ = blocked.lock().unwrap().recv();
            changed(path, known)
        };
        let mut watcher = watcher(folder.path(), Arc::new(read)).await;
        watcher.reading.patience = Duration::from_millis(20);
        let begun = Instant::now();
        watcher.look().await;
        assert_eq!(served(&watcher), 1, "somebody may be writing it");
        watcher.look().await;
        assert_eq!((served(&watcher), refusals(&watcher)), (0, 1));
        watcher.look().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!((served(&watcher), refusals(&watcher)), (0, 1), "told once");
        drop(answer);
        watcher.reading.patience = Duration::from_mins(1);
        watcher.look().await;
        assert_eq!((served(&watcher), refusals(&watcher)), (1, 1), "back");
    }

    #[tokio::test]
    async fn a_list_that_could_not_be_read_is_read_again_though_it_did_not_change() {
        let folder = tempfile::tempdir().unwrap();
        let broken = Arc::new(AtomicBool::new(true));
        let breaks = Arc::clone(&broken);
        let read = move |path: &Path, known| {
            if breaks.load(Relaxed) {
                Some((lists(path), Err(unanswered(path))))
            } else {
                changed(path, known)
            }
        };
        let mut watcher = watcher(folder.path(), Arc::new(read)).await;
        for (models, told) in [(1, 0), (0, 1), (0, 1), (0, 1)] {
            watcher.look().await;
            assert_eq!((served(&watcher), refusals(&watcher)), (models, told));
        }
        broken.store(false, Relaxed);
        watcher.look().await;
        assert_eq!((served(&watcher), refusals(&watcher)), (1, 1));
    }

    #[tokio::test]
    async fn a_package_that_was_refused_for_its_list_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut watcher = watcher(folder.path(), Arc::new(changed)).await;
        let list = Revocations::path(&folder.path().join("plain-1.0.ingot"));
        ingot_base::atomic::write(&list, b"{").unwrap();
        let (lists, loaded) = watcher.load(&folder.path().join("plain-1.0.ingot")).await;
        assert_eq!((lists, loaded.unwrap_err().code()), (None, Revocations::UNREAD));
        for (models, told) in [(1, 0), (0, 1), (0, 1)] {
            watcher.look().await;
            assert_eq!((served(&watcher), refusals(&watcher)), (models, told));
        }
        Revocations::default().write(&folder.path().join("plain-1.0.ingot")).unwrap();
        watcher.look().await;
        assert_eq!((served(&watcher), refusals(&watcher)), (1, 1));
    }

    #[test]
    fn a_file_name_tells_name_and_version() {
        let split = |name: &str| split(Path::new(name));
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(split("dist/credit-risk-1.10.0.ingot"), pair("credit-risk", "1.10.0"));
        assert_eq!(split("a-1.0.0-rc.1.ingot"), pair("a", "1.0.0-rc.1"));
        assert_eq!(split("a-1.0.0-2.0.0+5.ingot"), pair("a", "1.0.0-2.0.0+5"));
        assert_eq!(split("risk-2025-1.0.0.ingot"), pair("risk-2025", "1.0.0"));
        assert_eq!(split("risk-2025-1.10.0-rc.1.ingot"), pair("risk-2025", "1.10.0-rc.1"));
        assert_eq!(split("4-2-0.1.0.ingot"), pair("4-2", "0.1.0"));
        assert_eq!(split("风险-2024-1.0.ingot"), pair("风险-2024", "1.0"));
        assert_eq!(split("a-1.0-rc.1.ingot"), pair("a", "1.0-rc.1"));
        assert_eq!(split("risk-2025.ingot"), None);
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
