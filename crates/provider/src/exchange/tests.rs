//! An assertion is verified with the key's public half, made for this test alone.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A fresh key, and a key file that holds it.
fn key_file() -> (KeyPair, Secret) {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("PKCS #8");
    let text = pem::url_safe(der.as_ref()).replace('-', "+").replace('_', "/");
    let file = json!({
        "type": "service_account",
        "project_id": "proj",
        "private_key_id": "k1",
        "private_key":
            format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"),
        "client_email": "me@proj.iam.gserviceaccount.com",
    });
    (key, Secret::new(file.to_string()))
}

fn decoded(part: &str) -> Vec<u8> {
    let standard = part.replace('-', "+").replace('_', "/");
    let pem = format!("-----BEGIN PRIVATE KEY-----{standard}-----END PRIVATE KEY-----");
    pem::private_key(&pem).expect("base64")
}

#[test]
fn an_assertion_is_signed_by_the_accounts_key() {
    let (key, file) = key_file();
    let exchange = service_account("service_account_key", &file, "scope", NOW).expect("signed");
    assert_eq!(exchange.url, "https://oauth2.googleapis.com/token");
    let body = exchange.body.expose_str().expect("a form");
    let assertion = body
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .expect("a grant");
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    assert!(public.verify(signed.as_bytes(), &decoded(signature)).is_ok());
    let (header, claims) = signed.split_once('.').expect("two parts");
    let header: serde_json::Value = serde_json::from_slice(&decoded(header)).expect("JSON");
    assert_eq!(header, json!({"alg":"RS256","typ":"JWT","kid":"k1"}));
    let claims: serde_json::Value = serde_json::from_slice(&decoded(claims)).expect("JSON");
    let expected = json!({"iss":"me@proj.iam.gserviceaccount.com","scope":"scope",
        "aud":"https://oauth2.googleapis.com/token","iat":1_700_000_000,"exp":1_700_003_600});
    assert_eq!(claims, expected);
    assert_eq!(project_of(&file).as_deref(), Some("proj"));
    assert!(!format!("{exchange:?}").contains(signature));
}

#[test]
fn what_is_no_key_file_is_refused_and_not_repeated() {
    for canary in [
        "AIza-canary",
        r#"{"client_email":"a","private_key":"canary"}"#,
        r#"{"client_email":"a","private_key":"-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----"}"#,
    ] {
        let error = service_account("f", &Secret::new(canary), "s", NOW).expect_err("no key");
        assert_eq!(error.field, "f");
        assert!(!error.message.contains("canary"), "{error}");
    }
}

#[test]
fn a_token_expires_a_little_early_and_is_not_printed() {
    let body = br#"{"access_token":"ya29.canary","expires_in":3599,"token_type":"Bearer"}"#;
    let token = Token::read(StatusCode::OK, body, NOW).expect("a token");
    assert_eq!(token.expires.as_seconds(), 1_700_000_000 + 3599 - 60);
    let header = token.authorization().expect("a header");
    assert_eq!(header, "Bearer ya29.canary");
    assert!(!format!("{token:?} {header:?}").contains("canary"));
}

#[test]
fn a_refusal_is_told_in_the_services_words() {
    let body = br#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    let refused = Token::read(StatusCode::BAD_REQUEST, body, NOW).expect_err("refused");
    assert_eq!(refused.code.as_deref(), Some("invalid_grant"));
    assert_eq!((&*refused.message, refused.final_word), ("Invalid JWT Signature.", true));
    let busy = Token::read(StatusCode::SERVICE_UNAVAILABLE, b"<html>", NOW).expect_err("busy");
    assert!(!busy.final_word);
    assert!(Token::read(StatusCode::OK, b"{}", NOW).is_err());
}
