//! Veo and Runway behind OpenAI's form: asked in their own grammars, their films fetched from where
//! they say, with our credential only where that is theirs.

use std::sync::{Arc, OnceLock};

use serde_json::json;
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::{Answer, Script, Setup, Start};

use super::BINARY;
use super::vendor::{FILM, made, price, until};

fn setup(kind: &str, url: &str, model: &str) -> Setup {
    let it = json!({"provider": "p", "name": model, "type": "video", "price": price()});
    Setup::workspace("main")
        .provider("p", kind, url, CREDENTIAL)
        .with("models", it)
        .alias("film", &[("p", model)])
        .key("test", KEY)
}

#[tokio::test]
async fn veo_is_asked_for_an_operation_and_its_film_is_fetched_with_the_key() {
    let home = Arc::new(OnceLock::<String>::new());
    let own = Arc::clone(&home);
    let script = Script::start(move |it| match (it.method.as_str(), it.path.as_str()) {
        ("POST", "/v1beta/models/veo-3.1:predictLongRunning") => {
            Answer::json(200, r#"{"name":"models/veo-3.1/operations/op1"}"#)
        }
        ("GET", "/v1beta/models/veo-3.1/operations/op1") => {
            let uri = format!("{}/v1beta/files/f1:download?alt=media", own.get().expect("set"));
            let response = json!({"generateVideoResponse": {"generatedSamples": [{"video": {"uri": uri}}]}});
            let body = json!({"name": "models/veo-3.1/operations/op1", "done": true, "response": response});
            Answer::json(200, body.to_string())
        }
        ("GET", "/v1beta/files/f1:download?alt=media") => {
            Answer::json(302, "").header("location", "/download/f1")
        }
        ("GET", "/download/f1") => Answer::whole(200, "video/mp4", FILM),
        _ => Answer::json(404, "{}"),
    })
    .await;
    home.set(script.url()).expect("set once");
    let gateway =
        Start::new(BINARY).setup(&setup("gemini", &script.url(), "veo-3.1").text()).up().await;
    let client = gateway.client(KEY);
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    let content = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((content.status, content.body.as_slice()), (200, FILM), "{}", content.text());
    let received = script.received();
    let expected = json!({
        "instances": [{"prompt": "a cat"}],
        "parameters": {"aspectRatio": "16:9", "durationSeconds": 8, "resolution": "720p"},
    });
    assert_eq!(received[0].json(), expected);
    for it in &received {
        assert_eq!(it.header("x-goog-api-key"), Some(CREDENTIAL), "{}", it.path);
    }
    let stop = client.ask("DELETE", &format!("/v1/videos/{id}")).await;
    assert_eq!(stop.status, 200, "{}", stop.text());
}

#[tokio::test]
async fn runways_film_is_fetched_from_elsewhere_without_the_key() {
    let store = Script::start(|_| Answer::whole(200, "binary/octet-stream", FILM)).await;
    let output = format!("{}/film.mp4?signature=1", store.url());
    let script = Script::start(move |it| match (it.method.as_str(), it.path.as_str()) {
        ("POST", "/v1/text_to_video") => {
            Answer::json(200, r#"{"id":"t-1","estimatedCost":{"credits":5}}"#)
        }
        ("GET", "/v1/tasks/t-1") => Answer::json(
            200,
            json!({"id": "t-1", "status": "SUCCEEDED", "output": [output]}).to_string(),
        ),
        _ => Answer::json(404, r#"{"error":"no such thing"}"#),
    })
    .await;
    let gateway = Start::new(BINARY)
        .flag("--media-allow", "127.0.0.0/8")
        .setup(&setup("runway", &script.url(), "gen4.5").text())
        .up()
        .await;
    let client = gateway.client(KEY);
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    let content = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((content.status, content.body.as_slice()), (200, FILM), "{}", content.text());
    assert_eq!(content.header("content-type"), Some("video/mp4"));
    let sent = &script.received()[0];
    assert_eq!(sent.header("x-runway-version"), Some("2024-11-06"));
    assert_eq!(sent.json()["ratio"], "1280:720");
    let fetched = &store.received()[0];
    assert_eq!(
        (fetched.path.as_str(), fetched.header("authorization")),
        ("/film.mp4?signature=1", None)
    );
}
