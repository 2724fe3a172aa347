//! The budget ledger: what was spent on which data set, and that nobody can spend more.
//!
//! One file, one JSON document a line, only ever appended to. Every line carries the HMAC-SHA256 of its content, which
//! includes the HMAC of the line before, so a changed, inserted or removed line breaks the chain; beside it, `NAME.head` names the
//! newest line, so that a shortened file is noticed too. With the project's key nobody else can make a valid line; with an
//! empty key the chain still shows accidents and careless edits. Both files put back together to an older state can only be noticed by
//! somebody who remembers a newer [`head`](Ledger::head): put it into a signed record and ask [`expect`](Ledger::expect).
//!
//! [`spend`](Ledger::spend) takes the lock, checks the chain and the budget, appends, waits for the disk, and only then gives
//! the [`Receipt`] without which nothing is released. A crash therefore loses budget, never privacy. An unfinished last
//! line is one that no receipt was given for; it is cut off.
//!
//! A data set is the digest of its rows. A stage that works on a table derived from another spends on the digest of the
//! *source*, so that costs of all stages add up where the persons are. The digest should not depend on the order of rows: the same
//! persons are the same data set. A table with a row more, less or changed is another data set with another budget, and
//! whoever sets that budget must count what the older one has released.

use super::account::{Amount, Budget, Loss, largest_rho};
use super::messages::{
    BUDGET_FIXED, BUDGET_UNSET, GAUSSIAN_PURE, LEDGER_HEAD, LEDGER_LINE, LEDGER_OLD, LEDGER_SHORT,
    OVERSPENT,
};
use hmac::{Hmac, KeyInit, Mac};
use ingot_base::{Clock, Digest, Fault, Message, Result, Secret, atomic, crash, fault};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// One line: something that happened to a data set's budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// 1 for the first line, then one more each.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// The data set.
    pub dataset: Digest,
    /// What happened.
    pub event: Event,
    /// The `mac` of the line before; empty on the first.
    pub previous: String,
    /// HMAC-SHA256 of the line without this field, in hex.
    pub mac: String,
}

/// What a line records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A budget was set.
    Allotted(Budget),
    /// Part of it was spent.
    Spent {
        /// How much.
        loss: Loss,
        /// The stage that spent it.
        stage: String,
        /// The statistics released, by name.
        what: String,
    },
}

/// Proof that a price was recorded durably; each pays for one release.
#[derive(Debug)]
pub struct Receipt {
    pub(super) dataset: Digest,
    pub(super) loss: Loss,
    pub(super) number: u64,
}

impl Receipt {
    /// The data set paid for.
    pub const fn dataset(&self) -> Digest {
        self.dataset
    }

    /// The price.
    pub const fn loss(&self) -> Loss {
        self.loss
    }

    /// The line of the ledger.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

/// A data set's budget and what was spent of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What may be spent.
    pub budget: Budget,
    /// Releases so far.
    pub releases: u64,
    /// What the releases together guarantee: ε (of the budget's δ, if it has one).
    pub epsilon_spent: f64,
    /// The dearest release with Laplace noise that is still possible, in ε; `None` when not even 10⁻⁶ is left.
    pub epsilon_left: Option<Amount>,
    /// The dearest release with Gaussian noise that is still possible, in ρ.
    pub rho_left: Option<Amount>,
}

/// Sums in units; u128 cannot overflow with at most 2⁶⁴ lines of 2⁶⁴ units and (2⁶⁴)²/2·10¹² < 2⁸⁸ each.
#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    releases: u64,
    pure: u128,
    rho: u128,
}

impl Spent {
    fn add(&mut self, loss: Loss) {
        self.releases += 1;
        self.rho += loss.rho_units();
        if let Loss::Pure(epsilon) = loss {
            self.pure += u128::from(epsilon.units());
        }
    }

    fn fits(self, budget: Budget) -> bool {
        match budget {
            Budget::Pure { epsilon } => self.pure <= u128::from(epsilon.units()),
            Budget::Approximate { epsilon, delta } => {
                self.rho <= u128::from(largest_rho(epsilon, delta))
            }
        }
    }
}

impl Account {
    fn new(budget: Budget, spent: Spent) -> Self {
        let units = |left: u128| {
            u64::try_from(left).ok().filter(|left| *left >= 1_000_000).map(Amount::of_units)
        };
        let (epsilon_spent, epsilon_left, rho_left) = match budget {
            Budget::Pure { epsilon } => (
                value(spent.pure),
                units(u128::from(epsilon.units()).saturating_sub(spent.pure)),
                None,
            ),
            Budget::Approximate { epsilon, delta } => {
                let most = u128::from(largest_rho(epsilon, delta));
                let left = most.saturating_sub(spent.rho);
                // ρ = ε²/2 rounded up fits, so ε = ⌊√(2ρ)⌋ in units.
                let pure = (left * 2 * u128::from(super::account::UNITS)).isqrt();
                (super::account::epsilon_of_rho(value(spent.rho), delta), units(pure), units(left))
            }
        };
        Self { budget, releases: spent.releases, epsilon_spent, epsilon_left, rho_left }
    }

    fn left(&self) -> String {
        match (self.epsilon_left, self.rho_left) {
            (Some(epsilon), Some(rho)) => format!("ε = {epsilon} (Laplace) / ρ = {rho} (Gauss)"),
            (Some(epsilon), None) => format!("ε = {epsilon}"),
            (None, Some(rho)) => format!("ρ = {rho}"),
            (None, None) => "0".to_owned(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown, not reckoned with")]
fn value(units: u128) -> f64 {
    units as f64 / 1e12
}

/// The newest line, kept beside the ledger.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    number: u64,
    mac: String,
}

/// A ledger file.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    key: Secret<Vec<u8>>,
}

impl Ledger {
    /// The ledger at `path`, which need not exist yet. `key` is the project's; it may be empty.
    pub fn new(path: impl Into<PathBuf>, key: Secret<Vec<u8>>) -> Self {
        Self { path: path.into(), key }
    }

    /// Sets a data set's budget, once. Setting the same again does nothing.
    ///
    /// # Errors
    /// When another budget is set already, the ledger was changed by others, or cannot be written.
    pub fn allot(&self, dataset: Digest, budget: Budget, clock: &dyn Clock) -> Result<()> {
        let mut open = self.open(true)?;
        match account(&open.entries, dataset) {
            Some((known, _)) if known == budget => Ok(()),
            Some((known, _)) => {
                Err(Fault::new(&BUDGET_FIXED).arg("dataset", short(dataset)).arg("budget", known))
            }
            None => self.append(&mut open, dataset, Event::Allotted(budget), clock).map(|_| ()),
        }
    }

    /// Pays for one release: records the price durably, or refuses.
    ///
    /// # Errors
    /// When the data set has no budget, too little of it is left, the ledger was changed by others, or cannot be
    /// written. After a failed write the price may be recorded all the same; nothing is released for it.
    pub fn spend(
        &self,
        dataset: Digest,
        loss: Loss,
        stage: &str,
        what: &str,
        clock: &dyn Clock,
    ) -> Result<Receipt> {
        let mut open = self.open(true)?;
        let Some((budget, spent)) = account(&open.entries, dataset) else {
            return Err(Fault::new(&BUDGET_UNSET).arg("dataset", short(dataset)));
        };
        if matches!((budget, loss), (Budget::Pure { .. }, Loss::Zcdp(_))) {
            return Err(Fault::new(&GAUSSIAN_PURE).arg("budget", budget));
        }
        let mut after = spent;
        after.add(loss);
        if !after.fits(budget) {
            return Err(Fault::new(&OVERSPENT)
                .arg("asked", loss)
                .arg("budget", budget)
                .arg("left", Account::new(budget, spent).left()));
        }
        let event = Event::Spent { loss, stage: stage.to_owned(), what: what.to_owned() };
        let number = self.append(&mut open, dataset, event, clock)?;
        Ok(Receipt { dataset, loss, number })
    }

    /// A data set's budget and what is left; `None` before one was set.
    ///
    /// # Errors
    /// When the ledger was changed by others or cannot be read.
    pub fn account(&self, dataset: Digest) -> Result<Option<Account>> {
        let open = self.open(false)?;
        Ok(account(&open.entries, dataset).map(|(budget, spent)| Account::new(budget, spent)))
    }

    /// Every line, checked.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn entries(&self) -> Result<Vec<Entry>> {
        Ok(self.open(false)?.entries)
    }

    /// The newest line's HMAC, to be remembered elsewhere; `None` while the ledger is empty.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn head(&self) -> Result<Option<String>> {
        Ok(self.open(false)?.entries.pop().map(|entry| entry.mac))
    }

    /// Refuses a ledger in which a line that somebody remembers is missing: one put back to an older state.
    ///
    /// # Errors
    /// When it is missing; and as [`account`](Self::account).
    pub fn expect(&self, head: &str) -> Result<()> {
        if self.open(false)?.entries.iter().any(|entry| entry.mac == head) {
            Ok(())
        } else {
            Err(self.changed(&LEDGER_OLD))
        }
    }

    /// Takes the lock, reads and checks everything. The lock is let go with the file.
    fn open(&self, write: bool) -> Result<Open> {
        if !write && !self.path.exists() {
            self.check_head(&[])?;
            return Ok(Open { file: None, entries: Vec::new() });
        }
        let mut file = self.lock(write).map_err(|error| self.io(write, error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.io(write, error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let entries = self.check(bytes.get(..whole).unwrap_or_default())?;
        self.check_head(&entries)?;
        if write && whole < bytes.len() {
            // Its writer died before it was durable; nothing was released for it.
            file.set_len(whole as u64)
                .and_then(|()| file.sync_all())
                .map_err(|error| self.io(true, error))?;
        }
        Ok(Open { file: Some(file), entries })
    }

    fn lock(&self, write: bool) -> io::Result<File> {
        if !write {
            let file = File::open(&self.path)?;
            file.lock_shared()?;
            return Ok(file);
        }
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder)?;
        let file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
        file.lock()?;
        File::open(folder)?.sync_all()?;
        Ok(file)
    }

    /// Follows the chain from the first line to the last.
    fn check(&self, bytes: &[u8]) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1_u64..) {
            let broken = || self.changed(&LEDGER_LINE).arg("line", number);
            let entry: Entry = serde_json::from_slice(line).map_err(|_| broken())?;
            let previous = entries.last().map_or("", |last| last.mac.as_str());
            let sound = entry.number == number
                && entry.previous == previous
                && self.genuine(&entry)?
                && render(&entry)? == line;
            if !sound {
                return Err(broken());
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The head is at the last line, or one behind when its writer died between the two files.
    fn check_head(&self, entries: &[Entry]) -> Result<()> {
        let path = self.head_path();
        let count = entries.len() as u64;
        if !path.exists() {
            return if count <= 1 { Ok(()) } else { Err(self.changed(&LEDGER_HEAD)) };
        }
        let head: Head = serde_json::from_slice(&atomic::read(&path, 4096)?)
            .map_err(|_| self.changed(&LEDGER_HEAD))?;
        if head.number > count {
            return Err(self
                .changed(&LEDGER_SHORT)
                .arg("found", count)
                .arg("written", head.number));
        }
        let named = usize::try_from(head.number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .and_then(|index| entries.get(index));
        if head.number + 1 < count || named.is_none_or(|entry| entry.mac != head.mac) {
            return Err(self.changed(&LEDGER_HEAD));
        }
        Ok(())
    }

    fn append(
        &self,
        open: &mut Open,
        dataset: Digest,
        event: Event,
        clock: &dyn Clock,
    ) -> Result<u64> {
        let file = open.file.as_mut().ok_or_else(|| fault::internal("a ledger without a file"))?;
        let number = open.entries.len() as u64 + 1;
        let previous = open.entries.last().map(|last| last.mac.clone()).unwrap_or_default();
        let at = clock.now_rfc3339();
        let mut entry = Entry { number, at, dataset, event, previous, mac: String::new() };
        entry.mac = hex::encode(self.mac(&entry)?.finalize().into_bytes());
        file.write_all(&render(&entry)?)
            .and_then(|()| file.sync_all())
            .map_err(|error| self.io(true, error))?;
        crash::point("dp-ledger-appended");
        let head = Head { number, mac: entry.mac.clone() };
        let text = serde_json::to_vec(&head)
            .map_err(|error| fault::internal("a ledger head without a JSON form").because(error))?;
        atomic::write(&self.head_path(), &text)?;
        open.entries.push(entry);
        Ok(number)
    }

    fn head_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".head");
        name.into()
    }

    fn genuine(&self, entry: &Entry) -> Result<bool> {
        let Ok(mac) = hex::decode(&entry.mac) else { return Ok(false) };
        Ok(self.mac(entry)?.verify_slice(&mac).is_ok())
    }

    fn mac(&self, entry: &Entry) -> Result<Hmac<Sha256>> {
        let bare = Entry { mac: String::new(), ..entry.clone() };
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose())
            .map_err(|_| fault::internal("a ledger key that HMAC refuses"))?;
        mac.update(b"ingot privacy ledger 1\n");
        mac.update(&render(&bare)?);
        Ok(mac)
    }

    fn changed(&self, message: &'static Message) -> Fault {
        Fault::new(message).arg("path", self.path.display())
    }

    fn io(&self, write: bool, error: io::Error) -> Fault {
        let message = if write { &fault::FILE_WRITE } else { &fault::FILE_READ };
        Fault::new(message).arg("path", self.path.display()).because(error)
    }
}

/// The ledger while it is locked.
struct Open {
    file: Option<File>,
    entries: Vec<Entry>,
}

fn account(entries: &[Entry], dataset: Digest) -> Option<(Budget, Spent)> {
    let mut budget = None;
    let mut spent = Spent::default();
    for entry in entries.iter().filter(|entry| entry.dataset == dataset) {
        match &entry.event {
            Event::Allotted(allotted) => budget = Some(*allotted),
            Event::Spent { loss, .. } => spent.add(*loss),
        }
    }
    budget.map(|budget| (budget, spent))
}

fn render(entry: &Entry) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)
        .map_err(|error| fault::internal("a ledger entry without a JSON form").because(error))?;
    line.push(b'\n');
    Ok(line)
}

/// Enough of a digest to recognise it.
fn short(dataset: Digest) -> String {
    dataset.hex().chars().take(12).collect()
}
