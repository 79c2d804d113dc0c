//! `POST /api/v1/workspaces/{workspace}/models`

use axum::extract::State;
use wayleave_provider::kind;
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::prices::PriceDraft;

use super::view;
use crate::apply::document::ModelDecl;
use crate::apply::wanted::rates;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// Adds a custom model with its price.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/models", tag = "models", operation_id = "create_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = ModelDecl,
    responses((status = 201, body = ModelView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<ModelDecl>,
) -> Result<Created<ModelView>, Problem> {
    let at = here.workspace.id;
    let rates = rates(new.price.as_ref(), new.free).map_err(|why| Problem::field("price", why))?;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &new.provider).await?;
    if kind(&provider.kind).is_some_and(|it| !it.manifest().custom_models) {
        return Err(Problem::field(
            "provider",
            "this kind of provider has the models it has, and no others",
        ));
    }
    let draft = ModelDraft {
        provider: provider.id,
        name: new.name,
        model_type: new.model_type,
        custom: true,
        enabled: true,
        facts: new.facts,
        managed_by: None,
    };
    let made = models::create(&mut change, &draft).await?;
    let price = PriceDraft {
        free: new.free,
        rates,
        effective_from: None,
        source: String::new(),
        verified_at: None,
    };
    let made = models::set_price(&mut change, made.id, None, &price).await?;
    let version = made.version;
    let shown = view(change.tx(), at, made).await?;
    change.commit().await?;
    Ok(Created(shown, version))
}
