//! What can go wrong in the store, said so that the caller knows what to do next.

use wayleave_model::id::KekId;

/// A store call that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing in this workspace.
    #[error("there is no {noun} `{what}` in this workspace")]
    NotFound {
        /// Which noun.
        noun: &'static str,
        /// The id or name that was asked for.
        what: String,
    },
    /// The name belongs to another one.
    #[error("the {noun} `{name}` exists already: choose another name")]
    NameTaken {
        /// Which noun.
        noun: &'static str,
        /// The name.
        name: String,
    },
    /// The secret of a key or token is in use already, perhaps in another workspace.
    #[error("this secret is in use by another {noun}: choose another one")]
    SecretTaken {
        /// Which noun.
        noun: &'static str,
    },
    /// Somebody changed it since the caller read it.
    #[error(
        "the {noun} was changed meanwhile (version {actual}, not {expected}): read it again, then repeat the change"
    )]
    Stale {
        /// Which noun.
        noun: &'static str,
        /// The version the caller had read.
        expected: i64,
        /// The version in force.
        actual: i64,
    },
    /// Something else still needs it.
    #[error("the {noun} `{name}` is in use by {by}: change that first")]
    InUse {
        /// Which noun.
        noun: &'static str,
        /// Its name.
        name: String,
        /// What needs it, named.
        by: String,
    },
    /// A value that cannot be stored.
    #[error("{field}: {why}")]
    Invalid {
        /// The field, as the API spells it.
        field: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A cursor that no page of this list has given.
    #[error("this cursor is not one of ours: begin again without a cursor")]
    BadCursor,
    /// The database cannot be reached or cannot write now. Try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The database's schema is older than this binary needs.
    #[error("the database has schema {have}, this binary needs {want}: run `wayleave migrate`")]
    SchemaTooOld {
        /// The schema's number.
        have: i64,
        /// The number needed.
        want: i64,
    },
    /// A migration failed; nothing of it remains.
    #[error("migration {number} failed and was undone: {source}")]
    Migration {
        /// Which one.
        number: i64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Stored secrets are sealed with a key-encryption key that is not in the ring.
    #[error("{rows} stored secrets are sealed with {kek_id}, which is not in the key file: add it")]
    KekMissing {
        /// The key's id.
        kek_id: KekId,
        /// How many stored secrets need it.
        rows: u64,
    },
    /// A sealed value that its key does not open: it was altered, moved to another row, or the key
    /// file holds another key under the same id.
    #[error("a sealed value of table `{table}` does not open: it was altered or moved")]
    Unsealable {
        /// Where it stands.
        table: &'static str,
    },
    /// Key-encryption keys that cannot be read.
    #[error("key file: {0}")]
    BadKeyring(String),
    /// A database address that cannot be read.
    #[error("database address: {0}")]
    BadUrl(String),
    /// A stored value that this binary cannot read.
    #[error("the database holds a {noun} that this version cannot read: {why}")]
    Unreadable {
        /// Which noun.
        noun: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A call on the change failed half-way, and the caller went on: a defect of this program.
    #[error("a step of this change failed, so none of it was done")]
    HalfDone,
    /// PostgreSQL has its own tools for that.
    #[error("PostgreSQL is backed up with its own tools: run `pg_dump`")]
    BackupNeedsPgDump,
    /// The system's source of randomness failed.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A statement the database refused: a defect of this program or a damaged database.
    #[error("the database refused a statement: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        if is_outage(&error) { StoreError::Unavailable(error) } else { StoreError::Database(error) }
    }
}

/// From the one connection that is not sqlx's.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        let outage = error.sqlite_error().is_some_and(|it| is_sqlite_outage(it.extended_code));
        let error = sqlx::Error::AnyDriverError(Box::new(error));
        if outage { StoreError::Unavailable(error) } else { StoreError::Database(error) }
    }
}

impl StoreError {
    /// Whether trying again later may help, without anything being changed.
    pub fn is_outage(&self) -> bool {
        matches!(self, StoreError::Unavailable(_))
    }

    pub(crate) fn not_found(noun: &'static str, what: impl std::fmt::Display + Copy) -> StoreError {
        StoreError::NotFound { noun, what: what.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, why: impl Into<String>) -> StoreError {
        StoreError::Invalid { field, why: why.into() }
    }

    pub(crate) fn unreadable(noun: &'static str, why: impl Into<String>) -> StoreError {
        StoreError::Unreadable { noun, why: why.into() }
    }
}

/// PostgreSQL: class 08 (connection), 53 (resources), 57P (shutdown), 25006 (read-only standby).
/// SQLite: 5 busy, 6 locked, 8 read-only, 10 I/O, 13 full, 14 cannot open, in the low byte.
/// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>, <https://sqlite.org/rescode.html>)
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(refusal) => {
            let Some(code) = refusal.code() else { return false };
            match refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                Some(_) => code.parse().is_ok_and(is_sqlite_outage),
                None => {
                    ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
                        || code == "25006"
                }
            }
        }
        _ => false,
    }
}

fn is_sqlite_outage(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_or_full_file_is_an_outage_and_a_broken_rule_is_not() {
        let failed = |code| {
            StoreError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
        };
        // SQLITE_BUSY, SQLITE_FULL, SQLITE_IOERR_FSYNC; SQLITE_CONSTRAINT_NOTNULL.
        for code in [5, 13, 1_034] {
            assert!(failed(code).is_outage(), "{code}");
        }
        assert!(matches!(failed(1_299), StoreError::Database(_)));
    }
}
