//! Addresses as people paste them, made into the one form that is stored, shown and called.

use std::net::Ipv6Addr;

use crate::BadAccount;
use crate::manifest::BASE_URL;

/// A base URL in the one form that is stored, and what was changed to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme and host in lower case, no default port, no trailing slash.
    pub url: String,
    /// A sentence for each thing that was cut off or added, to be shown to whoever typed it.
    pub notes: Vec<String>,
}

/// Takes a base URL as the vendor prints it and as people paste it.
///
/// Trailing slashes, a repeated version (`/v1/v1`) and a pasted operation
/// (`/v1/chat/completions`) are cut off; a bare host gets `default_version`. Doing it twice changes
/// nothing. Refused: other schemes than http and https, user names, queries, fragments, dot
/// segments, and characters that two parsers could read differently. No message repeats the text:
/// people paste keys into the wrong field.
pub fn normalise_base_url(
    text: &str,
    default_version: Option<&str>,
) -> Result<BaseUrl, BadAccount> {
    let text = text.trim();
    let (scheme, rest) = split_scheme(text)?;
    if !rest.bytes().all(|it| it.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&it)) {
        return bad("the address holds a space or another character that an address cannot have");
    }
    if rest.contains(['?', '#']) {
        return bad("the address must not have a query (?) or a fragment (#)");
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = normalise_authority(authority, scheme)?;

    let mut notes = Vec::new();
    let mut segments = segments(path)?;
    cut_operations(&mut segments, &mut notes);
    let before = segments.len();
    segments.dedup_by(|next, last| next == last && is_version(last));
    if segments.len() < before {
        notes.push("the version path was there more than once; it is there once now".to_owned());
    }
    if let (true, Some(version)) = (segments.is_empty(), default_version) {
        notes.push(format!("the address was a bare host; /{version} was added"));
        segments.push(version);
    }
    let path: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    Ok(BaseUrl { url: format!("{scheme}://{authority}{path}"), notes })
}

/// A model's name that goes into a path: it may have slashes and colons, but it may not choose
/// where the request goes.
pub fn safe_segment(model: &str) -> Result<&str, BadAccount> {
    let graphic = model.bytes().all(|it| it.is_ascii_graphic() && !b"?#%\\".contains(&it));
    let walks = model.split('/').any(|segment| matches!(segment, "" | "." | ".."));
    if graphic && !walks {
        return Ok(model);
    }
    let message = "this provider has the model's name in its path: no spaces, no ?, #, % or \\, \
                   no empty or dot segments";
    Err(BadAccount::at("model", message))
}

fn bad<T>(message: &str) -> Result<T, BadAccount> {
    Err(BadAccount::at(BASE_URL, message))
}

fn split_scheme(text: &str) -> Result<(&'static str, &str), BadAccount> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return bad("write the whole address, beginning with https:// or http://");
    };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(("https", rest)),
        "http" => Ok(("http", rest)),
        _ => bad("the address must begin with https:// or http://"),
    }
}

fn normalise_authority(authority: &str, scheme: &str) -> Result<String, BadAccount> {
    if authority.contains('@') {
        return bad("no user name or key in the address: the key belongs into the credential");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((inner, port)) => match inner.parse::<Ipv6Addr>() {
            Ok(address) => (format!("[{address}]"), port.strip_prefix(':').or(empty(port)?)),
            Err(_) => return bad("what stands in [ ] is not an IPv6 address"),
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
            None => (authority.to_ascii_lowercase(), None),
        },
    };
    let named = host.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it));
    if !host.starts_with('[') && (!named || host.is_empty() || host.starts_with('.')) {
        return bad("the host's name is missing or has a character that host names cannot have");
    }
    let Some(port) = port else { return Ok(host) };
    let digits = port.bytes().all(|it| it.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => match (scheme, number) {
            ("https", 443) | ("http", 80) => Ok(host),
            _ => Ok(format!("{host}:{number}")),
        },
        _ => bad("the port must be a number from 1 to 65535"),
    }
}

/// `None` for nothing, an error for anything that is not a port.
fn empty(tail: &str) -> Result<Option<&'static str>, BadAccount> {
    if tail.is_empty() || tail.starts_with(':') {
        return Ok(None);
    }
    bad("only a port may follow the ] of an IPv6 address")
}

/// The path's segments without empty ones; dot segments are refused, also when they are encoded.
fn segments(path: &str) -> Result<Vec<&str>, BadAccount> {
    let lower = path.to_ascii_lowercase();
    if ["%2e", "%2f", "%5c", "%00"].iter().any(|it| lower.contains(it)) {
        return bad("the path must not hide dots or slashes behind percent signs");
    }
    let segments: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    if segments.iter().any(|it| matches!(*it, "." | "..")) {
        return bad("the path must not have . or .. in it");
    }
    Ok(segments)
}

/// The operations that people paste along with the base URL, longest first.
static OPERATIONS: &[&[&str]] = &[
    &["messages", "count_tokens"],
    &["chat", "completions"],
    &["audio", "transcriptions"],
    &["audio", "translations"],
    &["audio", "speech"],
    &["images", "generations"],
    &["images", "edits"],
    &["video", "generations"],
    &["completions"],
    &["responses"],
    &["messages"],
    &["embeddings"],
    &["rerank"],
    &["moderations"],
];

fn cut_operations(segments: &mut Vec<&str>, notes: &mut Vec<String>) {
    while let Some(operation) = OPERATIONS.iter().find(|it| segments.ends_with(it)) {
        segments.truncate(segments.len() - operation.len());
        notes.push(format!(
            "/{} was cut off: a base URL ends before the operation",
            operation.join("/")
        ));
    }
}

/// Whether a segment names a version: `v1`, `v1beta`, `v4`.
fn is_version(segment: &str) -> bool {
    let mut letters = segment.bytes();
    letters.next() == Some(b'v')
        && letters.next().is_some_and(|it| it.is_ascii_digit())
        && letters.all(|it| it.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> String {
        normalise_base_url(text, Some("v1")).expect(text).url
    }

    fn refusal(text: &str) -> String {
        normalise_base_url(text, Some("v1")).expect_err(text).message
    }

    #[test]
    fn every_way_to_write_an_address_gives_the_same() {
        for text in [
            "https://api.openai.com/v1",
            " https://api.openai.com/v1/ ",
            "HTTPS://API.OpenAI.com:443/v1//",
            "https://api.openai.com",
            "https://api.openai.com/",
            "https://api.openai.com/v1/v1",
            "https://api.openai.com/v1/chat/completions",
            "https://api.openai.com/v1/chat/completions/chat/completions/",
            "https://api.openai.com/v1/embeddings",
            "https://api.openai.com//v1",
        ] {
            assert_eq!(url(text), "https://api.openai.com/v1", "{text}");
        }
    }

    #[test]
    fn a_path_of_the_vendors_own_stays() {
        for text in [
            "https://api.groq.com/openai/v1",
            "https://api.z.ai/api/paas/v4",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "https://models.github.ai/inference",
            "http://127.0.0.1:9001/v1",
            "http://[::1]:11434/v1",
            "https://gateway.example/a%20b/v1",
        ] {
            assert_eq!(url(text), text);
        }
    }

    #[test]
    fn what_was_changed_is_said() {
        let it = normalise_base_url("https://h/v1/v1/messages", Some("v1")).expect("an address");
        assert_eq!(
            it.notes,
            [
                "/messages was cut off: a base URL ends before the operation",
                "the version path was there more than once; it is there once now",
            ]
        );
        let it = normalise_base_url("http://h", Some("v1")).expect("an address");
        assert_eq!(it.notes, ["the address was a bare host; /v1 was added"]);
        let it = normalise_base_url("http://h/", None).expect("an address");
        assert_eq!(it, BaseUrl { url: "http://h".to_owned(), notes: vec![] });
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_a_reason() {
        assert!(refusal("api.openai.com/v1").contains("whole address"));
        assert!(refusal("ftp://h/v1").contains("https://"));
        assert!(refusal("file:///etc/passwd").contains("https://"));
        assert!(refusal("https://user:pass@h/v1").contains("credential"));
        assert!(refusal("https://h/v1?api-version=1").contains("query"));
        assert!(refusal("https://h/v1#x").contains("fragment"));
        assert!(refusal("https://h/v1/../admin").contains(".."));
        assert!(refusal("https://h/v1/%2E%2e/admin").contains("percent"));
        assert!(refusal("https://h\\@evil/v1").contains("character"));
        assert!(refusal("https://hé/v1").contains("character"));
        assert!(refusal("https://h h/v1").contains("space"));
        assert!(refusal("https:///v1").contains("host"));
        assert!(refusal("https://h:0/v1").contains("port"));
        assert!(refusal("https://h:+80/v1").contains("port"));
        assert!(refusal("https://h:99999/v1").contains("port"));
        assert!(refusal("https://[::1]x/v1").contains("IPv6"));
        assert!(refusal("https://[zz]/v1").contains("IPv6"));
    }

    #[test]
    fn a_key_pasted_into_the_address_is_not_repeated() {
        let error = normalise_base_url("sk-proj-canary", None).expect_err("a key");
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn a_models_name_cannot_choose_the_path() {
        for name in ["gpt-x", "models/gemini-pro", "arn:aws:bedrock:us-east-1:1:x/y", "a@b"] {
            assert_eq!(safe_segment(name), Ok(name));
        }
        for name in
            ["", "..", "a/../b", "/a", "a/", "a//b", "./a", "a?b", "a#b", "a b", "a\nb", "%2e", "é"]
        {
            assert!(safe_segment(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn doing_it_twice_changes_nothing(
            host in "[a-zA-Z0-9.-]{1,12}(:[0-9]{1,6})?",
            path in prop::collection::vec(
                prop_oneof!["v1", "v1beta", "chat", "completions", "messages", "openai", "[!-~]{0,4}"],
                0..6
            ),
        ) {
            let text = format!("https://{host}/{}", path.join("/"));
            if let Ok(once) = normalise_base_url(&text, Some("v1")) {
                let twice = normalise_base_url(&once.url, Some("v1")).expect("still an address");
                prop_assert_eq!(&twice.url, &once.url);
                prop_assert!(once.url.parse::<http::Uri>().is_ok(), "{}", once.url);
            }
        }
    }
}
