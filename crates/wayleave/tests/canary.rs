//! A secret that goes in is found nowhere: not on disk, not in logs, not in errors, not in exports.

use wayleave_testkit::canary::{Canary, files};
use wayleave_testkit::client::{CHAT, MESSAGES, chat_body, messages_body};
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

const KEY: &str = "wl-canary/Key+\"0123456789abcdef";
const CREDENTIAL: &str = "sk-canary/Credential+0123456789";
const PROMPT: &str = "the \"prompt\" of a canary / with ünïcode + 100%";
const HEADER: &str = "header-canary/with+0123456789=abc";

fn canaries() -> [Canary; 4] {
    [
        Canary::new("client's key", KEY),
        Canary::new("provider's credential", CREDENTIAL),
        Canary::new("prompt", PROMPT),
        Canary::new("client's header", HEADER),
    ]
}

/// Answers by what the prompt asks for; whatever goes wrong, it repeats the credential it was sent.
fn answer(got: &Received) -> Answer {
    let body = got.text();
    let messages = got.path.ends_with("/messages");
    let told = format!("Incorrect API key provided: {CREDENTIAL}.");
    let error = |kind: &str| {
        if messages { anthropic::error(kind, &told) } else { openai::error(kind, &told) }
    };
    let asked = |what: &str| body.contains(what);
    let stream = if messages {
        anthropic::stream(&["fi", "ne"], 7, 3)
    } else {
        openai::stream(&["fi", "ne"], 7, 3)
    };
    match () {
        () if asked("do-401") => Answer::json(401, error("authentication_error")),
        () if asked("do-400") => Answer::json(400, error("invalid_request_error")),
        () if asked("do-escaped") => {
            Answer::json(400, error("invalid_request_error").replace('/', "\\/"))
        }
        () if asked("do-500") => Answer::whole(500, "text/html", format!("<h1>{told}</h1>{body}")),
        () if asked("do-429") => {
            Answer::json(429, error("rate_limit_error")).header("retry-after", "1")
        }
        () if asked("do-200-error") => Answer::json(200, error("server_error")),
        () if asked("do-garbage") => {
            Answer::whole(200, "application/json", format!("{{\"{told}\": {body}"))
        }
        () if asked("do-half") => {
            Answer::stream(&stream[..3]).piece(format!("data: {}\n\n", error("server_error")))
        }
        () if asked("do-echo-head") => {
            Answer::json(200, openai::whole("fine", 7, 3)).header("x-request-id", CREDENTIAL)
        }
        () if asked("\"stream\":true") => Answer::stream(stream),
        () if messages => Answer::json(200, anthropic::whole("fine", 7, 3)),
        () => Answer::json(200, openai::whole("fine", 7, 3)),
    }
}

async fn every_call(gateway: &Gateway) -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    let client = gateway.client(KEY);
    for what in [
        "ok",
        "do-401",
        "do-400",
        "do-500",
        "do-429",
        "do-200-error",
        "do-garbage",
        "do-half",
        "do-echo-head",
        "do-escaped",
    ] {
        for alias in ["openai", "anthropic"] {
            for stream in [false, true] {
                let prompt = format!("{what} {PROMPT}");
                for (path, body) in [
                    (CHAT, chat_body(&format!("{alias}-{what}"), &prompt, stream)),
                    (MESSAGES, messages_body(&format!("{alias}-{what}"), &prompt, stream)),
                ] {
                    let request = client
                        .request("POST", path)
                        .header("x-secret", HEADER)
                        .header("cookie", HEADER);
                    let reply = client.send(&request.json(body.to_string())).await;
                    replies.push((
                        format!("the reply to {what} of {alias} at {path}, stream {stream}"),
                        reply,
                    ));
                }
            }
        }
    }
    let wrong = client.with_key(&KEY.replace("wl-", "wx-"));
    let mut also = |what: &str, reply: Reply| replies.push((what.to_owned(), reply));
    also("the reply to a wrong key", wrong.chat("openai-ok", PROMPT).await);
    also(
        "the reply to an unknown path",
        client.send(&client.request("POST", "/v1/nothing").header("x-secret", HEADER)).await,
    );
    also("the reply to broken JSON", client.post(CHAT, format!("{{\"model\": {PROMPT}")).await);
    also("the reply to an unknown model", client.chat("nothing", PROMPT).await);
    also("the models", client.get("/v1/models").await);
    also("the management of keys", gateway.api("GET", "/workspaces/main/keys", None).await);
    also(
        "the management of providers",
        gateway.api("GET", "/workspaces/main/providers", None).await,
    );
    also("the record of changes", gateway.api("GET", "/workspaces/main/audit", None).await);
    replies
}

/// Each situation has a provider of its own: a credential that was refused rests.
fn setup(upstream: &str) -> String {
    let mut setup = Setup::workspace("main");
    for what in [
        "ok",
        "do-401",
        "do-400",
        "do-500",
        "do-429",
        "do-200-error",
        "do-garbage",
        "do-half",
        "do-echo-head",
        "do-escaped",
    ] {
        let (openai, anthropic) = (format!("openai-{what}"), format!("anthropic-{what}"));
        setup = setup
            .provider(&openai, "openai-compatible", &format!("{upstream}/v1"), CREDENTIAL)
            .provider(&anthropic, "anthropic", upstream, CREDENTIAL)
            .model(&openai, "m")
            .model(&anthropic, "m")
            .alias(&openai, &[(openai.as_str(), "m")])
            .alias(&anthropic, &[(anthropic.as_str(), "m")]);
    }
    setup.key("canary", KEY).text()
}

#[tokio::test]
async fn no_secret_is_found_anywhere() {
    let script = Script::start(answer).await;
    let start = Start::new(BINARY).setup(&setup(&script.url())).env("WAYLEAVE_LOG", "debug");
    let mut gateway = start.flag("--log-format", "json").up().await;
    let banner = gateway.stderr();
    let replies = every_call(&gateway).await;
    // The canaries do arrive: otherwise nothing below means anything.
    let sent = script.received();
    assert!(sent.iter().any(|it| it.text().contains("canary")
        && it.headers.iter().any(|(_, value)| value.contains(CREDENTIAL))));
    assert!(sent.iter().all(|it| {
        it.headers.iter().all(|(_, value)| !value.contains(HEADER) && !value.contains(KEY))
    }));
    for (what, reply) in &replies {
        let head = format!("{:?}", reply.headers);
        for canary in canaries().iter().filter(|it| it.name != "prompt") {
            canary.assert_absent(what, &reply.body);
            canary.assert_absent(what, head.as_bytes());
        }
    }
    let calls = replies.iter().filter(|(what, _)| what.contains("stream")).count();
    let rows = gateway.usage_of(calls).await;
    let backup = gateway.folder().join("backup");
    let mut exports = serde_json::to_string(&rows).expect("JSON");
    for command in [
        vec!["usage"],
        vec!["key", "list", "--json"],
        vec!["provider", "list", "--json"],
        vec!["alias", "list", "--json"],
        vec!["backup", "--to", backup.to_str().expect("a path")],
    ] {
        exports.push_str(&gateway.run(&command).await);
    }
    let id = rows[0]["request_id"].as_str().expect("an id");
    exports.push_str(&gateway.detail(id).await.to_string());
    assert!(!files(&backup).is_empty());

    let search = |when: &str, gateway: &Gateway| {
        for canary in canaries() {
            canary.assert_absent("the exports", exports.as_bytes());
            canary.assert_absent("standard output", gateway.stdout().as_bytes());
            canary.assert_absent("the log", gateway.stderr().replace(&banner, "").as_bytes());
            for (path, bytes) in files(&gateway.data()).into_iter().chain(files(&backup)) {
                canary.assert_absent(&format!("{} {when}", path.display()), &bytes);
            }
        }
    };
    search("while it runs", &gateway);
    assert_eq!(gateway.sigterm().await, 0);
    search("after its end", &gateway);
}

#[tokio::test]
async fn no_secret_is_left_by_a_server_that_was_killed() {
    let script =
        Script::start(|_| Answer::stream([openai::role(), openai::text("x")]).silence()).await;
    let mut gateway = Start::new(BINARY).setup(&setup(&script.url())).up().await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = gateway.client(KEY).chat_stream("openai-ok", PROMPT).await;
        stream.event().await;
        streams.push(stream);
    }
    gateway.kill9().await;
    for canary in canaries() {
        for (path, bytes) in files(&gateway.data()) {
            canary.assert_absent(&path.display().to_string(), &bytes);
        }
    }
}

#[tokio::test]
async fn a_setup_file_that_is_refused_is_not_repeated() {
    let text = setup("http://127.0.0.1:9").replacen("\"api_key\"", "\"api_kex\"", 1);
    let (code, said) = Start::new(BINARY).setup(&text).refused().await;
    assert_ne!(code, 0);
    for canary in canaries() {
        canary.assert_absent("the error", said.as_bytes());
    }
    let start =
        Start::new(BINARY).flag("--metrics-listen", "nonsense").env("WAYLEAVE_KEK", CREDENTIAL);
    let (code, said) = start.refused().await;
    assert_ne!(code, 0);
    for canary in canaries() {
        canary.assert_absent("the error", said.as_bytes());
    }
}
