//! Keys over the API: made, shown once, rotated, revoked.

use http::StatusCode;
use serde_json::json;
use wayleave_model::key::is_minted;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/keys";

#[tokio::test]
async fn a_minted_secret_is_shown_once() {
    let api = Api::new().await;
    let wish = json!({"name": "ci", "owner": "platform", "environment": "test", "tags": ["a"]});
    let made = api.post(PATH, wish).await.created();
    let secret = made.body["secret"].as_str().unwrap();
    assert!(is_minted(secret));
    let shown = api.get(&format!("{PATH}/ci")).await.ok();
    assert!(!shown.text.contains(secret));
    let mut same = made.body.clone();
    same.as_object_mut().unwrap().remove("secret");
    assert_eq!(shown.body, same);
    let masked = shown.body["masked"].as_str().unwrap();
    assert!(masked.starts_with("wl_") && masked.ends_with(&secret[37..]), "{masked}");
    let mut shape = shown.shape();
    for field in ["masked", "versions"] {
        shape.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(
        shape,
        json!({
            "id": "key",
            "name": "ci",
            "state": "active",
            "owner": "platform",
            "owner_id": "own",
            "environment": "test",
            "purpose": "",
            "aliases": null,
            "tags": ["a"],
            "enabled": true,
            "expires_at": null,
            "losses": null,
            "managed_by": null,
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn a_secret_of_the_callers_is_taken_once_in_the_instance() {
    let api = Api::new().await;
    let key = |name: &str, secret: &str| json!({"name": name, "owner": "o", "environment": "e", "secret": secret});
    let secret = "sk-imported-canary-0123456789";
    let made = api.post(PATH, key("a", secret)).await.created();
    assert_eq!(made.body.get("secret"), None);
    assert!(!made.text.contains("canary"));
    api.post(PATH, key("b", secret)).await.refused(409, "secret_taken");
    let refused = api.post(PATH, key("c", "canary")).await.refused(422, "invalid");
    assert!(!refused.text.contains("canary"));
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_for_a_while() {
    let api = Api::new().await;
    let wish = json!({"name": "ci", "owner": "o", "environment": "e"});
    let first = api.post(PATH, wish).await.created().body["secret"].clone();
    let rotated =
        api.post(&format!("{PATH}/ci/rotate"), json!({"overlap_seconds": 3600})).await.ok();
    assert_ne!(rotated.body["secret"], first);
    let versions = rotated.body["versions"].as_array().unwrap();
    assert_eq!(versions[0]["expires_at"], "2026-11-18T12:06:40.000000Z");
    assert_eq!(versions[1]["expires_at"], json!(null));
    let stored = api.store.hasher();
    assert_eq!(
        api.hash(first.as_str().unwrap()),
        stored.hash_key(first.as_str().unwrap().as_bytes())
    );
}

#[tokio::test]
async fn a_revoked_key_stays_revoked() {
    let api = Api::new().await;
    let wish = json!({"name": "ci", "owner": "o", "environment": "e"});
    api.post(PATH, wish).await.created();
    api.post(&format!("{PATH}/ci/rotate"), json!({})).await.ok();
    let one = api.post(&format!("{PATH}/ci/revoke"), json!({"version": 1})).await.ok();
    assert_eq!(one.body["state"], "active");
    let all = api.post(&format!("{PATH}/ci/revoke"), json!({})).await.ok();
    assert_eq!(all.body["state"], "revoked");
    assert!(all.body["versions"].as_array().unwrap().iter().all(|it| it["revoked_at"].is_string()));
    api.post(&format!("{PATH}/ci/revoke"), json!({"version": 9})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_key_is_limited_to_aliases_by_name() {
    let api = Api::new().await;
    api.furnish("main").await;
    let alias = json!({"name": "fast", "targets": [{"provider": "p", "model": "gpt-x"}]});
    api.post("/api/v1/workspaces/main/aliases", alias).await.created();
    let key = |aliases: serde_json::Value| json!({"name": "ci", "owner": "o", "environment": "e", "aliases": aliases});
    let refused = api.post(PATH, key(json!(["fast", "slow"]))).await.refused(422, "invalid");
    assert_eq!(
        refused.body["errors"],
        json!([{"field": "aliases[1]", "message": "there is no alias `slow`"}])
    );
    assert_eq!(
        api.post(PATH, key(json!(["fast"]))).await.created().body["aliases"],
        json!(["fast"])
    );
    let all = api
        .patch(
            &format!("{PATH}/ci"),
            json!({"aliases": null, "expires_at": "2026-11-18T11:06:41Z"}),
        )
        .await
        .ok();
    assert_eq!((&all.body["aliases"], &all.body["state"]), (&json!(null), &json!("active")));
    api.clock.advance(2_000_000);
    assert_eq!(api.get(&format!("{PATH}/ci")).await.ok().body["state"], "expired");
    api.delete(&format!("{PATH}/ci")).await.is(StatusCode::NO_CONTENT);
    let owners = api.get("/api/v1/workspaces/main/owners").await.ok();
    assert_eq!(owners.body["items"][0]["name"], "o");
}

#[tokio::test]
async fn a_key_refuses_losses_until_it_follows_its_aliases_again() {
    let api = Api::new().await;
    let key = |losses: serde_json::Value| json!({"name": "ci", "owner": "o", "environment": "e", "losses": losses});
    let refused = api.post(PATH, key(json!("never"))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "losses");
    assert_eq!(api.post(PATH, key(json!("refuse"))).await.created().body["losses"], "refuse");
    let one = format!("{PATH}/ci");
    let renamed = api.patch(&one, json!({"purpose": "nightly"})).await.ok();
    assert_eq!(renamed.body["losses"], "refuse");
    for (wish, shown) in [(json!("warn"), json!("warn")), (json!(null), json!(null))] {
        assert_eq!(api.patch(&one, json!({ "losses": wish })).await.ok().body["losses"], shown);
        assert_eq!(api.get(PATH).await.ok().body["items"][0]["losses"], shown);
    }
}
