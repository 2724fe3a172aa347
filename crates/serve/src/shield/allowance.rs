//! Tokens that a key may use a minute. What a request takes is known when it has ended; until then as much is held as it may take at
//! most, so that many at once get no more than one after the other. A key may overdraw once; it then waits until its account is level
//! again.

use crate::messages::{TOKEN_HELD, TOKEN_RATE};
use crate::problem::Problem;
use ingot_base::Fault;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Keys that are remembered.
const KEYS: usize = 10_000;
/// Seconds after which a key may come again whose requests under way hold what it has left: they may end at any time.
const SOON: u64 = 2;

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
    /// Tokens left at a time, without regard to what is held.
    level: f64,
    at: f64,
    held: u64,
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
        accounts.get(key).map_or(Ok(()), |account| account.free(rate, now))
    }

    fn hold_at(&self, key: &Arc<str>, tokens: u64, now: f64) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        // Looked at and taken under one lock: of many at once, only one finds the last of it.
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = account(&mut accounts, key, rate, now);
        account.free(rate, now)?;
        account.held = account.held.saturating_add(tokens);
        Ok(())
    }

    fn charge_at(&self, key: &Arc<str>, tokens: u64, now: f64) {
        let Some(rate) = self.rate else { return };
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = account(&mut accounts, key, rate, now);
        account.level = account.now(rate, now) - count(tokens);
        account.at = now;
    }

    fn give_back(&self, key: &str, tokens: u64) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get_mut(key) {
            account.held = account.held.saturating_sub(tokens);
        }
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
        self.allowance.give_back(&self.key, self.tokens);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below the range")]
fn count(tokens: u64) -> f64 {
    tokens as f64
}

/// A key's account, a full one of a key that is not known.
fn account<'a>(
    accounts: &'a mut BTreeMap<Arc<str>, Account>,
    key: &Arc<str>,
    rate: u32,
    now: f64,
) -> &'a mut Account {
    if accounts.len() >= KEYS && !accounts.contains_key(key) {
        // Who is level again, and asks nothing now, need not be remembered.
        accounts.retain(|_, one| one.held > 0 || one.now(rate, now) < f64::from(rate));
    }
    let full = Account { level: f64::from(rate), at: now, held: 0 };
    accounts.entry(Arc::clone(key)).or_insert(full)
}

impl Account {
    /// Whether anything is left that is not held; what stands in the way if not, and how long to wait.
    fn free(self, rate: u32, now: f64) -> Result<(), Problem> {
        let level = self.now(rate, now);
        if level > count(self.held) {
            return Ok(());
        }
        if level > 0.0 {
            let fault = Fault::new(&TOKEN_HELD).arg("limit", rate);
            return Err(Problem::new(fault).retry_after(SOON));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes")]
        let seconds = ((1.0 - level) * 60.0 / f64::from(rate)).ceil().max(1.0) as u64;
        Err(Problem::new(Fault::new(&TOKEN_RATE).arg("limit", rate)).retry_after(seconds))
    }

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
    fn what_stands_in_the_way_is_told() {
        let allowance = Arc::new(Allowance::new(Some(60)));
        let key: Arc<str> = Arc::from("k");
        let told = |refused: Result<(), Problem>| {
            let refused = refused.unwrap_err();
            (refused.fault().code(), refused.headers()[0].1.clone())
        };
        let held = allowance.hold(&key, 6000).unwrap();
        // Nothing was used: it is no matter of minutes.
        assert_eq!(told(allowance.check("k")), ("serve-token-held", SOON.into()));
        allowance.charge_at(&key, 90, 0.0);
        assert_eq!(told(allowance.check_at("k", 0.0)).0, "serve-token-rate");
        drop(held);
        assert_eq!(told(allowance.check_at("k", 0.0)).0, "serve-token-rate");
        assert!(allowance.check_at("k", 31.0).is_ok());
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
