//! Kept responses over time and at their limits: what clients see of the rest is tested over sockets.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::carry::Whole;
use wayleave_model::Clock;
use wayleave_model::id::{RequestId, SYSTEM_WORKSPACE};
use wayleave_model::provider::Operation;
use wayleave_model::record::Caller;
use wayleave_model::workspace::KeepResponses;
use wayleave_store::Actor;
use wayleave_store::workspaces::{self, WorkspaceDraft};

use super::*;
use crate::gateway::{Arrival, Gateway};
use crate::origin::Origin;
use crate::testing::{NOON, entry, gateway, part, store, world};
use crate::world::KeyEntry;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

struct Stage {
    _folder: tempfile::TempDir,
    clock: Clock,
    gateway: Arc<Gateway>,
    key: KeyEntry,
}

impl Stage {
    /// A workspace that keeps responses for 30 days.
    async fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(NOON);
        let store = store(folder.path(), &clock).await;
        let actor = Actor::system("test");
        let mut change = store.change(SYSTEM_WORKSPACE, &actor, "").await.unwrap();
        let draft = WorkspaceDraft { name: "main".into(), time_zone: "UTC".into() };
        let workspace = workspaces::create(&mut change, &draft).await.unwrap().id;
        change.commit().await.unwrap();
        let mut part = part(100);
        part.settings.keep_responses = Some(KeepResponses::default());
        let mut key = entry(part);
        key.caller = Arc::new(Caller { workspace, ..(*key.caller).clone() });
        let gateway = gateway(folder.path(), &clock, &store, world(Vec::new()));
        Stage { _folder: folder, clock, gateway, key }
    }

    async fn recall(&self, body: &Value) -> Result<(Value, Memory), Refusal> {
        let arrival = Arrival {
            id: RequestId::new(self.clock.now()),
            admitted: self.clock.tick(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let dialect = ClientDialect::OpenAiResponses;
        let origin =
            Origin::new(&arrival, HeaderMap::new(), Operation::Chat, dialect, "/v1/responses");
        let body = Bytes::from(body.to_string());
        let recalled = self.gateway.recall(&self.key, &origin, body).await;
        let (body, memory) = recalled.map_err(|forgotten| forgotten.refusal)?;
        Ok((serde_json::from_slice(&body).unwrap(), memory))
    }

    /// Answers the request, and keeps the answer: its id.
    async fn answer(&self, body: &Value) -> String {
        self.clock.advance(1);
        let (_, memory) = self.recall(body).await.unwrap();
        let keep = memory.keep.unwrap();
        let id = keep.stored.as_ref().unwrap().id.clone();
        let output = json!([{"id": format!("msg_{id}"), "type": "message", "role": "assistant",
            "content": [{"type": "output_text", "text": "yes"}]}]);
        let mut whole = Whole {
            body: json!({"id": id, "output": output, "store": true}).to_string().into(),
            usage: None,
            content_bytes: 3,
            repairs: Vec::new(),
            losses: Vec::new(),
            kept: None,
        };
        let whose = self.key.caller.workspace;
        Safe { whose, asked: [0; 32], keep: Some(keep) }.whole(&self.gateway, &mut whole).await;
        assert!(whole.losses.is_empty(), "{:?}", whole.losses);
        id
    }

    async fn refused(&self, body: &Value) -> (u16, String) {
        let refusal = self.recall(body).await.err().unwrap();
        (refusal.status.as_u16(), refusal.code)
    }
}

fn more(id: &str) -> Value {
    json!({"model": "fast", "input": "more", "previous_response_id": id})
}

#[tokio::test]
async fn a_response_is_there_for_its_days_and_is_swept_after() {
    let stage = Stage::new().await;
    let id = stage.answer(&json!({"model": "fast", "input": "hi"})).await;
    stage.clock.advance(30 * DAY - 10);
    let (body, memory) = stage.recall(&more(&id)).await.unwrap();
    assert!(memory.recalled && body.get("previous_response_id").is_none());
    let roles: Vec<&Value> =
        body["input"].as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    stage.clock.advance(10);
    let gone = (404, "previous_response_not_found".to_owned());
    assert_eq!(stage.refused(&more(&id)).await, gone);
    let now = stage.clock.now();
    stage.gateway.vault.tidy(now).await;
    assert_eq!(stage.gateway.vault.store().sweep_responses(now).await.unwrap(), 0);
}

#[tokio::test]
async fn a_conversation_is_no_larger_than_a_client_could_send_itself() {
    let mut stage = Stage::new().await;
    let id = stage.answer(&json!({"model": "fast", "input": "hi"})).await;
    Arc::get_mut(&mut stage.gateway).unwrap().settings.max_body = 400;
    assert_eq!(stage.refused(&more(&id)).await, (413, "request_too_large".to_owned()));
}

#[tokio::test]
async fn what_is_not_to_be_kept_costs_no_look_at_the_database() {
    let stage = Stage::new().await;
    stage.gateway.vault.store().close().await;
    let mut unkept = entry(part(100));
    unkept.caller = Arc::clone(&stage.key.caller);
    let stage = Stage { key: unkept, ..stage };
    let items = json!([{"type": "item_reference", "id": "msg_1"}]);
    for body in [
        json!({"model": "fast", "input": items}),
        json!({"model": "fast", "input": "hi", "previous_response_id": "resp_of_a_provider"}),
    ] {
        let (same, memory) = stage.recall(&body).await.unwrap();
        assert_eq!(same, body);
        assert!(!memory.recalled && memory.keep.is_none());
    }
    let kept = more("resp_00000000000000000000000000");
    assert_eq!(stage.refused(&kept).await, (503, "dependency_unavailable".to_owned()));
}
