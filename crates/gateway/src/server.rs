//! Accepts connections and hands requests to the data plane or the control plane.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer::ClientBody;
use crate::gateway::Gateway;

/// How long a client may take for a request's head: slower is an attack or a broken line.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Streams of one HTTP/2 connection.
const H2_STREAMS: u32 = 1_000;

/// The control plane: everything below `/api` and `/console`.
pub type ControlPlane = Arc<
    dyn Fn(Request<Incoming>, IpAddr) -> Pin<Box<dyn Future<Output = Response<ClientBody>> + Send>>
        + Send
        + Sync,
>;

/// What listens.
pub struct Server {
    /// The data plane.
    pub gateway: Arc<Gateway>,
    /// The control plane.
    pub control: ControlPlane,
    /// TLS, where a certificate is set; exchanged when it is reloaded.
    pub tls: Arc<ArcSwapOption<rustls::ServerConfig>>,
    /// Connections under way.
    pub connections: TaskTracker,
}

impl Server {
    /// Accepts on `listener` until `stop`; connections end after the request they are in.
    pub async fn listen(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let builder = Arc::new(builder());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => {
                    let server = Arc::clone(&self);
                    let (builder, stop) = (Arc::clone(&builder), stop.clone());
                    self.connections
                        .spawn(async move { server.connection(tcp, peer, &builder, stop).await });
                }
                Err(err) => {
                    // Out of descriptors, most likely: others must end before more can begin.
                    tracing::error!(%err, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn connection(
        self: Arc<Self>,
        tcp: TcpStream,
        peer: SocketAddr,
        builder: &auto::Builder<TokioExecutor>,
        stop: CancellationToken,
    ) {
        // Without it a small write waits for the client's delayed acknowledgement: 40 ms a token.
        let _ = tcp.set_nodelay(true);
        match self.tls.load_full() {
            None => self.serve(tcp, peer, builder, stop).await,
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(tcp);
                match tokio::time::timeout(HANDSHAKE_TIME, handshake).await {
                    Ok(Ok(tls)) => self.serve(tls, peer, builder, stop).await,
                    Ok(Err(err)) => tracing::debug!(%err, %peer, "no TLS"),
                    Err(_) => tracing::debug!(%peer, "no TLS in time"),
                }
            }
        }
    }

    async fn serve(
        self: Arc<Self>,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        builder: &auto::Builder<TokioExecutor>,
        stop: CancellationToken,
    ) {
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(server.route(request, peer.ip()).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(io), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(err) = ended {
            tracing::debug!(%err, %peer, "a connection ended early");
        }
    }

    async fn route(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Response<ClientBody> {
        let path = request.uri().path();
        let ours = ["/api", "/console", "/metrics"];
        let is_control = ours.iter().any(|prefix| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_control {
            return (self.control)(request, peer).await;
        }
        let origin = self.allowed_origin(&request);
        let mut response = match (&origin, request.method()) {
            (Some(_), &Method::OPTIONS) => preflight(&request),
            _ => self.gateway.serve(request, peer).await,
        };
        if let Some(origin) = origin {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(
                    "x-request-id, retry-after, x-wayleave-adjusted, x-wayleave-lossy",
                ),
            );
        }
        response
    }

    /// The browser's origin, where the operator listed it.
    fn allowed_origin(&self, request: &Request<Incoming>) -> Option<HeaderValue> {
        let allowed = &self.gateway.settings.cors_origins;
        if allowed.is_empty() {
            return None;
        }
        let origin = request.headers().get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        allowed.iter().any(|it| it == text || it == "*").then(|| origin.clone())
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

/// The answer to a browser's question whether it may ask (Fetch, CORS-preflight).
fn preflight(request: &Request<Incoming>) -> Response<ClientBody> {
    let mut response = Response::new(ClientBody::Full(None));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(wanted) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

/// From now on `/readyz` says that the process is on its way out.
pub fn drain(gateway: &Gateway) {
    gateway.draining.store(true, Ordering::Relaxed);
}
