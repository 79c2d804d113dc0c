//! What storing usage costs: CPU microseconds per request of [`Store::append`], on a fresh SQLite
//! file and on one that holds 200,000 requests already.
//!
//! `cargo run --release -p wayleave-store --example append_cost [FOLDER]`

use std::error::Error;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use wayleave_model::id::{
    AliasId, CredentialId, KeyId, ModelId, NodeId, OwnerId, PriceVersionId, ProviderId, RequestId,
    RouteVersionId, WorkspaceId,
};
use wayleave_model::price::{Line, Unit};
use wayleave_model::provider::Operation;
use wayleave_model::record::{
    Asked, Attempt, AttemptStart, Caller, Closed, Identity, Outcome, Person, Said, StreamEnd,
    TargetLabel,
};
use wayleave_model::usage::{Usage, UsageSource};
use wayleave_model::{Clock, NanoUsd, Timestamp};
use wayleave_store::{DatabaseUrl, Keyring, MAX_BATCH, Store};

/// 2026-11-21T12:00:00Z.
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
/// Between two requests: 20,000 per second.
const APART: i64 = 50;
/// Batches of one measurement.
const BATCHES: usize = 20;
/// Requests that make a file an old one.
const OLD: usize = 200_000;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let url = DatabaseUrl::sqlite(folder.path().join("wayleave.db"));
    let ring = Keyring::parse(&Keyring::mint_line(NOON)?.1)?;
    let store = Store::open(&url, ring, Clock::system()).await?;
    let mut traffic = Traffic::new();
    println!("fresh: {}", measure(&store, &mut traffic).await?);
    for _ in 0..OLD / MAX_BATCH - BATCHES {
        store.append(&traffic.batch()).await?;
    }
    println!("after {OLD}: {}", measure(&store, &mut traffic).await?);
    store.close().await;
    Ok(())
}

/// CPU of the whole process, user and system, microseconds per request: of the median batch, and
/// of all with what comes between them (checkpoints).
async fn measure(store: &Store, traffic: &mut Traffic) -> Result<String, Box<dyn Error>> {
    let mut each: Vec<f64> = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let batch = traffic.batch();
        let before = cpu_micros();
        let done = store.append(&batch).await?;
        each.push((cpu_micros() - before) as f64 / batch.len() as f64);
        assert_eq!(done.stored, batch.len());
    }
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    each.sort_by(f64::total_cmp);
    Ok(format!("{mean:.2} µs of CPU per request, {:.2} in the median batch", each[BATCHES / 2]))
}

fn cpu_micros() -> i64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec * 1_000_000 + used.tv_nsec / 1_000
}

/// Plain chat calls of a few keys to one target.
struct Traffic {
    at: i64,
    node: NodeId,
    alias: AliasId,
    route: RouteVersionId,
    callers: Vec<Arc<Caller>>,
    target: Arc<TargetLabel>,
}

impl Traffic {
    fn new() -> Traffic {
        let workspace = WorkspaceId::new(NOON);
        let caller = |nth: i32| Caller {
            workspace,
            key: KeyId::new(NOON),
            key_name: format!("ci-{nth}"),
            key_version: 1,
            owner: OwnerId::new(NOON),
            owner_name: "platform".into(),
            environment: "production".into(),
            tags: vec!["blue".into()],
            said: Said::default(),
        };
        let target = TargetLabel {
            provider: ProviderId::new(NOON),
            provider_name: "openai-main".into(),
            model: ModelId::new(NOON),
            model_name: "gpt-x".into(),
            credential: CredentialId::new(NOON),
            price: Some(PriceVersionId::new(NOON)),
            supply: None,
            said: Said::default(),
        };
        Traffic {
            at: 0,
            node: NodeId::new(NOON),
            alias: AliasId::new(NOON),
            route: RouteVersionId::new(NOON),
            callers: (0..8).map(|nth| Arc::new(caller(nth))).collect(),
            target: Arc::new(target),
        }
    }

    fn batch(&mut self) -> Vec<Arc<Closed>> {
        (0..MAX_BATCH).map(|nth| Arc::new(self.request(nth))).collect()
    }

    fn request(&mut self, nth: usize) -> Closed {
        self.at += 1;
        let at = NOON.plus_micros(self.at * APART);
        let line = |unit, quantity, cost| Line {
            unit,
            variant: None,
            quantity,
            cost: NanoUsd(cost),
            unpriced: false,
        };
        let start = AttemptStart {
            n: 1,
            started_at: at.plus_micros(40),
            target: Arc::clone(&self.target),
            max_cost: NanoUsd(9_000),
        };
        Closed {
            identity: Identity {
                request: RequestId::new(at),
                started_at: at,
                node: self.node,
                revision: 3,
                caller: Arc::clone(&self.callers[nth % self.callers.len()]),
                surface: "/v1/chat/completions".into(),
                operation: Operation::Chat,
                alias: "fast".into(),
                alias_id: Some(self.alias),
                route: Some(self.route),
                client: Some("openai-python".into()),
                client_request_id: None,
                trace_id: None,
                person: Some(Person { client_addr: Some("192.0.2.7".into()), end_user: None }),
                probe: false,
            },
            asked: Asked { stream: false, bytes: 120, estimated_input: 30, ..Asked::default() },
            outcome: Outcome {
                status: 200,
                error_code: None,
                stream_end: StreamEnd::Done,
                total_us: 1_500_400,
                first_token_us: Some(250_600),
                overhead_us: 90,
                edits: vec!["model".into()],
                repairs: Vec::new(),
                losses: Vec::new(),
                cache_hit: false,
            },
            attempts: vec![Attempt {
                start,
                total_us: 1_400_000,
                first_byte_us: Some(200_000),
                first_token_us: Some(250_000),
                status: Some(200),
                verdict: "ok".into(),
                upstream_request_id: Some("req_0123456789abcdef".into()),
                usage: Usage { input: 100, output: 20, ..Usage::default() },
                usage_source: UsageSource::Provider,
                lines: vec![line(Unit::Input, 100, 11), line(Unit::Output, 20, 31)],
                cost: NanoUsd(42),
            }],
        }
    }
}
