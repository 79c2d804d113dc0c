//! `wayleave backup --to DIR`: a copy of database and spool while the server runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// Where to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// A new folder, on the server's machine
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Asks the server on this machine for it.
pub async fn run(
    args: &BackupArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let to = std::path::absolute(&args.to)?;
    let done = client.post("/api/v1/system/backup", &json!({"directory": to})).await?;
    let sentence = format!(
        "database and spool are in {}; the key file is not among them: keep a copy of it apart, without it the backup opens no secret",
        to.display()
    );
    Ok(out.said(&done.body, &sentence)?)
}
