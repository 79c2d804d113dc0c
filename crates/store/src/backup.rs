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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, ring};
    use crate::{DatabaseUrl, StoreError};

    #[tokio::test]
    async fn a_backup_opens_and_holds_everything() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            bench.append(&[shop.closed(0)]).await.unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("copy.db");
            let done = bench.store.backup_to(&path).await;
            if bench.url.file().is_none() {
                assert!(matches!(done, Err(StoreError::BackupNeedsPgDump)));
                return;
            }
            done.unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            let again = bench.store.backup_to(&path).await;
            assert!(matches!(again, Err(StoreError::File { .. })));
            let copy = DatabaseUrl::sqlite(&path);
            let copy = Store::open(&copy, ring(&bench.keys), bench.clock.clone()).await.unwrap();
            let snapshot = copy.snapshot().await.unwrap();
            assert_eq!(snapshot.workspaces[1].keys, [shop.key]);
        })
        .await;
    }
}
