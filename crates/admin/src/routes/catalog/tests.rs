//! The catalog, as everybody sees it and as the operator exchanges it.

use http::{HeaderName, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;
use wayleave_model::member::Role;

use crate::testing::{Api, ELSEWHERE, Reply};

const PUBLIC: &str = "/api/catalog";
const PATH: &str = "/api/v1/system/catalog";
const MODELS: &str = "/api/v1/workspaces/main/models";

/// As anybody, without a token.
async fn anybody(api: &Api, headers: &[(HeaderName, &str)]) -> Reply {
    let mut request = Request::builder().uri(PUBLIC);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    api.send(request.body(axum::body::Body::empty()).unwrap()).await
}

async fn put(api: &Api, query: &str, body: Value) -> Reply {
    api.call(Method::PUT, &format!("{PATH}{query}"), Some(body), &[]).await
}

fn elsewhere() -> Value {
    serde_json::from_str(ELSEWHERE).unwrap()
}

#[tokio::test]
async fn everybody_sees_it_and_asks_again_for_nothing() {
    let api = Api::new().await;
    let shown = anybody(&api, &[]).await.ok();
    assert!(shown.body["models"].as_array().unwrap().len() >= 600);
    assert_eq!(shown.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(shown.headers[header::CACHE_CONTROL], "public, max-age=300");
    let tag = shown.etag();
    let again = anybody(&api, &[(header::IF_NONE_MATCH, &tag)]).await.is(StatusCode::NOT_MODIFIED);
    assert_eq!((again.text.as_str(), again.etag()), ("", tag));
    anybody(&api, &[(header::IF_NONE_MATCH, "\"x\", W/\"y\"")]).await.ok();
}

#[tokio::test]
async fn whoever_takes_gzip_gets_the_same_in_gzip() {
    use http_body_util::BodyExt;
    use std::io::Read;

    let api = Api::new().await;
    let plain = anybody(&api, &[(header::ACCEPT_ENCODING, "gzip;q=0, br")]).await.ok();
    assert!(plain.headers.get(header::CONTENT_ENCODING).is_none());
    let request = Request::get(PUBLIC).header(header::ACCEPT_ENCODING, "br, gzip;q=0.5");
    let answer = api.router().oneshot(request.body(axum::body::Body::empty()).unwrap()).await;
    let (head, body) = answer.unwrap().into_parts();
    assert_eq!(head.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(head.headers[header::VARY], "accept-encoding");
    let packed = body.collect().await.unwrap().to_bytes();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text);
    assert!(packed.len() * 4 < text.len(), "{} of {}", packed.len(), text.len());
}

#[tokio::test]
async fn switched_off_it_is_not_found_and_still_listed_to_those_who_sign_in() {
    let api = Api::with_catalog(false).await;
    anybody(&api, &[]).await.refused(404, "catalog_off");
    let info = api.get(PATH).await.ok();
    assert_eq!((&info.body["built_in"], &info.body["public"]), (&json!(true), &json!(false)));
    api.get(&format!("{PATH}/models?provider=openai")).await.ok();
}

#[tokio::test]
async fn it_is_listed_page_by_page() {
    let api = Api::new().await;
    let mut names: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{PATH}/models?provider=openai&limit=40{cursor}");
        let page = api.get(&path).await.ok().body;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|it| it["model"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let known = wayleave_provider::catalog::Catalog::built_in();
    let expected: Vec<String> = known.of_kind("openai").map(|it| it.model).collect();
    assert_eq!(names, expected);
    api.get(&format!("{PATH}/models?cursor=x")).await.refused(400, "bad_cursor");
}

#[tokio::test]
async fn the_operator_sees_a_difference_before_it_is_applied_and_goes_back() {
    let api = Api::new().await;
    let before = anybody(&api, &[]).await.etag();
    let found = api.post(&format!("{PATH}/diff"), elsewhere()).await.ok().body;
    let (base, sha256) = (found["base"].as_str().unwrap(), found["sha256"].as_str().unwrap());
    let first = |found: &Value| found["changes"][0]["change"].clone();
    assert_eq!((first(&found), &found["models"]), (json!("removed"), &json!(1)));
    assert_eq!(anybody(&api, &[]).await.etag(), before);

    let query = format!("?base={base}&sha256={sha256}");
    let done = put(&api, &query, elsewhere()).await.ok().body;
    assert_eq!(done["changes"], found["changes"]);
    assert!(done["revision"].is_i64());
    let shown = anybody(&api, &[]).await.ok();
    assert_eq!(shown.body["models"].as_array().unwrap().len(), 1);
    assert_eq!(shown.body["models"][0]["prices"]["input_per_1m"], "1.5");
    let info = api.get(PATH).await.ok().body;
    assert_eq!((&info["built_in"], &info["models"]), (&json!(false), &json!(1)));
    assert_eq!((&info["source"], &info["applied_by"]), (&json!("file"), &json!("token test")));
    // What is so already changes nothing; what was seen must still be so.
    let again = put(&api, "", elsewhere()).await.ok().body;
    assert_eq!((&again["changes"], again.get("revision")), (&json!([]), None));
    put(&api, &query, elsewhere()).await.refused(412, "stale");
    put(&api, "?sha256=00", elsewhere()).await.refused(412, "stale");

    put(&api, "", json!({"built_in": true})).await.ok();
    assert_eq!(anybody(&api, &[]).await.etag(), before);
    assert_eq!(api.get(PATH).await.ok().body["built_in"], true);
}

#[tokio::test]
async fn a_catalog_elsewhere_is_fetched_by_the_server() {
    let api = Api::new().await;
    let wish = json!({"url": "https://catalog.example/c.json?token=hunter2"});
    put(&api, "", wish).await.ok();
    assert_eq!(api.get(PATH).await.ok().body["source"], "https://catalog.example/c.json");
    let nowhere = json!({"url": "https://nowhere.example/c.json"});
    let refused = api.post(&format!("{PATH}/diff"), nowhere).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0], json!({"field": "url", "message": "nobody is there"}));
    for wrong in [json!({}), json!({"url": "https://catalog.example/", "built_in": true})] {
        api.post(&format!("{PATH}/diff"), wrong).await.refused(422, "invalid");
    }
}

#[tokio::test]
async fn a_mistake_is_named_with_its_row_and_field_and_repeats_no_secret() {
    let api = Api::new().await;
    let mut rows = elsewhere();
    rows[0]["prices"][1]["amount"] = json!("-1");
    let refused = put(&api, "", rows).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "[0].prices[1].amount");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.starts_with("row 1 (openai/gpt-x), prices[1].amount: "), "{detail}");
    let mut rows = elsewhere();
    rows[0]["max_output"] = json!("sk-canary");
    let refused = put(&api, "", rows).await.refused(422, "invalid");
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    let twice = json!([elsewhere()[0], elsewhere()[0]]);
    let refused = put(&api, "", twice).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "[1]");
    let refused = put(&api, "", json!("sk-canary")).await.refused(400, "malformed");
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    assert_eq!(api.get(PATH).await.ok().body["built_in"], true);
}

#[tokio::test]
async fn only_an_operator_exchanges_it() {
    let api = Api::new().await;
    let admin = format!("Bearer {}", api.token_of("main", Role::Admin).await);
    let headers = [(header::AUTHORIZATION, admin.as_str())];
    let call = |method, path: String, body| api.call(method, path.leak(), body, &headers);
    call(Method::PUT, PATH.to_owned(), Some(elsewhere())).await.refused(403, "forbidden");
    let diff = format!("{PATH}/diff");
    call(Method::POST, diff, Some(elsewhere())).await.refused(403, "forbidden");
    call(Method::GET, format!("{PATH}/models"), None).await.ok();
}

#[tokio::test]
async fn a_models_open_facts_are_the_catalogs_and_its_price_only_if_asked_for() {
    let api = Api::new().await;
    put(&api, "", elsewhere()).await.ok();
    api.furnish("main").await;
    let at = "/api/v1/workspaces/main/providers";
    api.post(at, json!({"name": "q", "kind": "openai"})).await.created();
    let model = |rest: Value| {
        let mut model = json!({"provider": "q", "name": "gpt-x", "type": "llm"});
        model.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        model
    };
    let facts = json!({"context_window": 9});
    let made = api.post(MODELS, model(json!({"price": "catalog", "facts": facts}))).await.created();
    let expected = json!({"context_window": 9, "max_output": 100, "families": ["chat"]});
    assert_eq!(made.body["facts"], expected);
    assert_eq!(made.body["price"]["price"], json!({"input": "1.5", "output": "6"}));

    let unknown = json!({"name": "gpt-y", "price": "catalog"});
    let refused = api.post(MODELS, model(unknown)).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "price");
    let embedding = json!({"type": "embedding", "free": true});
    let made = api.post(MODELS, model(embedding)).await.created();
    assert_eq!(made.body["facts"], json!({}), "the row is of another type");
}

#[tokio::test]
async fn a_setup_file_takes_facts_and_prices_from_the_catalog() {
    let api = Api::new().await;
    put(&api, "", elsewhere()).await.ok();
    let document = json!({
        "version": 1,
        "workspace": "main",
        "providers": [{"name": "o", "kind": "openai", "credentials": [{"name": "c", "api_key": "sk-0123456789abcdef"}]}],
        "models": [{"provider": "o", "name": "gpt-x", "type": "llm", "price": "catalog"}],
    });
    let path = "/api/v1/workspaces/main/apply";
    api.post(path, document.clone()).await.ok();
    let made = api.get(MODELS).await.ok().body["items"][0].clone();
    assert_eq!(
        made["facts"],
        json!({"context_window": 1000, "max_output": 100, "families": ["chat"]})
    );
    assert_eq!(made["price_summary"], "input=1.5 output=6");
    let again = api.post(path, document.clone()).await.ok();
    assert_eq!(again.body.get("revision"), None);

    let mut wrong = document.clone();
    wrong["models"][0]["name"] = json!("gpt-y");
    wrong["aliases"] = json!([{"name": "a", "targets": [{"provider": "o", "model": "gpt-z"}]}]);
    let refused = api.post(path, wrong).await.refused(422, "invalid");
    let fields: Vec<&Value> =
        refused.body["errors"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["models[0].price", "aliases[0].targets[0].model"]);

    let mut dearer = elsewhere();
    dearer[0]["prices"][0]["amount"] = json!("2");
    let long = json!({"unit": "input", "amount": "4", "per": 1_000_000, "above_context": 200_000});
    dearer[0]["prices"].as_array_mut().unwrap().push(long);
    put(&api, "", dearer).await.ok();
    api.clock.advance(1_000_000);
    let done = api.post(path, document).await.ok().body;
    let change = done["changes"].as_array().unwrap().iter().find(|it| it["noun"] == "model");
    assert_eq!(change.unwrap()["fields"], json!(["price"]));
    assert!(done["notes"][0].as_str().unwrap().ends_with(": input_per_1m_above_200k"), "{done}");
}
