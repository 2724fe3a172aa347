//! Tokens that a key may use a minute. What a request takes is known when it has ended, so a key may overdraw once; it then waits
//! until its account is level again.

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

    /// Notes what a key used.
    pub(crate) fn charge(&self, key: &Arc<str>, tokens: u64) {
        self.charge_at(key, tokens, self.begun.elapsed().as_secs_f64());
    }

    fn check_at(&self, key: &str, now: f64) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(account) = accounts.get(key) else { return Ok(()) };
        let level = account.now(rate, now);
        if level > 0.0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes")]
        let seconds = ((1.0 - level) * 60.0 / f64::from(rate)).ceil().max(1.0) as u64;
        Err(Problem::new(Fault::new(&TOKEN_RATE).arg("limit", rate)).retry_after(seconds))
    }

    fn charge_at(&self, key: &Arc<str>, tokens: u64, now: f64) {
        let Some(rate) = self.rate else { return };
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= KEYS && !accounts.contains_key(key) {
            // Who is level again need not be remembered.
            accounts.retain(|_, account| account.now(rate, now) < f64::from(rate));
        }
        let account =
            accounts.entry(Arc::clone(key)).or_insert(Account { level: f64::from(rate), at: now });
        #[expect(clippy::cast_precision_loss, reason = "far below the range")]
        let tokens = tokens as f64;
        *account = Account { level: account.now(rate, now) - tokens, at: now };
    }
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
