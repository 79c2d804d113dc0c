//! `GET /api/v1/system/people/{person}/sessions`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::sessions;

use crate::auth::Operator;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, SessionView};

/// Lists the browsers that somebody is signed in with.
#[utoipa::path(
    get, path = "/api/v1/system/people/{person}/sessions", tag = "people", operation_id = "list_sessions",
    params(("person" = String, Path, description = "The person, by address or id"), Paging),
    responses((status = 200, body = PageView<SessionView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Path(person): Path<String>,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<SessionView>>, Problem> {
    let mut tx = state.store.read().await?;
    let found = lookup::person(&mut tx, &person).await?;
    let page = sessions::list(&mut tx, found.id, state.clock.now(), &paging.listing()).await?;
    Ok(Json(PageView::of(page, |it| SessionView::of(it, None))))
}
