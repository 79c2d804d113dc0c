//! Routes: the immutable versions behind an alias, and who is in them.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::alias::{Group, MAX_ENVIRONMENTS, Policy, Route, WeightedTarget};
use wayleave_model::id::{AliasId, CredentialId, RouteVersionId, WorkspaceId};
use wayleave_model::page::Page;

use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::text::{check_text, document, storable, typed};
use crate::{credentials, models};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, number, target_groups, policy, author, reason, created_at \
             FROM route_versions WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// Every version of an alias's route, newest first; also of an alias that is gone.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    alias: AliasId,
    listing: &Listing,
) -> Result<Page<Route>, StoreError> {
    const SQL: &str = select!("AND alias_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4");
    let before = listing.before_number()?;
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(alias.0)
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let items = rows.into_iter().map(Route::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Route| it.number.to_string()))
}

/// One version, by its number.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    alias: AliasId,
    number: i64,
) -> Result<Option<Route>, StoreError> {
    const SQL: &str = select!("AND alias_id = $2 AND number = $3");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(alias.0)
            .bind(number)
            .fetch_optional(&mut *it)
            .await
    })?;
    row.map(Route::try_from).transpose()
}

/// Adds the next version of an alias's route: begins the act that the caller ends.
pub(crate) async fn insert(
    change: &mut Change,
    alias: AliasId,
    groups: &[Group],
    policy: &Policy,
) -> Result<Route, StoreError> {
    const NEXT: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM route_versions
        WHERE workspace_id = $1 AND alias_id = $2";
    const SQL: &str = "INSERT INTO route_versions
        (workspace_id, id, alias_id, number, target_groups, policy, author, reason, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    check(change, groups).await?;
    change.begin_act();
    let workspace = change.workspace.0;
    let number: i64 = on!(change.tx.conn, it => {
        sqlx::query_scalar(NEXT).bind(workspace).bind(alias.0).fetch_one(&mut *it).await
    })?;
    let made = Route {
        id: RouteVersionId::new(change.now),
        number,
        groups: groups.to_vec(),
        policy: policy.clone(),
        author: storable(&change.actor.name).into_owned(),
        reason: storable(&change.reason).into_owned(),
        created_at: change.now,
    };
    let (groups, policy) = (document("groups", &made.groups)?, document("policy", &made.policy)?);
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(workspace)
            .bind(made.id.0)
            .bind(alias.0)
            .bind(made.number)
            .bind(&groups)
            .bind(&policy)
            .bind(&made.author)
            .bind(&made.reason)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(made)
}

/// Every target must be there, with a credential that can serve it.
pub(crate) async fn check(change: &mut Change, groups: &[Group]) -> Result<(), StoreError> {
    let wrong = |why: String| Err(StoreError::invalid("targets", why));
    if groups.is_empty() || groups.iter().any(|group| group.targets.is_empty()) {
        return wrong("expected at least one target in each group".into());
    }
    let workspace = change.workspace;
    for target in groups.iter().flat_map(|group| &group.targets) {
        if target.weight == 0 {
            return wrong("expected weights of 1 or more".into());
        }
        let Some(model) = models::get(&mut change.tx, workspace, target.model).await? else {
            return wrong(format!("there is no model {}", target.model));
        };
        if target.environments.len() > MAX_ENVIRONMENTS {
            return wrong(format!("expected at most {MAX_ENVIRONMENTS} environments of a target"));
        }
        for environment in target.environments.keys() {
            check_text("targets", environment)?;
        }
        for id in target.credentials() {
            let found = credentials::get(&mut change.tx, workspace, id).await?;
            let serves = found.is_some_and(|it| {
                it.provider == model.provider && it.model.is_none_or(|own| own == model.id)
            });
            if !serves {
                return wrong(format!("{id} is no credential of `{}`", model.name));
            }
        }
    }
    Ok(())
}

/// Every alias whose current route names a credential, with that credential, by the alias's name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn credentials_in_use(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(String, CredentialId)>, StoreError> {
    let mut used = Vec::new();
    for (name, groups) in current(tx, workspace).await? {
        let named = groups.iter().flat_map(|group| &group.targets).flat_map(|it| it.credentials());
        let named: BTreeSet<CredentialId> = named.collect();
        used.extend(named.into_iter().map(|it| (name.clone(), it)));
    }
    Ok(used)
}

/// An alias whose current route has a target that `is_wanted`, named for people.
pub(crate) async fn user(
    tx: &mut Tx,
    workspace: WorkspaceId,
    is_wanted: impl Fn(&WeightedTarget) -> bool,
) -> Result<Option<String>, StoreError> {
    for (name, groups) in current(tx, workspace).await? {
        if groups.iter().flat_map(|group| &group.targets).any(&is_wanted) {
            return Ok(Some(format!("alias `{name}`")));
        }
    }
    Ok(None)
}

/// The current route of each alias, by the alias's name.
async fn current(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(String, Vec<Group>)>, StoreError> {
    const SQL: &str = "SELECT a.name, r.target_groups FROM aliases a
        JOIN route_versions r ON r.workspace_id = a.workspace_id AND r.id = a.route_version_id
        WHERE a.workspace_id = $1 ORDER BY a.name";
    let rows: Vec<(String, Json<Value>)> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    rows.into_iter().map(|(name, groups)| Ok((name, typed("route", groups)?))).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    number: i64,
    target_groups: Json<Value>,
    policy: Json<Value>,
    author: String,
    reason: String,
    created_at: i64,
}

impl TryFrom<Row> for Route {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Route, StoreError> {
        Ok(Route {
            id: RouteVersionId(row.id),
            number: row.number,
            groups: typed("route", row.target_groups)?,
            policy: typed("route", row.policy)?,
            author: row.author,
            reason: row.reason,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}
