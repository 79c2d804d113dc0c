//! Aliases: public model names. Each change of where one leads makes a new route version.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::alias::{Alias, Group, Policy, Route};
use wayleave_model::id::{AliasId, RouteVersionId, WorkspaceId};
use wayleave_model::page::Page;

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::{check_name, typed};
use crate::{keys, routes};

const NOUN: &str = "alias";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.name, a.enabled, a.managed_by, a.version, a.created_at, a.updated_at, \
             r.id AS route_id, r.number, r.target_groups, r.policy, r.author, r.reason, \
             r.created_at AS route_created_at \
             FROM aliases a JOIN route_versions r \
             ON r.workspace_id = a.workspace_id AND r.id = a.route_version_id \
             WHERE a.workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasDraft {
    /// Unique in the workspace. Matched exactly, case and all.
    pub name: String,
    /// A disabled alias is not found.
    pub enabled: bool,
    /// Where it leads: tried in order, within a group by weight.
    pub groups: Vec<Group>,
    /// How requests over it behave.
    pub policy: Policy,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Alias> for AliasDraft {
    fn from(it: &Alias) -> AliasDraft {
        AliasDraft {
            name: it.name.clone(),
            enabled: it.enabled,
            groups: it.route.groups.clone(),
            policy: it.route.policy.clone(),
            managed_by: it.managed_by.clone(),
        }
    }
}

/// Makes an alias with version 1 of its route.
///
/// # Errors
/// [`StoreError::NameTaken`]; [`StoreError::Invalid`] for targets that are not there.
pub async fn create(change: &mut Change, draft: &AliasDraft) -> Result<Alias, StoreError> {
    const SQL: &str = "INSERT INTO aliases
        (workspace_id, id, name, enabled, route_version_id, managed_by, version, created_at,
         updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    check_name("name", &draft.name)?;
    let id = AliasId::new(change.now);
    let made = Alias {
        id,
        name: draft.name.clone(),
        enabled: draft.enabled,
        route: routes::insert(change, id, &draft.groups, &draft.policy).await?,
        managed_by: draft.managed_by.clone(),
        version: 1,
        created_at: change.now,
        updated_at: change.now,
    };
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(&made.name)
            .bind(made.enabled)
            .bind(made.route.id.0)
            .bind(&made.managed_by)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("alias.create", id, None, Some(&made))?;
    Ok(made)
}

/// The alias of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: AliasId,
) -> Result<Option<Alias>, StoreError> {
    const SQL: &str = select!("AND a.id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Alias::try_from).transpose()
}

/// The alias of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Alias>, StoreError> {
    const SQL: &str = select!("AND a.name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    row.map(Alias::try_from).transpose()
}

/// The aliases of a workspace.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Alias>, StoreError> {
    let items = rows(tx, workspace, listing.before()?, listing.fetch()).await?;
    Ok(listing.page(items, |it: &Alias| by_id(it.id.0)))
}

/// Every alias of a workspace: for the data plane.
pub(crate) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Alias>, StoreError> {
    rows(tx, workspace, Uuid::max(), i64::MAX).await
}

/// Changes an alias; other targets or another policy make a new route version. Saying what is so
/// already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`],
/// [`StoreError::Invalid`] for targets that are not there.
pub async fn update(
    change: &mut Change,
    id: AliasId,
    expected: Option<i64>,
    draft: &AliasDraft,
) -> Result<Alias, StoreError> {
    check_name("name", &draft.name)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if AliasDraft::from(&before) == *draft {
        return Ok(before);
    }
    let same = draft.groups == before.route.groups && draft.policy == before.route.policy;
    let route = match same {
        true => {
            change.begin_act();
            before.route.clone()
        }
        false => routes::insert(change, id, &draft.groups, &draft.policy).await?,
    };
    let after = Alias {
        name: draft.name.clone(),
        enabled: draft.enabled,
        route,
        managed_by: draft.managed_by.clone(),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    write(change, &after).await?;
    change.record("alias.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Points an alias back to an earlier version of its route.
///
/// # Errors
/// [`StoreError::NotFound`] for an unknown version, [`StoreError::Stale`];
/// [`StoreError::Invalid`] if one of its targets is gone.
pub async fn restore(
    change: &mut Change,
    id: AliasId,
    expected: Option<i64>,
    number: i64,
) -> Result<Alias, StoreError> {
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace;
    let route = routes::get(&mut change.tx, workspace, id, number)
        .await?
        .ok_or_else(|| StoreError::not_found("route version", number))?;
    if route.id == before.route.id {
        return Ok(before);
    }
    routes::check(change, &route.groups).await?;
    let after =
        Alias { route, version: before.version + 1, updated_at: change.now, ..before.clone() };
    change.begin_act();
    write(change, &after).await?;
    change.record("alias.restore", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes an alias. Its route versions stay: usage names them.
///
/// # Errors
/// [`StoreError::InUse`] while a key is limited to it, among others.
pub async fn delete(
    change: &mut Change,
    id: AliasId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM aliases WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace;
    if let Some(by) = keys::limited_to(&mut change.tx, workspace, id).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("alias.delete", id, Some(&before), None)
}

async fn existing(change: &mut Change, id: AliasId) -> Result<Alias, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

async fn write(change: &mut Change, it: &Alias) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE aliases
        SET name = $3, enabled = $4, route_version_id = $5, managed_by = $6, version = $7,
            updated_at = $8
        WHERE workspace_id = $1 AND id = $2";
    on!(change.tx.conn, to => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(it.id.0)
            .bind(&it.name)
            .bind(it.enabled)
            .bind(it.route.id.0)
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.updated_at.as_micros())
            .execute(&mut *to)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &it.name))
}

async fn rows(
    tx: &mut Tx,
    workspace: WorkspaceId,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Alias>, StoreError> {
    const SQL: &str = select!("AND a.id < $2 ORDER BY a.id DESC LIMIT $3");
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(before)
            .bind(limit)
            .fetch_all(&mut *it)
            .await
    })?;
    rows.into_iter().map(Alias::try_from).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    enabled: bool,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
    route_id: Uuid,
    number: i64,
    target_groups: Json<Value>,
    policy: Json<Value>,
    author: String,
    reason: String,
    route_created_at: i64,
}

impl TryFrom<Row> for Alias {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Alias, StoreError> {
        Ok(Alias {
            id: AliasId(row.id),
            name: row.name,
            enabled: row.enabled,
            route: Route {
                id: RouteVersionId(row.route_id),
                number: row.number,
                groups: typed("route", row.target_groups)?,
                policy: typed("route", row.policy)?,
                author: row.author,
                reason: row.reason,
                created_at: Timestamp::from_micros(row.route_created_at),
            },
            managed_by: row.managed_by,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use wayleave_model::id::CredentialId;

    use super::*;
    use crate::models;
    use crate::testing::{alias_draft, each_engine, key_draft, model_draft};

    #[tokio::test]
    async fn another_target_is_a_new_version_and_any_version_can_be_restored() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (workspace, id) = (shop.workspace, shop.alias.id);
            let mut change = bench.change(workspace).await;
            let other = model_draft(&shop.provider, "gpt-y");
            let other = models::create(&mut change, &other).await.unwrap();
            let two = update(&mut change, id, Some(1), &alias_draft("fast", &other)).await.unwrap();
            assert_eq!((two.route.number, two.version), (2, 2));
            assert_eq!((two.route.author.as_str(), two.route.reason.as_str()), ("test", "a test"));
            let renamed = AliasDraft { name: "quick".into(), ..AliasDraft::from(&two) };
            let renamed = update(&mut change, id, Some(2), &renamed).await.unwrap();
            assert_eq!(renamed.route, two.route);
            let back = restore(&mut change, id, Some(3), 1).await.unwrap();
            assert_eq!(back.route, shop.alias.route);
            let three = update(&mut change, id, None, &alias_draft("quick", &other)).await.unwrap();
            assert_eq!(three.route.number, 3);
            let versions = routes::list(change.tx(), workspace, id, &Listing::default()).await;
            let numbers: Vec<_> = versions.unwrap().items.iter().map(|it| it.number).collect();
            assert_eq!(numbers, [3, 2, 1]);
            let unknown = restore(&mut change, id, None, 9).await.unwrap_err();
            assert!(matches!(unknown, StoreError::NotFound { noun: "route version", .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn targets_that_cannot_serve_are_refused() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let good = alias_draft("new", &shop.model);
            let with = |edit: fn(&mut AliasDraft)| {
                let mut draft = good.clone();
                edit(&mut draft);
                draft
            };
            let mut foreign = good.clone();
            foreign.groups[0].targets[0].credential = Some(CredentialId::new(bench.clock.now()));
            let of_environments = |names: &[String], id: CredentialId| {
                let mut draft = good.clone();
                let named = names.iter().map(|it| (it.clone(), id));
                draft.groups[0].targets[0].environments = named.collect();
                draft
            };
            let (own, strange) = (shop.credential.id, CredentialId::new(bench.clock.now()));
            let many: Vec<String> = (0..17).map(|it| format!("e{it}")).collect();
            let bad = [
                of_environments(&["production".into()], strange),
                of_environments(&["pro\nduction".into()], own),
                of_environments(&many, own),
                with(|it| it.groups.clear()),
                with(|it| it.groups[0].targets.clear()),
                with(|it| it.groups[0].targets[0].weight = 0),
                with(|it| it.groups[0].targets[0].model = wayleave_model::id::ModelId(Uuid::nil())),
                foreign,
            ];
            for draft in bad {
                let error = create(&mut change, &draft).await.unwrap_err();
                assert!(matches!(error, StoreError::Invalid { field: "targets", .. }), "{draft:?}");
            }
            create(&mut change, &good).await.unwrap();
            let most = AliasDraft { name: "most".into(), ..of_environments(&many[..16], own) };
            let made = create(&mut change, &most).await.unwrap();
            let found = get(change.tx(), shop.workspace, made.id).await.unwrap().unwrap();
            assert_eq!(found.route.groups, most.groups, "as it was said");
        })
        .await;
    }

    #[tokio::test]
    async fn an_alias_that_a_key_is_limited_to_stays() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let mut draft = key_draft("narrow", &shop.owner);
            draft.aliases = Some(vec![shop.alias.id]);
            let (key, _) = keys::mint(&mut change, &draft).await.unwrap();
            let error = delete(&mut change, shop.alias.id, None).await.unwrap_err();
            assert!(matches!(error, StoreError::InUse { by, .. } if by == "key `narrow`"));
            keys::delete(&mut change, key.id, None).await.unwrap();
            delete(&mut change, shop.alias.id, None).await.unwrap();
            change.commit().await.unwrap();
        })
        .await;
    }
}
