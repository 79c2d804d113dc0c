//! Logs: one line per request at info, for people or as JSON, never a payload or a secret.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Sets the process's logger. `WAYLEAVE_LOG` filters, like `warn` or `info,request=off`.
pub fn start(format: LogFormat, filter: Option<String>) {
    let filter = filter.unwrap_or_else(|| "info,sqlx=warn".to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    // A second start in one process happens only in tests.
    let _ = match format {
        LogFormat::Text => logs.compact().with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(false).try_init(),
    };
}
