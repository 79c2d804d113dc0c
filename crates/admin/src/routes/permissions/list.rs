//! `GET /api/v1/system/permissions`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::permission::GRANTS;
use crate::routes::Refusals;
use crate::view::PageView;

/// One permission, and who has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionView {
    /// As tokens' scopes and refusals name it.
    name: &'static str,
    /// What it is.
    what: &'static str,
    /// The roles of a workspace that have it; none: it is the instance's. Operators have all.
    roles: Vec<&'static str>,
}

/// Lists what roles may do. The names are what a token can be limited to.
#[utoipa::path(
    get, path = "/api/v1/system/permissions", tag = "people", operation_id = "list_permissions",
    responses((status = 200, body = PageView<PermissionView>), Refusals)
)]
pub(crate) async fn list(_: Caller) -> Json<PageView<PermissionView>> {
    let view = GRANTS.iter().map(|it| PermissionView {
        name: it.name,
        what: it.what,
        roles: it.roles.iter().map(|role| role.as_str()).collect(),
    });
    Json(PageView::whole(view.collect()))
}
