//! `GET /api/v1/me/sessions`

use axum::Json;
use axum::extract::State;
use wayleave_store::sessions;

use crate::auth::Me;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, SessionView};

/// Lists the browsers that the person is signed in with.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "me", operation_id = "list_my_sessions",
    params(Paging),
    responses((status = 200, body = PageView<SessionView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    me: Me,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<SessionView>>, Problem> {
    let (signed, now) = (&me.signed, state.clock.now());
    let mut tx = state.store.read().await?;
    let page = sessions::list(&mut tx, signed.person.id, now, &paging.listing()).await?;
    Ok(Json(PageView::of(page, |it| SessionView::of(it, Some(signed.session.id)))))
}
