//! What the data plane needs of the configuration, read in one moment, secrets in clear.

use uuid::Uuid;
use wayleave_model::alias::Alias;
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::WorkspaceId;
use wayleave_model::key::Key;
use wayleave_model::plan::Plan;
use wayleave_model::pool::Pool;
use wayleave_model::provider::Provider;
use wayleave_model::target::Model;
use wayleave_model::workspace::{Workspace, WorkspaceSettings};

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::grants::Supply;
use crate::page::Listing;
use crate::store::{self, Store};
use crate::{
    aliases, credentials, grants, keys, models, plans, pools, providers, workspace_settings,
    workspaces,
};

/// The configuration at one revision.
#[derive(Debug)]
pub struct Snapshot {
    /// Its number.
    pub revision: i64,
    /// Every workspace, the system's own included.
    pub workspaces: Vec<WorkspaceSnapshot>,
}

/// One workspace's part of the configuration.
#[derive(Debug)]
pub struct WorkspaceSnapshot {
    /// The workspace.
    pub workspace: Workspace,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
    /// Its providers.
    pub providers: Vec<Provider>,
    /// Its credentials, with their secrets.
    pub credentials: Vec<(Credential, SecretFields)>,
    /// Its models, with the prices in force.
    pub models: Vec<Model>,
    /// The pools of its models.
    pub pools: Vec<Pool>,
    /// What the operator supplies it with.
    pub supplies: Vec<Supply>,
    /// What it is granted; `None`: everything.
    pub plan: Option<Plan>,
    /// Its aliases, with their current routes.
    pub aliases: Vec<Alias>,
    /// Its keys, with the hashes of their secrets.
    pub keys: Vec<Key>,
}

impl Store {
    /// The whole configuration.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::KekMissing`], [`StoreError::Unsealable`].
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut tx = self.read().await?;
        let revision = store::revision(&mut tx).await?;
        Ok(Snapshot { revision, workspaces: whole(&mut tx).await? })
    }

    /// One workspace's part, and the revision it was read at; `None` if it is no more.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub async fn snapshot_of(
        &self,
        workspace: WorkspaceId,
    ) -> Result<(i64, Option<WorkspaceSnapshot>), StoreError> {
        let mut tx = self.read().await?;
        let revision = store::revision(&mut tx).await?;
        Ok((revision, of(&mut tx, workspace).await?))
    }
}

/// Every workspace, the system's own included.
pub(crate) async fn whole(tx: &mut Tx) -> Result<Vec<WorkspaceSnapshot>, StoreError> {
    const SQL: &str = "SELECT workspace_id FROM workspaces ORDER BY workspace_id";
    let ids: Vec<Uuid> = on!(tx.conn, it => sqlx::query_scalar(SQL).fetch_all(&mut *it).await)?;
    let mut workspaces = Vec::with_capacity(ids.len());
    for id in ids {
        workspaces.extend(of(tx, WorkspaceId(id)).await?);
    }
    Ok(workspaces)
}

async fn of(tx: &mut Tx, id: WorkspaceId) -> Result<Option<WorkspaceSnapshot>, StoreError> {
    let Some(workspace) = workspaces::get(tx, id).await? else { return Ok(None) };
    let plan = match workspace.plan {
        Some(plan) => plans::get(tx, plan).await?,
        None => None,
    };
    Ok(Some(WorkspaceSnapshot {
        workspace,
        settings: workspace_settings::get(tx, id).await?,
        plan,
        providers: all_providers(tx, id).await?,
        credentials: credentials::all_opened(tx, id).await?,
        models: models::all(tx, id).await?,
        pools: pools::all(tx, id).await?,
        supplies: grants::all(tx, id).await?,
        aliases: aliases::all(tx, id).await?,
        keys: keys::all(tx, id).await?,
    }))
}

async fn all_providers(tx: &mut Tx, id: WorkspaceId) -> Result<Vec<Provider>, StoreError> {
    let mut listing = Listing::longest();
    let mut all = Vec::new();
    loop {
        let page = providers::list(tx, id, &listing).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => listing.cursor = Some(cursor),
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::each_engine;
    use wayleave_model::id::SYSTEM_WORKSPACE;

    #[tokio::test]
    async fn a_snapshot_holds_all_that_a_call_needs() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "sk-secret").await;
            let all = bench.store.snapshot().await.unwrap();
            assert_eq!(all.revision, bench.store.revision().await.unwrap());
            let ids: Vec<_> = all.workspaces.iter().map(|it| it.workspace.id).collect();
            assert_eq!(ids, [SYSTEM_WORKSPACE, shop.workspace]);
            let (revision, part) = bench.store.snapshot_of(shop.workspace).await.unwrap();
            assert_eq!(revision, all.revision);
            for it in [&all.workspaces[1], &part.unwrap()] {
                assert_eq!(it.workspace.name, "main");
                assert_eq!(it.providers.len(), 1);
                assert_eq!(it.providers[0].default_credential, Some(shop.credential.id));
                let (credential, secrets) = &it.credentials[0];
                assert_eq!(credential, &shop.credential);
                assert_eq!(secrets.get("api_key").unwrap().expose(), b"sk-secret");
                assert_eq!(it.models, std::slice::from_ref(&shop.model));
                assert!(it.models[0].price.is_some());
                assert_eq!(it.aliases, std::slice::from_ref(&shop.alias));
                assert_eq!(it.keys, std::slice::from_ref(&shop.key));
            }
        })
        .await;
    }
}
