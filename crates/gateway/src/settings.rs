//! What the process was told about the data plane when it started.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use wayleave_model::alias::Policy;

/// Settings of one process. Everything else is data in the store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The base URL that clients are told, without `/v1`.
    pub public_url: String,
    /// Most bytes of a JSON body.
    pub max_body: usize,
    /// Most bytes of a form with files.
    pub max_upload: u64,
    /// Most bytes of all uploads together, at one time.
    pub upload_room: u64,
    /// Where uploads are until they are sent on: in files without a name.
    pub upload_folder: PathBuf,
    /// Silence after which a stream says that it lives.
    pub heartbeat: Duration,
    /// Upstream timers, where a route has none of its own.
    pub timeouts: Timers,
    /// How long a key may be honoured after the database was last heard of.
    pub key_grace: Duration,
    /// Private addresses that upstreams may have.
    pub upstream_allow: Vec<IpNet>,
    /// Private addresses that media in requests may have, where they are fetched for a provider.
    pub media_allow: Vec<IpNet>,
    /// A proxy for upstream connections (`http://host:port`).
    pub upstream_proxy: Option<http::Uri>,
    /// More certificate authorities for upstreams, in PEM.
    pub upstream_ca: Option<PathBuf>,
    /// Peers whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call `/v1` from.
    pub cors_origins: Vec<String>,
    /// Unstreamed calls that go on after their client left, at most.
    pub max_drains: usize,
    /// How long one of them may go on.
    pub drain_limit: Duration,
}

/// Upstream timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// To a connection, TLS included.
    pub connect: Duration,
    /// From the request's last byte to the answer's head.
    pub first_byte: Duration,
    /// From the head to the first semantic event.
    pub first_token: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
}

impl Timers {
    /// These, with those that a route has of its own.
    pub fn of(&self, policy: &Policy) -> Timers {
        let or = |ms: Option<u64>, usual| ms.map_or(usual, Duration::from_millis);
        let own = &policy.timeouts;
        Timers {
            connect: self.connect,
            first_byte: or(own.first_byte_ms, self.first_byte),
            first_token: or(own.first_token_ms, self.first_token),
            idle: or(own.idle_ms, self.idle),
        }
    }
}

impl Default for Timers {
    /// Long enough for a model that thinks: five minutes of silence are an error, ten seconds
    /// without a connection are.
    fn default() -> Timers {
        Timers {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            first_token: Duration::from_secs(300),
            idle: Duration::from_secs(300),
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            public_url: "http://127.0.0.1:8080".to_owned(),
            max_body: 64 << 20,
            max_upload: 512 << 20,
            upload_room: 8 << 30,
            upload_folder: std::env::temp_dir(),
            heartbeat: Duration::from_secs(15),
            timeouts: Timers::default(),
            key_grace: Duration::from_secs(600),
            upstream_allow: Vec::new(),
            media_allow: Vec::new(),
            upstream_proxy: None,
            upstream_ca: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            max_drains: 256,
            drain_limit: Duration::from_secs(600),
        }
    }
}
