//! The ledger itself: keys, usage, the audit log.

use crate::key::{Hasher, Key, KeyRequest, NewKey, Principal, Scope, Token, generate, same};
use crate::messages::{
    KEY_EXPIRED, KEY_INVALID, KEY_REVOKED, KEY_UNKNOWN, LEDGER_PEPPER, LEDGER_READ, LEDGER_WRITE,
};
use crate::recorder::{OnCommit, Recorder};
use crate::store::{self, Store, on};
use crate::usage::{Act, DayUsage, RecordedEvent, UsageQuery};
use ingot_base::{Clock, Fault, Result, Secret, SystemClock};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Keys remembered at most; beyond, all are forgotten and read again.
const REMEMBERED: usize = 10_000;
/// Who acts when nobody else is named.
const LOCAL: &str = "local";

/// API keys, usage and the audit log in one database. Clones share connections.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
    actor: Arc<str>,
}

struct Inner {
    readers: Store,
    writer: Store,
    hasher: Hasher,
    clock: Arc<dyn Clock>,
    /// Keys that matched once. Only ever spares a question: the recorder asks the database again for each group.
    known: Arc<RwLock<HashMap<String, Arc<Known>>>>,
}

/// A key as the database has it.
struct Known {
    hash: [u8; 32],
    principal: Arc<Principal>,
    revoked: bool,
}

type KeyRow = (String, String, String, String, i64, Option<i64>, Option<i64>, Option<i64>, String);

const SELECT_KEY: &str = "SELECT id, name, tenant, scopes, created_at_ms, expires_at_ms, revoked_at_ms, \
     rate_per_minute, hash FROM api_key WHERE id = $1";
const SELECT_KEYS: &str = "SELECT id, name, tenant, scopes, created_at_ms, expires_at_ms, revoked_at_ms, \
     rate_per_minute, hash FROM api_key ORDER BY created_at_ms, id";
const INSERT_KEY: &str = "INSERT INTO api_key (id, name, tenant, scopes, hash, created_at_ms, expires_at_ms, rate_per_minute) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const REVOKE_KEY: &str =
    "UPDATE api_key SET revoked_at_ms = COALESCE(revoked_at_ms, $2) WHERE id = $1";
const INSERT_ACT: &str =
    "INSERT INTO audit (at_ms, actor, act, subject, detail) VALUES ($1, $2, $3, $4, $5)";
const SELECT_ACTS: &str =
    "SELECT at_ms, actor, act, subject, detail FROM audit ORDER BY seq DESC LIMIT $1";
const SELECT_USAGE: &str = "SELECT day, key_id, COALESCE(tenant, ''), model, version, \
     CAST(SUM(requests) AS BIGINT), CAST(SUM(CASE WHEN status >= 400 THEN requests ELSE 0 END) AS BIGINT), \
     CAST(SUM(row_count) AS BIGINT), CAST(SUM(tokens_read) AS BIGINT), CAST(SUM(tokens_written) AS BIGINT) \
     FROM usage_day LEFT JOIN api_key ON api_key.id = key_id \
     WHERE ($1 IS NULL OR key_id = $1) AND ($2 IS NULL OR tenant = $2) AND ($3 IS NULL OR day >= $3) \
     AND ($4 IS NULL OR day <= $4) GROUP BY day, key_id, tenant, model, version ORDER BY day, key_id, model, version";
const SELECT_EVENTS: &str = "SELECT at_ms, request_id, key_id, route, model, version, status, row_count, \
     tokens_read, tokens_written FROM usage_event WHERE ($1 IS NULL OR key_id = $1) ORDER BY seq DESC, kind DESC, position DESC LIMIT $2";
const INSERT_FACT: &str =
    "INSERT INTO ledger_fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const SELECT_FACT: &str = "SELECT value FROM ledger_fact WHERE name = $1";

impl Ledger {
    /// Opens or makes the ledger: a SQLite file (mode 0600, write-ahead log, synced to disk at every commit), or the database
    /// of a `postgres://` URL. `pepper` guards the keys' hashes; a ledger opens only with the pepper it was made with.
    ///
    /// # Errors
    /// When the database cannot be opened, is of a newer format or was made with another pepper.
    pub async fn open(url: &str, pepper: Secret<Vec<u8>>) -> Result<Self> {
        Self::open_at(url, pepper, Arc::new(SystemClock)).await
    }

    /// As [`open`](Self::open), with the time from `clock`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_at(
        url: &str,
        pepper: Secret<Vec<u8>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let hasher = Hasher::new(&pepper)?;
        let stores = store::open(url).await?;
        stores.writer.migrate(&stores.place).await?;
        let stored: (String,) = on!(&stores.writer, pool => async {
            sqlx::query(INSERT_FACT)
                .bind("pepper_check")
                .bind(hasher.check_value())
                .execute(pool)
                .await?;
            sqlx::query_as(SELECT_FACT).bind("pepper_check").fetch_one(pool).await
        }
        .await)
        .map_err(|error| store::open_fault(&stores.place, error))?;
        if stored.0 != hasher.check_value() {
            return Err(Fault::new(&LEDGER_PEPPER));
        }
        let inner = Inner {
            readers: stores.readers,
            writer: stores.writer,
            hasher,
            clock,
            known: Arc::default(),
        };
        Ok(Self { inner: Arc::new(inner), actor: LOCAL.into() })
    }

    /// The same ledger on behalf of someone: the audit log names `actor`.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { inner: Arc::clone(&self.inner), actor: actor.into() }
    }

    /// Makes a key; its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// When the request makes no sense or the database does not write.
    pub async fn create_key(&self, request: KeyRequest) -> Result<NewKey> {
        let now_ms = self.inner.clock.now_ms();
        request.check(now_ms)?;
        let made = generate()?;
        let hash = Token::parse(made.secret.expose())
            .map(|token| hex::encode(self.inner.hasher.of(&token)))
            .unwrap_or_default();
        let scopes = Scope::join(&request.scopes);
        let detail = format!("scopes {scopes}");
        let store = &self.inner.readers;
        on!(store, pool => async {
            let mut transaction = pool.begin_with(store.dialect().begin).await?;
            sqlx::query(INSERT_KEY)
                .bind(&made.id)
                .bind(request.name.trim())
                .bind(request.tenant.trim())
                .bind(&scopes)
                .bind(&hash)
                .bind(now_ms)
                .bind(request.expires_at_ms)
                .bind(request.rate_per_minute.map(i64::from))
                .execute(&mut *transaction)
                .await?;
            sqlx::query(INSERT_ACT)
                .bind(now_ms)
                .bind(&*self.actor)
                .bind("key.create")
                .bind(&made.id)
                .bind(&detail)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        }
        .await)
        .map_err(write_fault)?;
        Ok(made)
    }

    /// All keys in the order they were made, revoked ones too, without secrets.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_keys(&self) -> Result<Vec<Key>> {
        let rows: Vec<KeyRow> = on!(&self.inner.readers, pool =>
            sqlx::query_as(SELECT_KEYS).fetch_all(pool).await)
        .map_err(read_fault)?;
        Ok(rows.into_iter().map(|row| key_of(row).0).collect())
    }

    /// Revokes a key for every process that uses this ledger: once this returns, none of them records, hence none answers,
    /// another request of the key. Revoking twice keeps the first time.
    ///
    /// # Errors
    /// When there is no such key or the database does not write.
    pub async fn revoke_key(&self, id: &str) -> Result<()> {
        let id = id.strip_prefix("ik_").unwrap_or(id);
        let now_ms = self.inner.clock.now_ms();
        let store = &self.inner.readers;
        let found = on!(store, pool => async {
            let mut transaction = pool.begin_with(store.dialect().begin).await?;
            let found = sqlx::query(REVOKE_KEY)
                .bind(id)
                .bind(now_ms)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            if found > 0 {
                sqlx::query(INSERT_ACT)
                    .bind(now_ms)
                    .bind(&*self.actor)
                    .bind("key.revoke")
                    .bind(id)
                    .bind("")
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(found)
        }
        .await)
        .map_err(write_fault)?;
        self.inner.forget(id);
        if found == 0 { Err(unknown(id)) } else { Ok(()) }
    }

    /// The key of an id, revoked or not; the id may be written with `ik_` before it.
    ///
    /// # Errors
    /// When there is no such key or the database does not answer.
    pub async fn key(&self, id: &str) -> Result<Key> {
        let id = id.strip_prefix("ik_").unwrap_or(id);
        let row: Option<KeyRow> = on!(&self.inner.readers, pool =>
            sqlx::query_as(SELECT_KEY).bind(id).fetch_optional(pool).await)
        .map_err(read_fault)?;
        row.map(|row| key_of(row).0).ok_or_else(|| unknown(id))
    }

    /// Who presents this token, as far as this process remembers: a key that another process revoked a moment ago may pass.
    /// Enough when the answer is recorded before it is sent, because the [`Recorder`] asks again; otherwise use
    /// [`authenticate_now`](Self::authenticate_now).
    ///
    /// # Errors
    /// When the token is no key, or it is revoked or expired, or the database does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Principal>> {
        let parsed = Token::parse(token).ok_or_else(|| Fault::new(&KEY_INVALID))?;
        let known = {
            let known = self.inner.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(parsed.id).cloned()
        };
        match known {
            Some(known) => self.inner.admit(&known, &parsed),
            None => self.authenticate_now(token).await,
        }
    }

    /// Who presents this token, as the database says now.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_now(&self, token: &str) -> Result<Arc<Principal>> {
        let parsed = Token::parse(token).ok_or_else(|| Fault::new(&KEY_INVALID))?;
        let row: Option<KeyRow> = on!(&self.inner.readers, pool =>
            sqlx::query_as(SELECT_KEY).bind(parsed.id).fetch_optional(pool).await)
        .map_err(read_fault)?;
        let Some(row) = row else {
            // As much work as for a known id, so that time does not tell which ids exist.
            let _ = same(&self.inner.hasher.of(&parsed), &[0; 32]);
            self.inner.forget(parsed.id);
            return Err(Fault::new(&KEY_INVALID));
        };
        let known = Arc::new(known_of(row));
        let admitted = self.inner.admit(&known, &parsed);
        // A refused key is not remembered as what it was before.
        match &admitted {
            Ok(_) => self.inner.remember(parsed.id, known),
            Err(_) if known.revoked => self.inner.forget(parsed.id),
            Err(_) => {}
        }
        admitted
    }

    /// Starts recording usage. `on_commit` is told of every group. The handle ends when all recorders are dropped and
    /// everything is stored.
    pub fn recorder(&self, on_commit: Arc<OnCommit>) -> (Recorder, tokio::task::JoinHandle<()>) {
        let inner = Arc::clone(&self.inner);
        Recorder::start(
            self.inner.writer.clone(),
            Arc::clone(&self.inner.clock),
            move |key| inner.forget(key),
            on_commit,
        )
    }

    /// Usage by day, key and model; of one key when named.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn usage(&self, key: Option<&str>) -> Result<Vec<DayUsage>> {
        self.usage_of(&UsageQuery { key: key.map(str::to_owned), ..UsageQuery::default() }).await
    }

    /// Usage by day, key and model, of what the query names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn usage_of(&self, query: &UsageQuery) -> Result<Vec<DayUsage>> {
        type Row = (String, String, String, String, String, i64, i64, i64, i64, i64);
        let rows: Vec<Row> = on!(&self.inner.readers, pool => sqlx::query_as(SELECT_USAGE)
            .bind(query.key.as_deref())
            .bind(query.tenant.as_deref())
            .bind(query.from.as_deref())
            .bind(query.to.as_deref())
            .fetch_all(pool)
            .await)
        .map_err(read_fault)?;
        let day =
            |(day, key, tenant, model, version, requests, failed, rows, read, written): Row| {
                DayUsage {
                    day,
                    key,
                    tenant,
                    model,
                    version,
                    requests: natural(requests),
                    failed: natural(failed),
                    rows: natural(rows),
                    tokens_read: natural(read),
                    tokens_written: natural(written),
                }
            };
        Ok(rows.into_iter().map(day).collect())
    }

    /// The latest recorded requests, newest first; of one key when named.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self, key: Option<&str>, limit: u32) -> Result<Vec<RecordedEvent>> {
        type Row = (i64, String, String, String, String, String, i64, i64, i64, i64);
        let rows: Vec<Row> = on!(&self.inner.readers, pool => sqlx::query_as(SELECT_EVENTS)
            .bind(key)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)
        .map_err(read_fault)?;
        let event =
            |(at_ms, request_id, key, route, model, version, status, rows, read, written): Row| {
                let status = u16::try_from(status).unwrap_or_default();
                RecordedEvent {
                    at_ms,
                    request_id,
                    key,
                    route,
                    model,
                    version,
                    status,
                    rows: natural(rows),
                    tokens_read: natural(read),
                    tokens_written: natural(written),
                }
            };
        Ok(rows.into_iter().map(event).collect())
    }

    /// The latest acts of administrators, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn acts(&self, limit: u32) -> Result<Vec<Act>> {
        type Row = (i64, String, String, String, String);
        let rows: Vec<Row> = on!(&self.inner.readers, pool =>
            sqlx::query_as(SELECT_ACTS).bind(i64::from(limit)).fetch_all(pool).await)
        .map_err(read_fault)?;
        let act =
            |(at_ms, actor, act, subject, detail): Row| Act { at_ms, actor, act, subject, detail };
        Ok(rows.into_iter().map(act).collect())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        on!(&self.inner.readers, pool => sqlx::query("SELECT 1").execute(pool).await.map(drop))
            .map_err(read_fault)
    }

    /// Closes all connections, of clones too. What was recorded is on disk with or without it.
    pub async fn close(&self) {
        // A statement that hangs must not keep the process alive.
        let all = async {
            self.inner.readers.close().await;
            self.inner.writer.close().await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), all).await;
    }
}

impl Inner {
    /// Believes a token whose hash matches, unless the key's time is over.
    fn admit(&self, known: &Known, token: &Token<'_>) -> Result<Arc<Principal>> {
        if !same(&self.hasher.of(token), &known.hash) {
            return Err(Fault::new(&KEY_INVALID));
        }
        if known.revoked {
            return Err(Fault::new(&KEY_REVOKED));
        }
        if known.principal.expires_at_ms.is_some_and(|end| end <= self.clock.now_ms()) {
            return Err(Fault::new(&KEY_EXPIRED));
        }
        Ok(Arc::clone(&known.principal))
    }

    fn remember(&self, id: &str, key: Arc<Known>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id.to_owned(), key);
    }

    fn forget(&self, id: &str) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("actor", &self.actor).finish_non_exhaustive()
    }
}

fn key_of(row: KeyRow) -> (Key, String) {
    let (id, name, tenant, scopes, created_at_ms, expires_at_ms, revoked_at_ms, rate, hash) = row;
    let rate_per_minute = rate.and_then(|rate| u32::try_from(rate).ok());
    let scopes = Scope::split(&scopes);
    let key = Key {
        id,
        name,
        tenant,
        scopes,
        created_at_ms,
        expires_at_ms,
        revoked_at_ms,
        rate_per_minute,
    };
    (key, hash)
}

fn known_of(row: KeyRow) -> Known {
    let (key, stored) = key_of(row);
    let mut hash = [0; 32];
    // A damaged hash becomes one that no token has.
    let damaged = hex::decode_to_slice(&stored, &mut hash).is_err();
    let principal = Principal {
        key: key.id.into(),
        tenant: key.tenant.into(),
        scopes: key.scopes,
        expires_at_ms: key.expires_at_ms,
        rate_per_minute: key.rate_per_minute,
    };
    Known { hash, principal: Arc::new(principal), revoked: damaged || key.revoked_at_ms.is_some() }
}

fn unknown(id: &str) -> Fault {
    let shown: String = id.chars().take(40).collect();
    Fault::new(&KEY_UNKNOWN).arg("id", shown)
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn write_fault(error: sqlx::Error) -> Fault {
    Fault::new(&LEDGER_WRITE).because(error)
}

fn read_fault(error: sqlx::Error) -> Fault {
    Fault::new(&LEDGER_READ).because(error)
}
