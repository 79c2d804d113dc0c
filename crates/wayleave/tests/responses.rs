//! Responses and what their providers store of them: ids are ours on the way out and the
//! provider's own on the way back.

use serde_json::{Value, json};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{openai, responses};
use wayleave_testkit::{
    Answer, Client, Gateway, Received, Reply, Script, Setup, Start, eventually, within,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const RESPONSES: &str = "/v1/responses";
/// The provider's own id, as long as they are.
const THEIRS: &str = "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654";

fn answer(got: &Received) -> Answer {
    let stored = format!("/v1/responses/{THEIRS}");
    let items = json!({
        "object": "list",
        "data": [{"id": "msg_0", "type": "message", "role": "user", "content": []}],
        "first_id": "msg_0", "last_id": "msg_0", "has_more": false,
    });
    match (got.method.as_str(), got.path.split('?').next().unwrap_or_default()) {
        ("POST", RESPONSES) if got.text().contains("be throttled") => {
            Answer::json(429, openai::error("rate_limit_error", "slow down"))
                .header("retry-after", "30")
        }
        ("POST", RESPONSES) if got.json()["stream"] == true => {
            Answer::stream(responses::stream(THEIRS, &["Hel", "lo"], 7, 3))
        }
        ("POST", RESPONSES) => {
            let mut body = responses::response(THEIRS, "completed", Some("Hello"), Some((7, 3)));
            body["previous_response_id"] = got.json()["previous_response_id"].clone();
            Answer::json(200, body.to_string())
        }
        ("GET", path) if path == stored => {
            let mut body = responses::response(THEIRS, "completed", Some("Hello"), Some((7, 3)));
            body["previous_response_id"] = THEIRS.into();
            Answer::json(200, body.to_string())
        }
        ("DELETE", path) if path == stored => {
            let body = json!({"id": THEIRS, "object": "response", "deleted": true});
            Answer::json(200, body.to_string())
        }
        ("GET", path) if path == format!("{stored}/input_items") => {
            Answer::json(200, items.to_string())
        }
        ("POST", path) if path == format!("{stored}/cancel") => {
            let body = responses::response(THEIRS, "cancelled", None, None);
            Answer::json(200, body.to_string())
        }
        _ => Answer::json(404, openai::error("invalid_request_error", "Not found")),
    }
}

fn provider(setup: Setup, name: &str, upstream: &str) -> Setup {
    setup
        .provider(name, "openai", &format!("{upstream}/v1"), &format!("{CREDENTIAL}-{name}"))
        .model(name, "m")
        .alias(name, &[(name, "m")])
}

/// Two providers of which the second gets nearly everything that `both` is asked; `chat` and
/// `messages` speak other dialects.
struct Stage {
    a: Script,
    b: Script,
    gateway: Gateway,
    client: Client,
}

fn setup(a: &Script, b: &Script) -> Setup {
    let both = json!({"name": "both", "targets": [
        {"provider": "a", "model": "m", "weight": 1, "group": 1},
        {"provider": "b", "model": "m", "weight": 1000, "group": 1},
    ]});
    provider(provider(Setup::workspace("main"), "a", &a.url()), "b", &b.url())
        .with("aliases", both)
        .openai("chat", &b.url())
        .anthropic("messages", &b.url())
        .key("test", KEY)
}

impl Stage {
    async fn new() -> Stage {
        let (a, b) = (Script::start(answer).await, Script::start(answer).await);
        let gateway = Start::new(BINARY).setup(&setup(&a, &b).text()).up().await;
        let client = gateway.client(KEY);
        Stage { a, b, gateway, client }
    }

    async fn ask(&self, body: &Value) -> Reply {
        self.client.post(RESPONSES, body.to_string()).await
    }

    /// The id of a response of `alias`, as clients know it.
    async fn made_by(&self, alias: &str) -> String {
        let reply = self.ask(&json!({"model": alias, "input": "hi"})).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.at("/id")
    }

    async fn go_on(&self, alias: &str, id: &str) -> Reply {
        self.ask(&json!({"model": alias, "input": "more", "previous_response_id": id})).await
    }
}

fn told(reply: &Reply) -> (u16, String, String) {
    (reply.status, reply.at("/error/code"), reply.at("/error/param"))
}

fn refusal(status: u16, code: &str, param: &str) -> (u16, String, String) {
    (status, code.to_owned(), param.to_owned())
}

#[tokio::test]
async fn a_response_is_the_providers_but_for_its_id() {
    let stage = Stage::new().await;
    let body = r#"{ "model":"a", "input":"hi", "x-unknown":{"a":[1.0]} }"#;
    let reply = stage.client.post(RESPONSES, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let got = stage.a.request(0).await;
    assert_eq!((got.path.as_str(), got.text()), (RESPONSES, body.replace("\"a\", ", "\"m\", ")));
    let id = reply.at("/id");
    assert!(id.starts_with("resp_") && id != THEIRS, "{id}");
    let theirs = responses::whole(THEIRS, "Hello", 7, 3);
    assert_eq!(reply.text().replace(&id, THEIRS), theirs);
    let row = stage.gateway.row(reply.header("x-request-id").expect("our id")).await;
    assert_eq!((&row["surface"], &row["operation"]), (&json!(RESPONSES), &json!("chat")));
    assert_eq!((&row["cost_nanos"], &row["output_tokens"]), (&json!(13_000), &json!(3)));
}

#[tokio::test]
async fn every_event_of_a_stream_has_the_same_id_and_none_the_providers() {
    let stage = Stage::new().await;
    let body = json!({"model": "a", "input": "hi", "stream": true});
    let request = stage.client.request("POST", RESPONSES).json(body.to_string());
    let mut stream = stage.client.stream(&request).await;
    let got = stream.text().await;
    assert!(!got.contains(THEIRS), "{got}");
    let ids: Vec<String> = got
        .split("\n\n")
        .filter_map(|frame| frame.split_once("data: "))
        .map(|(_, data)| serde_json::from_str::<Value>(data).expect("JSON"))
        .filter_map(|event| Some(event.pointer("/response/id")?.as_str()?.to_owned()))
        .collect();
    assert_eq!(ids.len(), 3, "{got}");
    assert!(ids.iter().all(|id| *id == ids[0] && id.starts_with("resp_")), "{ids:?}");
    let theirs = responses::stream(THEIRS, &["Hel", "lo"], 7, 3).concat();
    assert_eq!(got.replace(&ids[0], THEIRS), theirs);
    // And whole, the same response is known by the same id.
    assert_eq!(stage.made_by("a").await, ids[0]);
}

#[tokio::test]
async fn a_conversation_goes_on_with_the_provider_that_has_it_whatever_the_weights() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    for _ in 0..5 {
        let reply = stage.go_on("both", &id).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.at("/previous_response_id"), id, "what the client knows it by");
        assert!(!reply.text().contains(THEIRS), "{}", reply.text());
        let adjusted = reply.header("x-wayleave-adjusted").expect("named edits").to_owned();
        assert!(adjusted.contains("previous_response_id"), "{adjusted}");
    }
    assert_eq!((stage.a.count(), stage.b.count()), (6, 0));
    let got = stage.a.request(5).await.json();
    assert_eq!((&got["previous_response_id"], &got["model"]), (&json!(THEIRS), &json!("m")));
}

#[tokio::test]
async fn a_conversation_goes_on_with_the_credential_that_began_it() {
    let a = Script::start(answer).await;
    let credential =
        |name: &str| json!({"name": name, "api_key": format!("sk-of-{name}-0123456789")});
    let target = |name: &str, weight: u32| json!({"provider": "a", "model": "m", "credential": name, "weight": weight, "group": 1});
    let setup = Setup::workspace("main")
        .with(
            "providers",
            json!({
                "name": "a", "kind": "openai", "base_url": format!("{}/v1", a.url()),
                "credentials": [credential("one"), credential("two")],
            }),
        )
        .model("a", "m")
        .with("aliases", json!({"name": "one", "targets": [target("one", 1)]}))
        .with(
            "aliases",
            json!({"name": "both", "targets": [target("one", 1), target("two", 1000)]}),
        )
        .key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    let first = client.post(RESPONSES, json!({"model": "one", "input": "hi"}).to_string()).await;
    let id = first.at("/id");
    for _ in 0..5 {
        let body = json!({"model": "both", "input": "more", "previous_response_id": id});
        assert_eq!(client.post(RESPONSES, body.to_string()).await.status, 200);
    }
    let used: Vec<_> = a
        .received()
        .iter()
        .filter_map(|it| it.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(used, vec!["Bearer sk-of-one-0123456789"; 6]);
}

#[tokio::test]
async fn a_provider_at_rest_has_not_lost_its_responses() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    let throttled = stage.ask(&json!({"model": "a", "input": "be throttled"})).await;
    assert_eq!(throttled.status, 429);
    let reply = stage.go_on("both", &id).await;
    assert_eq!(told(&reply), refusal(429, "upstream_rate_limited", ""), "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    assert_eq!((stage.a.count(), stage.b.count()), (2, 0));
}

#[tokio::test]
async fn a_stored_response_is_read_cancelled_and_deleted_by_the_clients_id() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    let at = |tail: &str| format!("{RESPONSES}/{id}{tail}");

    let got = stage.client.get(&at("?include[]=reasoning.encrypted_content&secret=1")).await;
    assert_eq!(
        (got.status, got.at("/id"), got.at("/output/0/content/0/text").as_str()),
        (200, id.clone(), "Hello")
    );
    assert_eq!(got.at("/previous_response_id"), id, "the only response there is");
    let items = stage.client.get(&at("/input_items?limit=5&order=asc")).await;
    assert_eq!((items.status, items.at("/data/0/id").as_str()), (200, "msg_0"));
    let cancelled = stage.client.ask("POST", &at("/cancel")).await;
    assert_eq!(
        (cancelled.status, cancelled.at("/id"), cancelled.at("/status").as_str()),
        (200, id.clone(), "cancelled")
    );
    let deleted = stage.client.ask("DELETE", &at("")).await;
    let body = json!({"id": id, "object": "response", "deleted": true});
    assert_eq!((deleted.status, deleted.json()), (200, body));
    for reply in [&got, &items, &cancelled, &deleted] {
        assert!(!reply.text().contains(THEIRS), "{}", reply.text());
    }

    let sent: Vec<(String, String, usize)> = stage.a.received()[1..]
        .iter()
        .map(|it| (it.method.clone(), it.path.clone(), it.body.len()))
        .collect();
    let theirs = format!("{RESPONSES}/{THEIRS}");
    assert_eq!(
        sent,
        [
            ("GET".to_owned(), format!("{theirs}?include[]=reasoning.encrypted_content"), 0),
            ("GET".to_owned(), format!("{theirs}/input_items?limit=5&order=asc"), 0),
            ("POST".to_owned(), format!("{theirs}/cancel"), 0),
            ("DELETE".to_owned(), theirs, 0),
        ]
    );
    let rows = stage.gateway.usage_of(5).await;
    let stored: Vec<_> = rows.iter().filter(|row| row["operation"] == "stored_response").collect();
    assert_eq!(stored.len(), 4, "{rows:?}");
    assert!(stored.iter().all(|row| row["cost_nanos"] == 0 && row["status"] == 200), "{stored:?}");
    // The id leads to a provider and a credential: by which alias and model it was made, it does
    // not say, and neither does the row.
    for row in stored {
        let named = (&row["alias"], &row["provider"], &row["model"]);
        assert_eq!(named, (&json!(""), &json!("a"), &json!(null)), "{row}");
        let detail = stage.gateway.detail(row["request_id"].as_str().expect("an id")).await;
        assert_eq!(detail["alias_id"], json!(null), "{detail}");
        let attempt = &detail["attempts"][0];
        assert_eq!((&attempt["model"], &attempt["max_cost_nanos"]), (&json!(""), &json!(0)));
    }
}

#[tokio::test]
async fn what_the_provider_no_longer_has_is_not_found() {
    let gone = Script::start(|got| match got.method.as_str() {
        "POST" => answer(got),
        _ => Answer::json(
            404,
            json!({"error": {
                "message": format!("Response with id '{THEIRS}' not found."),
                "type": "invalid_request_error", "param": null, "code": null,
            }})
            .to_string(),
        ),
    })
    .await;
    let setup = provider(Setup::workspace("main"), "a", &gone.url()).key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    let made = client.post(RESPONSES, json!({"model": "a", "input": "hi"}).to_string()).await;
    let reply = client.get(&format!("{RESPONSES}/{}", made.at("/id"))).await;
    assert_eq!(told(&reply), refusal(404, "response_not_found", ""), "{}", reply.text());
}

#[tokio::test]
async fn an_id_that_is_not_known_here_is_not_found() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    let bent = format!("{}x", &id[..id.len() - 1]);
    for unknown in [THEIRS, "resp_1", "x", bent.as_str()] {
        for (method, tail) in
            [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")]
        {
            let reply = stage.client.ask(method, &format!("{RESPONSES}/{unknown}{tail}")).await;
            assert_eq!(told(&reply), refusal(404, "response_not_found", ""), "{method} {unknown}");
        }
        for alias in ["a", "both", "chat", "messages"] {
            let reply = stage.go_on(alias, unknown).await;
            assert_eq!(
                told(&reply),
                refusal(404, "previous_response_not_found", "previous_response_id")
            );
        }
    }
    let streamed = stage.client.get(&format!("{RESPONSES}/{id}?stream=true")).await;
    assert_eq!(told(&streamed), refusal(400, "unsupported_parameter", "stream"));
    assert_eq!((stage.a.count(), stage.b.count()), (1, 0));
}

#[tokio::test]
async fn an_id_of_another_workspace_is_not_found() {
    const OTHERS: &str = "wl_other_0123456789abcdef0123456789abcdef";
    let (a, b) = (Script::start(answer).await, Script::start(answer).await);
    let other = provider(Setup::workspace("other"), "a", &a.url()).key("test", OTHERS);
    let gateway = Start::new(BINARY).setup(&setup(&a, &b).and(&other)).up().await;
    let (mine, theirs) = (gateway.client(KEY), gateway.client(OTHERS));
    let made = theirs.post(RESPONSES, json!({"model": "a", "input": "hi"}).to_string()).await;
    let id = made.at("/id");
    assert_eq!(theirs.get(&format!("{RESPONSES}/{id}")).await.status, 200);
    for method in ["GET", "DELETE"] {
        let reply = mine.ask(method, &format!("{RESPONSES}/{id}")).await;
        assert_eq!(told(&reply), refusal(404, "response_not_found", ""));
    }
    let body = json!({"model": "a", "input": "more", "previous_response_id": id});
    let reply = mine.post(RESPONSES, body.to_string()).await;
    assert_eq!(told(&reply), refusal(404, "previous_response_not_found", "previous_response_id"));
    assert_eq!(a.count(), 2, "what the other workspace asked, and no more");
}

#[tokio::test]
async fn a_response_whose_credential_was_removed_is_gone() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    let b_alone = provider(Setup::workspace("main"), "b", &stage.b.url())
        .alias("both", &[("b", "m")])
        .key("test", KEY);
    let path = stage.gateway.folder().join("change.yaml");
    std::fs::write(&path, b_alone.text()).expect("a file");
    stage.gateway.run(&["apply", "-f", path.to_str().expect("a path"), "--prune"]).await;
    eventually(10, "the change is live", || async {
        (stage.client.get("/v1/models/a").await.status == 404).then_some(())
    })
    .await;
    for (method, tail) in [("GET", ""), ("DELETE", ""), ("GET", "/input_items")] {
        let reply = stage.client.ask(method, &format!("{RESPONSES}/{id}{tail}")).await;
        assert_eq!(told(&reply), refusal(410, "response_gone", ""));
    }
    let reply = stage.go_on("both", &id).await;
    assert_eq!(told(&reply), refusal(410, "response_gone", "previous_response_id"));
    assert_eq!((stage.a.count(), stage.b.count()), (1, 0));
}

#[tokio::test]
async fn a_conversation_does_not_go_on_with_who_does_not_have_it() {
    let stage = Stage::new().await;
    let id = stage.made_by("a").await;
    for alias in ["chat", "messages", "b"] {
        let reply = stage.go_on(alias, &id).await;
        let expected = refusal(400, "unsupported_parameter", "previous_response_id");
        assert_eq!(told(&reply), expected, "{alias}: {}", reply.text());
        assert!(reply.at("/error/message").contains(alias), "{}", reply.text());
    }
    assert_eq!((stage.a.count(), stage.b.count()), (1, 0));
}

#[tokio::test]
async fn a_crossed_response_is_answered_with_an_id_that_nobody_stores() {
    let chat = Script::start(|_| Answer::json(200, openai::whole("Hello", 7, 3))).await;
    let setup = Setup::workspace("main").openai("chat", &chat.url()).key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    let reply = client.post(RESPONSES, json!({"model": "chat", "input": "hi"}).to_string()).await;
    assert_eq!((reply.status, reply.at("/output/0/content/0/text").as_str()), (200, "Hello"));
    assert_eq!(reply.at("/store"), "false", "{}", reply.text());
    let id = reply.at("/id");
    let read = client.get(&format!("{RESPONSES}/{id}")).await;
    assert_eq!(told(&read), refusal(404, "response_not_found", ""));
    let body = json!({"model": "chat", "input": "more", "previous_response_id": id});
    let more = client.post(RESPONSES, body.to_string()).await;
    assert_eq!(told(&more), refusal(404, "previous_response_not_found", "previous_response_id"));
    assert_eq!(chat.count(), 1);
}

#[tokio::test]
async fn a_websocket_is_refused_at_once_in_the_way_that_clients_fall_back_from() {
    let stage = Stage::new().await;
    let request = stage
        .client
        .request("GET", RESPONSES)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let reply = within(1, "an answer at once", stage.client.send(&request)).await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (426, "unsupported_endpoint"));
    // RFC 9110, section 15.5.22: the answer names the protocol that would do.
    assert_eq!(
        (reply.header("upgrade"), reply.header("connection")),
        (Some("HTTP/1.1"), Some("upgrade"))
    );
    // A proxy on the way may have taken the wish out: the answer is the same.
    assert_eq!(stage.client.get(RESPONSES).await.status, 426);

    // The same connection's next request is answered: nothing is left half upgraded.
    let mut connection = stage.client.connect().await;
    connection.send(&request.bytes()).await;
    assert_eq!(connection.reply().await.status, 426);
    let body = json!({"model": "a", "input": "hi"}).to_string();
    connection.send(&stage.client.request("POST", RESPONSES).json(body).bytes()).await;
    assert_eq!(connection.reply().await.status, 200);
}
