//! Plans over the API, and what a workspace may do without one.

use http::{Method, header};
use serde_json::json;
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/system/plans";
const MAIN: &str = "/api/v1/system/workspaces/main";

#[tokio::test]
async fn a_plan_is_made_granted_changed_and_removed() {
    let api = Api::new().await;
    let made = api.post(PATH, json!({"name": "small"})).await.created();
    assert_eq!(
        made.shape(),
        json!({
            "id": "plan",
            "name": "small",
            "features": [],
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
    api.post(PATH, json!({"name": "small"})).await.refused(409, "name_taken");
    let wrong = api.post(PATH, json!({"name": "x", "features": ["flying"]})).await;
    assert_eq!(wrong.refused(422, "invalid").body["errors"][0]["field"], "features[0]");

    let granted = api.patch(MAIN, json!({"plan": "small"})).await.ok();
    assert_eq!(granted.body["plan"], made.body["id"]);
    api.patch(MAIN, json!({"plan": "grand"})).await.refused(404, "not_found");
    api.delete(&format!("{PATH}/small")).await.refused(409, "in_use");
    let stale = [(header::IF_MATCH, "\"7\"")];
    let wish = json!({"features": ["pools"]});
    api.call(Method::PATCH, &format!("{PATH}/small"), Some(wish.clone()), &stale)
        .await
        .refused(412, "stale");
    let changed = api.patch(&format!("{PATH}/small"), wish).await.ok();
    assert_eq!((&changed.body["features"], changed.etag().as_str()), (&json!(["pools"]), "\"2\""));
    assert_eq!(api.get(PATH).await.ok().body["items"].as_array().unwrap().len(), 1);
    // A change of its name leaves its plan.
    let named = api.patch(MAIN, json!({"time_zone": "Asia/Kathmandu"})).await.ok();
    assert_eq!(named.body["plan"], made.body["id"]);
    assert_eq!(api.patch(MAIN, json!({"plan": null})).await.ok().body["plan"], json!(null));
    api.delete(&format!("{PATH}/small")).await.is(http::StatusCode::NO_CONTENT);
    api.get(&format!("{PATH}/small")).await.refused(404, "not_found");
}

#[tokio::test]
async fn plans_are_the_operators_alone() {
    let api = Api::new().await;
    let owner = format!("Bearer {}", api.token_of("main", Role::Owner).await);
    let by = [(header::AUTHORIZATION, owner.as_str())];
    api.call(Method::GET, PATH, None, &by).await.refused(403, "forbidden");
    let plan = Some(json!({"name": "mine", "features": ["pools"]}));
    api.call(Method::POST, PATH, plan, &by).await.refused(403, "forbidden");
    let grant = Some(json!({"plan": null}));
    api.call(Method::PATCH, MAIN, grant, &by).await.refused(403, "forbidden");
}
