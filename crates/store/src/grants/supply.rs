//! What the data plane needs of a workspace's grants: the system's provider and its credential, secret
//! in clear.

use uuid::Uuid;
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_model::supply::Grant;

use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::{credentials, providers};

/// A grant, and what it is served with.
#[derive(Debug)]
pub struct Supply {
    /// The grant.
    pub grant: Grant,
    /// The provider of the system workspace.
    pub provider: Provider,
    /// Its default credential; `None`: it has none.
    pub credential: Option<(Credential, SecretFields)>,
}

/// Every enabled grant of a workspace.
pub(crate) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Supply>, StoreError> {
    let mut all = Vec::new();
    for grant in super::of(tx, workspace).await? {
        let provider = providers::get(tx, SYSTEM_WORKSPACE, grant.system_provider).await?;
        let Some(provider) = provider.filter(|_| grant.enabled) else { continue };
        let credential = match provider.default_credential {
            Some(id) => credentials::opened(tx, SYSTEM_WORKSPACE, id).await?,
            None => None,
        };
        all.push(Supply { grant, provider, credential });
    }
    Ok(all)
}

/// The workspaces that are granted something: they show what the system's providers are.
pub(crate) async fn holders(tx: &mut Tx) -> Result<Vec<WorkspaceId>, StoreError> {
    const SQL: &str = "SELECT DISTINCT workspace_id FROM grants";
    let ids: Vec<Uuid> = on!(tx.conn, it => sqlx::query_scalar(SQL).fetch_all(&mut *it).await)?;
    Ok(ids.into_iter().map(WorkspaceId).collect())
}
