//! `kill -9` in the middle of changes to the configuration: whatever was answered is there, nothing
//! else is half there, and `wayleave doctor` finds no fault.

mod acts;
mod found;
mod things;

use std::path::PathBuf;
use std::time::Duration;

use acts::{Act, Writer};
use serde_json::{Value, json};
use things::Things;
use wayleave_testkit::postgres::Postgres;
use wayleave_testkit::{Answer, Connection, Gateway, Random, Reply, Request, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
/// Who changes things at once, each their own, in one workspace.
const WRITERS: [&str; 3] = ["ada", "bob", "eve"];
/// The shortest and the longest that a server is let be, milliseconds.
const LET_BE: (u64, u64) = (100, 900);

/// How often it is killed; the soak tests set it to 300.
fn moments() -> u64 {
    std::env::var("WAYLEAVE_CHANGE_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(10)
}

/// What one writer heard until the server was gone.
struct Heard {
    writer: Writer,
    /// As it was after the last answer.
    known: Things,
    /// What was asked and not answered.
    open: Option<Act>,
    /// The requests that were answered.
    answered: Vec<String>,
}

/// Over all moments.
#[derive(Default)]
struct Figures {
    answered: usize,
    open: usize,
    done: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_and_nothing_is_half_there_on_sqlite() {
    kill_again_and_again(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_and_nothing_is_half_there_on_postgresql() {
    let postgres = Postgres::start().await;
    kill_again_and_again(&["--database", postgres.url()]).await;
}

async fn kill_again_and_again(database: &[&str]) {
    let upstream = Script::start(|_| Answer::json(200, "{}")).await;
    let mut start = Start::new(BINARY).setup(&Setup::workspace("main").text());
    if let [name, url] = database {
        start = start.flag(name, url).switch("--migrate");
    }
    let mut gateway = start.up().await;
    let mut writers = Vec::new();
    for (seed, name) in (1..).zip(WRITERS) {
        let person = json!({"email": format!("{name}@example.com")});
        made(&gateway, "/system/people", &person).await;
        let member = json!({"person": format!("{name}@example.com"), "role": "viewer"});
        made(&gateway, "/workspaces/main/members", &member).await;
        let writer = Writer::new(name, &upstream.url(), seed);
        let known = found::things(&gateway, name).await;
        writers.push((writer, known));
    }
    let mut random = Random(7);
    let mut figures = Figures::default();
    for moment in 0..moments() {
        let socket = gateway.data().join("admin.sock");
        let writing: Vec<_> = writers
            .drain(..)
            .map(|(writer, known)| tokio::spawn(write(socket.clone(), writer, known)))
            .collect();
        tokio::time::sleep(Duration::from_millis(LET_BE.0 + random.below(LET_BE.1 - LET_BE.0)))
            .await;
        gateway.kill9().await;
        let mut all = Vec::new();
        for heard in writing {
            all.push(heard.await.expect("each answer was as expected"));
        }
        clean(&gateway, database, moment).await;
        gateway.start_again().await;
        clean(&gateway, database, moment).await;
        let logged = found::logged(&gateway).await;
        for heard in all {
            let found = found::things(&gateway, &heard.writer.name).await;
            figures.add(&heard, &found, &logged, moment);
            writers.push((heard.writer, found));
        }
    }
    let Figures { answered, open, done } = figures;
    assert!(answered > 0 && open > 0, "moments hit changes in their middle: {answered} {open}");
    #[allow(clippy::print_stdout, reason = "the figure that the soak test shows")]
    {
        println!(
            "figure: killed {} times: {answered} changes answered and there, {open} cut, {done} of these done and none by half",
            moments()
        );
    }
}

impl Figures {
    fn add(&mut self, heard: &Heard, found: &Things, logged: &[String], moment: u64) {
        let Heard { writer, known, open, answered } = heard;
        for id in answered {
            assert!(logged.contains(id), "moment {moment}: {id} was answered and is in no log");
        }
        let done = open.as_ref().is_some_and(|it| it.after == *found);
        // A setup file's workspace is made first, in a change of its own.
        let made = !known.has("file") && known.with("file", json!([])) == *found;
        assert!(
            done || known == found || (open.is_some() && made),
            "moment {moment}, {}: expected {known:#?}\nor that after {open:#?}\nfound {found:#?}",
            writer.name
        );
        self.answered += answered.len();
        self.open += usize::from(open.is_some());
        self.done += usize::from(done);
    }
}

/// Changes one thing after the other until the server is gone.
async fn write(socket: PathBuf, mut writer: Writer, mut known: Things) -> Heard {
    let mut answered = Vec::new();
    loop {
        let act = writer.next(&known);
        let Some(path) = path(&socket, &act).await else {
            return Heard { writer, known, open: None, answered };
        };
        let Some(reply) = call(&socket, act.method, &path, act.body.as_ref()).await else {
            return Heard { writer, known, open: Some(act), answered };
        };
        assert!(reply.status < 300, "{act:#?}: {} {}", reply.status, reply.text());
        answered.push(reply.header("x-request-id").expect("an id").to_owned());
        known = act.after;
    }
}

/// Its path, with the id of the model that it is about; `None` if the server is gone.
async fn path(socket: &std::path::Path, act: &Act) -> Option<String> {
    let Some((provider, name)) = &act.model else { return Some(act.path.clone()) };
    let list = format!("/workspaces/main/models?provider={provider}&limit=500");
    let models: Value =
        serde_json::from_slice(&call(socket, "GET", &list, None).await?.body).ok()?;
    let mut models = models["items"].as_array()?.iter();
    let id = models.find(|it| it["name"] == name.as_str())?["id"].as_str()?;
    Some(act.path.replace("{model}", id))
}

/// `None`: no answer came.
async fn call(
    socket: &std::path::Path,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Option<Reply> {
    let request = Request::new(method, &format!("/api/v1{path}")).header("connection", "close");
    let request = match body {
        Some(body) => request.json(body.to_string()),
        None => request,
    };
    let mut connection = Connection::try_open_unix(socket).await?;
    connection.try_send(&request.bytes()).await.ok()?;
    connection.maybe_reply().await
}

async fn made(gateway: &Gateway, path: &str, body: &Value) {
    let reply = gateway.api("POST", path, Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
}

/// `wayleave doctor` has nothing to say of the configuration.
async fn clean(gateway: &Gateway, database: &[&str], moment: u64) {
    let looked = gateway.command(&[&["doctor"], database].concat()).await;
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    assert!(looked.status.success(), "moment {moment}: {said}");
    assert!(said.contains("ok       integrity "), "moment {moment}: {said}");
}
