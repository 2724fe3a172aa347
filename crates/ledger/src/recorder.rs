//! Usage by group commit: one task gathers what is pending, writes it in one transaction, waits for the disk, then lets all
//! the answers go. While one group waits for the disk the next gathers, so nothing waits for a timer.
//!
//! The same transaction asks whether the keys still stand. SQLite admits one writer at a time and PostgreSQL locks the rows,
//! so a revocation commits either before the group, which then refuses, or after it. No request is answered whose recording
//! came after the revocation, whichever process revoked.

use crate::messages::{KEY_EXPIRED, KEY_INVALID, KEY_REVOKED, LEDGER_WRITE, RECORDER_CLOSED};
use crate::store::{Dialect, Store};
use ingot_base::{Clock, Fault, Message, Result, clock, crash};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
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
        let task = Task { store, clock, on_commit };
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
    store: Store,
    clock: Arc<dyn Clock>,
    on_commit: Arc<OnCommit>,
}

impl Task {
    async fn run(self, mut receiver: mpsc::Receiver<Pending>, forget: impl Fn(&str)) {
        let mut group = Vec::with_capacity(GROUP);
        while receiver.recv_many(&mut group, GROUP).await > 0 {
            let begun = Instant::now();
            let now_ms = self.clock.now_ms();
            let dialect = self.store.dialect();
            let result = match &self.store {
                Store::Sqlite(pool) => sqlite(pool, dialect, &group, now_ms).await,
                Store::Postgres(pool) => postgres(pool, dialect, &group, now_ms).await,
            };
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

/// How each key of a group stands: 0 fine, 1 expired, 2 revoked.
type Standing = BTreeMap<String, i64>;

fn verdict(standing: &Standing, key: &str) -> Verdict {
    match standing.get(key) {
        Some(0) => Verdict::Stored,
        Some(1) => Verdict::Refused(&KEY_EXPIRED),
        Some(_) => Verdict::Refused(&KEY_REVOKED),
        None => Verdict::Refused(&KEY_INVALID),
    }
}

/// The transaction, once for each database: the types differ, the words do not.
macro_rules! commit {
    ($name:ident, $pool:ty) => {
        async fn $name(
            pool: &$pool,
            dialect: Dialect,
            group: &[Pending],
            now_ms: i64,
        ) -> sqlx::Result<Standing> {
            let mut transaction = pool.begin_with(dialect.begin).await?;
            let keys: Vec<(String, i64)> = sqlx::query_as(dialect.standing)
                .bind(key_list(group))
                .bind(now_ms)
                .fetch_all(&mut *transaction)
                .await?;
            let standing = keys.into_iter().collect();
            let accepted = || {
                group
                    .iter()
                    .map(|pending| &pending.event)
                    .filter(|event| matches!(verdict(&standing, &event.key), Verdict::Stored))
            };
            if accepted().next().is_some() {
                sqlx::query(dialect.append)
                    .bind(event_list(accepted(), now_ms))
                    .execute(&mut *transaction)
                    .await?;
                let day = day(now_ms);
                for (sum, (requests, rows)) in sums(accepted()) {
                    sqlx::query(ADD_DAY)
                        .bind(&day)
                        .bind(sum.key)
                        .bind(sum.model)
                        .bind(sum.version)
                        .bind(i64::from(sum.status))
                        .bind(requests)
                        .bind(rows)
                        .execute(&mut *transaction)
                        .await?;
                }
            }
            crash::point("ledger-before-commit");
            transaction.commit().await?;
            crash::point("ledger-after-commit");
            Ok(standing)
        }
    };
}
commit!(sqlite, sqlx::SqlitePool);
commit!(postgres, sqlx::PgPool);

const ADD_DAY: &str = "INSERT INTO usage_day (day, key_id, model, version, status, requests, row_count) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (day, key_id, model, version, status) \
     DO UPDATE SET requests = usage_day.requests + excluded.requests, row_count = usage_day.row_count + excluded.row_count";

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sum {
    key: String,
    model: String,
    version: String,
    status: u16,
}

/// Requests and rows of each kind, in a fixed order so that two writers cannot wait for each other in a circle.
fn sums<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<Sum, (i64, i64)> {
    let mut sums: BTreeMap<(&str, &str, &str, u16), (i64, i64)> = BTreeMap::new();
    for event in events {
        let sum = sums.entry((&event.key, &event.model, &event.version, event.status)).or_default();
        sum.0 = sum.0.saturating_add(1);
        sum.1 = sum.1.saturating_add(integer(event.rows));
    }
    sums.into_iter()
        .map(|((key, model, version, status), counts)| {
            let sum = Sum { key: key.into(), model: model.into(), version: version.into(), status };
            (sum, counts)
        })
        .collect()
}

fn key_list(group: &[Pending]) -> String {
    let keys: BTreeSet<&str> = group.iter().map(|pending| &*pending.event.key).collect();
    let mut json = String::from("[");
    for key in keys {
        separate(&mut json);
        text(&mut json, key);
    }
    json.push(']');
    json
}

/// The events as the JSON list of lists that [`Dialect::append`] takes.
fn event_list<'a>(events: impl Iterator<Item = &'a Event>, now_ms: i64) -> String {
    let mut json = String::with_capacity(GROUP * 64);
    json.push('[');
    for event in events {
        separate(&mut json);
        // Writing to a string does not fail.
        let _ = write!(json, "[{now_ms}");
        for part in [&*event.request_id, &*event.key, event.route, &*event.model, &*event.version] {
            json.push(',');
            text(&mut json, part);
        }
        let _ = write!(json, ",{},{}]", event.status, integer(event.rows));
    }
    json.push(']');
    json
}

fn separate(json: &mut String) {
    if !json.ends_with('[') {
        json.push(',');
    }
}

/// A JSON string (RFC 8259 §7). PostgreSQL's text holds no NUL: it becomes U+FFFD.
fn text(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            '\0' => json.push('\u{fffd}'),
            '\u{1}'..='\u{1f}' => {
                let _ = write!(json, "\\u{:04x}", u32::from(letter));
            }
            _ => json.push(letter),
        }
    }
    json.push('"');
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `2026-11-23`, in UTC.
pub(crate) fn day(ms: i64) -> String {
    clock::rfc3339(ms).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: &str, status: u16, rows: u64) -> Event {
        Event {
            request_id: "r".into(),
            key: key.into(),
            route: "/api/predict",
            model: "风险 \"a\"\n".into(),
            version: "1.0.0".into(),
            status,
            rows,
        }
    }

    #[test]
    fn events_become_json_whatever_the_names_hold() {
        let events = [event("k1", 200, 3), event("k2", 422, 0)];
        let json: serde_json::Value = serde_json::from_str(&event_list(events.iter(), 5)).unwrap();
        assert_eq!(
            json[0],
            serde_json::json!([5, "r", "k1", "/api/predict", "风险 \"a\"\n", "1.0.0", 200, 3])
        );
        assert_eq!(json.as_array().unwrap().len(), 2);
    }

    #[test]
    fn sums_add_up_and_do_not_overflow() {
        let events = [event("k", 200, 3), event("k", 200, u64::MAX), event("k", 422, 0)];
        let sums: Vec<_> = sums(events.iter()).into_values().collect();
        assert_eq!(sums, [(2, i64::MAX), (1, 0)]);
        assert_eq!(day(1_795_420_799_000), "2026-11-23");
    }
}
