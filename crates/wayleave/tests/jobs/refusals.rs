//! What is refused: in OpenAI's form, with the row of its own, and never by making a second video.

use serde_json::json;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::{Answer, Setup, Start};

use super::BINARY;
use super::vendor::{ASKED, Vendor, made, setup, until, with_film};

const OTHER: &str = "wl_test_other_owner_0123456789abcdef0123";
const FOREIGN: &str = "wl_test_foreign_0123456789abcdef01234567";

#[tokio::test]
async fn an_owner_sees_its_own_videos_alone() {
    let vendor = Vendor::start().await;
    let url = vendor.script.url();
    let other = json!({"name": "other", "secret": OTHER, "owner": "others", "environment": "test"});
    let mine = setup(&url).with("keys", other);
    let foreign = with_film(Setup::workspace("foreign"), "openai", &url)
        .alias("film", &[("openai", "sora-2")])
        .key("foreign", FOREIGN);
    let gateway = Start::new(BINARY).setup(&mine.and(&foreign)).up().await;
    let id = made(&gateway.client(KEY)).await;
    for key in [OTHER, FOREIGN] {
        let client = gateway.client(key);
        let list = client.get("/v1/videos").await.json();
        assert_eq!(list["data"], json!([]));
        for (method, path) in [
            ("GET", format!("/v1/videos/{id}")),
            ("DELETE", format!("/v1/videos/{id}")),
            ("GET", format!("/v1/videos/{id}/content")),
            ("GET", format!("/v1/video/generations/{id}")),
        ] {
            let reply = client.ask(method, &path).await;
            assert_eq!((reply.status, reply.at("/error/code").as_str()), (404, "video_not_found"));
        }
        let reply = client.post(&format!("/v1/videos/{id}/remix"), r#"{"prompt":"p"}"#).await;
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
    assert_eq!(gateway.client(KEY).get(&format!("/v1/videos/{id}")).await.status, 200);
    let client = gateway.client(KEY);
    assert_eq!(client.get("/v1/videos/video_nonsense").await.status, 404);
    assert_eq!(client.get("/v1/videos?limit=0").await.at("/error/param"), "limit");
}

#[tokio::test]
async fn a_model_of_another_type_is_told_where_it_is_served() {
    let vendor = Vendor::start().await;
    let text = setup(&vendor.script.url()).openai("chat", &vendor.script.url());
    let gateway = Start::new(BINARY).setup(&text.text()).up().await;
    let client = gateway.client(KEY);
    let reply = client.post("/v1/videos", r#"{"model":"chat","prompt":"p"}"#).await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "wrong_endpoint"));
    assert!(reply.at("/error/message").contains("/v1/chat/completions"), "{}", reply.text());
    let reply = client.chat("film", "hi").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "wrong_endpoint"));
    assert!(reply.at("/error/message").contains("/v1/videos"), "{}", reply.text());
    let reply = client.post("/v1/videos", r#"{"model":"film"}"#).await;
    assert_eq!((reply.status, reply.at("/error/param").as_str()), (400, "prompt"));
    assert_eq!(vendor.script.count(), 0);
}

#[tokio::test]
async fn a_providers_refusal_is_told_and_leaves_no_job() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let said = r#"{"error":{"message":"no cats","type":"invalid_request_error","code":"moderation_blocked"}}"#;
    for (status, told, code) in [
        (400, 400, "moderation_blocked"),
        (401, 502, "upstream_auth_failed"),
        (429, 429, "upstream_rate_limited"),
    ] {
        vendor.plans(|plan| plan.create = Some(Answer::json(status, said)));
        let reply = client.post("/v1/videos", ASKED).await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (told, code), "{status}");
        assert_eq!(client.get("/v1/videos").await.json()["data"], json!([]), "{status}");
        let row = gateway.row(reply.header("x-request-id").expect("an id")).await;
        assert_eq!((row["status"].as_u64(), &row["cost_nanos"]), (Some(told.into()), &json!(0)));
    }
}

#[tokio::test]
async fn another_target_is_asked_only_when_the_first_certainly_has_nothing() {
    let (first, second) = (Vendor::start().await, Vendor::start().await);
    let text = with_film(Setup::workspace("main"), "one", &first.script.url());
    let text = with_film(text, "two", &second.script.url())
        .alias("film", &[("one", "sora-2"), ("two", "sora-2")])
        .key("test", KEY);
    let gateway = Start::new(BINARY).setup(&text.text()).up().await;
    let client = gateway.client(KEY);
    first.plans(|plan| plan.create = Some(Answer::json(500, r#"{"error":{"message":"broken"}}"#)));
    let reply = client.post("/v1/videos", ASKED).await;
    assert_eq!((reply.status, first.created(), second.created()), (200, 1, 1), "{}", reply.text());
    // It said yes, and nobody can read to what: it may be making one.
    for (asked, answer) in
        [Answer::json(200, "<html>"), Answer::wire("HTTP/1.1 200 OK\r\n")].into_iter().enumerate()
    {
        let text = setup(&first.script.url());
        let text = with_film(text, "two", &second.script.url());
        let text = text.alias("both", &[("openai", "sora-2"), ("two", "sora-2")]);
        let gateway = Start::new(BINARY).setup(&text.text()).up().await;
        first.plans(|plan| plan.create = Some(answer.clone()));
        let body = ASKED.replace("film", "both");
        let reply = gateway.client(KEY).post("/v1/videos", body).await;
        assert_eq!(reply.status, 502, "{}", reply.text());
        assert!(reply.at("/error/message").contains("orphaned"), "{}", reply.text());
        assert_eq!((first.created(), second.created()), (2 + asked, 1));
        let list = gateway.client(KEY).get("/v1/videos").await.json();
        assert_eq!(list["data"][0]["error"]["code"], "orphaned", "{list}");
    }
}

#[tokio::test]
async fn a_video_that_failed_or_whose_time_is_over_has_no_content() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    vendor.plans(|plan| {
        plan.state = json!({
            "status": "failed", "error": {"code": "moderation_blocked", "message": "no cats"},
        });
    });
    let id = made(&client).await;
    let failed = until(&client, &id, "failed").await;
    assert_eq!(failed["error"]["code"], "moderation_blocked");
    let reply = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "video_failed"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    vendor.plans(|plan| plan.state = json!({"status": "completed", "expires_at": 9}));
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    let reply = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (410, "video_expired"));
    vendor.completes();
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    for (answer, status) in [
        (Answer::json(404, "{}"), 410),
        (Answer::json(200, r#"{"error":{"message":"no"}}"#), 502),
        (Answer::whole(200, "video/mp4", ""), 502),
        (Answer::json(500, "{}"), 502),
    ] {
        vendor.plans(|plan| plan.content = answer);
        let reply = client.get(&format!("/v1/videos/{id}/content")).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
}
