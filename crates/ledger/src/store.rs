//! The two databases and their one schema. Statements use what both understand (`$1`, `BIGINT`, `ON CONFLICT`); where they
//! differ, [`Dialect`] has a sentence for each.

use crate::messages::{LEDGER_NEWER, LEDGER_OPEN, LEDGER_SCHEME};
use ingot_base::{Fault, Result};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// How long a statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);
/// How long a question waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

/// Runs the same expression on whichever database it is.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite($pool) => $body,
            $crate::store::Store::Postgres($pool) => $body,
        }
    };
}
pub(crate) use on;

/// A pool of connections to one of the databases.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Sentences that differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// Begins a transaction that will write.
    pub(crate) begin: &'static str,
    migrations: &'static [&'static str],
    lock: &'static str,
}

const SQLITE: Dialect = Dialect {
    begin: "BEGIN IMMEDIATE",
    migrations: &[
        include_str!("../migrations/sqlite/1.sql"),
        include_str!("../migrations/sqlite/2.sql"),
    ],
    lock: "SELECT 1",
};

const POSTGRES: Dialect = Dialect {
    begin: "BEGIN",
    migrations: &[
        include_str!("../migrations/postgres/1.sql"),
        include_str!("../migrations/postgres/2.sql"),
    ],
    lock: "SELECT 1 FROM pg_advisory_xact_lock(7345928341)",
};

impl Store {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        }
    }

    /// Ends all connections; for SQLite the write-ahead log is folded into the file.
    pub(crate) async fn close(&self) {
        on!(self, pool => pool.close().await);
    }

    /// Brings the schema up to this version, one process at a time.
    pub(crate) async fn migrate(&self, place: &str) -> Result<()> {
        let known = self.dialect().migrations.len();
        let found = on!(self, pool => apply(pool, &self.dialect()).await)
            .map_err(|error| open_fault(place, error))?;
        if found > known {
            return Err(Fault::new(&LEDGER_NEWER).arg("found", found).arg("known", known));
        }
        Ok(())
    }
}

/// Where the readers and the one writer look.
pub(crate) struct Stores {
    pub(crate) readers: Store,
    pub(crate) writer: Store,
    /// The address as it may be shown: without a password.
    pub(crate) place: String,
}

/// Requires TLS with a certificate that verifies of a server on another machine. Only `sslmode=disable`, in the address or as
/// `PGSSLMODE`, goes without; every other mode of libpq sends at least the password to whoever answers.
fn protected(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host();
    let local = host == "localhost"
        || host.starts_with('/')
        || options.get_socket().is_some()
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    let without = matches!(options.get_ssl_mode(), PgSslMode::Disable);
    if local || without { options } else { options.ssl_mode(PgSslMode::VerifyFull) }
}

/// Opens the database that `url` names: `postgres://…`, or a SQLite file (with or without `sqlite:`).
pub(crate) async fn open(url: &str) -> Result<Stores> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| open_fault("postgres://…", error))?
            .application_name("ingot");
        let options = protected(options);
        let place = format!("postgres://{}:{}/…", options.get_host(), options.get_port());
        let pool = |size| {
            PgPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(ACQUIRE)
                .connect_lazy_with(options.clone())
        };
        return Ok(Stores {
            readers: Store::Postgres(pool(READERS)),
            writer: Store::Postgres(pool(1)),
            place,
        });
    }
    // The rest of another address may hold a password, and is no file's name.
    if let Some((scheme, _)) = url.split_once("://")
        && scheme != "sqlite"
    {
        return Err(Fault::new(&LEDGER_SCHEME).arg("scheme", scheme));
    }
    let file = url.strip_prefix("sqlite:").map_or(url, |rest| rest.trim_start_matches("//"));
    let place = format!("`{file}`");
    private(Path::new(file)).map_err(|error| open_fault(&place, error))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Pages written again and again reach the file less often.
        .pragma("wal_autocheckpoint", "4000")
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let pool = |size| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let connect = async {
        Ok(Stores {
            writer: Store::Sqlite(pool(1).connect_with(options.clone()).await?),
            readers: Store::Sqlite(pool(READERS).connect_with(options).await?),
            place: place.clone(),
        })
    };
    connect.await.map_err(|error: sqlx::Error| open_fault(&place, error))
}

/// Makes the file, readable by its owner alone, and its folder, when they do not exist.
fn private(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// The format found, after raising it to the newest known.
async fn apply<DB>(pool: &sqlx::Pool<DB>, dialect: &Dialect) -> sqlx::Result<usize>
where
    DB: Migrates,
{
    DB::apply(pool, dialect).await
}

/// Runs migrations; one implementation by macro for each database, since their types differ and their words do not.
trait Migrates: sqlx::Database {
    fn apply(
        pool: &sqlx::Pool<Self>,
        dialect: &Dialect,
    ) -> impl Future<Output = sqlx::Result<usize>> + Send;
}

macro_rules! migrates {
    ($database:ty) => {
        impl Migrates for $database {
            async fn apply(pool: &sqlx::Pool<Self>, dialect: &Dialect) -> sqlx::Result<usize> {
                let mut transaction = pool.begin_with(dialect.begin).await?;
                sqlx::query(dialect.lock).execute(&mut *transaction).await?;
                sqlx::query("CREATE TABLE IF NOT EXISTS ledger_format (format BIGINT NOT NULL)")
                    .execute(&mut *transaction)
                    .await?;
                let found: Option<(i64,)> = sqlx::query_as(
                    "SELECT MAX(format) FROM ledger_format HAVING MAX(format) IS NOT NULL",
                )
                .fetch_optional(&mut *transaction)
                .await?;
                let found =
                    found.map_or(0, |(format,)| usize::try_from(format).unwrap_or(usize::MAX));
                for (index, migration) in dialect.migrations.iter().enumerate().skip(found) {
                    sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
                    sqlx::query("INSERT INTO ledger_format (format) VALUES ($1)")
                        .bind(i64::try_from(index + 1).unwrap_or(i64::MAX))
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await?;
                Ok(found)
            }
        }
    };
}
migrates!(sqlx::Sqlite);
migrates!(sqlx::Postgres);

pub(crate) fn open_fault(
    place: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Fault {
    Fault::new(&LEDGER_OPEN).arg("place", place).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_reached_protected_unless_the_address_says_without() {
        let mode = |url: &str| protected(PgConnectOptions::from_str(url).unwrap()).get_ssl_mode();
        for remote in [
            "postgres://ingot@db.example/ingot",
            "postgres://ingot@db.example/ingot?sslmode=require",
            "postgres://ingot@db.example/ingot?ssl-mode=prefer",
            "postgres://ingot@db.example/ingot?sslmode=allow",
            "postgres://ingot@db.example/ingot?sslmode=verify-ca&sslrootcert=ca.pem",
            "postgres://ingot@db.example/ingot?application_name=sslmode=disable",
            "postgres://ingot:sslmode=disable@10.0.0.7/ingot",
            "postgres://ingot@localhost/ingot?host=db.example",
        ] {
            assert!(matches!(mode(remote), PgSslMode::VerifyFull), "{remote}");
        }
        assert!(matches!(
            mode("postgres://ingot@db.example/ingot?sslmode=disable"),
            PgSslMode::Disable
        ));
        for local in [
            "postgres://ingot@127.0.0.1:5432/ingot",
            "postgres://ingot@[::1]/ingot",
            "postgres://ingot@localhost/ingot",
        ] {
            assert!(!matches!(mode(local), PgSslMode::VerifyFull), "{local}");
        }
    }
}
