//! Default models: one of each type at most, set only to one that is enabled, gone with it.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{ModelId, WorkspaceId};
use wayleave_model::provider::ModelType;
use wayleave_model::target::DefaultModel;

use crate::change::{Change, check_version};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::{models, providers};

const NOUN: &str = "default model";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT model_type, model_id, managed_by, version, created_at, updated_at \
             FROM default_models WHERE workspace_id = $1 ",
            $rest
        )
    };
}

/// Those that are set, by type.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<DefaultModel>, StoreError> {
    const SQL: &str = select!("ORDER BY model_type");
    let rows: Vec<Row> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    rows.into_iter().map(DefaultModel::try_from).collect()
}

/// The one of that type, if one is set.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model_type: ModelType,
) -> Result<Option<DefaultModel>, StoreError> {
    const SQL: &str = select!("AND model_type = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(model_type.as_str())
            .fetch_optional(&mut *it)
            .await
    })?;
    row.map(DefaultModel::try_from).transpose()
}

/// Makes `model` the default of its type. `expected` is 0 where there is none yet. Saying what is so
/// already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`] for the model; [`StoreError::Invalid`] for one of
/// another type, one that is disabled, or one of a disabled provider.
pub async fn set(
    change: &mut Change,
    model_type: ModelType,
    model: ModelId,
    managed_by: Option<&str>,
    expected: Option<i64>,
) -> Result<DefaultModel, StoreError> {
    let workspace = change.workspace;
    let before = get(&mut change.tx, workspace, model_type).await?;
    check_version(NOUN, expected, before.as_ref().map_or(0, |it| it.version))?;
    let managed_by = managed_by.map(str::to_owned);
    if let Some(before) = &before
        && (before.model, &before.managed_by) == (model, &managed_by)
    {
        return Ok(before.clone());
    }
    check(change, model_type, model).await?;
    let after = DefaultModel {
        model_type,
        model,
        managed_by,
        version: before.as_ref().map_or(1, |it| it.version + 1),
        created_at: before.as_ref().map_or(change.now, |it| it.created_at),
        updated_at: change.now,
    };
    change.begin_act();
    write(change, &after).await?;
    change.record("default_model.set", model_type.as_str(), before.as_ref(), Some(&after))?;
    Ok(after)
}

/// Leaves a type without a default. No effect if it has none.
///
/// # Errors
/// [`StoreError::Stale`].
pub async fn unset(
    change: &mut Change,
    model_type: ModelType,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let before = get(&mut change.tx, workspace, model_type).await?;
    check_version(NOUN, expected, before.as_ref().map_or(0, |it| it.version))?;
    let Some(before) = before else { return Ok(()) };
    erase(change, &before).await
}

/// Leaves the type without a default of which a model was it that goes.
pub(crate) async fn forget(change: &mut Change, model: ModelId) -> Result<(), StoreError> {
    let workspace = change.workspace;
    for before in all(&mut change.tx, workspace).await?.into_iter().filter(|it| it.model == model) {
        erase(change, &before).await?;
    }
    Ok(())
}

async fn check(
    change: &mut Change,
    model_type: ModelType,
    model: ModelId,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    let wrong = |why: String| Err(StoreError::invalid("model", why));
    let found = models::get(&mut change.tx, workspace, model).await?;
    let found = found.ok_or_else(|| StoreError::not_found("model", model))?;
    if found.model_type != model_type {
        let is = found.model_type.as_str();
        return wrong(format!("`{}` is of the type {is}", found.name));
    }
    if !found.enabled {
        return wrong(format!("`{}` is disabled: enable it first", found.name));
    }
    let provider = providers::existing(change, found.provider).await?;
    if !provider.enabled {
        return wrong(format!("its provider `{}` is disabled: enable it first", provider.name));
    }
    Ok(())
}

async fn write(change: &mut Change, it: &DefaultModel) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO default_models
        (workspace_id, model_type, model_id, managed_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (workspace_id, model_type) DO UPDATE SET
            model_id = excluded.model_id, managed_by = excluded.managed_by,
            version = excluded.version, updated_at = excluded.updated_at";
    on!(change.tx.conn, to => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(it.model_type.as_str())
            .bind(it.model.0)
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.created_at.as_micros())
            .bind(it.updated_at.as_micros())
            .execute(&mut *to)
            .await
            .map(drop)
    })?;
    Ok(())
}

async fn erase(change: &mut Change, before: &DefaultModel) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM default_models WHERE workspace_id = $1 AND model_type = $2";
    let (workspace, model_type) = (change.workspace.0, before.model_type.as_str());
    change.begin_act();
    on!(change.tx.conn, to => {
        sqlx::query(SQL).bind(workspace).bind(model_type).execute(&mut *to).await.map(drop)
    })?;
    change.record("default_model.unset", model_type, Some(before), None)
}

#[derive(sqlx::FromRow)]
struct Row {
    model_type: String,
    model_id: Uuid,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for DefaultModel {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<DefaultModel, StoreError> {
        let model_type = ModelType::parse(&row.model_type)
            .ok_or_else(|| StoreError::unreadable(NOUN, format!("type `{}`", row.model_type)))?;
        Ok(DefaultModel {
            model_type,
            model: ModelId(row.model_id),
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
    use crate::models::ModelDraft;
    use crate::providers::ProviderDraft;
    use crate::testing::{each_engine, model_draft};

    #[tokio::test]
    async fn d5_a_default_is_set_to_an_enabled_model_of_its_type_and_stays_where_it_was_put() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (at, id) = (shop.workspace, shop.model.id);
            let mut change = bench.change(at).await;
            assert_eq!(all(change.tx(), at).await.unwrap(), []);
            let made = set(&mut change, ModelType::Llm, id, None, Some(0)).await.unwrap();
            assert_eq!((made.model, made.version), (id, 1));
            let same = set(&mut change, ModelType::Llm, id, None, None).await.unwrap();
            assert_eq!(same, made);
            let refused = set(&mut change, ModelType::Image, id, None, None).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { field: "model", .. }), "{refused}");
            let stale = set(&mut change, ModelType::Llm, id, None, Some(0)).await.unwrap_err();
            assert!(matches!(stale, StoreError::Stale { .. }));

            // Disabled it stays: nothing else is chosen in its place.
            let off = ModelDraft { enabled: false, ..ModelDraft::from(&shop.model) };
            models::update(&mut change, id, None, &off).await.unwrap();
            assert_eq!(get(change.tx(), at, ModelType::Llm).await.unwrap(), Some(made));
            let other = model_draft(&shop.provider, "other");
            let off = ModelDraft { enabled: false, ..other.clone() };
            let other = models::create(&mut change, &off).await.unwrap();
            let refused = set(&mut change, ModelType::Llm, other.id, None, None).await.unwrap_err();
            assert!(refused.to_string().contains("is disabled"), "{refused}");
            let on = ModelDraft { enabled: true, ..ModelDraft::from(&other) };
            models::update(&mut change, other.id, None, &on).await.unwrap();
            let draft = ProviderDraft { enabled: false, ..ProviderDraft::from(&shop.provider) };
            providers::update(&mut change, shop.provider.id, None, &draft).await.unwrap();
            let refused = set(&mut change, ModelType::Llm, other.id, None, None).await.unwrap_err();
            assert!(refused.to_string().contains("its provider"), "{refused}");
        })
        .await;
    }

    #[tokio::test]
    async fn d5_a_default_goes_with_its_model_and_the_log_says_so() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (at, id) = (shop.workspace, shop.model.id);
            let mut change = bench.change(at).await;
            set(&mut change, ModelType::Llm, id, Some("apply"), None).await.unwrap();
            aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
            change.commit().await.unwrap();

            let mut change = bench.change(at).await;
            providers::delete(&mut change, shop.provider.id, None).await.unwrap();
            let steps: Vec<_> = change.steps().map(|it| it.0).collect();
            assert!(steps.contains(&"default_model.unset"), "{steps:?}");
            change.commit().await.unwrap();
            let mut change = bench.change(at).await;
            assert_eq!(all(change.tx(), at).await.unwrap(), []);
            unset(&mut change, ModelType::Llm, None).await.unwrap();
            assert!(change.is_empty());
        })
        .await;
    }
}
