//! `GET /api/v1/system/kinds`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_provider::{KINDS, Manifest};

use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::view::PageView;

/// A kind's manifest: its name, and its forms as data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct KindView(&'static Manifest);

/// Lists provider kinds with the fields of their forms.
#[utoipa::path(
    get, path = "/api/v1/system/kinds", tag = "kinds", operation_id = "list_kinds",
    responses((status = 200, body = PageView<KindView>), Refusals)
)]
pub(crate) async fn list(_: Caller) -> Result<Json<PageView<KindView>>, Problem> {
    Ok(Json(PageView::whole(KINDS.iter().map(|kind| KindView(kind.manifest())).collect())))
}
