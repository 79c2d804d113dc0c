//! For tests: a fresh database of each engine, and something to put into it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;
use wayleave_model::alias::{Alias, Group, Policy, WeightedTarget};
use wayleave_model::credential::{Checks, Credential, CredentialStatus, SecretFields};
use wayleave_model::id::{NodeId, RequestId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::key::Key;
use wayleave_model::price::{Line, Rate, Unit};
use wayleave_model::provider::{ModelType, Operation, Provider};
use wayleave_model::record::{
    Asked, Attempt, AttemptStart, Caller, Closed, Identity, Outcome, Person, Said, StreamEnd,
    TargetLabel,
};
use wayleave_model::target::{Model, ModelFacts};
use wayleave_model::usage::{Usage, UsageSource};
use wayleave_model::workspace::{Owner, OwnerKind};
use wayleave_model::{Clock, NanoUsd, Secret, Timestamp};

use crate::aliases::AliasDraft;
use crate::credentials::CredentialDraft;
use crate::keys::KeyDraft;
use crate::models::ModelDraft;
use crate::owners::OwnerDraft;
use crate::people::PersonDraft;
use crate::prices::PriceDraft;
use crate::providers::ProviderDraft;
use crate::text::new_id;
use crate::workspaces::WorkspaceDraft;
use crate::{
    Actor, Appended, Change, DatabaseUrl, Keyring, Store, StoreError, aliases, credentials, keys,
    migrate, models, owners, providers, workspaces,
};

/// 2026-11-21T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// A store on a database of its own, with the means to open it again.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) url: DatabaseUrl,
    /// The key file's text.
    pub(crate) keys: Arc<String>,
}

/// Runs the test on SQLite, then on PostgreSQL, each time on an empty database.
pub(crate) async fn each_engine<F: Future<Output = ()>>(test: impl Fn(Bench) -> F) {
    let folder = tempfile::tempdir().unwrap();
    test(bench(DatabaseUrl::sqlite(folder.path().join("wayleave.db"))).await).await;
    let schema = Schema::create().await;
    let url = schema.url();
    migrate(&url, &Clock::system()).await.unwrap();
    test(bench(url).await).await;
    schema.drop().await;
}

/// A namespace of its own on the server that `TEST_POSTGRES_URL` names.
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn create() -> Schema {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            panic!(
                "TEST_POSTGRES_URL is not set: every store test runs on PostgreSQL too; point it \
                 at a throwaway server, like postgres://postgres@127.0.0.1:5432/postgres"
            );
        };
        let schema =
            Schema { server, name: format!("wl_{}", new_id(Clock::system().now()).simple()) };
        schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        let sign = if self.server.contains('?') { '&' } else { '?' };
        let text = format!("{}{sign}options=-c%20search_path%3D{}", self.server, self.name);
        DatabaseUrl::parse(&text).unwrap()
    }

    pub(crate) async fn drop(self) {
        self.run(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    async fn run(&self, sql: String) {
        let mut server = PgConnection::connect(&self.server).await.expect("TEST_POSTGRES_URL");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
    }
}

async fn bench(url: DatabaseUrl) -> Bench {
    let clock = Clock::manual(NOON);
    let keys = Arc::new(key_line());
    let store = Store::open(&url, ring(&keys), clock.clone()).await.unwrap();
    Bench { store, clock, url, keys }
}

pub(crate) fn key_line() -> String {
    Keyring::mint_line(NOON).unwrap().1.expose_str().unwrap().to_owned()
}

pub(crate) fn ring(text: &str) -> Keyring {
    Keyring::parse(&Secret::new(text)).unwrap()
}

/// Everything one call needs, in one workspace.
pub(crate) struct Shop {
    pub(crate) workspace: WorkspaceId,
    pub(crate) owner: Owner,
    pub(crate) provider: Provider,
    pub(crate) credential: Credential,
    pub(crate) model: Model,
    pub(crate) alias: Alias,
    pub(crate) key: Key,
    /// The key's secret.
    pub(crate) secret: Secret,
}

/// As the store takes them.
pub(crate) fn shared(batch: &[Closed]) -> Vec<Arc<Closed>> {
    batch.iter().cloned().map(Arc::new).collect()
}

impl Bench {
    /// Opens the same database again, under these key-encryption keys.
    pub(crate) async fn reopen(&self, keys: &str) -> Result<Store, StoreError> {
        Store::open(&self.url, ring(keys), self.clock.clone()).await
    }

    /// Stores what is given by value, as tests have it.
    pub(crate) async fn append(&self, batch: &[Closed]) -> Result<Appended, StoreError> {
        self.store.append(&shared(batch)).await
    }

    pub(crate) async fn change(&self, workspace: WorkspaceId) -> Change {
        self.store.change(workspace, &Actor::system("test"), "a test").await.unwrap()
    }

    pub(crate) async fn workspace(&self, name: &str) -> WorkspaceId {
        let mut change = self.change(SYSTEM_WORKSPACE).await;
        let draft = WorkspaceDraft { name: name.into(), time_zone: "UTC".into() };
        let made = workspaces::create(&mut change, &draft).await.unwrap();
        change.commit().await.unwrap();
        made.id
    }

    /// A workspace with one of each noun; the credential's only secret is `secret`.
    pub(crate) async fn shop(&self, workspace: &str, secret: &str) -> Shop {
        let workspace = self.workspace(workspace).await;
        let mut change = self.change(workspace).await;
        let owner = owners::create(&mut change, &owner_draft("platform")).await.unwrap();
        let provider =
            providers::create(&mut change, &provider_draft("openai-main")).await.unwrap();
        let draft = credential_draft(&provider, "prod");
        let credential = credentials::create(&mut change, &draft, &fields(secret)).await.unwrap();
        let draft = model_draft(&provider, "gpt-x");
        let model = models::create(&mut change, &draft).await.unwrap();
        let model = models::set_price(&mut change, model.id, None, &price("0.15")).await.unwrap();
        let alias = aliases::create(&mut change, &alias_draft("fast", &model)).await.unwrap();
        let (key, secret) = keys::mint(&mut change, &key_draft("ci", &owner)).await.unwrap();
        change.commit().await.unwrap();
        Shop { workspace, owner, provider, credential, model, alias, key, secret }
    }
}

impl Shop {
    /// A request of this shop's key that cost something, admitted `micros` after noon.
    pub(crate) fn closed(&self, micros: i64) -> Closed {
        let at = NOON.plus_micros(micros);
        Closed {
            identity: Identity {
                request: RequestId::new(at),
                started_at: at,
                node: NodeId(Uuid::from_u128(5)),
                revision: 3,
                caller: Arc::new(Caller {
                    workspace: self.workspace,
                    key: self.key.id,
                    key_name: self.key.name.clone(),
                    key_version: 1,
                    owner: self.owner.id,
                    owner_name: self.owner.name.clone(),
                    environment: self.key.environment.clone(),
                    tags: self.key.tags.clone(),
                    said: Said::default(),
                }),
                surface: "/v1/chat/completions".into(),
                operation: Operation::Chat,
                alias: self.alias.name.clone(),
                alias_id: Some(self.alias.id),
                route: Some(self.alias.route.id),
                client: Some("openai-python".into()),
                client_request_id: Some("theirs".into()),
                trace_id: None,
                person: Some(Person {
                    client_addr: Some("192.0.2.7".into()),
                    end_user: Some("u-1".into()),
                }),
                probe: false,
            },
            asked: Asked { stream: true, bytes: 120, estimated_input: 30, ..Asked::default() },
            outcome: Outcome {
                status: 200,
                error_code: None,
                stream_end: StreamEnd::Done,
                total_us: 1_500_400,
                first_token_us: Some(250_600),
                overhead_us: 90,
                edits: vec!["model".into()],
                repairs: Vec::new(),
                losses: vec!["seed".into()],
                cache_hit: false,
            },
            attempts: vec![self.attempt(1, 100, 20)],
        }
    }

    pub(crate) fn attempt(&self, n: u32, input: u64, output: u64) -> Attempt {
        let line = |unit, quantity, cost| Line {
            unit,
            variant: None,
            quantity,
            cost: NanoUsd(cost),
            unpriced: false,
        };
        Attempt {
            start: AttemptStart {
                n,
                started_at: NOON,
                target: Arc::new(TargetLabel {
                    provider: self.provider.id,
                    provider_name: self.provider.name.clone(),
                    model: self.model.id,
                    model_name: self.model.name.clone(),
                    credential: self.credential.id,
                    price: self.model.price.as_ref().map(|price| price.id),
                    supply: None,
                    said: Said::default(),
                }),
                max_cost: NanoUsd(9_000),
            },
            total_us: 1_400_000,
            first_byte_us: Some(200_000),
            first_token_us: Some(250_000),
            status: Some(200),
            verdict: "ok".into(),
            upstream_request_id: Some("up-1".into()),
            usage: Usage { input, output, cached: 7, cache_write_1h: 2, ..Usage::default() },
            usage_source: UsageSource::Provider,
            lines: vec![line(Unit::Input, input, 11), line(Unit::Output, output, 31)],
            cost: NanoUsd(42),
        }
    }
}

pub(crate) fn person_draft(email: &str) -> PersonDraft {
    PersonDraft { email: email.into(), name: "Ada".into(), operator: None, enabled: true }
}

pub(crate) fn owner_draft(name: &str) -> OwnerDraft {
    OwnerDraft { name: name.into(), kind: OwnerKind::Team, managed_by: None }
}

pub(crate) fn provider_draft(name: &str) -> ProviderDraft {
    ProviderDraft {
        name: name.into(),
        kind: "openai-compatible".into(),
        base_url: Some("http://127.0.0.1:9001/v1".into()),
        settings: BTreeMap::from([("region".into(), "eu".into())]),
        default_credential: None,
        preference: None,
        enabled: true,
        new_models: false,
        managed_by: Some("setup.yaml".into()),
    }
}

pub(crate) fn credential_draft(provider: &Provider, name: &str) -> CredentialDraft {
    CredentialDraft {
        provider: provider.id,
        model: None,
        name: name.into(),
        settings: BTreeMap::new(),
        enabled: true,
        status: CredentialStatus::Unverified,
        checks: Checks::default(),
        managed_by: None,
    }
}

pub(crate) fn fields(secret: &str) -> SecretFields {
    SecretFields::new([("api_key".to_owned(), Secret::new(secret))])
}

pub(crate) fn model_draft(provider: &Provider, name: &str) -> ModelDraft {
    ModelDraft {
        provider: provider.id,
        name: name.into(),
        model_type: ModelType::Llm,
        custom: true,
        enabled: true,
        facts: ModelFacts { context_window: Some(128_000), ..ModelFacts::default() },
        managed_by: None,
    }
}

pub(crate) fn price(input: &str) -> PriceDraft {
    let rate = |unit: Unit, amount: &str| Rate {
        unit,
        variant: None,
        amount: amount.parse().unwrap(),
        per: unit.per(),
    };
    PriceDraft {
        free: false,
        rates: vec![rate(Unit::Output, "0.60"), rate(Unit::Input, input)],
        effective_from: None,
        source: "https://prices.example".into(),
        verified_at: None,
    }
}

pub(crate) fn alias_draft(name: &str, model: &Model) -> AliasDraft {
    let target = WeightedTarget {
        model: model.id,
        credential: None,
        environments: BTreeMap::new(),
        weight: 1,
    };
    AliasDraft {
        name: name.into(),
        enabled: true,
        groups: vec![Group { targets: vec![target] }],
        policy: Policy::default(),
        managed_by: None,
    }
}

pub(crate) fn key_draft(name: &str, owner: &Owner) -> KeyDraft {
    KeyDraft {
        name: name.into(),
        owner: owner.id,
        environment: "test".into(),
        purpose: "tests".into(),
        aliases: None,
        tags: vec!["blue".into()],
        enabled: true,
        expires_at: None,
        losses: None,
        managed_by: None,
    }
}
