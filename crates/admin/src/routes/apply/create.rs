//! `POST /api/v1/workspaces/{workspace}/apply`

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::apply::document::{Document, Hidden};
use crate::apply::{self, Applied, Options, Validate};
use crate::auth::Applier;
use crate::body::{Body, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// How far to go.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    /// Answer with the plan and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Remove what an earlier apply made and the document no longer has.
    #[serde(default)]
    prune: bool,
    /// Take over things of the same name that were made otherwise.
    #[serde(default)]
    adopt: bool,
    /// Prove new and changed credentials first, `free` or with the smallest call, `paid`: nothing is
    /// saved unless all are.
    #[param(inline)]
    validate: Option<Validate>,
}

/// Makes a workspace as a setup document says, in one transaction. Without `validate` no provider is
/// called: new credentials are `unverified` until their first success. A workspace that is not there is
/// made first, in a change of its own, if the caller is an operator and the document has no mistake.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/apply", tag = "apply", operation_id = "apply",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), How),
    request_body = Document<Hidden>,
    responses((status = 200, body = Applied), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Applier,
    Path(workspace): Path<String>,
    Search(how): Search<How>,
    Body(document): Body<Document<Hidden>>,
) -> Result<Json<Applied>, Problem> {
    if document.workspace != workspace {
        let why =
            format!("the document is for `{}`, the path for `{workspace}`", document.workspace);
        return Err(Problem::field("workspace", why));
    }
    let options = Options { dry_run: how.dry_run, prune: how.prune, adopt: how.adopt };
    let done = apply::run_proven(&state, &by.actor, document, options, how.validate).await?;
    Ok(Json(done))
}
