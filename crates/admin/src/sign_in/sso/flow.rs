//! The two halves of a sign-in: the way to the issuer, and the way back with its answer.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims,
    IdTokenFields, IdTokenVerifier, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse,
    UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;
use wayleave_model::Timestamp;
use wayleave_store::KeyHasher;

use super::config::SetUp;
use super::{Issuers, chain, people, unreachable};
use crate::error::Problem;

/// Where the issuer sends people back to.
pub(crate) const CALLBACK: &str = "/api/v1/sso/callback";

/// Signatures that count: the issuer's own keys, which nobody else has.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims beside the standard ones, groups among them.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Others(BTreeMap<String, Value>);

impl AdditionalClaims for Others {}

type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type OidcClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A sign-in that has begun: where to send the browser, and what it keeps meanwhile.
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) cookie: String,
}

/// A sign-in that is under way, as the browser's cookie tells it: `ends.secret.return`.
pub(crate) struct UnderWay {
    ends: Timestamp,
    secret: String,
    return_to: String,
}

/// What the issuer sent the browser back with.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) code: &'a str,
    pub(crate) state: &'a str,
}

/// Who the issuer says somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) subject: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
    pub(crate) groups: Vec<String>,
}

impl UnderWay {
    /// A new one; `return_to` is the page of ours that people are sent to in the end.
    fn begin(return_to: &str, now: Timestamp) -> UnderWay {
        let secret = CsrfToken::new_random_len(32).into_secret();
        UnderWay { ends: people::ends(now), secret, return_to: page(return_to).to_owned() }
    }

    fn cookie(&self) -> String {
        let page = URL_SAFE_NO_PAD.encode(&self.return_to);
        format!("{}.{}.{page}", self.ends.as_micros(), self.secret)
    }

    /// What the cookie says; `None` for one that is not ours.
    pub(crate) fn read(cookie: &str) -> Option<UnderWay> {
        let mut parts = cookie.split('.');
        let (ends, secret, return_to) = (parts.next()?, parts.next()?, parts.next()?);
        let return_to = String::from_utf8(URL_SAFE_NO_PAD.decode(return_to).ok()?).ok()?;
        let ends = Timestamp::from_micros(ends.parse().ok()?);
        Some(UnderWay { ends, secret: secret.to_owned(), return_to })
    }

    /// The page to go to in the end: ours, whatever the cookie says.
    pub(crate) fn page(&self) -> &str {
        page(&self.return_to)
    }

    /// One of the three values that go with it. All of the cookie is in it, so a cookie that was
    /// changed, in its time too, makes other values.
    fn value(&self, purpose: &str, hasher: &KeyHasher) -> String {
        let ends = self.ends.as_micros().to_be_bytes();
        let parts = [self.secret.as_bytes(), &ends, self.return_to.as_bytes()];
        URL_SAFE_NO_PAD.encode(hasher.sign_in(purpose, &parts))
    }
}

/// Only pages of the console: nobody is sent elsewhere from here.
fn page(return_to: &str) -> &str {
    let ours = return_to.starts_with("/console/")
        && !return_to.contains("//")
        && !return_to.contains('\\')
        && return_to.bytes().all(|it| it.is_ascii_graphic());
    if ours { return_to } else { "/console/" }
}

impl Issuers {
    /// The way to the issuer.
    pub(crate) async fn begin(
        &self,
        set_up: &SetUp,
        public_url: &str,
        return_to: &str,
        hasher: &KeyHasher,
        now: Timestamp,
    ) -> Result<Begun, Problem> {
        let metadata = self.metadata(&set_up.sso.issuer, now, false).await?;
        let under_way = UnderWay::begin(return_to, now);
        let client = client(&metadata, set_up, public_url)?;
        let state = under_way.value("state", hasher);
        let nonce = under_way.value("nonce", hasher);
        let verifier = PkceCodeVerifier::new(under_way.value("verifier", hasher));
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scopes(set_up.sso.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(Begun { url: url.to_string(), cookie: under_way.cookie() })
    }

    /// Who came back.
    pub(crate) async fn finish(
        &self,
        set_up: &SetUp,
        public_url: &str,
        under_way: &UnderWay,
        answer: Answer<'_>,
        hasher: &KeyHasher,
        now: Timestamp,
    ) -> Result<Identity, Problem> {
        let state = under_way.value("state", hasher);
        if !bool::from(state.as_bytes().ct_eq(answer.state.as_bytes())) {
            let detail = "this answer belongs to no sign-in that this browser began: begin again";
            return Err(refused("wrong_state", detail));
        }
        if now >= under_way.ends {
            return Err(refused("sign_in_over", "this sign-in took too long: begin again"));
        }
        let metadata = self.metadata(&set_up.sso.issuer, now, false).await?;
        let client = client(&metadata, set_up, public_url)?;
        let request = client
            .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
            .map_err(|error| unreachable(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(under_way.value("verifier", hasher)));
        let tokens = request.request_async(&self.carrier).await;
        let tokens = tokens.map_err(|error| unreachable(&chain(&error)))?;
        let nonce = Nonce::new(under_way.value("nonce", hasher));
        let claims = match verified(&metadata, set_up, &tokens, &nonce, now) {
            Err(Wrong::Key) => {
                let fresh = self.metadata(&set_up.sso.issuer, now, true).await?;
                verified(&fresh, set_up, &tokens, &nonce, now)
            }
            other => other,
        };
        let claims = claims.map_err(Wrong::problem)?;
        let mut identity = identity(&claims, &set_up.sso.groups_claim);
        if identity.email.is_none()
            || !claims.additional_claims().0.contains_key(&set_up.sso.groups_claim)
        {
            self.ask_more(&client, &tokens, &claims, set_up, &mut identity).await?;
        }
        Ok(identity)
    }

    /// What the token leaves out, the issuer may say when it is asked (OpenID Connect Core, section
    /// 5.3). It speaks of the same subject, or does not count.
    async fn ask_more(
        &self,
        client: &OidcClient,
        tokens: &Tokens,
        claims: &Claims,
        set_up: &SetUp,
        identity: &mut Identity,
    ) -> Result<(), Problem> {
        use openidconnect::OAuth2TokenResponse;
        let subject = Some(claims.subject().clone());
        // Without such an endpoint there is no more to be known.
        let Ok(request) = client.user_info(tokens.access_token().clone(), subject) else {
            return Ok(());
        };
        let asked = request.request_async(&self.carrier).await;
        let more: UserInfoClaims<Others, CoreGenderClaim> =
            asked.map_err(|error| unreachable(&chain(&error)))?;
        if identity.email.is_none() {
            identity.email = more.email().map(|it| it.as_str().to_owned());
            identity.email_verified = more.email_verified().unwrap_or(false);
        }
        if identity.name.is_none() {
            let name = more.name().and_then(|it| it.get(None));
            identity.name = name.map(|it| it.as_str().to_owned());
        }
        identity.groups.extend(groups(&more.additional_claims().0, &set_up.sso.groups_claim));
        Ok(())
    }
}

fn client(
    metadata: &CoreProviderMetadata,
    set_up: &SetUp,
    public_url: &str,
) -> Result<OidcClient, Problem> {
    let secret = set_up.client_secret.as_ref().and_then(|it| it.expose_str());
    let redirect = RedirectUrl::new(format!("{}{CALLBACK}", public_url.trim_end_matches('/')))
        .map_err(|error| Problem::internal(&error))?;
    let client = OidcClient::from_provider_metadata(
        metadata.clone(),
        ClientId::new(set_up.sso.client_id.clone()),
        secret.map(|it| ClientSecret::new(it.to_owned())),
    );
    Ok(client.set_redirect_uri(redirect))
}

/// Why a token does not count.
#[derive(Debug)]
enum Wrong {
    /// Its key is not among those known.
    Key,
    Absent,
    Claims(String),
}

impl Wrong {
    fn problem(self) -> Problem {
        let why = match self {
            Wrong::Key => "it is signed with a key that the issuer does not publish".to_owned(),
            Wrong::Absent => "there is none".to_owned(),
            Wrong::Claims(why) => why,
        };
        tracing::warn!(%why, "single sign-on: an ID token was refused");
        refused("bad_id_token", &format!("the ID token does not count: {why}"))
    }
}

fn verified(
    metadata: &CoreProviderMetadata,
    set_up: &SetUp,
    tokens: &Tokens,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Claims, Wrong> {
    let token = tokens.id_token().ok_or(Wrong::Absent)?;
    let time = move || chrono_of(now);
    let verifier: IdTokenVerifier<'_, CoreJsonWebKey> = IdTokenVerifier::new_public_client(
        ClientId::new(set_up.sso.client_id.clone()),
        metadata.issuer().clone(),
        metadata.jwks().clone(),
    );
    let verifier = verifier.set_allowed_algs(SIGNATURES).set_time_fn(time);
    match token.claims(&verifier, nonce) {
        Ok(claims) => Ok(claims.clone()),
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        )) => Err(Wrong::Key),
        Err(error) => Err(Wrong::Claims(chain(&error))),
    }
}

fn chrono_of(now: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(now.as_micros()).unwrap_or_default()
}

fn identity(claims: &Claims, groups_claim: &str) -> Identity {
    let name = claims.name().and_then(|it| it.get(None));
    let called = name.map(|it| it.as_str().to_owned());
    Identity {
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|it| it.as_str().to_owned()),
        email_verified: claims.email_verified().unwrap_or(false),
        name: called,
        groups: groups(&claims.additional_claims().0, groups_claim),
    }
}

/// A list of texts, or one text.
fn groups(claims: &BTreeMap<String, Value>, name: &str) -> Vec<String> {
    match claims.get(name) {
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn refused(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for good in ["/console/", "/console/keys?a=b#c"] {
            assert_eq!(page(good), good);
        }
        for bad in [
            "https://evil.org",
            "//evil.org",
            "/console",
            "/console//evil.org",
            "/console/\\evil.org",
            "/console/\r\nSet-Cookie: a=b",
            "",
        ] {
            assert_eq!(page(bad), "/console/", "{bad:?}");
        }
    }

    #[test]
    fn a_cookie_tells_what_it_was_made_of() {
        let now = Timestamp::from_micros(7);
        let begun = UnderWay::begin("/console/keys", now);
        let read = UnderWay::read(&begun.cookie()).unwrap();
        assert_eq!((read.ends, read.page()), (people::ends(now), "/console/keys"));
        assert_eq!(read.secret, begun.secret);
        assert_ne!(begun.secret, UnderWay::begin("", now).secret);
        for bad in ["", "a.b.c", "1.b", "1.b.!"] {
            assert!(UnderWay::read(bad).is_none(), "{bad}");
        }
    }
}
