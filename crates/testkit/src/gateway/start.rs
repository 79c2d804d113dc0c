//! How a server is started: flags, setup file, environment, and the folder it runs in.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::Gateway;
use super::process::Process;
use crate::eventually;

/// A server that is about to be started.
#[derive(Clone)]
pub struct Start {
    binary: PathBuf,
    folder: Arc<TempDir>,
    flags: Vec<String>,
    env: Vec<(String, String)>,
}

impl Start {
    /// The binary at that path, on a free port of loopback, with an SQLite database of its own, and
    /// allowed to call upstreams on loopback. `WAYLEAVE_BIN` names another, an optimised one.
    ///
    /// # Panics
    /// When no folder can be made.
    pub fn new(binary: &str) -> Start {
        let folder = Arc::new(TempDir::with_prefix("wayleave-test-").expect("a folder"));
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--upstream-allow",
            "127.0.0.0/8",
            "--upstream-allow",
            "::1/128",
        ];
        let flags = flags.map(str::to_owned).to_vec();
        let named = std::env::var_os("WAYLEAVE_BIN").filter(|it| !it.is_empty());
        let binary = named.map_or_else(|| PathBuf::from(binary), PathBuf::from);
        Start { binary, folder, flags, env: Vec::new() }
    }

    /// With that setup file applied at start.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn setup(self, text: &str) -> Start {
        let path = self.folder().join("setup.yaml");
        std::fs::write(&path, text).expect("a file");
        self.flag("--apply", &path.display().to_string())
    }

    /// With one more flag.
    pub fn flag(mut self, name: &str, value: &str) -> Start {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// With that value of a flag that [`Start::new`] gave another.
    pub fn without_flag(mut self, name: &str) -> Start {
        while let Some(at) = self.flags.iter().position(|it| it == name) {
            self.flags.drain(at..(at + 2).min(self.flags.len()));
        }
        self
    }

    /// With a switch.
    pub fn switch(mut self, name: &str) -> Start {
        self.flags.push(name.to_owned());
        self
    }

    /// With a variable of the environment; nothing else of the test's own is passed on.
    pub fn env(mut self, name: &str, value: &str) -> Start {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder it may write to.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up; its log is in the message.
    pub async fn up(self) -> Gateway {
        let (process, url) = self.launch().await;
        Gateway { process, start: self, url }
    }

    /// Starts it, expecting that it refuses to: its exit code and what it said.
    ///
    /// # Panics
    /// When it cannot be started at all.
    pub async fn refused(&self) -> (i32, String) {
        let mut process = self.spawn();
        let status = crate::within(30, "the server refuses to start", process.ended()).await;
        (status.code().unwrap_or(-1), self.log("stderr"))
    }

    pub(super) async fn launch(&self) -> (Process, String) {
        let mut process = self.spawn();
        let log = process.stdout().to_owned();
        let ready = eventually(60, "the server is ready", || {
            let found = ready(&log);
            let is_up = process.is_up();
            async move { found.or_else(|| (!is_up).then(String::new)) }
        })
        .await;
        assert!(!ready.is_empty(), "the server ended before it was ready: {}", self.log("stderr"));
        (process, ready)
    }

    fn spawn(&self) -> Process {
        let mut command = self.bare();
        command.arg("serve").args(&self.flags);
        Process::spawn(command, &self.folder())
    }

    pub(super) async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = self.bare();
        command.args(arguments).stdin(Stdio::null());
        command.output().await.expect("the binary runs")
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder())
            .env("WAYLEAVE_DATA", self.data());
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(self.folder());
        command
    }

    /// What all runs have written to that stream.
    pub(super) fn log(&self, stream: &str) -> String {
        let mut logs: Vec<PathBuf> = std::fs::read_dir(self.folder())
            .expect("the test's folder")
            .map(|it| it.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == stream))
            .collect();
        logs.sort();
        logs.iter()
            .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a log")).into_owned())
            .collect()
    }
}

/// The URL of the line that says that the server is ready, once it is complete.
fn ready(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let complete = &text[..text.rfind('\n')?];
    let events = complete.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ready = events.into_iter().find(|it| it["event"] == "ready")?;
    Some(ready["url"].as_str()?.to_owned())
}
