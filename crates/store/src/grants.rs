//! Grants: what of the system workspace's providers the operator supplies a workspace with. Rows of
//! that workspace, written by the operator alone.

mod quotas;
mod row;
mod standing;
mod supply;
#[cfg(test)]
mod tests;

use wayleave_model::Timestamp;
use wayleave_model::id::{GrantId, ProviderId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::supply::{Grant, Quota, QuotaType, QuotaUnit, UNLIMITED};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::providers;
use crate::text::{check_name, document};

pub(crate) use quotas::{ADD, INSERT, usage, uses};
pub use standing::standing;
pub use supply::Supply;
pub(crate) use supply::{all, holders};

const NOUN: &str = "grant";

/// The most models that a grant names.
const MAX_MODELS: usize = 1_000;

/// What the operator says of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantDraft {
    /// The provider of the workspace that it supplies; fixed once made.
    pub provider: ProviderId,
    /// The provider of the system workspace, of the same kind; fixed once made.
    pub system_provider: ProviderId,
    /// The models that it covers, by name; `None`: all that are predefined.
    pub models: Option<Vec<String>>,
    /// A disabled grant supplies nothing.
    pub enabled: bool,
    /// One of a type at most, in any order.
    pub quotas: Vec<QuotaDraft>,
}

/// What the operator says of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaDraft {
    /// What it is for.
    pub quota_type: QuotaType,
    /// What it counts. With another unit it is another quota, of which nothing is used.
    pub unit: QuotaUnit,
    /// How much, in its unit; [`UNLIMITED`].
    pub limit: i64,
    /// From then on it does not serve.
    pub expires_at: Option<Timestamp>,
}

impl From<&Grant> for GrantDraft {
    fn from(it: &Grant) -> GrantDraft {
        GrantDraft {
            provider: it.provider,
            system_provider: it.system_provider,
            models: it.models.clone(),
            enabled: it.enabled,
            quotas: it.quotas.iter().map(QuotaDraft::from).collect(),
        }
    }
}

impl From<&Quota> for QuotaDraft {
    fn from(it: &Quota) -> QuotaDraft {
        QuotaDraft {
            quota_type: it.quota_type,
            unit: it.unit,
            limit: it.limit,
            expires_at: it.expires_at,
        }
    }
}

/// Makes a grant, in a change of the workspace that gets it.
///
/// # Errors
/// [`StoreError::NameTaken`] for a provider that has one; [`StoreError::Invalid`];
/// [`StoreError::NotFound`] for either provider.
pub async fn create(change: &mut Change, draft: &GrantDraft) -> Result<Grant, StoreError> {
    const SQL: &str = "INSERT INTO grants
        (workspace_id, id, provider_id, system_provider_id, models, enabled, version, created_at,
         updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let name = check_providers(change, draft).await?;
    check(draft)?;
    let id = GrantId::new(change.now);
    let made = Grant {
        id,
        workspace: change.workspace,
        provider: draft.provider,
        system_provider: draft.system_provider,
        models: draft.models.clone(),
        enabled: draft.enabled,
        quotas: quotas::wanted(&[], &draft.quotas, change.now),
        version: 1,
        created_at: change.now,
        updated_at: change.now,
    };
    let models = made.models.as_ref().map(|it| document("models", it)).transpose()?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(made.provider.0)
            .bind(made.system_provider.0)
            .bind(&models)
            .bind(made.enabled)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &name))?;
    quotas::write(change, id, &[], &made.quotas).await?;
    change.record("grant.create", id, None, Some(&made))?;
    Ok(made)
}

/// The grant of that id, whoever has it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>, StoreError> {
    const SQL: &str = row::select!("WHERE id = $1");
    let found: Option<row::Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(id.0).fetch_optional(&mut *it).await)?;
    match found {
        Some(found) => {
            let quotas = quotas::of(tx, WorkspaceId(found.workspace_id)).await?;
            found.noun(&quotas).map(Some)
        }
        None => Ok(None),
    }
}

/// The grants of a workspace, in no order.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn of(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Grant>, StoreError> {
    const SQL: &str = row::select!("WHERE workspace_id = $1");
    let found: Vec<row::Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let quotas = quotas::of(tx, workspace).await?;
    found.into_iter().map(|it| it.noun(&quotas)).collect()
}

/// Every grant, or those of one workspace, newest first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: Option<WorkspaceId>,
    listing: &Listing,
) -> Result<Page<Grant>, StoreError> {
    const SQL: &str = row::select!(
        "WHERE ($1 IS NULL OR workspace_id = $1) AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let before = listing.before()?;
    let found: Vec<row::Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.map(|it| it.0))
            .bind(before)
            .bind(listing.fetch())
            .fetch_all(&mut *it)
            .await
    })?;
    let mut items = Vec::with_capacity(found.len());
    for it in found {
        let quotas = quotas::of(tx, WorkspaceId(it.workspace_id)).await?;
        items.push(it.noun(&quotas)?);
    }
    Ok(listing.page(items, |it: &Grant| by_id(it.id.0)))
}

/// Changes a grant. What was used of a quota stays while its type and unit do.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`]; [`StoreError::Invalid`], also for other providers.
pub async fn update(
    change: &mut Change,
    id: GrantId,
    expected: Option<i64>,
    draft: &GrantDraft,
) -> Result<Grant, StoreError> {
    const SQL: &str = "UPDATE grants
        SET models = $3, enabled = $4, version = $5, updated_at = $6
        WHERE workspace_id = $1 AND id = $2";
    check(draft)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if (draft.provider, draft.system_provider) != (before.provider, before.system_provider) {
        return Err(StoreError::invalid("provider", "cannot change: make another grant"));
    }
    let after = Grant {
        models: draft.models.clone(),
        enabled: draft.enabled,
        quotas: quotas::wanted(&before.quotas, &draft.quotas, change.now),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    let same = (&after.models, after.enabled, &after.quotas)
        == (&before.models, before.enabled, &before.quotas);
    if same {
        return Ok(before);
    }
    let models = after.models.as_ref().map(|it| document("models", it)).transpose()?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(&models)
            .bind(after.enabled)
            .bind(after.version)
            .bind(after.updated_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    quotas::write(change, id, &before.quotas, &after.quotas).await?;
    change.record("grant.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Takes a grant back. What was used of its quotas is forgotten, but for the rows of usage.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`].
pub async fn delete(
    change: &mut Change,
    id: GrantId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM grants WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    change.begin_act();
    quotas::write(change, id, &before.quotas, &[]).await?;
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(change.workspace.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("grant.delete", id, Some(&before), None)
}

/// What of the operator's grants needs that provider; `None`: nothing does.
pub(crate) async fn user(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
) -> Result<Option<String>, StoreError> {
    const OWN: &str = "SELECT COUNT(*) FROM grants WHERE workspace_id = $1 AND provider_id = $2";
    const SYSTEM: &str = "SELECT COUNT(*) FROM grants WHERE system_provider_id = $1";
    let count: i64 = match workspace {
        SYSTEM_WORKSPACE => on!(tx.conn, it => {
            sqlx::query_scalar(SYSTEM).bind(provider.0).fetch_one(&mut *it).await
        }),
        _ => on!(tx.conn, it => {
            sqlx::query_scalar(OWN).bind(workspace.0).bind(provider.0).fetch_one(&mut *it).await
        }),
    }?;
    Ok(match (count, workspace) {
        (0, _) => None,
        (count, SYSTEM_WORKSPACE) => Some(format!("{count} grants")),
        _ => Some("a grant of the operator".to_owned()),
    })
}

async fn existing(change: &mut Change, id: GrantId) -> Result<Grant, StoreError> {
    let workspace = change.workspace;
    let found = get(&mut change.tx, id).await?.filter(|it| it.workspace == workspace);
    found.ok_or_else(|| StoreError::not_found(NOUN, id))
}

/// Both are there, and of one kind. Returns the name of the one that is supplied.
async fn check_providers(change: &mut Change, draft: &GrantDraft) -> Result<String, StoreError> {
    if change.workspace == SYSTEM_WORKSPACE {
        let why = "the system workspace's providers are supplied, they need no grant";
        return Err(StoreError::invalid("workspace", why));
    }
    let own = providers::existing(change, draft.provider).await?;
    let system = providers::get(&mut change.tx, SYSTEM_WORKSPACE, draft.system_provider).await?;
    let system =
        system.ok_or_else(|| StoreError::not_found("system provider", draft.system_provider))?;
    if own.kind != system.kind {
        let why =
            format!("{} is of kind {}, the system's is of {}", own.name, own.kind, system.kind);
        return Err(StoreError::invalid("provider", why));
    }
    Ok(own.name)
}

fn check(draft: &GrantDraft) -> Result<(), StoreError> {
    for name in draft.models.iter().flatten() {
        check_name("models", name)?;
    }
    if draft.models.as_ref().is_some_and(|it| it.is_empty() || it.len() > MAX_MODELS) {
        let why = format!("expected 1 to {MAX_MODELS} names, or none at all for all models");
        return Err(StoreError::invalid("models", why));
    }
    for (at, quota) in draft.quotas.iter().enumerate() {
        if quota.limit < UNLIMITED {
            return Err(StoreError::invalid("quotas", "expected a limit of -1 (none) or more"));
        }
        if draft.quotas[..at].iter().any(|it| it.quota_type == quota.quota_type) {
            let why = format!("there are two of type {}", quota.quota_type.as_str());
            return Err(StoreError::invalid("quotas", why));
        }
    }
    Ok(())
}
