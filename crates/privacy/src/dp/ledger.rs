//! The budget ledger: what was spent on which data set, and that nobody can spend more.
//!
//! It is a [`Chain`]: a changed, inserted, removed or missing line is noticed. Both of its files put back together to an older state can
//! only be noticed by somebody who remembers a newer [`head`](Ledger::head): put it into a signed record and ask
//! [`expect`](Ledger::expect).
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
use crate::chain::{Chain, Line, Open, Words};
use ingot_base::{Clock, Digest, Fault, Result, Secret};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What the codes of a ledger's lines are of.
const PURPOSE: &str = "ingot privacy ledger 1";
const WORDS: Words = Words { line: &LEDGER_LINE, short: &LEDGER_SHORT, head: &LEDGER_HEAD };

/// Something that happened to a data set's budget: what a line records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339.
    pub at: String,
    /// The data set.
    pub dataset: Digest,
    /// What happened.
    pub event: Event,
}

/// What happens to a budget.
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

/// A ledger file.
#[derive(Debug)]
pub struct Ledger(Chain<Entry>);

impl Ledger {
    /// The ledger at `path`, which need not exist yet. `key` is the project's; it may be empty.
    pub fn new(path: impl Into<PathBuf>, key: Secret<Vec<u8>>) -> Self {
        Self(Chain::new(path, key, PURPOSE, &WORDS))
    }

    /// Sets a data set's budget, once. Setting the same again does nothing.
    ///
    /// # Errors
    /// When another budget is set already, the ledger was changed by others, or cannot be written.
    pub fn allot(&self, dataset: Digest, budget: Budget, clock: &dyn Clock) -> Result<()> {
        let mut open = self.0.open(true)?;
        match account(&open.lines, dataset) {
            Some((known, _)) if known == budget => Ok(()),
            Some((known, _)) => {
                Err(Fault::new(&BUDGET_FIXED).arg("dataset", dataset.short()).arg("budget", known))
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
        let mut open = self.0.open(true)?;
        let Some((budget, spent)) = account(&open.lines, dataset) else {
            return Err(Fault::new(&BUDGET_UNSET).arg("dataset", dataset.short()));
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
        let open = self.0.open(false)?;
        Ok(account(&open.lines, dataset).map(|(budget, spent)| Account::new(budget, spent)))
    }

    /// Every data set's account, and every line, checked; both as they were at one moment.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn read(&self) -> Result<(BTreeMap<Digest, Account>, Vec<Entry>)> {
        let lines = self.0.open(false)?.lines;
        let datasets: BTreeSet<Digest> = lines.iter().map(|line| line.content.dataset).collect();
        let account = |dataset: Digest| {
            let (budget, spent) = account(&lines, dataset)?;
            Some((dataset, Account::new(budget, spent)))
        };
        let accounts = datasets.into_iter().filter_map(account).collect();
        Ok((accounts, lines.into_iter().map(|line| line.content).collect()))
    }

    /// Every line, checked.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn entries(&self) -> Result<Vec<Entry>> {
        Ok(self.read()?.1)
    }

    /// The newest line's HMAC, to be remembered elsewhere; `None` while the ledger is empty.
    ///
    /// # Errors
    /// As [`account`](Self::account).
    pub fn head(&self) -> Result<Option<String>> {
        Ok(self.0.open(false)?.lines.pop().map(|line| line.mac))
    }

    /// Refuses a ledger in which a line that somebody remembers is missing: one put back to an older state.
    ///
    /// # Errors
    /// When it is missing; and as [`account`](Self::account).
    pub fn expect(&self, head: &str) -> Result<()> {
        if self.0.open(false)?.lines.iter().any(|line| line.mac == head) {
            Ok(())
        } else {
            Err(self.0.changed(&LEDGER_OLD))
        }
    }

    fn append(
        &self,
        open: &mut Open<Entry>,
        dataset: Digest,
        event: Event,
        clock: &dyn Clock,
    ) -> Result<u64> {
        self.0.append(open, Entry { at: clock.now_rfc3339(), dataset, event })
    }
}

fn account(lines: &[Line<Entry>], dataset: Digest) -> Option<(Budget, Spent)> {
    let mut budget = None;
    let mut spent = Spent::default();
    let entries = lines.iter().map(|line| &line.content);
    for entry in entries.filter(|entry| entry.dataset == dataset) {
        match &entry.event {
            Event::Allotted(allotted) => budget = Some(*allotted),
            Event::Spent { loss, .. } => spent.add(*loss),
        }
    }
    budget.map(|budget| (budget, spent))
}
