//! Where the database is: one text for both engines, read once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::StoreError;

/// A database's address. Shows no password.
#[derive(Clone)]
pub struct DatabaseUrl(pub(crate) Address);

#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` (or `sqlite://PATH`), or `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] for anything else; the message never repeats the text, which may
    /// hold a password.
    pub fn parse(text: &str) -> Result<DatabaseUrl, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") || path.contains('?') {
                return Err(StoreError::BadUrl(
                    "expected a file: sqlite:./data/wayleave.db".into(),
                ));
            }
            return Ok(DatabaseUrl::sqlite(path));
        }
        let text = match text.strip_prefix("postgresql:") {
            Some(rest) => format!("postgres:{rest}"),
            None => text.to_owned(),
        };
        if !text.starts_with("postgres://") {
            return Err(StoreError::BadUrl(
                "expected sqlite:FILE or postgres://user:password@host:port/database".into(),
            ));
        }
        let options = PgConnectOptions::from_str(&text)
            .map_err(|_| StoreError::BadUrl("not a valid postgres:// address".into()))?;
        Ok(DatabaseUrl(Address::Postgres(Box::new(options.application_name("wayleave")))))
    }

    /// The SQLite database in that file.
    pub fn sqlite(path: impl Into<PathBuf>) -> DatabaseUrl {
        DatabaseUrl(Address::Sqlite(path.into()))
    }

    /// The file, if it is SQLite.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Address::Sqlite(path) => Some(path),
            Address::Postgres(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Address::Postgres(to) => {
                let database = to.get_database().unwrap_or("");
                write!(f, "postgres://{}:{}/{database}", to.get_host(), to.get_port())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url = DatabaseUrl::parse("postgresql://me:hunter2@db.example:5433/wl").unwrap();
        assert_eq!(format!("{url:?}"), "postgres://db.example:5433/wl");
        let url = DatabaseUrl::parse("sqlite://data/wl.db").unwrap();
        assert_eq!(url.file(), Some(Path::new("data/wl.db")));
    }

    #[test]
    fn other_addresses_are_refused_without_being_repeated() {
        for text in ["mysql://me:hunter2@db/x", "sqlite:", "sqlite::memory:", "hunter2", ""] {
            let error = DatabaseUrl::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
