//! Responses kept here for clients of providers that keep none, where the workspace says so.

use serde_json::{Value, json};
use wayleave_testkit::canary::{Canary, files};
use wayleave_testkit::postgres::Postgres;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, openai, responses};
use wayleave_testkit::{
    Answer, Client, Gateway, Received, Reply, Script, Setup, Start, eventually,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const RESPONSES: &str = "/v1/responses";
const SIGNATURE: &str = "EqQBCgIYAhIkcanary+of/a+signature==";
/// The key of another owner in the same workspace.
const NEIGHBOUR: &str = "wl_next_0123456789abcdef0123456789abcdef";
/// The key of another workspace that keeps responses too.
const STRANGER: &str = "wl_other_0123456789abcdef0123456789abcdef";

/// Says how many messages it was sent, in each dialect.
fn upstream(got: &Received) -> Answer {
    let body = got.json();
    let turns = |field: &str| body[field].as_array().map_or(0, Vec::len);
    let stream = body["stream"] == true;
    match got.path.as_str() {
        "/v1/chat/completions" if got.text().contains("say a lot") => {
            let word = "canary ".repeat(700_000);
            Answer::stream(openai::stream(&[&word], 7, 3))
        }
        "/v1/chat/completions" => {
            let text = format!("Answer {}", turns("messages"));
            match stream {
                true => Answer::stream(openai::stream(&["Answer", &text["Answer".len()..]], 7, 3)),
                false => Answer::json(200, openai::whole(&text, 7, 3)),
            }
        }
        "/v1/messages" => {
            let text = format!("Answer {}", turns("messages"));
            let mut whole: Value =
                serde_json::from_str(&anthropic::whole(&text, 7, 3)).expect("JSON");
            let thought = json!({"type": "thinking", "thinking": "hm", "signature": SIGNATURE});
            whole["content"] = json!([thought, whole["content"][0]]);
            Answer::json(200, whole.to_string())
        }
        RESPONSES => Answer::json(200, responses::whole("resp_theirs", "Theirs", 7, 3)),
        _ => Answer::json(404, openai::error("invalid_request_error", "Not found")),
    }
}

fn setup(workspace: &str, url: &str, key: &str) -> Setup {
    Setup::workspace(workspace)
        .openai("chat", url)
        .anthropic("claude", url)
        .provider("keeper", "openai", &format!("{url}/v1"), "sk-keeper-0123456789")
        .model("keeper", "m")
        .alias("keeper", &[("keeper", "m")])
        .key("test", key)
}

struct Stage {
    script: Script,
    gateway: Gateway,
    client: Client,
}

impl Stage {
    async fn new() -> Stage {
        let script = Script::start(upstream).await;
        let main = setup("main", &script.url(), KEY).keep_responses(30).with(
            "keys",
            json!({"name": "next", "secret": NEIGHBOUR, "owner": "next", "environment": "test"}),
        );
        let other = setup("other", &script.url(), STRANGER).keep_responses(30);
        let gateway = Start::new(BINARY).setup(&main.and(&other)).up().await;
        let client = gateway.client(KEY);
        Stage { script, gateway, client }
    }

    async fn ask(&self, body: &Value) -> Reply {
        ask(&self.client, body).await
    }

    /// What the provider was sent last.
    async fn sent(&self) -> Value {
        self.script.request(self.script.count() - 1).await.json()
    }
}

async fn ask(client: &Client, body: &Value) -> Reply {
    client.post(RESPONSES, body.to_string()).await
}

fn said(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.at("/output/0/content/0/text")
}

fn told(reply: &Reply) -> (u16, String, String) {
    (reply.status, reply.at("/error/code"), reply.at("/error/param"))
}

fn refusal(status: u16, code: &str, param: &str) -> (u16, String, String) {
    (status, code.to_owned(), param.to_owned())
}

fn first(alias: &str) -> Value {
    json!({"model": alias, "input": "hi", "metadata": {"k": "v"}})
}

fn next(alias: &str, id: &str) -> Value {
    json!({"model": alias, "input": "more", "previous_response_id": id})
}

/// The data of a stream's events.
fn events(text: &str) -> Vec<Value> {
    let data = text.split("\n\n").filter_map(|frame| frame.split_once("data: "));
    data.map(|(_, data)| serde_json::from_str(data).expect("JSON")).collect()
}

#[tokio::test]
async fn a_conversation_goes_on_although_its_provider_keeps_nothing() {
    let stage = Stage::new().await;
    let begun = stage.ask(&first("chat")).await;
    assert_eq!(said(&begun), "Answer 1");
    let id = begun.at("/id");
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
    assert!(id.len() <= 40 && id.starts_with("resp_") && id.chars().all(plain), "{id}");
    assert_eq!((begun.at("/store").as_str(), begun.at("/metadata/k").as_str()), ("true", "v"));
    assert_eq!(begun.header("x-wayleave-lossy"), None);

    let more = stage.ask(&next("chat", &id)).await;
    assert_eq!((said(&more).as_str(), more.at("/previous_response_id")), ("Answer 3", id.clone()));
    let third = stage.ask(&next("chat", &more.at("/id"))).await;
    assert_eq!(said(&third), "Answer 5");
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let expected = [
        turn("user", "hi"),
        turn("assistant", "Answer 1"),
        turn("user", "more"),
        turn("assistant", "Answer 3"),
        turn("user", "more"),
    ];
    assert_eq!(stage.sent().await["messages"], json!(expected));
    // A conversation may go two ways, and on with another provider.
    assert_eq!(said(&stage.ask(&next("chat", &id)).await), "Answer 3");
    let other = stage.ask(&next("claude", &id)).await;
    assert_eq!(other.at("/output/1/content/0/text"), "Answer 3", "{}", other.text());
}

#[tokio::test]
async fn a_stream_says_that_it_is_kept_from_its_beginning() {
    let stage = Stage::new().await;
    let begun = stage.ask(&first("chat")).await.at("/id");
    let mut body = next("chat", &begun);
    body["stream"] = true.into();
    let request = stage.client.request("POST", RESPONSES).json(body.to_string());
    let events = events(&stage.client.stream(&request).await.text().await);
    let of = |kind: &str| {
        let event = events.iter().find(|it| it["type"] == kind).expect("the event");
        event["response"].clone()
    };
    let (created, completed) = (of("response.created"), of("response.completed"));
    assert_eq!((&created["store"], &completed["store"]), (&json!(true), &json!(true)));
    assert_eq!(created["id"], completed["id"]);
    let id = completed["id"].as_str().expect("an id");
    // Kept before its last event went out.
    let read = stage.client.get(&format!("{RESPONSES}/{id}")).await;
    assert_eq!((read.status, read.json()), (200, completed.clone()));
    assert_eq!(said(&stage.ask(&next("chat", id)).await), "Answer 5");
}

#[tokio::test]
async fn a_kept_response_is_read_listed_and_deleted_and_not_cancelled() {
    let stage = Stage::new().await;
    let message = |id: &str, text: &str| json!({"id": id, "role": "user", "content": text});
    let input =
        json!([message("msg_a", "one"), message("msg_b", "two"), {"role": "user", "content": []}]);
    let made = stage.ask(&json!({"model": "chat", "input": input})).await;
    let at = |tail: &str| format!("{RESPONSES}/{}{tail}", made.at("/id"));
    let read = stage.client.get(&at("")).await;
    assert_eq!((read.status, read.json()), (200, made.json()));
    let streamed = stage.client.get(&at("?stream=true")).await;
    assert_eq!(told(&streamed), refusal(400, "unsupported_parameter", "stream"));

    let items = stage.client.get(&at("/input_items?order=asc&limit=2")).await;
    let ids = (items.at("/data/0/id"), items.at("/data/1/id"), items.at("/has_more"));
    assert_eq!(ids, ("msg_a".into(), "msg_b".into(), "true".into()), "{}", items.text());
    assert_eq!(items.at("/data/0/content/0/text"), "one");
    let rest = stage.client.get(&at("/input_items?order=asc&after=msg_b")).await;
    assert_eq!(rest.at("/has_more"), "false");
    assert!(rest.at("/data/0/id").starts_with("msg_") && rest.at("/data/1").is_empty());

    let cancelled = stage.client.ask("POST", &at("/cancel")).await;
    assert_eq!(told(&cancelled), refusal(400, "invalid_request", ""));
    let deleted = stage.client.ask("DELETE", &at("")).await;
    let body = json!({"id": made.at("/id"), "object": "response", "deleted": true});
    assert_eq!((deleted.status, deleted.json()), (200, body));
    for (method, tail) in
        [("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel")]
    {
        let reply = stage.client.ask(method, &at(tail)).await;
        assert_eq!(told(&reply), refusal(404, "response_not_found", ""), "{method} {tail}");
    }
    let more = stage.ask(&next("chat", &made.at("/id"))).await;
    assert_eq!(told(&more), refusal(404, "previous_response_not_found", "previous_response_id"));
    let rows = stage.gateway.usage_of(12).await;
    let stored = rows.iter().filter(|row| row["operation"] == "stored_response");
    assert!(stored.clone().count() == 10 && stored.clone().all(|row| row["cost_nanos"] == 0));
    let refused = rows.iter().find(|row| row["error_code"] == "previous_response_not_found");
    assert_eq!(refused.expect("its row")["alias"], "chat");
}

#[tokio::test]
async fn nobody_else_finds_it() {
    let stage = Stage::new().await;
    let made = stage.ask(&first("chat")).await;
    let (id, item) = (made.at("/id"), made.at("/output/0/id"));
    for key in [NEIGHBOUR, STRANGER] {
        let client = stage.gateway.client(key);
        for method in ["GET", "DELETE"] {
            let reply = client.ask(method, &format!("{RESPONSES}/{id}")).await;
            assert_eq!(told(&reply), refusal(404, "response_not_found", ""));
        }
        let reply = ask(&client, &next("chat", &id)).await;
        let gone = refusal(404, "previous_response_not_found", "previous_response_id");
        assert_eq!(told(&reply), gone);
        let named = json!({"model": "chat", "input": [{"type": "item_reference", "id": item}]});
        let reply = ask(&client, &named).await;
        assert_eq!(told(&reply), refusal(400, "unsupported_parameter", "input[0].type"));
    }
    assert_eq!(stage.script.count(), 1);
    assert_eq!(said(&stage.ask(&next("chat", &id)).await), "Answer 3");
    for (path, bytes) in files(&stage.gateway.folder()) {
        let found = Canary::new("answer", "Answer 1").found_in(&bytes);
        assert_eq!(found, None, "{}", path.display());
    }
}

#[tokio::test]
async fn nothing_is_kept_unless_the_workspace_and_the_client_say_so() {
    let stage = Stage::new().await;
    let kept = stage.ask(&first("chat")).await.at("/id");
    let mut own = next("chat", &kept);
    own["store"] = false.into();
    let reply = stage.ask(&own).await;
    assert_eq!((said(&reply).as_str(), reply.at("/store").as_str()), ("Answer 3", "false"));
    let gone = stage.client.get(&format!("{RESPONSES}/{}", reply.at("/id"))).await;
    assert_eq!(gone.status, 404);

    let out = stage.gateway.run(&["workspace", "settings", "main", "--no-keep-responses"]).await;
    assert!(out.contains("not kept"), "{out}");
    let unkept = eventually(10, "the setting is live", || async {
        let reply = stage.ask(&json!({"model": "chat", "input": "hi", "store": true})).await;
        (reply.at("/store") == "false").then_some(reply)
    })
    .await;
    assert_eq!(unkept.header("x-wayleave-lossy"), Some("response.store"));
    assert_eq!(stage.client.get(&format!("{RESPONSES}/{}", unkept.at("/id"))).await.status, 404);
    // What was kept before is there until its time.
    assert_eq!(said(&stage.ask(&next("chat", &kept)).await), "Answer 3");
    let out = stage.gateway.run(&["workspace", "settings", "main", "--keep-responses", "7"]).await;
    assert!(out.contains("for 7 days"), "{out}");
    let shown = stage.gateway.run(&["workspace", "settings", "main"]).await;
    assert_eq!(shown, out);
}

#[tokio::test]
async fn an_item_that_only_names_another_is_what_it_names() {
    let stage = Stage::new().await;
    let made = stage.ask(&first("claude")).await;
    let reference = |at: &str| json!({"type": "item_reference", "id": made.at(at)});
    let items = stage.client.get(&format!("{RESPONSES}/{}/input_items", made.at("/id"))).await;
    let input = json!([
        {"type": "item_reference", "id": items.at("/data/0/id")},
        reference("/output/0/id"),
        reference("/output/1/id"),
        {"role": "user", "content": "more"},
    ]);
    let reply = stage.ask(&json!({"model": "claude", "input": input})).await;
    assert_eq!(reply.at("/output/1/content/0/text"), "Answer 3", "{}", reply.text());
    let turn = stage.sent().await["messages"][1].clone();
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": SIGNATURE});
    assert_eq!(turn["content"], json!([thought, {"type": "text", "text": "Answer 1"}]));
    let unknown = json!({"model": "chat", "input": [{"type": "item_reference", "id": "msg_x"}]});
    let reply = stage.ask(&unknown).await;
    assert_eq!(told(&reply), refusal(400, "unsupported_parameter", "input[0].type"));
}

#[tokio::test]
async fn a_provider_that_keeps_its_own_is_sent_what_it_does_not_have() {
    let stage = Stage::new().await;
    let id = stage.ask(&first("chat")).await.at("/id");
    let reply = stage.ask(&next("keeper", &id)).await;
    assert_eq!((said(&reply).as_str(), reply.at("/previous_response_id")), ("Theirs", id));
    let sent = stage.sent().await;
    assert_eq!(sent.get("previous_response_id"), None);
    assert_eq!(sent["input"].as_array().map(Vec::len), Some(3), "{sent}");
    // So the conversation goes on here.
    let more = stage.ask(&next("chat", &reply.at("/id"))).await;
    assert_eq!(said(&more), "Answer 5");
    // What begins with such a provider is its own.
    let theirs = stage.ask(&first("keeper")).await;
    assert!(theirs.at("/id").len() > 40, "{}", theirs.text());
    assert!(stage.script.request(stage.script.count() - 1).await.text().contains("\"metadata\""));
}

#[tokio::test]
async fn what_would_be_sent_and_counted_holds_the_conversation() {
    let stage = Stage::new().await;
    let id = stage.ask(&first("chat")).await.at("/id");
    let question = json!({"path": RESPONSES, "body": next("claude", &id)});
    let told_of = stage.client.post("/v1/explain", question.to_string()).await;
    assert_eq!(told_of.status, 200, "{}", told_of.text());
    assert_eq!(told_of.at("/targets/0/body/messages/1/content/0/text"), "Answer 1");
    let path = format!("{RESPONSES}/input_tokens");
    let counted = stage.client.post(&path, next("chat", &id).to_string()).await;
    let alone = stage.client.post(&path, first("chat").to_string()).await;
    let figure = |reply: &Reply| reply.json()["input_tokens"].as_u64().unwrap_or_default();
    assert!(figure(&counted) > figure(&alone) + 20, "{} {}", counted.text(), alone.text());
    let unknown = next("chat", "resp_00000000000000000000000000");
    let question = json!({"path": RESPONSES, "body": unknown});
    let missing = refusal(404, "previous_response_not_found", "previous_response_id");
    for (path, body) in [("/v1/explain", question), (path.as_str(), unknown)] {
        assert_eq!(told(&stage.client.post(path, body.to_string()).await), missing, "{path}");
    }
    assert_eq!(stage.script.count(), 1);
}

#[tokio::test]
async fn what_is_too_large_to_keep_is_answered_and_said_not_to_be_stored() {
    let stage = Stage::new().await;
    let large = "x".repeat(5 << 20);
    let reply = stage.ask(&json!({"model": "chat", "input": large})).await;
    assert_eq!((said(&reply).as_str(), reply.at("/store").as_str()), ("Answer 1", "false"));
    assert_eq!(reply.header("x-wayleave-lossy"), Some("response.store"));

    let body = json!({"model": "chat", "input": "say a lot", "stream": true});
    let request = stage.client.request("POST", RESPONSES).json(body.to_string());
    let mut stream = stage.client.stream(&request).await;
    let request_id = stream.header("x-request-id").expect("our id").to_owned();
    let events = events(&stream.text().await);
    let stores: Vec<&Value> =
        events.iter().filter_map(|it| it.pointer("/response/store")).collect();
    assert_eq!(stores, [&json!(true), &json!(true), &json!(false)]);
    let detail = stage.gateway.detail(&request_id).await.to_string();
    assert!(detail.contains("answer.store"), "{detail}");
}

#[tokio::test]
async fn any_node_goes_on_with_the_thought_and_its_proof_and_answers_without_the_database() {
    let postgres = Postgres::start().await;
    let script = Script::start(upstream).await;
    let setup = setup("main", &script.url(), KEY).keep_responses(30).text();
    let one = Start::new(BINARY).setup(&setup).flag("--database", postgres.url());
    let one = one.switch("--migrate").up().await;
    let keys = one.data().join("kek").display().to_string();
    let other = Start::new(BINARY).flag("--database", postgres.url()).flag("--kek", &keys);
    let other = other.up().await;
    let begun = ask(&one.client(KEY), &first("claude")).await;
    assert_eq!(begun.at("/output/1/content/0/text"), "Answer 1", "{}", begun.text());
    assert_eq!(begun.header("x-wayleave-lossy"), None);
    let more = ask(&other.client(KEY), &next("claude", &begun.at("/id"))).await;
    assert_eq!(more.at("/output/1/content/0/text"), "Answer 3", "{}", more.text());
    let turn = script.request(1).await.json()["messages"][1].clone();
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": SIGNATURE});
    assert_eq!(turn["content"], json!([thought, {"type": "text", "text": "Answer 1"}]));

    postgres.stop().await;
    let alone = ask(&one.client(KEY), &first("chat")).await;
    assert_eq!((said(&alone).as_str(), alone.at("/store").as_str()), ("Answer 1", "false"));
    assert_eq!(alone.header("x-wayleave-lossy"), Some("answer.store"));
    let refused = ask(&one.client(KEY), &next("chat", &begun.at("/id"))).await;
    assert_eq!(
        (refused.status, refused.at("/error/code").as_str()),
        (503, "dependency_unavailable")
    );
    postgres.start_again().await;
    let row = one.detail(alone.header("x-request-id").expect("our id")).await.to_string();
    assert!(row.contains("answer.store"), "{row}");
}
