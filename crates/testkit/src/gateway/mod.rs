//! The binary under test as a process: started in a folder of its own, watched, ended.

mod process;
mod start;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;

use rustix::process::Signal;
use serde_json::Value;

use crate::{Client, Connection, Reply, Request, eventually, within};
use process::Process;
pub use start::Start;

/// A running server and its folder. Dropped, it is killed and its folder removed.
pub struct Gateway {
    // Before the folder: a server that still writes there would keep it from being removed.
    process: Process,
    start: Start,
    url: String,
}

impl Gateway {
    /// Where it listens, as it said itself.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens at.
    ///
    /// # Panics
    /// When the URL it printed holds none.
    pub fn addr(&self) -> SocketAddr {
        let authority = self.url.split("//").nth(1).expect("a URL");
        authority.trim_end_matches('/').parse().expect("an address")
    }

    /// A client of it with that key.
    pub fn client(&self, key: &str) -> Client {
        Client::new(self.addr(), key)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The folder it may write to: setup file, logs, and below it the data folder.
    pub fn folder(&self) -> PathBuf {
        self.start.folder()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.start.data()
    }

    /// Everything it has written to standard output so far, over all its runs.
    pub fn stdout(&self) -> String {
        self.start.log("stdout")
    }

    /// Everything it has written to standard error so far, over all its runs.
    pub fn stderr(&self) -> String {
        self.start.log("stderr")
    }

    /// Whether it still runs.
    pub fn is_up(&mut self) -> bool {
        self.process.is_up()
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// When it is gone already.
    pub async fn kill9(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }

    /// Asks it to end; its exit code.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn sigterm(&mut self) -> i32 {
        self.process.signal(Signal::TERM);
        self.exited().await
    }

    /// Its exit code, once it has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn exited(&mut self) -> i32 {
        within(40, "the server ends", self.process.ended()).await.code().unwrap_or(-1)
    }

    /// Sends a signal and goes on.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Starts it again on the same folder, with the same flags.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        (self.process, self.url) = self.start.launch().await;
    }

    /// Runs another command of the binary for this server's data folder.
    ///
    /// # Panics
    /// When the binary cannot be run.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        self.start.command(arguments).await
    }

    /// The standard output of a command that must succeed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "wayleave {arguments:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Asks the management API, through the socket in the data folder.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let request = Request::new(method, &format!("/api/v1{path}")).header("connection", "close");
        let request = match body {
            Some(body) => request.json(body.to_string()),
            None => request,
        };
        let mut connection = Connection::open_unix(&self.data().join("admin.sock")).await;
        connection.send(&request.bytes()).await;
        connection.reply().await
    }

    /// All that is known of one request of the workspace `main`, once it is on record.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn detail(&self, request_id: &str) -> Value {
        self.row(request_id).await;
        let reply = self.api("GET", &format!("/workspaces/main/usage/{request_id}"), None).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Every request on record in the workspace `main`, newest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn usage(&self) -> Vec<Value> {
        let text = self.run(&["usage", "--json", "--limit", "1000000"]).await;
        text.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
    }

    /// Every request on record, once there are `count` of them.
    ///
    /// # Panics
    /// When there are not in time.
    pub async fn usage_of(&self, count: usize) -> Vec<Value> {
        eventually(15, &format!("{count} requests on record"), || async {
            Some(self.usage().await).filter(|rows| rows.len() >= count)
        })
        .await
    }

    /// The record of one request, once it is there.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn row(&self, request_id: &str) -> Value {
        eventually(15, &format!("request {request_id} on record"), || async {
            let text = self.run(&["usage", "--json", "--request-id", request_id]).await;
            text.lines().next().map(|line| serde_json::from_str(line).expect("a row of JSON"))
        })
        .await
    }
}
