//! Ledgers in a temporary folder, at a clock that the test moves.

use ingot_base::{Clock, Secret};
use ingot_ledger::{Event, KeyRequest, Ledger, NewKey, Recorder, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

pub(crate) const NOON: i64 = 1_795_420_800_000;

/// A clock that stands until it is moved.
pub(crate) struct Hand(pub(crate) AtomicI64);

impl Clock for Hand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<Hand>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(Hand(AtomicI64::new(NOON))) }
    }

    pub(crate) fn url(&self) -> String {
        self.folder.path().join("deep/ledger.db").display().to_string()
    }

    pub(crate) fn pepper() -> Secret<Vec<u8>> {
        Secret::new(vec![7; 32])
    }

    /// One more process at the same ledger.
    pub(crate) async fn open(&self) -> Ledger {
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&self.clock);
        Ledger::open_at(&self.url(), Self::pepper(), clock).await.unwrap()
    }
}

pub(crate) fn request() -> KeyRequest {
    KeyRequest {
        name: "front end".into(),
        tenant: "default".into(),
        scopes: vec![Scope::Predict, Scope::Explain],
        expires_at_ms: None,
        rate_per_minute: None,
    }
}

pub(crate) async fn key(ledger: &Ledger) -> NewKey {
    ledger.create_key(request()).await.unwrap()
}

pub(crate) fn recorder(ledger: &Ledger) -> Recorder {
    ledger.recorder(Arc::new(|_, _| {})).0
}

pub(crate) fn event(key: &str, request: usize) -> Event {
    Event {
        request_id: format!("request-{request}").into(),
        key: key.into(),
        route: "/api/predict",
        model: "credit-risk".into(),
        version: "1.0.0".into(),
        status: 200,
        rows: 2,
        tokens_read: 0,
        tokens_written: 0,
    }
}
