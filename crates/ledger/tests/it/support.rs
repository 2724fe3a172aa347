//! Ledgers in a temporary folder, at a clock that the test moves.

use ingot_base::{Clock, Secret};
use ingot_ledger::{Event, KeyRequest, Ledger, NewKey, Recorder, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

pub const NOON: i64 = 1_795_420_800_000;

/// A clock that stands until it is moved.
pub struct Hand(pub AtomicI64);

impl Clock for Hand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct Place {
    pub folder: TempDir,
    pub clock: Arc<Hand>,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(Hand(AtomicI64::new(NOON))),
        }
    }

    pub fn url(&self) -> String {
        self.folder.path().join("deep/ledger.db").display().to_string()
    }

    pub fn pepper() -> Secret<Vec<u8>> {
        Secret::new(vec![7; 32])
    }

    /// One more process at the same ledger.
    pub async fn open(&self) -> Ledger {
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&self.clock);
        Ledger::open_at(&self.url(), Self::pepper(), clock).await.unwrap()
    }
}

pub fn request() -> KeyRequest {
    KeyRequest {
        name: "front end".into(),
        tenant: "default".into(),
        scopes: vec![Scope::Predict, Scope::Explain],
        expires_at_ms: None,
        rate_per_minute: None,
    }
}

pub async fn key(ledger: &Ledger) -> NewKey {
    ledger.create_key(request()).await.unwrap()
}

pub fn recorder(ledger: &Ledger) -> Recorder {
    ledger.recorder(Arc::new(|_, _| {})).0
}

pub fn event(key: &str, request: usize) -> Event {
    Event {
        request_id: format!("request-{request}").into(),
        key: key.into(),
        route: "/api/predict",
        model: "credit-risk".into(),
        version: "1.0.0".into(),
        status: 200,
        rows: 2,
    }
}
