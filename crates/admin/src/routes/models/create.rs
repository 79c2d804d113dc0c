//! `POST /api/v1/workspaces/{workspace}/models`

use axum::extract::State;
use wayleave_provider::kind;
use wayleave_store::models::{self, ModelDraft};

use super::{declared, draft, row, view};
use crate::apply::document::ModelDecl;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::catalog::in_force;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// Adds a custom model with its price. Facts that are left open are filled in from the catalog.
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
    let declared = declared(new.price.as_ref(), new.free)?;
    let catalog = in_force(&mut state.store.read().await?).await?;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &new.provider).await?;
    if kind(&provider.kind).is_some_and(|it| !it.manifest().custom_models) {
        return Err(Problem::field(
            "provider",
            "this kind of provider has the models it has, and no others",
        ));
    }
    let row = row(&catalog, &provider.kind, &new.name, new.model_type);
    let price = draft(declared, String::new(), row.as_ref(), &provider.kind, &new.name)?;
    let draft = ModelDraft {
        provider: provider.id,
        name: new.name,
        model_type: new.model_type,
        custom: true,
        enabled: true,
        facts: row.map_or_else(|| new.facts.clone(), |it| it.fill(&new.facts)),
        managed_by: None,
    };
    let made = models::create(&mut change, &draft).await?;
    let made = models::set_price(&mut change, made.id, None, &price).await?;
    let version = made.version;
    let shown = view(change.tx(), at, made).await?;
    change.commit().await?;
    Ok(Created(shown, version))
}
