//! `wayleave audit`: who changed what, and whether the log is as it was written.

use clap::Subcommand;
use serde_json::{Value, value::RawValue};

use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show its entries, newest first
    List {
        /// At most so many [default: 100; all of them with --json]
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
    },
    /// Walk its chain of hashes from the first entry to the last; exit code 4 if it is broken
    Verify,
}

/// Does it.
pub async fn run(
    command: AuditCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = context.path("/audit");
    match command {
        AuditCommand::List { limit } if out.is_json() => {
            let limit = limit.unwrap_or(usize::MAX);
            client.each(&path, |entry| Ok(out.raw(entry.get())?), limit).await
        }
        AuditCommand::List { limit } => {
            let mut entries: Vec<Value> = Vec::new();
            let keep = |entry: &RawValue| {
                entries.push(serde_json::from_str(entry.get()).unwrap_or_default());
                Ok(())
            };
            client.each(&path, keep, limit.unwrap_or(100)).await?;
            let columns = [
                ("SEQ", "/seq"),
                ("AT", "/at"),
                ("ACTOR", "/actor"),
                ("ROLE", "/role"),
                ("FROM", "/addr"),
                ("ACTION", "/action"),
                ("TARGET", "/target_id"),
                ("REASON", "/reason"),
            ];
            Ok(out.list(&entries, &columns)?)
        }
        AuditCommand::Verify => {
            let found = client.get(&format!("{path}/verify")).await?.body;
            let (entries, at, why) = (&found["entries"], &found["broken_at"], &found["why"]);
            if found["whole"] == true {
                let what = format!("whole: all {entries} entries are as they were written");
                return Ok(out.said(&found, &what)?);
            }
            let why = why.as_str().unwrap_or_default();
            out.said(&found, &format!("broken at entry {at}: {why}"))?;
            Err(Failure::Findings)
        }
    }
}
