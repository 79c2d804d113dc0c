//! Usage over the API, put in through a spool's replay.

use serde_json::{Value, json};
use uuid::Uuid;
use wayleave_model::id::RequestId;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/usage";
const REPLAY: &str = "/api/v1/system/spool/replay";

/// When the first request began, microseconds.
const FIRST: i64 = 1_795_000_000_000_000;

/// The `n`th request's id: like all, made of the time it began (RFC 9562, section 5.7).
fn request(n: u8) -> RequestId {
    let millis = (FIRST / 1_000 + i64::from(n) * 1_000).unsigned_abs();
    RequestId(Uuid::from_u128(u128::from(millis) << 80 | 7 << 76 | 2 << 62 | u128::from(n)))
}

/// A request of the key `ci`, the `n`th of its day.
async fn closed(api: &Api, n: u8) -> Value {
    let at = |rest: &str| format!("/api/v1/workspaces/main/{rest}");
    let key = api.get(&at("keys/ci")).await.ok().body;
    let workspace = api.get("/api/v1/system/workspaces/main").await.ok().body["id"].clone();
    let id = |prefix: &str| format!("{prefix}_0{n:025}");
    json!({
        "identity": {
            "request": request(n),
            "started_at": FIRST + i64::from(n) * 1_000_000,
            "node": id("node"),
            "revision": 3,
            "caller": {
                "workspace": workspace,
                "key": key["id"],
                "key_name": "ci",
                "key_version": 1,
                "owner": key["owner_id"],
                "owner_name": "platform",
                "environment": "test",
            },
            "surface": "/v1/chat/completions",
            "operation": "chat",
            "alias": if n.is_multiple_of(2) { "fast" } else { "slow" },
        },
        "asked": {"stream": true, "bytes": 120},
        "outcome": {"status": 200, "stream_end": "done", "total_us": 1_500_000, "first_token_us": 250_000},
        "attempts": [{
            "start": {
                "n": 1,
                "started_at": FIRST,
                "target": {
                    "provider": id("prov"),
                    "provider_name": "p",
                    "model": id("mdl"),
                    "model_name": "gpt-x",
                    "credential": id("cred"),
                    "price": null,
                },
                "max_cost": 900,
            },
            "total_us": 1_400_000,
            "verdict": "ok",
            "usage": {"input": 10, "output": 2},
            "usage_source": "provider",
            "lines": [{"unit": "input", "quantity": 10, "cost": 2}, {"unit": "output", "quantity": 2, "cost": 3}],
            "cost": 5,
        }],
    })
}

async fn api_with(count: u8) -> Api {
    let api = Api::new().await;
    let key = json!({"name": "ci", "owner": "platform", "environment": "test"});
    api.post("/api/v1/workspaces/main/keys", key).await.created();
    let mut records = Vec::new();
    for n in 0..count {
        records.push(closed(&api, n).await);
    }
    let done = api.post(REPLAY, json!({"records": records})).await.ok();
    assert_eq!(done.body, json!({"stored": count, "known": 0}));
    api
}

fn requests(body: &Value) -> Vec<u8> {
    let number = |it: &Value| {
        let id: RequestId = it["request_id"].as_str().unwrap().parse().unwrap();
        (0..9).find(|n| request(*n) == id).unwrap()
    };
    body["items"].as_array().unwrap().iter().map(number).collect()
}

#[tokio::test]
async fn a_row_has_the_documented_keys_in_their_order() {
    let api = api_with(1).await;
    let shown = api.get(PATH).await.ok();
    let first = request(0);
    assert_eq!(
        shown.text.replace(&first.to_string(), "req_0"),
        "{\"items\":[{\"request_id\":\"req_0\",\
         \"started_at\":\"2026-11-18T11:06:40.000000Z\",\"workspace\":\"main\",\"key\":\"ci\",\
         \"key_version\":1,\"owner\":\"platform\",\"environment\":\"test\",\"alias\":\"fast\",\
         \"provider\":\"p\",\"model\":\"gpt-x\",\"surface\":\"/v1/chat/completions\",\
         \"operation\":\"chat\",\"status\":200,\"error_code\":null,\"stream_end\":\"done\",\
         \"input_tokens\":10,\"output_tokens\":2,\"cached_tokens\":0,\"cache_write_tokens\":0,\
         \"reasoning_tokens\":0,\"images\":0,\"characters\":0,\"audio_seconds\":0,\
         \"video_seconds\":0,\"searches\":0,\"cost_nanos\":5,\"usage_source\":\"provider\",\"attempts\":1,\
         \"total_ms\":1500,\"first_token_ms\":250,\"tags\":[],\
         \"supply\":\"custom\",\"quota_type\":null}]}"
    );
}

#[tokio::test]
async fn requests_are_filtered_and_paged_newest_first() {
    let api = api_with(4).await;
    let all = |query: &str| {
        let path = format!("{PATH}{query}");
        let api = &api;
        async move { requests(&api.get(&path).await.ok().body) }
    };
    assert_eq!(all("").await, [3, 2, 1, 0]);
    assert_eq!(all("?alias=slow").await, [3, 1]);
    assert_eq!(all("?key=ci&since=2026-11-18T11:06:41Z&until=2026-11-18T11:06:43Z").await, [2, 1]);
    assert_eq!(all(&format!("?request_id={}", request(2))).await, [2]);
    let first = api.get(&format!("{PATH}?limit=3")).await.ok().body;
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(all(&format!("?limit=3&cursor={cursor}")).await, [0]);
    api.get(&format!("{PATH}?key=none")).await.refused(404, "not_found");
    api.get(&format!("{PATH}?request_id=7")).await.refused(404, "not_found");
    api.get(&format!("{PATH}?since=yesterday")).await.refused(400, "bad_query");
}

#[tokio::test]
async fn a_receipt_shows_every_attempt_and_line() {
    let api = api_with(1).await;
    let receipt = api.get(&format!("{PATH}/{}", request(0))).await.ok().body;
    assert_eq!(receipt["request"]["cost_nanos"], 5);
    assert_eq!(
        receipt["attempts"][0]["lines"],
        json!([
            {"unit": "input", "quantity": 10, "cost_nanos": 2, "price_version_id": null, "unpriced": false},
            {"unit": "output", "quantity": 2, "cost_nanos": 3, "price_version_id": null, "unpriced": false},
        ])
    );
    api.get(&format!("{PATH}/{}", request(9))).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_spool_that_is_replayed_twice_counts_once() {
    let api = api_with(2).await;
    let records = vec![closed(&api, 1).await, closed(&api, 2).await];
    let done = api.post(REPLAY, json!({"records": records})).await.ok();
    assert_eq!(done.body, json!({"stored": 1, "known": 1}));
    assert_eq!(requests(&api.get(PATH).await.ok().body), [2, 1, 0]);
}
