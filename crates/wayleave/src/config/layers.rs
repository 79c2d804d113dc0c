//! Where a setting can be given, which place wins, and how an error says where it was.

use std::collections::BTreeMap;
use std::fmt;

use super::file::File;

/// One setting: flag `--name`, environment `WAYLEAVE_NAME`, and a key of the file.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag's name, without its dashes.
    pub name: &'static str,
    /// The key in the file, dotted.
    pub key: &'static str,
    /// Whether it is a list: a repeated flag, commas in the environment, an array in the file.
    pub list: bool,
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    list("listen", "listen"),
    one("data", "data"),
    one("database", "database"),
    one("tls-cert", "tls.cert"),
    one("tls-key", "tls.key"),
    one("kek-file", "kek"),
    list("upstream-allow", "upstream.allow"),
    list("media-allow", "upstream.media_allow"),
    one("upstream-proxy", "upstream.proxy"),
    one("upstream-ca", "upstream.ca"),
    one("public-url", "public_url"),
    list("trusted-proxy", "trusted_proxy"),
    one("apply", "apply"),
    one("log-format", "log_format"),
    one("metrics-listen", "metrics.listen"),
    one("metrics-token", "metrics.token"),
    one("workers", "workers"),
    one("migrate", "migrate"),
    one("heartbeat-ms", "heartbeat_ms"),
    one("connect-timeout-ms", "timeouts.connect_ms"),
    one("first-byte-timeout-ms", "timeouts.first_byte_ms"),
    one("first-token-timeout-ms", "timeouts.first_token_ms"),
    one("idle-timeout-ms", "timeouts.idle_ms"),
    one("drain-ms", "drain_ms"),
    one("key-grace-ms", "key_grace_ms"),
    one("catalog", "catalog"),
    one("check-credentials", "check_credentials"),
    list("cors-origin", "cors.origins"),
];

impl Setting {
    /// Its name in the environment.
    pub fn env(&self) -> String {
        format!("WAYLEAVE_{}", self.name.replace('-', "_").to_uppercase())
    }

    /// Its flag. `--kek FILE` is short for what the environment calls `WAYLEAVE_KEK_FILE`, because
    /// `WAYLEAVE_KEK` holds the key itself.
    pub fn flag(&self) -> String {
        format!("--{}", if self.name == "kek-file" { "kek" } else { self.name })
    }
}

/// The texts given as flags, by setting.
pub type Flags = BTreeMap<&'static str, Vec<String>>;

/// The three places, strongest first. The environment is an argument, so that tests can fix it.
pub struct Layers<'a> {
    /// The command line.
    pub flags: &'a Flags,
    /// Looks a variable up.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The settings file, if there is one.
    pub file: Option<&'a File>,
}

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag(String),
    /// In the environment.
    Env(String),
    /// In the file, with `path:line:column` and the key.
    File(String, &'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => f.write_str(flag),
            Origin::Env(name) => f.write_str(name),
            Origin::File(at, key) => write!(f, "{at}: `{key}`"),
        }
    }
}

impl Layers<'_> {
    /// The texts of the strongest place that has any, and that place.
    pub fn get(&self, name: &str) -> Option<(Vec<String>, Origin)> {
        let setting = SETTINGS.iter().find(|it| it.name == name)?;
        if let Some(values) = self.flags.get(name).filter(|it| !it.is_empty()) {
            return Some((values.clone(), Origin::Flag(setting.flag())));
        }
        let variable = setting.env();
        if let Some(value) = (self.env)(&variable).filter(|it| !it.is_empty()) {
            let values = if setting.list {
                value
                    .split(',')
                    .map(|it| it.trim().to_owned())
                    .filter(|it| !it.is_empty())
                    .collect()
            } else {
                vec![value]
            };
            return Some((values, Origin::Env(variable)));
        }
        let file = self.file?;
        let (values, at) = file.get(setting.key)?;
        Some((values.to_vec(), Origin::File(at, setting.key)))
    }
}

/// Settings that cannot be used, each with where it was given and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

const fn one(name: &'static str, key: &'static str) -> Setting {
    Setting { name, key, list: false }
}

const fn list(name: &'static str, key: &'static str) -> Setting {
    Setting { name, key, list: true }
}
