//! Aliases: public model names, and the versions of where they lead.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod restore;
pub(crate) mod update;
pub(crate) mod versions;

#[cfg(test)]
mod tests;

use wayleave_model::id::WorkspaceId;
use wayleave_store::{Tx, models, providers};

use crate::error::Problem;
use crate::lookup::every;
use crate::view::Names;

/// What routes are shown with.
async fn names(tx: &mut Tx, at: WorkspaceId) -> Result<Names, Problem> {
    let providers = every!(page => providers::list(tx, at, &page));
    let models = every!(page => models::list(tx, at, None, &page));
    Ok(Names { providers, models })
}
