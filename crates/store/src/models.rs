//! Models of providers, and the price in force of each.

mod search;

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::alias::WeightedTarget;
use wayleave_model::id::{CredentialId, ModelId, ProviderId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::provider::ModelType;
use wayleave_model::target::{Model, ModelFacts};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::Listing;
use crate::prices::{self, PriceDraft};
use crate::text::{check_name, document, typed};
use crate::{credentials, default_models, pools, providers, routes};

pub use search::{ModelFilter, search};

const NOUN: &str = "model";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, provider_id, name, model_type, custom, enabled, facts, \
             default_credential_id, managed_by, version, created_at, updated_at FROM models WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of a model, its price apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDraft {
    /// Whose it is; fixed once made.
    pub provider: ProviderId,
    /// The provider's own name for it. With its type unique in the provider.
    pub name: String,
    /// What it does; fixed once made.
    pub model_type: ModelType,
    /// Made by the workspace, not by the catalog.
    pub custom: bool,
    /// A disabled model serves nothing.
    pub enabled: bool,
    /// What it can do.
    pub facts: ModelFacts,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Model> for ModelDraft {
    fn from(it: &Model) -> ModelDraft {
        ModelDraft {
            provider: it.provider,
            name: it.name.clone(),
            model_type: it.model_type,
            custom: it.custom,
            enabled: it.enabled,
            facts: it.facts.clone(),
            managed_by: it.managed_by.clone(),
        }
    }
}

/// Makes a model without a price: until [`set_price`] it is refused to clients.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::Invalid`], [`StoreError::NotFound`] for its provider.
pub async fn create(change: &mut Change, draft: &ModelDraft) -> Result<Model, StoreError> {
    const SQL: &str = "INSERT INTO models
        (workspace_id, id, provider_id, name, model_type, custom, enabled, facts, managed_by,
         version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)";
    check_name("name", &draft.name)?;
    providers::existing(change, draft.provider).await?;
    let facts = document("facts", &draft.facts)?;
    let made = Model {
        id: ModelId::new(change.now),
        provider: draft.provider,
        name: draft.name.clone(),
        model_type: draft.model_type,
        custom: draft.custom,
        enabled: draft.enabled,
        facts: draft.facts.clone(),
        price: None,
        default_credential: None,
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
            .bind(made.provider.0)
            .bind(&made.name)
            .bind(made.model_type.as_str())
            .bind(made.custom)
            .bind(made.enabled)
            .bind(&facts)
            .bind(&made.managed_by)
            .bind(made.version)
            .bind(made.created_at.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    change.record("model.create", made.id, None, Some(&made))?;
    Ok(made)
}

/// The model of that id, with the price in force now.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ModelId,
) -> Result<Option<Model>, StoreError> {
    const SQL: &str = select!("AND id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    Ok(priced(tx, workspace, row.into_iter().collect()).await?.pop())
}

/// The model of that name and type of a provider.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
    name: &str,
    model_type: ModelType,
) -> Result<Option<Model>, StoreError> {
    const SQL: &str = select!("AND provider_id = $2 AND name = $3 AND model_type = $4");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(provider.0)
            .bind(name)
            .bind(model_type.as_str())
            .fetch_optional(&mut *it)
            .await
    })?;
    Ok(priced(tx, workspace, row.into_iter().collect()).await?.pop())
}

/// The models of a workspace, or of one provider.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: Option<ProviderId>,
    listing: &Listing,
) -> Result<Page<Model>, StoreError> {
    let filter = ModelFilter { provider, ..ModelFilter::default() };
    search(tx, workspace, &filter, &|_| true, listing).await
}

/// Every model of a workspace: for the data plane.
pub(crate) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Model>, StoreError> {
    let rows = rows(tx, workspace, &ModelFilter::default(), Uuid::max(), i64::MAX).await?;
    priced(tx, workspace, rows).await
}

/// The ids of every model of a provider.
pub(crate) async fn all_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
) -> Result<Vec<ModelId>, StoreError> {
    let filter = ModelFilter { provider: Some(provider), ..ModelFilter::default() };
    let rows = rows(tx, workspace, &filter, Uuid::max(), i64::MAX).await?;
    Ok(rows.into_iter().map(|row| ModelId(row.id)).collect())
}

/// Changes a model. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`];
/// [`StoreError::Invalid`] for another provider or type.
pub async fn update(
    change: &mut Change,
    id: ModelId,
    expected: Option<i64>,
    draft: &ModelDraft,
) -> Result<Model, StoreError> {
    check_name("name", &draft.name)?;
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if (draft.provider, draft.model_type) != (before.provider, before.model_type) {
        return Err(StoreError::invalid("type", "provider and type cannot change: make another"));
    }
    if ModelDraft::from(&before) == *draft {
        return Ok(before);
    }
    let after = Model {
        name: draft.name.clone(),
        custom: draft.custom,
        enabled: draft.enabled,
        facts: draft.facts.clone(),
        managed_by: draft.managed_by.clone(),
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    change.begin_act();
    write(change, &after).await?;
    change.record("model.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Gives a model a new dated price version; usage rated so far keeps the one it had. Saying what
/// is in force already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`]; [`StoreError::Invalid`] for rates that
/// contradict each other, or a date in the future.
pub async fn set_price(
    change: &mut Change,
    id: ModelId,
    expected: Option<i64>,
    draft: &PriceDraft,
) -> Result<Model, StoreError> {
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    prices::check(draft, change.now)?;
    if before.price.as_ref().is_some_and(|it| prices::says(it, draft)) {
        return Ok(before);
    }
    change.begin_act();
    prices::insert(change, id, draft).await?;
    let bumped = Model { version: before.version + 1, updated_at: change.now, ..before.clone() };
    write(change, &bumped).await?;
    // Read again: an earlier date than that of the price in force does not replace it.
    let after = existing(change, id).await?;
    change.record("model.set_price", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Chooses which of a model's own credentials serves it. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a credential that is not its own.
pub async fn set_default(
    change: &mut Change,
    id: ModelId,
    credential: Option<CredentialId>,
) -> Result<Model, StoreError> {
    let before = existing(change, id).await?;
    if before.default_credential == credential {
        return Ok(before);
    }
    if let Some(credential) = credential {
        let workspace = change.workspace;
        let found = credentials::get(&mut change.tx, workspace, credential).await?;
        if found.is_none_or(|it| it.model != Some(id)) {
            let why = "expected a credential that belongs to this model";
            return Err(StoreError::invalid("default_credential", why));
        }
    }
    let after = Model {
        default_credential: credential,
        version: before.version + 1,
        updated_at: change.now,
        ..before.clone()
    };
    change.begin_act();
    write(change, &after).await?;
    change.record("model.set_default", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// The chosen credential of each model of a provider that has credentials of its own.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn defaults(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
) -> Result<Vec<CredentialId>, StoreError> {
    const SQL: &str = "SELECT default_credential_id FROM models
        WHERE workspace_id = $1 AND provider_id = $2 AND default_credential_id IS NOT NULL";
    let ids: Vec<Uuid> = on!(tx.conn, it => {
        sqlx::query_scalar(SQL).bind(workspace.0).bind(provider.0).fetch_all(&mut *it).await
    })?;
    Ok(ids.into_iter().map(CredentialId).collect())
}

/// Removes a model with its own credentials; where it was a workspace's default, there is none then.
/// Its prices stay: usage names them.
///
/// # Errors
/// [`StoreError::InUse`] while an alias routes to it.
pub async fn delete(
    change: &mut Change,
    id: ModelId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    remove(change, id, expected, false).await
}

/// The same for a custom model, whose own credentials are kept: see [`credentials::kept`]. A model
/// without any leaves nothing behind.
///
/// # Errors
/// [`StoreError::InUse`] while an alias routes to it.
pub async fn delete_keeping(
    change: &mut Change,
    id: ModelId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    remove(change, id, expected, true).await
}

async fn remove(
    change: &mut Change,
    id: ModelId,
    expected: Option<i64>,
    keep: bool,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM models WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace;
    let is_ours = |target: &WeightedTarget| target.model == id;
    if let Some(by) = routes::user(&mut change.tx, workspace, is_ours).await? {
        return Err(StoreError::InUse { noun: NOUN, name: before.name, by });
    }
    default_models::forget(change, id).await?;
    pools::delete(change, id).await?;
    let keep = keep && before.custom && credentials::any_of_model(change, &before).await?;
    if !keep {
        credentials::delete_all_of_model(change, before.provider, id).await?;
    }
    change.begin_act();
    let kept =
        if keep { credentials::keep(change, &before).await?.credentials } else { Vec::new() };
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(id.0).execute(&mut *it).await.map(drop)
    })?;
    let kept_credentials = kept.into_iter().map(|it| it.id).collect();
    change.record("model.delete", id, Some(&Removed { model: &before, kept_credentials }), None)
}

/// A model that goes, as the audit log shows it.
#[derive(Serialize)]
struct Removed<'a> {
    #[serde(flatten)]
    model: &'a Model,
    /// Its credentials that stay, put aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept_credentials: Vec<CredentialId>,
}

async fn existing(change: &mut Change, id: ModelId) -> Result<Model, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
}

async fn write(change: &mut Change, it: &Model) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE models
        SET name = $3, custom = $4, enabled = $5, facts = $6, managed_by = $7, version = $8,
            updated_at = $9, default_credential_id = $10
        WHERE workspace_id = $1 AND id = $2";
    let facts = document("facts", &it.facts)?;
    on!(change.tx.conn, to => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(it.id.0)
            .bind(&it.name)
            .bind(it.custom)
            .bind(it.enabled)
            .bind(&facts)
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.updated_at.as_micros())
            .bind(it.default_credential.map(|it| it.0))
            .execute(&mut *to)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &it.name))
}

async fn rows(
    tx: &mut Tx,
    workspace: WorkspaceId,
    filter: &ModelFilter,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = select!(
        "AND ($2 IS NULL OR provider_id = $2) AND ($5 IS NULL OR model_type = $5)
         AND ($6 IS NULL OR enabled = $6) AND ($7 IS NULL OR custom = $7)
         AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    let rows = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(filter.provider.map(|it| it.0))
            .bind(before)
            .bind(limit)
            .bind(filter.model_type.map(ModelType::as_str))
            .bind(filter.enabled)
            .bind(filter.custom)
            .fetch_all(&mut *it)
            .await
    })?;
    Ok(rows)
}

/// Rows in descending order of their ids, with their prices.
async fn priced(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rows: Vec<Row>,
) -> Result<Vec<Model>, StoreError> {
    let (Some(last), Some(first)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let mut prices = prices::in_force(tx, workspace, first.id..=last.id).await?;
    rows.into_iter()
        .map(|row| {
            let price = prices.remove(&row.id);
            Ok(Model {
                id: ModelId(row.id),
                provider: ProviderId(row.provider_id),
                name: row.name,
                model_type: ModelType::parse(&row.model_type).ok_or_else(|| {
                    StoreError::unreadable(NOUN, format!("type `{}`", row.model_type))
                })?,
                custom: row.custom,
                enabled: row.enabled,
                facts: typed(NOUN, row.facts)?,
                price,
                default_credential: row.default_credential_id.map(CredentialId),
                managed_by: row.managed_by,
                version: row.version,
                created_at: Timestamp::from_micros(row.created_at),
                updated_at: Timestamp::from_micros(row.updated_at),
            })
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    provider_id: Uuid,
    name: String,
    model_type: String,
    custom: bool,
    enabled: bool,
    facts: Json<Value>,
    default_credential_id: Option<Uuid>,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aliases;
    use crate::testing::{each_engine, model_draft, price};
    use wayleave_model::NanoUsd;
    use wayleave_model::price::Unit;

    #[tokio::test]
    async fn a_model_has_no_price_until_one_is_set() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let made = create(&mut change, &model_draft(&shop.provider, "gpt-y")).await.unwrap();
            assert_eq!(made.price, None);
            let priced = set_price(&mut change, made.id, Some(1), &price("3")).await.unwrap();
            assert_eq!(priced.version, 2);
            let rates = priced.price.unwrap().rates;
            let shown: Vec<_> = rates.iter().map(|it| (it.unit, it.amount, it.per)).collect();
            let (input, output) = (NanoUsd(3_000_000_000), NanoUsd(600_000_000));
            let million = 1_000_000;
            assert_eq!(shown, [(Unit::Input, input, million), (Unit::Output, output, million)]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_new_price_is_a_new_version_and_the_same_price_is_none() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (workspace, id) = (shop.workspace, shop.model.id);
            let first = shop.model.price.unwrap();
            bench.clock.advance(1_000_000);
            let mut change = bench.change(workspace).await;
            let same = set_price(&mut change, id, None, &price("0.15")).await.unwrap();
            assert_eq!(same.price.as_ref(), Some(&first));
            assert!(change.is_empty());
            let dearer = set_price(&mut change, id, None, &price("0.20")).await.unwrap();
            let second = dearer.price.unwrap();
            assert_ne!(second.id, first.id);
            // An earlier date does not replace what is in force.
            let old = PriceDraft { effective_from: Some(Timestamp::from_micros(0)), ..price("9") };
            let still = set_price(&mut change, id, None, &old).await.unwrap();
            assert_eq!(still.price, Some(second));
            let page = prices::list(change.tx(), workspace, id, &Listing::default()).await.unwrap();
            assert_eq!(page.items.len(), 3);
            let known = prices::get(change.tx(), workspace, first.id).await.unwrap().unwrap();
            assert_eq!(known.price, first);
        })
        .await;
    }

    #[tokio::test]
    async fn contradictory_prices_are_refused() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let good = price("1");
            let twice = [good.rates.clone(), good.rates.clone()].concat();
            let soon = bench.clock.now().plus_micros(1);
            let bad = [
                PriceDraft { free: true, ..good.clone() },
                PriceDraft { rates: Vec::new(), ..good.clone() },
                PriceDraft { rates: twice, ..good.clone() },
                PriceDraft { effective_from: Some(soon), ..good.clone() },
                price("-1"),
            ];
            for draft in bad {
                let error = set_price(&mut change, shop.model.id, None, &draft).await.unwrap_err();
                assert!(matches!(error, StoreError::Invalid { field: "price", .. }), "{draft:?}");
            }
            let free = PriceDraft { free: true, rates: Vec::new(), ..good };
            let model = set_price(&mut change, shop.model.id, None, &free).await.unwrap();
            assert!(model.price.unwrap().free);
        })
        .await;
    }

    #[tokio::test]
    async fn a_model_that_an_alias_routes_to_stays() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let error = delete(&mut change, shop.model.id, None).await.unwrap_err();
            assert!(matches!(error, StoreError::InUse { by, .. } if by == "alias `fast`"));
            aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
            delete(&mut change, shop.model.id, None).await.unwrap();
            change.commit().await.unwrap();
        })
        .await;
    }
}
