//! Into SQLite: a few rows to a prepared statement, on a connection of our own.
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
use crate::{grants, rollup};

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
    if all_new(&tx, ordered)? {
        tx.commit()?;
        return Ok(ordered.len());
    }
    // Rare: what was sent before and not acknowledged comes again after a crash.
    tx.rollback()?;
    some_known(conn, ordered)
}

/// Inserts everything, several rows to a statement. `false`: a request is there already, and what
/// was done so far must be undone.
fn all_new(tx: &Connection, ordered: &[Arc<Closed>]) -> rusqlite::Result<bool> {
    let all = || ordered.iter().map(|it| &**it);
    let inserted =
        insert(tx, rows::REQUESTS, REQUESTS_AT_ONCE, all(), |row, it| rows::request(row, it))?;
    if inserted < ordered.len() {
        return Ok(false);
    }
    let attempts = || all().flat_map(|it| it.attempts.iter().map(move |attempt| (it, attempt)));
    insert(tx, rows::ATTEMPTS, AT_ONCE, attempts(), |row, (it, attempt)| {
        rows::attempt(row, it, attempt)
    })?;
    let lines = attempts().flat_map(|(it, attempt)| {
        rows::merged(&attempt.lines).into_iter().map(move |line| (it, attempt, line))
    });
    insert(tx, rows::LINES, AT_ONCE, lines, |row, (it, attempt, line)| {
        rows::line(row, it, attempt, &line)
    })?;
    let people = all().filter_map(|it| Some((it, it.identity.person.as_ref()?)));
    insert(tx, rows::PEOPLE, AT_ONCE, people, |row, (it, person)| rows::person(row, it, person))?;
    add_sums(tx, all())?;
    Ok(true)
}

/// Inserts what is not there, and what belongs to it.
fn some_known(conn: &mut Connection, ordered: &[Arc<Closed>]) -> rusqlite::Result<usize> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut fresh: Vec<&Closed> = Vec::with_capacity(ordered.len());
    {
        let mut requests = Insert::new(&tx, rows::REQUESTS, 1, rows::SKIP)?;
        let mut attempts = Insert::new(&tx, rows::ATTEMPTS, 1, rows::SKIP)?;
        let mut lines = Insert::new(&tx, rows::LINES, 1, rows::SKIP)?;
        let mut people = Insert::new(&tx, rows::PEOPLE, 1, rows::SKIP)?;
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
        add_sums(&tx, fresh.iter().copied())?;
    }
    tx.commit()?;
    Ok(fresh.len())
}

fn add_sums<'c>(tx: &Connection, fresh: impl Iterator<Item = &'c Closed>) -> rusqlite::Result<()> {
    let fresh: Vec<&Closed> = fresh.collect();
    let mut sums = Insert::new(tx, rollup::INSERT, 1, rollup::ADD)?;
    for (key, sum) in &rollup::sums(&fresh) {
        sums.row(|row| rollup::sum(row, key, sum))?;
    }
    let uses = grants::uses(&fresh);
    // Most batches use none.
    if uses.is_empty() {
        return Ok(());
    }
    let mut statement = Insert::new(tx, grants::INSERT, 1, grants::ADD)?;
    for (key, used) in uses {
        statement.row(|row| grants::usage(row, key, used))?;
    }
    Ok(())
}

/// Rows of one statement. Each statement costs some microseconds whatever it does: it opens its
/// trees and finds its place in them anew.
const AT_ONCE: usize = 32;
/// The same for a row with many columns.
const REQUESTS_AT_ONCE: usize = 16;

/// Inserts one row for each of `them`, `at_once` to a statement and the last ones singly; how many
/// are new.
fn insert<T>(
    tx: &Connection,
    into: &str,
    at_once: usize,
    them: impl Iterator<Item = T>,
    fill: impl Fn(&mut Bound<'_, '_>, T),
) -> rusqlite::Result<usize> {
    // Made when there are as many: a quiet process never needs it.
    let mut many = None;
    let mut one = Insert::new(tx, into, 1, rows::SKIP)?;
    let mut inserted = 0;
    let mut group = Vec::with_capacity(at_once);
    let mut them = them.peekable();
    while them.peek().is_some() {
        group.extend(them.by_ref().take(at_once));
        if group.len() == at_once {
            let many = match &mut many {
                Some(many) => many,
                none => none.insert(Insert::new(tx, into, at_once, rows::SKIP)?),
            };
            inserted += many.row(|row| group.drain(..).for_each(|it| fill(row, it)))?;
        }
        for it in group.drain(..) {
            inserted += one.row(|row| fill(row, it))?;
        }
    }
    Ok(inserted)
}

/// A statement that takes some rows at a time, prepared once per connection.
struct Insert<'c> {
    statement: rusqlite::CachedStatement<'c>,
    json: Vec<u8>,
}

impl<'c> Insert<'c> {
    fn new(
        conn: &'c Connection,
        into: &str,
        rows: usize,
        end: &str,
    ) -> rusqlite::Result<Insert<'c>> {
        let columns = into.matches(',').count() + 1;
        let row = format!("({})", vec!["?"; columns].join(", "));
        let places = vec![row; rows].join(", ");
        let statement = conn.prepare_cached(&format!("{into} VALUES {places} {end}"))?;
        Ok(Insert { statement, json: Vec::new() })
    }

    /// Inserts what `fill` fills; how many rows that made or changed.
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
