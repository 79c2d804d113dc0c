//! Providers: configured uses of a kind.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::alias::WeightedTarget;
use wayleave_model::id::{CredentialId, ProviderId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::provider::Provider;
use wayleave_model::supply::Supplier;

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::{check_name, check_text, document, typed};
use crate::{credentials, grants, models, routes};

const NOUN: &str = "provider";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, kind, base_url, settings, default_credential_id, preference, enabled, \
             new_models, managed_by, version, created_at, updated_at FROM providers WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDraft {
    /// Unique in the workspace.
    pub name: String,
    /// The public id of its kind; fixed once made.
    pub kind: String,
    /// Where it is, normalised; `None` is the kind's own address.
    pub base_url: Option<String>,
    /// The other fields of the kind's form, as text. No secrets.
    pub settings: BTreeMap<String, String>,
    /// One of its own credentials; must be `None` when it is made. Its first credential becomes
    /// the default by itself.
    pub default_credential: Option<CredentialId>,
    /// Whose credentials shall serve; `None`: the workspace's own, once it has one.
    pub preference: Option<Supplier>,
    /// A disabled provider serves nothing.
    pub enabled: bool,
    /// Models that the catalog comes to know of its kind are enabled by themselves.
    pub new_models: bool,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Provider> for ProviderDraft {
    fn from(it: &Provider) -> ProviderDraft {
        ProviderDraft {
            name: it.name.clone(),
            kind: it.kind.clone(),
            base_url: it.base_url.clone(),
            settings: it.settings.clone(),
            default_credential: it.default_credential,
            preference: it.preference,
            enabled: it.enabled,
            new_models: it.new_models,
            managed_by: it.managed_by.clone(),
        }
    }
}

/// Makes a provider.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`].
pub async fn create(change: &mut Change, draft: &ProviderDraft) -> Result<Provider, StoreError> {
    const SQL: &str = "INSERT INTO providers
        (workspace_id, id, name, kind, base_url, settings, default_credential_id, enabled,
         managed_by, version, created_at, updated_at, new_models, preference)
        VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9, $10, $10, $11, $12)";
    check(draft)?;
    if draft.default_credential.is_some() {
        return Err(StoreError::invalid("default_credential", "a new provider has none yet"));
    }
    let settings = document("settings", &draft.settings)?;
    let made = Provider {
        id: ProviderId::new(change.now),
        name: draft.name.clone(),
        kind: draft.kind.clone(),
        base_url: draft.base_url.clone(),
        settings: draft.settings.clone(),
        default_credential: None,
        preference: draft.preference,
        enabled: draft.enabled,
        new_models: draft.new_models,
        managed_by: draft.managed_by.clone(),
        version: 1,
        created_at: change.now,
        updated_at: change.now,
    };
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(made.id.0)
            .bind(&made.name)
            .bind(&made.kind)
            .bind(&made.base_url)
            .bind(&settings)
            .bind(made.enabled)
            .bind(&made.managed_by)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .bind(made.new_models)
            .bind(made.preference.map(Supplier::as_str))
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("provider.create", made.id, None, Some(&made))?;
    Ok(made)
}

/// The provider of that id.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ProviderId,
) -> Result<Option<Provider>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    row.map(Provider::try_from).transpose()
}

/// The provider of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Provider>, StoreError> {
    const SQL: &str = select!("AND name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    row.map(Provider::try_from).transpose()
}

/// The providers of a workspace.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    listing: &Listing,
) -> Result<Page<Provider>, StoreError> {
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
    let items = rows.into_iter().map(Provider::try_from).collect::<Result<_, _>>()?;
    Ok(listing.page(items, |it: &Provider| by_id(it.id.0)))
}

/// Changes a provider. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`];
/// [`StoreError::Invalid`] for another kind, or a default credential that is not its own.
pub async fn update(
    change: &mut Change,
    id: ProviderId,
    expected: Option<i64>,
    draft: &ProviderDraft,
) -> Result<Provider, StoreError> {
    check(draft)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if draft.kind != before.kind {
        return Err(StoreError::invalid("kind", "cannot change: make another provider"));
    }
    if draft.default_credential != before.default_credential {
        check_default(change, id, draft.default_credential).await?;
    }
    if ProviderDraft::from(&before) == *draft {
        return Ok(before);
    }
    let after = Provider {
        name: draft.name.clone(),
        base_url: draft.base_url.clone(),
        settings: draft.settings.clone(),
        default_credential: draft.default_credential,
        preference: draft.preference,
        enabled: draft.enabled,
        new_models: draft.new_models,
        managed_by: draft.managed_by.clone(),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    change.begin_act();
    write(change, &after).await?;
    change.record("provider.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes a provider with its models and credentials.
///
/// # Errors
/// [`StoreError::InUse`] while an alias routes to one of its models, or a grant of the operator is
/// about it.
pub async fn delete(
    change: &mut Change,
    id: ProviderId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM providers WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace;
    let models = models::all_of(&mut change.tx, workspace, id).await?;
    let is_ours = |target: &WeightedTarget| models.contains(&target.model);
    if let Some(by) = routes::user(&mut change.tx, workspace, is_ours).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    if let Some(by) = grants::user(&mut change.tx, workspace, id).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    change.begin_act();
    if before.default_credential.is_some() {
        let bare = Provider { default_credential: None, ..before.clone() };
        write(change, &bare).await?;
    }
    credentials::delete_all_of(change, id).await?;
    credentials::forget_all_of(change, id).await?;
    for model in models {
        models::delete(change, model, None).await?;
    }
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    change.record("provider.delete", id, Some(&before), None)
}

/// Gives a provider its first default.
pub(crate) async fn adopt_default(
    change: &mut Change,
    provider: &Provider,
    credential: CredentialId,
) -> Result<(), StoreError> {
    let after = Provider {
        default_credential: Some(credential),
        version: provider.version + 1,
        updated_at: change.now,
        ..provider.clone()
    };
    change.begin_act();
    write(change, &after).await?;
    change.record("provider.update", provider.id, Some(provider), Some(&after))
}

pub(crate) async fn existing(change: &mut Change, id: ProviderId) -> Result<Provider, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

async fn check_default(
    change: &mut Change,
    id: ProviderId,
    credential: Option<CredentialId>,
) -> Result<(), StoreError> {
    let Some(credential) = credential else { return Ok(()) };
    let workspace = change.workspace;
    match credentials::get(&mut change.tx, workspace, credential).await? {
        Some(it) if it.provider == id && it.model.is_none() => Ok(()),
        _ => Err(StoreError::invalid(
            "default_credential",
            "expected a credential of this provider that belongs to no single model",
        )),
    }
}

async fn write(change: &mut Change, it: &Provider) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE providers
        SET name = $3, base_url = $4, settings = $5, default_credential_id = $6, enabled = $7,
            managed_by = $8, version = $9, updated_at = $10, new_models = $11, preference = $12
        WHERE workspace_id = $1 AND id = $2";
    let settings = document("settings", &it.settings)?;
    on!(change.tx.conn, to => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(it.id.0)
            .bind(&it.name)
            .bind(&it.base_url)
            .bind(&settings)
            .bind(it.default_credential.map(|it| it.0))
            .bind(it.enabled)
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.updated_at.as_micros())
            .bind(it.new_models)
            .bind(it.preference.map(Supplier::as_str))
            .execute(&mut *to)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &it.name))
}

fn check(draft: &ProviderDraft) -> Result<(), StoreError> {
    check_name("name", &draft.name)?;
    check_name("kind", &draft.kind)?;
    check_text("base_url", draft.base_url.as_deref().unwrap_or_default())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    kind: String,
    base_url: Option<String>,
    settings: Json<Value>,
    default_credential_id: Option<Uuid>,
    preference: Option<String>,
    enabled: bool,
    new_models: bool,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Provider {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Provider, StoreError> {
        Ok(Provider {
            id: ProviderId(row.id),
            name: row.name,
            kind: row.kind,
            base_url: row.base_url,
            settings: typed(NOUN, row.settings)?,
            default_credential: row.default_credential_id.map(CredentialId),
            preference: match row.preference {
                Some(word) => {
                    Some(Supplier::parse(&word).ok_or_else(|| StoreError::unreadable(NOUN, word))?)
                }
                None => None,
            },
            enabled: row.enabled,
            new_models: row.new_models,
            managed_by: row.managed_by,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aliases;
    use crate::testing::{credential_draft, each_engine, fields, provider_draft};

    #[tokio::test]
    async fn a_provider_keeps_what_was_said_of_it() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let draft = provider_draft("p");
            let made = create(&mut change, &draft).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let found = get(&mut tx, workspace, made.id).await.unwrap().unwrap();
            assert_eq!(found, made);
            assert_eq!(ProviderDraft::from(&found), draft);
        })
        .await;
    }

    #[tokio::test]
    async fn the_first_credential_becomes_the_default() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let other = credential_draft(&shop.provider, "other");
            credentials::create(&mut change, &other, &fields("s2")).await.unwrap();
            let found = existing(&mut change, shop.provider.id).await.unwrap();
            assert_eq!(found.default_credential, Some(shop.credential.id));
        })
        .await;
    }

    #[tokio::test]
    async fn a_default_must_be_a_credential_of_the_provider() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let other = create(&mut change, &provider_draft("other")).await.unwrap();
            let draft = ProviderDraft {
                default_credential: Some(shop.credential.id),
                ..ProviderDraft::from(&other)
            };
            let error = update(&mut change, other.id, None, &draft).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { field: "default_credential", .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn a_provider_that_an_alias_routes_to_stays() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let id = shop.provider.id;
            let error = delete(&mut change, id, None).await.unwrap_err();
            assert!(matches!(error, StoreError::InUse { by, .. } if by == "alias `fast`"));
            aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
            delete(&mut change, id, None).await.unwrap();
            let steps: Vec<_> = change.steps().map(|it| it.0).collect();
            assert_eq!(
                steps,
                ["alias.delete", "credential.delete", "model.delete", "provider.delete"]
            );
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let (workspace, credential) = (shop.workspace, shop.credential.id);
            assert_eq!(get(&mut tx, workspace, id).await.unwrap(), None);
            assert_eq!(credentials::get(&mut tx, workspace, credential).await.unwrap(), None);
            assert_eq!(models::get(&mut tx, workspace, shop.model.id).await.unwrap(), None);
        })
        .await;
    }
}
