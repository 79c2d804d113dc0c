//! `GET /api/v1/workspaces/{workspace}/proofs`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::price::Line;
use wayleave_store::proofs::{self, PaidProof};

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// A proof of a credential that cost something. No key pays for it: it is in no row of usage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaidProofView {
    id: String,
    /// RFC 3339.
    started_at: String,
    /// Who asked for it.
    asked_by: String,
    /// The provider's name at the time.
    provider: String,
    /// Its id; `null`: it was not stored yet.
    provider_id: Option<String>,
    /// The credential's id; `null`: it was not stored yet.
    credential_id: Option<String>,
    /// The model that was called, by the provider's name for it.
    model: String,
    /// Its id; `null`: the workspace has no such model, and no price for it.
    model_id: Option<String>,
    /// As the transcript's; `null`: it has not ended, or its process did not live that long.
    outcome: Option<String>,
    /// How often the model was called: it is asked again in the way it wants to be.
    calls: i64,
    /// Tokens of the prompt.
    input_tokens: u64,
    /// Tokens of the answer.
    output_tokens: u64,
    /// `provider`, `counted`, `estimated` or `none`.
    usage_source: String,
    /// The price it was rated by; `null`: there is none, and the cost is not known.
    price_version_id: Option<String>,
    /// The receipt, by unit.
    lines: Vec<CostLineView>,
    /// Billionths of a US dollar.
    cost_nanos: i64,
}

/// One unit of a receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostLineView {
    unit: String,
    quantity: u64,
    cost_nanos: i64,
    /// The unit has no price of its own and took the dearest of its side, or of its variants.
    unpriced: bool,
}

/// Lists proofs that cost something, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/proofs", tag = "usage", operation_id = "list_paid_proofs",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<PaidProofView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<PaidProofView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = proofs::list(&mut tx, here.workspace.id, &paging.listing()).await?;
    Ok(Json(PageView::of(page, PaidProofView::from)))
}

impl From<PaidProof> for PaidProofView {
    fn from(it: PaidProof) -> PaidProofView {
        PaidProofView {
            id: it.id.to_string(),
            started_at: it.started_at.to_string(),
            asked_by: it.draft.asked_by,
            provider: it.draft.provider_name,
            provider_id: it.draft.provider.map(|it| it.to_string()),
            credential_id: it.draft.credential.map(|it| it.to_string()),
            model: it.draft.model_name,
            model_id: it.draft.model.map(|it| it.to_string()),
            outcome: it.outcome,
            calls: it.calls,
            input_tokens: it.usage.input,
            output_tokens: it.usage.output,
            usage_source: it.usage_source,
            price_version_id: it.price.map(|it| it.to_string()),
            lines: it.lines.into_iter().map(CostLineView::from).collect(),
            cost_nanos: it.cost.0,
        }
    }
}

impl From<Line> for CostLineView {
    fn from(it: Line) -> CostLineView {
        CostLineView {
            unit: it.meter().to_string(),
            quantity: it.quantity,
            cost_nanos: it.cost.0,
            unpriced: it.unpriced,
        }
    }
}
