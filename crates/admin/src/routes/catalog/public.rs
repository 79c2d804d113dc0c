//! `GET /api/catalog`

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::catalog::{Unpacked, digest_in_force, etag};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::shape::catalog::PublicCatalog;
use crate::state::AdminState;

/// What is publicly known of models. Needs no token. A server may be started without it: then it is
/// not found.
#[utoipa::path(
    get, path = "/api/catalog", tag = "catalog", operation_id = "public_catalog",
    security(()),
    responses(
        (status = 200, description = "`models`: a row per model", body = PublicCatalog),
        (status = 304, description = "It is still the one that `If-None-Match` names"),
        Refusals
    )
)]
pub(crate) async fn public(
    State(state): State<AdminState>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let Some(shelf) = &state.public_catalog else {
        let detail = "the catalog is not public here: the server was started with --catalog off";
        return Err(Problem::new(StatusCode::NOT_FOUND, "catalog_off", detail));
    };
    let sha256 = digest_in_force(&mut state.store.read().await?).await?;
    let tag = etag(&sha256);
    if has(&asked, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, shared(&tag)).into_response());
    }
    let packed = shelf.packed(&state.store, &sha256).await?;
    let mut headers = shared(&etag(&packed.sha256));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if takes_gzip(&asked) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Body::from(packed.gzip)
    } else {
        Body::new(Unpacked::new(packed.gzip))
    };
    Ok((headers, body).into_response())
}

fn shared(tag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers
}

/// Whether the client has it (RFC 9110 §13.1.2: tags are compared weakly).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let bare = |it: &str| it.trim().trim_start_matches("W/").to_owned();
    words(asked, &IF_NONE_MATCH).any(|it| it == "*" || bare(it) == bare(tag))
}

/// Whether the client takes gzip (RFC 9110 §12.5.3): named, and not with a weight of 0.
fn takes_gzip(asked: &HeaderMap) -> bool {
    words(asked, &ACCEPT_ENCODING).any(|it| {
        let (name, weight) = it.split_once(';').unwrap_or((it, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>() != Ok(0.0)
    })
}

fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|it| it.to_str().ok());
    values.flat_map(|it| it.split(',')).map(str::trim)
}
