//! Into SQLite: one prepared statement per row, on a connection of our own.
//!
//! Other statements go through sqlx, which hands each to a thread with copies of its values: most
//! of what a row would cost. Here values are bound where they stand.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, TransactionBehavior};
use serde::Serialize;
use sqlx::sqlite::SqlitePool;
use uuid::Uuid;
use wayleave_model::record::Closed;

use super::row::Row;
use super::rows;
use crate::db::PATIENCE;
use crate::error::StoreError;
use crate::rollup;

/// The connection that usage comes in by. Clones share it.
#[derive(Clone)]
pub(crate) struct Writer(Arc<Mutex<Option<Connection>>>);

impl Writer {
    /// Opens a file that exists, and whose journal was chosen already.
    pub(crate) fn open(path: &Path) -> Result<Writer, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(PATIENCE)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        Ok(Writer(Arc::new(Mutex::new(Some(conn)))))
    }

    /// Stores what is not there yet, in one transaction; how much that was. `turn` is the pool of
    /// the one connection that writes otherwise.
    pub(super) async fn append(
        &self,
        turn: &SqlitePool,
        ordered: Vec<Arc<Closed>>,
    ) -> Result<usize, StoreError> {
        // Held to the end, unused: whoever finds the file locked sleeps and looks again, and
        // whoever waits for this is woken.
        let _turn = turn.acquire().await?;
        let conn = Arc::clone(&self.0);
        // It takes milliseconds and waits for a disk: not on a thread that requests need.
        let stored = tokio::task::spawn_blocking(move || {
            let mut conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *conn {
                Some(conn) => Ok(store(conn, &ordered)?),
                None => Err(StoreError::Unavailable(sqlx::Error::PoolClosed)),
            }
        });
        stored.await.unwrap_or(Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)))
    }

    /// Closes the connection. What comes later is refused.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn store(conn: &mut Connection, ordered: &[Arc<Closed>]) -> rusqlite::Result<usize> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut fresh: Vec<&Closed> = Vec::with_capacity(ordered.len());
    {
        let mut requests = Insert::new(&tx, rows::REQUESTS, rows::SKIP)?;
        let mut attempts = Insert::new(&tx, rows::ATTEMPTS, rows::SKIP)?;
        let mut lines = Insert::new(&tx, rows::LINES, rows::SKIP)?;
        let mut people = Insert::new(&tx, rows::PEOPLE, rows::SKIP)?;
        for it in ordered {
            // The row's own unique key decides what is new.
            if requests.row(|row| rows::request(row, it))? == 0 {
                continue;
            }
            fresh.push(it);
            for attempt in &it.attempts {
                attempts.row(|row| rows::attempt(row, it, attempt))?;
                for line in &*rows::merged(&attempt.lines) {
                    lines.row(|row| rows::line(row, it, attempt, line))?;
                }
            }
            if let Some(person) = &it.identity.person {
                people.row(|row| rows::person(row, it, person))?;
            }
        }
        let mut sums = Insert::new(&tx, rollup::INSERT, rollup::ADD)?;
        for (key, sum) in &rollup::sums(&fresh) {
            sums.row(|row| rollup::sum(row, key, sum))?;
        }
    }
    tx.commit()?;
    Ok(fresh.len())
}

/// A statement that takes one row at a time, prepared once per connection.
struct Insert<'c> {
    statement: rusqlite::CachedStatement<'c>,
    json: Vec<u8>,
}

impl<'c> Insert<'c> {
    fn new(conn: &'c Connection, into: &str, end: &str) -> rusqlite::Result<Insert<'c>> {
        let columns = into.matches(',').count() + 1;
        let places = vec!["?"; columns].join(", ");
        let statement = conn.prepare_cached(&format!("{into} VALUES ({places}) {end}"))?;
        Ok(Insert { statement, json: Vec::new() })
    }

    /// Inserts the row that `fill` fills; how many rows that made or changed.
    fn row(&mut self, fill: impl FnOnce(&mut Bound<'_, 'c>)) -> rusqlite::Result<usize> {
        let mut row = Bound { to: &mut self.statement, at: 0, json: &mut self.json, failed: None };
        fill(&mut row);
        debug_assert_eq!(row.at, row.to.parameter_count());
        match row.failed {
            Some(error) => Err(error),
            None => self.statement.raw_execute(),
        }
    }
}

/// A row while its values are bound.
struct Bound<'s, 'c> {
    to: &'s mut Statement<'c>,
    /// Values so far.
    at: usize,
    /// Room for documents, kept from row to row.
    json: &'s mut Vec<u8>,
    /// The first value that could not be bound.
    failed: Option<rusqlite::Error>,
}

impl Bound<'_, '_> {
    fn bind(&mut self, value: ValueRef<'_>) -> &mut Self {
        self.at += 1;
        let bound = self.to.raw_bind_parameter(self.at, ToSqlOutput::Borrowed(value));
        self.keep(bound)
    }

    fn keep(&mut self, done: rusqlite::Result<()>) -> &mut Self {
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
        self
    }
}

impl Row for Bound<'_, '_> {
    fn id(&mut self, value: impl Into<Option<Uuid>>) -> &mut Self {
        let value = value.into();
        self.bind(value.as_ref().map_or(ValueRef::Null, |it| ValueRef::Blob(it.as_bytes())))
    }

    fn int(&mut self, value: impl Into<Option<i64>>) -> &mut Self {
        self.bind(value.into().map_or(ValueRef::Null, ValueRef::Integer))
    }

    fn flag(&mut self, value: bool) -> &mut Self {
        self.bind(ValueRef::Integer(value.into()))
    }

    fn text<'t>(&mut self, value: impl Into<Option<&'t str>>) -> &mut Self {
        self.bind(value.into().map_or(ValueRef::Null, |it| ValueRef::Text(it.as_bytes())))
    }

    fn json(&mut self, value: &impl Serialize) -> &mut Self {
        let mut json = std::mem::take(self.json);
        json.clear();
        match serde_json::to_writer(&mut json, value) {
            Ok(()) => self.bind(ValueRef::Text(&json)),
            Err(error) => self.keep(Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))),
        };
        *self.json = json;
        self
    }
}
