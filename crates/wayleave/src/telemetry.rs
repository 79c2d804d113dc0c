//! Logs: one line per request at info, for people or as JSON, never a payload or a secret.
//!
//! Lines are gathered and written every 50 ms by a thread of their own: a terminal or a pipe that
//! is slow does not hold up a request, and a busy gateway pays for one write, not for thousands.

mod plain;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use wayleave_model::Clock;

use crate::config::LogFormat;

/// How long a line may wait.
const GATHER: Duration = Duration::from_millis(50);
/// What may wait while nobody reads; beyond it lines are dropped, and counted.
const MOST: usize = 4 << 20;

/// Sets the process's logger. `WAYLEAVE_LOG` filters, like `warn` or `info,request=off`.
pub fn start(format: LogFormat, filter: Option<String>) -> Logs {
    let filter = filter.unwrap_or_else(|| "info,sqlx=warn".to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = io::stderr().is_terminal();
    let lines = Arc::new(Lines::default());
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Gathered(Arc::clone(&lines)))
        .with_ansi(colour);
    // A second start in one process happens only in tests.
    let _ = match format {
        LogFormat::Text if colour => logs.compact().with_target(false).try_init(),
        LogFormat::Text => logs
            .compact()
            .with_target(false)
            .fmt_fields(plain::Fields)
            .with_timer(plain::Utc(Clock::system()))
            .try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(false).try_init(),
    };
    let writer = Arc::clone(&lines);
    let thread =
        std::thread::Builder::new().name("logs".to_owned()).spawn(move || writer.write_out());
    Logs { lines, thread: thread.ok() }
}

/// Holds the logger open; dropped, it writes what is left.
pub struct Logs {
    lines: Arc<Lines>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.lines.lock().ended = true;
        self.lines.more.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    lost: u64,
    ended: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_out(&self) {
        let mut text = Vec::new();
        loop {
            let mut waiting = self.lock();
            while waiting.text.is_empty() && !waiting.ended {
                waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            if !waiting.ended {
                // The first line woke us; others follow it.
                drop(waiting);
                std::thread::park_timeout(GATHER);
                waiting = self.lock();
            }
            std::mem::swap(&mut text, &mut waiting.text);
            let (lost, ended) = (std::mem::take(&mut waiting.lost), waiting.ended);
            drop(waiting);
            if lost > 0 {
                text.extend_from_slice(
                    format!("{lost} lines of log were dropped: nobody read them\n").as_bytes(),
                );
            }
            // Standard error is gone: there is nobody to tell.
            let _ = io::stderr().write_all(&text);
            text.clear();
            if ended {
                return;
            }
        }
    }
}

struct Gathered(Arc<Lines>);

impl<'w> MakeWriter<'w> for Gathered {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line(&self.0)
    }
}

struct Line<'w>(&'w Lines);

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        let first = waiting.text.is_empty();
        if waiting.text.len() + text.len() > MOST {
            waiting.lost += 1;
        } else {
            waiting.text.extend_from_slice(text);
        }
        drop(waiting);
        if first {
            self.0.more.notify_one();
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
