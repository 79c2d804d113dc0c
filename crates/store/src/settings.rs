//! Settings of a workspace, or of the instance in the system workspace: plain or sealed.

use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Secret;
use wayleave_model::id::WorkspaceId;

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::seal::{self, Place};
use crate::text::{check_name, document, new_id};

const NOUN: &str = "setting";

/// The plain setting of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Value>, StoreError> {
    Ok(row(tx, workspace, name).await?.and_then(|row| row.value).map(|it| it.0))
}

/// The secret setting of that name, in clear.
///
/// # Errors
/// [`StoreError::KekMissing`], [`StoreError::Unsealable`].
pub async fn secret(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Secret>, StoreError> {
    let Some(Row { id, sealed: Some(sealed), .. }) = row(tx, workspace, name).await? else {
        return Ok(None);
    };
    seal::open(&tx.shared.keyring(), &Place::setting(workspace, id), &sealed).map(Some)
}

/// Sets a plain setting. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Invalid`].
pub async fn set(change: &mut Change, name: &str, value: &Value) -> Result<(), StoreError> {
    check_name("name", name)?;
    let stored = document("value", value)?;
    let workspace = change.workspace;
    let before = row(&mut change.tx, workspace, name).await?;
    if before.as_ref().and_then(|it| it.value.as_ref()).is_some_and(|it| it.0 == *value) {
        return Ok(());
    }
    change.begin_act();
    put(change, before.as_ref(), name, stored).await?;
    let shown = before.map(Row::shown);
    change.record("setting.set", name, shown.as_ref(), Some(value))
}

/// Seals and sets a secret setting.
///
/// # Errors
/// [`StoreError::Invalid`].
pub async fn set_secret(
    change: &mut Change,
    name: &str,
    secret: &Secret,
) -> Result<(), StoreError> {
    check_name("name", name)?;
    let workspace = change.workspace;
    let before = row(&mut change.tx, workspace, name).await?;
    let id = before.as_ref().map_or_else(|| new_id(change.now), |it| it.id);
    let place = Place::setting(workspace, id);
    let sealed = seal::seal(&change.tx.shared.keyring(), &place, secret.expose())?;
    change.begin_act();
    write(change, id, name, None, Some(sealed)).await?;
    let shown = before.map(Row::shown);
    change.record("setting.set", name, shown.as_ref(), Some(&json!("***")))
}

/// Removes a setting, plain or secret. No effect if there is none.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn remove(change: &mut Change, name: &str) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let Some(before) = row(&mut change.tx, workspace, name).await? else { return Ok(()) };
    change.begin_act();
    erase(change, name).await?;
    change.record("setting.remove", name, Some(&before.shown()), None)
}

/// Writes a plain setting within an act of the caller's.
pub(crate) async fn put(
    change: &mut Change,
    before: Option<&Row>,
    name: &str,
    value: Json<Value>,
) -> Result<(), StoreError> {
    let id = before.map_or_else(|| new_id(change.now), |it| it.id);
    write(change, id, name, Some(value), None).await
}

/// Removes a setting within an act of the caller's.
pub(crate) async fn erase(change: &mut Change, name: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM settings WHERE workspace_id = $1 AND name = $2";
    let workspace = change.workspace;
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(name).execute(&mut *it).await.map(drop)
    })?;
    Ok(())
}

pub(crate) async fn row(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Row>, StoreError> {
    const SQL: &str =
        "SELECT id, value, sealed FROM settings WHERE workspace_id = $1 AND name = $2";
    let row = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    Ok(row)
}

async fn write(
    change: &mut Change,
    id: Uuid,
    name: &str,
    value: Option<Json<Value>>,
    sealed: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO settings
        (workspace_id, id, name, value, sealed, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
        ON CONFLICT (workspace_id, id) DO UPDATE SET value = excluded.value,
            sealed = excluded.sealed, version = settings.version + 1,
            updated_at = excluded.updated_at";
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id)
            .bind(name)
            .bind(&value)
            .bind(&sealed)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(crate::change::taken(NOUN, name))
}

/// A setting as it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    value: Option<Json<Value>>,
    sealed: Option<Vec<u8>>,
}

impl Row {
    fn shown(self) -> Value {
        self.value.map_or_else(|| json!("***"), |it| it.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit;
    use crate::page::Listing;
    use crate::testing::each_engine;

    #[tokio::test]
    async fn a_setting_is_plain_or_secret() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            set(&mut change, "retention", &json!({"days": 30})).await.unwrap();
            set(&mut change, "retention", &json!({"days": 30})).await.unwrap();
            set_secret(&mut change, "vault", &Secret::new("hunter2")).await.unwrap();
            assert_eq!(change.steps().count(), 2);
            change.commit().await.unwrap();

            let mut tx = bench.store.read().await.unwrap();
            let found = get(&mut tx, workspace, "retention").await.unwrap();
            assert_eq!(found, Some(json!({"days": 30})));
            let clear = secret(&mut tx, workspace, "vault").await.unwrap().unwrap();
            assert_eq!(clear.expose(), b"hunter2");
            assert_eq!(get(&mut tx, workspace, "vault").await.unwrap(), None);
            assert!(secret(&mut tx, workspace, "retention").await.unwrap().is_none());
            let log = audit::list(&mut tx, workspace, &Listing::default()).await.unwrap().items;
            assert_eq!(log[0].after, Some(json!("***")));
            drop(tx);

            let mut change = bench.change(workspace).await;
            set(&mut change, "vault", &json!(1)).await.unwrap();
            assert!(secret(change.tx(), workspace, "vault").await.unwrap().is_none());
            remove(&mut change, "vault").await.unwrap();
            remove(&mut change, "vault").await.unwrap();
            assert_eq!(change.steps().count(), 2);
            let error = set(&mut change, "x", &json!(["a\0b"])).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "value", .. }));
            change.commit().await.unwrap();
        })
        .await;
    }
}
