//! For tests: a workspace drawn by hand, a recorder on a throwaway spool, a throwaway database.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use arc_swap::ArcSwap;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use wayleave_model::alias::{Alias, Group, Policy, Route, WeightedTarget};
use wayleave_model::credential::{Checks, Credential, CredentialStatus, SecretFields};
use wayleave_model::id::{
    AliasId, CredentialId, KeyId, ModelId, NodeId, OwnerId, PriceVersionId, ProviderId, RequestId,
    RouteVersionId, WorkspaceId,
};
use wayleave_model::key::{Key, KeyVersion};
use wayleave_model::price::{PriceVersion, Rate, Unit};
use wayleave_model::provider::{ModelType, Operation, Provider};
use wayleave_model::record::{Asked, Caller, Closed, Identity, Outcome, StreamEnd};
use wayleave_model::target::{Model, ModelFacts};
use wayleave_model::workspace::{Workspace, WorkspaceSettings};
use wayleave_model::{Clock, Secret, Timestamp};
use wayleave_spool::{Options, Recovery, Spool};
use wayleave_store::{DatabaseUrl, Keyring, Snapshot, Store, WorkspaceSnapshot};

use crate::drain::Drains;
use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::pool::Healths;
use crate::recent::Recent;
use crate::recorder::Recorder;
use crate::settings::Settings;
use crate::supply::Meters;
use crate::token::Tokens;
use crate::upstream::Upstream;
use crate::vault::Vault;
use crate::world::{Candidate, KeyEntry, Target, World};

/// 2026-11-21T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
/// The credential's secret.
pub(crate) const SECRET: &str = "sk-canary/0123456789";
/// The hash of the key's only secret.
pub(crate) const HASH: [u8; 32] = [7; 32];

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A workspace with one of each: provider `openai-main`, credential `prod`, model `gpt-x` at $1 and
/// $2 for a million tokens, alias `fast`, key `ci`. `number` makes its ids its own.
pub(crate) fn part(number: u128) -> WorkspaceSnapshot {
    let model = model(number + 3, "gpt-x");
    WorkspaceSnapshot {
        workspace: Workspace {
            id: WorkspaceId(id(number)),
            name: "main".into(),
            time_zone: "UTC".into(),
            plan: None,
            version: 1,
            created_at: NOON,
        },
        settings: WorkspaceSettings::default(),
        providers: vec![provider(number)],
        credentials: vec![credential(number + 2, "prod")],
        aliases: vec![alias(number + 5, "fast", &[&[(&model, 1)]])],
        models: vec![model],
        pools: Vec::new(),
        supplies: Vec::new(),
        plan: None,
        keys: vec![key(number + 6)],
    }
}

/// With the credential whose id is one more as its default.
pub(crate) fn provider(number: u128) -> Provider {
    Provider {
        id: ProviderId(id(number + 1)),
        name: "openai-main".into(),
        kind: "openai-compatible".into(),
        base_url: Some("http://127.0.0.1:9/v1".into()),
        settings: BTreeMap::new(),
        default_credential: Some(CredentialId(id(number + 2))),
        preference: None,
        enabled: true,
        new_models: false,
        managed_by: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

/// Of the provider whose id is one less.
pub(crate) fn credential(number: u128, name: &str) -> (Credential, SecretFields) {
    let credential = Credential {
        id: CredentialId(id(number)),
        provider: ProviderId(id(number / 100 * 100 + 1)),
        model: None,
        name: name.into(),
        settings: BTreeMap::new(),
        masked: BTreeMap::new(),
        fingerprint: String::new(),
        enabled: true,
        status: CredentialStatus::Active,
        checks: Checks::default(),
        last_used_at: None,
        managed_by: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    };
    (credential, SecretFields::new([("api_key".to_owned(), Secret::new(SECRET))]))
}

/// Of the only provider of workspace 100, 200 ….
pub(crate) fn model(number: u128, name: &str) -> Model {
    let rate = |unit: Unit, dollars: &str| Rate {
        unit,
        variant: None,
        amount: dollars.parse().unwrap(),
        per: unit.per(),
    };
    Model {
        id: ModelId(id(number)),
        provider: ProviderId(id(number / 100 * 100 + 1)),
        name: name.into(),
        model_type: ModelType::Llm,
        custom: true,
        enabled: true,
        facts: ModelFacts { max_output: Some(1_000), ..ModelFacts::default() },
        price: Some(PriceVersion {
            id: PriceVersionId(id(number + 1)),
            free: false,
            rates: vec![rate(Unit::Input, "1"), rate(Unit::Output, "2")],
        }),
        default_credential: None,
        managed_by: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

/// Groups of (model, weight).
pub(crate) fn alias(number: u128, name: &str, groups: &[&[(&Model, u32)]]) -> Alias {
    let group = |group: &&[(&Model, u32)]| Group {
        targets: group
            .iter()
            .map(|(model, weight)| WeightedTarget {
                model: model.id,
                credential: None,
                environments: BTreeMap::new(),
                weight: *weight,
            })
            .collect(),
    };
    Alias {
        id: AliasId(id(number)),
        name: name.into(),
        enabled: true,
        route: Route {
            id: RouteVersionId(id(number + 50)),
            number: 1,
            groups: groups.iter().map(group).collect(),
            policy: Policy::default(),
            author: "test".into(),
            reason: String::new(),
            created_at: NOON,
        },
        managed_by: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

pub(crate) fn key(number: u128) -> Key {
    Key {
        id: KeyId(id(number)),
        name: "ci".into(),
        owner: OwnerId(id(number + 1)),
        owner_name: "platform".into(),
        environment: "test".into(),
        purpose: String::new(),
        aliases: None,
        tags: Vec::new(),
        enabled: true,
        expires_at: None,
        losses: None,
        versions: vec![key_version(HASH)],
        managed_by: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

pub(crate) fn key_version(hash: [u8; 32]) -> KeyVersion {
    KeyVersion {
        number: 1,
        hash,
        prefix: "wl_".into(),
        last_four: "0000".into(),
        created_at: NOON,
        expires_at: None,
        revoked_at: None,
    }
}

/// The world that these workspaces make.
pub(crate) fn world(workspaces: Vec<WorkspaceSnapshot>) -> World {
    World::new(Snapshot { revision: 1, workspaces }, &Healths::default())
}

/// The key of a workspace drawn with [`part`].
pub(crate) fn entry(part: WorkspaceSnapshot) -> KeyEntry {
    world(vec![part]).key(&HASH).unwrap().clone()
}

/// The target of `fast`.
pub(crate) fn target(part: WorkspaceSnapshot) -> Arc<Target> {
    let entry = entry(part);
    match &entry.tenant.aliases["fast"].groups[0][0].candidate {
        Candidate::Ready(target) => Arc::clone(target),
        Candidate::Pool(_) | Candidate::Supplied(_) => panic!("it does not stand alone"),
        Candidate::Unusable(why) => panic!("{why:?}"),
    }
}

/// A request of that key, admitted `micros` after noon.
pub(crate) fn identity(caller: &Arc<Caller>, micros: i64) -> Identity {
    let at = NOON.plus_micros(micros);
    Identity {
        request: RequestId::new(at),
        started_at: at,
        node: NodeId(id(5)),
        revision: 1,
        caller: Arc::clone(caller),
        surface: "/v1/chat/completions".into(),
        operation: Operation::Chat,
        alias: "fast".into(),
        alias_id: None,
        route: None,
        client: None,
        client_request_id: None,
        trace_id: None,
        person: None,
        probe: false,
    }
}

/// 400 bytes of a request: 100 tokens.
pub(crate) fn asked() -> Asked {
    Asked { bytes: 400, estimated_input: 100, ..Asked::default() }
}

/// A request that was refused at once.
pub(crate) fn closed() -> Closed {
    let outcome = Outcome {
        status: 404,
        error_code: Some("model_not_found".into()),
        stream_end: StreamEnd::Refused,
        total_us: 7,
        first_token_us: None,
        overhead_us: 0,
        edits: Vec::new(),
        repairs: Vec::new(),
        losses: Vec::new(),
        cache_hit: false,
    };
    let identity = identity(&entry(part(100)).caller, 0);
    Closed { identity, asked: asked(), outcome, attempts: Vec::new() }
}

/// A recorder whose spool has segments of the smallest size, so that few records fill many.
pub(crate) fn recorder(folder: &Path, clock: &Clock) -> (Arc<Recorder>, Recovery) {
    let options = Options {
        segment_bytes: 64 << 10,
        reserve_bytes: 16 << 10,
        max_bytes: 16 << 20,
        ..Options::new([7; 16])
    };
    let (spool, recovery) = Spool::open(&folder.join("spool"), options).unwrap();
    let metrics = Arc::new(Metrics::default());
    (
        Arc::new(Recorder {
            clock: clock.clone(),
            spool: Arc::new(spool),
            metrics,
            recent: Recent::default(),
            meters: Meters::default(),
        }),
        recovery,
    )
}

/// A database of its own, opened again with the same key when it is there.
pub(crate) async fn store(folder: &Path, clock: &Clock) -> Store {
    let key_file = folder.join("kek");
    if !key_file.exists() {
        let (_, line) = Keyring::mint_line(NOON).unwrap();
        std::fs::write(&key_file, line.expose()).unwrap();
    }
    let keyring = Keyring::parse(&Secret::new(std::fs::read(&key_file).unwrap())).unwrap();
    let url = DatabaseUrl::sqlite(folder.join("wayleave.db"));
    Store::open(&url, keyring, clock.clone()).await.unwrap()
}

/// A gateway over `world`, with a spool in `folder`.
pub(crate) fn gateway(folder: &Path, clock: &Clock, store: &Store, world: World) -> Arc<Gateway> {
    let settings = Settings::default();
    let (recorder, recovery) = recorder(folder, clock);
    Arc::new(Gateway {
        world: ArcSwap::from_pointee(world),
        upstream: Upstream::new(&settings).unwrap(),
        media: Upstream::for_media(&settings).unwrap(),
        vault: Vault::new(store.clone()),
        tokens: Tokens::default(),
        healths: Arc::default(),
        drains: Drains::new(settings.max_drains, settings.drain_limit, TaskTracker::new()),
        uploads: crate::task::upload::Uploads::new(settings.upload_room),
        settings,
        recorder,
        hasher: store.hasher(),
        node: NodeId(Uuid::from_bytes(recovery.node_id)),
        confirmed: AtomicU64::new(clock.tick().micros_since(wayleave_model::time::Tick::default())),
        draining: AtomicBool::new(false),
    })
}
