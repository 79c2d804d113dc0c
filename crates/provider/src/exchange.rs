//! Credentials that are exchanged for a short-lived token: the request and its answer, no I/O.
//!
//! A service account's key signs an assertion (RFC 7523), which the account's token service turns
//! into a bearer token (<https://developers.google.com/identity/protocols/oauth2/service-account>).
//! Whoever sends the request keeps the token until shortly before it expires.

mod pem;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use wayleave_model::{Secret, Timestamp};

use crate::BadAccount;

/// The body's type.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Seconds for which an assertion asks: the most that Google grants.
const LIFETIME: i64 = 3600;

/// Seconds by which a token is taken to expire early, for clocks and long requests.
const MARGIN: i64 = 60;

/// A POST of a form, whose answer is a token ([`Token::read`]).
#[derive(Debug)]
pub struct Exchange {
    /// Where to. A tenant names it: it goes through the same address check as a base URL.
    pub url: String,
    /// The form. It holds the signed assertion.
    pub body: Secret,
}

/// A bearer token.
#[derive(Debug)]
pub struct Token {
    secret: Secret,
    /// Not to be used from here on.
    pub expires: Timestamp,
}

/// The token service refused, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token service refused: {message}")]
pub struct Unexchanged {
    /// Its code, like `invalid_grant`.
    pub code: Option<String>,
    /// One line.
    pub message: String,
    /// It refused the key itself; asking again does not help.
    pub final_word: bool,
}

/// What of a service account's key file is needed.
#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default = "google")]
    token_uri: String,
    #[serde(default)]
    project_id: Option<String>,
}

fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

/// The project that a service account's key file names.
pub fn project_of(key_file: &Secret) -> Option<String> {
    serde_json::from_slice::<ServiceAccount>(key_file.expose()).ok()?.project_id
}

/// Asks for a token for `scope` with the key file in `field`.
///
/// # Errors
/// The key file is not one, or its key cannot sign. No message repeats any of it.
pub fn service_account(
    field: &str,
    key_file: &Secret,
    scope: &str,
    now: Timestamp,
) -> Result<Exchange, BadAccount> {
    let account: ServiceAccount = serde_json::from_slice(key_file.expose()).map_err(|_| {
        BadAccount::at(field, "not a service account's key file: paste the whole JSON file")
    })?;
    if !account.token_uri.starts_with("https://") && !account.token_uri.starts_with("http://") {
        return Err(BadAccount::at(field, "the key file's token_uri is not an address"));
    }
    let unusable = || BadAccount::at(field, "the key file's private_key cannot be used");
    let key = pem::private_key(&account.private_key).ok_or_else(unusable)?;
    let key = KeyPair::from_pkcs8(&key).map_err(|_| unusable())?;
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": account.private_key_id });
    let issued = now.as_seconds();
    let claims = json!({
        "iss": account.client_email,
        "scope": scope,
        "aud": account.token_uri,
        "iat": issued,
        "exp": issued + LIFETIME,
    });
    let signed = format!(
        "{}.{}",
        pem::url_safe(header.to_string().as_bytes()),
        pem::url_safe(claims.to_string().as_bytes())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| unusable())?;
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}.{}",
        pem::url_safe(&signature)
    );
    Ok(Exchange { url: account.token_uri, body: Secret::new(body) })
}

/// What a token service answers (RFC 6749, section 5).
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<Seconds>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

/// Some services say it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl Seconds {
    fn count(self) -> Option<i64> {
        match self {
            Seconds::Number(seconds) => Some(seconds),
            Seconds::Text(text) => text.trim().parse().ok(),
        }
    }
}

/// A form as `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
pub fn form(fields: &[(&str, &[u8])]) -> Secret {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        for &byte in *value {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                    body.push(char::from(byte));
                }
                b' ' => body.push('+'),
                _ => body.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    Secret::new(body)
}

impl Token {
    /// Reads the answer to an [`Exchange`] that came at `now`.
    ///
    /// # Errors
    /// It holds no token.
    pub fn read(status: StatusCode, body: &[u8], now: Timestamp) -> Result<Token, Unexchanged> {
        let final_word = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
        let refused =
            |code: Option<String>, message: String| Err(Unexchanged { code, message, final_word });
        let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
            return refused(None, format!("status {} and no JSON", status.as_u16()));
        };
        let token = answer.access_token.filter(|token| status.is_success() && !token.is_empty());
        let Some(token) = token else {
            let code = answer.error;
            let message = answer.error_description.or_else(|| code.clone());
            let message = message.unwrap_or_else(|| format!("status {}", status.as_u16()));
            return refused(code, message);
        };
        let secret = Secret::new(token);
        let seconds =
            answer.expires_in.and_then(Seconds::count).unwrap_or(LIFETIME).clamp(0, 86_400)
                - MARGIN;
        Ok(Token { secret, expires: now.plus_micros(seconds.max(1) * 1_000_000) })
    }

    /// The `Authorization` header; marked, so that nothing prints it.
    ///
    /// # Errors
    /// The token has a character that a header cannot carry.
    pub fn authorization(&self) -> Result<HeaderValue, BadAccount> {
        let mut value = HeaderValue::from_bytes(&[b"Bearer ", self.secret.expose()].concat())
            .map_err(|_| BadAccount::at("token", "the token service gave no usable token"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
