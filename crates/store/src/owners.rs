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
    change.begin_act();
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
    change.begin_act();
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
    change.begin_act();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use crate::testing::{each_engine, key_draft, owner_draft};

    #[tokio::test]
    async fn a_name_is_taken_once_and_free_after_a_delete() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let first = create(&mut change, &owner_draft("a")).await.unwrap();
            change.commit().await.unwrap();
            let mut change = bench.change(workspace).await;
            let error = create(&mut change, &owner_draft("a")).await.unwrap_err();
            let shown = "the owner `a` exists already: choose another name";
            assert_eq!(error.to_string(), shown);
            drop(change);
            let mut change = bench.change(workspace).await;
            delete(&mut change, first.id, Some(1)).await.unwrap();
            create(&mut change, &owner_draft("a")).await.unwrap();
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn an_update_of_what_somebody_changed_meanwhile_is_refused() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let owner = create(&mut change, &owner_draft("a")).await.unwrap();
            let draft = owner_draft("b");
            let after = update(&mut change, owner.id, Some(1), &draft).await.unwrap();
            assert_eq!((after.version, after.name.as_str()), (2, "b"));
            let late = update(&mut change, owner.id, Some(1), &owner_draft("c")).await;
            assert!(matches!(late, Err(StoreError::Stale { expected: 1, actual: 2, .. })));
            let late = delete(&mut change, owner.id, Some(1)).await;
            assert!(matches!(late, Err(StoreError::Stale { .. })));
        })
        .await;
    }

    #[tokio::test]
    async fn an_owner_with_a_key_stays() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let owner = create(&mut change, &owner_draft("a")).await.unwrap();
            let (key, _) = keys::mint(&mut change, &key_draft("ci", &owner)).await.unwrap();
            let error = delete(&mut change, owner.id, None).await.unwrap_err();
            assert!(matches!(error, StoreError::InUse { by, .. } if by == "key `ci`"));
            keys::delete(&mut change, key.id, None).await.unwrap();
            delete(&mut change, owner.id, None).await.unwrap();
            change.commit().await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn pages_are_complete_and_do_not_overlap() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            for at in 0..7 {
                create(&mut change, &owner_draft(&format!("o{at}"))).await.unwrap();
            }
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let mut listing = Listing { cursor: None, limit: 3 };
            let (mut seen, mut sizes) = (Vec::new(), Vec::new());
            loop {
                let page = list(&mut tx, workspace, &listing).await.unwrap();
                sizes.push(page.items.len());
                seen.extend(page.items.into_iter().map(|it| it.id));
                match page.next_cursor {
                    Some(cursor) => listing.cursor = Some(cursor),
                    None => break,
                }
            }
            assert_eq!(sizes, [3, 3, 1]);
            assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, each once");
            listing.cursor = Some("x".into());
            let error = list(&mut tx, workspace, &listing).await.unwrap_err();
            assert!(matches!(error, StoreError::BadCursor));
        })
        .await;
    }
}
