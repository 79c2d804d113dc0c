//! Client keys. A secret is shown once, in the answer that makes it.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::alias::Alias;
use wayleave_model::id::{AliasId, WorkspaceId};
use wayleave_model::key::Key;
use wayleave_store::{Tx, aliases};

use crate::apply::document::Sent;
use crate::error::{FieldError, Problem};
use crate::lookup::every;
use crate::state::AdminState;
use crate::view::KeyView;

/// A key, and its new secret if one was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyMade {
    #[serde(flatten)]
    key: KeyView,
    /// Shown only now; absent where the caller brought the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Sent>,
}

async fn every_alias(tx: &mut Tx, at: WorkspaceId) -> Result<Vec<Alias>, Problem> {
    Ok(every!(page => aliases::list(tx, at, &page)))
}

async fn view(
    tx: &mut Tx,
    at: WorkspaceId,
    key: Key,
    state: &AdminState,
) -> Result<KeyView, Problem> {
    let aliases = every_alias(tx, at).await?;
    Ok(KeyView::of(key, &aliases, state.clock.now()))
}

/// The ids of aliases by name or id.
async fn alias_ids(
    tx: &mut Tx,
    at: WorkspaceId,
    names: &[String],
) -> Result<Vec<AliasId>, Problem> {
    let all = every_alias(tx, at).await?;
    let mut ids = Vec::new();
    let mut wrong = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match all.iter().find(|it| it.name == *name || it.id.to_string() == *name) {
            Some(alias) => ids.push(alias.id),
            None => wrong.push(FieldError::new(
                format!("aliases[{index}]"),
                format!("there is no alias `{name}`"),
            )),
        }
    }
    if wrong.is_empty() { Ok(ids) } else { Err(Problem::invalid(wrong)) }
}
