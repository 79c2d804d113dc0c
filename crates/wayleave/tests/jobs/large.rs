//! Films of two hundred megabytes: nothing of them is held, whether they come as bytes or in JSON.

use serde_json::json;
use wayleave_testkit::client::Ending;
use wayleave_testkit::memory::peak_kib;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::{Answer, Gateway, Script, Setup, Start, within};

use super::BINARY;
use super::vendor::{Vendor, made, price, setup, until};

const MIB: usize = 1 << 20;
const LARGE: usize = 200 * MIB;
/// What may be held beside what was held before, KiB.
const MORE: u64 = 32 << 10;

/// Downloads the film of `id`, slowly at first.
async fn downloaded(gateway: &Gateway, id: &str) -> Vec<u8> {
    let client = gateway.client(KEY);
    let held = peak_kib(gateway.pid());
    let mut slow = client.stream(&client.request("GET", &format!("/v1/videos/{id}/content"))).await;
    assert_eq!((slow.status, slow.header("content-type")), (200, Some("video/mp4")));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let film = within(180, "all of the film", slow.rest()).await;
    assert_eq!(slow.ending(), Ending::Clean);
    let more = peak_kib(gateway.pid()) - held;
    assert!(more < MORE, "{more} KiB more were held");
    film
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_film_is_not_held() {
    let vendor = Vendor::start().await;
    let film = vec![7_u8; LARGE];
    vendor.completes();
    vendor.plans(|plan| plan.content = Answer::chunks("video/mp4").pieces_of(MIB, &film));
    let gateway = Start::new(BINARY).setup(&setup(&vendor.script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    assert!(downloaded(&gateway, &id).await == film, "the film came otherwise");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_film_in_json_is_not_held_nor_when_the_state_is_asked_for() {
    const NAME: &str = "projects/p/locations/global/publishers/google/models/veo-3.1/operations/1";
    // `QUJD` is `ABC` in base64.
    let (film, text) = (b"ABC".repeat(LARGE / 4), "QUJD".repeat(LARGE / 4));
    let head = format!(
        r#"{{"name":"{NAME}","done":true,"response":{{"videos":[{{"mimeType":"video/mp4","bytesBase64Encoded":""#
    );
    let body = [head.as_bytes(), text.as_bytes(), b"\"}]}}"].concat();
    let script = Script::start(move |it| {
        if it.path.ends_with(":predictLongRunning") {
            return Answer::json(200, json!({ "name": NAME }).to_string());
        }
        assert_eq!(it.json(), json!({ "operationName": NAME }));
        Answer::chunks("application/json").pieces_of(MIB, &body)
    })
    .await;
    let credential = json!({
        "name": "main", "settings": {"auth": "access_token"},
        "fields": {"access_token": "ya29.0123456789abcdef"},
    });
    let provider = json!({
        "name": "p", "kind": "vertex", "base_url": script.url(),
        "settings": {"project": "p", "location": "global"}, "credentials": [credential],
    });
    let model = json!({"provider": "p", "name": "veo-3.1", "type": "video", "price": price()});
    let setup = Setup::workspace("main")
        .with("providers", provider)
        .with("models", model)
        .alias("film", &[("p", "veo-3.1")])
        .key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    let held = peak_kib(gateway.pid());
    let id = made(&client).await;
    until(&client, &id, "completed").await;
    let more = peak_kib(gateway.pid()) - held;
    assert!(more < MORE, "{more} KiB more were held to learn that it is there");
    assert!(downloaded(&gateway, &id).await == film, "the film came otherwise");
}
