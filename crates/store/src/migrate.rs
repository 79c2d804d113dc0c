//! Brings a database to the schema this binary knows: forward only, one transaction each.

use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use wayleave_model::Clock;

use crate::backup::vacuum_into;
use crate::db::{Conn, Db, on, sqlite_options};
use crate::error::StoreError;
use crate::url::{Address, DatabaseUrl};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Every migration, in order. Add, never edit: a released one has run somewhere.
const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "spine",
        sqlite: include_str!("../migrations/sqlite/0001_spine.sql"),
        postgres: include_str!("../migrations/postgres/0001_spine.sql"),
    },
    Migration {
        number: 2,
        name: "vault",
        sqlite: include_str!("../migrations/sqlite/0002_vault.sql"),
        postgres: include_str!("../migrations/postgres/0002_vault.sql"),
    },
    Migration {
        number: 3,
        name: "key_losses",
        sqlite: include_str!("../migrations/sqlite/0003_key_losses.sql"),
        postgres: include_str!("../migrations/postgres/0003_key_losses.sql"),
    },
    Migration {
        number: 4,
        name: "kept_responses",
        sqlite: include_str!("../migrations/sqlite/0004_kept_responses.sql"),
        postgres: include_str!("../migrations/postgres/0004_kept_responses.sql"),
    },
    Migration {
        number: 5,
        name: "pools",
        sqlite: include_str!("../migrations/sqlite/0005_pools.sql"),
        postgres: include_str!("../migrations/postgres/0005_pools.sql"),
    },
    Migration {
        number: 6,
        name: "people",
        sqlite: include_str!("../migrations/sqlite/0006_people.sql"),
        postgres: include_str!("../migrations/postgres/0006_people.sql"),
    },
    Migration {
        number: 7,
        name: "credentials",
        sqlite: include_str!("../migrations/sqlite/0007_credentials.sql"),
        postgres: include_str!("../migrations/postgres/0007_credentials.sql"),
    },
    Migration {
        number: 8,
        name: "models",
        sqlite: include_str!("../migrations/sqlite/0008_models.sql"),
        postgres: include_str!("../migrations/postgres/0008_models.sql"),
    },
    Migration {
        number: 9,
        name: "proofs",
        sqlite: include_str!("../migrations/sqlite/0009_proofs.sql"),
        postgres: include_str!("../migrations/postgres/0009_proofs.sql"),
    },
    Migration {
        number: 10,
        name: "kept_credentials",
        sqlite: include_str!("../migrations/sqlite/0010_kept_credentials.sql"),
        postgres: include_str!("../migrations/postgres/0010_kept_credentials.sql"),
    },
    Migration {
        number: 11,
        name: "system",
        sqlite: include_str!("../migrations/sqlite/0011_system.sql"),
        postgres: include_str!("../migrations/postgres/0011_system.sql"),
    },
    Migration {
        number: 12,
        name: "jobs",
        sqlite: include_str!("../migrations/sqlite/0012_jobs.sql"),
        postgres: include_str!("../migrations/postgres/0012_jobs.sql"),
    },
];

/// The schema this binary was written for. It also runs on a newer one.
pub const SCHEMA: i64 = MIGRATIONS[MIGRATIONS.len() - 1].number;

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema found; 0 is an empty database.
    pub from: i64,
    /// The schema now.
    pub to: i64,
}

/// Brings the database to [`SCHEMA`]. Any number of processes may try at once: one does it, the
/// others wait. A SQLite file that holds something is copied first, beside itself.
///
/// # Errors
/// [`StoreError::Migration`] names the one that failed; those before it remain.
pub async fn migrate(url: &DatabaseUrl, clock: &Clock) -> Result<Migrated, StoreError> {
    let db = Db::open(url).await?;
    let done = bring(&db, url, clock).await;
    db.close().await;
    done
}

/// The same over open pools.
pub(crate) async fn bring(
    db: &Db,
    url: &DatabaseUrl,
    clock: &Clock,
) -> Result<Migrated, StoreError> {
    let from = schema(db).await?;
    if from < SCHEMA {
        match &url.0 {
            Address::Sqlite(path) if from > 0 => copy_first(path, from).await?,
            _ => {}
        }
        run(db, clock, MIGRATIONS).await?;
    }
    Ok(Migrated { from, to: from.max(SCHEMA) })
}

/// The schema that a database has; 0 if it is empty. Nothing is changed.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn schema_of(url: &DatabaseUrl) -> Result<i64, StoreError> {
    let db = Db::open(url).await?;
    let found = schema(&db).await;
    db.close().await;
    found
}

/// The number of the newest migration the database has had; 0 if none.
pub(crate) async fn schema(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(MAX(number), 0) FROM schema_migrations";
    let mut conn = db.read().await?;
    let found: Result<i64, sqlx::Error> =
        on!(conn, it => sqlx::query_scalar(SQL).fetch_one(&mut *it).await);
    match found {
        Ok(number) => Ok(number),
        Err(sqlx::Error::Database(refusal)) if is_missing_table(&*refusal) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn is_missing_table(refusal: &dyn sqlx::error::DatabaseError) -> bool {
    // 42P01 is PostgreSQL's undefined_table; SQLite has no code of its own for it.
    refusal.code().is_some_and(|code| code == "42P01")
        || refusal.message().starts_with("no such table")
}

async fn run(db: &Db, clock: &Clock, migrations: &[Migration]) -> Result<(), StoreError> {
    for migration in migrations {
        let mut conn = db.write().await?;
        lock(&mut conn).await?;
        if has(&mut conn, migration.number).await? {
            continue;
        }
        apply(&mut conn, migration, clock)
            .await
            .map_err(|source| StoreError::Migration { number: migration.number, source })?;
        conn.commit().await?;
        tracing::info!(number = migration.number, name = migration.name, "migrated");
    }
    Ok(())
}

/// Holds off other migrating processes until this transaction ends. SQLite's writer is alone
/// anyhow.
async fn lock(conn: &mut Conn) -> Result<(), StoreError> {
    if let Conn::Postgres(open) = conn {
        // "wayleave", as bytes.
        const KEY: i64 = 0x7761_796c_6561_7665;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(KEY).execute(&mut **open).await?;
    }
    const SQL: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
        number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    on!(*conn, it => sqlx::query(SQL).execute(&mut *it).await.map(drop))?;
    Ok(())
}

async fn has(conn: &mut Conn, number: i64) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM schema_migrations WHERE number = $1";
    let count: i64 =
        on!(*conn, it => sqlx::query_scalar(SQL).bind(number).fetch_one(&mut *it).await)?;
    Ok(count > 0)
}

async fn apply(conn: &mut Conn, it: &Migration, clock: &Clock) -> Result<(), sqlx::Error> {
    const SQL: &str =
        "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)";
    match conn {
        Conn::Sqlite(open) => sqlx::raw_sql(it.sqlite).execute(&mut **open).await.map(drop)?,
        Conn::Postgres(open) => sqlx::raw_sql(it.postgres).execute(&mut **open).await.map(drop)?,
    }
    let now = clock.now().as_micros();
    on!(*conn, to => {
        sqlx::query(SQL).bind(it.number).bind(it.name).bind(now).execute(&mut *to).await.map(drop)
    })
}

/// `wayleave.db` → `wayleave.db.schema-1`. A copy of an earlier try is replaced: what is in the
/// file now is what must not be lost.
async fn copy_first(path: &Path, from: i64) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{from}"));
    let copy = PathBuf::from(name);
    match std::fs::remove_file(&copy) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::File { path: copy.display().to_string(), source });
        }
        _ => {}
    }
    let mut conn = SqliteConnection::connect_with(&sqlite_options(path)).await?;
    vacuum_into(&mut conn, &copy).await?;
    conn.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::types::Json;
    use uuid::Uuid;
    use wayleave_model::alias::Losses;
    use wayleave_model::id::WorkspaceId;

    use super::*;
    use crate::keys::{self, KeyDraft};
    use crate::testing::{NOON, Schema, key_line, ring};
    use crate::{Actor, Store};

    #[tokio::test]
    async fn a_sqlite_file_is_made_with_the_whole_schema_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayleave.db");
        let url = DatabaseUrl::sqlite(&path);
        let clock = Clock::system();
        let done = migrate(&url, &clock).await.unwrap();
        assert_eq!(done, Migrated { from: 0, to: SCHEMA });
        assert_eq!(migrate(&url, &clock).await.unwrap(), Migrated { from: SCHEMA, to: SCHEMA });
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing to copy, no copy");
        Store::open(&url, ring(&key_line()), clock).await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_holds_what_the_file_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayleave.db");
        migrate(&DatabaseUrl::sqlite(&path), &Clock::system()).await.unwrap();
        for _ in 0..2 {
            copy_first(&path, SCHEMA).await.unwrap();
        }
        let copy = folder.path().join(format!("wayleave.db.schema-{SCHEMA}"));
        let db = Db::open(&DatabaseUrl::sqlite(copy)).await.unwrap();
        assert_eq!(schema(&db).await.unwrap(), SCHEMA);
    }

    #[tokio::test]
    async fn keys_from_before_they_had_a_loss_policy_follow_their_aliases() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayleave.db");
        let schema = Schema::create().await;
        for url in [DatabaseUrl::sqlite(&path), schema.url()] {
            let clock = Clock::manual(NOON);
            let db = Db::open(&url).await.unwrap();
            run(&db, &clock, &MIGRATIONS[..2]).await.unwrap();
            key_of_schema_2(&db, 1).await;
            db.close().await;
            let done = migrate(&url, &clock).await.unwrap();
            assert_eq!(done, Migrated { from: 2, to: SCHEMA });
            let store = Store::open(&url, ring(&key_line()), clock).await.unwrap();
            // A node of the release before goes on writing beside this one.
            key_of_schema_2(&Db::open(&url).await.unwrap(), 2).await;
            for number in [1, 2] {
                let workspace = WorkspaceId(Uuid::from_u128(number));
                let actor = Actor::system("test");
                let mut change = store.change(workspace, &actor, "").await.unwrap();
                let found = keys::by_name(change.tx(), workspace, "ci").await.unwrap().unwrap();
                assert_eq!(found.losses, None);
                let draft = KeyDraft { losses: Some(Losses::Refuse), ..KeyDraft::from(&found) };
                keys::update(&mut change, found.id, Some(1), &draft).await.unwrap();
                change.commit().await.unwrap();
                let mut tx = store.read().await.unwrap();
                let found = keys::by_name(&mut tx, workspace, "ci").await.unwrap().unwrap();
                assert_eq!((found.losses, found.version), (Some(Losses::Refuse), 2));
            }
        }
        assert!(folder.path().join("wayleave.db.schema-2").exists());
        schema.drop().await;
    }

    /// A key in a workspace of its own, by the statements of the release that had schema 2.
    async fn key_of_schema_2(db: &Db, number: u128) {
        const WORKSPACE: &str = "INSERT INTO workspaces
            (workspace_id, name, time_zone, version, created_at, updated_at)
            VALUES ($1, $2, 'UTC', 1, 0, 0)";
        const OWNER: &str = "INSERT INTO owners
            (workspace_id, id, name, kind, version, created_at, updated_at)
            VALUES ($1, $1, 'platform', 'team', 1, 0, 0)";
        const KEY: &str = "INSERT INTO keys
            (workspace_id, id, name, owner_id, environment, purpose, aliases, tags, enabled,
             expires_at, managed_by, version, created_at, updated_at)
            VALUES ($1, $1, 'ci', $1, 'test', '', NULL, $2, TRUE, NULL, NULL, 1, 0, 0)";
        let id = Uuid::from_u128(number);
        let mut conn = db.write().await.unwrap();
        let name = format!("shop-{number}");
        on!(conn, it => {
            sqlx::query(WORKSPACE).bind(id).bind(&name).execute(&mut *it).await.map(drop)
        })
        .unwrap();
        on!(conn, it => sqlx::query(OWNER).bind(id).execute(&mut *it).await.map(drop)).unwrap();
        on!(conn, it => {
            sqlx::query(KEY).bind(id).bind(Json(json!([]))).execute(&mut *it).await.map(drop)
        })
        .unwrap();
        conn.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_model_goes_on_with_the_credential_of_its_own_that_served_it() {
        let folder = tempfile::tempdir().unwrap();
        let schema = Schema::create().await;
        for url in [DatabaseUrl::sqlite(folder.path().join("wayleave.db")), schema.url()] {
            let clock = Clock::manual(NOON);
            let db = Db::open(&url).await.unwrap();
            let before = MIGRATIONS.iter().take_while(|it| it.name != "credentials").count();
            run(&db, &clock, &MIGRATIONS[..before]).await.unwrap();
            key_of_schema_2(&db, 1).await;
            // The oldest is disabled: so far the oldest that is enabled served.
            model_of_schema_6(&db, 1, &[(7, false), (8, true), (9, true)]).await;
            db.close().await;
            migrate(&url, &clock).await.unwrap();
            let mut conn = Db::open(&url).await.unwrap().read().await.unwrap();
            let chosen: Option<Uuid> = on!(conn, it => {
                sqlx::query_scalar("SELECT default_credential_id FROM models")
                    .fetch_one(&mut *it)
                    .await
            })
            .unwrap();
            assert_eq!(chosen, Some(Uuid::from_u128(8)));
        }
        schema.drop().await;
    }

    /// A model with credentials of its own, by the statements of the releases up to schema 6.
    async fn model_of_schema_6(db: &Db, number: u128, credentials: &[(u128, bool)]) {
        const PROVIDER: &str = "INSERT INTO providers
            (workspace_id, id, name, kind, settings, enabled, version, created_at, updated_at)
            VALUES ($1, $1, 'p', 'openai', $2, TRUE, 1, 0, 0)";
        const MODEL: &str = "INSERT INTO models
            (workspace_id, id, provider_id, name, model_type, custom, enabled, facts, version,
             created_at, updated_at)
            VALUES ($1, $1, $1, 'm', 'llm', TRUE, TRUE, $2, 1, 0, 0)";
        const CREDENTIAL: &str = "INSERT INTO credentials
            (workspace_id, id, provider_id, model_id, name, settings, masked, fingerprint, sealed,
             enabled, status, version, created_at, updated_at)
            VALUES ($1, $2, $1, $1, $3, $4, $4, '', $5, $6, 'unverified', 1, 0, 0)";
        let id = Uuid::from_u128(number);
        let empty = || Json(json!({}));
        let mut conn = db.write().await.unwrap();
        for sql in [PROVIDER, MODEL] {
            on!(conn, it => {
                sqlx::query(sql).bind(id).bind(empty()).execute(&mut *it).await.map(drop)
            })
            .unwrap();
        }
        for (number, enabled) in credentials {
            on!(conn, it => {
                sqlx::query(CREDENTIAL)
                    .bind(id)
                    .bind(Uuid::from_u128(*number))
                    .bind(number.to_string())
                    .bind(empty())
                    .bind(Vec::<u8>::new())
                    .bind(enabled)
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })
            .unwrap();
        }
        conn.commit().await.unwrap();
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|it| it.number).collect();
        assert_eq!(numbers, (1..=SCHEMA).collect::<Vec<_>>());
    }
}
