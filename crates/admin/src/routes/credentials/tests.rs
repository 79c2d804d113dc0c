//! Credentials over the API: secrets go in and never come out.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/providers/p/credentials";

#[tokio::test]
async fn a_credential_is_masked_unverified_and_the_first_is_the_default() {
    let api = Api::new().await;
    api.furnish("main").await;
    let shown = api.get(&format!("{PATH}/main")).await.ok();
    assert_eq!(
        shown.shape(),
        json!({
            "id": "cred",
            "name": "main",
            "provider": "prov",
            "model": null,
            "fields": {"api_key": "sk-can************89"},
            "settings": {},
            "fingerprint": shown.body["fingerprint"],
            "status": "unverified",
            "validated": "skipped",
            "proof": null,
            "proven_by": null,
            "last_proven_at": null,
            "last_checked_at": null,
            "last_used_at": null,
            "default": true,
            "in_use_by": [],
            "enabled": true,
            "managed_by": null,
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn another_default_is_chosen() {
    let api = Api::new().await;
    api.furnish("main").await;
    let second = json!({"name": "second", "fields": {"api_key": "sk-second-0123456789"}});
    assert_eq!(api.post(PATH, second).await.created().body["default"], false);
    assert_eq!(
        api.post(&format!("{PATH}/second/default"), json!({})).await.ok().body["default"],
        true
    );
    assert_eq!(api.get(&format!("{PATH}/main")).await.ok().body["default"], false);
    let third =
        json!({"name": "third", "fields": {"api_key": "sk-third-0123456789"}, "default": true});
    assert_eq!(api.post(PATH, third).await.created().body["default"], true);
}

#[tokio::test]
async fn d6_a_hidden_secret_stays_and_another_one_is_proven_first() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = format!("{PATH}/main");
    let same =
        api.patch(&at, json!({"name": "prod", "fields": {"api_key": "[__HIDDEN__]"}})).await.ok();
    assert_eq!(same.body["fields"]["api_key"], "sk-can************89");
    let at = format!("{PATH}/prod");
    let other = api.patch(&at, json!({"fields": {"api_key": "sk-another-0123456789"}})).await.ok();
    assert_eq!(other.body["fields"]["api_key"], "sk-ano************89");
    assert_eq!(
        (&other.body["status"], &other.body["validated"]),
        (&json!("active"), &json!("proven"))
    );
    api.patch(&at, json!({"fields": {"api_key": "refused-0123456789"}}))
        .await
        .refused(422, "credential_refused");
    assert_eq!(api.get(&at).await.ok().body, other.body, "nothing was saved");
    let unasked = json!({"fields": {"api_key": "refused-0123456789"}, "skip_validation": true});
    let unasked = api.patch(&at, unasked).await.ok();
    assert_eq!(
        (&unasked.body["status"], &unasked.body["validated"]),
        (&json!("unverified"), &json!("skipped"))
    );
    let refused =
        api.patch(&at, json!({"fields": {"api_key": 7_777_777}})).await.refused(422, "invalid");
    assert!(!refused.text.contains("7777777"));
}

#[tokio::test]
async fn no_answer_and_no_audit_entry_holds_a_secret() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wrong = json!({"name": "x", "fields": {"api_key": "sk-canary-a", "apikey": "sk-canary-b"}, "settings": {"api_key": "sk-canary-c"}, "default": "sk-canary-d"});
    let answers = [
        api.get(PATH).await.text,
        api.get("/api/v1/workspaces/main/audit").await.text,
        api.post(PATH, wrong.clone()).await.text,
        api.post(PATH, without(wrong, "default")).await.text,
    ];
    for answer in answers {
        assert!(!answer.contains("canary"), "{answer}");
    }
}

#[tokio::test]
async fn d3_nothing_is_stored_unless_the_provider_accepts_it() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wish = |key: &str| json!({"name": "new", "fields": {"api_key": key}});
    for (key, code) in [
        ("refused-canary", "credential_refused"),
        ("unproven-canary", "credential_unproven"),
        ("away-canary", "credential_unreachable"),
    ] {
        let refused = api.post(PATH, wish(key)).await.refused(422, code);
        assert_eq!(refused.body["proof"]["steps"][0]["status"], 401);
        assert!(!refused.text.contains("canary"), "{}", refused.text);
    }
    let refused = api.post(PATH, wish("refused")).await;
    assert_eq!(refused.body["errors"][0]["field"], "fields.api_key");
    assert_eq!(refused.body["detail"], "Incorrect API key: ***");
    assert_eq!(api.get(PATH).await.ok().body["items"].as_array().unwrap().len(), 1);

    let made = api.post(PATH, wish("sk-good-0123456789")).await.created().body;
    assert_eq!((&made["status"], &made["validated"]), (&json!("active"), &json!("proven")));
    assert_eq!(made["proven_by"], "token test");
    assert_eq!(made["last_proven_at"], "2026-11-18T11:06:40.000000Z");
    assert_eq!(made["proof"], "the provider lists its models for the credential");
}

#[tokio::test]
async fn d3_validate_stores_nothing_and_says_what_was_tried() {
    let api = Api::new().await;
    api.furnish("main").await;
    let before = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    let at = format!("{PATH}/validate");
    let proof = api.post(&at, json!({"fields": {"api_key": "sk-good"}})).await.ok().body;
    assert_eq!((&proof["outcome"], &proof["models_listed"]), (&json!("proven"), &json!(3)));
    let step = &proof["steps"][0];
    assert_eq!(
        (&step["rung"], &step["result"], &step["paid"]),
        (&json!("models"), &json!("passed"), &json!(false))
    );
    let proof = api.post(&at, json!({"fields": {"api_key": "refused"}})).await.ok().body;
    assert_eq!(proof["outcome"], "refused");
    let stored = format!("{PATH}/main/validate");
    let hidden = json!({"fields": {"api_key": "[__HIDDEN__]"}});
    assert_eq!(api.post(&stored, hidden).await.ok().body["outcome"], "proven");
    let other = json!({"fields": {"api_key": "refused"}});
    assert_eq!(api.post(&stored, other).await.ok().body["outcome"], "refused");
    api.post(&at, json!({"fields": {}})).await.refused(422, "invalid");
    assert_eq!(api.get("/api/v1/workspaces/main/audit").await.ok().body, before);
}

#[tokio::test]
async fn a_model_is_called_only_where_paying_for_it_is_allowed() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = format!("{PATH}/validate");
    let wish = |how: Value| json!({"fields": {"api_key": "sk-good"}, "validate": how});
    let refused = api.post(&at, wish(json!({"model": "gpt-x"}))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "validate.model");
    let refused = api.post(&at, wish(json!({"paid": true}))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "validate.model");
    let paid = api.post(&at, wish(json!({"model": "gpt-x", "paid": true}))).await.ok().body;
    let step = &paid["steps"][0];
    assert_eq!((&step["paid"], &step["body"]), (&json!(true), &json!("gpt-x")));
    let both = json!({"fields": {"api_key": "k"}, "validate": {}, "skip_validation": true});
    let refused = api.post(PATH, both).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "skip_validation");
}

#[tokio::test]
async fn paid_proofs_are_budgeted_and_free_ones_are_not() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = format!("{PATH}/main/check");
    let paid = || json!({"validate": {"model": "gpt-x", "paid": true}});
    for _ in 0..60 {
        api.post(&at, paid()).await.ok();
    }
    let refused = api.post(&at, paid()).await.refused(429, "too_many_paid_proofs");
    assert_eq!(refused.headers[header::RETRY_AFTER], "3600");
    api.post(&at, json!({})).await.ok();
    api.clock.advance(3_600_000_000);
    api.post(&at, paid()).await.ok();
}

#[tokio::test]
async fn d4_the_form_of_a_credential_is_enforced_as_it_is_shown() {
    let api = Api::new().await;
    let wish = json!({"name": "v", "kind": "vertex", "settings": {"project": "p"}});
    api.post("/api/v1/workspaces/main/providers", wish).await.created();
    let path = "/api/v1/workspaces/main/providers/v/credentials";
    let wrong = async |body: Value| {
        let refused = api.post(path, body).await.refused(422, "invalid");
        let errors = refused.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The default choice asks for its own field; another one for another.
    assert_eq!(wrong(json!({})).await, ["fields.service_account_key"]);
    let key = json!({"settings": {"auth": "api_key"}});
    assert_eq!(wrong(key).await, ["fields.api_key"]);
    let other = json!({"settings": {"auth": "password"}});
    assert_eq!(wrong(other).await, ["settings.auth"]);
    let unknown =
        json!({"settings": {"auth": "api_key", "colour": "red"}, "fields": {"api_key": "k"}});
    assert_eq!(wrong(unknown).await, ["settings.colour"]);
    let number = json!({"settings": {"auth": 7}});
    assert_eq!(wrong(number).await, ["settings.auth"]);
    let good = json!({"settings": {"auth": "api_key"}, "fields": {"api_key": "sk-good"}});
    api.post(path, good).await.created();
}

#[tokio::test]
async fn a_check_makes_a_refused_credential_invalid_and_a_good_one_active() {
    let api = Api::new().await;
    api.furnish("main").await;
    let checked = api.post(&format!("{PATH}/main/check"), json!({})).await.ok().body;
    assert_eq!(
        (&checked["credential"]["status"], &checked["proof"]["outcome"]),
        (&json!("active"), &json!("proven"))
    );
    let version = checked["credential"]["version"].clone();
    api.clock.advance(1_000_000);
    let again = api.post(&format!("{PATH}/main/check"), json!({})).await.ok().body;
    assert_eq!(again["credential"]["version"], version, "it is what it was");
    assert_eq!(again["credential"]["last_checked_at"], "2026-11-18T11:06:41.000000Z");
    for (key, status) in [("refused", "invalid"), ("away", "unverified")] {
        let unasked = json!({"name": key, "fields": {"api_key": key}, "skip_validation": true});
        api.post(PATH, unasked).await.created();
        let checked = api.post(&format!("{PATH}/{key}/check"), json!({})).await.ok().body;
        assert_eq!(checked["credential"]["status"], status);
        assert!(!checked["credential"]["last_checked_at"].is_null());
    }
}

#[tokio::test]
async fn d6_a_name_is_made_up_and_only_the_first_is_the_default() {
    let api = Api::new().await;
    let model = api.furnish("main").await;
    let unnamed = || json!({"fields": {"api_key": "sk-good"}});
    let first = api.post(PATH, unnamed()).await.created().body;
    assert_eq!((&first["name"], &first["default"]), (&json!("API KEY 1"), &json!(false)));
    assert_eq!(api.post(PATH, unnamed()).await.created().body["name"], "API KEY 2");
    let taken = json!({"name": "API KEY 2", "fields": {"api_key": "refused"}});
    api.post(PATH, taken).await.refused(409, "name_taken");
    let own = || json!({"model": model, "fields": {"api_key": "sk-good"}});
    let own_first = api.post(PATH, own()).await.created().body;
    assert_eq!((&own_first["name"], &own_first["default"]), (&json!("API KEY 1"), &json!(true)));
    let own_second = api.post(PATH, own()).await.created().body;
    assert_eq!(own_second["default"], false);
    let id = own_second["id"].as_str().unwrap();
    let switched = api.post(&format!("{PATH}/{id}/default"), json!({})).await.ok().body;
    assert_eq!(switched["default"], true);
    let listed = api.get(PATH).await.ok().body;
    let defaults = listed["items"].as_array().unwrap().iter().filter(|it| it["default"] == true);
    assert_eq!(defaults.count(), 2, "the provider's and the model's");
}

#[tokio::test]
async fn d7_the_default_is_deleted_only_with_a_successor_or_left_unset() {
    let api = Api::new().await;
    api.furnish("main").await;
    let second = json!({"name": "second", "fields": {"api_key": "sk-good"}});
    api.post(PATH, second).await.created();
    let at = format!("{PATH}/main");
    let refused = api.delete(&at).await.refused(409, "in_use");
    assert!(refused.text.contains("its default"), "{}", refused.text);
    assert_eq!(api.get(&at).await.ok().body["default"], true, "nothing changed");
    api.delete(&format!("{at}?successor=nobody")).await.refused(404, "not_found");
    api.delete(&format!("{at}?successor=main")).await.refused(422, "invalid");
    api.delete(&format!("{at}?successor=second&leave_unset=true")).await.refused(422, "invalid");
    api.delete(&format!("{at}?successor=second")).await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.get(&format!("{PATH}/second")).await.ok().body["default"], true);
    api.delete(&format!("{PATH}/second?leave_unset=true")).await.is(StatusCode::NO_CONTENT);
    let provider = "/api/v1/workspaces/main/providers/p";
    assert_eq!(api.get(provider).await.ok().body["default_credential"], Value::Null);
}

#[tokio::test]
async fn two_admins_edit_the_same_credential_and_one_gets_412() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = format!("{PATH}/main");
    let read = api.get(&at).await.ok();
    let edit = |name: &str| json!({"name": name});
    let etag = read.etag();
    let with = [(header::IF_MATCH, etag.as_str())];
    let won = api.call(Method::PATCH, &at, Some(edit("one")), &with).await.ok();
    let id = read.body["id"].as_str().unwrap();
    let at = format!("{PATH}/{id}");
    api.call(Method::PATCH, &at, Some(edit("two")), &with).await.refused(412, "stale");
    api.call(Method::POST, &format!("{at}/default"), Some(json!({})), &with)
        .await
        .refused(412, "stale");
    api.call(Method::DELETE, &at, None, &with).await.refused(412, "stale");
    assert_eq!(api.get(&at).await.ok().body, won.body, "nothing is lost");
}

#[tokio::test]
async fn a_credential_says_which_aliases_and_pools_name_it() {
    let api = Api::new().await;
    let model = api.furnish("main").await;
    let target = json!({"provider": "p", "model": "gpt-x", "credential": "main"});
    let alias = json!({"name": "fast", "targets": [target]});
    api.post("/api/v1/workspaces/main/aliases", alias).await.created();
    let shown = api.get(&format!("{PATH}/main")).await.ok().body;
    assert_eq!(shown["in_use_by"], json!([{"noun": "alias", "name": "fast"}]));
    let pool = json!({"enabled": true, "entries": [{"credential": "main"}, {}]});
    api.put(&format!("/api/v1/workspaces/main/models/{model}/pool"), pool).await.ok();
    let shown = api.get(&format!("{PATH}/main")).await.ok().body;
    let users = [("alias", "fast"), ("pool", "gpt-x")];
    assert_eq!(
        shown["in_use_by"],
        json!(users.map(|(noun, name)| json!({"noun": noun, "name": name})))
    );
}

fn without(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}
