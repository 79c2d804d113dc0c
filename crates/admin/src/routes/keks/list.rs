//! `GET /api/v1/system/keks`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::in_file;
use crate::auth::Operator;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// A key-encryption key, by its id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KekView {
    id: String,
    /// It seals; the others only open.
    current: bool,
}

/// Lists the ids of the keys in the server's key file, the current one first.
#[utoipa::path(
    get, path = "/api/v1/system/keks", tag = "keks", operation_id = "list_keks",
    responses((status = 200, body = PageView<KekView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
) -> Result<Json<PageView<KekView>>, Problem> {
    let ring = in_file(&state)?;
    let current = ring.current();
    let view =
        |id: wayleave_model::id::KekId| KekView { id: id.to_string(), current: id == current };
    Ok(Json(PageView::whole(ring.ids().map(view).collect())))
}
