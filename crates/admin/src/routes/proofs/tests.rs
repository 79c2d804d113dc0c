//! Paid proofs over the API: budgeted by the workspace, and a cost of their own.

use http::header;
use serde_json::json;

use crate::testing::Api;

const AT: &str = "/api/v1/workspaces/main/providers/p/credentials/main/check";
const SETTINGS: &str = "/api/v1/workspaces/main/settings";
const PROOFS: &str = "/api/v1/workspaces/main/proofs";

#[tokio::test]
async fn a_paid_proof_leaves_a_row_with_its_cost_and_who_asked() {
    let api = Api::new().await;
    api.furnish("main").await;
    api.post(AT, json!({})).await.ok();
    assert_eq!(api.get(PROOFS).await.ok().body["items"], json!([]), "what is free leaves none");
    api.post(AT, json!({"validate": {"model": "gpt-x", "paid": true}})).await.ok();
    let shown = api.get(PROOFS).await.ok().body;
    let it = &shown["items"][0];
    assert_eq!((&it["provider"], &it["model"]), (&json!("p"), &json!("gpt-x")));
    assert_eq!((&it["outcome"], &it["calls"]), (&json!("proven"), &json!(1)));
    // 9 tokens at 0.15 and 16 at 0.60 dollars for a million.
    assert_eq!(it["cost_nanos"], json!(9 * 150 + 16 * 600));
    assert_eq!(it["lines"][0]["unit"], "input");
    assert!(it["asked_by"].as_str().is_some_and(|it| !it.is_empty()));
    assert!(it["credential_id"].is_string() && it["price_version_id"].is_string());
    let days = api.get(&format!("{PROOFS}/days")).await.ok().body;
    let day = json!({"day": "2026-11-18", "proofs": 1, "cost_nanos": 9 * 150 + 16 * 600});
    assert_eq!(days["items"], json!([day]));
    api.clock.advance(1_000_000);
    api.post(AT, json!({"validate": {"model": "strange", "paid": true}})).await.ok();
    let it = &api.get(PROOFS).await.ok().body["items"][0];
    assert_eq!((&it["price_version_id"], &it["cost_nanos"]), (&json!(null), &json!(0)));
    assert_eq!(api.get("/api/v1/workspaces/main/usage").await.ok().body["items"], json!([]));
}

#[tokio::test]
async fn a_workspace_says_how_many_paid_proofs_it_may_have_in_an_hour() {
    let api = Api::new().await;
    api.furnish("main").await;
    let paid = || json!({"validate": {"model": "gpt-x", "paid": true}});
    assert_eq!(api.get(SETTINGS).await.ok().body["proofs_per_hour"], 60);
    let set = api.patch(SETTINGS, json!({"proofs_per_hour": 1})).await.ok();
    assert_eq!(set.body["proofs_per_hour"], 1);
    api.post(AT, paid()).await.ok();
    let refused = api.post(AT, paid()).await.refused(429, "too_many_paid_proofs");
    assert_eq!(refused.headers[header::RETRY_AFTER], "3600");
    api.patch(SETTINGS, json!({"proofs_per_hour": 0})).await.ok();
    let refused = api.post(AT, paid()).await.refused(429, "too_many_paid_proofs");
    assert!(refused.headers.get(header::RETRY_AFTER).is_none(), "waiting does not help");
    api.post(AT, json!({})).await.ok();
}
