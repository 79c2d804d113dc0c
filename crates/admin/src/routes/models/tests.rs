//! Models and prices over the API.

use http::{Method, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/models";

#[tokio::test]
async fn a_model_is_shown_with_its_price_as_decimal_strings() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let shown = api.get(&format!("{PATH}/{id}")).await.ok();
    assert_eq!(
        shown.shape(),
        json!({
            "id": "mdl",
            "provider": "p",
            "provider_id": "prov",
            "name": "gpt-x",
            "type": "llm",
            "custom": true,
            "facts": {},
            "families": [],
            "price": {"id": "prc", "free": false, "price": {"input": "0.15", "output": "0.6"}},
            "price_summary": "input=0.15 output=0.6",
            "enabled": true,
            "available": true,
            "unavailable_because": null,
            "deprecates_on": null,
            "deprecated": false,
            "reached_by": [],
            "load_balancing_enabled": false,
            "load_balancing_active": false,
            "has_invalid_load_balancing_entries": false,
            "managed_by": null,
            "version": shown.body["version"],
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn a_model_needs_a_price_or_the_word_free() {
    let api = Api::new().await;
    api.furnish("main").await;
    let model = |rest: Value| {
        let mut model = json!({"provider": "p", "name": "other", "type": "llm"});
        model.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        model
    };
    for wrong in [json!({}), json!({"price": {}}), json!({"price": {"input": "1"}, "free": true})] {
        let refused = api.post(PATH, model(wrong)).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], "price");
    }
    let refused =
        api.post(PATH, model(json!({"price": {"input": 0.15}}))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "price.input");
    let made = api.post(PATH, model(json!({"free": true}))).await.created();
    assert_eq!(made.body["price_summary"], "free");
}

#[tokio::test]
async fn a_new_price_is_a_new_version() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let before = api.get(&format!("{PATH}/{id}")).await.ok().body["price"]["id"].clone();
    api.clock.advance(1_000_000);
    let done =
        api.post(&format!("{PATH}/{id}/price"), json!({"price": {"input": "0.2"}})).await.ok();
    assert_eq!(done.body["price"]["price"], json!({"input": "0.2"}));
    assert_ne!(done.body["price"]["id"], before);
}

#[tokio::test]
async fn models_are_listed_by_provider() {
    let api = Api::new().await;
    api.furnish("main").await;
    api.post("/api/v1/workspaces/main/providers", json!({"name": "q", "kind": "openai"}))
        .await
        .created();
    assert_eq!(
        api.get(&format!("{PATH}?provider=p")).await.ok().body["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(api.get(&format!("{PATH}?provider=q")).await.ok().body["items"], json!([]));
    api.get(&format!("{PATH}?provider=r")).await.refused(404, "not_found");
}

#[tokio::test]
async fn d8_a_model_that_is_there_is_attached_to_and_never_doubled() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let before = api.get(&format!("{PATH}/{id}")).await.ok().body;
    let again = json!({
        "provider": "p", "name": "gpt-x", "type": "llm", "price": {"input": "9"},
        "facts": {"vision": true},
        "credential": {"name": "own", "fields": {"api_key": "sk-own-canary-0123456789"}},
    });
    let done = api.post(PATH, again).await.ok();
    assert_eq!((&done.body["attached"], &done.body["id"]), (&json!(true), &json!(id)));
    assert_eq!(done.body["kept"], json!(["price", "facts"]));
    for same in ["price_summary", "facts", "custom", "enabled", "created_at"] {
        assert_eq!(done.body[same], before[same], "{same}");
    }
    let own = &done.body["credential"];
    assert_eq!((&own["model"], &own["default"]), (&json!(id), &json!(true)));
    assert_eq!((&own["name"], &own["status"]), (&json!("own"), &json!("active")));
    assert!(!done.text.contains("canary-0123"), "{}", done.text);
    assert_eq!(api.get(PATH).await.ok().body["items"].as_array().unwrap().len(), 1);
    // The same name with another type is another model.
    let other = json!({"provider": "p", "name": "gpt-x", "type": "embedding", "free": true});
    let made = api.post(PATH, other).await.created();
    assert_eq!((&made.body["attached"], &made.body["credential"]), (&json!(false), &json!(null)));
    // Nothing said of price or facts, nothing kept against it.
    let bare = json!({"provider": "p", "name": "gpt-x", "type": "llm"});
    assert_eq!(api.post(PATH, bare).await.ok().body["kept"], json!([]));
}

#[tokio::test]
async fn d8_a_custom_model_is_saved_with_its_credential_or_not_at_all() {
    let api = Api::new().await;
    api.furnish("main").await;
    let new = |secret: &str| {
        let credential = json!({"fields": {"api_key": secret}});
        json!({"provider": "p", "name": "mine", "type": "llm", "free": true, "credential": credential})
    };
    let refused = api.post(PATH, new("sk-refused-0123456789")).await;
    let refused = refused.refused(422, "credential_refused");
    assert_eq!(refused.body["errors"][0]["field"], "credential.fields.api_key");
    assert_eq!(api.get(PATH).await.ok().body["items"].as_array().unwrap().len(), 1);
    let made = api.post(PATH, new("sk-good-0123456789")).await.created();
    assert_eq!(made.body["credential"]["name"], "API KEY 1");
    assert_eq!(made.body["credential"]["model"], made.body["id"]);
    assert_eq!(made.etag(), format!("\"{}\"", made.body["version"]));
    let mut elsewhere = new("sk-good-0123456789");
    elsewhere["credential"]["model"] = made.body["id"].clone();
    let refused = api.post(PATH, elsewhere).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "credential.model");
}

#[tokio::test]
async fn d5_a_model_is_switched_off_and_on_and_keeps_everything() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let at = format!("{PATH}/{id}");
    let before = api.get(&at).await.ok();
    let off = api.post(&format!("{at}/disable"), json!({})).await.ok();
    assert_eq!((&off.body["enabled"], &off.body["available"]), (&json!(false), &json!(false)));
    assert_eq!(off.body["unavailable_because"], "model_disabled");
    let stale = [(header::IF_MATCH, before.headers[header::ETAG].to_str().unwrap())];
    api.call(Method::POST, &format!("{at}/enable"), None, &stale).await.refused(412, "stale");
    let on = api.post(&format!("{at}/enable"), json!({})).await.ok().body;
    for same in ["price", "facts", "name", "enabled", "available", "custom"] {
        assert_eq!(on[same], before.body[same], "{same}");
    }
    let editor = format!("Bearer {}", api.token_of("main", Role::Editor).await);
    for verb in ["enable", "disable"] {
        let headers = [(header::AUTHORIZATION, editor.as_str())];
        let path = format!("{at}/{verb}");
        api.call(Method::POST, &path, None, &headers).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn models_are_filtered_and_paged() {
    let api = Api::new().await;
    api.furnish("main").await;
    for (name, of) in [("a", "llm"), ("b", "embedding"), ("c", "llm"), ("d", "llm")] {
        api.clock.advance(1_000_000);
        let new = json!({"provider": "p", "name": name, "type": of, "free": true});
        api.post(PATH, new).await.created();
    }
    let names = async |query: &str| {
        let found = api.get(&format!("{PATH}?{query}")).await.ok().body;
        let items = found["items"].as_array().unwrap().iter();
        let names: Vec<String> = items.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        (names.concat(), found["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(names("type=embedding").await.0, "b");
    assert_eq!(names("type=llm&custom=false").await.0, "");
    assert_eq!(names("enabled=false").await.0, "");
    assert_eq!(names("deprecated=true").await.0, "");
    let (page, cursor) = names("type=llm&deprecated=false&limit=2").await;
    assert_eq!(page, "dc");
    let cursor = cursor.unwrap();
    let rest = format!("type=llm&deprecated=false&limit=2&cursor={cursor}");
    assert_eq!(names(&rest).await, ("agpt-x".to_owned(), None));
    api.get(&format!("{PATH}?type=words")).await.refused(400, "bad_query");
}

#[tokio::test]
async fn g7_a_model_shows_its_families_and_which_aliases_can_lead_to_it() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = |rest: &str| format!("/api/v1/workspaces/main{rest}");
    let facts = json!({"families": ["chat", "responses"]});
    let new = json!({"provider": "p", "name": "y", "type": "llm", "free": true, "facts": facts});
    let id = api.post(PATH, new).await.created().body["id"].as_str().unwrap().to_owned();
    let spare = json!({"name": "spare", "fields": {"api_key": "sk-spare-0123456789"}});
    let spare = api.post(&at("/providers/p/credentials"), spare).await.created().body["id"].clone();
    let fixed = json!({"provider": "p", "model": "y", "credential": "spare"});
    let open = json!({"provider": "p", "model": "y"});
    let mixed = json!({"provider": "p", "model": "y", "environments": {"production": "spare"}});
    let targets = [("fixed", fixed), ("mixed", mixed), ("open", open.clone()), ("shut", open)];
    for (name, target) in targets {
        let alias = json!({"name": name, "targets": [target]});
        api.post(&at("/aliases"), alias).await.created();
    }
    api.patch(&at("/aliases/shut"), json!({"enabled": false})).await.ok();
    api.patch(&at("/providers/p/credentials/spare"), json!({"enabled": false})).await.ok();
    let shown = api.get(&format!("{PATH}/{id}")).await.ok().body;
    assert_eq!(shown["families"], json!(["chat", "responses"]));
    let reached = |alias: &str, credential: &Value, because: Value| {
        let available = because.is_null();
        json!({"alias": alias, "credential": credential, "environment": null, "available": available, "unavailable_because": because})
    };
    assert_eq!(
        shown["reached_by"],
        json!([
            reached("fixed", &spare, json!("credential_disabled")),
            reached("mixed", &Value::Null, Value::Null),
            {
                "alias": "mixed", "credential": spare, "environment": "production",
                "available": false, "unavailable_because": "credential_disabled",
            },
            reached("open", &Value::Null, Value::Null),
            reached("shut", &Value::Null, json!("alias_disabled")),
        ])
    );
    api.patch(&at("/providers/p"), json!({"enabled": false})).await.ok();
    let all = api.get(PATH).await.ok().body["items"].as_array().unwrap().clone();
    let listed = all.iter().find(|it| it["name"] == "y").unwrap();
    assert_eq!(listed["unavailable_because"], "provider_disabled");
    assert_eq!(listed["reached_by"][1]["unavailable_because"], "provider_disabled");
}

#[tokio::test]
async fn d4_a_custom_models_form_is_enforced_and_lands_in_its_facts() {
    let api = Api::new().await;
    api.furnish("main").await;
    let model = |settings: serde_json::Value| json!({"provider": "p", "name": "own", "type": "llm", "free": true, "settings": settings});
    let wrong = json!({"context_window": "much", "colour": "red"});
    let refused = api.post(PATH, model(wrong)).await.refused(422, "invalid");
    let named = |at: usize| refused.body["errors"][at]["field"].clone();
    assert_eq!((named(0), named(1)), (json!("settings.colour"), json!("settings.context_window")));
    let good = json!({"context_window": "8192", "tools": "true"});
    let made = api.post(PATH, model(good)).await.created();
    assert_eq!(made.body["facts"], json!({"context_window": 8192, "tools": true}));
    let path = format!("{PATH}/{}", made.body["id"].as_str().unwrap());
    let changed = api.patch(&path, json!({"settings": {"vision": "false"}})).await.ok();
    assert_eq!(changed.body["facts"], json!({"vision": false}));
}
