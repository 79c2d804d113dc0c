//! The server's certificate, read at the start and again on SIGHUP.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::exit::Failure;

/// Reads certificate and key; offers HTTP/2 and HTTP/1.1.
///
/// # Errors
/// Names the file that cannot be used, and why.
pub fn read(files: &TlsFiles) -> Result<ServerConfig, Failure> {
    let bad = |flag: &str, path: &std::path::Path, err: &dyn std::fmt::Display| {
        Failure::Usage(format!("--{flag} {}: {err}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|err| bad("tls-cert", &files.cert, &err))?;
    if chain.is_empty() {
        return Err(bad("tls-cert", &files.cert, &"no certificate in it"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|err| bad("tls-key", &files.key, &err))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|err| bad("tls-cert", &files.cert, &err))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|err| bad("tls-key", &files.key, &err))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
