//! The usual life of a video, in both forms.

use serde_json::{Value, json};
use wayleave_testkit::script::Ended;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::{Answer, Start, eventually, on_each_engine, within};

use super::BINARY;
use super::vendor::{ASKED, COST, FILM, Vendor, made, paid, setup, until};

#[tokio::test]
async fn a_video_is_made_downloaded_deleted_and_paid_once() {
    let vendor = Vendor::start().await;
    on_each_engine(BINARY, &setup(&vendor.script.url()), async |gateway| {
        vendor.plans(|plan| *plan = super::vendor::Plan::default());
        let client = gateway.client(KEY);
        let reply = client.post("/v1/videos", ASKED).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("x-upstream-request-id"), Some("up-1"));
        let video = reply.json();
        let id = video["id"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("video_") && id.len() <= 40, "{id}");
        assert_eq!((&video["object"], &video["status"]), (&json!("video"), &json!("queued")));
        assert_eq!((&video["model"], &video["seconds"]), (&json!("film"), &json!("8")));
        let running = until(&client, &id, "in_progress").await;
        assert_eq!(running["progress"], 40);
        let early = client.get(&format!("/v1/videos/{id}/content")).await;
        assert_eq!((early.status, early.at("/error/code").as_str()), (400, "video_not_ready"));
        vendor.completes();
        let done = until(&client, &id, "completed").await;
        assert_eq!((&done["progress"], &done["error"]), (&json!(100), &Value::Null));
        assert_eq!(done["expires_at"], Value::Null);
        let content = client.get(&format!("/v1/videos/{id}/content")).await;
        assert_eq!((content.status, content.header("content-type")), (200, Some("video/mp4")));
        assert_eq!(content.header("content-length"), Some(FILM.len().to_string().as_str()));
        assert_eq!(content.body, FILM);
        let list = client.get("/v1/videos?limit=1&order=desc").await.json();
        assert_eq!((&list["data"][0]["id"], &list["has_more"]), (&json!(id), &json!(false)));
        // The settlement is one row more than what was asked for.
        let rows = eventually(20, "the settlement", || async {
            Some(gateway.usage().await).filter(|rows| !paid(rows).is_empty())
        })
        .await;
        let paid = paid(&rows);
        assert_eq!(paid.len(), 1, "{rows:?}");
        let row = paid[0];
        assert_eq!(row["cost_nanos"].as_u64(), Some(COST));
        assert_eq!(
            (&row["surface"], &row["alias"]),
            (&json!("/v1/videos#settlement"), &json!("film"))
        );
        let detail = gateway.detail(row["request_id"].as_str().expect("an id")).await;
        assert_eq!(detail["attempts"][0]["usage"]["video_seconds"], 8, "{detail}");
        assert_eq!(detail["attempts"][0]["usage"]["variant"], "1280x720");
        let asked = rows.iter().find(|row| row["surface"] == "/v1/videos").expect("the request");
        assert_eq!((&asked["cost_nanos"], &asked["usage_source"]), (&json!(0), &json!("none")));
        let path = format!("/workspaces/main/jobs/{id}");
        let shown = gateway.api("GET", &path, None).await.json();
        assert_eq!((&shown["state"], &shown["settled"]), (&json!("completed"), &json!(true)));
        assert_eq!(
            (&shown["settlement_id"], &shown["cost_nanos"]),
            (&row["request_id"], &json!(COST))
        );
        let listed = gateway.run(&["job", "list", "--state", "completed", "--json"]).await;
        assert!(listed.contains(&id) && listed.lines().count() == 1, "{listed}");
        let told = gateway.run(&["job", "show", &id]).await;
        assert!(told.contains("openai/sora-2") && told.contains("0.81"), "{told}");
        let gone = client.ask("DELETE", &format!("/v1/videos/{id}")).await;
        assert_eq!(gone.json(), json!({"id": id, "object": "video.deleted", "deleted": true}));
        assert_eq!(client.get(&format!("/v1/videos/{id}")).await.status, 404);
        assert_eq!(vendor.heard().last().map(String::as_str), Some("DELETE /v1/videos/vendor_1"));
    })
    .await;
    assert_eq!(vendor.created(), 2);
}

#[tokio::test]
async fn the_sandbox_has_a_film_two_seconds_later() {
    let gateway = Start::new(BINARY)
        .setup(&wayleave_testkit::Setup::workspace("main").key("test", KEY).text());
    let gateway = gateway.up().await;
    let client = gateway.client(KEY);
    let body = r#"{"model":"sandbox/video","prompt":"a cat","seconds":"8"}"#;
    let reply = client.post("/v1/videos", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.at("/id");
    let done = until(&client, &id, "completed").await;
    assert_eq!(done["seconds"], "8");
    let film = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((film.status, &film.body[4..8]), (200, &b"ftyp"[..]));
    assert_eq!(client.ask("DELETE", &format!("/v1/videos/{id}")).await.status, 200);
}

#[tokio::test]
async fn the_familys_form_is_served_and_names_the_films_address() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let body =
        r#"{"model":"film","prompt":"a cat","duration":8,"width":1280,"height":720,"fps":24}"#;
    let reply = client.post("/v1/video/generations", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-wayleave-lossy"), Some("fps"));
    assert_eq!(reply.at("/status"), "queued");
    let id = reply.at("/task_id");
    let sent = vendor.script.received()[0].json();
    let expected =
        json!({"model": "sora-2", "prompt": "a cat", "seconds": "8", "size": "1280x720"});
    assert_eq!(sent, expected);
    vendor.completes();
    until(&client, &id, "completed").await;
    let task = client.get(&format!("/v1/video/generations/{id}")).await.json();
    let url = task["url"].as_str().expect("an address");
    assert_eq!(url, format!("{}/v1/videos/{id}/content", gateway.url()));
    assert_eq!((&task["status"], &task["format"]), (&json!("completed"), &json!("mp4")));
    assert_eq!(task["metadata"]["width"], 1280);
}

#[tokio::test]
async fn a_form_with_a_picture_goes_up_with_the_files_true_type() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nfilm\r\n--b\r\n\
        Content-Disposition: form-data; name=\"prompt\"\r\n\r\na cat\r\n--b\r\n\
        Content-Disposition: form-data; name=\"input_reference\"; filename=\"a.jpg\"\r\n\
        Content-Type: image/jpeg\r\n\r\n\u{89}PNG-no\r\n--b--\r\n";
    let mut bytes = form.replace('\u{89}', "@").into_bytes();
    let at = bytes.iter().position(|it| *it == b'@').expect("the mark");
    bytes[at] = 0x89;
    let request = client.request("POST", "/v1/videos").json(&bytes).without("content-type");
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    let reply = client.send(&request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sent = vendor.script.received()[0].clone();
    assert!(sent.header("content-type").is_some_and(|it| it.starts_with("multipart/form-data")));
    let text = sent.text();
    assert!(text.contains("name=\"model\"\r\n\r\nsora-2\r\n"), "{text}");
    assert!(text.contains("Content-Type: image/png\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn a_range_passes_and_a_client_that_leaves_cancels_the_download() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    vendor.completes();
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    vendor.plans(|plan| {
        plan.content = Answer::whole(206, "video/mp4", &FILM[4..8])
            .header("content-range", "bytes 4-7/26")
            .header("etag", "\"e\"");
    });
    let path = format!("/v1/videos/{id}/content");
    let part = client.send(&client.request("GET", &path).header("range", "bytes=4-7")).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &FILM[4..8]));
    assert_eq!(part.header("content-range"), Some("bytes 4-7/26"));
    let asked = vendor.script.received();
    let asked = asked.last().expect("a download");
    assert_eq!(asked.header("range"), Some("bytes=4-7"));
    vendor.plans(|plan| plan.content = Answer::chunks("video/mp4").piece("film\n\n").silence());
    let nth = vendor.script.count();
    let mut stream = client.stream(&client.request("GET", &path)).await;
    assert_eq!(stream.frame().await.as_deref(), Some("film\n\n"));
    drop(stream);
    let ended = within(5, "the download is cancelled", vendor.script.ended(nth)).await;
    assert_eq!(ended, Ended::PeerLeft);
}

#[tokio::test]
async fn another_is_made_from_a_finished_one() {
    let vendor = Vendor::start().await;
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let id = made(&client).await;
    let path = format!("/v1/videos/{id}/remix");
    let early = client.post(&path, r#"{"prompt":"at night"}"#).await;
    assert_eq!((early.status, early.at("/error/code").as_str()), (400, "video_not_ready"));
    vendor.completes();
    until(&client, &id, "completed").await;
    let remix = client.post(&path, r#"{"prompt":"at night"}"#).await;
    assert_eq!(remix.status, 200, "{}", remix.text());
    assert_eq!((remix.at("/remixed_from_video_id"), remix.at("/seconds")), (id, "8".to_owned()));
}
