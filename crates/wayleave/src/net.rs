//! One HTTP/1.1 connection to a server that a person named: TCP, TLS or a Unix socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A socket in the data folder of a server on this machine.
    Unix(PathBuf),
    /// A host, and whether it speaks TLS.
    Tcp {
        /// With TLS.
        tls: bool,
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
}

/// A base URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Where to connect.
    pub place: Place,
    /// What goes into `Host`.
    pub authority: String,
    /// The path that every path is appended to, without a slash at its end.
    pub path: String,
}

impl Base {
    /// Reads `http://host[:port][/path]` or `https://…`.
    ///
    /// # Errors
    /// One sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Base, String> {
        let uri: http::Uri = text.trim().parse().map_err(|_| format!("`{text}` is not a URL"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(format!("`{text}` does not begin with http:// or https://")),
        };
        let authority = uri.authority().filter(|it| !it.host().is_empty());
        let Some(authority) = authority else { return Err(format!("`{text}` names no host")) };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err("a base URL has neither a password nor a query".to_owned());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Base {
            place: Place::Tcp { tls, host, port },
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The management socket in a data folder.
    pub fn socket(data: &Path) -> Base {
        Base {
            place: Place::Unix(data.join("admin.sock")),
            authority: "localhost".to_owned(),
            path: String::new(),
        }
    }
}

/// Opens a connection. `ca` is a PEM file of certificates to trust besides the public ones.
///
/// # Errors
/// One sentence that says at which step it failed: name, connection or TLS.
pub async fn connect(place: &Place, ca: Option<&Path>) -> Result<SendRequest<Full<Bytes>>, String> {
    match place {
        Place::Unix(path) => {
            let stream = UnixStream::connect(path).await;
            speak(stream.map_err(|error| format!("{}: {error}", path.display()))?).await
        }
        Place::Tcp { tls, host, port } => {
            let stream = tcp(host, *port).await?;
            if !*tls {
                return speak(stream).await;
            }
            let name = ServerName::try_from(host.clone())
                .map_err(|_| format!("`{host}` cannot have a certificate"))?;
            let connector = TlsConnector::from(Arc::new(trust(ca)?));
            let shaken = tokio::time::timeout(CONNECT, connector.connect(name, stream)).await;
            match shaken {
                Ok(Ok(stream)) => speak(stream).await,
                Ok(Err(error)) => Err(format!("TLS with {host}:{port} failed: {error}")),
                Err(_) => {
                    Err(format!("TLS with {host}:{port} took longer than {} s", CONNECT.as_secs()))
                }
            }
        }
    }
}

/// Opens a TCP connection, to see whether somebody is there or to speak on it.
///
/// # Errors
/// One sentence that says whether the name or the connection failed.
#[allow(
    clippy::disallowed_methods,
    reason = "the person at the command line names this address and runs this process: no tenant can"
)]
pub async fn tcp(host: &str, port: u16) -> Result<TcpStream, String> {
    let dial = async {
        let found = tokio::net::lookup_host((host, port)).await;
        let addresses: Vec<_> =
            found.map_err(|error| format!("the name `{host}` is not found: {error}"))?.collect();
        let stream = TcpStream::connect(addresses.as_slice()).await;
        let stream = stream.map_err(|error| format!("no connection to {host}:{port}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(stream)
    };
    let late = || format!("no connection to {host}:{port} within {} s", CONNECT.as_secs());
    tokio::time::timeout(CONNECT, dial).await.unwrap_or_else(|_| Err(late()))
}

async fn speak<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|error| error.to_string())?;
    // Ends when the sender is dropped or the peer hangs up; a failure shows at the sender.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn trust(ca: Option<&Path>) -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca {
        let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        for cert in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
            let cert = cert.map_err(|error| unreadable(&error))?;
            roots.add(cert).map_err(|error| unreadable(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_taken_apart() {
        let base = Base::parse("https://ai.example.com/v1/").unwrap();
        assert_eq!(base.place, Place::Tcp { tls: true, host: "ai.example.com".into(), port: 443 });
        assert_eq!((base.authority.as_str(), base.path.as_str()), ("ai.example.com", "/v1"));
        let base = Base::parse("http://[::1]:8080").unwrap();
        assert_eq!(base.place, Place::Tcp { tls: false, host: "::1".into(), port: 8080 });
        assert_eq!((base.authority.as_str(), base.path.as_str()), ("[::1]:8080", ""));
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in ["localhost:8080", "ftp://x", "http://", "https://u:p@x", "https://x/?k=1", ""]
        {
            assert!(Base::parse(text).is_err(), "{text}");
        }
    }
}
