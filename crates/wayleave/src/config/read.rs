//! From texts to values that cannot be wrong, collecting every mistake on the way.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use wayleave_model::Secret;
use wayleave_store::DatabaseUrl;

use super::LogFormat;
use super::layers::{ConfigError, Layers};

/// Reads settings and remembers what was wrong with them.
pub(super) struct Reader<'a> {
    layers: &'a Layers<'a>,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: &'a Layers<'a>) -> Reader<'a> {
        Reader { layers, wrong: Vec::new() }
    }

    /// The value, if every setting read was right.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.wrong.is_empty() { Ok(value) } else { Err(ConfigError(self.wrong)) }
    }

    pub(super) fn env(&self, name: &str) -> Option<String> {
        (self.layers.env)(name).filter(|it| !it.is_empty())
    }

    pub(super) fn one<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        let (values, origin) = self.layers.get(name)?;
        if values.len() > 1 {
            self.wrong.push(format!("{origin}: given more than once"));
        }
        match parse(values.first()?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.wrong.push(format!("{origin}: {message}"));
                None
            }
        }
    }

    pub(super) fn many<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, String>,
        or: &[&str],
    ) -> Vec<T> {
        let Some((values, origin)) = self.layers.get(name) else {
            return or.iter().filter_map(|it| parse(it).ok()).collect();
        };
        let mut read = Vec::new();
        for value in values {
            match parse(&value) {
                Ok(value) => read.push(value),
                Err(message) => self.wrong.push(format!("{origin}: {message}")),
            }
        }
        read
    }

    pub(super) fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.one(name, |text| Ok(PathBuf::from(text)))
    }

    pub(super) fn millis(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_millis(self.one(name, millis).unwrap_or(default))
    }

    /// Notes that a setting cannot be used as it was given.
    pub(super) fn refuse<T>(&mut self, name: &str, why: &str) -> Option<T> {
        let origin =
            self.layers.get(name).map_or_else(|| format!("--{name}"), |(_, it)| it.to_string());
        self.wrong.push(format!("{origin}: {why}"));
        None
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is not an address: expected IP and port, like 127.0.0.1:8080 or [::]:8080"
        )
    })
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let whole = || text.parse().ok().map(|ip: std::net::IpAddr| IpNet::from(ip));
    text.parse().ok().or_else(whole).ok_or_else(|| {
        format!("`{text}` is not a network: expected CIDR notation, like 127.0.0.0/8 or ::1/128")
    })
}

pub(super) fn database(text: &str) -> Result<DatabaseUrl, String> {
    DatabaseUrl::parse(text).map_err(|error| error.to_string())
}

/// An address with scheme and host, without its last slashes.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`{text}` is not a base URL: expected something like https://ai.example.com");
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    let host = uri.authority().filter(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    if !plain || host.is_none() {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A proxy, which may have a name and a password in its address.
pub(super) fn http_proxy(text: &str) -> Result<String, String> {
    let uri: Option<http::Uri> = text.parse().ok();
    match uri.as_ref().and_then(|it| it.scheme_str()) {
        Some("http") => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("not a proxy's address: expected http://host:port".to_owned()),
    }
}

/// A web origin: scheme, host and perhaps a port.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let uri: Option<http::Uri> = base_url(text).ok().and_then(|it| it.parse().ok());
    match uri {
        Some(uri) if uri.path() == "/" => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!(
            "`{text}` is not an origin: expected something like https://app.example.com"
        )),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is no log format: expected text or json")),
    }
}

/// Never echoed, not even when it is refused.
pub(super) fn token(text: &str) -> Result<Secret, String> {
    if text.len() < 16 {
        return Err("too short: expected at least 16 characters".to_owned());
    }
    Ok(Secret::new(text))
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err(format!("`{text}` is not a number of threads: expected 1 to 1024")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

/// Whether something is shown to everybody.
pub(super) fn public(text: &str) -> Result<bool, String> {
    match text {
        "public" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{text}` is neither public nor off")),
    }
}

/// `off`, or a number of seconds, minutes, hours or days.
pub(super) fn period(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is neither `off` nor a time like 90m, 24h or 7d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    match count {
        0 => Err(wrong()),
        count => Ok(Some(Duration::from_secs(u64::from(count) * seconds))),
    }
}

/// At least one: a timer of nothing would end every request.
pub(super) fn millis(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` is not a number of milliseconds above 0")),
        Ok(count) => Ok(count),
    }
}
