//! The one door through which configuration changes: one transaction that writes, bumps the
//! revision and appends to the audit log, or does none of it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use wayleave_model::Timestamp;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};

use crate::audit::{self, Draft, Head};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::grants;
use crate::store::{self, Store};

/// Who changes something, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A person's, token's or program's name.
    pub name: String,
    /// The role it acted in.
    pub role: String,
    /// Where it came from.
    pub addr: Option<String>,
    /// The request of the management API, if it was one.
    pub request_id: Option<String>,
}

impl Actor {
    /// Wayleave itself, or a command run beside it.
    pub fn system(name: impl Into<String>) -> Actor {
        Actor { name: name.into(), role: "operator".into(), addr: None, request_id: None }
    }
}

/// A change of one workspace's configuration in the making. Holds the workspace's lock: changes
/// of one workspace happen one after the other. Undone when dropped; after a call on it has failed,
/// drop it.
pub struct Change {
    pub(crate) tx: Tx,
    pub(crate) workspace: WorkspaceId,
    pub(crate) actor: Actor,
    pub(crate) reason: String,
    pub(crate) now: Timestamp,
    head: Head,
    drafts: Vec<Draft>,
    /// Workspaces that other nodes must read again.
    touched: BTreeSet<WorkspaceId>,
    /// Acts that have begun and are not recorded: above zero between calls, one failed on its way.
    unrecorded: u32,
}

impl Store {
    /// Begins a change of that workspace. On SQLite it holds up every other writer, so do nothing
    /// slow before [`Change::commit`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown workspace.
    pub async fn change(
        &self,
        workspace: WorkspaceId,
        actor: &Actor,
        reason: &str,
    ) -> Result<Change, StoreError> {
        let mut tx = self.write().await?;
        if !exists(&mut tx, workspace).await? {
            return Err(StoreError::not_found("workspace", workspace));
        }
        let head = audit::lock_head(&mut tx, workspace).await?;
        Ok(Change {
            tx,
            workspace,
            actor: actor.clone(),
            reason: reason.to_owned(),
            now: self.shared.clock.now(),
            head,
            drafts: Vec::new(),
            touched: BTreeSet::new(),
            unrecorded: 0,
        })
    }
}

impl Change {
    /// For reading what is there, this change's own writes included.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// The workspace that is changed.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Whether anything would be written.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// What was done so far, as `action target-id`: a plan, if the change is dropped.
    pub fn steps(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.drafts.iter().map(|draft| (draft.action, draft.target_id.as_str()))
    }

    /// Makes it so, and wakes everybody who follows the revision. Returns the revision it made; if
    /// nothing was changed, nothing is written and it is the one in force.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then, rarely, it is unknown whether it happened;
    /// [`StoreError::HalfDone`] if the error of an earlier call was passed over.
    pub async fn commit(mut self) -> Result<i64, StoreError> {
        if self.unrecorded > 0 {
            return Err(StoreError::HalfDone);
        }
        if self.drafts.is_empty() {
            return store::revision(&mut self.tx).await;
        }
        if self.changes_supplies() {
            self.touched.extend(grants::holders(&mut self.tx).await?);
        }
        let revision = bump(&mut self.tx, &self.touched).await?;
        audit::append(&mut self, revision).await?;
        self.tx.conn.notify(revision).await?;
        let shared = self.tx.shared.clone();
        self.tx.commit().await?;
        shared.announce(revision);
        Ok(revision)
    }

    /// Begins an act: called before its first write, once all is checked. [`Change::record`] ends
    /// it; until then the change cannot be committed.
    pub(crate) fn begin_act(&mut self) {
        self.unrecorded += 1;
    }

    /// Notes one act for the audit log. Every function that writes configuration calls it.
    /// `before` and `after` must hold no secret: nouns serialise without theirs.
    pub(crate) fn record<T: Serialize>(
        &mut self,
        action: &'static str,
        target_id: impl std::fmt::Display + Copy,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let value = |it: Option<&T>| -> Result<Option<Value>, StoreError> {
            it.map(serde_json::to_value)
                .transpose()
                .map_err(|error| StoreError::unreadable("value", error.to_string()))
        };
        self.drafts.push(Draft {
            action,
            target_id: target_id.to_string(),
            before: value(before)?,
            after: value(after)?,
        });
        self.touched.insert(self.workspace);
        debug_assert!(self.unrecorded > 0, "{action} was not begun");
        self.unrecorded = self.unrecorded.saturating_sub(1);
        Ok(())
    }

    /// Makes other nodes read that workspace again, beside the one that is changed.
    pub(crate) fn touch(&mut self, workspace: WorkspaceId) {
        self.touched.insert(workspace);
    }

    /// Whether what other workspaces are supplied with may be another now.
    fn changes_supplies(&self) -> bool {
        let nouns = ["provider.", "credential."];
        let is_about = |it: &Draft| nouns.iter().any(|noun| it.action.starts_with(noun));
        self.workspace == SYSTEM_WORKSPACE && self.drafts.iter().any(is_about)
    }

    pub(crate) fn take_drafts(&mut self) -> (Head, Vec<Draft>) {
        (std::mem::take(&mut self.head), std::mem::take(&mut self.drafts))
    }
}

/// Refuses a change to something that is no longer as the caller read it. `None` takes what is
/// there.
pub(crate) fn check_version(
    noun: &'static str,
    expected: Option<i64>,
    actual: i64,
) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != actual => Err(StoreError::Stale { noun, expected, actual }),
        _ => Ok(()),
    }
}

/// What a unique index refuses is a name that is taken.
pub(crate) fn taken(noun: &'static str, name: &str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(refusal) if refusal.is_unique_violation() => {
            StoreError::NameTaken { noun, name: name.to_owned() }
        }
        _ => error.into(),
    }
}

async fn exists(tx: &mut Tx, workspace: WorkspaceId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM workspaces WHERE workspace_id = $1";
    let count: i64 =
        on!(tx.conn, it => sqlx::query_scalar(SQL).bind(workspace.0).fetch_one(&mut *it).await)?;
    Ok(count > 0)
}

/// The single row's lock is held until the commit, so revisions become visible in their order.
async fn bump(tx: &mut Tx, touched: &BTreeSet<WorkspaceId>) -> Result<i64, StoreError> {
    const NUMBER: &str =
        "UPDATE revision SET number = number + 1 WHERE workspace_id = $1 RETURNING number";
    const TOUCH: &str = "INSERT INTO workspace_revisions (workspace_id, revision) VALUES ($1, $2)
        ON CONFLICT (workspace_id) DO UPDATE SET revision = excluded.revision";
    let revision: i64 = on!(tx.conn, it => {
        sqlx::query_scalar(NUMBER).bind(SYSTEM_WORKSPACE.0).fetch_one(&mut *it).await
    })?;
    for workspace in touched {
        on!(tx.conn, it => {
            sqlx::query(TOUCH)
                .bind(workspace.0)
                .bind(revision)
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
    }
    Ok(revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, owner_draft};
    use crate::{audit, owners};

    #[tokio::test]
    async fn a_dropped_change_leaves_nothing() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let revision = bench.store.revision().await.unwrap();
            let mut change = bench.change(workspace).await;
            owners::create(&mut change, &owner_draft("a")).await.unwrap();
            let seen = owners::by_name(change.tx(), workspace, "a").await.unwrap();
            assert!(seen.is_some(), "a change sees its own writes");
            assert_eq!(change.steps().map(|it| it.0).collect::<Vec<_>>(), ["owner.create"]);
            drop(change);
            assert_eq!(bench.store.revision().await.unwrap(), revision);
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(owners::by_name(&mut tx, workspace, "a").await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_change_that_changes_nothing_makes_no_revision() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut change = bench.change(workspace).await;
            let owner = owners::create(&mut change, &owner_draft("a")).await.unwrap();
            let revision = change.commit().await.unwrap();
            let mut change = bench.change(workspace).await;
            let draft = owners::OwnerDraft::from(&owner);
            let same = owners::update(&mut change, owner.id, Some(1), &draft).await.unwrap();
            assert_eq!(same, owner);
            assert_eq!(change.commit().await.unwrap(), revision);
            let mut tx = bench.store.read().await.unwrap();
            let log = audit::verify(&mut tx, workspace).await.unwrap();
            assert_eq!(log, audit::Chain::Whole { entries: 1 });
        })
        .await;
    }

    #[tokio::test]
    async fn an_unknown_workspace_cannot_be_changed() {
        each_engine(|bench| async move {
            let nowhere = WorkspaceId::new(bench.clock.now());
            let change = bench.store.change(nowhere, &Actor::system("test"), "").await;
            assert!(matches!(change, Err(StoreError::NotFound { noun: "workspace", .. })));
        })
        .await;
    }

    #[tokio::test]
    async fn only_changed_workspaces_are_read_again() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
            let before = bench.store.revision().await.unwrap();
            let mut change = bench.change(red).await;
            owners::create(&mut change, &owner_draft("a")).await.unwrap();
            let revision = change.commit().await.unwrap();
            assert_eq!(bench.store.changed_since(before).await.unwrap(), [red]);
            assert_eq!(bench.store.changed_since(revision).await.unwrap(), []);
            assert!(bench.store.changed_since(0).await.unwrap().contains(&blue));
        })
        .await;
    }
}
