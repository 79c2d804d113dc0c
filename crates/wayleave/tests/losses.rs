//! A route that refuses losses: what would be lost is named, or another target takes it whole.

use serde_json::{Value, json};
use wayleave_testkit::client::CHAT;
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
