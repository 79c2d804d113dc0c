//! Two workspaces in which everything has the same name see nothing of each other.

use serde_json::Value;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const MAIN_KEY: &str = "wl_main_0123456789abcdef0123456789";
const OTHER_KEY: &str = "wl_other_0123456789abcdef0123456789";

fn workspace(name: &str, upstream: &str, credential: &str, key: &str) -> Setup {
    Setup::workspace(name)
        .provider("up", "openai-compatible", &format!("{upstream}/v1"), credential)
        .model("up", "m")
        .alias("same", &[("up", "m")])
        .key("key", key)
}

async fn upstream(says: &'static str) -> Script {
    Script::start(move |_| Answer::json(200, openai::whole(says, 3, 2))).await
}

async fn rows(gateway: &Gateway, workspace: &str) -> Vec<Value> {
    let text = gateway.run(&["usage", "--json", "--workspace", workspace]).await;
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

#[tokio::test]
async fn the_same_names_lead_to_each_workspaces_own_things() {
    let (mine, theirs) = (upstream("mine").await, upstream("theirs").await);
    let main = workspace("main", &mine.url(), "sk-credential-of-main", MAIN_KEY);
    let other = workspace("other", &theirs.url(), "sk-credential-of-other", OTHER_KEY)
        .alias("theirs-only", &[("up", "m")]);
    let gateway = Start::new(BINARY).setup(&main.and(&other)).up().await;
    let (main, other) = (gateway.client(MAIN_KEY), gateway.client(OTHER_KEY));

    for (client, says) in [(&main, "mine"), (&other, "theirs"), (&main, "mine")] {
        let reply = client.chat("same", "hello").await;
        assert_eq!((reply.status, reply.at("/choices/0/message/content").as_str()), (200, says));
    }
    assert_eq!((mine.count(), theirs.count()), (2, 1));
    assert_eq!(mine.request(0).await.header("authorization"), Some("Bearer sk-credential-of-main"));
    assert_eq!(
        theirs.request(0).await.header("authorization"),
        Some("Bearer sk-credential-of-other")
    );

    let reply = main.chat("theirs-only", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (404, "model_not_found"));
    let listed = main.get("/v1/models").await.text();
    assert!(listed.contains("\"same\"") && !listed.contains("theirs-only"), "{listed}");
    assert!(other.get("/v1/models").await.text().contains("theirs-only"));
    assert_eq!(main.get("/v1/models/theirs-only").await.status, 404);

    gateway.usage_of(3).await;
    let (of_main, of_other) = (rows(&gateway, "main").await, rows(&gateway, "other").await);
    assert_eq!((of_main.len(), of_other.len()), (3, 1));
    assert!(of_main.iter().all(|row| row["workspace"] == "main"));
    assert!(of_other.iter().all(|row| row["workspace"] == "other"));
    let theirs = of_other[0]["request_id"].as_str().expect("an id");
    let found = gateway.api("GET", &format!("/workspaces/main/usage/{theirs}"), None).await;
    assert_eq!(found.status, 404, "{}", found.text());
}

#[tokio::test]
async fn a_change_in_one_workspace_leaves_the_other_as_it_is() {
    let (mine, theirs) = (upstream("mine").await, upstream("theirs").await);
    let main = workspace("main", &mine.url(), "sk-credential-of-main", MAIN_KEY);
    let other = workspace("other", &theirs.url(), "sk-credential-of-other", OTHER_KEY);
    let gateway = Start::new(BINARY).setup(&main.and(&other)).up().await;
    gateway.run(&["key", "revoke", "key", "--workspace", "other"]).await;
    let reply = gateway.client(OTHER_KEY).chat("same", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (401, "revoked_api_key"));
    assert_eq!(gateway.client(MAIN_KEY).chat("same", "hello").await.status, 200);
    assert_eq!(theirs.count(), 0);
}

#[tokio::test]
async fn one_string_cannot_be_a_key_of_both() {
    let mine = upstream("mine").await;
    let main = workspace("main", &mine.url(), "sk-credential-of-main", MAIN_KEY);
    let other = workspace("other", &mine.url(), "sk-credential-of-other", MAIN_KEY);
    let (code, said) = Start::new(BINARY).setup(&main.and(&other)).refused().await;
    assert_ne!(code, 0);
    assert!(!said.contains(MAIN_KEY), "{said}");
}
