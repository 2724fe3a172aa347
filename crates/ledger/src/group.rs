//! One group of events as one transaction.
//!
//! An event is stored only if its key stands at that moment, and the answer tells how each key stood. SQLite gets the whole
//! transaction as one message: its connection lives on a thread of its own, and each message there and back costs two
//! changes of thread; in the rare case that a key does not stand nothing is stored and the others are sent again. PostgreSQL gets it statement by statement and locks the keys' rows, so that a revocation waits.

use crate::recorder::Event;
use crate::store::Store;
use ingot_base::{clock, crash};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Sqlite, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// How long a group may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How each key of a group stands: 0 fine, 1 expired, 2 revoked.
pub(crate) type Standing = BTreeMap<String, i64>;

/// `$1` events, `$2` sums by day, `$3` keys, each a JSON list; `$4` the present. Stores all or, when a key does not stand, nothing.
const SQLITE: &str = "BEGIN IMMEDIATE; \
    INSERT INTO usage_group (at_ms, events) SELECT $4, $1 WHERE NOT EXISTS ( \
        SELECT 1 FROM json_each($3) AS asked LEFT JOIN api_key ON api_key.id = asked.value \
        WHERE api_key.id IS NULL OR revoked_at_ms IS NOT NULL OR expires_at_ms <= $4); \
    INSERT INTO usage_day (day, key_id, model, version, status, requests, row_count, tokens_read, tokens_written) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8 \
    FROM json_each($2) WHERE NOT EXISTS ( \
        SELECT 1 FROM json_each($3) AS asked LEFT JOIN api_key ON api_key.id = asked.value \
        WHERE api_key.id IS NULL OR revoked_at_ms IS NOT NULL OR expires_at_ms <= $4) \
    ON CONFLICT (day, key_id, model, version, status) \
    DO UPDATE SET requests = requests + excluded.requests, row_count = row_count + excluded.row_count, \
    tokens_read = tokens_read + excluded.tokens_read, tokens_written = tokens_written + excluded.tokens_written; \
    SELECT id, CASE WHEN revoked_at_ms IS NOT NULL THEN 2 WHEN expires_at_ms <= $4 THEN 1 ELSE 0 END \
    FROM api_key WHERE id IN (SELECT value FROM json_each($3)); \
    COMMIT";

const PG_STANDING: &str = "SELECT id, CASE WHEN revoked_at_ms IS NOT NULL THEN 2::bigint WHEN expires_at_ms <= $2 THEN 1 ELSE 0 END \
    FROM (SELECT id, revoked_at_ms, expires_at_ms FROM api_key \
    WHERE id IN (SELECT json_array_elements_text($1::json)) ORDER BY id FOR SHARE) AS known";
const PG_EVENTS: &str = "INSERT INTO usage_group (at_ms, events) VALUES ($1, $2)";
const PG_DAYS: &str = "INSERT INTO usage_day (day, key_id, model, version, status, requests, row_count, tokens_read, tokens_written) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, (value ->> 4)::bigint, (value ->> 5)::bigint, \
    (value ->> 6)::bigint, (value ->> 7)::bigint, (value ->> 8)::bigint FROM json_array_elements($1::json) ON CONFLICT (day, key_id, model, version, status) \
    DO UPDATE SET requests = usage_day.requests + excluded.requests, row_count = usage_day.row_count + excluded.row_count, \
    tokens_read = usage_day.tokens_read + excluded.tokens_read, tokens_written = usage_day.tokens_written + excluded.tokens_written";

/// Writes groups.
#[derive(Debug)]
pub(crate) enum Writer {
    /// The pool, and its only connection once there is one: borrowing it anew for each group would cost as much as a group.
    Sqlite(SqlitePool, Option<PoolConnection<Sqlite>>),
    Postgres(PgPool),
}

impl Writer {
    pub(crate) fn new(store: Store) -> Self {
        match store {
            Store::Sqlite(pool) => Self::Sqlite(pool, None),
            Store::Postgres(pool) => Self::Postgres(pool),
        }
    }

    /// Returns when the group is on disk: all events whose key is fine, with their sums.
    pub(crate) async fn commit(
        &mut self,
        events: &[&Event],
        now_ms: i64,
    ) -> sqlx::Result<Standing> {
        crash::point("ledger-before-commit");
        let standing = match self {
            Self::Sqlite(pool, connection) => {
                let mut kept = match connection.take() {
                    Some(kept) => kept,
                    None => pool.acquire().await?,
                };
                let standing = patiently(sqlite(&mut kept, events, now_ms)).await?;
                *connection = Some(kept);
                standing
            }
            Self::Postgres(pool) => Box::pin(patiently(postgres(pool, events, now_ms))).await?,
        };
        crash::point("ledger-after-commit");
        Ok(standing)
    }
}

/// A database that hangs must not hold all answers for ever.
async fn patiently<T>(work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

async fn sqlite(
    connection: &mut PoolConnection<Sqlite>,
    events: &[&Event],
    now_ms: i64,
) -> sqlx::Result<Standing> {
    let mut standing = Standing::new();
    let mut rest = events.to_vec();
    while !rest.is_empty() {
        let result: sqlx::Result<Vec<(String, i64)>> = sqlx::query_as(SQLITE)
            .bind(event_list(&rest))
            .bind(day_list(&rest, now_ms))
            .bind(key_list(&rest))
            .bind(now_ms)
            .fetch_all(&mut **connection)
            .await;
        match result {
            Ok(rows) => standing.extend(rows),
            Err(error) => {
                // Fails when the transaction had not begun; then there is nothing to undo.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut **connection).await;
                return Err(error);
            }
        }
        let asked = rest.len();
        rest.retain(|event| standing.get(&*event.key) == Some(&0));
        if rest.len() == asked {
            break;
        }
    }
    Ok(standing)
}

async fn postgres(pool: &PgPool, events: &[&Event], now_ms: i64) -> sqlx::Result<Standing> {
    let mut transaction = pool.begin().await?;
    let keys: Vec<(String, i64)> = sqlx::query_as(PG_STANDING)
        .bind(key_list(events))
        .bind(now_ms)
        .fetch_all(&mut *transaction)
        .await?;
    let standing: Standing = keys.into_iter().collect();
    let accepted: Vec<&Event> =
        events.iter().copied().filter(|event| standing.get(&*event.key) == Some(&0)).collect();
    if !accepted.is_empty() {
        sqlx::query(PG_EVENTS)
            .bind(now_ms)
            .bind(event_list(&accepted))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(PG_DAYS).bind(day_list(&accepted, now_ms)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(standing)
}

fn key_list(events: &[&Event]) -> String {
    let keys: BTreeSet<&str> = events.iter().map(|event| &*event.key).collect();
    let mut json = String::from("[");
    for key in keys {
        separate(&mut json);
        text(&mut json, key);
    }
    json.push(']');
    json
}

/// What tells one kind of request from another.
type Kind<'a> = (&'a str, &'a str, &'a str, &'a str, u16);

/// The events of each kind, in a fixed order so that two servers cannot wait for each other in a circle.
fn kinds<'a>(events: &[&'a Event]) -> BTreeMap<Kind<'a>, Vec<&'a Event>> {
    let mut kinds: BTreeMap<Kind<'a>, Vec<&Event>> = BTreeMap::new();
    for event in events {
        let kind = (&*event.key, event.route, &*event.model, &*event.version, event.status);
        kinds.entry(kind).or_default().push(event);
    }
    kinds
}

/// What `usage_day` adds up: requests, rows and tokens by key, model, version and status.
fn day_list(events: &[&Event], now_ms: i64) -> String {
    let mut sums: BTreeMap<(&str, &str, &str, u16), [i64; 4]> = BTreeMap::new();
    for ((key, _, model, version, status), events) in kinds(events) {
        let sum = sums.entry((key, model, version, status)).or_default();
        for event in events {
            let more = [1, event.rows, event.tokens_read, event.tokens_written];
            for (sum, more) in sum.iter_mut().zip(more) {
                *sum = sum.saturating_add(integer(more));
            }
        }
    }
    let day = clock::rfc3339(now_ms).split('T').next().unwrap_or_default().to_owned();
    let mut json = String::from("[");
    for ((key, model, version, status), [requests, rows, read, written]) in sums {
        separate(&mut json);
        json.push('[');
        for part in [&day, key, model, version] {
            separate(&mut json);
            text(&mut json, part);
        }
        // Writing to a string does not fail.
        let _ = write!(json, ",{status},{requests},{rows},{read},{written}]");
    }
    json.push(']');
    json
}

/// What `usage_group.events` holds.
fn event_list(events: &[&Event]) -> String {
    let mut json = String::with_capacity(128 + events.len() * 48);
    json.push('[');
    for ((key, route, model, version, status), events) in kinds(events) {
        separate(&mut json);
        json.push('[');
        for part in [key, route, model, version] {
            separate(&mut json);
            text(&mut json, part);
        }
        // Writing to a string does not fail.
        let _ = write!(json, ",{status},[");
        for event in events {
            separate(&mut json);
            json.push('[');
            text(&mut json, &event.request_id);
            let _ = write!(json, ",{}", integer(event.rows));
            if event.tokens_read > 0 || event.tokens_written > 0 {
                let (read, written) = (integer(event.tokens_read), integer(event.tokens_written));
                let _ = write!(json, ",{read},{written}");
            }
            json.push(']');
        }
        json.push_str("]]");
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
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.push_str(text);
    } else {
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
    }
    json.push('"');
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(key: &str, status: u16, rows: u64) -> Event {
        Event {
            request_id: "r".into(),
            key: key.into(),
            route: "/api/predict",
            model: "风险 \"a\"\n".into(),
            version: "1.0.0".into(),
            status,
            rows,
            tokens_read: 0,
            tokens_written: 0,
        }
    }

    #[test]
    fn events_become_json_whatever_the_names_hold() {
        let mut events = [event("k1", 200, 3), event("k2", 422, 0), event("k1", 200, 4)];
        (events[2].tokens_read, events[2].tokens_written) = (50, 7);
        let events: Vec<&Event> = events.iter().collect();
        let list: Value = serde_json::from_str(&event_list(&events)).unwrap();
        assert_eq!(
            list,
            json!([
                ["k1", "/api/predict", "风险 \"a\"\n", "1.0.0", 200, [["r", 3], ["r", 4, 50, 7]]],
                ["k2", "/api/predict", "风险 \"a\"\n", "1.0.0", 422, [["r", 0]]],
            ])
        );
        assert_eq!(key_list(&events), r#"["k1","k2"]"#);
    }

    #[test]
    fn sums_add_up_and_do_not_overflow() {
        let events = [event("k", 200, 3), event("k", 200, u64::MAX), event("k", 422, 0)];
        let events: Vec<&Event> = events.iter().collect();
        let list: Value = serde_json::from_str(&day_list(&events, 1_795_420_799_000)).unwrap();
        let model = "风险 \"a\"\n";
        assert_eq!(
            list,
            json!([
                ["2026-11-23", "k", model, "1.0.0", 200, 2, i64::MAX, 0, 0],
                ["2026-11-23", "k", model, "1.0.0", 422, 1, 0, 0, 0],
            ])
        );
    }
}
