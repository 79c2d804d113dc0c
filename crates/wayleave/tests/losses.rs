//! An alias or a key that refuses losses: what would be lost is named, or another target takes it whole.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, MESSAGES, messages_body};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Received, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

fn answer(got: &Received) -> Answer {
    match got.path.as_str() {
        "/v1/messages" => Answer::json(200, anthropic::whole("from Claude", 7, 3)),
        _ => Answer::json(200, openai::whole("from OpenAI", 7, 3)),
    }
}

fn asked(alias: &str, more: &Value) -> String {
    let mut body = json!({"model": alias, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body.to_string()
}

#[tokio::test]
async fn what_would_be_lost_is_refused_by_name_unless_another_target_carries_it() {
    let script = Script::start(answer).await;
    let refuse = json!({"losses": "refuse"});
    let both = [("anthropic", "m"), ("openai", "m")];
    let setup = Setup::simple(&script.url())
        .alias_with("strict", &[("anthropic", "m")], &refuse)
        .alias_with("either", &both, &refuse);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    let lossy = json!({"logprobs": true, "frequency_penalty": 1});

    // The alias `anthropic` says what is lost and goes on.
    let reply = client.post(CHAT, asked("anthropic", &lossy)).await;
    assert_eq!(
        (reply.status, reply.at("/choices/0/message/content").as_str()),
        (200, "from Claude")
    );
    let told = reply.header("x-wayleave-lossy").expect("named losses").to_owned();
    assert!(told.contains("logprobs") && told.contains("frequency_penalty"), "{told}");
    let sent = script.request(0).await.json();
    assert!(sent.get("logprobs").is_none() && sent.get("frequency_penalty").is_none(), "{sent}");

    let reply = client.post(CHAT, asked("strict", &lossy)).await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "unsupported_parameter"));
    let message = reply.at("/error/message");
    for name in ["anthropic", "`logprobs`", "`frequency_penalty`"] {
        assert!(message.contains(name), "{message}");
    }
    assert!(["logprobs", "frequency_penalty"].contains(&reply.at("/error/param").as_str()));
    assert_eq!(script.count(), 1);
    let row = gateway.row(reply.header("x-request-id").expect("our id")).await;
    assert_eq!(
        (&row["status"], &row["attempts"], &row["cost_nanos"]),
        (&json!(400), &json!(0), &json!(0))
    );
    assert_eq!(row["error_code"], "unsupported_parameter");

    let reply = client.post(CHAT, asked("either", &lossy)).await;
    assert_eq!(
        (reply.status, reply.at("/choices/0/message/content").as_str()),
        (200, "from OpenAI")
    );
    assert_eq!(reply.header("x-wayleave-lossy"), None);
    let sent = script.request(1).await.json();
    assert_eq!((&sent["logprobs"], &sent["frequency_penalty"]), (&json!(true), &json!(1)));

    // Nothing to lose, or nothing that the answer depends on: the first target has it.
    for more in [json!({}), json!({"seed": 7})] {
        let reply = client.post(CHAT, asked("either", &more)).await;
        assert_eq!(reply.at("/choices/0/message/content"), "from Claude", "{more}");
    }
}

#[tokio::test]
async fn what_cannot_be_left_out_is_refused_on_any_route() {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let reply = client.post(CHAT, asked("anthropic", &json!({"n": 2}))).await;
    let told = (reply.status, reply.at("/error/code"), reply.at("/error/param"));
    assert_eq!(told, (400, "unsupported_parameter".to_owned(), "n".to_owned()));
    assert_eq!(script.connections(), 0);
}

/// The key that refuses losses.
const STRICT: &str = "wl_strict_0123456789abcdef0123456789abcdef";
/// The key that warns of them.
const MILD: &str = "wl_mild_0123456789abcdef0123456789abcdef";

/// The aliases `anthropic` and `either` warn, `strict` refuses; beside [`KEY`], which says nothing,
/// a key that refuses and one that warns.
fn keys(upstream: &str) -> Setup {
    let key = |name: &str, secret: &str, losses: &str| json!({"name": name, "secret": secret, "owner": "team", "environment": "test", "losses": losses});
    Setup::simple(upstream)
        .alias_with("strict", &[("anthropic", "m")], &json!({"losses": "refuse"}))
        .alias("either", &[("anthropic", "m"), ("openai", "m")])
        .with("keys", key("strict", STRICT, "refuse"))
        .with("keys", key("mild", MILD, "warn"))
}

#[tokio::test]
async fn the_stricter_of_key_and_alias_decides_and_says_so() {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&keys(&script.url()).text()).up().await;
    let lossy = json!({"logprobs": true});
    for (key, alias, refused) in [
        (KEY, "anthropic", None),
        (MILD, "anthropic", None),
        (STRICT, "anthropic", Some("this key refuses losses, and anthropic cannot carry ")),
        (KEY, "strict", Some("the alias `strict` refuses losses, and anthropic cannot carry ")),
        (MILD, "strict", Some("the alias `strict` refuses losses, and anthropic cannot carry ")),
        (STRICT, "strict", Some("this key and the alias `strict` refuse losses, and anthropic ")),
    ] {
        let sent = script.count();
        let reply = gateway.client(key).post(CHAT, asked(alias, &lossy)).await;
        let Some(words) = refused else {
            assert_eq!((reply.status, reply.header("x-wayleave-lossy")), (200, Some("logprobs")));
            continue;
        };
        let told = (reply.status, reply.at("/error/code"), reply.at("/error/param"));
        assert_eq!(told, (400, "unsupported_parameter".to_owned(), "logprobs".to_owned()));
        let message = reply.at("/error/message");
        assert!(message.starts_with(words) && message.contains("`logprobs`"), "{message}");
        assert_eq!(script.count(), sent);
        let row = gateway.row(reply.header("x-request-id").expect("our id")).await;
        assert_eq!((&row["status"], &row["attempts"]), (&json!(400), &json!(0)));
    }
}

#[tokio::test]
async fn a_key_that_refuses_losses_takes_the_target_that_has_none() {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&keys(&script.url()).text()).up().await;
    let strict = gateway.client(STRICT);
    let reply = strict.post(CHAT, asked("either", &json!({"logprobs": true}))).await;
    assert_eq!(reply.at("/choices/0/message/content"), "from OpenAI");
    assert_eq!(reply.header("x-wayleave-lossy"), None);
    for more in [json!({}), json!({"seed": 7})] {
        let reply = strict.post(CHAT, asked("either", &more)).await;
        assert_eq!(reply.at("/choices/0/message/content"), "from Claude", "{more}");
    }

    // In the words of the client's own dialect, and told beforehand.
    let mut body = messages_body("openai", "hi", false);
    body["top_k"] = json!(5);
    let reply = strict.post(MESSAGES, body.to_string()).await;
    assert_eq!((reply.status, reply.at("/type").as_str()), (400, "error"));
    assert_eq!(reply.at("/error/type"), "invalid_request_error");
    let message = reply.at("/error/message");
    assert!(
        message.contains("this key refuses losses") && message.contains("`top_k`"),
        "{message}"
    );
    let question = json!({"path": MESSAGES, "body": body}).to_string();
    let told = strict.post("/v1/explain", question).await.json();
    assert_eq!(told["targets"][0]["refused"]["message"], message);
}

#[tokio::test]
async fn a_keys_policy_is_set_from_the_command_line_and_live_at_once() {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&keys(&script.url()).text()).up().await;
    let create = ["key", "create", "new", "--owner", "team", "--environment", "test"];
    let made = gateway.run(&[&create[..], &["--losses", "refuse", "--json"]].concat()).await;
    let made: Value = serde_json::from_str(&made).expect("a key");
    let client = gateway.client(made["secret"].as_str().expect("a secret"));
    let lossy = || asked("anthropic", &json!({"logprobs": true}));
    assert_eq!(client.post(CHAT, lossy()).await.status, 400);
    let list = gateway.run(&["key", "list"]).await;
    let line = |name: &str| list.lines().find(|it| it.starts_with(name)).expect("a key");
    assert!(list.lines().next().is_some_and(|it| it.contains("LOSSES")), "{list}");
    assert!(line("new").contains(" refuse "), "{list}");
    assert!(line("mild").contains(" warn "), "{list}");
    for (losses, status) in [("warn", 200), ("refuse", 400), ("alias", 200)] {
        gateway.run(&["key", "update", "new", "--losses", losses]).await;
        assert_eq!(client.post(CHAT, lossy()).await.status, status, "{losses}");
    }
}
