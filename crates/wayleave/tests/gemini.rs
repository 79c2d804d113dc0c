//! Gemini's surface: its own clients are answered by its own provider and by others, as events and
//! as one JSON list.

use serde_json::{Value, json};
use wayleave_testkit::client::{Ending, chat_body};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{gemini, openai};
use wayleave_testkit::{Answer, Client, Gateway, Received, Script, Setup, Start, Streaming};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const BODY: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}"#;

/// The alias `gemini` leads to a provider of the same dialect, `openai` to one of another, and
/// `team/fast` to the first.
fn setup(upstream: &str) -> Setup {
    Setup::workspace("main")
        .provider("gemini", "gemini", upstream, CREDENTIAL)
        .model("gemini", "m")
        .alias("gemini", &[("gemini", "m")])
        .alias("team/fast", &[("gemini", "m")])
        .openai("openai", upstream)
        .key("test", KEY)
}

fn answer(got: &Received) -> Answer {
    match got.path.as_str() {
        "/v1beta/models/m:generateContent" => Answer::json(200, gemini::whole("Hello", 7, 3)),
        "/v1beta/models/m:streamGenerateContent?alt=sse" => {
            Answer::stream(gemini::stream(&["Hel", "lo"], 7, 3))
        }
        "/v1/chat/completions" if got.json()["stream"] == true => {
            Answer::stream(openai::stream(&["Hel", "lo"], 7, 3))
        }
        "/v1/chat/completions" => Answer::json(200, openai::whole("Hello", 7, 3)),
        _ => Answer::json(404, gemini::error(404, "NOT_FOUND", "no such path")),
    }
}

async fn with(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> (Script, Gateway) {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&setup(&script.url()).text()).up().await;
    (script, gateway)
}

fn path(alias: &str, verb: &str) -> String {
    format!("/v1beta/models/{alias}:{verb}")
}

async fn stream(client: &Client, alias: &str, verb: &str) -> Streaming {
    client.stream(&client.request("POST", &path(alias, verb)).json(BODY)).await
}

async fn list(client: &Client, alias: &str) -> (Vec<Value>, Streaming) {
    let mut stream = stream(client, alias, "streamGenerateContent").await;
    let text = stream.text().await;
    let list = serde_json::from_str(&text).unwrap_or_else(|err| panic!("{err}: {text}"));
    (list, stream)
}

#[tokio::test]
async fn a_gemini_client_is_answered_by_each_provider_whole_as_events_and_as_a_list() {
    let (_script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    for alias in ["gemini", "openai"] {
        let reply = client.post(&path(alias, "generateContent"), BODY).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(gemini::said(&[reply.json()]), "Hello");
        assert_eq!(reply.at("/candidates/0/finishReason"), "STOP");
        let usage = reply.json()["usageMetadata"].clone();
        assert_eq!(
            (&usage["promptTokenCount"], &usage["totalTokenCount"]),
            (&json!(7), &json!(10))
        );

        let mut events = stream(&client, alias, "streamGenerateContent?alt=sse").await;
        assert_eq!(events.header("content-type"), Some("text/event-stream; charset=utf-8"));
        let said = gemini::events(&events.text().await);
        assert_eq!((gemini::said(&said).as_str(), events.ending()), ("Hello", Ending::Clean));

        let (items, list) = list(&client, alias).await;
        assert_eq!(list.header("content-type"), Some("application/json"));
        assert_eq!((gemini::said(&items).as_str(), list.ending()), ("Hello", Ending::Clean));
        assert_eq!(items.last().expect("items")["usageMetadata"]["candidatesTokenCount"], 3);
    }
    let rows = gateway.usage_of(6).await;
    for row in &rows {
        assert_eq!((&row["operation"], &row["stream_end"]), (&json!("chat"), &json!("done")));
        assert_eq!(
            (&row["input_tokens"], &row["cost_nanos"]),
            (&json!(7), &json!(13_000)),
            "{row}"
        );
    }
    let whole = "/v1beta/models/{model}:generateContent";
    assert_eq!(rows.iter().filter(|row| row["surface"] == whole).count(), 2, "{rows:?}");
}

#[tokio::test]
async fn the_bytes_of_the_same_dialect_are_the_clients_and_the_providers_own() {
    let (script, gateway) = with(answer).await;
    let client = gateway.client("").request("POST", &path("gemini", "generateContent"));
    let body = r#"{ "contents":[ {"parts":[{"text":"\u00e4"}]} ],"x-unknown":{"a":[1.0,1e400]} } "#;
    let request = client.header("x-goog-api-key", KEY).json(body);
    let reply = gateway.client("").send(&request).await;
    assert_eq!((reply.status, reply.text()), (200, gemini::whole("Hello", 7, 3)));
    let got = script.request(0).await;
    assert_eq!(got.text(), body);
    assert_eq!(got.header("x-goog-api-key"), Some(CREDENTIAL));

    let frames = gemini::stream(&["Hel", "lo"], 7, 3);
    let client = gateway.client(KEY);
    let mut events = stream(&client, "gemini", "streamGenerateContent?alt=sse").await;
    assert_eq!(events.text().await, frames.concat());
    let mut list = stream(&client, "gemini", "streamGenerateContent").await;
    let items: Vec<&str> =
        frames.iter().map(|it| it.trim_end().trim_start_matches("data: ")).collect();
    assert_eq!(list.text().await, format!("[{}]", items.join(",\r\n")));
}

#[tokio::test]
async fn a_model_may_have_a_slash_and_the_surface_stands_under_v1_too() {
    let (script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    for alias in ["team/fast", "team%2Ffast"] {
        let reply = client.post(&path(alias, "generateContent"), BODY).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let request = client.request("POST", "/v1/models/gemini:streamGenerateContent").json(BODY);
    let text = client.stream(&request).await.text().await;
    let items: Vec<Value> = serde_json::from_str(&text).expect("a list");
    assert_eq!(gemini::said(&items), "Hello");
    assert_eq!(script.request(2).await.path, "/v1beta/models/m:streamGenerateContent?alt=sse");
}

#[tokio::test]
async fn a_key_in_the_address_is_taken_and_stands_in_no_log_row_or_upstream_call() {
    const ODD: &str = "wl+in/an=address&0123456789abcdef";
    let script = Script::start(answer).await;
    let setup = setup(&script.url()).key("odd", ODD);
    let start = Start::new(BINARY).setup(&setup.text()).env("WAYLEAVE_LOG", "trace");
    let gateway = start.up().await;
    let nobody = gateway.client("");
    let at = |key: &str| path("gemini", &format!("generateContent?key={key}"));
    let escaped = "wl%2Bin%2Fan%3Daddress%260123456789abcdef";
    for key in [KEY, escaped] {
        let reply = nobody.post(&at(key), BODY).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let mut stream = nobody
        .stream(
            &nobody
                .request(
                    "POST",
                    &path("openai", &format!("streamGenerateContent?key={KEY}&alt=sse")),
                )
                .json(BODY),
        )
        .await;
    assert_eq!(gemini::said(&gemini::events(&stream.text().await)), "Hello");
    assert_eq!(nobody.get(&format!("/v1beta/models?key={KEY}")).await.status, 200);

    let wrong = "wl_wrong_0123456789abcdef0123456789abcdef";
    let reply = nobody.post(&at(wrong), BODY).await;
    assert_eq!((reply.status, reply.at("/error/status").as_str()), (401, "UNAUTHENTICATED"));
    let both = gateway.client(wrong).post(&at(KEY), BODY).await;
    assert_eq!(both.status, 400, "{}", both.text());

    let rows = gateway.usage_of(3).await;
    assert_eq!(rows.len(), 3);
    let mut seen = gateway.stdout() + &gateway.stderr();
    assert!(seen.len() > 1_000, "the log is on: {seen}");
    seen.push_str(&rows.iter().map(Value::to_string).collect::<String>());
    for got in script.received() {
        seen.push_str(&format!("{} {:?} {}", got.path, got.headers, got.text()));
    }
    for key in [KEY, wrong, ODD, escaped] {
        assert!(!seen.contains(key), "{key} is in {seen}");
    }
}

#[tokio::test]
async fn a_key_in_the_address_of_another_interface_is_told_where_it_goes() {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&setup(&script.url()).text()).up().await;
    let nobody = gateway.client("");
    let chat = chat_body("openai", "hi", false).to_string();
    for (method, at, body) in [
        ("POST", "/v1/chat/completions", chat.as_str()),
        ("POST", "/chat/completions", &chat),
        ("POST", "/v1/models/gemini:generateContent", BODY),
        ("GET", "/v1/models", ""),
        ("GET", "/v1/responses/resp_1", ""),
        ("POST", "/v1/explain", "{}"),
    ] {
        let request = nobody.request(method, &format!("{at}?key={KEY}")).json(body);
        let reply = nobody.send(&request).await;
        assert_eq!(reply.status, 401, "{method} {at}: {}", reply.text());
        let text = reply.text();
        assert!(text.contains("/v1beta only") && text.contains("Authorization: Bearer"), "{text}");
        assert!(!text.contains(KEY), "{text}");
        // It is in nobody's way: a header is what counts.
        let client = gateway.client(KEY);
        let reply =
            client.send(&client.request(method, &format!("{at}?key=other")).json(body)).await;
        assert_ne!(reply.status, 401, "{method} {at}: {}", reply.text());
    }
}

#[tokio::test]
async fn an_error_before_the_answer_is_googles_whatever_form_was_asked_for() {
    let down = |got: &Received| match got.path.starts_with("/v1beta/") {
        true => Answer::json(500, gemini::error(500, "INTERNAL", "broken")),
        false => Answer::json(500, openai::error("server_error", "broken")),
    };
    let (_script, gateway) = with(down).await;
    let client = gateway.client(KEY);
    for alias in ["gemini", "openai", "nothing"] {
        let (status, reason) =
            if alias == "nothing" { (404, "model_not_found") } else { (502, "upstream_error") };
        for verb in ["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"] {
            let reply = client.post(&path(alias, verb), BODY).await;
            assert_eq!(reply.status, status, "{alias} {verb}: {}", reply.text());
            assert_eq!(reply.header("content-type"), Some("application/json"));
            assert_eq!(reply.at("/error/code"), status.to_string());
            assert_eq!(reply.at("/error/details/0/reason"), reason);
        }
    }
}

#[tokio::test]
async fn an_error_in_the_middle_leaves_a_list_that_can_be_read() {
    let half = |got: &Received| match got.path.starts_with("/v1beta/") {
        true => Answer::stream([gemini::text("Hel")]).cut(),
        false => Answer::stream([openai::role(), openai::text("Hel")]).cut(),
    };
    let (_script, gateway) = with(half).await;
    let client = gateway.client(KEY);
    for alias in ["gemini", "openai"] {
        let (items, list) = list(&client, alias).await;
        assert_eq!((list.status, list.ending()), (200, Ending::Clean), "{alias}");
        let (last, before) = items.split_last().expect("items");
        assert_eq!(gemini::said(before), "Hel", "{alias}");
        assert_eq!(last["error"]["details"][0]["reason"], "upstream_error", "{alias}: {last}");

        let mut events = stream(&client, alias, "streamGenerateContent?alt=sse").await;
        let said = gemini::events(&events.text().await);
        assert_eq!(said.last().expect("events")["error"]["code"], 502, "{alias}");
    }
    for row in gateway.usage_of(4).await {
        assert_eq!((&row["stream_end"], &row["status"]), (&json!("eof"), &json!(200)), "{row}");
    }
}

#[tokio::test]
async fn an_error_after_a_heartbeat_leaves_a_list_that_can_be_read() {
    let script =
        Script::start(|_| Answer::json(500, gemini::error(500, "INTERNAL", "no")).late(500)).await;
    let start = Start::new(BINARY).setup(&setup(&script.url()).text());
    let gateway = start.flag("--heartbeat-ms", "100").up().await;
    let client = gateway.client(KEY);
    for alias in ["gemini", "openai"] {
        let mut list = stream(&client, alias, "streamGenerateContent").await;
        let text = list.text().await;
        assert!(text.starts_with("\n\n\n\n"), "{text}");
        let items: Vec<Value> = serde_json::from_str(&text).expect("a list");
        assert_eq!((list.status, items.len()), (200, 1));
        assert_eq!(items[0]["error"]["code"], 502);
    }
}

#[tokio::test]
async fn the_models_are_listed_as_geminis_clients_read_them() {
    let (_script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    let listed = client.get("/v1beta/models").await.json();
    let names: Vec<&str> = listed["models"]
        .as_array()
        .expect("models")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .filter(|name| !name.starts_with("models/sandbox/"))
        .collect();
    assert_eq!(names, ["models/gemini", "models/openai", "models/team/fast"]);
    let one = client.get("/v1beta/models/team%2Ffast").await;
    assert_eq!((one.status, one.at("/name").as_str()), (200, "models/team/fast"));
    let methods = one.json()["supportedGenerationMethods"].clone();
    assert_eq!(methods, json!(["generateContent", "streamGenerateContent", "countTokens"]));
    let none = client.get("/v1beta/models/nothing").await;
    assert_eq!((none.status, none.at("/error/status").as_str()), (404, "NOT_FOUND"));
    // The same paths under /v1 are OpenAI's.
    assert_eq!(client.get("/v1/models/gemini").await.at("/object"), "model");
}
