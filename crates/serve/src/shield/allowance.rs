//! Tokens that a key may use a minute. What a request takes is known when it has ended; until then as much is held as it may take at
//! most, so that many at once get no more than one after the other. A key may overdraw once; it then waits until its account is level
//! again.

use crate::messages::TOKEN_RATE;
use crate::problem::Problem;
use ingot_base::Fault;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Keys that are remembered.
const KEYS: usize = 10_000;

/// The accounts of all keys.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Tokens a minute; `None` for no bound.
    rate: Option<u32>,
    begun: Instant,
    accounts: Mutex<BTreeMap<Arc<str>, Account>>,
}

#[derive(Debug, Clone, Copy)]
struct Account {
    level: f64,
    at: f64,
}

impl Allowance {
    pub(crate) fn new(rate: Option<u32>) -> Self {
        Self { rate, begun: Instant::now(), accounts: Mutex::default() }
    }

    /// Whether a key may use any more now.
    pub(crate) fn check(&self, key: &str) -> Result<(), Problem> {
        self.check_at(key, self.begun.elapsed().as_secs_f64())
    }

    /// Takes out of a key's account what a request may use, until the hold is dropped. What it did use is charged before that.
    pub(crate) fn hold(self: &Arc<Self>, key: &Arc<str>, tokens: u64) -> Result<Hold, Problem> {
        self.hold_at(key, tokens, self.begun.elapsed().as_secs_f64())?;
        Ok(Hold { allowance: Arc::clone(self), key: Arc::clone(key), tokens })
    }

    /// Notes what a key used.
    pub(crate) fn charge(&self, key: &Arc<str>, tokens: u64) {
        self.charge_at(key, tokens, self.begun.elapsed().as_secs_f64());
    }

    fn check_at(&self, key: &str, now: f64) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(key).map_or(Ok(()), |account| level(rate, account.now(rate, now)))
    }

    fn hold_at(&self, key: &Arc<str>, tokens: u64, now: f64) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        // Looked at and taken under one lock: of many at once, only one finds the last of it.
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(key) {
            level(rate, account.now(rate, now))?;
        }
        take(&mut accounts, key, rate, count(tokens), now);
        Ok(())
    }

    fn charge_at(&self, key: &Arc<str>, tokens: u64, now: f64) {
        self.take_at(key, count(tokens), now);
    }

    /// Takes out of an account, or gives back what is below zero.
    fn take_at(&self, key: &Arc<str>, tokens: f64, now: f64) {
        let Some(rate) = self.rate else { return };
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        take(&mut accounts, key, rate, tokens, now);
    }
}

/// What is held of a key's account while a request is under way.
#[derive(Debug)]
pub(crate) struct Hold {
    allowance: Arc<Allowance>,
    key: Arc<str>,
    tokens: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let now = self.allowance.begun.elapsed().as_secs_f64();
        self.allowance.take_at(&self.key, -count(self.tokens), now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below the range")]
fn count(tokens: u64) -> f64 {
    tokens as f64
}

/// Whether an account is level; how long to wait if it is not.
fn level(rate: u32, level: f64) -> Result<(), Problem> {
    if level > 0.0 {
        return Ok(());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes")]
    let seconds = ((1.0 - level) * 60.0 / f64::from(rate)).ceil().max(1.0) as u64;
    Err(Problem::new(Fault::new(&TOKEN_RATE).arg("limit", rate)).retry_after(seconds))
}

fn take(
    accounts: &mut BTreeMap<Arc<str>, Account>,
    key: &Arc<str>,
    rate: u32,
    tokens: f64,
    now: f64,
) {
    if accounts.len() >= KEYS && !accounts.contains_key(key) {
        // Who is level again need not be remembered.
        accounts.retain(|_, account| account.now(rate, now) < f64::from(rate));
    }
    let account =
        accounts.entry(Arc::clone(key)).or_insert(Account { level: f64::from(rate), at: now });
    let level = (account.now(rate, now) - tokens).min(f64::from(rate));
    *account = Account { level, at: now };
}

impl Account {
    fn now(self, rate: u32, now: f64) -> f64 {
        let rate = f64::from(rate);
        (self.level + (now - self.at).max(0.0) * rate / 60.0).min(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_held_and_given_back() {
        let allowance = Arc::new(Allowance::new(Some(60)));
        let key: Arc<str> = Arc::from("k");
        let first = allowance.hold(&key, 50).unwrap();
        let second = allowance.hold(&key, 50).unwrap();
        // Nothing was charged yet, and no third comes in.
        assert!(allowance.hold(&key, 50).is_err() && allowance.check("k").is_err());
        allowance.charge(&key, 10);
        drop(first);
        drop(second);
        let third = allowance.hold(&key, 49).unwrap();
        assert!(allowance.check("k").is_ok());
        drop(third);
        let open = Arc::new(Allowance::new(None));
        let _held = (0..100).map(|_| open.hold(&key, 1 << 40).unwrap()).collect::<Vec<_>>();
    }

    #[test]
    fn an_overdrawn_key_waits_until_it_is_level() {
        let allowance = Allowance::new(Some(60));
        let key: Arc<str> = Arc::from("k");
        assert!(allowance.check_at("k", 0.0).is_ok());
        allowance.charge_at(&key, 90, 0.0);
        let refused = allowance.check_at("k", 0.0).unwrap_err();
        assert_eq!(refused.headers()[0].1, "31");
        assert!(allowance.check_at("k", 29.0).is_err() && allowance.check_at("k", 31.0).is_ok());
        assert!(allowance.check_at("other", 0.0).is_ok());
        let open = Allowance::new(None);
        open.charge_at(&key, 1 << 40, 0.0);
        assert!(open.check_at("k", 0.0).is_ok());
    }
}
