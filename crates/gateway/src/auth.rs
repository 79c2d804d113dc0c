//! From headers to a key: one keyed hash, one look-up.

use http::{HeaderMap, StatusCode, Uri, header};
use wayleave_model::Timestamp;
use wayleave_model::key::{MAX_LENGTH, foreign_vendor, is_minted};

use crate::refusal::Refusal;
use crate::world::{KeyEntry, World};
use crate::{listing, side};

const STYLES: [&str; 3] = ["x-api-key", "x-goog-api-key", "api-key"];

/// What stands under `key` in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InAddress {
    /// Nothing.
    Nothing,
    /// A key, where Gemini's clients may put it.
    Key(String),
    /// Something on a path where no key is read: addresses are logged on their way.
    OutOfPlace,
}

impl InAddress {
    /// Reads it. Gemini's own interface takes the key there, so ours does under `/v1beta`.
    pub fn of(uri: &Uri) -> InAddress {
        match side::parameter(uri.query(), "key") {
            None | Some("") => InAddress::Nothing,
            Some(_) if !uri.path().starts_with("/v1beta/") => InAddress::OutOfPlace,
            Some(escaped) => listing::decoded(escaped).map_or(InAddress::Nothing, InAddress::Key),
        }
    }
}

/// The key a client presents, in any of the four styles, or in the address as Gemini's clients
/// may. Several must agree.
pub fn presented<'h>(
    headers: &'h HeaderMap,
    in_address: &'h InAddress,
) -> Result<&'h str, Refusal> {
    let mut found: Option<&str> = match in_address {
        InAddress::Key(key) => Some(key),
        InAddress::Nothing | InAddress::OutOfPlace => None,
    };
    let styles = STYLES.iter().flat_map(|name| headers.get_all(*name));
    let bearer = headers.get_all(header::AUTHORIZATION).iter();
    for value in bearer.chain(styles) {
        let Ok(text) = value.to_str() else {
            return Err(invalid("the key holds characters that no key has"));
        };
        let text = text.trim();
        let key = match text.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
            _ if text.eq_ignore_ascii_case("bearer") => "",
            _ => text,
        };
        match found {
            _ if key.is_empty() => {}
            Some(other) if other != key => return Err(ambiguous()),
            _ => found = Some(key),
        }
    }
    match found {
        // Not worth hashing.
        Some(key) if key.len() > MAX_LENGTH => Err(invalid("the key is longer than any key")),
        Some(key) => Ok(key),
        None if *in_address == InAddress::OutOfPlace => Err(out_of_place()),
        None => Err(missing()),
    }
}

/// The key behind `presented`, if it may be used now.
pub fn check<'w>(
    world: &'w World,
    hash: &[u8; 32],
    presented: &str,
    now: Timestamp,
) -> Result<&'w KeyEntry, Denied<'w>> {
    let Some(key) = world.key(hash) else {
        return Err(Denied { refusal: unknown(presented), key: None });
    };
    let refusal = match key.expires_at {
        _ if key.revoked => {
            unauthorised("revoked_api_key", "this key was revoked: ask its owner for a new one")
        }
        Some(at) if at <= now => unauthorised(
            "expired_api_key",
            format!("this key expired at {at}: ask its owner for a new one"),
        ),
        _ => return Ok(key),
    };
    Err(Denied { refusal, key: Some(key) })
}

/// A caller who may not. One whose key is known leaves a row.
pub struct Denied<'w> {
    /// What the caller is told.
    pub refusal: Refusal,
    /// The key, where it is known.
    pub key: Option<&'w KeyEntry>,
}

/// Says what is wrong without repeating any of it.
fn unknown(presented: &str) -> Refusal {
    if let Some(vendor) = foreign_vendor(presented) {
        let message = format!(
            "this looks like a key of {vendor}: it belongs into a provider's credential; clients use a key made here, like wl_…"
        );
        return unauthorised("foreign_key_format", message);
    }
    let has_our_prefix = presented.starts_with("wl_") && presented.len() != 41;
    if has_our_prefix || (presented.starts_with("wl_") && !is_minted(presented)) {
        return invalid(
            "the key is unknown; if it was minted here, it is mistyped or cut: copy it again",
        );
    }
    invalid("the key is unknown: use one made here")
}

fn invalid(message: &str) -> Refusal {
    unauthorised("invalid_api_key", message)
}

fn missing() -> Refusal {
    let message =
        "no key: send one as `Authorization: Bearer wl_…` (or x-api-key, x-goog-api-key, api-key)";
    unauthorised("missing_api_key", message)
}

fn out_of_place() -> Refusal {
    let message = "a key in the address (`?key=`) is read under /v1beta only: send it as `Authorization: Bearer wl_…` (or x-api-key, x-goog-api-key, api-key)";
    unauthorised("missing_api_key", message)
}

fn ambiguous() -> Refusal {
    let message = "several authentication headers hold different keys: send one";
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message).at("authorization")
}

fn unauthorised(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn code(pairs: &[(&'static str, &'static str)]) -> String {
        presented(&headers(pairs), &InAddress::Nothing).unwrap_err().code
    }

    #[test]
    fn a_key_in_the_address_is_read_under_v1beta_only() {
        let at = |uri: &'static str| InAddress::of(&Uri::from_static(uri));
        assert_eq!(at("/v1beta/models?alt=sse&key=k%2B1"), InAddress::Key("k+1".to_owned()));
        for nothing in ["/v1beta/models", "/v1beta/models?key=", "/v1/models?monkey=k1"] {
            assert_eq!(at(nothing), InAddress::Nothing, "{nothing}");
        }
        for path in ["/v1/models?key=k1", "/models?key=k1", "/v1betax/models?key=k1"] {
            assert_eq!(at(path), InAddress::OutOfPlace, "{path}");
        }
        let refusal = presented(&HeaderMap::new(), &InAddress::OutOfPlace).unwrap_err();
        assert_eq!(refusal.code, "missing_api_key");
        assert!(refusal.message.contains("/v1beta") && refusal.message.contains("Bearer"));
        let sent = headers(&[("x-api-key", "k1")]);
        assert_eq!(presented(&sent, &InAddress::OutOfPlace), Ok("k1"));
        let other = InAddress::Key("k2".to_owned());
        assert_eq!(presented(&sent, &other).unwrap_err().code, "invalid_request");
    }

    #[test]
    fn all_four_styles_are_read() {
        for pair in [
            ("authorization", "Bearer k1"),
            ("authorization", "bearer  k1"),
            ("x-api-key", "k1"),
            ("x-goog-api-key", "k1"),
            ("api-key", "k1"),
        ] {
            assert_eq!(presented(&headers(&[pair]), &InAddress::Nothing), Ok("k1"));
        }
    }

    #[test]
    fn several_headers_must_agree() {
        assert_eq!(
            presented(
                &headers(&[("authorization", "Bearer k1"), ("x-api-key", "k1")]),
                &InAddress::Nothing
            ),
            Ok("k1")
        );
        assert_eq!(code(&[("authorization", "Bearer k1"), ("x-api-key", "k2")]), "invalid_request");
        assert_eq!(code(&[("x-api-key", "k1"), ("x-api-key", "k2")]), "invalid_request");
    }

    #[test]
    fn an_empty_header_is_no_header() {
        assert_eq!(code(&[("authorization", "")]), "missing_api_key");
        assert_eq!(code(&[("authorization", "Bearer ")]), "missing_api_key");
        assert_eq!(
            presented(&headers(&[("authorization", ""), ("api-key", "k1")]), &InAddress::Nothing),
            Ok("k1")
        );
    }

    #[test]
    fn a_vendors_key_is_told_where_it_belongs_and_never_echoed() {
        let refusal = unknown("sk-ant-api03-abcdef");
        assert_eq!(refusal.code, "foreign_key_format");
        assert!(refusal.message.contains("Anthropic") && !refusal.message.contains("abcdef"));
        assert!(!unknown("some-secret-text-of-mine").message.contains("secret-text"));
    }
}
