//! AWS Signature Version 4, for any service but S3 (which encodes paths once, not twice).
//!
//! Reference: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use wayleave_model::{Secret, Timestamp};

use crate::BadAccount;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Keys of an AWS account, long-lived or of a session.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// Names the pair of keys; goes over the wire.
    pub access_key_id: &'a str,
    /// Never leaves.
    pub secret_access_key: &'a Secret,
    /// Goes along with keys of a session.
    pub session_token: Option<&'a Secret>,
}

/// Where a signature holds.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Like `us-east-1`.
    pub region: &'a str,
    /// The service's signing name, like `bedrock`.
    pub service: &'a str,
}

/// Signs `request` as it stands: adds its date, the session's token and the authorisation.
///
/// The signature covers method, path, query, body, and the headers `host`, `content-type` and
/// `x-amz-…`; a proxy may change the others. The address must be absolute, and its path encoded as
/// it goes over the wire, without empty and dot segments.
///
/// # Errors
/// A key that cannot stand in a header. Its value is not repeated.
pub fn sign(
    request: &mut http::request::Parts,
    body: &[Bytes],
    keys: &Keys<'_>,
    scope: &Scope<'_>,
    now: Timestamp,
) -> Result<(), BadAccount> {
    let moment = moment(now);
    request.headers.insert(DATE, header("now", moment.as_bytes(), false)?);
    if let Some(token) = keys.session_token {
        request.headers.insert(TOKEN, header("session_token", token.expose(), true)?);
    }
    let headers = signed_headers(request);
    let canonical = Canonical {
        method: request.method.as_str(),
        path: request.uri.path(),
        query: request.uri.query().unwrap_or_default(),
        headers: &headers,
        body_hash: &hash(body.iter().map(|piece| &**piece)),
    };
    let authorization = authorization(&canonical, keys, scope, &moment);
    let value = header("access_key_id", authorization.as_bytes(), true)?;
    request.headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// What a signature covers.
struct Canonical<'a> {
    method: &'a str,
    /// As it goes over the wire.
    path: &'a str,
    /// As it goes over the wire, without its question mark.
    query: &'a str,
    /// Names in lower case, sorted, each once.
    headers: &'a [(String, String)],
    /// In hex.
    body_hash: &'a str,
}

/// The `Authorization` header for a request at `moment`, like `20150830T123600Z`.
fn authorization(
    request: &Canonical<'_>,
    keys: &Keys<'_>,
    scope: &Scope<'_>,
    moment: &str,
) -> String {
    let day = moment.get(..8).unwrap_or_default();
    let Scope { region, service } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let hashed = hash([request.text().as_bytes()]);
    let to_sign = format!("{ALGORITHM}\n{moment}\n{scope}\n{hashed}");

    let secret = Secret::new([b"AWS4", keys.secret_access_key.expose()].concat());
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
    for part in [day, region, service, "aws4_request"] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    let (id, names) = (keys.access_key_id, request.names());
    format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

impl Canonical<'_> {
    /// The request in the one form that both sides hash.
    fn text(&self) -> String {
        let mut headers = String::new();
        for (name, value) in self.headers {
            headers.extend([name, ":", value, "\n"]);
        }
        let path = if self.path.is_empty() { "/" } else { self.path };
        let Canonical { method, body_hash, .. } = self;
        let (query, names) = (self.query(), self.names());
        format!("{method}\n{}\n{query}\n{headers}\n{names}\n{body_hash}", encode(path, b"/"))
    }

    fn query(&self) -> String {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        let mut pairs: Vec<(&str, &str)> =
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        pairs.sort_unstable();
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    fn names(&self) -> String {
        self.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
    }
}

/// Percent-encodes everything but letters, digits, `-`, `.`, `_`, `~` and what is in `kept`.
pub fn encode(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn signed_headers(request: &http::request::Parts) -> Vec<(String, String)> {
    let host = request.uri.authority().map_or("", |authority| authority.as_str());
    let mut headers = vec![("host".to_owned(), host.to_owned())];
    for name in request.headers.keys() {
        if *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
            let values = request.headers.get_all(name).iter();
            let values: Vec<String> = values.map(|value| squeezed(value.as_bytes())).collect();
            headers.push((name.as_str().to_owned(), values.join(",")));
        }
    }
    headers.sort();
    headers
}

/// A header's value without spaces around it, and with one where there are several.
fn squeezed(value: &[u8]) -> String {
    String::from_utf8_lossy(value).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn header(field: &str, value: &[u8], secret: bool) -> Result<HeaderValue, BadAccount> {
    let mut value = HeaderValue::from_bytes(value).map_err(|_| {
        BadAccount::at(field, "holds a character that cannot be sent (a line break?)")
    })?;
    value.set_sensitive(secret);
    Ok(value)
}

/// The instant as AWS writes it. One beyond the calendar's years becomes a date that AWS refuses.
fn moment(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn hash<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    pieces.into_iter().for_each(|piece| context.update(piece));
    hex(context.finish().as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests;
