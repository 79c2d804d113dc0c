//! `GET /api/v1/workspaces/{workspace}/aliases/{alias}`

use axum::extract::{Path, State};

use super::names;
use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::AliasView;

/// Shows an alias with the route in force.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/aliases/{alias}", tag = "aliases", operation_id = "get_alias",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("alias" = String, Path, description = "The alias, by name or id")),
    responses((status = 200, body = AliasView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<AliasView>, Problem> {
    let (_, alias) = named;
    let mut tx = state.store.read().await?;
    let found = lookup::alias(&mut tx, here.workspace.id, &alias).await?;
    let version = found.version;
    let names = names(&mut tx, here.workspace.id).await?;
    Ok(Tagged(AliasView::of(found, &names), version))
}
