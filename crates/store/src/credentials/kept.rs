//! Credentials of custom models that are gone: kept as they were, where that was asked for, so that
//! the model can be added again without its secrets being typed.

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::credential::Credential;
use wayleave_model::id::{CredentialId, ModelId, ProviderId, WorkspaceId};
use wayleave_model::provider::ModelType;
use wayleave_model::target::{Model, ModelFacts};

use super::names;
use super::row::Row;
use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::models;
use crate::text::typed;

const NOUN: &str = "kept model";

/// What a credential's row is beside the workspace and the model.
macro_rules! columns {
    ($before:literal, $between:literal, $after:literal) => {
        concat!(
            $before,
            "workspace_id, id, provider_id, name, settings, masked, fingerprint, sealed, enabled, \
             status, validated, proof, proven_by, last_proven_at, last_checked_at, last_used_at, \
             managed_by, version, created_at, updated_at, model_id",
            $between,
            "workspace_id, id, provider_id, name, settings, masked, fingerprint, sealed, enabled, \
             status, validated, proof, proven_by, last_proven_at, last_checked_at, last_used_at, \
             managed_by, version, created_at, updated_at",
            $after
        )
    };
}

/// A custom model that is gone and whose credentials are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptModel {
    /// The id it had, and will have again.
    pub id: ModelId,
    /// Whose it was.
    pub provider: ProviderId,
    /// The provider's own name for it.
    pub name: String,
    /// What it did.
    pub model_type: ModelType,
    /// What was said of it.
    pub facts: ModelFacts,
    /// Which of its credentials served it.
    pub default_credential: Option<CredentialId>,
    /// When it was removed.
    pub removed_at: Timestamp,
    /// Its credentials, newest first.
    pub credentials: Vec<Credential>,
}

/// The kept models of a provider, newest first.
///
/// # Errors
/// [`StoreError::Unreadable`] for what a newer version wrote.
pub async fn kept(
    tx: &mut Tx,
    workspace: WorkspaceId,
    provider: ProviderId,
) -> Result<Vec<KeptModel>, StoreError> {
    const SQL: &str = "SELECT id, provider_id, name, model_type, facts, default_credential_id,
            removed_at
        FROM kept_models WHERE workspace_id = $1 AND provider_id = $2
        ORDER BY removed_at DESC, id DESC";
    const OWN: &str =
        "SELECT id, provider_id, model_id, name, settings, masked, fingerprint, sealed,
            enabled, status, validated, proof, proven_by, last_proven_at, last_checked_at,
            last_used_at, managed_by, version, created_at, updated_at
        FROM kept_credentials WHERE workspace_id = $1 AND provider_id = $2 ORDER BY id DESC";
    let rows: Vec<ModelRow> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(provider.0).fetch_all(&mut *it).await
    })?;
    let own: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(OWN).bind(workspace.0).bind(provider.0).fetch_all(&mut *it).await
    })?;
    let own = own.into_iter().map(Row::noun).collect::<Result<Vec<_>, _>>()?;
    let mut all = rows.into_iter().map(ModelRow::noun).collect::<Result<Vec<_>, _>>()?;
    for model in &mut all {
        model.credentials = own.iter().filter(|it| it.model == Some(model.id)).cloned().collect();
    }
    Ok(all)
}

/// Puts the credentials of a custom model aside before it is removed. An earlier model of that id is
/// the same one: nothing is kept twice.
pub(crate) async fn keep(change: &mut Change, model: &Model) -> Result<KeptModel, StoreError> {
    const SQL: &str = "INSERT INTO kept_models
        (workspace_id, id, provider_id, name, model_type, facts, default_credential_id, managed_by,
         version, created_at, removed_at)
        SELECT workspace_id, id, provider_id, name, model_type, facts, default_credential_id,
            managed_by, version, created_at, $3
        FROM models WHERE workspace_id = $1 AND id = $2";
    const OWN: &str = columns!(
        "INSERT INTO kept_credentials (",
        ") SELECT ",
        ", model_id FROM credentials WHERE workspace_id = $1 AND model_id = $2"
    );
    const POINTER: &str =
        "UPDATE models SET default_credential_id = NULL WHERE workspace_id = $1 AND id = $2";
    const GONE: &str = "DELETE FROM credentials WHERE workspace_id = $1 AND model_id = $2";
    let (workspace, now) = (change.workspace, change.now.as_micros());
    on!(change.tx.conn, it => {
        sqlx::query(SQL).bind(workspace.0).bind(model.id.0).bind(now).execute(&mut *it).await
            .map(drop)
    })?;
    for sql in [OWN, POINTER, GONE] {
        on!(change.tx.conn, it => {
            sqlx::query(sql).bind(workspace.0).bind(model.id.0).execute(&mut *it).await.map(drop)
        })?;
    }
    existing(change, model.provider, model.id).await
}

/// Adds a kept model again, with its credentials: as it was, or to the one of its name and type that
/// has been made since.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn add_again(
    change: &mut Change,
    provider: ProviderId,
    id: ModelId,
) -> Result<Model, StoreError> {
    const SQL: &str = "INSERT INTO models
        (workspace_id, id, provider_id, name, model_type, custom, enabled, facts, managed_by,
         version, created_at, updated_at)
        SELECT workspace_id, id, provider_id, name, model_type, $3, $3, facts, managed_by,
            version + 1, created_at, $4
        FROM kept_models WHERE workspace_id = $1 AND id = $2";
    const OWN: &str = columns!(
        "INSERT INTO credentials (",
        ") SELECT ",
        ", $3 FROM kept_credentials WHERE workspace_id = $1 AND model_id = $2"
    );
    let workspace = change.workspace;
    let kept = existing(change, provider, id).await?;
    change.begin_act();
    let (name, of) = (kept.name.as_str(), kept.model_type);
    let there = models::by_name(&mut change.tx, workspace, provider, name, of).await?;
    let to = match &there {
        Some(there) => there.id,
        None => {
            let now = change.now.as_micros();
            on!(change.tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(true)
                    .bind(now)
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            id
        }
    };
    rename_apart(change, &kept, to).await?;
    on!(change.tx.conn, it => {
        sqlx::query(OWN).bind(workspace.0).bind(id.0).bind(to.0).execute(&mut *it).await.map(drop)
    })?;
    erase(change, id).await?;
    // One that serves already goes on serving.
    let default = there.as_ref().and_then(|it| it.default_credential);
    let chosen = default.or(kept.default_credential);
    change.record("model.add_again", to, None, Some(&kept))?;
    models::set_default(change, to, chosen).await
}

/// Throws away what is kept of a model: its secrets cannot be had again.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn forget(
    change: &mut Change,
    provider: ProviderId,
    id: ModelId,
) -> Result<(), StoreError> {
    let kept = existing(change, provider, id).await?;
    change.begin_act();
    erase(change, id).await?;
    change.record("model.forget", id, Some(&kept), None)
}

/// Throws away what is kept of a provider that goes.
pub(crate) async fn forget_all_of(
    change: &mut Change,
    provider: ProviderId,
) -> Result<(), StoreError> {
    let workspace = change.workspace;
    for it in kept(&mut change.tx, workspace, provider).await? {
        forget(change, provider, it.id).await?;
    }
    Ok(())
}

/// Names that the model's own credentials have by now are given another one.
async fn rename_apart(
    change: &mut Change,
    kept: &KeptModel,
    to: ModelId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE kept_credentials SET name = $3 WHERE workspace_id = $1 AND id = $2";
    let workspace = change.workspace.0;
    let mut taken = names::all(change, kept.provider, Some(to)).await?;
    for it in &kept.credentials {
        let mut name = it.name.clone();
        if taken.contains(&name) {
            let others = kept.credentials.iter().map(|it| it.name.clone());
            let all: Vec<String> = taken.iter().cloned().chain(others).collect();
            name = names::next_of(&all);
            on!(change.tx.conn, to => {
                sqlx::query(SQL).bind(workspace).bind(it.id.0).bind(&name).execute(&mut *to).await
                    .map(drop)
            })?;
        }
        taken.push(name);
    }
    Ok(())
}

async fn erase(change: &mut Change, id: ModelId) -> Result<(), StoreError> {
    const OWN: &str = "DELETE FROM kept_credentials WHERE workspace_id = $1 AND model_id = $2";
    const SQL: &str = "DELETE FROM kept_models WHERE workspace_id = $1 AND id = $2";
    let workspace = change.workspace.0;
    for sql in [OWN, SQL] {
        on!(change.tx.conn, it => {
            sqlx::query(sql).bind(workspace).bind(id.0).execute(&mut *it).await.map(drop)
        })?;
    }
    Ok(())
}

async fn existing(
    change: &mut Change,
    provider: ProviderId,
    id: ModelId,
) -> Result<KeptModel, StoreError> {
    let workspace = change.workspace;
    let all = kept(&mut change.tx, workspace, provider).await?;
    all.into_iter().find(|it| it.id == id).ok_or_else(|| StoreError::not_found(NOUN, id))
}

#[derive(sqlx::FromRow)]
struct ModelRow {
    id: Uuid,
    provider_id: Uuid,
    name: String,
    model_type: String,
    facts: Json<Value>,
    default_credential_id: Option<Uuid>,
    removed_at: i64,
}

impl ModelRow {
    fn noun(self) -> Result<KeptModel, StoreError> {
        let model_type = ModelType::parse(&self.model_type)
            .ok_or_else(|| StoreError::unreadable(NOUN, format!("type `{}`", self.model_type)))?;
        Ok(KeptModel {
            id: ModelId(self.id),
            provider: ProviderId(self.provider_id),
            name: self.name,
            model_type,
            facts: typed(NOUN, self.facts)?,
            default_credential: self.default_credential_id.map(CredentialId),
            removed_at: Timestamp::from_micros(self.removed_at),
            credentials: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{by_name, create, get, secrets};
    use crate::testing::{Shop, credential_draft, each_engine, fields, model_draft};
    use crate::{aliases, providers};

    /// A custom model with two credentials of its own, the second one its default.
    async fn own(change: &mut Change, shop: &Shop) -> (Model, [CredentialId; 2]) {
        let draft = models::ModelDraft { custom: true, ..model_draft(&shop.provider, "own") };
        let model = models::create(change, &draft).await.unwrap();
        let mut ids = Vec::new();
        for name in ["one", "two"] {
            let mut draft = credential_draft(&shop.provider, name);
            draft.model = Some(model.id);
            ids.push(create(change, &draft, &fields(&format!("secret-{name}"))).await.unwrap().id);
        }
        let model = models::set_default(change, model.id, Some(ids[1])).await.unwrap();
        (model, [ids[0], ids[1]])
    }

    #[tokio::test]
    async fn d8_a_removed_model_is_added_again_with_its_kept_credentials_and_no_secret_typed() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (workspace, provider) = (shop.workspace, shop.provider.id);
            let mut change = bench.change(workspace).await;
            let (model, [first, second]) = own(&mut change, &shop).await;
            models::delete_keeping(&mut change, model.id, None).await.unwrap();
            change.commit().await.unwrap();

            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(models::get(&mut tx, workspace, model.id).await.unwrap(), None);
            assert_eq!(get(&mut tx, workspace, first).await.unwrap(), None);
            let all = kept(&mut tx, workspace, provider).await.unwrap();
            let mut names: Vec<_> = all[0].credentials.iter().map(|it| it.name.as_str()).collect();
            names.sort_unstable();
            assert_eq!((all.len(), all[0].name.as_str(), names), (1, "own", vec!["one", "two"]));
            drop(tx);
            bench.store.check_openable().await.unwrap();

            let mut change = bench.change(workspace).await;
            let again = add_again(&mut change, provider, model.id).await.unwrap();
            change.commit().await.unwrap();
            assert_eq!((again.id, again.default_credential), (model.id, Some(second)));
            assert!(again.custom && again.enabled);
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(kept(&mut tx, workspace, provider).await.unwrap(), []);
            let clear = secrets(&mut tx, workspace, first).await.unwrap().unwrap();
            assert_eq!(clear.get("api_key").unwrap().expose(), b"secret-one");
        })
        .await;
    }

    #[tokio::test]
    async fn kept_credentials_join_a_model_of_the_same_name_and_are_forgotten_when_told() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let (workspace, provider) = (shop.workspace, shop.provider.id);
            let mut change = bench.change(workspace).await;
            let (old, _) = own(&mut change, &shop).await;
            models::delete_keeping(&mut change, old.id, None).await.unwrap();
            let (new, [_, serves]) = own(&mut change, &shop).await;
            let joined = add_again(&mut change, provider, old.id).await.unwrap();
            assert_eq!((joined.id, joined.default_credential), (new.id, Some(serves)));
            let renamed =
                by_name(change.tx(), workspace, provider, Some(new.id), "API KEY 1").await;
            assert!(renamed.unwrap().is_some());

            models::delete_keeping(&mut change, new.id, None).await.unwrap();
            forget(&mut change, provider, new.id).await.unwrap();
            let gone = forget(&mut change, provider, new.id).await.unwrap_err();
            assert!(matches!(gone, StoreError::NotFound { .. }));
            let (last, _) = own(&mut change, &shop).await;
            models::delete_keeping(&mut change, last.id, None).await.unwrap();
            aliases::delete(&mut change, shop.alias.id, None).await.unwrap();
            providers::delete(&mut change, provider, None).await.unwrap();
            change.commit().await.unwrap();
        })
        .await;
    }
}
