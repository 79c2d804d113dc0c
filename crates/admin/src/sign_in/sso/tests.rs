//! Single sign-on against a scripted issuer: good answers come in, bad ones do not.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::exchange::{Exchange, Exchanging};
use crate::testing::{Api, PASSWORD, Reply};

const ISSUER: &str = "https://id.example.com";
const OURS: &str = "https://ai.example.com";

/// How the next token is made.
#[derive(Clone)]
struct Script {
    /// Put over the claims of a good token; `null` takes one away.
    claims: Value,
    header: Value,
    /// Who signs.
    by: Signer,
    /// What the userinfo endpoint says.
    userinfo: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signer {
    /// The key that is published.
    Published,
    /// A key that nobody knows.
    Stranger,
    /// The client's secret.
    ClientSecret,
    Nobody,
}

/// A system that people sign in with.
struct Issuer {
    script: Mutex<Script>,
    keys: Mutex<Vec<(String, EcdsaKeyPair)>>,
    stranger: EcdsaKeyPair,
    /// What the browser was sent with: nonce and PKCE challenge.
    begun: Mutex<(String, String)>,
    asked: Mutex<Vec<String>>,
}

impl Issuer {
    fn new() -> Arc<Issuer> {
        Arc::new(Issuer {
            script: Mutex::new(Script {
                claims: json!({}),
                header: json!({}),
                by: Signer::Published,
                userinfo: json!(null),
            }),
            keys: Mutex::new(vec![("one".to_owned(), key())]),
            stranger: key(),
            begun: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    fn says(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    fn rotate(&self, kid: &str) {
        *self.keys.lock().unwrap() = vec![(kid.to_owned(), key())];
    }

    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|it| *it == path).count()
    }

    fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let body = match path.as_str() {
            "/.well-known/openid-configuration" => json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                // It would take anything: we do not.
                "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
            }),
            "/keys" => {
                let keys = self.keys.lock().unwrap();
                json!({"keys": keys.iter().map(|(kid, key)| jwk(kid, key)).collect::<Vec<_>>()})
            }
            "/token" => match self.token(request) {
                Some(token) => {
                    json!({"access_token": "at", "token_type": "Bearer", "id_token": token})
                }
                None => return reply(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"})),
            },
            "/userinfo" => self.script.lock().unwrap().userinfo.clone(),
            _ => return reply(StatusCode::NOT_FOUND, &json!({})),
        };
        reply(StatusCode::OK, &body)
    }

    /// The token, if the code is redeemed by whoever began (RFC 7636).
    fn token(&self, request: &Request<Vec<u8>>) -> Option<String> {
        let form = String::from_utf8(request.body().clone()).unwrap();
        let field = |name: &str| {
            form.split('&').find_map(|it| it.strip_prefix(&format!("{name}="))).unwrap_or_default()
        };
        assert_eq!(field("grant_type"), "authorization_code");
        assert!(request.headers()[header::AUTHORIZATION].to_str().unwrap().starts_with("Basic "));
        let hashed = digest::digest(&digest::SHA256, field("code_verifier").as_bytes());
        let (nonce, challenge) = self.begun.lock().unwrap().clone();
        let fits = URL_SAFE_NO_PAD.encode(hashed.as_ref()) == challenge && field("code") == "good";
        fits.then(|| self.signed(&nonce))
    }

    fn signed(&self, nonce: &str) -> String {
        let script = self.script.lock().unwrap().clone();
        let keys = self.keys.lock().unwrap();
        let (kid, key) = &keys[0];
        let mut head = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
        put(&mut head, &script.header);
        // 2026-11-18T11:06:40Z, which is when these tests are.
        let mut claims = json!({
            "iss": ISSUER, "aud": "wayleave", "sub": "7", "nonce": nonce,
            "iat": 1_795_000_000, "exp": 1_795_000_300,
            "email": "Ada@example.com", "email_verified": true, "name": "Ada",
            "groups": ["devs"],
        });
        put(&mut claims, &script.claims);
        let text = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let signed = format!("{}.{}", text(&head), text(&claims));
        let signature = match script.by {
            Signer::Published => sign(key, &signed),
            Signer::Stranger => sign(&self.stranger, &signed),
            Signer::ClientSecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, b"client secret");
                URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()))
            }
            Signer::Nobody => String::new(),
        };
        format!("{signed}.{signature}")
    }
}

impl Exchange for Issuer {
    fn exchange(&self, request: Request<Vec<u8>>) -> Exchanging<'_> {
        let answer = self.answer(&request);
        Box::pin(async move { Ok(answer) })
    }
}

fn reply(status: StatusCode, body: &Value) -> Response<Vec<u8>> {
    let response = Response::builder().status(status);
    let response = response.header(header::CONTENT_TYPE, "application/json");
    response.body(body.to_string().into_bytes()).unwrap()
}

fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let text = |it: &[u8]| URL_SAFE_NO_PAD.encode(it);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid,
        "x": text(&point[1..33]), "y": text(&point[33..]),
    })
}

fn sign(key: &EcdsaKeyPair, text: &str) -> String {
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    URL_SAFE_NO_PAD.encode(signature.as_ref())
}

fn put(into: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

async fn set_up(api: &Api, grants: Value) -> Reply {
    let wish = json!({
        "issuer": ISSUER, "client_id": "wayleave", "client_secret": "client secret",
        "label": "Example", "grants": grants,
    });
    api.call(Method::PUT, "/api/v1/system/sso", Some(wish), &[]).await
}

/// An API whose people sign in at a scripted issuer; `devs` are editors of `main`.
async fn signing_in() -> (Api, Arc<Issuer>) {
    let issuer = Issuer::new();
    let api = Api::signing_in(OURS, issuer.clone()).await;
    let grants = json!([{"group": "devs", "workspace": "main", "role": "editor"}]);
    set_up(&api, grants).await.ok();
    (api, issuer)
}

/// The browser's way to the issuer: its cookies, and the parameters of the address.
async fn begin(api: &Api, issuer: &Issuer) -> (String, String) {
    let path = "/api/v1/sso/start?return_to=/console/keys";
    let reply = api.browse(Method::GET, path, None, "").await.is(StatusCode::SEE_OTHER);
    let to: http::Uri = reply.headers[header::LOCATION].to_str().unwrap().parse().unwrap();
    assert_eq!((to.host(), to.path()), (Some("id.example.com"), "/authorize"));
    let query = to.query().unwrap().to_owned();
    let of = |name: &str| {
        let found = query.split('&').find_map(|it| it.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("{name} in {query}")).to_owned()
    };
    assert_eq!(of("response_type"), "code");
    assert_eq!(of("code_challenge_method"), "S256");
    assert_eq!(of("redirect_uri"), "https%3A%2F%2Fai.example.com%2Fapi%2Fv1%2Fsso%2Fcallback");
    *issuer.begun.lock().unwrap() = (of("nonce"), of("code_challenge"));
    (reply.cookies(), of("state"))
}

async fn back(api: &Api, cookies: &str, code: &str, state: &str) -> Reply {
    let path = format!("/api/v1/sso/callback?code={code}&state={state}&session_state=x");
    api.browse(Method::GET, &path, None, cookies).await.is(StatusCode::SEE_OTHER)
}

/// A whole sign-in: where the browser ends up, and its cookies.
async fn sign_in(api: &Api, issuer: &Issuer) -> (String, String) {
    let (cookies, state) = begin(api, issuer).await;
    let reply = back(api, &cookies, "good", &state).await;
    (reply.headers[header::LOCATION].to_str().unwrap().to_owned(), reply.cookies())
}

/// Why a sign-in failed.
async fn refusal(api: &Api, issuer: &Issuer) -> String {
    let (to, cookies) = sign_in(api, issuer).await;
    assert_eq!(cookies, "", "no cookie for {to}");
    let error = to.strip_prefix("/console/sign-in?error=").expect(&to);
    error.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn somebody_signs_in_elsewhere_and_is_what_their_groups_say() {
    let (api, issuer) = signing_in().await;
    let (to, cookies) = sign_in(&api, &issuer).await;
    assert_eq!(to, "/console/keys");
    let me = api.browse(Method::GET, "/api/v1/me", None, &cookies).await.ok().body;
    assert_eq!(me["person"]["email"], "ada@example.com");
    assert_eq!((&me["person"]["name"], &me["session"]["how"]), (&json!("Ada"), &json!("sso")));
    assert_eq!(me["workspaces"][0]["role"], "editor");
    assert_eq!(me["person"]["has_password"], false);

    // Another address, the same person; other groups, another role; none, none.
    let grants = json!([
        {"group": "devs", "workspace": "main", "role": "editor"},
        {"group": "heads", "workspace": "main", "role": "admin"},
        {"group": "ops", "role": "operator"},
    ]);
    set_up(&api, grants).await.ok();
    let claims = json!({"email": "ada@elsewhere.example", "groups": ["devs", "heads", "ops"]});
    issuer.says(|it| it.claims = claims);
    let (_, cookies) = sign_in(&api, &issuer).await;
    let me = api.browse(Method::GET, "/api/v1/me", None, &cookies).await.ok().body;
    assert_eq!(me["person"]["email"], "ada@example.com");
    assert_eq!((&me["operator"], &me["person"]["operator_by"]), (&json!(true), &json!("sso")));
    assert_eq!(me["workspaces"][0]["role"], "admin");
    issuer.says(|it| it.claims = json!({"groups": []}));
    let (_, cookies) = sign_in(&api, &issuer).await;
    let me = api.browse(Method::GET, "/api/v1/me", None, &cookies).await.ok().body;
    assert_eq!((&me["operator"], &me["workspaces"]), (&json!(false), &json!([])));
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions, ["member.remove", "member.change_role", "member.add"]);
}

#[tokio::test]
async fn what_was_said_by_hand_stays_whatever_the_groups_are() {
    let (api, issuer) = signing_in().await;
    api.person("ada@example.com", true).await;
    let new = json!({"person": "ada@example.com", "role": "viewer"});
    api.post("/api/v1/workspaces/main/members", new).await.created();
    let (_, cookies) = sign_in(&api, &issuer).await;
    let me = api.browse(Method::GET, "/api/v1/me", None, &cookies).await.ok().body;
    assert_eq!((&me["workspaces"][0]["role"], &me["operator"]), (&json!("viewer"), &json!(true)));
    assert_eq!(me["person"]["has_password"], true, "the account that has the address");
    api.patch("/api/v1/system/people/ada@example.com", json!({"enabled": false})).await.ok();
    assert_eq!(refusal(&api, &issuer).await, "disabled");
}

#[tokio::test]
async fn a_token_that_is_not_for_us_now_and_from_the_issuer_does_not_count() {
    let (api, issuer) = signing_in().await;
    for (what, claims) in [
        ("issuer", json!({"iss": "https://evil.example"})),
        ("audience", json!({"aud": "somebody-else"})),
        ("audience", json!({"aud": ["wayleave", "somebody-else"]})),
        ("audience", json!({"aud": null})),
        ("nonce", json!({"nonce": "another"})),
        ("nonce", json!({"nonce": null})),
        ("expiry", json!({"exp": 1_794_999_999})),
        ("expiry", json!({"exp": null})),
        ("subject", json!({"sub": null})),
    ] {
        issuer.says(|it| it.claims = claims);
        let code = refusal(&api, &issuer).await;
        assert!(["bad_id_token", "issuer_failed"].contains(&code.as_str()), "{what}: {code}");
    }
    issuer.says(|it| it.claims = json!({}));
    for (what, by, header) in [
        ("a stranger's key", Signer::Stranger, json!({})),
        ("none", Signer::Nobody, json!({"alg": "none"})),
        ("none, without a key", Signer::Nobody, json!({"alg": "none", "kid": null})),
        ("HS256", Signer::ClientSecret, json!({"alg": "HS256", "kid": null})),
        ("HS256 under a published key's name", Signer::ClientSecret, json!({"alg": "HS256"})),
        ("no signature", Signer::Nobody, json!({})),
        ("an unknown key", Signer::Published, json!({"kid": "unknown"})),
        ("another algorithm", Signer::Published, json!({"alg": "RS256"})),
    ] {
        issuer.says(|it| (it.by, it.header) = (by, header));
        let code = refusal(&api, &issuer).await;
        assert!(["bad_id_token", "issuer_failed"].contains(&code.as_str()), "{what}: {code}");
    }
    issuer.says(|it| (it.by, it.header) = (Signer::Published, json!({})));
    assert_eq!(sign_in(&api, &issuer).await.0, "/console/keys", "and a good one does");
}

#[tokio::test]
async fn keys_that_were_rotated_are_read_again_and_not_for_every_token() {
    let (api, issuer) = signing_in().await;
    assert_eq!(sign_in(&api, &issuer).await.0, "/console/keys");
    assert_eq!(issuer.asked("/keys"), 1);
    issuer.rotate("two");
    api.clock.advance(61_000_000);
    issuer.says(|it| it.claims = json!({"exp": 1_795_000_900}));
    assert_eq!(sign_in(&api, &issuer).await.0, "/console/keys");
    assert_eq!(issuer.asked("/keys"), 2);
    issuer.says(|it| it.header = json!({"kid": "unknown"}));
    for _ in 0..5 {
        assert_eq!(refusal(&api, &issuer).await, "bad_id_token");
    }
    assert_eq!(issuer.asked("/keys"), 2, "not again within a minute");
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_began_and_for_ten_minutes() {
    let (api, issuer) = signing_in().await;
    let (cookies, state) = begin(&api, &issuer).await;
    let (other, _) = begin(&api, &issuer).await;
    let error = |reply: Reply| {
        let to = reply.headers[header::LOCATION].to_str().unwrap();
        to.split(['=', '&']).nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(error(back(&api, "", "good", &state).await), "wrong_state");
    assert_eq!(error(back(&api, &other, "good", &state).await), "wrong_state");
    assert_eq!(error(back(&api, &cookies, "good", "forged").await), "wrong_state");
    let longer = cookies.replacen("=1795000600", "=1795999999", 1);
    assert_ne!(longer, cookies);
    assert_eq!(error(back(&api, &longer, "good", &state).await), "wrong_state");
    assert_eq!(error(back(&api, &cookies, "bad", &state).await), "issuer_failed");
    let refused = "/api/v1/sso/callback?error=access_denied&state=x";
    let refused = api.browse(Method::GET, refused, None, &cookies).await;
    assert_eq!(error(refused), "issuer_refused");
    api.clock.advance(600_000_000);
    assert_eq!(error(back(&api, &cookies, "good", &state).await), "sign_in_over");
    // The code of one browser in another: its verifier does not fit.
    let (cookies, state) = begin(&api, &issuer).await;
    begin(&api, &issuer).await;
    assert_eq!(error(back(&api, &cookies, "good", &state).await), "issuer_failed");
}

#[tokio::test]
async fn who_is_not_invited_or_not_verified_stays_out() {
    let (api, issuer) = signing_in().await;
    issuer.says(|it| it.claims = json!({"groups": ["visitors"]}));
    assert_eq!(refusal(&api, &issuer).await, "not_invited");
    api.person("ada@example.com", true).await;
    issuer.says(|it| it.claims = json!({"email_verified": false}));
    assert_eq!(refusal(&api, &issuer).await, "email_unverified");
    issuer.says(|it| it.claims = json!({"email": null, "email_verified": null}));
    issuer.says(|it| it.userinfo = json!({"sub": "7"}));
    assert_eq!(refusal(&api, &issuer).await, "email_unverified");
    assert_eq!(
        api.get("/api/v1/system/people").await.ok().body["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for_of_the_same_subject() {
    let (api, issuer) = signing_in().await;
    issuer.says(|it| {
        it.claims = json!({"email": null, "email_verified": null, "groups": null});
        it.userinfo = json!({
            "sub": "7", "email": "ada@example.com", "email_verified": true, "groups": "devs",
        });
    });
    let (_, cookies) = sign_in(&api, &issuer).await;
    let me = api.browse(Method::GET, "/api/v1/me", None, &cookies).await.ok().body;
    assert_eq!(me["workspaces"][0]["role"], "editor");
    issuer.says(|it| it.userinfo["sub"] = json!("8"));
    assert_eq!(refusal(&api, &issuer).await, "issuer_failed");
}

#[tokio::test]
async fn the_set_up_keeps_its_secret_and_gives_it_to_nobody_else() {
    let (api, _) = signing_in().await;
    let path = "/api/v1/system/sso";
    let shown = api.get(path).await.ok();
    assert_eq!(
        shown.body,
        json!({
            "issuer": ISSUER, "client_id": "wayleave", "has_client_secret": true,
            "label": "Example", "scopes": ["email", "profile"], "groups_claim": "groups",
            "grants": [{"group": "devs", "workspace": "main", "role": "editor"}],
            "redirect_uri": "https://ai.example.com/api/v1/sso/callback",
        })
    );
    let ways = api.browse(Method::GET, "/api/v1/session/ways", None, "").await.ok().body;
    assert_eq!(ways["sso"], json!({"label": "Example", "start": "/api/v1/sso/start"}));
    let same = json!({"issuer": ISSUER, "client_id": "other"});
    let same = api.call(Method::PUT, path, Some(same), &[]).await.ok().body;
    assert_eq!(
        (&same["has_client_secret"], &same["label"]),
        (&json!(true), &json!("id.example.com"))
    );
    let moved = json!({"issuer": "https://other.example", "client_id": "other"});
    let moved = api.call(Method::PUT, path, Some(moved), &[]).await.ok().body;
    assert_eq!(moved["has_client_secret"], false);
    let wrong = json!([{"group": "a", "workspace": "nowhere", "role": "editor"}]);
    let wrong = set_up(&api, wrong).await.refused(422, "invalid");
    assert_eq!(wrong.body["errors"][0]["field"], "grants[0].workspace");
    let audit = api.get("/api/v1/workspaces/system/audit").await.ok();
    assert!(!audit.text.contains("client secret") && !audit.text.contains(PASSWORD));
    api.delete(path).await.is(StatusCode::NO_CONTENT);
    api.get(path).await.refused(404, "not_found");
    let start = api.browse(Method::GET, "/api/v1/sso/start", None, "").await;
    start.refused(404, "not_found");
}
