//! The published vectors, and what another implementation makes of requests like ours.

use http::Request;

use super::*;

/// The keys of the published suite
/// (<https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html>).
fn secret() -> Secret {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
}

/// A request of the suite, signed: its headers' names and the signature.
fn vector(method: &str, path: &str, query: &str, more: &[(&str, &str)], body: &str) -> String {
    let mut headers = vec![
        ("host".to_owned(), "example.amazonaws.com".to_owned()),
        ("x-amz-date".to_owned(), "20150830T123600Z".to_owned()),
    ];
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    headers.sort();
    let body_hash = hash([body.as_bytes()]);
    let canonical = Canonical { method, path, query, headers: &headers, body_hash: &body_hash };
    let secret = secret();
    let keys =
        Keys { access_key_id: "AKIDEXAMPLE", secret_access_key: &secret, session_token: None };
    let scope = Scope { region: "us-east-1", service: "service" };
    let authorization = authorization(&canonical, &keys, &scope, "20150830T123600Z");
    let prefix =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ";
    authorization.strip_prefix(prefix).expect("the scope of the suite").to_owned()
}

#[test]
fn the_published_vectors_are_met() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (name, signed, expected) in [
        (
            "get-vanilla",
            vector("GET", "/", "", &[], ""),
            "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "post-vanilla",
            vector("POST", "/", "", &[], ""),
            "SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "get-vanilla-empty-query-key",
            vector("GET", "/", "Param1=value1", &[], ""),
            "SignedHeaders=host;x-amz-date, Signature=a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        (
            "get-vanilla-query-order-key-case",
            vector("GET", "/", "Param2=value2&Param1=value1", &[], ""),
            "SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "post-x-www-form-urlencoded",
            vector("POST", "/", "", &[form], "Param1=value1"),
            "SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ] {
        assert_eq!(signed, expected, "{name}");
    }
}

/// Signs a call of ours, its body in two pieces.
fn signed(url: &str, region: &str, token: Option<&str>) -> http::request::Parts {
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header("user-agent", "any")
        .header("traceparent", "00-1-2-00");
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    let (secret, token) = (secret(), token.map(Secret::new));
    let keys = Keys {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: &secret,
        session_token: token.as_ref(),
    };
    let now = Timestamp::parse("2026-11-22T01:02:03.999Z").expect("an instant");
    let body = [r#"{"messages":[{"role":"user","#, r#""content":[{"text":"hi"}]}]}"#];
    let body = body.map(|piece| Bytes::from_static(piece.as_bytes()));
    sign(&mut parts, &body, &keys, &Scope { region, service: "bedrock" }, now).expect("signed");
    parts
}

/// Made with `botocore.auth.SigV4Auth` of botocore 1.44.5 for the same request, keys and instant.
#[test]
fn botocore_signs_the_same() {
    let claude = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse";
    let profile = "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream";
    let below = "http://127.0.0.1:9001/a%20b/model/m%3A0/converse";
    for (url, region, token, names, signature) in [
        (
            claude,
            "us-east-1",
            None,
            "content-type;host;x-amz-date",
            "18a0d1f5e0f6ba1b54783293c3b000e72684b1b60bccbea5741b8e98ee28a717",
        ),
        (
            profile,
            "us-east-1",
            Some("TOKEN/+=abc"),
            "content-type;host;x-amz-date;x-amz-security-token",
            "26063c013bccf9d766cfab6d835ab707c164ed47cf3c7366ebbb034a17126648",
        ),
        (
            below,
            "eu-central-1",
            None,
            "content-type;host;x-amz-date",
            "b76cbb87adf8b3f606294e390bce1aa2cf6119eb90dc1b39098229843d47f82a",
        ),
    ] {
        let parts = signed(url, region, token);
        let authorization = parts.headers.get(AUTHORIZATION).expect("signed");
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/{region}/bedrock/aws4_request, \
             SignedHeaders={names}, Signature={signature}"
        );
        assert_eq!(authorization, expected.as_str(), "{url}");
        assert_eq!(parts.headers.get(DATE).expect("dated"), "20261122T010203Z");
        let sent = parts.headers.get(TOKEN).map(|it| it.to_str().expect("text"));
        assert_eq!(sent, token);
    }
}

#[test]
fn nothing_secret_is_printed() {
    let parts = signed("https://h/model/m/converse", "us-east-1", Some("canary-token"));
    let shown = format!("{parts:?}");
    assert!(!shown.contains("canary") && !shown.contains("Signature="), "{shown}");
}

#[test]
fn a_key_that_cannot_be_sent_names_its_field_and_is_not_repeated() {
    let (mut parts, ()) = Request::post("https://h/").body(()).expect("a request").into_parts();
    let secret = secret();
    let keys = Keys { access_key_id: "canary\n", secret_access_key: &secret, session_token: None };
    let scope = Scope { region: "r", service: "s" };
    let error = sign(&mut parts, &[], &keys, &scope, Timestamp::from_micros(0)).expect_err("bad");
    assert_eq!(error.field, "access_key_id");
    assert!(!error.message.contains("canary"));
}

#[test]
fn spaces_in_a_value_count_once() {
    assert_eq!(squeezed(b"  a   b  "), "a b");
    assert_eq!(encode("a b/ü:%~", b"/"), "a%20b/%C3%BC%3A%25~");
}
