//! Jobs over the API: listed by state, shown whole, of their own workspace alone.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;
use wayleave_model::id::{JobId, NodeId, RequestId, RouteVersionId};
use wayleave_model::job::{Job, JobNews, JobOrigin, JobState};
use wayleave_model::price::PriceVersion;
use wayleave_model::record::{Caller, TargetLabel};
use wayleave_model::{NanoUsd, Timestamp};

use crate::testing::Api;

const AT: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// A job of the workspace `main`, being sent.
async fn job(api: &Api) -> Job {
    let workspace = api.get("/api/v1/system/workspaces/main").await.ok().body["id"].clone();
    let key = json!({"name": "ci", "owner": "platform", "environment": "test"});
    let key = api.post("/api/v1/workspaces/main/keys", key).await.created().body;
    let id = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let workspace = id(&workspace).parse().unwrap();
    let caller = Caller {
        workspace,
        key: id(&key["id"]).parse().unwrap(),
        key_name: "ci".into(),
        key_version: 1,
        owner: id(&key["owner_id"]).parse().unwrap(),
        owner_name: "platform".into(),
        environment: "test".into(),
        tags: Vec::new(),
        said: Default::default(),
    };
    let none = Uuid::from_u128(7);
    Job {
        workspace,
        id: JobId(Uuid::from_u128(1)),
        state: JobState::Accepted,
        origin: JobOrigin {
            caller: Arc::new(caller),
            request: RequestId(Uuid::from_u128(2)),
            surface: "/v1/videos".into(),
            alias: "film".into(),
            alias_id: wayleave_model::id::AliasId(none),
            route: RouteVersionId(none),
            target: Arc::new(TargetLabel {
                provider: wayleave_model::id::ProviderId(none),
                provider_name: "p".into(),
                model: wayleave_model::id::ModelId(none),
                model_name: "sora-2".into(),
                credential: wayleave_model::id::CredentialId(none),
                price: None,
                supply: None,
                said: Default::default(),
            }),
            price: PriceVersion {
                id: wayleave_model::id::PriceVersionId(none),
                free: true,
                rates: Vec::new(),
            },
            grammar: "openai".into(),
            max_cost: NanoUsd(9),
            seconds: 8,
            size: Some("1280x720".into()),
            digest: "d".into(),
            remixed_from: None,
        },
        vendor_id: None,
        news: JobNews::default(),
        settled: false,
        due_at: None,
        lease: None,
        created_at: AT,
        updated_at: AT,
        deleted_at: None,
    }
}

#[tokio::test]
async fn jobs_are_listed_by_state_and_shown_whole() {
    let api = Api::new().await;
    let job = job(&api).await;
    let node = NodeId(Uuid::from_u128(5));
    api.store.insert_job(&job, node, AT.plus_micros(60_000_000)).await.unwrap();
    let path = "/api/v1/workspaces/main/jobs";
    let listed = api.get(path).await.ok().body;
    let shown = &listed["items"][0];
    assert_eq!(*shown, api.get(&format!("{path}/{}", job.id)).await.ok().body);
    assert_eq!(
        *shown,
        json!({
            "id": job.id, "state": "accepted", "progress": 0, "key": "ci", "owner": "platform",
            "alias": "film", "surface": "/v1/videos", "provider": "p", "model": "sora-2",
            "grammar": "openai", "vendor_id": null, "seconds": 8, "size": "1280x720", "error": null,
            "request_id": job.origin.request, "settlement_id": null, "settled": false,
            "cost_nanos": null, "max_cost_nanos": 9, "remixed_from": null, "node": node,
            "due_at": AT.plus_micros(60_000_000).to_string(), "created_at": AT.to_string(),
            "updated_at": AT.to_string(), "completed_at": null, "expires_at": null,
            "deleted_at": null,
        })
    );
    let none = api.get(&format!("{path}?state=orphaned")).await.ok().body;
    assert_eq!(none, json!({"items": []}));
    assert_eq!(api.get(&format!("{path}?state=lost")).await.status.as_u16(), 400);
    let other = JobId(Uuid::from_u128(9));
    for id in [other.to_string(), "nonsense".to_owned()] {
        assert_eq!(api.get(&format!("{path}/{id}")).await.status.as_u16(), 404, "{id}");
    }
}
