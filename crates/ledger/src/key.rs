//! API keys: `ik_<id>_<secret>`. The id names the key in lists and records; the secret has 256 random bits, is shown once
//! and stored only as HMAC-SHA-256 (RFC 2104) under the ledger's pepper, so that a stolen database opens nothing.

use crate::messages::{KEY_EXPIRY, KEY_NAME, KEY_RATE, KEY_SCOPES};
use hmac::{Hmac, KeyInit, Mac};
use ingot_base::{Fault, Result, Secret, fault};
use serde::{Serialize, Serializer};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const PREFIX: &str = "ik_";
/// Hex digits of an id: 64 bits, enough to be unique among all keys of a ledger.
const ID_LENGTH: usize = 16;
/// Hex digits of a secret: 256 bits.
const SECRET_LENGTH: usize = 64;
const LONGEST_NAME: usize = 200;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Ask for predictions, and read what the models take.
    Predict,
    /// Ask for explanations.
    Explain,
    /// Read `/metrics` where it is not open.
    Metrics,
    /// Administer keys and usage.
    Admin,
}

impl Scope {
    /// Every scope, in the order the documentation lists them.
    pub const ALL: [Self; 4] = [Self::Predict, Self::Explain, Self::Metrics, Self::Admin];

    /// The name used on the command line and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Explain => "explain",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    pub(crate) fn join(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Scopes of a stored list; a name that this version does not know grants nothing.
    pub(crate) fn split(list: &str) -> Vec<Self> {
        list.split(',').filter_map(Self::parse).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a new key should be.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// Who or what uses it; 1 to 200 characters.
    pub name: String,
    /// Whom its usage is counted for; 1 to 200 characters.
    pub tenant: String,
    /// What it may do; at least one.
    pub scopes: Vec<Scope>,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
    /// Requests a minute, at least 1; no limit when absent.
    pub rate_per_minute: Option<u32>,
}

impl KeyRequest {
    pub(crate) fn check(&self, now_ms: i64) -> Result<()> {
        let fine = |text: &str| {
            let length = text.trim().chars().count();
            (1..=LONGEST_NAME).contains(&length) && !text.chars().any(char::is_control)
        };
        let defect = if !fine(&self.name) || !fine(&self.tenant) {
            &KEY_NAME
        } else if self.scopes.is_empty() {
            &KEY_SCOPES
        } else if self.expires_at_ms.is_some_and(|end| end <= now_ms) {
            &KEY_EXPIRY
        } else if self.rate_per_minute == Some(0) {
            &KEY_RATE
        } else {
            return Ok(());
        };
        Err(Fault::new(defect))
    }
}

/// A key just made: the only time its secret is seen.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The id, for lists, records and revocation.
    pub id: String,
    /// The whole token, `ik_<id>_<secret>`.
    pub secret: Secret<String>,
}

/// A key as lists show it: without any secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The id.
    pub id: String,
    /// Who or what uses it.
    pub name: String,
    /// Whom its usage is counted for.
    pub tenant: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it ends.
    pub expires_at_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
    /// Requests a minute.
    pub rate_per_minute: Option<u32>,
}

/// Who asks: a key that was presented and matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The key's id.
    pub key: Arc<str>,
    /// Whom its usage is counted for.
    pub tenant: Arc<str>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends.
    pub expires_at_ms: Option<i64>,
    /// Requests a minute.
    pub rate_per_minute: Option<u32>,
}

impl Principal {
    /// Whether the key may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// The keyed hash of tokens; its first block is prepared once.
#[derive(Clone)]
pub(crate) struct Hasher(Hmac<Sha256>);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(…)")
    }
}

impl Hasher {
    pub(crate) fn new(pepper: &Secret<Vec<u8>>) -> Result<Self> {
        Hmac::new_from_slice(pepper.expose())
            .map(Self)
            .map_err(|error| fault::internal("a pepper that HMAC refuses").because(error))
    }

    fn hash(&self, parts: [&str; 2]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        mac.finalize().into_bytes().into()
    }

    /// What is stored for a token.
    pub(crate) fn of(&self, token: &Token<'_>) -> [u8; 32] {
        self.hash([token.id, token.secret])
    }

    /// What tells one pepper from another without telling the pepper.
    pub(crate) fn check_value(&self) -> String {
        hex::encode(self.hash(["ingot ledger", "pepper check"]))
    }
}

/// Compares in constant time.
pub(crate) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}

/// A well-formed token, not yet believed.
pub(crate) struct Token<'a> {
    pub(crate) id: &'a str,
    secret: &'a str,
}

impl<'a> Token<'a> {
    /// Splits a token; `None` when it has not the form of one.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let hex = |part: &str, length| {
            part.len() == length
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        (hex(id, ID_LENGTH) && hex(secret, SECRET_LENGTH)).then_some(Self { id, secret })
    }
}

/// A new random token.
pub(crate) fn generate() -> Result<NewKey> {
    // Two hex digits a byte.
    let mut random = [0_u8; ID_LENGTH / 2 + SECRET_LENGTH / 2];
    getrandom::fill(&mut random).map_err(|error| {
        fault::internal("the system gives no random bytes").because(error.to_string())
    })?;
    let (id, secret) = random.split_at(ID_LENGTH / 2);
    let id = hex::encode(id);
    let secret = Secret::new(format!("{PREFIX}{id}_{}", hex::encode(secret)));
    Ok(NewKey { id, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_random_bits_and_its_hash_depends_on_pepper_and_every_digit() {
        let made = generate().unwrap();
        assert_ne!(made.secret.expose(), generate().unwrap().secret.expose());
        let token = Token::parse(made.secret.expose()).unwrap();
        assert_eq!((token.id, token.secret.len() * 4), (made.id.as_str(), 256));
        let one = Hasher::new(&Secret::new(vec![1; 32])).unwrap();
        let two = Hasher::new(&Secret::new(vec![2; 32])).unwrap();
        assert!(same(&one.of(&token), &one.of(&token)));
        assert!(!same(&one.of(&token), &two.of(&token)));
        assert_ne!(one.check_value(), two.check_value());
        let mut other = made.secret.expose().clone();
        let last = if other.pop() == Some('0') { '1' } else { '0' };
        other.push(last);
        assert!(!same(&one.of(&token), &one.of(&Token::parse(&other).unwrap())));
        assert!(!format!("{made:?} {one:?}").contains(token.secret));
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        let made = generate().unwrap();
        for text in [
            "",
            "ik_",
            "ik__",
            made.id.as_str(),
            &format!("{} ", made.secret.expose()),
            &made.secret.expose().to_uppercase(),
            "ik_张伟_李",
        ] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn scopes_round_trip_and_unknown_ones_grant_nothing() {
        assert_eq!(Scope::split(&Scope::join(&Scope::ALL)), Scope::ALL);
        assert_eq!(Scope::split("predict,root,"), [Scope::Predict]);
    }

    #[test]
    fn senseless_requests_are_refused() {
        let good = KeyRequest {
            name: "信贷前端".into(),
            tenant: "default".into(),
            scopes: vec![Scope::Predict],
            expires_at_ms: Some(11),
            rate_per_minute: Some(1),
        };
        assert!(good.check(10).is_ok());
        assert_eq!(good.check(11).unwrap_err().code(), "ledger-key-expiry");
        let code = |bad: KeyRequest| bad.check(10).unwrap_err().code();
        assert_eq!(code(KeyRequest { name: " ".into(), ..good.clone() }), "ledger-key-name");
        assert_eq!(code(KeyRequest { name: "a\nb".into(), ..good.clone() }), "ledger-key-name");
        assert_eq!(code(KeyRequest { tenant: "x".repeat(201), ..good.clone() }), "ledger-key-name");
        assert_eq!(code(KeyRequest { scopes: vec![], ..good.clone() }), "ledger-key-scopes");
        assert_eq!(code(KeyRequest { rate_per_minute: Some(0), ..good }), "ledger-key-rate");
    }
}
