//! A child process whose output goes to files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a killed child may take to end.
const END: Duration = Duration::from_secs(10);

/// A running child. Dropped, it is killed, and gone.
pub(super) struct Process {
    child: Child,
    pid: u32,
    stdout: PathBuf,
}

impl Process {
    /// Starts `command`; its output goes to numbered files in `folder`.
    pub(super) fn spawn(mut command: Command, folder: &Path) -> Process {
        let path = |run: u32, stream: &str| folder.join(format!("run-{run:03}.{stream}"));
        let run = (1..).find(|run| !path(*run, "stdout").exists()).expect("a number");
        let file = |stream| File::create(path(run, stream)).expect("a log file");
        command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .kill_on_drop(true);
        let child = command.spawn().expect("the binary runs");
        let pid = child.id().expect("a child that was not waited for");
        Process { child, pid, stdout: path(run, "stdout") }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn stdout(&self) -> &Path {
        &self.stdout
    }

    pub(super) fn is_up(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Only to a child that was not waited for: its number cannot be another's yet.
    pub(super) fn signal(&self, signal: Signal) {
        assert!(self.child.id().is_some(), "the process has ended already");
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a process to signal");
    }

    pub(super) async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.expect("a child to wait for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is no failure. Waiting blocks, for the moment that the kernel
        // takes: who comes next finds the child's folder at rest.
        let _ = self.child.start_kill();
        let since = Instant::now();
        while self.is_up() && since.elapsed() < END {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
