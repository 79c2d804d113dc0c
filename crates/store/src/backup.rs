//! A copy of a running SQLite database.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::db::{create_private, sqlite_options};
use crate::error::StoreError;
use crate::store::Store;
use crate::url::Address;

impl Store {
    /// Writes a consistent copy of the database to a new file, readable by its owner only, while
    /// the database is in use. Sealed values stay sealed: keep the key file apart.
    ///
    /// # Errors
    /// [`StoreError::BackupNeedsPgDump`] on PostgreSQL; [`StoreError::File`] if the file exists.
    pub async fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        let Address::Sqlite(file) = &self.url().0 else {
            return Err(StoreError::BackupNeedsPgDump);
        };
        // A connection of its own: a long copy must not hold up the writer or a reader.
        let mut conn = SqliteConnection::connect_with(&sqlite_options(file)).await?;
        vacuum_into(&mut conn, path).await?;
        conn.close().await?;
        Ok(())
    }
}

/// SQLite writes into the empty file it is given, which lets us choose its mode
/// (<https://sqlite.org/lang_vacuum.html#vacuuminto>).
pub(crate) async fn vacuum_into(
    conn: &mut SqliteConnection,
    path: &Path,
) -> Result<(), StoreError> {
    let shown = || path.display().to_string();
    if !create_private(path)? {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(StoreError::File { path: shown(), source });
    }
    let Some(text) = path.to_str() else {
        let source = std::io::ErrorKind::InvalidFilename.into();
        return Err(StoreError::File { path: shown(), source });
    };
    sqlx::query("VACUUM INTO $1").bind(text.to_owned()).execute(conn).await?;
    Ok(())
}
