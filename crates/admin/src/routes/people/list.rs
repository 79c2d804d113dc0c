//! `GET /api/v1/system/people`

use axum::Json;
use axum::extract::State;
use wayleave_store::people;

use crate::auth::Operator;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, PersonView};

/// Lists everybody, newest first.
#[utoipa::path(
    get, path = "/api/v1/system/people", tag = "people", operation_id = "list_people",
    params(Paging),
    responses((status = 200, body = PageView<PersonView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<PersonView>>, Problem> {
    let page = people::list(&mut state.store.read().await?, &paging.listing()).await?;
    Ok(Json(PageView::of(page, PersonView::from)))
}
