//! Usage by group commit: one task gathers what is pending, writes it in one transaction, waits for the disk, then lets all
//! the answers go. While one group waits for the disk the next gathers, so nothing waits for a timer.
//!
//! The same transaction asks whether the keys still stand. SQLite admits one writer at a time and PostgreSQL locks the rows,
//! so a revocation commits either before the group, which then refuses, or after it. No request is answered whose recording
//! came after the revocation, whichever process revoked.

use crate::group::{Standing, Writer};
use crate::messages::{KEY_EXPIRED, KEY_INVALID, KEY_REVOKED, LEDGER_WRITE, RECORDER_CLOSED};
use crate::store::Store;
use ingot_base::{Clock, Fault, Message, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Most events in one transaction.
const GROUP: usize = 512;
/// Most events waiting; beyond, callers wait for room.
const PENDING: usize = 8192;

/// What one request used.
#[derive(Debug, Clone)]
pub struct Event {
    /// The request's id, as the answer tells it.
    pub request_id: Arc<str>,
    /// The key's id.
    pub key: Arc<str>,
    /// The route's pattern.
    pub route: &'static str,
    /// The model that answered; empty when none did.
    pub model: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How many rows were answered.
    pub rows: u64,
    /// Tokens that a language model read.
    pub tokens_read: u64,
    /// Tokens that it wrote.
    pub tokens_written: u64,
}

/// Told after every group: how long it took and how many events it held. Called on the recording task: must be quick.
pub type OnCommit = dyn Fn(Duration, usize) + Send + Sync;

/// Records usage; clones share one task.
#[derive(Debug, Clone)]
pub struct Recorder {
    sender: mpsc::Sender<Pending>,
}

#[derive(Debug)]
struct Pending {
    event: Event,
    done: oneshot::Sender<Verdict>,
}

/// What became of one event.
#[derive(Debug, Clone)]
enum Verdict {
    Stored,
    Refused(&'static Message),
    Failed(Arc<str>),
}

impl Recorder {
    /// Starts the task; it ends when all clones are dropped and everything pending is stored.
    pub(crate) fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        forget: impl Fn(&str) + Send + 'static,
        on_commit: Arc<OnCommit>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(PENDING);
        let task = Task { writer: Writer::new(store), clock, on_commit };
        (Self { sender }, tokio::spawn(task.run(receiver, forget)))
    }

    /// Returns when the event is on disk. The answer must not be sent before, nor when this fails.
    ///
    /// # Errors
    /// When the key was revoked or expired meanwhile, or the ledger cannot write.
    pub async fn record(&self, event: Event) -> Result<()> {
        let (done, verdict) = oneshot::channel();
        let closed = || Fault::new(&RECORDER_CLOSED);
        self.sender.send(Pending { event, done }).await.map_err(|_| closed())?;
        match verdict.await.map_err(|_| closed())? {
            Verdict::Stored => Ok(()),
            Verdict::Refused(message) => Err(Fault::new(message)),
            Verdict::Failed(cause) => Err(Fault::new(&LEDGER_WRITE).because(cause.to_string())),
        }
    }
}

struct Task {
    writer: Writer,
    clock: Arc<dyn Clock>,
    on_commit: Arc<OnCommit>,
}

impl Task {
    async fn run(self, mut receiver: mpsc::Receiver<Pending>, forget: impl Fn(&str)) {
        let mut group = Vec::with_capacity(GROUP);
        let mut writer = self.writer;
        while receiver.recv_many(&mut group, GROUP).await > 0 {
            // Whoever is ready to record now comes along: larger groups, at no time waited.
            tokio::task::yield_now().await;
            while group.len() < GROUP
                && let Ok(pending) = receiver.try_recv()
            {
                group.push(pending);
            }
            let begun = Instant::now();
            let events: Vec<&Event> = group.iter().map(|pending| &pending.event).collect();
            let result = writer.commit(&events, self.clock.now_ms()).await;
            (self.on_commit)(begun.elapsed(), group.len());
            let standing = result.map_err(|error| Arc::from(error.to_string()));
            for Pending { event, done } in group.drain(..) {
                let verdict = match &standing {
                    Ok(standing) => verdict(standing, &event.key),
                    Err(cause) => Verdict::Failed(Arc::clone(cause)),
                };
                if matches!(verdict, Verdict::Refused(_)) {
                    forget(&event.key);
                }
                // The caller may have given up; what is stored stays stored.
                drop(done.send(verdict));
            }
        }
    }
}

fn verdict(standing: &Standing, key: &str) -> Verdict {
    match standing.get(key) {
        Some(0) => Verdict::Stored,
        Some(1) => Verdict::Refused(&KEY_EXPIRED),
        Some(_) => Verdict::Refused(&KEY_REVOKED),
        None => Verdict::Refused(&KEY_INVALID),
    }
}
