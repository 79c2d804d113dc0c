//! A base URL as somebody has it in a form, and what is wrong with it.

use super::finding::Finding;

/// Operations that people paste along with the base URL.
const OPERATIONS: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages",
    "/embeddings",
    "/models",
    "/rerank",
    "/audio/transcriptions",
];

/// The base URL to go on with, and what was found.
pub(super) fn check(url: &str) -> (String, Finding) {
    let mut base = url.trim().trim_end_matches('/').to_owned();
    let mut mistakes = Vec::new();
    if base.contains(char::is_whitespace) {
        mistakes.push("there is a blank in it".to_owned());
        base.retain(|it| !it.is_whitespace());
    }
    while let Some(operation) = OPERATIONS.iter().find(|it| base.ends_with(*it)) {
        mistakes.push(format!("`{operation}` is an operation, which clients append themselves"));
        base.truncate(base.len() - operation.len());
    }
    while base.ends_with("/v1/v1") {
        mistakes.push("the version is there twice".to_owned());
        base.truncate(base.len() - "/v1".len());
    }
    let finding = if mistakes.is_empty() {
        Finding::good("url", base.clone())
    } else {
        Finding::broken(
            "url",
            format!("{}: {}", url.trim(), mistakes.join("; ")),
            format!("use {base}"),
        )
    };
    (base, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::finding::Grade;

    #[test]
    fn a_good_address_is_left_alone() {
        let (base, finding) = check("https://ai.example.com/v1/");
        assert_eq!((base.as_str(), finding.grade), ("https://ai.example.com/v1", Grade::Good));
    }

    #[test]
    fn what_was_pasted_too_much_is_named() {
        for (url, word) in [
            ("https://x/v1/v1", "the version is there twice"),
            ("https://x/v1/chat/completions", "`/chat/completions` is an operation"),
            ("https://x/v1/chat/completions/chat/completions/", "is an operation"),
            (" https://x /v1", "a blank in it"),
        ] {
            let (base, finding) = check(url);
            assert_eq!(base, "https://x/v1", "{url}");
            assert_eq!(finding.grade, Grade::Broken);
            assert!(finding.what.contains(word), "{}", finding.what);
            assert_eq!(finding.fix.as_deref(), Some("use https://x/v1"));
        }
    }
}
