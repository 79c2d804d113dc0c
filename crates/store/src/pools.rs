//! Pools of models, one each at most: kept while switched off, and without the credentials that are
//! gone.

mod row;

use std::collections::BTreeSet;

use wayleave_model::id::{CredentialId, ModelId, PoolEntryId, WorkspaceId};
use wayleave_model::pool::{MAX_ENTRIES, MIN_ENTRIES, Pool, PoolEntry, Strategy};
use wayleave_model::target::Model;

use crate::change::{Change, check_version};
use crate::db::Tx;
use crate::error::StoreError;
use crate::{credentials, models};

const NOUN: &str = "pool";

/// The largest weight of an entry.
const MAX_WEIGHT: u32 = 1_000;

/// What is said of a pool: all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolDraft {
    /// Switched on: needs two enabled entries.
    pub enabled: bool,
    /// How an entry is chosen.
    pub strategy: Strategy,
    /// In order; those that are not here any more are removed.
    pub entries: Vec<EntryDraft>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

/// What is said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryDraft {
    /// One that is there; `None`: a new one.
    pub id: Option<PoolEntryId>,
    /// Which credential; `None`: the default.
    pub credential: Option<CredentialId>,
    /// Its share, 1 to 1000.
    pub weight: u32,
    /// A disabled entry serves nothing.
    pub enabled: bool,
}

impl From<&Pool> for PoolDraft {
    fn from(it: &Pool) -> PoolDraft {
        PoolDraft {
            enabled: it.enabled,
            strategy: it.strategy,
            entries: it.entries.iter().map(EntryDraft::from).collect(),
            managed_by: it.managed_by.clone(),
        }
    }
}

impl From<&PoolEntry> for EntryDraft {
    fn from(it: &PoolEntry) -> EntryDraft {
        EntryDraft {
            id: Some(it.id),
            credential: it.credential,
            weight: it.weight,
            enabled: it.enabled,
        }
    }
}

/// The pool of a model, if it was ever given one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: ModelId,
) -> Result<Option<Pool>, StoreError> {
    Ok(row::read(tx, workspace, Some(model)).await?.pop())
}

/// Every pool of a workspace.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Pool>, StoreError> {
    row::read(tx, workspace, None).await
}

/// Every model whose pool names a credential, with that credential, by the model's name. An entry for
/// whichever is the default names none.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn credentials_in_use(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(String, CredentialId)>, StoreError> {
    row::named(tx, workspace).await
}

/// Makes a model's pool as `draft` says. `expected` is 0 where there is none yet. Saying what is so
/// already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`] for the model; [`StoreError::Invalid`] for an
/// entry or credential that is not there, and to switch on with fewer than two enabled entries.
pub async fn put(
    change: &mut Change,
    model: ModelId,
    expected: Option<i64>,
    draft: &PoolDraft,
) -> Result<Pool, StoreError> {
    let workspace = change.workspace;
    let found = models::get(&mut change.tx, workspace, model).await?;
    let found = found.ok_or_else(|| StoreError::not_found("model", model))?;
    let before = get(&mut change.tx, workspace, model).await?;
    check_version(NOUN, expected, before.as_ref().map_or(0, |it| it.version))?;
    check(change, &found, before.as_ref(), draft).await?;
    if before.as_ref().is_some_and(|it| PoolDraft::from(it) == *draft) {
        return Ok(before.unwrap_or_else(|| Pool::none(model)));
    }
    let entry = |it: &EntryDraft| PoolEntry {
        id: it.id.unwrap_or_else(|| PoolEntryId::new(change.now)),
        credential: it.credential,
        weight: it.weight,
        enabled: it.enabled,
    };
    let after = Pool {
        model,
        enabled: draft.enabled,
        strategy: draft.strategy,
        entries: draft.entries.iter().map(entry).collect(),
        managed_by: draft.managed_by.clone(),
        version: before.as_ref().map_or(0, |it| it.version) + 1,
        created_at: before.as_ref().map_or(change.now, |it| it.created_at),
        updated_at: change.now,
    };
    change.begin_act();
    row::write(change, &after).await?;
    let action = if before.is_some() { "pool.update" } else { "pool.create" };
    change.record(action, model, before.as_ref(), Some(&after))?;
    Ok(after)
}

/// Removes a model's pool, if it has one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn delete(change: &mut Change, model: ModelId) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let Some(before) = get(&mut change.tx, workspace, model).await? else { return Ok(()) };
    change.begin_act();
    row::remove(change, model).await?;
    change.record("pool.delete", model, Some(&before), None)
}

/// Takes a credential that goes out of every pool; the models whose pools had it. A pool that has
/// too few entries left stays switched on: it serves again when it has two.
pub(crate) async fn forget_credential(
    change: &mut Change,
    credential: CredentialId,
) -> Result<Vec<ModelId>, StoreError> {
    let workspace = change.workspace;
    let mut had = Vec::new();
    for before in all(&mut change.tx, workspace).await? {
        let mut after = before.clone();
        after.entries.retain(|it| it.credential != Some(credential));
        if after.entries.len() == before.entries.len() {
            continue;
        }
        (after.version, after.updated_at) = (before.version + 1, change.now);
        change.begin_act();
        row::write(change, &after).await?;
        change.record("pool.update", before.model, Some(&before), Some(&after))?;
        had.push(before.model);
    }
    Ok(had)
}

async fn check(
    change: &mut Change,
    model: &Model,
    before: Option<&Pool>,
    draft: &PoolDraft,
) -> Result<(), StoreError> {
    let wrong = |why: String| Err(StoreError::invalid("entries", why));
    if draft.entries.len() > MAX_ENTRIES {
        return wrong(format!("expected at most {MAX_ENTRIES}"));
    }
    if draft.entries.iter().any(|it| !(1..=MAX_WEIGHT).contains(&it.weight)) {
        return wrong(format!("expected weights of 1 to {MAX_WEIGHT}"));
    }
    let known = |id: &PoolEntryId| before.is_some_and(|it| it.entries.iter().any(|e| e.id == *id));
    let ids: Vec<PoolEntryId> = draft.entries.iter().filter_map(|it| it.id).collect();
    if let Some(id) = ids.iter().find(|id| !known(id)) {
        return wrong(format!("this pool has no entry {id}: leave `id` out for a new one"));
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return wrong("an entry is there twice: leave `id` out for the second".to_owned());
    }
    let workspace = change.workspace;
    let named: BTreeSet<CredentialId> =
        draft.entries.iter().filter_map(|it| it.credential).collect();
    for id in named {
        match credentials::get(&mut change.tx, workspace, id).await? {
            Some(it)
                if it.provider == model.provider
                    && it.model.is_none_or(|only| only == model.id) => {}
            _ => return wrong(format!("{id} is no credential of this model or its provider")),
        }
    }
    let enabled = draft.entries.iter().filter(|it| it.enabled).count();
    if draft.enabled && enabled < MIN_ENTRIES {
        return wrong(format!("at least {MIN_ENTRIES} must be enabled to switch the pool on"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
