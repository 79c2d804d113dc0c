//! `wayleave kek`: the keys that encrypt stored secrets.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with key-encryption keys.
#[derive(Debug, Subcommand)]
pub enum KekCommand {
    /// Show the ids of the keys in use
    List,
    /// Seal every stored secret with the first key of the server's key file, which is read again; put a new key there
    /// first, or let the server make one with --new
    Rotate {
        /// Put a new key into the server's key file
        #[arg(long)]
        new: bool,
    },
}

/// Does it.
pub async fn run(
    command: KekCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        KekCommand::List => {
            let columns = [("KEY", "/id"), ("CURRENT", "/current")];
            out.list(&client.list("/api/v1/system/keks").await?, &columns)?;
        }
        KekCommand::Rotate { new } => {
            let done = client.post("/api/v1/system/keks/rotate", &json!({"new": new})).await?;
            let text = |key: &str| done.body.get(key).map(Value::to_string).unwrap_or_default();
            let current = done.body["current"].as_str().unwrap_or_default();
            let sentence = format!(
                "{} stored secrets are sealed with {current} now; older keys may leave every node's key file",
                text("rewrapped")
            );
            out.said(&done.body, &sentence)?;
        }
    }
    Ok(())
}
