//! Opens connections to upstreams: addresses checked after DNS, TLS, an optional proxy.

#![allow(
    clippy::disallowed_methods,
    reason = "every address that is resolved here is checked here"
)]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::{Forbidden, Guard};

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address has no host.
    #[error("the address has no host")]
    NoHost,
    /// DNS has no answer.
    #[error("the name {0} could not be resolved: {1}")]
    Dns(String, io::Error),
    /// Every address of the host is forbidden.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// TCP failed.
    #[error("{0} could not be reached: {1}")]
    Tcp(SocketAddr, io::Error),
    /// TLS failed.
    #[error("no TLS with {0}: {1}")]
    Tls(String, io::Error),
    /// The proxy refused.
    #[error("the upstream proxy: {0}")]
    Proxy(String),
    /// The connect timer ran out.
    #[error("no connection within {} ms", .0.as_millis())]
    Timeout(Duration),
}

/// The one place that opens outbound sockets.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    guard: Guard,
    tls: TlsConnector,
    proxy: Option<Uri>,
    timeout: Duration,
}

impl Connector {
    /// A connector that asks `guard` before each connection.
    pub fn new(
        guard: Guard,
        tls: Arc<rustls::ClientConfig>,
        proxy: Option<Uri>,
        timeout: Duration,
    ) -> Connector {
        Connector(Arc::new(Inner { guard, tls: TlsConnector::from(tls), proxy, timeout }))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let timeout = inner.timeout;
            match tokio::time::timeout(timeout, inner.open(&uri)).await {
                Ok(opened) => opened,
                Err(_) => Err(ConnectError::Timeout(timeout)),
            }
        })
    }
}

impl Inner {
    async fn open(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let host = uri.host().ok_or(ConnectError::NoHost)?.trim_matches(['[', ']']);
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let tcp = match &self.proxy {
            Some(proxy) => self.tunnel(proxy, host, port).await?,
            None => self.dial(host, port).await?,
        };
        if !https {
            return Ok(Stream::Plain(TokioIo::new(tcp)));
        }
        let fail = |err: io::Error| ConnectError::Tls(host.to_owned(), err);
        let name =
            ServerName::try_from(host.to_owned()).map_err(|err| fail(io::Error::other(err)))?;
        let tls = self.tls.connect(name, tcp).await.map_err(fail)?;
        Ok(Stream::Tls(TokioIo::new(Box::new(tls))))
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let found = tokio::net::lookup_host((host, port))
            .await
            .map_err(|err| ConnectError::Dns(host.to_owned(), err))?;
        let mut failure = None;
        let mut allowed = Vec::new();
        for addr in found {
            match self.guard.check(addr.ip()) {
                Ok(()) => allowed.push(addr),
                Err(forbidden) => failure = Some(forbidden.into()),
            }
        }
        let until = Instant::now() + self.timeout;
        for (&addr, left) in allowed.iter().zip((1..=allowed.len()).rev()) {
            // One that swallows everything (IPv6 without a way out) leaves time for the others.
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            let share = until.saturating_duration_since(Instant::now()) / left;
            match tokio::time::timeout(share, connect(addr)).await {
                Ok(Ok(tcp)) => return Ok(tcp),
                Ok(Err(err)) => failure = Some(ConnectError::Tcp(addr, err)),
                Err(_) => failure = Some(ConnectError::Timeout(share)),
            }
        }
        Err(failure
            .unwrap_or_else(|| ConnectError::Dns(host.to_owned(), io::Error::other("no address"))))
    }

    /// A tunnel through the operator's proxy (RFC 9110, CONNECT). The name is checked as far as
    /// this machine can resolve it; a name only the proxy can resolve is the proxy's to judge.
    async fn tunnel(&self, proxy: &Uri, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        if let Ok(found) = tokio::net::lookup_host((host, port)).await {
            for addr in found {
                self.guard.check(addr.ip())?;
            }
        }
        let proxy_host = proxy.host().ok_or(ConnectError::NoHost)?;
        let proxy_port = proxy.port_u16().unwrap_or(80);
        let addr = tokio::net::lookup_host((proxy_host, proxy_port))
            .await
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| ConnectError::Proxy(format!("{proxy_host} could not be resolved")))?;
        let mut tcp = connect(addr).await.map_err(|err| ConnectError::Tcp(addr, err))?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
        let fail = |err: io::Error| ConnectError::Proxy(err.to_string());
        tcp.write_all(ask.as_bytes()).await.map_err(fail)?;
        let head = read_head(&mut tcp).await.map_err(fail)?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        // Any 2xx opens the tunnel (RFC 9110, section 9.3.6).
        if status.len() == 3 && status.starts_with('2') {
            Ok(tcp)
        } else {
            Err(ConnectError::Proxy(format!("answered {status}")))
        }
    }
}

async fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect(addr).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

/// Reads byte by byte up to the blank line, so that nothing of the tunnel is swallowed.
async fn read_head(tcp: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8 << 10 {
            return Err(io::Error::other("its answer has no end"));
        }
        head.push(tcp.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A connection to an upstream.
pub enum Stream {
    /// Without TLS.
    Plain(TokioIo<TcpStream>),
    /// With TLS.
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Stream::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Stream::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(io) => Pin::new(io).poll_flush(cx),
            Stream::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Stream::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(io) => io.is_write_vectored(),
            Stream::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Stream::Tls(io) => Pin::new(io).poll_write_vectored(cx, bufs),
        }
    }
}

#[cfg(test)]
mod tests;
