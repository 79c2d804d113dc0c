//! System and custom providers side by side over the API.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/system/grants";
const SYSTEM: &str = "/api/v1/workspaces/system/providers";
const MAIN: &str = "/api/v1/workspaces/main/providers";
const SECRET: &str = "sk-house-abcdefghijklmnop";

/// A provider of the system with a credential, made by the operator.
async fn house(api: &Api) {
    let wish = json!({"name": "house", "kind": "openai", "base_url": "https://house.example/v1"});
    api.post(SYSTEM, wish).await.created();
    let credential =
        json!({"name": "house key", "fields": {"api_key": SECRET}, "skip_validation": true});
    api.post(&format!("{SYSTEM}/house/credentials"), credential).await.created();
}

fn quota(quota_type: &str, unit: &str, limit: i64) -> Value {
    json!({"type": quota_type, "unit": unit, "limit": limit})
}

async fn provider(api: &Api, name: &str) -> Value {
    api.get(&format!("{MAIN}/{name}")).await.ok().body
}

/// A credential of the workspace's own; its id.
async fn own(api: &Api, name: &str) -> String {
    let wish = json!({"name": name, "fields": {"api_key": "sk-own-abcdefghijklmnop"}, "skip_validation": true});
    let made = api.post(&format!("{MAIN}/house/credentials"), wish).await.created();
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d1_a_grant_is_made_shown_changed_and_taken_back() {
    let api = Api::new().await;
    house(&api).await;
    let wish = json!({
        "workspace": "main",
        "system_provider": "house",
        "models": ["gpt-4o-mini"],
        "quotas": [quota("trial", "calls", 5), quota("paid", "money", -1)],
    });
    let made = api.post(PATH, wish.clone()).await.created();
    assert_eq!(
        made.shape(),
        json!({
            "id": "grt",
            "workspace": "main",
            "workspace_id": "ws",
            "provider": "house",
            "provider_id": "prov",
            "system_provider": "house",
            "system_provider_id": "prov",
            "models": ["gpt-4o-mini"],
            "enabled": true,
            "quotas": [
                {"type": "paid", "unit": "money", "limit": -1, "used": 0, "left": -1,
                 "expires_at": null, "valid": true},
                {"type": "trial", "unit": "calls", "limit": 5, "used": 0, "left": 5,
                 "expires_at": null, "valid": true},
            ],
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
    let at = format!("{PATH}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(api.get(&at).await.ok().body, made.body);
    assert_eq!(api.get(PATH).await.ok().body["items"], json!([made.body]));
    assert_eq!(
        api.get(&format!("{PATH}?workspace=main")).await.ok().body["items"],
        json!([made.body])
    );
    assert_eq!(api.get(&format!("{PATH}?workspace=system")).await.ok().body["items"], json!([]));

    let stale = [(header::IF_MATCH, "\"7\"")];
    let change = json!({"models": null, "quotas": [quota("trial", "calls", 9)]});
    api.call(Method::PATCH, &at, Some(change.clone()), &stale).await.refused(412, "stale");
    let changed = api.patch(&at, change).await.ok();
    assert_eq!((&changed.body["models"], changed.etag().as_str()), (&json!(null), "\"2\""));
    assert_eq!(changed.body["quotas"][0]["left"], 9);
    // In the log of the workspace that has it, with who did it.
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    assert_eq!(audit["items"][0]["action"], "grant.update");
    assert_eq!(audit["items"][0]["role"], "operator");

    api.delete(&format!("{MAIN}/house")).await.refused(409, "in_use");
    api.delete(&format!("{SYSTEM}/house")).await.refused(409, "in_use");
    api.delete(&at).await.is(StatusCode::NO_CONTENT);
    api.get(&at).await.refused(404, "not_found");
    assert_eq!(provider(&api, "house").await["supply"]["granted"], false);
}

#[tokio::test]
async fn d1_a_grant_takes_the_workspaces_provider_of_that_kind_or_makes_one() {
    let api = Api::new().await;
    house(&api).await;
    api.post(MAIN, json!({"name": "mine", "kind": "openai"})).await.created();
    api.post(MAIN, json!({"name": "claude", "kind": "anthropic"})).await.created();
    let wish = json!({"workspace": "main", "system_provider": "house"});
    assert_eq!(api.post(PATH, wish.clone()).await.created().body["provider"], "mine");
    let made = api.post(PATH, wish.clone()).await.created();
    assert_eq!(made.body["provider"], "house", "a provider has one grant");
    assert_eq!(provider(&api, "house").await["base_url"], json!(null), "the address is not theirs");
    let named = json!({"workspace": "main", "system_provider": "house", "provider": "claude"});
    api.post(PATH, named).await.refused(422, "invalid");
    let twice = json!({"workspace": "main", "system_provider": "house", "provider": "mine"});
    api.post(PATH, twice).await.refused(409, "name_taken");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_field() {
    let api = Api::new().await;
    house(&api).await;
    let with =
        |quotas: Value| json!({"workspace": "main", "system_provider": "house", "quotas": quotas});
    let refused = |body: Value| body["errors"][0]["field"].clone();
    let wrong = api.post(PATH, with(json!([quota("gift", "calls", 1)]))).await;
    assert_eq!(refused(wrong.refused(422, "invalid").body), "quotas[0].type");
    let wrong = api.post(PATH, with(json!([quota("paid", "hugs", 1)]))).await;
    assert_eq!(refused(wrong.refused(422, "invalid").body), "quotas[0].unit");
    let wrong = json!([{"type": "paid", "unit": "calls", "limit": 1, "expires_at": "soon"}]);
    let wrong = api.post(PATH, with(wrong)).await;
    assert_eq!(refused(wrong.refused(422, "invalid").body), "quotas[0].expires_at");
    let wrong = api.post(PATH, with(json!([quota("paid", "calls", -2)]))).await;
    assert_eq!(refused(wrong.refused(422, "invalid").body), "quotas");
    let nobody = json!({"workspace": "main", "system_provider": "nobody"});
    api.post(PATH, nobody).await.refused(404, "not_found");
    // Nothing of it was done.
    assert_eq!(api.get(MAIN).await.ok().body["items"], json!([]));
}

#[tokio::test]
async fn d1_a_preference_and_what_it_comes_to_are_shown() {
    let api = Api::new().await;
    house(&api).await;
    let wish = json!({"workspace": "main", "system_provider": "house", "quotas": [quota("free", "calls", 5)]});
    let grant = api.post(PATH, wish).await.created();
    let using = async |expected: &str| {
        let shown = provider(&api, "house").await;
        assert_eq!(shown["supply"]["using"], expected, "{shown}");
    };
    using("system").await;
    // The first credential of its own switches, without a word said about it.
    let first = own(&api, "first").await;
    using("custom").await;
    let at = format!("{MAIN}/house");
    let prefer = async |to: Value| api.patch(&at, json!({"preference": to})).await;
    assert_eq!(prefer(json!("system")).await.ok().body["supply"]["using"], "system");
    assert_eq!(prefer(json!("custom")).await.ok().body["preference"], "custom");
    let wrong = prefer(json!("both")).await.refused(422, "invalid");
    assert_eq!(wrong.body["errors"][0]["field"], "preference");
    assert_eq!(prefer(json!(null)).await.ok().body["preference"], json!(null));
    // Its default left unset: the system again; unless somebody chose `custom` and means it.
    own(&api, "second").await;
    api.delete(&format!("{at}/credentials/{first}?leave_unset=true"))
        .await
        .is(StatusCode::NO_CONTENT);
    using("system").await;
    prefer(json!("custom")).await.ok();
    using("custom").await;
    prefer(json!("system")).await.ok();
    using("system").await;
    // Nothing left to be supplied.
    let grant = format!("{PATH}/{}", grant.body["id"].as_str().unwrap());
    api.patch(&grant, json!({"quotas": [quota("free", "calls", 0)]})).await.ok();
    using("custom").await;
    api.patch(&grant, json!({"quotas": [quota("free", "calls", -1)], "enabled": false})).await.ok();
    let shown = provider(&api, "house").await;
    assert_eq!(
        shown["supply"],
        json!({"granted": false, "using": "custom", "models": null, "quotas": []})
    );
}

#[tokio::test]
async fn d1_members_see_what_is_supplied_and_nothing_of_the_systems_credential() {
    let api = Api::new().await;
    house(&api).await;
    let wish = json!({"workspace": "main", "system_provider": "house", "quotas": [quota("free", "calls", 5)]});
    let grant = api.post(PATH, wish).await.created();
    own(&api, "first").await;
    let hidden = [SECRET, "house key", "house.example"];
    for role in [Role::Owner, Role::Viewer] {
        let token = format!("Bearer {}", api.token_of("main", role).await);
        let by = [(header::AUTHORIZATION, token.as_str())];
        let read = async |path: &str| api.call(Method::GET, path, None, &by).await;
        for path in [MAIN.to_owned(), format!("{MAIN}/house"), format!("{MAIN}/house/credentials")]
        {
            let shown = read(&path).await.ok().body.to_string();
            for it in hidden {
                assert!(!shown.contains(it), "{path} as {role:?} shows {it}: {shown}");
            }
        }
        assert_eq!(
            read(&format!("{MAIN}/house")).await.ok().body["supply"]["quotas"][0]["left"],
            5
        );
        // What is the operator's is theirs alone.
        for path in [PATH, SYSTEM, &format!("{SYSTEM}/house/credentials")] {
            let refused = read(path).await;
            assert!([403, 404].contains(&refused.status.as_u16()), "{path} as {role:?}");
        }
        let at = format!("{PATH}/{}", grant.body["id"].as_str().unwrap());
        let more = Some(json!({"quotas": [quota("free", "calls", -1)]}));
        api.call(Method::PATCH, &at, more, &by).await.refused(403, "forbidden");
        let prefer = Some(json!({"preference": "system"}));
        let done = api.call(Method::PATCH, &format!("{MAIN}/house"), prefer, &by).await;
        match role {
            Role::Owner => assert_eq!(done.ok().body["preference"], "system"),
            _ => drop(done.refused(403, "forbidden")),
        }
    }
}
