//! A provider of videos in OpenAI's grammar, scripted; and what tests say to the gateway.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::{Answer, Client, Received, Script, Setup, eventually};

/// A film, as far as anybody here looks.
pub(crate) const FILM: &[u8] = b"\0\0\0\x18ftypmp42-a film-";

/// What a provider says next.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How it answers who asks for a video; `None`: with one.
    pub(crate) create: Option<Answer>,
    /// The state it tells.
    pub(crate) state: Value,
    /// How it answers who asks for the state; `None`: with it.
    pub(crate) poll: Option<Answer>,
    /// How it answers who asks for the film.
    pub(crate) content: Answer,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            create: None,
            state: json!({"status": "in_progress", "progress": 40}),
            poll: None,
            content: Answer::whole(200, "video/mp4", FILM).header("accept-ranges", "bytes"),
        }
    }
}

/// A provider whose plan tests change.
pub(crate) struct Vendor {
    pub(crate) script: Script,
    plan: Arc<Mutex<Plan>>,
}

impl Vendor {
    pub(crate) async fn start() -> Vendor {
        let plan = Arc::new(Mutex::new(Plan::default()));
        let says = Arc::clone(&plan);
        let script = Script::start(move |it| answer(&says.lock().expect("a plan"), it)).await;
        Vendor { script, plan }
    }

    pub(crate) fn plans(&self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan.lock().expect("a plan"));
    }

    /// The film is made.
    pub(crate) fn completes(&self) {
        self.plans(|plan| {
            plan.state = json!({"status": "completed", "progress": 100});
            plan.poll = None;
        });
    }

    /// Methods and paths, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        let all = self.script.received();
        all.iter().map(|it| format!("{} {}", it.method, it.path)).collect()
    }

    /// How often a video was asked for.
    pub(crate) fn created(&self) -> usize {
        self.heard().iter().filter(|it| *it == "POST /v1/videos").count()
    }
}

fn answer(plan: &Plan, it: &Received) -> Answer {
    let video = |state: &Value| {
        let mut video = json!({
            "id": "vendor_1", "object": "video", "model": "sora-2", "created_at": 1, "seconds": "8",
            "size": "1280x720", "progress": 0, "status": "queued",
        });
        for (name, value) in state.as_object().expect("fields") {
            video[name] = value.clone();
        }
        Answer::json(200, video.to_string())
    };
    match (it.method.as_str(), it.path.as_str()) {
        ("POST", "/v1/videos") => {
            plan.create.clone().unwrap_or_else(|| video(&json!({})).header("x-request-id", "up-1"))
        }
        ("GET", "/v1/videos/vendor_1") => plan.poll.clone().unwrap_or_else(|| video(&plan.state)),
        ("DELETE", "/v1/videos/vendor_1") => {
            Answer::json(200, r#"{"id":"vendor_1","object":"video.deleted","deleted":true}"#)
        }
        ("POST", "/v1/videos/vendor_1/remix") => video(&json!({"id": "vendor_2"})),
        ("GET", path) if path.starts_with("/v1/videos/vendor_1/content") => plan.content.clone(),
        _ => Answer::json(404, r#"{"error":{"message":"no such thing","code":"not_found"}}"#),
    }
}

/// 10 cents a second, and a cent for each video.
pub(crate) fn price() -> Value {
    json!({"video_second": "0.1", "request": "0.01"})
}

/// What 8 seconds cost, in nano-dollars.
pub(crate) const COST: u64 = 810_000_000;

/// The alias `film` at that provider.
pub(crate) fn setup(url: &str) -> Setup {
    with_film(Setup::workspace("main"), "openai", url)
        .alias("film", &[("openai", "sora-2")])
        .key("test", KEY)
}

/// A provider of that name with a model of videos.
pub(crate) fn with_film(setup: Setup, name: &str, url: &str) -> Setup {
    let model = json!({"provider": name, "name": "sora-2", "type": "video", "price": price()});
    setup.provider(name, "openai", &format!("{url}/v1"), CREDENTIAL).with("models", model)
}

/// A request for 8 seconds.
pub(crate) const ASKED: &str =
    r#"{"model":"film","prompt":"a cat","seconds":"8","size":"1280x720"}"#;

/// Makes a video; its id.
pub(crate) async fn made(client: &Client) -> String {
    let reply = client.post("/v1/videos", ASKED).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.at("/id")
}

/// Waits until a video is in that state; the video.
pub(crate) async fn until(client: &Client, id: &str, status: &str) -> Value {
    eventually(30, &format!("{id} is {status}"), || async {
        let reply = client.get(&format!("/v1/videos/{id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Some(reply.json()).filter(|it| it["status"] == status)
    })
    .await
}

/// Rows that cost something.
pub(crate) fn paid(rows: &[Value]) -> Vec<&Value> {
    rows.iter().filter(|row| row["cost_nanos"] != 0).collect()
}
