//! One group of events as one transaction.
//!
//! Every event is stored only if its key stands at that moment, and the answer tells how each key stood. SQLite gets the whole
//! transaction as one message: its connection lives on a thread of its own, and each message there and back costs two
//! changes of thread. PostgreSQL gets it statement by statement and locks the keys' rows, so that a revocation waits.

use crate::recorder::Event;
use crate::store::Store;
use ingot_base::{clock, crash};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Sqlite, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How each key of a group stands: 0 fine, 1 expired, 2 revoked.
pub(crate) type Standing = BTreeMap<String, i64>;

/// `$1` events, `$2` sums by day, `$3` keys, each a JSON list; `$4` the present.
const SQLITE: &str = "BEGIN IMMEDIATE; \
    INSERT INTO usage_event (at_ms, request_id, key_id, route, model, version, status, row_count) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 \
    FROM json_each($1) JOIN api_key ON api_key.id = value ->> 2 \
    WHERE revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > $4); \
    INSERT INTO usage_day (day, key_id, model, version, status, requests, row_count) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
    FROM json_each($2) JOIN api_key ON api_key.id = value ->> 1 \
    WHERE revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > $4) \
    ON CONFLICT (day, key_id, model, version, status) \
    DO UPDATE SET requests = requests + excluded.requests, row_count = row_count + excluded.row_count; \
    SELECT id, CASE WHEN revoked_at_ms IS NOT NULL THEN 2 WHEN expires_at_ms <= $4 THEN 1 ELSE 0 END \
    FROM api_key WHERE id IN (SELECT value FROM json_each($3)); \
    COMMIT";

const PG_STANDING: &str = "SELECT id, CASE WHEN revoked_at_ms IS NOT NULL THEN 2::bigint WHEN expires_at_ms <= $2 THEN 1 ELSE 0 END \
    FROM (SELECT id, revoked_at_ms, expires_at_ms FROM api_key \
    WHERE id IN (SELECT json_array_elements_text($1::json)) ORDER BY id FOR SHARE) AS known";
const PG_EVENTS: &str = "INSERT INTO usage_event (at_ms, request_id, key_id, route, model, version, status, row_count) \
    SELECT (value ->> 0)::bigint, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
    (value ->> 6)::bigint, (value ->> 7)::bigint FROM json_array_elements($1::json)";
const PG_DAYS: &str = "INSERT INTO usage_day (day, key_id, model, version, status, requests, row_count) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, (value ->> 4)::bigint, (value ->> 5)::bigint, \
    (value ->> 6)::bigint FROM json_array_elements($1::json) ON CONFLICT (day, key_id, model, version, status) \
    DO UPDATE SET requests = usage_day.requests + excluded.requests, row_count = usage_day.row_count + excluded.row_count";

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
                let kept = match connection.take() {
                    Some(kept) => kept,
                    None => pool.acquire().await?,
                };
                sqlite(connection.insert(kept), events, now_ms).await
            }
            Self::Postgres(pool) => postgres(pool, events, now_ms).await,
        }?;
        crash::point("ledger-after-commit");
        Ok(standing)
    }
}

async fn sqlite(
    connection: &mut PoolConnection<Sqlite>,
    events: &[&Event],
    now_ms: i64,
) -> sqlx::Result<Standing> {
    let result: sqlx::Result<Vec<(String, i64)>> = sqlx::query_as(SQLITE)
        .bind(event_list(events, now_ms))
        .bind(day_list(events, now_ms))
        .bind(key_list(events))
        .bind(now_ms)
        .fetch_all(&mut **connection)
        .await;
    match result {
        Ok(rows) => Ok(rows.into_iter().collect()),
        Err(error) => {
            // Fails when the transaction had not begun; then there is nothing to undo.
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut **connection).await;
            Err(error)
        }
    }
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
            .bind(event_list(&accepted, now_ms))
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

/// Requests and rows by key, model, version and status, in a fixed order so that two servers cannot wait for each other in a
/// circle.
fn day_list(events: &[&Event], now_ms: i64) -> String {
    let mut sums: BTreeMap<(&str, &str, &str, u16), (i64, i64)> = BTreeMap::new();
    for event in events {
        let sum = sums.entry((&event.key, &event.model, &event.version, event.status)).or_default();
        sum.0 = sum.0.saturating_add(1);
        sum.1 = sum.1.saturating_add(integer(event.rows));
    }
    let day = clock::rfc3339(now_ms).split('T').next().unwrap_or_default().to_owned();
    let mut json = String::from("[");
    for ((key, model, version, status), (requests, rows)) in sums {
        separate(&mut json);
        json.push('[');
        for part in [&day, key, model, version] {
            separate(&mut json);
            text(&mut json, part);
        }
        // Writing to a string does not fail.
        let _ = write!(json, ",{status},{requests},{rows}]");
    }
    json.push(']');
    json
}

fn event_list(events: &[&Event], now_ms: i64) -> String {
    let mut json = String::with_capacity(events.len() * 160);
    json.push('[');
    for event in events {
        separate(&mut json);
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
        }
    }

    #[test]
    fn events_become_json_whatever_the_names_hold() {
        let events = [event("k1", 200, 3), event("k2", 422, 0)];
        let events: Vec<&Event> = events.iter().collect();
        let list: Value = serde_json::from_str(&event_list(&events, 5)).unwrap();
        assert_eq!(list[0], json!([5, "r", "k1", "/api/predict", "风险 \"a\"\n", "1.0.0", 200, 3]));
        assert_eq!(list.as_array().unwrap().len(), 2);
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
                ["2026-11-23", "k", model, "1.0.0", 200, 2, i64::MAX],
                ["2026-11-23", "k", model, "1.0.0", 422, 1, 0],
            ])
        );
    }
}
