//! `wayleave job`: videos that providers make, how they stand and what they cost.

use clap::Subcommand;
use serde_json::{Value, json, value::RawValue};
use wayleave_model::NanoUsd;

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with jobs. Clients make them: here they are only looked at.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Show them, newest first
    List {
        /// Only those in this state: accepted, submitted, running, completed, failed, cancelled, orphaned
        #[arg(long)]
        state: Option<String>,
        /// At most so many [default: 100; all of them with --json]
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
    },
    /// Show one
    Show {
        /// Its id, video_…
        job: String,
    },
}

/// Does it.
pub async fn run(
    command: JobCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        JobCommand::List { state, limit } => {
            let query = state.map(|it| format!("?state={}", escape(&it))).unwrap_or_default();
            let path = context.path(&format!("/jobs{query}"));
            if out.is_json() {
                let limit = limit.unwrap_or(usize::MAX);
                return client.each(&path, |row| Ok(out.raw(row.get())?), limit).await;
            }
            let mut rows = Vec::new();
            let keep = |row: &RawValue| {
                rows.push(shown(serde_json::from_str(row.get()).unwrap_or_default()));
                Ok(())
            };
            client.each(&path, keep, limit.unwrap_or(100)).await?;
            let columns = [
                ("CREATED", "/created_at"),
                ("JOB", "/id"),
                ("STATE", "/state"),
                ("%", "/progress"),
                ("OWNER", "/owner"),
                ("ALIAS", "/alias"),
                ("TARGET", "/target"),
                ("SECONDS", "/seconds"),
                ("USD", "/cost"),
                ("ERROR", "/error/code"),
            ];
            Ok(out.list(&rows, &columns)?)
        }
        JobCommand::Show { job } => {
            let found = client.get(&context.path(&format!("/jobs/{}", escape(&job)))).await?.body;
            if out.is_json() {
                return Ok(out.said(&found, "")?);
            }
            let job = shown(found);
            let fields = FIELDS.iter().filter_map(|(name, place)| {
                let value = job.pointer(place).filter(|it| !it.is_null())?;
                Some(json!({"field": name, "value": value}))
            });
            let rows: Vec<Value> = fields.collect();
            Ok(out.list(&rows, &[("FIELD", "/field"), ("VALUE", "/value")])?)
        }
    }
}

/// What is shown of one job, and where it stands.
const FIELDS: [(&str, &str); 20] = [
    ("job", "/id"),
    ("state", "/state"),
    ("progress", "/progress"),
    ("error", "/error/message"),
    ("owner", "/owner"),
    ("key", "/key"),
    ("alias", "/alias"),
    ("target", "/target"),
    ("provider's id", "/vendor_id"),
    ("seconds", "/seconds"),
    ("size", "/size"),
    ("created", "/created_at"),
    ("ended", "/completed_at"),
    ("expires", "/expires_at"),
    ("deleted", "/deleted_at"),
    ("next look", "/due_at"),
    ("request", "/request_id"),
    ("settlement", "/settlement_id"),
    ("settled", "/settled"),
    ("USD", "/cost"),
];

fn shown(mut job: Value) -> Value {
    if let Some(cost) = job["cost_nanos"].as_i64() {
        job["cost"] = NanoUsd(cost).to_string().into();
    }
    let text = |field: &str| job[field].as_str().unwrap_or_default().to_owned();
    job["target"] = format!("{}/{}", text("provider"), text("model")).into();
    job
}
