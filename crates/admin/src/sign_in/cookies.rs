//! Cookies of browsers, and the check that a page of ours sent them.
//!
//! Every cookie is `HttpOnly`, `SameSite=Lax`, for this host and all its paths; where clients are told
//! an https address it is `Secure` and its name says so (`__Host-`), which a page of a neighbouring
//! host cannot forge (RFC 6265bis, section 4.1.3.2). `SameSite` stops most requests that another
//! site's page would make in somebody's name; the check of `Origin` stops the rest
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html#verifying-origin-with-standard-headers>).

use http::header::{COOKIE, HOST, HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, HeaderValue, Uri};

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The secret of a session.
    Session,
    /// That somebody signed in here before.
    Browser,
    /// A sign-in with another system that is under way.
    UnderWay,
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Cookie {
    fn name(self, public_url: &str) -> String {
        let name = match self {
            Cookie::Session => "wayleave_session",
            Cookie::Browser => "wayleave_browser",
            Cookie::UnderWay => "wayleave_sign_in",
        };
        if is_https(public_url) { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// What the request says it is.
    pub(crate) fn of(self, headers: &HeaderMap, public_url: &str) -> Option<String> {
        let name = self.name(public_url);
        let values = headers.get_all(COOKIE).into_iter().filter_map(|it| it.to_str().ok());
        let mut pairs = values.flat_map(|it| it.split(';')).filter_map(|it| it.split_once('='));
        let found = pairs.find(|(it, _)| it.trim() == name).map(|(_, value)| value.trim());
        found.filter(|it| !it.is_empty()).map(str::to_owned)
    }

    /// The header that sets it, for so many seconds.
    pub(crate) fn set(self, value: &str, seconds: i64, public_url: &str) -> Option<HeaderValue> {
        let name = self.name(public_url);
        let secure = if is_https(public_url) { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The header that removes it.
    pub(crate) fn clear(self, public_url: &str) -> Option<HeaderValue> {
        self.set("", 0, public_url)
    }
}

/// What the request's own headers say of the page that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A page of this server.
    Ours,
    /// A page of somebody else's.
    Foreign,
    /// No browser that says so.
    Unsaid,
}

/// Which page sent it: `Origin`, else `Sec-Fetch-Site`, else `Referer`. Ours is the address that
/// clients are told, and the host that the request itself is for, which no page can choose.
pub(crate) fn sender(headers: &HeaderMap, uri: &Uri, public_url: &str) -> Sender {
    let text = |name: &HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    if let Some(origin) = text(&ORIGIN) {
        return judged(is_ours(origin, headers, uri, public_url));
    }
    if let Some(site) = text(&FETCH_SITE) {
        return judged(site == "same-origin" || site == "none");
    }
    match text(&REFERER) {
        Some(page) => judged(is_ours(page, headers, uri, public_url)),
        None => Sender::Unsaid,
    }
}

fn judged(ours: bool) -> Sender {
    if ours { Sender::Ours } else { Sender::Foreign }
}

fn is_ours(page: &str, headers: &HeaderMap, uri: &Uri, public_url: &str) -> bool {
    let Some((scheme, host)) = origin(page) else { return false };
    if origin(public_url).is_some_and(|it| it == (scheme.clone(), host.clone())) {
        return true;
    }
    let asked = uri.authority().map(|it| it.as_str());
    let asked = asked.or_else(|| headers.get(HOST).and_then(|it| it.to_str().ok()));
    asked.is_some_and(|it| it.eq_ignore_ascii_case(&host))
        && (scheme == "https" || !is_https(public_url))
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    Some((scheme, uri.authority()?.as_str().to_ascii_lowercase()))
}

pub(crate) fn is_https(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "https://ai.example.com";

    fn said(pairs: &[(&'static str, &str)], public_url: &str) -> Sender {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        sender(&headers, &Uri::from_static("/api/v1/session"), public_url)
    }

    #[test]
    fn only_our_own_pages_are_ours() {
        assert_eq!(said(&[("origin", "https://ai.example.com")], TOLD), Sender::Ours);
        assert_eq!(said(&[("origin", "https://ai.example.com:8443")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("origin", "https://ai.example.com.evil.org")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("origin", "http://ai.example.com")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("origin", "null")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("sec-fetch-site", "same-origin")], TOLD), Sender::Ours);
        assert_eq!(said(&[("sec-fetch-site", "same-site")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("sec-fetch-site", "cross-site")], TOLD), Sender::Foreign);
        assert_eq!(said(&[("referer", "https://ai.example.com/console/")], TOLD), Sender::Ours);
        assert_eq!(said(&[("referer", "https://evil.org/?ai.example.com")], TOLD), Sender::Foreign);
        assert_eq!(said(&[], TOLD), Sender::Unsaid);
        let both = [("origin", "https://evil.org"), ("sec-fetch-site", "same-origin")];
        assert_eq!(said(&both, TOLD), Sender::Foreign);
    }

    #[test]
    fn a_browser_may_reach_us_by_another_name() {
        let told = "http://127.0.0.1:8080";
        let host = ("host", "localhost:8080");
        assert_eq!(said(&[host, ("origin", "http://localhost:8080")], told), Sender::Ours);
        assert_eq!(said(&[host, ("origin", "http://localhost:3000")], told), Sender::Foreign);
        let plain = [("host", "ai.example.com"), ("origin", "http://ai.example.com")];
        assert_eq!(said(&plain, TOLD), Sender::Foreign);
    }

    #[test]
    fn a_cookie_is_secure_where_the_address_is() {
        let set = Cookie::Session.set("wls_x", 60, TOLD).unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-wayleave_session=wls_x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let set = Cookie::Session.clear("http://127.0.0.1:8080").unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "wayleave_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "a=b; __Host-wayleave_session=wls_x;c".parse().unwrap());
        assert_eq!(Cookie::Session.of(&headers, TOLD).as_deref(), Some("wls_x"));
        assert_eq!(Cookie::Session.of(&headers, "http://x"), None);
        assert_eq!(Cookie::Browser.of(&headers, TOLD), None);
    }
}
