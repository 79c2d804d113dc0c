//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/health`

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::health::Override;
use wayleave_store::credentials;

use crate::auth::Here;
use crate::body::Body;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::HealthView;

/// The longest rest that is said in seconds: a year.
const LONGEST: u64 = 366 * 86_400;

/// What a person says of a credential.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HealthWish {
    action: Action,
    /// How long it rests; until it is cleared if absent. With `rest` only.
    seconds: Option<u64>,
    /// For this model only, by id; for all if absent.
    model: Option<String>,
    /// Why, for the log.
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthAction)]
pub(crate) enum Action {
    /// Do not use it.
    Rest,
    /// All is well: forget what was held against it.
    Clear,
    /// No longer in quarantine: the next request tries it.
    EndQuarantine,
}

/// A person's word, as the audit log shows it.
#[derive(Serialize)]
struct Said {
    #[serde(flatten)]
    said: Override,
    model: Option<String>,
    node: String,
}

/// Overrules what this node has learnt of a credential. Other nodes go on by what they know.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/health",
    tag = "credentials", operation_id = "override_credential_health",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    request_body = HealthWish,
    responses((status = 200, body = HealthView), Refusals)
)]
pub(crate) async fn say(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    Body(wish): Body<HealthWish>,
) -> Result<Json<HealthView>, Problem> {
    let (_, provider, credential) = named;
    let at = here.workspace.id;
    let said = said(&wish)?;
    let mut change = state.store.change(at, &here.actor, &wish.reason).await?;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    let model = match &wish.model {
        None => None,
        Some(text) => match lookup::model(change.tx(), at, text).await {
            Ok(model) if model.provider == provider.id => Some(model.id),
            _ => return Err(Problem::field("model", "is no model of this provider")),
        },
    };
    let node = state.healths.node().to_string();
    let word = Said { said, model: wish.model, node };
    credentials::note_override(&mut change, found.id, &word).await?;
    change.commit().await?;
    Ok(Json(state.healths.say(found.id, model, said).into()))
}

fn said(wish: &HealthWish) -> Result<Override, Problem> {
    match (wish.action, wish.seconds) {
        (Action::Rest, Some(seconds)) if !(1..=LONGEST).contains(&seconds) => {
            Err(Problem::field("seconds", format!("expected 1 to {LONGEST}")))
        }
        (Action::Rest, seconds) => Ok(Override::Rest { seconds }),
        (_, Some(_)) => Err(Problem::field("seconds", "goes with `rest` only")),
        (Action::Clear, None) => Ok(Override::Clear),
        (Action::EndQuarantine, None) => Ok(Override::EndQuarantine),
    }
}
