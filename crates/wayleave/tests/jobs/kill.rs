//! `kill -9` at every step of a job: nothing is made twice, nothing is paid twice, nothing is lost.

use std::net::TcpListener;

use serde_json::json;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::{Answer, Client, Gate, Gateway, Start, eventually};

use super::BINARY;
use super::vendor::{ASKED, COST, FILM, Vendor, made, paid, setup, until};

/// Sends a request for a video, and does not wait for the answer.
async fn asked(client: &Client) -> wayleave_testkit::Connection {
    let mut connection = client.connect().await;
    connection.send(&client.request("POST", "/v1/videos").json(ASKED).bytes()).await;
    connection
}

/// The only job there is, once it is there.
async fn only(client: &Client) -> serde_json::Value {
    eventually(10, "a job", || async {
        let list = client.get("/v1/videos").await.json();
        list["data"].get(0).cloned()
    })
    .await
}

/// The film comes, and there is one settlement, also after another restart.
async fn delivered_and_paid_once(gateway: &mut Gateway, id: &str) {
    let client = gateway.client(KEY);
    until(&client, id, "completed").await;
    let content = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((content.status, content.body.as_slice()), (200, FILM));
    for _ in 0..2 {
        let rows = eventually(20, "the settlement", || async {
            Some(gateway.usage().await).filter(|rows| !paid(rows).is_empty())
        })
        .await;
        let paid = paid(&rows);
        assert_eq!(paid.len(), 1, "{rows:?}");
        assert_eq!(paid[0]["cost_nanos"].as_u64(), Some(COST));
        // More than one look of the poller.
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        gateway.kill9().await;
        gateway.start_again().await;
    }
}

#[tokio::test]
async fn before_the_call_it_is_orphaned_and_never_sent() {
    // It takes connections and never says a word of TLS: the call is still to be made.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", silent.local_addr().expect("an address"));
    let mut gateway = Start::new(BINARY).setup(&setup(&url).text()).up().await;
    let client = gateway.client(KEY);
    let _waiting = asked(&client).await;
    assert_eq!(only(&client).await["status"], "queued");
    gateway.kill9().await;
    gateway.start_again().await;
    let job = only(&gateway.client(KEY)).await;
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("orphaned")));
    let rows = gateway.usage_of(1).await;
    assert!(paid(&rows).is_empty(), "{rows:?}");
}

#[tokio::test]
async fn after_the_call_and_before_the_id_is_stored_it_is_orphaned_and_never_sent_again() {
    let vendor = Vendor::start().await;
    vendor.plans(|plan| plan.create = Some(Answer::never()));
    let mut gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let _waiting = asked(&gateway.client(KEY)).await;
    vendor.script.request(0).await;
    gateway.kill9().await;
    vendor.completes();
    gateway.start_again().await;
    let client = gateway.client(KEY);
    let job = only(&client).await;
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("orphaned")));
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(vendor.heard(), ["POST /v1/videos"]);
    let id = job["id"].as_str().expect("an id");
    let content = client.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((content.status, content.at("/error/code").as_str()), (400, "video_failed"));
}

#[tokio::test]
async fn while_it_is_asked_for_it_goes_on() {
    let vendor = Vendor::start().await;
    let gate = Gate::closed();
    vendor.plans(|plan| plan.poll = Some(Answer::json(200, "{}").held(&gate)));
    let mut gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let id = made(&gateway.client(KEY)).await;
    vendor.script.request(1).await;
    gateway.kill9().await;
    vendor.completes();
    gateway.start_again().await;
    delivered_and_paid_once(&mut gateway, &id).await;
    assert_eq!(vendor.created(), 1);
}

#[tokio::test]
async fn after_it_is_completed_and_before_it_is_settled_it_is_settled_once() {
    let vendor = Vendor::start().await;
    let mut gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    vendor.completes();
    let client = gateway.client(KEY);
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    // The settlement is written with the next look, a second later.
    gateway.kill9().await;
    gateway.start_again().await;
    delivered_and_paid_once(&mut gateway, &id).await;
}
