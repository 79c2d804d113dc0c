//! A management API on a throwaway database, for tests of its routes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use wayleave_model::health::{Cause, Health, HealthState, Override};
use wayleave_model::id::{CredentialId, ModelId, NodeId, SYSTEM_WORKSPACE};
use wayleave_model::member::Role;
use wayleave_model::usage::UsageSource;
use wayleave_model::{Clock, Secret, Timestamp, Usage};
use wayleave_provider::Listed;
use wayleave_provider::proof::{Claim, Outcome, Proof, Rung, Spent, Step, StepResult};
use wayleave_store::tokens::{self, TokenDraft};
use wayleave_store::workspaces::{self, WorkspaceDraft};
use wayleave_store::{Actor, DatabaseUrl, Keyring, Store};

use crate::{
    AdminState, Exchange, Exchanging, Fetch, Fetching, Healths, LocalOperator, Prove, Proving,
    Shelf, SignIn, keyfile, router,
};

/// The only thing that stands at an address in these tests: a catalog of one model.
struct Elsewhere;

impl Fetch for Elsewhere {
    fn fetch<'a>(&'a self, url: &'a str, _: usize) -> Fetching<'a> {
        Box::pin(async move {
            match url.starts_with("https://catalog.example/") {
                true => Ok(ELSEWHERE.into()),
                false => Err("nobody is there".to_owned()),
            }
        })
    }
}

/// A node on which nothing was ever called.
struct Fares;

impl Healths for Fares {
    fn node(&self) -> NodeId {
        NodeId(uuid::Uuid::nil())
    }

    fn of(&self, _: CredentialId, _: Option<ModelId>) -> Option<Health> {
        None
    }

    fn of_models(&self, _: CredentialId) -> Vec<(ModelId, Health)> {
        Vec::new()
    }

    fn say(&self, _: CredentialId, _: Option<ModelId>, said: Override) -> Health {
        let rests = matches!(said, Override::Rest { .. });
        Health {
            state: if rests { HealthState::Resting } else { HealthState::Ready },
            cause: rests.then_some(Cause::ByHand),
            since: None,
            seconds_left: None,
            failures: 0,
            quarantined: false,
            in_flight: 0,
            first_byte_ms: None,
        }
    }
}

/// No system to sign in with.
struct Nobody;

impl Exchange for Nobody {
    fn exchange(&self, _: Request<Vec<u8>>) -> Exchanging<'_> {
        Box::pin(async { Err("nobody is there".to_owned()) })
    }
}

/// As no system to sign in with.
pub(crate) fn nobody() -> Arc<dyn Exchange> {
    Arc::new(Nobody)
}

/// A provider whose word on a secret is in the secret: `refused`, `unproven`, `away`; all others are
/// good.
struct Vendor;

impl Prove for Vendor {
    fn prove<'a>(&'a self, claim: &'a Claim) -> Proving<'a> {
        Box::pin(async move {
            let said: String = claim.secrets.iter().filter_map(|(_, it)| it.expose_str()).collect();
            let (outcome, summary) = match () {
                () if said.contains("refused") => (Outcome::Refused, "Incorrect API key: ***"),
                () if said.contains("unproven") => (Outcome::Unproven, "nothing shows it"),
                () if said.contains("away") => (Outcome::Unreachable, "nobody answers"),
                () => (Outcome::Proven, "the provider lists its models for the credential"),
            };
            let call = claim.call.as_ref();
            let step = Step {
                rung: if call.is_some() { Rung::Call } else { Rung::Models },
                method: "GET",
                url: format!("{}/models", claim.base_url),
                status: Some(if outcome == Outcome::Proven { 200 } else { 401 }),
                body: call.map(|it| it.model.clone()),
                micros: 1_500,
                result: match outcome {
                    Outcome::Proven => StepResult::Passed,
                    _ => StepResult::Failed,
                },
                note: summary.to_owned(),
            };
            Proof {
                outcome,
                summary: summary.to_owned(),
                field: None,
                steps: vec![step],
                listed: (outcome != Outcome::Refused).then(listed),
                spent: call.map_or_else(Spent::default, |_| Spent {
                    calls: 1,
                    usage: Usage { input: 9, output: 16, ..Usage::default() },
                    source: UsageSource::Provider,
                }),
            }
        })
    }
}

/// What [`Vendor`] lists.
fn listed() -> Vec<Listed> {
    let listed = |name: &str, context_window| Listed {
        name: name.to_owned(),
        model_type: None,
        context_window,
    };
    vec![listed("gpt-x", None), listed("gpt-mini", Some(2_000)), listed("house-model", Some(4_096))]
}

/// What [`Elsewhere`] has.
pub(crate) const ELSEWHERE: &str = r#"[{"provider":"openai","model":"gpt-x","type":"llm","families":["chat"],"context_window":1000,"max_output":100,"prices":[{"unit":"input","amount":"1.5","per":1000000},{"unit":"output","amount":"6","per":1000000}],"source":"https://example.com/pricing","as_of":"2026-11-22","verified":"unverified"}]"#;

/// Everybody's password in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An API with the workspace `main`, whose clock stands still.
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) token: String,
    pub(crate) public_url: String,
    router: Router,
    /// Last: it goes when nothing writes there any more.
    pub(crate) folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Api {
    pub(crate) async fn new() -> Api {
        Api::with_catalog(true).await
    }

    /// One that shows the catalog to everybody, or to nobody.
    pub(crate) async fn with_catalog(public: bool) -> Api {
        Api::made(public, "http://127.0.0.1:8080", Arc::new(Nobody)).await
    }

    /// One that clients are told to reach at `public_url`, whose people sign in at `issuer`.
    pub(crate) async fn signing_in(public_url: &str, issuer: Arc<dyn Exchange>) -> Api {
        Api::made(true, public_url, issuer).await
    }

    async fn made(public: bool, public_url: &str, issuer: Arc<dyn Exchange>) -> Api {
        // 2026-11-18T11:06:40Z
        let clock = Clock::manual(Timestamp::from_micros(1_795_000_000_000_000));
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("kek");
        keyfile::ensure(&key_file, clock.now()).unwrap();
        let url = DatabaseUrl::sqlite(folder.path().join("wayleave.db"));
        let ring: Keyring = keyfile::read(&key_file).unwrap();
        let store = Store::open(&url, ring, clock.clone()).await.unwrap();
        let mut change = store.change(SYSTEM_WORKSPACE, &Actor::system("test"), "").await.unwrap();
        let main = WorkspaceDraft { name: "main".to_owned(), time_zone: "UTC".to_owned() };
        workspaces::create(&mut change, &main).await.unwrap();
        let draft = TokenDraft {
            name: "test".to_owned(),
            role: Role::Operator,
            scopes: None,
            expires_at: None,
        };
        let (_, token) = tokens::mint(&mut change, &draft).await.unwrap();
        change.commit().await.unwrap();
        let router = router(AdminState {
            store: store.clone(),
            clock: clock.clone(),
            public_url: public_url.to_owned(),
            key_file: Some(key_file),
            spool: Some(folder.path().join("spool")),
            public_catalog: public.then(Shelf::default),
            healths: Arc::new(Fares),
            sign_in: SignIn::new(issuer),
            fetch: Arc::new(Elsewhere),
            prove: Arc::new(Vendor),
            tasks: tokio_util::task::TaskTracker::new(),
        });
        let token = token.expose_str().unwrap().to_owned();
        Api { store, clock, folder, token, public_url: public_url.to_owned(), router }
    }

    /// A token of one workspace, in a role.
    pub(crate) async fn token_of(&self, workspace: &str, role: Role) -> String {
        let mut tx = self.store.read().await.unwrap();
        let found = workspaces::by_name(&mut tx, workspace).await.unwrap().unwrap();
        drop(tx);
        let mut change = self.store.change(found.id, &Actor::system("test"), "").await.unwrap();
        let name = format!("{workspace}-{}", role.as_str());
        let (_, token) =
            tokens::mint(&mut change, &TokenDraft { name, role, scopes: None, expires_at: None })
                .await
                .unwrap();
        change.commit().await.unwrap();
        token.expose_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body), &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None, &[]).await
    }

    /// As the operator, unless `headers` sign in otherwise.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(header::HeaderName, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == header::AUTHORIZATION) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let body = body.map_or_else(Body::empty, |it| Body::from(it.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// As a page of this server in a browser that has these cookies.
    pub(crate) async fn browse(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        cookies: &str,
    ) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ORIGIN, &self.public_url)
            .header(header::USER_AGENT, "Mozilla/5.0")
            .header(header::COOKIE, cookies)
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 0))));
        let body = body.map_or_else(Body::empty, |it| Body::from(it.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Makes a person, and signs them in: the cookies of their browser.
    pub(crate) async fn person(&self, email: &str, operator: bool) -> String {
        let new = json!({"email": email, "password": PASSWORD, "operator": operator});
        self.post("/api/v1/system/people", new).await.created();
        self.signed_in(email).await
    }

    /// Signs somebody in: the cookies of their browser.
    pub(crate) async fn signed_in(&self, email: &str) -> String {
        let words = Some(json!({"email": email, "password": PASSWORD}));
        self.browse(Method::POST, "/api/v1/session", words, "").await.ok().cookies()
    }

    /// As a peer of the local socket.
    pub(crate) async fn locally(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = Request::builder().method(method).uri(path).extension(LocalOperator);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: head.status, body, headers: head.headers, text }
    }

    /// A provider `p` of kind `openai` with the credential `main`, a model `gpt-x` and its id.
    pub(crate) async fn furnish(&self, workspace: &str) -> String {
        let at = |rest: &str| format!("/api/v1/workspaces/{workspace}{rest}");
        self.post(&at("/providers"), json!({"name": "p", "kind": "openai"})).await.created();
        let credential = json!({"name": "main", "fields": {"api_key": "sk-canary-0123456789"}, "skip_validation": true});
        self.post(&at("/providers/p/credentials"), credential).await.created();
        let model = json!({"provider": "p", "name": "gpt-x", "type": "llm", "price": {"input": "0.15", "output": "0.60"}});
        let made = self.post(&at("/models"), model).await.created();
        made.body["id"].as_str().unwrap().to_owned()
    }

    /// For requests whose answer is no text.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn hash(&self, secret: &str) -> [u8; 32] {
        self.store.hasher().hash_key(Secret::new(secret).expose())
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn created(self) -> Reply {
        self.is(StatusCode::CREATED)
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Reply {
        self.is(StatusCode::OK)
    }

    #[track_caller]
    pub(crate) fn is(self, status: StatusCode) -> Reply {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Reply {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        self
    }

    /// The body with ids as their prefix, secrets that were minted as `wl_…` and `wlt_…`: what is
    /// the same each time.
    pub(crate) fn shape(&self) -> Value {
        fn walk(value: &mut Value) {
            match value {
                Value::String(text) => {
                    let id = text.split_once('_').filter(|(_, rest)| {
                        rest.len() == 26 && rest.bytes().all(|it| it.is_ascii_alphanumeric())
                    });
                    if let Some((prefix, _)) = id {
                        *text = prefix.to_owned();
                    } else if text.starts_with("wl") && text.len() >= 35 {
                        *text = "minted".to_owned();
                    }
                }
                Value::Array(items) => items.iter_mut().for_each(walk),
                Value::Object(fields) => fields.values_mut().for_each(walk),
                _ => {}
            }
        }
        let mut body = self.body.clone();
        walk(&mut body);
        body
    }

    /// The cookies that the answer sets, as a browser sends them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        let pairs = set.map(|it| it.to_str().unwrap().split(';').next().unwrap().to_owned());
        pairs.filter(|it| !it.ends_with('=')).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn etag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}
