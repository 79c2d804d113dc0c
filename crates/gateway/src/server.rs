//! Accepts connections and hands requests to the data plane or the control plane.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
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
/// How HTTP/2 begins (RFC 9113, section 3.4), as far as it takes to tell it from HTTP/1.1.
const PREFACE: &[u8; 4] = b"PRI ";

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
        let protocols = Arc::new(Protocols::new());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => {
                    let server = Arc::clone(&self);
                    let (protocols, stop) = (Arc::clone(&protocols), stop.clone());
                    self.connections
                        .spawn(async move { server.connection(tcp, peer, &protocols, stop).await });
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
        protocols: &Protocols,
        stop: CancellationToken,
    ) {
        // Without it a small write waits for the client's delayed acknowledgement: 40 ms a token.
        let _ = tcp.set_nodelay(true);
        match self.tls.load_full() {
            None => {
                let is_http2 = tokio::select! {
                    () = stop.cancelled() => return,
                    found = tokio::time::timeout(HEAD_TIME, speaks_http2(&tcp)) => found,
                };
                match is_http2 {
                    Ok(Ok(is_http2)) => self.serve(tcp, is_http2, peer, protocols, stop).await,
                    Ok(Err(err)) => tracing::debug!(%err, %peer, "a connection ended early"),
                    Err(_) => tracing::debug!(%peer, "a connection on which nothing was asked"),
                }
            }
            Some(config) => {
                let handshake = TlsAcceptor::from(config).accept(tcp);
                match tokio::time::timeout(HANDSHAKE_TIME, handshake).await {
                    Ok(Ok(tls)) => {
                        let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
                        // On the heap: it is larger than all that a connection without TLS needs.
                        Box::pin(self.serve(tls, is_http2, peer, protocols, stop)).await;
                    }
                    Ok(Err(err)) => tracing::debug!(%err, %peer, "no TLS"),
                    Err(_) => tracing::debug!(%peer, "no TLS in time"),
                }
            }
        }
    }

    async fn serve(
        self: Arc<Self>,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        is_http2: bool,
        peer: SocketAddr,
        protocols: &Protocols,
        stop: CancellationToken,
    ) {
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(server.route(request, peer.ip()).await) }
        });
        let ended = if is_http2 {
            // On the heap: few connections are, and each would be as large as one.
            let connection = protocols.http2.serve_connection(TokioIo::new(io), service);
            Box::pin(until(connection, stop, |it| it.graceful_shutdown())).await
        } else {
            let connection = protocols.http1.serve_connection(TokioIo::new(io), service);
            until(connection, stop, |it| it.graceful_shutdown()).await
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

/// How each protocol is spoken. Which one it is, is found out before: what decides it while it reads
/// hands the first bytes on by themselves, for which each connection pays with a second buffer.
struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    fn new() -> Protocols {
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(100);
        // One piece to the kernel: an event is three (its length, itself, a line's end), and their
        // vector costs more than copying them.
        http1.writev(false);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(H2_STREAMS)
            .keep_alive_interval(Duration::from_secs(30));
        Protocols { http1, http2 }
    }
}

/// Runs `connection` to its end; from `stop` on, `shut` has it end after the request it is in.
async fn until<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    stop: CancellationToken,
    shut: fn(Pin<&mut C>),
) -> hyper::Result<()> {
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            shut(connection.as_mut());
            connection.await
        }
    }
}

/// Whether a client begins with HTTP/2 where no TLS agreed on it. Takes nothing from the connection.
async fn speaks_http2(tcp: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let count = tcp.peek(&mut first).await?;
        let matches = count > 0 && PREFACE.starts_with(&first[..count]);
        if !matches || count == first.len() {
            return Ok(matches);
        }
        // `P` alone may be a `POST`. What is there stays there, so its coming tells nothing.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test plays the client")]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn begins(pieces: &[&[u8]]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.set_nodelay(true).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let found = tokio::spawn(async move { speaks_http2(&server).await.unwrap() });
        for piece in pieces {
            client.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(client);
        found.await.unwrap()
    }

    #[tokio::test]
    async fn http2_is_told_by_its_first_bytes_however_they_come() {
        assert!(begins(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).await);
        assert!(begins(&[b"P", b"R", b"I", b" "]).await);
        assert!(!begins(&[b"POST / HTTP/1.1\r\n"]).await);
        assert!(!begins(&[b"P", b"UT / HTTP/1.1\r\n"]).await);
        assert!(!begins(&[b"GET"]).await);
        assert!(!begins(&[]).await);
    }
}
