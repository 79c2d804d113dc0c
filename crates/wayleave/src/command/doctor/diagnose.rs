//! What a refusal means for somebody who is setting a client up: why, and what to do. Pure.

use http::{StatusCode, header};
use serde_json::Value;
use wayleave_model::Secret;
use wayleave_model::key::{foreign_vendor, is_minted};

use super::ask::Reply;
use super::finding::Finding;

/// What a call was about.
pub(super) struct About<'a> {
    pub(super) step: &'static str,
    /// The base URL.
    pub(super) base: &'a str,
    pub(super) key: Option<&'a Secret>,
    pub(super) model: Option<&'a str>,
    /// Models the endpoint listed.
    pub(super) models: &'a [String],
}

/// Why an answer that is no success came.
pub(super) fn refusal(about: &About<'_>, reply: &Reply) -> Finding {
    let broken = |what: String, fix: String| Finding::broken(about.step, what, fix);
    let status = reply.status.as_u16();
    if reply.status.is_redirection() {
        let to = reply.header(header::LOCATION);
        let fix = "use that address: clients lose the key or the body when they follow".to_owned();
        return broken(format!("{status}: it redirects to {to}"), fix);
    }
    if reply.is_page() {
        return page(about, reply);
    }
    let (code, message) = error_of(reply);
    let said = if message.is_empty() { String::new() } else { format!(": {message}") };
    match reply.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if code == "ip_not_allowed" => {
            broken(format!("{status}{said}"), "call from an address that the key allows".to_owned())
        }
        StatusCode::UNAUTHORIZED => broken(format!("401{said}"), key_advice(&code, about.key)),
        StatusCode::FORBIDDEN => {
            broken(format!("403{said}"), "use a key that may call this model".to_owned())
        }
        StatusCode::NOT_FOUND if is_model(&code, &message) => {
            broken(format!("404{said}"), model_advice(about))
        }
        StatusCode::NOT_FOUND => broken(
            format!("404{said}"),
            format!("check the path: {} should be the base URL, with its version", about.base),
        ),
        StatusCode::METHOD_NOT_ALLOWED => broken(
            format!("405{said}"),
            "the path is not that of an API: check the base URL".to_owned(),
        ),
        StatusCode::PAYMENT_REQUIRED => {
            broken(format!("402{said}"), "raise the budget or top the account up".to_owned())
        }
        StatusCode::TOO_MANY_REQUESTS => broken(format!("429{said}"), retry_advice(reply)),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => broken(
            format!("{status}{said}"),
            "the endpoint refuses this kind of request, or the model cannot do it".to_owned(),
        ),
        other if other.is_server_error() => {
            let fix =
                "the endpoint or the provider behind it failed: its own log says more".to_owned();
            broken(format!("{status}{said}"), fix)
        }
        _ => broken(format!("{status}{said}"), "see the endpoint's documentation".to_owned()),
    }
}

/// A web page where JSON should be.
pub(super) fn page(about: &About<'_>, reply: &Reply) -> Finding {
    let status = reply.status.as_u16();
    let (what, fix) = match reply.status {
        StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY => (
            format!(
                "{status} with a web page: a proxy or firewall on the way answers, not the endpoint"
            ),
            "let that proxy through to the endpoint's host and port".to_owned(),
        ),
        StatusCode::NOT_FOUND => (
            "404 with a web page: a web server is there, but nothing of an API at this path"
                .to_owned(),
            with_version(about.base),
        ),
        _ => (
            format!(
                "{status} with a web page: this is the address of a website or a console, not of an API"
            ),
            with_version(about.base),
        ),
    };
    Finding::broken(about.step, what, fix)
}

fn with_version(base: &str) -> String {
    if base.ends_with("/v1") {
        "check host and path of the base URL".to_owned()
    } else {
        format!("try {base}/v1")
    }
}

/// Code and message of an error body, in OpenAI's form or near it.
pub(super) fn error_of(reply: &Reply) -> (String, String) {
    let body = reply.json().unwrap_or(Value::Null);
    let error = body.get("error").unwrap_or(&body);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = [error.get("code"), error.get("type")].into_iter().flatten().find_map(Value::as_str);
    let message = [error.get("message"), error.get("detail"), Some(error)];
    let message = message.into_iter().map(text).find(|it| !it.is_empty()).unwrap_or_default();
    (code.unwrap_or_default().to_owned(), message.chars().take(300).collect())
}

fn key_advice(code: &str, key: Option<&Secret>) -> String {
    let Some(text) = key.and_then(Secret::expose_str) else {
        return "give the key with --key".to_owned();
    };
    match code {
        "expired_api_key" => return "the key has expired: have it renewed".to_owned(),
        "revoked_api_key" => return "the key was revoked: ask for a new one".to_owned(),
        _ => {}
    }
    if text != text.trim() {
        return "there are blanks around the key: copy it again".to_owned();
    }
    if text.starts_with("wlt_") {
        return "this is a management token: clients need a key, which begins with wl_".to_owned();
    }
    if text.starts_with("wl_") && text.len() == 41 && !is_minted(text)
        || text.starts_with("wl_") && text.len() < 41
    {
        return "the key was mistyped or cut off, its checksum is wrong: copy it again".to_owned();
    }
    if let Some(vendor) = foreign_vendor(text) {
        return format!(
            "this has the shape of a key of {vendor}: if the endpoint is another, it needs a key of its own"
        );
    }
    "the endpoint does not know this key: copy it again, or ask for a new one".to_owned()
}

fn is_model(code: &str, message: &str) -> bool {
    code.contains("model") || message.to_ascii_lowercase().contains("model")
}

/// The nearest of the models that are there.
pub(super) fn model_advice(about: &About<'_>) -> String {
    let wanted = about.model.unwrap_or_default();
    let near = nearest(wanted, about.models);
    match (near.is_empty(), about.models) {
        (false, _) => format!("did you mean {}?", near.join(", ")),
        (true, []) => {
            "check the model's name: it must be the public name, as the operator set it".to_owned()
        }
        (true, models) => {
            let some: Vec<&str> = models.iter().take(5).map(String::as_str).collect();
            format!("the endpoint has, among others, {}", some.join(", "))
        }
    }
}

/// Up to three names that look like `wanted`.
fn nearest<'a>(wanted: &str, models: &'a [String]) -> Vec<&'a str> {
    let lower = wanted.to_lowercase();
    let mut scored: Vec<(usize, &str)> = models
        .iter()
        .map(|model| {
            let other = model.to_lowercase();
            let part = !lower.is_empty() && (other.contains(&lower) || lower.contains(&other));
            (if part { 0 } else { distance(&lower, &other) }, model.as_str())
        })
        .filter(|(score, _)| *score <= wanted.chars().count() / 4)
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, model)| model).collect()
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn retry_advice(reply: &Reply) -> String {
    match reply.header(header::RETRY_AFTER) {
        "" => "wait, or raise the limit".to_owned(),
        after => format!("wait {after} s, or raise the limit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, content_type: &'static str, body: &str) -> Reply {
        let mut reply = Reply { status: StatusCode::from_u16(status).unwrap(), ..Reply::default() };
        reply.headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        reply.body = body.as_bytes().to_vec();
        reply
    }

    fn advice(reply: &Reply, key: &str) -> (String, String) {
        let key = Secret::new(key);
        let models = ["gpt-4o-mini".to_owned(), "claude-sonnet".to_owned()];
        let about = About {
            step: "chat",
            base: "https://x/v1",
            key: Some(&key),
            model: Some("gpt-4o-mni"),
            models: &models,
        };
        let finding = refusal(&about, reply);
        (finding.what, finding.fix.unwrap())
    }

    #[test]
    fn each_kind_of_401_has_its_own_advice() {
        let fix = |code: &str, key: &str| {
            let body = format!(r#"{{"error":{{"message":"no","code":"{code}"}}}}"#);
            advice(&reply(401, "application/json", &body), key).1
        };
        assert!(fix("expired_api_key", "wl_x").contains("expired"));
        assert!(fix("revoked_api_key", "wl_x").contains("revoked"));
        assert!(fix("invalid_api_key", "wl_0123").contains("cut off"));
        assert!(fix("invalid_api_key", "wlt_0123").contains("management token"));
        assert!(fix("invalid_api_key", "sk-ant-x").contains("Anthropic"));
        assert!(fix("invalid_api_key", " some-key").contains("blanks"));
        assert!(fix("", "some-imported-key-of-ours").contains("does not know this key"));
    }

    #[test]
    fn an_unknown_model_gets_its_nearest_neighbours() {
        let body = r#"{"error":{"message":"there is no model","code":"model_not_found"}}"#;
        assert_eq!(
            advice(&reply(404, "application/json", body), "k").1,
            "did you mean gpt-4o-mini?"
        );
    }

    #[test]
    fn a_web_page_is_not_an_api() {
        let (what, fix) = advice(&reply(200, "text/html; charset=utf-8", "<!doctype html>"), "k");
        assert!(what.contains("a website or a console"), "{what}");
        assert_eq!(fix, "check host and path of the base URL");
        let (what, _) = advice(&reply(403, "text/html", "<html>"), "k");
        assert!(what.contains("a proxy or firewall"), "{what}");
    }

    #[test]
    fn a_redirect_names_where_to() {
        let mut moved = reply(308, "text/plain", "");
        moved.headers.insert(header::LOCATION, "https://y/v1".parse().unwrap());
        assert_eq!(advice(&moved, "k").0, "308: it redirects to https://y/v1");
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
