//! Differentially private statistics of a table, paid from the project's budget for that table.

use crate::messages::STATS_UNIT;
use ingot_base::{Clock, Digest, Fault, Result};
use ingot_privacy::dp::{
    Account, Amount, Budget, Event, Ledger, Loss, OsEntropy, Question, Release, Statistic, Unit,
};
use ingot_seal::Keyring;
use std::path::Path;

/// The budget ledger's file in a project.
pub(crate) const LEDGER: &str = "privacy-budget.jsonl";
/// How the ledger names this work.
const STAGE: &str = "stats";

/// What is asked and what it may cost.
#[derive(Debug)]
pub struct Ask {
    /// The statistics.
    pub statistics: Vec<Statistic>,
    /// Who is protected.
    pub unit: Unit,
    /// ε of this release; above 0.
    pub epsilon: f64,
    /// δ of this release; with it Gaussian noise, without it Laplace noise.
    pub delta: Option<f64>,
    /// ε that the table may cost in all; needed the first time.
    pub budget: Option<f64>,
}

/// Releases statistics of the table in `path`. The price is on disk before a figure is known. The same rows in another order or
/// file are the same table; with a row more, less or changed it is another one, with a budget of its own.
///
/// # Errors
/// When the table cannot be read, a statistic does not fit it, no budget was ever given, another one is given than the first
/// time, the budget does not suffice, or the ledger was changed.
pub fn stats(
    root: &Path,
    keyring: &Keyring,
    path: &Path,
    ask: &Ask,
    clock: &dyn Clock,
) -> Result<(Release, Option<Account>)> {
    let batches = ingot_data::load(path)?;
    let dataset = ingot_data::digest_of_rows(&batches)?;
    let question = Question::new(&batches, dataset, ask.unit.clone(), &ask.statistics)?;
    let epsilon = Amount::new(ask.epsilon)?;
    let loss = match ask.delta {
        Some(delta) => Loss::gaussian(epsilon, delta)?,
        None => Loss::Pure(epsilon),
    };
    let ledger = ledger(root, keyring);
    let stage = stage(&ask.unit);
    same_unit(&ledger, dataset, &stage)?;
    if let Some(budget) = ask.budget {
        let known = ledger.account(dataset)?.map(|account| account.budget);
        let amount = Amount::new(budget)?;
        // A release without δ may be paid from a budget with one.
        let same = matches!((known, ask.delta), (Some(Budget::Approximate { epsilon, .. }), None) if epsilon == amount);
        if !same {
            let budget = match ask.delta {
                Some(delta) => Budget::approximate(amount, delta)?,
                None => Budget::pure(amount),
            };
            question.affordable(loss)?;
            ledger.allot(dataset, budget, clock)?;
        }
    }
    let receipt = question.pay(&ledger, loss, &stage, clock)?;
    // Somebody else may have been first meanwhile; what was paid is lost then, and nothing is told.
    same_unit(&ledger, dataset, &stage)?;
    let release = question.release(receipt, &mut OsEntropy)?;
    Ok((release, ledger.account(dataset)?))
}

/// Refuses to go on in another unit than the first release of a data set: prices for rows and prices for persons with several of
/// them are two currencies.
fn same_unit(ledger: &Ledger, dataset: Digest, stage: &str) -> Result<()> {
    let spent = ledger.entries()?.into_iter().filter(|entry| entry.dataset == dataset);
    let mut stages = spent.filter_map(|entry| match entry.event {
        Event::Spent { stage, .. } if stage.starts_with(STAGE) => Some(stage),
        _ => None,
    });
    match stages.next() {
        Some(first) if first != stage => {
            Err(Fault::new(&STATS_UNIT).arg("before", first).arg("now", stage))
        }
        _ => Ok(()),
    }
}

/// Who was protected stands in the ledger with every price, as the command asks for it.
fn stage(unit: &Unit) -> String {
    match unit {
        Unit::Row => STAGE.to_owned(),
        Unit::Person { column, most } => format!("{STAGE} --person {column} --most {most}"),
    }
}

/// The budget ledger of the project in `root`.
pub(crate) fn ledger(root: &Path, keyring: &Keyring) -> Ledger {
    Ledger::new(root.join(LEDGER), keyring.derive("dp/ledger", 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_says_who_was_protected_as_the_command_does() {
        assert_eq!(stage(&Unit::Row), "stats");
        let person = Unit::Person { column: "客户 id".to_owned(), most: 3 };
        assert_eq!(stage(&person), "stats --person 客户 id --most 3");
    }
}
