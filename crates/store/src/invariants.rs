//! What holds of a stored configuration at every moment, however the last process ended: looked for
//! fault by fault, nothing mended.

mod rows;
mod workspace;

use uuid::Uuid;
use wayleave_model::id::WorkspaceId;

use crate::audit::{self, Chain};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::snapshot;
use crate::store::{self, Store};

/// What a look at the whole configuration found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// Its number.
    pub revision: i64,
    /// Workspaces, the system's own included.
    pub workspaces: usize,
    /// Entries of all audit logs, those of ended workspaces included.
    pub entries: i64,
    /// What is not as it should be; at most twenty of a kind.
    pub faults: Vec<Fault>,
}

/// Something that can only come from a file that was changed by hand, a disk that lost something, or
/// a mistake of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: a workspace's name, or its id if it has ended.
    pub workspace: String,
    /// What is wrong, for people. Holds no secret.
    pub what: String,
}

impl Store {
    /// Reads the whole configuration as it stands at one moment, opens every secret, and looks at
    /// all that refers to something else, at the numbers that only go up, and at every audit log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Unreadable`], [`StoreError::KekMissing`] and
    /// [`StoreError::Unsealable`] for rows that do not even parse. A fault is an answer, not an error.
    pub async fn check(&self) -> Result<Checkup, StoreError> {
        let mut tx = self.read().await?;
        let revision = store::revision(&mut tx).await?;
        let all = snapshot::whole(&mut tx).await?;
        let name = |id: WorkspaceId| {
            let found = all.iter().find(|it| it.workspace.id == id);
            found.map_or_else(|| id.to_string(), |it| it.workspace.name.clone())
        };
        let mut faults = Vec::new();
        for it in &all {
            let fault = |what| Fault { workspace: it.workspace.name.clone(), what };
            faults.extend(workspace::faults(it).into_iter().map(fault));
        }
        for (workspace, what) in rows::faults(&mut tx).await? {
            faults.push(Fault { workspace: name(workspace), what });
        }
        let mut entries = 0;
        for workspace in logged(&mut tx).await? {
            match audit::verify(&mut tx, workspace).await? {
                Chain::Whole { entries: count } => entries += count,
                Chain::Broken { seq, why } => {
                    let what = format!("entry {seq} of the audit log: {why}");
                    faults.push(Fault { workspace: name(workspace), what });
                }
            }
        }
        Ok(Checkup { revision, workspaces: all.len(), entries, faults })
    }
}

/// Workspaces that have an audit log, or had one.
async fn logged(tx: &mut Tx) -> Result<Vec<WorkspaceId>, StoreError> {
    const SQL: &str =
        "SELECT workspace_id FROM audit_heads UNION SELECT workspace_id FROM audit ORDER BY 1";
    let ids: Vec<Uuid> = on!(tx.conn, it => sqlx::query_scalar(SQL).fetch_all(&mut *it).await)?;
    Ok(ids.into_iter().map(WorkspaceId).collect())
}

#[cfg(test)]
mod tests;
