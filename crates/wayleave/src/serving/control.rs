//! Hands `/api`, `/console` and `/metrics` to the control plane.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Response, StatusCode, header};
use http_body_util::BodyExt;
use subtle::ConstantTimeEq;
use tower::ServiceExt;
use wayleave_gateway::Gateway;
use wayleave_gateway::answer::ClientBody;
use wayleave_gateway::client;
use wayleave_gateway::server::ControlPlane;
use wayleave_model::Secret;

/// The control plane as the gateway's server calls it.
pub fn plane(router: Router, gateway: Arc<Gateway>, metrics_token: Option<Secret>) -> ControlPlane {
    let metrics_token = Arc::new(metrics_token);
    Arc::new(move |request, peer: IpAddr| {
        let (router, gateway) = (router.clone(), Arc::clone(&gateway));
        let metrics_token = Arc::clone(&metrics_token);
        Box::pin(async move {
            let response = if request.uri().path() == "/metrics" {
                metrics(&gateway, metrics_token.as_ref().as_ref(), request.headers())
            } else {
                let mut request = request.map(Body::new);
                // As trusted proxies tell it: limits on sign-ins and the audit log go by it.
                let trusted = &gateway.settings.trusted_proxies;
                let client = client::address(request.headers(), peer, trusted);
                request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
                match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            };
            response.map(|body| ClientBody::Foreign(body.map_err(Into::into).boxed_unsync()))
        })
    })
}

/// `/metrics` beside the API needs the token that was set for it.
fn metrics(gateway: &Gateway, token: Option<&Secret>, headers: &http::HeaderMap) -> Response<Body> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let shown = shown.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    let allowed = token.is_some_and(|token| bool::from(token.expose().ct_eq(shown.as_bytes())));
    if allowed {
        return super::metrics::page(gateway);
    }
    let (status, text) = match token {
        Some(_) => (StatusCode::UNAUTHORIZED, "send the metrics token: Authorization: Bearer …\n"),
        None => (
            StatusCode::NOT_FOUND,
            "no metrics here: start with --metrics-listen ADDR, or set WAYLEAVE_METRICS_TOKEN\n",
        ),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
