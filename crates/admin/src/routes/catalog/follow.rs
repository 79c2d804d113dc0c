//! Providers that take new models of the catalog get those that a newer one brings.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_provider::catalog::{Catalog, Change};
use wayleave_store::{providers, workspaces};

use crate::auth::Operator;
use crate::enabling::{self, Outcome, Which};
use crate::error::Problem;
use crate::lookup::every;
use crate::state::AdminState;
use crate::view::day;

/// Models that were enabled at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FollowedView {
    /// The workspace's name.
    workspace: String,
    /// The provider's name.
    provider: String,
    /// The models' names.
    models: Vec<String>,
}

/// Enables what is new at every enabled provider with `new_models`, before the catalog is in force: if
/// it fails half-way, the same update done again does the rest. One change a workspace.
pub(super) async fn follow(
    state: &AdminState,
    by: &Operator,
    changes: &[Change],
    catalog: &Catalog,
) -> Result<Vec<FollowedView>, Problem> {
    let mut added: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for change in changes {
        if let Change::Added(key) = change {
            added.entry(key.provider.as_str()).or_default().push(key.model.clone());
        }
    }
    let mut followed = Vec::new();
    if added.is_empty() {
        return Ok(followed);
    }
    for (at, workspace) in all(state).await? {
        let mut tx = state.store.read().await?;
        let found: Vec<Provider> = every!(page => providers::list(&mut tx, at, &page));
        drop(tx);
        let takes =
            |it: &&Provider| it.enabled && it.new_models && added.contains_key(it.kind.as_str());
        let takers: Vec<&Provider> = found.iter().filter(takes).collect();
        if takers.is_empty() {
            continue;
        }
        let mut change = state.store.change(at, &by.actor, "new models of the catalog").await?;
        for provider in takers {
            // Read again under the change's lock: it may be gone, or take nothing any more.
            let provider = providers::get(change.tx(), at, provider.id).await?;
            let Some(provider) = provider.filter(|it| takes(&it)) else { continue };
            let which = Which::Missing(added[provider.kind.as_str()].clone());
            let today = day(state.clock.now());
            let done = enabling::enable(&mut change, catalog, &provider, which, None, &today);
            let made = done.await?.0.into_iter().filter(|it| it.outcome == Outcome::Made);
            let models: Vec<String> = made.map(|it| it.name).collect();
            if !models.is_empty() {
                let (workspace, provider) = (workspace.clone(), provider.name);
                followed.push(FollowedView { workspace, provider, models });
            }
        }
        change.commit().await?;
    }
    Ok(followed)
}

/// Every workspace, the system's too: its providers are those that the operator supplies.
async fn all(state: &AdminState) -> Result<Vec<(WorkspaceId, String)>, Problem> {
    let mut tx = state.store.read().await?;
    let mut found = every!(page => workspaces::list(&mut tx, &page));
    found.extend(workspaces::get(&mut tx, SYSTEM_WORKSPACE).await?);
    Ok(found.into_iter().map(|it| (it.id, it.name)).collect())
}
