//! Workspaces: made, renamed and ended by the operator, in changes of the system workspace.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{PlanId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::workspace::Workspace;

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::plans;
use crate::text::check_name;

const NOUN: &str = "workspace";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, name, time_zone, plan_id, version, created_at FROM workspaces ",
            $rest
        )
    };
}

/// What the operator says of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceDraft {
    /// Unique in the instance.
    pub name: String,
    /// IANA name of the zone whose days its reports use.
    pub time_zone: String,
}

/// Makes a workspace.
///
/// # Errors
/// [`StoreError::NameTaken`]; [`StoreError::Invalid`] unless the change is of the system workspace.
pub async fn create(change: &mut Change, draft: &WorkspaceDraft) -> Result<Workspace, StoreError> {
    const SQL: &str = "INSERT INTO workspaces
        (workspace_id, name, time_zone, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)";
    check(change, draft)?;
    let made = Workspace {
        id: WorkspaceId::new(change.now),
        name: draft.name.clone(),
        time_zone: draft.time_zone.clone(),
        plan: None,
        version: 1,
        created_at: change.now,
    };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(made.id.0)
            .bind(&made.name)
            .bind(&made.time_zone)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("workspace.create", made.id, None, Some(&made))?;
    change.touch(made.id);
    Ok(made)
}

/// The workspace of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(tx: &mut Tx, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
    const SQL: &str = select!("WHERE workspace_id = $1");
    let row: Option<Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(id.0).fetch_optional(&mut *it).await)?;
    Ok(row.map(Workspace::from))
}

/// The workspace of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Workspace>, StoreError> {
    const SQL: &str = select!("WHERE name = $1");
    let row: Option<Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(name).fetch_optional(&mut *it).await)?;
    Ok(row.map(Workspace::from))
}

/// All workspaces but the system's own.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(tx: &mut Tx, listing: &Listing) -> Result<Page<Workspace>, StoreError> {
    const SQL: &str = select!(
        "WHERE workspace_id < $1 AND workspace_id <> $2 ORDER BY workspace_id DESC LIMIT $3"
    );
    let before = listing.before()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(before)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Workspace::from).collect();
    Ok(listing.page(items, |it: &Workspace| by_id(it.id.0)))
}

/// Renames a workspace or moves its days to another zone.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`].
pub async fn update(
    change: &mut Change,
    id: WorkspaceId,
    expected: Option<i64>,
    draft: &WorkspaceDraft,
) -> Result<Workspace, StoreError> {
    const SQL: &str = "UPDATE workspaces
        SET name = $2, time_zone = $3, version = $4, updated_at = $5 WHERE workspace_id = $1";
    check(change, draft)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let after = Workspace {
        name: draft.name.clone(),
        time_zone: draft.time_zone.clone(),
        version: before.version + 1,
        ..before.clone()
    };
    if (&after.name, &after.time_zone) == (&before.name, &before.time_zone) {
        return Ok(before);
    }
    let now = change.now.as_micros();
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(id.0)
            .bind(&after.name)
            .bind(&after.time_zone)
            .bind(after.version)
            .bind(now)
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("workspace.update", id, Some(&before), Some(&after))?;
    change.touch(id);
    Ok(after)
}

/// Grants a workspace a plan; `None`: everything. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`]; [`StoreError::Invalid`] for a plan that is not
/// there, and for the system workspace, which has none.
pub async fn set_plan(
    change: &mut Change,
    id: WorkspaceId,
    expected: Option<i64>,
    plan: Option<PlanId>,
) -> Result<Workspace, StoreError> {
    const SQL: &str = "UPDATE workspaces
        SET plan_id = $2, version = $3, updated_at = $4 WHERE workspace_id = $1";
    only_system(change)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if before.plan == plan {
        return Ok(before);
    }
    if let Some(plan) = plan
        && plans::get(&mut change.tx, plan).await?.is_none()
    {
        return Err(StoreError::invalid("plan", "there is no such plan"));
    }
    let after = Workspace { plan, version: before.version + 1, ..before.clone() };
    let now = change.now.as_micros();
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(id.0)
            .bind(plan.map(|it| it.0))
            .bind(after.version)
            .bind(now)
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    change.record("workspace.set_plan", id, Some(&before), Some(&after))?;
    change.touch(id);
    Ok(after)
}

/// Ends an empty workspace. Its usage and its audit log stay; members and invitations end with it.
///
/// # Errors
/// [`StoreError::InUse`] while it has providers, aliases, keys, tokens or owners.
pub async fn delete(
    change: &mut Change,
    id: WorkspaceId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const QUOTA_USES: &str = "DELETE FROM quota_uses WHERE workspace_id = $1";
    const VAULT: &str = "DELETE FROM vault WHERE workspace_id = $1";
    const KEPT: &str = "DELETE FROM kept_responses WHERE workspace_id = $1";
    const JOBS: &str = "DELETE FROM jobs WHERE workspace_id = $1";
    const SETTINGS: &str = "DELETE FROM settings WHERE workspace_id = $1";
    const PRICES: &str = "DELETE FROM price_rates WHERE workspace_id = $1";
    const VERSIONS: &str = "DELETE FROM price_versions WHERE workspace_id = $1";
    const ROUTES: &str = "DELETE FROM route_versions WHERE workspace_id = $1";
    const MEMBERS: &str = "DELETE FROM members WHERE workspace_id = $1";
    const INVITATIONS: &str = "DELETE FROM invitations WHERE workspace_id = $1";
    const SELF: &str = "DELETE FROM workspaces WHERE workspace_id = $1";
    only_system(change)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if let Some(by) = contents(change, id).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    change.begin_act();
    for sql in [
        QUOTA_USES,
        VAULT,
        KEPT,
        JOBS,
        SETTINGS,
        PRICES,
        VERSIONS,
        ROUTES,
        MEMBERS,
        INVITATIONS,
        SELF,
    ] {
        on!(change.tx.conn, it => {
            sqlx::query(sql).bind(id.0).execute(&mut *it).await.map(drop)
        })?;
    }
    change.record("workspace.delete", id, Some(&before), None)?;
    change.touch(id);
    Ok(())
}

async fn contents(change: &mut Change, id: WorkspaceId) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT
        (SELECT COUNT(*) FROM providers WHERE workspace_id = $1),
        (SELECT COUNT(*) FROM aliases WHERE workspace_id = $1),
        (SELECT COUNT(*) FROM keys WHERE workspace_id = $1),
        (SELECT COUNT(*) FROM tokens WHERE workspace_id = $1),
        (SELECT COUNT(*) FROM owners WHERE workspace_id = $1)";
    let counts: (i64, i64, i64, i64, i64) =
        on!(change.tx.conn, it => sqlx::query_as(SQL).bind(id.0).fetch_one(&mut *it).await)?;
    let (providers, aliases, keys, tokens, owners) = counts;
    let nouns = ["providers", "aliases", "keys", "tokens", "owners"];
    let found = [providers, aliases, keys, tokens, owners].into_iter().zip(nouns);
    Ok(found
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format!("its {count} {noun}"))
        .reduce(|all, one| format!("{all}, {one}")))
}

async fn existing(change: &mut Change, id: WorkspaceId) -> Result<Workspace, StoreError> {
    if id == SYSTEM_WORKSPACE {
        return Err(StoreError::invalid(NOUN, "the system workspace stays as it is"));
    }
    get(&mut change.tx, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

fn check(change: &Change, draft: &WorkspaceDraft) -> Result<(), StoreError> {
    only_system(change)?;
    check_name("name", &draft.name)?;
    check_name("time_zone", &draft.time_zone)
}

fn only_system(change: &Change) -> Result<(), StoreError> {
    if change.workspace == SYSTEM_WORKSPACE {
        return Ok(());
    }
    Err(StoreError::invalid(NOUN, "workspaces are made and ended by the operator only"))
}

#[derive(sqlx::FromRow)]
struct Row {
    workspace_id: Uuid,
    name: String,
    time_zone: String,
    plan_id: Option<Uuid>,
    version: i64,
    created_at: i64,
}

impl From<Row> for Workspace {
    fn from(row: Row) -> Workspace {
        Workspace {
            id: WorkspaceId(row.workspace_id),
            name: row.name,
            time_zone: row.time_zone,
            plan: row.plan_id.map(PlanId),
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, owner_draft};
    use crate::{audit, owners};

    fn draft(name: &str) -> WorkspaceDraft {
        WorkspaceDraft { name: name.into(), time_zone: "Asia/Kathmandu".into() }
    }

    #[tokio::test]
    async fn a_workspace_is_made_renamed_and_ended_by_the_operator() {
        each_engine(|bench| async move {
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let made = create(&mut change, &draft("main")).await.unwrap();
            let after = update(&mut change, made.id, Some(1), &draft("core")).await.unwrap();
            assert_eq!((after.version, after.name.as_str()), (2, "core"));
            change.commit().await.unwrap();

            let mut tx = bench.store.read().await.unwrap();
            let all = list(&mut tx, &Listing::default()).await.unwrap().items;
            assert_eq!(all, std::slice::from_ref(&after));
            assert_eq!(by_name(&mut tx, "core").await.unwrap(), Some(after.clone()));
            drop(tx);

            let before = bench.store.revision().await.unwrap();
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            delete(&mut change, made.id, Some(2)).await.unwrap();
            change.commit().await.unwrap();
            assert!(bench.store.changed_since(before).await.unwrap().contains(&made.id));
            assert!(bench.store.snapshot_of(made.id).await.unwrap().1.is_none());
            let mut tx = bench.store.read().await.unwrap();
            let log = audit::verify(&mut tx, SYSTEM_WORKSPACE).await.unwrap();
            assert_eq!(log, audit::Chain::Whole { entries: 3 });
        })
        .await;
    }

    #[tokio::test]
    async fn a_workspace_that_holds_something_stays() {
        each_engine(|bench| async move {
            let id = bench.workspace("main").await;
            let mut change = bench.change(id).await;
            owners::create(&mut change, &owner_draft("a")).await.unwrap();
            change.commit().await.unwrap();
            let mut change = bench.change(SYSTEM_WORKSPACE).await;
            let error = delete(&mut change, id, None).await.unwrap_err();
            assert!(matches!(error, StoreError::InUse { by, .. } if by == "its 1 owners"));
            let error = delete(&mut change, SYSTEM_WORKSPACE, None).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn a_tenant_makes_no_workspaces() {
        each_engine(|bench| async move {
            let id = bench.workspace("main").await;
            let mut change = bench.change(id).await;
            let error = create(&mut change, &draft("other")).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. }));
        })
        .await;
    }
}
