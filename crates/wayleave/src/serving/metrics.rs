//! The metrics page, and the listener of its own that needs no token.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderValue, Response, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wayleave_gateway::Gateway;

/// Every metric, in OpenMetrics text.
pub fn page(gateway: &Gateway) -> Response<Body> {
    let metrics = &gateway.recorder.metrics;
    let quarantined = gateway.healths.quarantined();
    metrics.quarantined.set(i64::try_from(quarantined).unwrap_or(i64::MAX));
    let mut response = Response::new(Body::from(metrics.render()));
    let kind =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Serves `/metrics` on `listener` until `stop`.
pub async fn listen(listener: TcpListener, gateway: Arc<Gateway>, stop: CancellationToken) {
    let router = Router::new().route("/metrics", get(move || async move { page(&gateway) }));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(err) = served.await {
        tracing::error!(%err, "the metrics listener ended");
    }
}
