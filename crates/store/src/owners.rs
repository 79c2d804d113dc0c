//! Owners of keys: teams and service accounts.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{OwnerId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::workspace::{Owner, OwnerKind};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::check_name;

const NOUN: &str = "owner";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, kind, managed_by, version, created_at FROM owners \
             WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerDraft {
    /// Unique in the workspace.
    pub name: String,
    /// What it is.
    pub kind: OwnerKind,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Owner> for OwnerDraft {
    fn from(owner: &Owner) -> OwnerDraft {
        OwnerDraft {
            name: owner.name.clone(),
            kind: owner.kind,
            managed_by: owner.managed_by.clone(),
        }
    }
}

/// Makes an owner.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`].
pub async fn create(change: &mut Change, draft: &OwnerDraft) -> Result<Owner, StoreError> {
    const SQL: &str = "INSERT INTO owners
        (workspace_id, id, name, kind, managed_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    check_name("name", &draft.name)?;
    let made = Owner {
        id: OwnerId::new(change.now),
        name: draft.name.clone(),
        kind: draft.kind,
        managed_by: draft.managed_by.clone(),
        version: 1,
        created_at: change.now,
    };
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(made.id.0)
            .bind(&made.name)
            .bind(made.kind.as_str())
            .bind(&made.managed_by)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("owner.create", made.id, None, Some(&made))?;
    Ok(made)
}

/// The owner of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: OwnerId,
) -> Result<Option<Owner>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Owner::try_from).transpose()
}

/// The owner of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Owner>, StoreError> {
    const SQL: &str = select!("AND name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    row.map(Owner::try_from).transpose()
}

/// The owners of a workspace.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Owner>, StoreError> {
    const SQL: &str = select!("AND id < $2 ORDER BY id DESC LIMIT $3");
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Owner::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Owner| by_id(it.id.0)))
}

/// Changes an owner. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`].
pub async fn update(
    change: &mut Change,
    id: OwnerId,
    expected: Option<i64>,
    draft: &OwnerDraft,
) -> Result<Owner, StoreError> {
    const SQL: &str = "UPDATE owners
        SET name = $3, kind = $4, managed_by = $5, version = $6, updated_at = $7
        WHERE workspace_id = $1 AND id = $2";
    check_name("name", &draft.name)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if OwnerDraft::from(&before) == *draft {
        return Ok(before);
    }
    let after = Owner {
        name: draft.name.clone(),
        kind: draft.kind,
        managed_by: draft.managed_by.clone(),
        version: before.version + 1,
        ..before.clone()
    };
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(&after.name)
            .bind(after.kind.as_str())
            .bind(&after.managed_by)
            .bind(after.version)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("owner.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes an owner without keys.
///
/// # Errors
/// [`StoreError::InUse`] names one of its keys.
pub async fn delete(
    change: &mut Change,
    id: OwnerId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const USED: &str =
        "SELECT name FROM keys WHERE workspace_id = $1 AND owner_id = $2 ORDER BY name LIMIT 1";
    const SQL: &str = "DELETE FROM owners WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace.0;
    let used: Option<String> = on!(change.tx.conn, it => {
        sqlx::query_scalar(USED).bind(workspace).bind(id.0).fetch_optional(&mut *it).await
    })?;
    if let Some(key) = used {
        let by = format!("key `{key}`");
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("owner.delete", id, Some(&before), None)
}

async fn existing(change: &mut Change, id: OwnerId) -> Result<Owner, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    kind: String,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
}

impl TryFrom<Row> for Owner {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Owner, StoreError> {
        Ok(Owner {
            id: OwnerId(row.id),
            kind: OwnerKind::parse(&row.kind)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("kind `{}`", row.kind)))?,
            name: row.name,
            managed_by: row.managed_by,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}
