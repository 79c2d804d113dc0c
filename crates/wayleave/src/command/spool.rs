//! `wayleave spool replay DIR`: usage that a node which is gone left in its folder.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use wayleave_gateway::settle::OpenSet;
use wayleave_model::record::{Closed, Record};
use wayleave_spool::{Position, Replay, SpoolError};

use crate::cli::Context;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with spools.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Send the records of a node that is gone to a running server; what is there already is counted once
    Replay {
        /// The spool: the folder `spool` in the node's data folder
        dir: PathBuf,
    },
}

/// Requests of one call.
const BATCH: usize = 200;
/// Records read at once, and their bytes.
const READ: (usize, usize) = (512, 4 << 20);

/// Does it.
pub async fn run(
    command: SpoolCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let SpoolCommand::Replay { dir } = command;
    let client = context.client()?;
    let (mut replay, recovery) = Replay::open(&dir).map_err(|error| unreadable(&dir, &error))?;
    for damage in &recovery.damage {
        out.note(&format!("a part of the spool cannot be read and is passed over: {damage}"))?;
    }
    let mut sent = Sent::default();
    let mut open = OpenSet::<Position>::default();
    let mut ended = Vec::new();
    loop {
        let records = match replay.next_batch(READ.0, READ.1) {
            Ok(records) => records,
            Err(SpoolError::Damaged(damage)) => {
                out.note(&format!(
                    "a part of the spool cannot be read and is passed over: {damage}"
                ))?;
                continue;
            }
            Err(error) => return Err(unreadable(&dir, &error)),
        };
        if records.is_empty() {
            break;
        }
        for record in records {
            match serde_json::from_slice::<Record>(&record.payload) {
                Ok(read) => ended.extend(open.take(read, record.position)),
                Err(_) => sent.unreadable += 1,
            }
            if ended.len() >= BATCH {
                post(&client, &mut ended, &mut sent).await?;
            }
        }
    }
    // The node is gone: what it had open never ended.
    for closed in open.interrupted() {
        ended.push(closed);
        if ended.len() >= BATCH {
            post(&client, &mut ended, &mut sent).await?;
        }
    }
    post(&client, &mut ended, &mut sent).await?;
    if sent.unreadable == 0 {
        // Only what the server has may be forgotten. A replay that broke off before is safe to repeat.
        let end = replay.end();
        replay.ack(end).map_err(|error| unreadable(&dir, &error))?;
    }
    let value = json!({"stored": sent.stored, "known": sent.known, "unreadable": sent.unreadable});
    let rest = match sent.unreadable {
        0 => String::new(),
        n => format!(
            "; {n} records are of a form this version cannot read, so the folder was left as it is"
        ),
    };
    Ok(out.said(
        &value,
        &format!("{} requests stored, {} were there already{rest}", sent.stored, sent.known),
    )?)
}

#[derive(Default)]
struct Sent {
    stored: u64,
    known: u64,
    unreadable: u64,
}

async fn post(client: &Client, ended: &mut Vec<Closed>, sent: &mut Sent) -> Result<(), Failure> {
    if ended.is_empty() {
        return Ok(());
    }
    let done = client.post("/api/v1/system/spool/replay", &json!({"records": ended})).await?;
    sent.stored += done.body["stored"].as_u64().unwrap_or_default();
    sent.known += done.body["known"].as_u64().unwrap_or_default();
    ended.clear();
    Ok(())
}

fn unreadable(dir: &Path, error: &SpoolError) -> Failure {
    match error {
        SpoolError::Locked { .. } => {
            Failure::Refused(format!("{error}; a running node delivers its records itself"))
        }
        _ => Failure::Refused(format!("{}: {error}", dir.display())),
    }
}
