//! What a server says that is so, of one writer's things.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wayleave_testkit::Gateway;

use super::things::Things;

async fn all(gateway: &Gateway, path: &str) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let reply = gateway.api("GET", &format!("{path}{sign}limit=500"), None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()["items"].as_array().expect("a list").clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Everything whose name begins with the writer's.
pub(crate) async fn things(gateway: &Gateway, writer: &str) -> Things {
    let mut found = Things::default();
    let mut note = |name: String, value: Value| drop(found.0.insert(name, value));
    let ours = |it: &Value| it["name"].as_str().is_some_and(|name| name.starts_with(writer));
    for provider in all(gateway, "/workspaces/main/providers").await.iter().filter(|it| ours(it)) {
        let name = text(&provider["name"]);
        let path = format!("/workspaces/main/providers/{name}/credentials");
        let credentials = all(gateway, &path).await;
        let default = credentials.iter().find(|it| it["id"] == provider["default_credential"]);
        let default = default.map(|it| it["name"].clone());
        note(
            format!("provider/{name}"),
            json!({"enabled": provider["enabled"], "default": default}),
        );
        for it in credentials {
            note(
                format!("credential/{name}/{}", text(&it["name"])),
                json!({"enabled": it["enabled"]}),
            );
        }
        let path = format!("/workspaces/main/models?provider={name}");
        for it in all(gateway, &path).await {
            let place = format!("{name}/{}", text(&it["name"]));
            let price = it["price"]["price"]["input"].clone();
            note(format!("model/{place}"), json!({"enabled": it["enabled"], "price": price}));
            let path = format!("/workspaces/main/models/{}/pool", text(&it["id"]));
            let pool = gateway.api("GET", &path, None).await.json();
            if pool["version"] != 0 {
                let entries = pool["entries"].as_array().expect("entries").iter();
                let named = |it: &Value| match &it["credential"] {
                    Value::Null => Value::Null,
                    _ => it["credential_name"].clone(),
                };
                let entries: Vec<Value> = entries.map(named).collect();
                note(
                    format!("pool/{place}"),
                    json!({"enabled": pool["enabled"], "entries": entries}),
                );
            }
        }
    }
    for it in all(gateway, "/workspaces/main/aliases").await.iter().filter(|it| ours(it)) {
        let route = &it["route"];
        let so = json!({"targets": route["target_names"], "number": route["number"]});
        note(format!("alias/{}", text(&it["name"])), so);
    }
    for it in all(gateway, "/workspaces/main/keys").await.iter().filter(|it| ours(it)) {
        let versions = it["versions"].as_array().expect("versions").len();
        let so = json!({"enabled": it["enabled"], "versions": versions, "aliases": it["aliases"]});
        note(format!("key/{}", text(&it["name"])), so);
    }
    for it in all(gateway, "/workspaces/main/members").await {
        if text(&it["email"]).starts_with(writer) {
            note("member".to_owned(), json!({"role": it["role"]}));
        }
    }
    if let Some(so) = file(gateway, writer).await {
        note("file".to_owned(), so);
    }
    found
}

/// The numbers that the things of the writer's setup file bear: one, if it was applied as a whole.
async fn file(gateway: &Gateway, writer: &str) -> Option<Value> {
    let at = format!("/workspaces/{writer}-file");
    let reply = gateway.api("GET", &format!("{at}/providers"), None).await;
    if reply.status == 404 {
        return None;
    }
    let mut numbers = BTreeSet::new();
    for it in all(gateway, &format!("{at}/providers")).await {
        let url = text(&it["base_url"]);
        numbers.insert(url.rsplit('/').find_map(|it| it.strip_prefix('n')?.parse::<u64>().ok()));
    }
    for it in all(gateway, &format!("{at}/models")).await {
        numbers.insert(it["facts"]["context_window"].as_u64());
        numbers.insert(it["price"]["price"]["input"].as_str().and_then(|it| it.parse().ok()));
    }
    Some(json!(numbers))
}

/// The ids of the requests that the audit logs know.
pub(crate) async fn logged(gateway: &Gateway) -> Vec<String> {
    let mut ids = Vec::new();
    for workspace in all(gateway, "/system/workspaces").await {
        let at = format!("/workspaces/{}/audit", text(&workspace["id"]));
        let mut cursor = String::new();
        loop {
            let path = format!("{at}?limit=500{cursor}");
            let page = gateway.api("GET", &path, None).await.json();
            let entries = page["items"].as_array().expect("entries").iter();
            ids.extend(entries.filter_map(|it| it["request_id"].as_str().map(str::to_owned)));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    ids
}
