//! Where requests leave the process: the only place that reaches an address a tenant can name.

#![allow(clippy::disallowed_types, reason = "the one guarded client is made here")]

pub mod address;
pub mod body;
pub mod connect;
pub mod decode;
pub mod download;
pub mod exchange;
mod pieces;
pub mod play;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, header};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service as _;

use crate::settings::Settings;
use address::Guard;
use body::{AnswerBody, Pieces, chain};
use connect::{ConnectError, Connector};
use decode::Decoder;

/// The shared client: one pool of HTTP/1.1 connections per host. HTTP/2 would queue requests
/// behind a server's limit of concurrent streams (usually 100), so it is not offered.
#[derive(Clone)]
pub struct Upstream {
    client: Client<Connector, Pieces>,
    connector: Connector,
}

/// An answer's head, and its body to come.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
    /// The body was compressed although nobody asked.
    pub unpacked: bool,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection.
    #[error("{0}")]
    Connect(String),
    /// A connection, but no head in time.
    #[error("no answer within {} ms", .0.as_millis())]
    FirstByte(Duration),
    /// The connection failed before the head came.
    #[error("{0}")]
    Broken(String),
}

/// Settings of the process that no connection can be made with.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamSettingsError {
    /// The file of more certificate authorities.
    #[error("--upstream-ca: {0}")]
    Ca(String),
}

impl Upstream {
    /// The client that `settings` describe.
    pub fn new(settings: &Settings) -> Result<Upstream, UpstreamSettingsError> {
        Upstream::guarded(settings, settings.upstream_allow.clone())
    }

    /// The client for addresses that callers name: private ones only where the operator says so
    /// for media.
    pub fn for_media(settings: &Settings) -> Result<Upstream, UpstreamSettingsError> {
        Upstream::guarded(settings, settings.media_allow.clone())
    }

    fn guarded(
        settings: &Settings,
        allow: Vec<ipnet::IpNet>,
    ) -> Result<Upstream, UpstreamSettingsError> {
        let connector = Connector::new(
            Guard::new(allow),
            Arc::new(tls(settings)?),
            settings.upstream_proxy.clone(),
            settings.timeouts.connect,
        );
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(usize::MAX)
            .build(connector.clone());
        Ok(Upstream { client, connector })
    }

    /// Opens a connection to where `uri` leads, TLS included, and closes it.
    pub async fn reach(&self, uri: http::Uri) -> Result<(), SendError> {
        let connected = self.connector.clone().call(uri).await;
        connected.map(drop).map_err(|why| SendError::Connect(why.to_string()))
    }

    /// Sends `request` and waits at most `first_byte` for the head.
    pub async fn send(
        &self,
        request: Request<Pieces>,
        first_byte: Duration,
    ) -> Result<Answer, SendError> {
        let answer = match tokio::time::timeout(first_byte, self.client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(err)) => return Err(failure(&err)),
            Err(_) => return Err(SendError::FirstByte(first_byte)),
        };
        let (head, body) = answer.into_parts();
        let encoding = head.headers.get(header::CONTENT_ENCODING).and_then(|it| it.to_str().ok());
        let decoder = Decoder::of(encoding).map_err(SendError::Broken)?;
        let unpacked = decoder.is_some();
        let body = match decoder {
            Some(decoder) => AnswerBody::Packed(body, Box::new(decoder)),
            None => AnswerBody::Http(body),
        };
        Ok(Answer { status: head.status, headers: head.headers, body, unpacked })
    }
}

fn failure(err: &Error) -> SendError {
    let cause = std::error::Error::source(err);
    match cause.and_then(|cause| cause.downcast_ref::<ConnectError>()) {
        Some(connect) => SendError::Connect(connect.to_string()),
        None if err.is_connect() => SendError::Connect(chain(err)),
        None => SendError::Broken(chain(err)),
    }
}

fn tls(settings: &Settings) -> Result<rustls::ClientConfig, UpstreamSettingsError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = &settings.upstream_ca {
        let fail = |err: &dyn std::fmt::Display| {
            UpstreamSettingsError::Ca(format!("{}: {err}", file.display()))
        };
        let found = CertificateDer::pem_file_iter(file).map_err(|err| fail(&err))?;
        for certificate in found {
            let certificate = certificate.map_err(|err| fail(&err))?;
            roots.add(certificate).map_err(|err| fail(&err))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|err| UpstreamSettingsError::Ca(err.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
