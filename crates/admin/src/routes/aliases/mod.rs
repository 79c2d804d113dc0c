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

use wayleave_model::alias::Alias;
use wayleave_model::id::WorkspaceId;
use wayleave_store::{Change, Tx, models, providers};

use crate::auth::Here;
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup::every;
use crate::view::{AliasView, Names};

/// What routes are shown with.
async fn names(tx: &mut Tx, at: WorkspaceId) -> Result<Names, Problem> {
    let providers = every!(page => providers::list(tx, at, &page));
    let models = every!(page => models::list(tx, at, None, &page));
    Ok(Names { providers, models })
}

/// An alias as it became, unless that is outside the limits of the editor who asked: then the change
/// must be dropped. `paths` are those of its targets in what was sent, in the order of its groups;
/// without them `field` is to blame.
async fn shown(
    change: &mut Change,
    here: &Here,
    became: Alias,
    paths: &[String],
    field: &str,
) -> Result<AliasView, Problem> {
    let names = names(change.tx(), here.workspace.id).await?;
    let shown = AliasView::of(became, &names);
    let blamed = (0..).map(|at: usize| match paths.get(at) {
        Some(path) => format!("{path}.model"),
        None => field.to_owned(),
    });
    let leads: Vec<(String, String)> = blamed.zip(shown.target_names.iter().cloned()).collect();
    editor_limits::check(change, here, &Asked::Lead(&leads)).await?;
    Ok(shown)
}
