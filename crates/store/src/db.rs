//! The two engines behind one face: `Db`, `Tx`, `on!`, `in_tx!`. Beside the ledger nothing else knows
//! there are two.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};

use crate::error::StoreError;
use crate::ledger::Writer;
use crate::store::Shared;
use crate::url::{Address, DatabaseUrl};

/// How long a caller waits for SQLite's writer before the database counts as unavailable.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection to PostgreSQL. Shorter: people wait with them.
const PATIENCE_REMOTE: Duration = Duration::from_secs(5);
/// Connections that read, beside the one that writes (SQLite); a quarter of all (PostgreSQL).
const READERS: u32 = 4;

/// Runs one body on either engine. `$conn` is the engine's connection, to be reborrowed for each
/// statement: `on!(tx.conn, it => sqlx::query(SQL).bind(id).execute(&mut *it).await)`.
macro_rules! on {
    ($place:expr, $conn:ident => $body:expr) => {
        match &mut $place {
            $crate::db::Conn::Sqlite(open) => {
                let $conn = &mut **open;
                $body
            }
            $crate::db::Conn::Postgres(open) => {
                let $conn = &mut **open;
                $body
            }
        }
    };
}
pub(crate) use on;

/// Runs a body that may use `?` in one writing transaction of `$store`: committed if it is `Ok`,
/// undone if not.
macro_rules! in_tx {
    ($store:expr, $tx:ident => $body:block) => {{
        let mut $tx = $store.write().await?;
        let done: Result<_, $crate::error::StoreError> = async { $body }.await;
        match done {
            Ok(value) => {
                $tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // What the undoing says adds nothing to what went wrong.
                drop($tx);
                Err(error)
            }
        }
    }};
}
pub(crate) use in_tx;

/// The pools of one database.
#[derive(Clone)]
pub(crate) enum Db {
    /// One connection that writes, several that read; usage has a connection of its own.
    Sqlite { write: SqlitePool, read: SqlitePool, usage: Writer },
    /// All do both.
    Postgres(PgPool),
}

/// One open transaction of either engine; undone when dropped.
pub(crate) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction: a consistent view of the database. Undone when dropped.
pub struct Tx {
    pub(crate) conn: Conn,
    pub(crate) shared: Arc<Shared>,
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.conn.commit().await
    }
}

impl Db {
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Db, StoreError> {
        match &url.0 {
            Address::Sqlite(path) => {
                create_private(path)?;
                let write = SqlitePoolOptions::new()
                    .min_connections(1)
                    .max_connections(1)
                    .max_lifetime(None)
                    .idle_timeout(None)
                    .acquire_timeout(PATIENCE)
                    .connect_with(sqlite_options(path))
                    .await?;
                let read = SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .max_lifetime(None)
                    .acquire_timeout(PATIENCE)
                    .connect_with(sqlite_options(path).pragma("query_only", "ON"))
                    .await?;
                Ok(Db::Sqlite { write, read, usage: Writer::open(path)? })
            }
            Address::Postgres(options) => Ok(Db::Postgres(postgres_pool(options).await?)),
        }
    }

    /// A transaction that may write. On SQLite it is the only one.
    ///
    /// On the heap, as [`Db::read`]: what waits for a connection holds 4 KiB, and every future that
    /// may ask for one, down to that of a client's connection, would be as much larger.
    pub(crate) async fn write(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Db::Sqlite { write, .. } => {
                Conn::Sqlite(Box::pin(write.begin_with("BEGIN IMMEDIATE")).await?)
            }
            Db::Postgres(pool) => Conn::Postgres(Box::pin(pool.begin()).await?),
        })
    }

    /// A transaction that reads one state of the database throughout.
    pub(crate) async fn read(&self) -> Result<Conn, StoreError> {
        const ONE_STATE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Db::Sqlite { read, .. } => Conn::Sqlite(Box::pin(read.begin()).await?),
            Db::Postgres(pool) => Conn::Postgres(Box::pin(pool.begin_with(ONE_STATE)).await?),
        })
    }

    /// Closes every connection, so that the next process finds the file at rest.
    pub(crate) async fn close(&self) {
        match self {
            Db::Sqlite { write, read, usage } => {
                read.close().await;
                usage.close();
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

impl Conn {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Conn::Sqlite(open) => open.commit().await?,
            Conn::Postgres(open) => open.commit().await?,
        }
        Ok(())
    }

    /// What the engine itself finds wrong: SQLite trusts its file and its references until it is
    /// asked; PostgreSQL looks after both.
    pub(crate) async fn damage(&mut self) -> Result<Vec<String>, StoreError> {
        let Conn::Sqlite(open) = self else { return Ok(Vec::new()) };
        let said: Vec<String> =
            sqlx::query_scalar("PRAGMA quick_check(20)").fetch_all(&mut **open).await?;
        let mut found: Vec<String> = said.into_iter().filter(|it| it != "ok").collect();
        let dangling: Vec<(String, String)> =
            sqlx::query_as("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 20")
                .fetch_all(&mut **open)
                .await?;
        let named = |(table, parent)| format!("a row of {table} refers to none of {parent}");
        found.extend(dangling.into_iter().map(named));
        Ok(found)
    }

    /// Tells other nodes, when and if this transaction commits. SQLite has no other nodes.
    pub(crate) async fn notify(&mut self, revision: i64) -> Result<(), StoreError> {
        if let Conn::Postgres(open) = self {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(revision.to_string())
                .execute(&mut **open)
                .await?;
        }
        Ok(())
    }
}

/// The channel of PostgreSQL on which revisions are announced.
pub(crate) const CHANNEL: &str = "wayleave_revision";

pub(crate) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that was reported survives the machine's power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
}

async fn postgres_pool(options: &PgConnectOptions) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new().max_connections(READERS * 4).acquire_timeout(PATIENCE_REMOTE);
    Ok(pool.connect_with(options.clone()).await?)
}

/// Makes the file, readable by its owner only, before SQLite would make it readable by all. Its
/// journal takes the same mode.
pub(crate) fn create_private(path: &Path) -> Result<bool, StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(StoreError::File { path: path.display().to_string(), source }),
    }
}
