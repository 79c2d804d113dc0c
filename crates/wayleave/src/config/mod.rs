//! The process's own settings: flags over environment over file over defaults, as checked values.
//!
//! Everything else (providers, models, aliases, keys) is data, kept in the database.

mod file;
pub mod layers;
mod read;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use wayleave_model::Secret;
use wayleave_store::DatabaseUrl;

pub use file::File;
pub use layers::{ConfigError, Flags, Layers};

/// A free check of each credential a day: a key that was revoked is known before the second day.
const DAY: Duration = Duration::from_secs(86_400);

/// What the process was told, checked.
#[derive(Debug)]
pub struct Config {
    /// Where clients are served. Port 0 takes any free port.
    pub listen: Vec<SocketAddr>,
    /// The folder of this node: spool, socket, and with SQLite the database.
    pub data: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// Certificate and key, for TLS on every `listen` address.
    pub tls: Option<TlsFiles>,
    /// Where the key-encryption key is.
    pub kek: KekSource,
    /// How upstreams are reached.
    pub upstream: Upstream,
    /// The address that clients see, without a slash at its end; printed in base URLs and error texts.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxy: Vec<IpNet>,
    /// A setup file applied at start.
    pub apply: Option<PathBuf>,
    /// How logs look.
    pub log_format: LogFormat,
    /// A listener of its own for `/metrics`.
    pub metrics_listen: Option<SocketAddr>,
    /// Whoever shows it may read `/metrics` at the `listen` address.
    pub metrics_token: Option<Secret>,
    /// Threads that serve requests.
    pub workers: usize,
    /// Whether a PostgreSQL schema is brought up to date at start (SQLite always is).
    pub migrate: bool,
    /// A stream that is silent for so long gets a heartbeat.
    pub heartbeat: Duration,
    /// Upstream timers, where a route has none of its own.
    pub timeouts: Timeouts,
    /// How long streams may go on after SIGTERM.
    pub drain: Duration,
    /// How long keys are honoured after the database was last heard of.
    pub key_grace: Duration,
    /// Whether `/api/catalog` is shown to everybody.
    pub public_catalog: bool,
    /// How often stored credentials are proven again; `None`: never by itself.
    pub check_credentials: Option<Duration>,
    /// Web origins that may call `/v1`; empty: none.
    pub cors_origins: Vec<String>,
}

/// A certificate chain and its key, both PEM; read again on SIGHUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where the key-encryption key is.
#[derive(Debug)]
pub enum KekSource {
    /// In a file, made on first start with mode 0600.
    File(PathBuf),
    /// In `WAYLEAVE_KEK` itself.
    Given(Secret),
}

/// How upstreams are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Loopback and private networks that providers may be in; none unless listed.
    pub allow: Vec<IpNet>,
    /// Private networks that pictures and files in requests may be fetched from, where a provider
    /// takes only bytes: callers choose those addresses.
    pub media_allow: Vec<IpNet>,
    /// A proxy for all upstream calls, like `http://proxy:3128`; never taken from the environment.
    pub proxy: Option<String>,
    /// Certificates (PEM) that upstreams are checked against, besides the public ones.
    pub ca: Option<PathBuf>,
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Upstream timers. There is no limit on the whole of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To a connection.
    pub connect: Duration,
    /// From the request's last byte to the answer's head.
    pub first_byte: Duration,
    /// From the head to the first piece of content.
    pub first_token: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
}

impl Config {
    /// Checks every setting; the error lists all that are wrong, each with where it was given.
    pub fn resolve(layers: &Layers<'_>, cores: usize) -> Result<Config, ConfigError> {
        let mut read = read::Reader::new(layers);
        let data = read.path("data").unwrap_or_else(|| PathBuf::from("data"));
        let config = Config {
            listen: read.many("listen", read::address, &["127.0.0.1:8080"]),
            database: read
                .one("database", read::database)
                .unwrap_or_else(|| default_database(&data)),
            tls: tls(&mut read),
            kek: kek(&mut read, &data),
            upstream: Upstream {
                allow: read.many("upstream-allow", read::network, &[]),
                media_allow: read.many("media-allow", read::network, &[]),
                proxy: read.one("upstream-proxy", read::http_proxy),
                ca: read.path("upstream-ca"),
            },
            public_url: read.one("public-url", read::base_url),
            trusted_proxy: read.many("trusted-proxy", read::network, &[]),
            apply: read.path("apply"),
            log_format: read.one("log-format", read::log_format).unwrap_or(LogFormat::Text),
            metrics_listen: read.one("metrics-listen", read::address),
            metrics_token: read.one("metrics-token", read::token),
            workers: read.one("workers", read::threads).unwrap_or(cores.max(1)),
            migrate: read.one("migrate", read::switch).unwrap_or(false),
            heartbeat: read.millis("heartbeat-ms", 15_000),
            timeouts: timeouts(&mut read),
            drain: read.millis("drain-ms", 30_000),
            key_grace: read.millis("key-grace-ms", 600_000),
            public_catalog: read.one("catalog", read::public).unwrap_or(true),
            check_credentials: read.one("check-credentials", read::period).unwrap_or(Some(DAY)),
            cors_origins: read.many("cors-origin", read::origin, &[]),
            data,
        };
        read.finish(config)
    }
}

/// The database of a data folder that was told nothing else.
pub fn default_database(data: &std::path::Path) -> DatabaseUrl {
    DatabaseUrl::sqlite(data.join("wayleave.db"))
}

fn tls(read: &mut read::Reader<'_>) -> Option<TlsFiles> {
    match (read.path("tls-cert"), read.path("tls-key")) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
        (None, None) => None,
        (Some(_), None) => read.refuse("tls-cert", "needs --tls-key beside it"),
        (None, Some(_)) => read.refuse("tls-key", "needs --tls-cert beside it"),
    }
}

fn kek(read: &mut read::Reader<'_>, data: &std::path::Path) -> KekSource {
    let file = read.path("kek-file");
    match (file, read.env("WAYLEAVE_KEK")) {
        (Some(_), Some(_)) => {
            read.refuse::<()>("kek-file", "stands beside WAYLEAVE_KEK: give one of them");
            KekSource::File(data.join("kek"))
        }
        (None, Some(key)) => KekSource::Given(Secret::new(key)),
        (Some(path), None) => KekSource::File(path),
        (None, None) => KekSource::File(data.join("kek")),
    }
}

/// The official OpenAI SDK waits ten minutes for an answer by default, and a model that thinks for
/// long is silent for as long: ours must not be the shorter wait.
fn timeouts(read: &mut read::Reader<'_>) -> Timeouts {
    Timeouts {
        connect: read.millis("connect-timeout-ms", 10_000),
        first_byte: read.millis("first-byte-timeout-ms", 600_000),
        first_token: read.millis("first-token-timeout-ms", 600_000),
        idle: read.millis("idle-timeout-ms", 300_000),
    }
}

#[cfg(test)]
mod tests;
