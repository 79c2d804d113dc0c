//! The id of each management request: in its answer's header, in problems, in the audit, in the log.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderValue, Method};
use wayleave_model::id::RequestId;

use crate::error::Problem;
use crate::state::AdminState;

/// The id of the request it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Id(pub(crate) String);

/// Gives each request an id, and writes problems, which need it.
pub(crate) async fn layer(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::new(state.clock.now()).to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(Id(id.clone()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allow = response.headers_mut().remove(http::header::ALLOW);
        response = problem.document(&id);
        if let Some(allow) = allow {
            response.headers_mut().insert(http::header::ALLOW, allow);
        }
    }
    let status = response.status().as_u16();
    if method == Method::GET {
        tracing::debug!(request_id = %id, %method, path, status, "management");
    } else {
        tracing::info!(request_id = %id, %method, path, status, "management");
    }
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    // Secrets are among the answers.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
