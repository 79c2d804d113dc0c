//! Credentials: what is shown of them in columns, what is secret in one sealed value.

mod kept;
mod names;
mod news;
mod removal;
mod row;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::credential::{Checks, Credential, CredentialStatus, SecretFields, Validated};
use wayleave_model::id::{CredentialId, ModelId, ProviderId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::target::Model;

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::secret_fields::{masked, open_fields, seal_fields};
use crate::text::{check_name, document};
use crate::{models, pools, providers};

use row::Row;

pub use kept::{KeptModel, add_again, forget, kept};
pub(crate) use kept::{forget_all_of, keep};
pub use names::next_name;
pub use removal::{Instead, delete};

const NOUN: &str = "credential";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, provider_id, model_id, name, settings, masked, fingerprint, sealed, \
             enabled, status, validated, proof, proven_by, last_proven_at, last_checked_at, \
             last_used_at, managed_by, version, created_at, updated_at FROM credentials \
             WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of a credential, its secrets apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialDraft {
    /// Whose it is; fixed once made.
    pub provider: ProviderId,
    /// The custom model it belongs to, if to one only; fixed once made.
    pub model: Option<ModelId>,
    /// Unique in its provider (or custom model).
    pub name: String,
    /// Fields of the form that are no secret.
    pub settings: BTreeMap<String, String>,
    /// A disabled credential serves nothing.
    pub enabled: bool,
    /// What is known of it.
    pub status: CredentialStatus,
    /// What asking its provider has shown.
    pub checks: Checks,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Credential> for CredentialDraft {
    fn from(it: &Credential) -> CredentialDraft {
        CredentialDraft {
            provider: it.provider,
            model: it.model,
            name: it.name.clone(),
            settings: it.settings.clone(),
            enabled: it.enabled,
            status: it.status,
            checks: it.checks.clone(),
            managed_by: it.managed_by.clone(),
        }
    }
}

/// Seals and stores a credential. The first one of a provider, and the first one of a custom model,
/// becomes the default there; later ones do not, not even where none is set.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`], [`StoreError::NotFound`] for its provider.
pub async fn create(
    change: &mut Change,
    draft: &CredentialDraft,
    secrets: &SecretFields,
) -> Result<Credential, StoreError> {
    const SQL: &str = "INSERT INTO credentials
        (workspace_id, id, provider_id, model_id, name, settings, masked, fingerprint, sealed,
         enabled, status, managed_by, version, created_at, updated_at, validated, proof,
         proven_by, last_proven_at, last_checked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17,
                $18, $19)";
    check_name("name", &draft.name)?;
    let provider = providers::existing(change, draft.provider).await?;
    check_model(change, draft).await?;
    let first = names::all(change, draft.provider, draft.model).await?.is_empty();
    let id = CredentialId::new(change.now);
    let made = Credential {
        id,
        provider: draft.provider,
        model: draft.model,
        name: draft.name.clone(),
        settings: draft.settings.clone(),
        masked: masked(secrets),
        fingerprint: change.tx.shared.hasher.fingerprint(secrets),
        enabled: draft.enabled,
        status: draft.status,
        checks: draft.checks.clone(),
        last_used_at: None,
        managed_by: draft.managed_by.clone(),
        version: 1,
        created_at: change.now,
        updated_at: change.now,
    };
    let (settings, shown) = documents(&made)?;
    let sealed = seal_fields(change, id, secrets)?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(made.provider.0)
            .bind(made.model.map(|it| it.0))
            .bind(&made.name)
            .bind(&settings)
            .bind(&shown)
            .bind(&made.fingerprint)
            .bind(&sealed)
            .bind(made.enabled)
            .bind(made.status.as_str())
            .bind(&made.managed_by)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .bind(made.checks.validated.map(Validated::as_str))
            .bind(&made.checks.proof)
            .bind(&made.checks.proven_by)
            .bind(made.checks.last_proven_at.map(Timestamp::as_micros))
            .bind(made.checks.last_checked_at.map(Timestamp::as_micros))
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("credential.create", id, None, Some(&made))?;
    match made.model {
        _ if !first => {}
        Some(model) => drop(models::set_default(change, model, Some(id)).await?),
        None if provider.default_credential.is_some() => {}
        None => providers::adopt_default(change, &provider, id).await?,
    }
    Ok(made)
}

/// The credential of that id, without its secrets.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: CredentialId,
) -> Result<Option<Credential>, StoreError> {
    row(tx, workspace, id).await?.map(Row::noun).transpose()
}

/// The credential of that name of a provider, or of one custom model of it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
    model: Option<ModelId>,
    name: &str,
) -> Result<Option<Credential>, StoreError> {
    const SQL: &str = select!(
        "AND provider_id = $2 AND name = $4
         AND ((model_id IS NULL AND $3 IS NULL) OR model_id = $3)"
    );
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(provider.0)
            .bind(model.map(|it| it.0))
            .bind(name)
            .fetch_optional(&mut *it)
            .await
    })?;
    row.map(Row::noun).transpose()
}

/// The secrets of a credential, in clear: for probes and the data plane only.
///
/// # Errors
/// [`StoreError::KekMissing`], [`StoreError::Unsealable`].
pub async fn secrets(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: CredentialId,
) -> Result<Option<SecretFields>, StoreError> {
    let Some(row) = row(tx, workspace, id).await? else { return Ok(None) };
    open_fields(tx, workspace, row.id, &row.sealed).map(Some)
}

/// A credential with its secrets in clear: for the data plane.
pub(crate) async fn opened(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: CredentialId,
) -> Result<Option<(Credential, SecretFields)>, StoreError> {
    let Some(row) = row(tx, workspace, id).await? else { return Ok(None) };
    let secrets = open_fields(tx, workspace, row.id, &row.sealed)?;
    Ok(Some((row.noun()?, secrets)))
}

/// The credentials of a workspace, or of one provider.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: Option<ProviderId>,
    listing: &Listing,
) -> Result<Page<Credential>, StoreError> {
    let rows = rows(tx, workspace, provider, listing.before()?, listing.fetch()).await?;
    let items = rows.into_iter().map(Row::noun).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Credential| by_id(it.id.0)))
}

/// Every credential of a workspace with its secrets in clear: for the data plane.
pub(crate) async fn all_opened(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(Credential, SecretFields)>, StoreError> {
    let rows = rows(tx, workspace, None, Uuid::max(), i64::MAX).await?;
    rows.into_iter()
        .map(|row| {
            let secrets = open_fields(tx, workspace, row.id, &row.sealed)?;
            Ok((row.noun()?, secrets))
        })
        .collect()
}

/// Changes a credential. `None` keeps its secrets. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`];
/// [`StoreError::Invalid`] for another provider or model.
pub async fn update(
    change: &mut Change,
    id: CredentialId,
    expected: Option<i64>,
    draft: &CredentialDraft,
    secrets: Option<&SecretFields>,
) -> Result<Credential, StoreError> {
    check_name("name", &draft.name)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if (draft.provider, draft.model) != (before.provider, before.model) {
        return Err(StoreError::invalid("provider", "cannot change: make another credential"));
    }
    let fingerprint = secrets.map(|it| change.tx.shared.hasher.fingerprint(it));
    let fresh = secrets.filter(|_| fingerprint.as_ref() != Some(&before.fingerprint));
    if CredentialDraft::from(&before) == *draft && fresh.is_none() {
        return Ok(before);
    }
    let after = Credential {
        name: draft.name.clone(),
        settings: draft.settings.clone(),
        masked: fresh.map_or_else(|| before.masked.clone(), masked),
        fingerprint: fingerprint.unwrap_or_else(|| before.fingerprint.clone()),
        enabled: draft.enabled,
        status: draft.status,
        checks: draft.checks.clone(),
        managed_by: draft.managed_by.clone(),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    change.begin_act();
    write(change, &after, fresh).await?;
    change.record("credential.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Notes what a call with the credential has shown. No effect if it was known.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn set_status(
    change: &mut Change,
    id: CredentialId,
    status: CredentialStatus,
) -> Result<Credential, StoreError> {
    let before = existing(change, id).await?;
    let draft = CredentialDraft { status, ..CredentialDraft::from(&before) };
    update(change, id, None, &draft, None).await
}

/// Notes in the audit log what a person said of a credential to one node. Nothing else changes: what
/// a node has learnt is not stored.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn note_override(
    change: &mut Change,
    id: CredentialId,
    said: &impl Serialize,
) -> Result<(), StoreError> {
    existing(change, id).await?;
    change.begin_act();
    change.record("credential.override_health", id, None, Some(said))
}

/// Removes what is left of a provider that nothing uses.
pub(crate) async fn delete_all_of(
    change: &mut Change,
    provider: ProviderId,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let rows = rows(&mut change.tx, workspace, Some(provider), Uuid::max(), i64::MAX).await?;
    for row in rows {
        remove(change, &row.noun()?).await?;
    }
    Ok(())
}

/// Whether a model has credentials of its own.
pub(crate) async fn any_of_model(change: &mut Change, model: &Model) -> Result<bool, StoreError> {
    Ok(!names::all(change, model.provider, Some(model.id)).await?.is_empty())
}

/// Removes the credentials of one custom model.
pub(crate) async fn delete_all_of_model(
    change: &mut Change,
    provider: ProviderId,
    model: ModelId,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let rows = rows(&mut change.tx, workspace, Some(provider), Uuid::max(), i64::MAX).await?;
    for row in rows.into_iter().filter(|row| row.model_id == Some(model.0)) {
        remove(change, &row.noun()?).await?;
    }
    Ok(())
}

async fn remove(change: &mut Change, it: &Credential) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM credentials WHERE workspace_id = $1 AND id = $2";
    let workspace = change.workspace.0;
    let pools = pools::forget_credential(change, it.id).await?;
    change.begin_act();
    on!(change.tx.conn, to => {
        sqlx::query(SQL).bind(workspace).bind(it.id.0).execute(&mut *to).await.map(drop)
    })?;
    change.record("credential.delete", it.id, Some(&Removed { credential: it, pools }), None)
}

/// A credential that goes, as the audit log shows it.
#[derive(Serialize)]
struct Removed<'a> {
    #[serde(flatten)]
    credential: &'a Credential,
    /// The models whose pools had it, and have it no more.
    #[serde(rename = "removed_from_pools_of", skip_serializing_if = "Vec::is_empty")]
    pools: Vec<ModelId>,
}

async fn write(
    change: &mut Change,
    it: &Credential,
    secrets: Option<&SecretFields>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE credentials
        SET name = $3, settings = $4, masked = $5, fingerprint = $6, sealed = COALESCE($7, sealed),
            enabled = $8, status = $9, managed_by = $10, version = $11, updated_at = $12,
            validated = $13, proof = $14, proven_by = $15, last_proven_at = $16,
            last_checked_at = $17
        WHERE workspace_id = $1 AND id = $2";
    let (settings, shown) = documents(it)?;
    let sealed = secrets.map(|secrets| seal_fields(change, it.id, secrets)).transpose()?;
    on!(change.tx.conn, to => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(it.id.0)
            .bind(&it.name)
            .bind(&settings)
            .bind(&shown)
            .bind(&it.fingerprint)
            .bind(&sealed)
            .bind(it.enabled)
            .bind(it.status.as_str())
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.updated_at.as_micros())
            .bind(it.checks.validated.map(Validated::as_str))
            .bind(&it.checks.proof)
            .bind(&it.checks.proven_by)
            .bind(it.checks.last_proven_at.map(Timestamp::as_micros))
            .bind(it.checks.last_checked_at.map(Timestamp::as_micros))
            .execute(&mut *to)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &it.name))
}

fn documents(it: &Credential) -> Result<(Json<Value>, Json<Value>), StoreError> {
    Ok((document("settings", &it.settings)?, document("secrets", &it.masked)?))
}

async fn check_model(change: &mut Change, draft: &CredentialDraft) -> Result<(), StoreError> {
    let Some(id) = draft.model else { return Ok(()) };
    let workspace = change.workspace;
    match models::get(&mut change.tx, workspace, id).await? {
        Some(model) if model.provider == draft.provider => Ok(()),
        _ => Err(StoreError::invalid("model", "expected a model of the same provider")),
    }
}

async fn existing(change: &mut Change, id: CredentialId) -> Result<Credential, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

async fn row(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: CredentialId,
) -> Result<Option<Row>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    Ok(row)
}

async fn rows(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: Option<ProviderId>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    const SQL: &str =
        select!("AND ($2 IS NULL OR provider_id = $2) AND id < $3 ORDER BY id DESC LIMIT $4");
    let rows = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(provider.map(|it| it.0))
            .bind(before)
            .bind(limit)
            .fetch_all(&mut *it)
            .await
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{credential_draft, each_engine, fields};

    #[tokio::test]
    async fn a_credential_shows_a_mask_and_gives_its_secret_to_those_who_ask_for_it() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "sk-proj-abcdefghijklmnop").await;
            let mut tx = bench.store.read().await.unwrap();
            let (workspace, id) = (shop.workspace, shop.credential.id);
            let shown = get(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!(shown.masked["api_key"], "sk-pro************op");
            assert_eq!(shown.fingerprint.len(), 32);
            let clear = secrets(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!(clear.get("api_key").unwrap().expose(), b"sk-proj-abcdefghijklmnop");
        })
        .await;
    }

    #[tokio::test]
    async fn the_same_secret_again_is_no_change_and_another_one_is() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "secret-one").await;
            let mut change = bench.change(shop.workspace).await;
            let id = shop.credential.id;
            let draft = CredentialDraft::from(&shop.credential);
            let one = fields("secret-one");
            assert_eq!(bench.store.hasher().fingerprint(&one), shop.credential.fingerprint);
            let same = update(&mut change, id, None, &draft, Some(&one)).await.unwrap();
            assert_eq!(same.version, 1);
            assert!(change.is_empty());
            let two = fields("secret-two");
            let after = update(&mut change, id, Some(1), &draft, Some(&two)).await.unwrap();
            assert_eq!(after.version, 2);
            assert_ne!(after.fingerprint, same.fingerprint);
            let kept = update(&mut change, id, Some(2), &draft, None).await.unwrap();
            assert_eq!(kept, after);
            let workspace = shop.workspace;
            let clear = secrets(change.tx(), workspace, id).await.unwrap().unwrap();
            assert_eq!(clear.get("api_key").unwrap().expose(), b"secret-two");
        })
        .await;
    }

    #[tokio::test]
    async fn names_are_unique_per_provider_and_per_custom_model() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let mut draft = credential_draft(&shop.provider, "prod");
            draft.model = Some(shop.model.id);
            let own = create(&mut change, &draft, &fields("s2")).await.unwrap();
            let (workspace, provider) = (shop.workspace, shop.provider.id);
            let found = by_name(change.tx(), workspace, provider, draft.model, "prod").await;
            assert_eq!(found.unwrap().unwrap().id, own.id);
            let found = by_name(change.tx(), workspace, provider, None, "prod").await;
            assert_eq!(found.unwrap().unwrap().id, shop.credential.id);
            let error = create(&mut change, &draft, &fields("s3")).await.unwrap_err();
            assert!(matches!(error, StoreError::NameTaken { noun: "credential", .. }));
            drop(change);
            let mut change = bench.change(workspace).await;
            draft.model = None;
            let error = create(&mut change, &draft, &fields("s3")).await.unwrap_err();
            assert!(matches!(error, StoreError::NameTaken { noun: "credential", .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn a_first_success_is_noted_once() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            for expected in [1, 0] {
                let mut change = bench.change(shop.workspace).await;
                let id = shop.credential.id;
                let it = set_status(&mut change, id, CredentialStatus::Active).await.unwrap();
                assert_eq!(it.status, CredentialStatus::Active);
                assert_eq!(change.steps().count(), expected);
                change.commit().await.unwrap();
            }
        })
        .await;
    }
}
