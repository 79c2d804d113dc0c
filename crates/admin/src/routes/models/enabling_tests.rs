//! Models of the catalog and of the provider's own list, over the API.

use http::{Method, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const MODELS: &str = "/api/v1/workspaces/main/models";
const PROVIDERS: &str = "/api/v1/workspaces/main/providers";
const CATALOG: &str = "/api/v1/system/catalog";

fn row(model: &str, of: &str, price: Option<&str>, deprecated: Option<&str>) -> Value {
    let rate = |amount: &str| json!([{"unit": "input", "amount": amount, "per": 1_000_000}]);
    let mut row = json!({
        "provider": "openai", "model": model, "type": of, "families": ["chat"],
        "context_window": 1_000, "prices": price.map_or_else(|| json!([]), rate),
        "source": "https://example.com/pricing", "as_of": "2026-11-22", "verified": "unverified",
    });
    if let Some(day) = deprecated {
        row["deprecated"] = json!(day);
    }
    row
}

/// The clock of these tests stands at 2026-11-18.
fn catalog() -> Value {
    json!([
        row("gpt-x", "llm", Some("1"), None),
        row("gpt-mini", "llm", Some("0.5"), Some("2027-01-01")),
        row("gpt-old", "llm", Some("3"), Some("2026-11-18")),
        row("gpt-dear", "llm", None, None),
        row("embed", "embedding", Some("0.1"), None),
    ])
}

async fn api() -> Api {
    let api = Api::new().await;
    api.furnish("main").await;
    api.put(CATALOG, catalog()).await.ok();
    api
}

async fn enable(api: &Api, wish: Value) -> Value {
    api.post(&format!("{PROVIDERS}/p/models/enable"), wish).await.ok().body
}

fn outcomes(done: &Value) -> Vec<(String, String)> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let models = done["models"].as_array().unwrap().iter();
    models.map(|it| (text(it, "name"), text(it, "outcome"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

async fn named(api: &Api, name: &str) -> Value {
    let all = api.get(&format!("{MODELS}?limit=500")).await.ok().body;
    let found = all["items"].as_array().unwrap().iter().find(|it| it["name"] == name);
    found.cloned().unwrap_or_default()
}

#[tokio::test]
async fn d5_models_of_the_catalog_are_enabled_with_its_facts_and_price() {
    let api = api().await;
    let names = json!({"names": ["gpt-mini", "gpt-x", "nothing", "gpt-dear", "gpt-mini"]});
    let done = enable(&api, names.clone()).await;
    let expected =
        [("gpt-dear", "made"), ("gpt-mini", "made"), ("gpt-x", "attached"), ("nothing", "unknown")];
    assert_eq!(outcomes(&done), pairs(&expected));
    let note = |at: usize| done["models"][at]["note"].as_str().unwrap_or_default().to_owned();
    assert!(note(0).contains("no price in US dollars"), "{}", note(0));
    assert_eq!(note(1), "its vendor will not serve it from 2027-01-01 on");
    assert!(note(3).contains("add it as a custom model"), "{}", note(3));
    let mini = named(&api, "gpt-mini").await;
    assert_eq!((&mini["custom"], &mini["enabled"]), (&json!(false), &json!(true)));
    assert_eq!(
        (&mini["price_summary"], &mini["families"]),
        (&json!("input=0.5"), &json!(["chat"]))
    );
    assert_eq!(mini["facts"]["context_window"], 1_000);
    assert_eq!(
        (&mini["deprecates_on"], &mini["deprecated"]),
        (&json!("2027-01-01"), &json!(false))
    );
    assert_eq!(named(&api, "gpt-dear").await["unavailable_because"], "no_price");
    assert_eq!(named(&api, "gpt-x").await["price_summary"], "input=0.15 output=0.6", "kept");

    // Again, after one was switched off and given another price: nothing of it is lost.
    let id = mini["id"].as_str().unwrap();
    api.post(&format!("{MODELS}/{id}/disable"), json!({})).await.ok();
    api.post(&format!("{MODELS}/{id}/price"), json!({"price": {"input": "7"}})).await.ok();
    let again = enable(&api, names).await;
    assert_eq!(outcomes(&again)[1], ("gpt-mini".to_owned(), "attached".to_owned()));
    let mini = named(&api, "gpt-mini").await;
    assert_eq!((&mini["id"], &mini["enabled"]), (&json!(id), &json!(true)));
    assert_eq!(mini["price_summary"], "input=7");
}

#[tokio::test]
async fn d5_all_models_of_a_type_are_enabled_but_those_that_are_over() {
    let api = api().await;
    let done = enable(&api, json!({"all": true, "type": "embedding"})).await;
    assert_eq!(outcomes(&done), pairs(&[("embed", "made")]));
    assert_eq!(named(&api, "embed").await["type"], "embedding");
    let done = enable(&api, json!({"all": true})).await;
    let expected =
        [("embed", "attached"), ("gpt-dear", "made"), ("gpt-mini", "made"), ("gpt-x", "attached")];
    assert_eq!(outcomes(&done), pairs(&expected));
    assert_eq!(done["left_out"], json!(["gpt-old"]));
    // By name, somebody wants it: it is made, and marked.
    let done = enable(&api, json!({"names": ["gpt-old"]})).await;
    assert_eq!(done["models"][0]["note"], "its vendor no longer serves it from 2026-11-18 on");
    let over = api.get(&format!("{MODELS}?deprecated=true")).await.ok().body;
    assert_eq!(
        (&over["items"][0]["name"], over["items"].as_array().unwrap().len()),
        (&json!("gpt-old"), 1)
    );
    let wrong_type = enable(&api, json!({"names": ["embed"], "type": "llm"})).await;
    assert_eq!(wrong_type["models"][0]["note"], "the catalog has it as `embedding`");
    let path = format!("{PROVIDERS}/p/models/enable");
    for wrong in [json!({}), json!({"names": []}), json!({"names": ["a"], "all": true})] {
        let refused = api.post(&path, wrong).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], "names");
    }
}

#[tokio::test]
async fn d5_what_the_provider_lists_is_compared_with_catalog_and_workspace() {
    let api = api().await;
    enable(&api, json!({"names": ["embed"]})).await;
    let found = api.get(&format!("{PROVIDERS}/p/discover")).await.ok().body;
    assert_eq!((&found["listed"], &found["complete"]), (&json!(true), &json!(true)));
    assert_eq!((&found["provider"], &found["credential"]), (&json!("p"), &json!("main")));
    let of = |name: &str| {
        let all = found["models"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let states: Vec<String> = found["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["name"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, ["embed gone", "gpt-mini known", "gpt-x enabled", "house-model new"]);
    let mini = of("gpt-mini");
    assert_eq!((&mini["type"], &mini["model"]), (&json!("llm"), &Value::Null));
    assert_eq!(mini["price"], json!({"input": "0.5"}));
    assert_eq!(
        (&mini["context_window"], &mini["deprecates_on"]),
        (&json!(2_000), &json!("2027-01-01"))
    );
    let house = of("house-model");
    assert_eq!((&house["type"], &house["price"]), (&Value::Null, &Value::Null));
    assert!(of("gpt-x")["model"].as_str().unwrap().starts_with("mdl_"));

    // What is known is enabled by its name; what is switched off is known, and there.
    enable(&api, json!({"names": ["gpt-mini"]})).await;
    let id = of("gpt-x")["model"].as_str().unwrap().to_owned();
    api.post(&format!("{MODELS}/{id}/disable"), json!({})).await.ok();
    let found = api.get(&format!("{PROVIDERS}/p/discover?type=llm")).await.ok().body;
    let states: Vec<&Value> =
        found["models"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["enabled", "known", "new"]);
    assert_eq!(found["models"][1]["model"], json!(id));
}

#[tokio::test]
async fn d5_a_provider_that_cannot_be_asked_is_a_problem_with_its_transcript() {
    let api = api().await;
    let add = json!({"name": "bad", "fields": {"api_key": "sk-refused-canary-0123"}, "skip_validation": true});
    api.post(&format!("{PROVIDERS}/p/credentials"), add).await.created();
    let refused = api.get(&format!("{PROVIDERS}/p/discover?credential=bad")).await;
    let refused = refused.refused(422, "credential_refused");
    assert_eq!(refused.body["proof"]["outcome"], "refused");
    assert_eq!(refused.body.get("errors"), None);
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    api.post(PROVIDERS, json!({"name": "q", "kind": "openai"})).await.created();
    api.get(&format!("{PROVIDERS}/q/discover")).await.refused(409, "no_default_credential");
    for role in [Role::Editor, Role::Viewer, Role::Finance, Role::Auditor] {
        let bearer = format!("Bearer {}", api.token_of("main", role).await);
        let headers = [(header::AUTHORIZATION, bearer.as_str())];
        let path = format!("{PROVIDERS}/p/discover");
        api.call(Method::GET, &path, None, &headers).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn d5_providers_that_take_new_models_get_what_a_newer_catalog_brings() {
    let api = api().await;
    let on = api.patch(&format!("{PROVIDERS}/p"), json!({"new_models": true})).await.ok().body;
    assert_eq!(on["new_models"], true);
    api.post(PROVIDERS, json!({"name": "q", "kind": "openai"})).await.created();
    let supply = json!({"name": "supply", "kind": "openai", "new_models": true});
    api.post("/api/v1/workspaces/system/providers", supply).await.created();
    // Somebody has one of them already, and switched it off.
    let own = json!({"provider": "p", "name": "gpt-7-mini", "type": "llm", "free": true});
    let own = api.post(MODELS, own).await.created().body["id"].as_str().unwrap().to_owned();
    api.post(&format!("{MODELS}/{own}/disable"), json!({})).await.ok();
    let mut newer = catalog();
    newer.as_array_mut().unwrap().extend([
        row("gpt-7", "llm", Some("2"), None),
        row("gpt-7-mini", "llm", Some("1"), None),
        row("gpt-gone", "llm", Some("1"), Some("2026-01-01")),
    ]);
    let done = api.put(CATALOG, newer.clone()).await.ok().body;
    let of = |workspace: &str, provider: &str, models: Value| json!({"workspace": workspace, "provider": provider, "models": models});
    let expected = json!([
        of("main", "p", json!(["gpt-7"])),
        of("system", "supply", json!(["gpt-7", "gpt-7-mini"])),
    ]);
    assert_eq!(done["enabled"], expected);
    let made = named(&api, "gpt-7").await;
    assert_eq!((&made["custom"], &made["price_summary"]), (&json!(false), &json!("input=2")));
    assert_eq!(named(&api, "gpt-7-mini").await["enabled"], false);
    assert_eq!(named(&api, "gpt-mini").await, Value::Null, "only what is new");
    let log = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    assert_eq!(log["items"][0]["reason"], "new models of the catalog");
    assert_eq!(api.put(CATALOG, newer).await.ok().body["enabled"], json!([]), "nothing is new");
}
