//! `wayleave migrate`: brings a database to this version's schema, before the servers that need it start.

use clap::Args;
use serde_json::json;
use wayleave_model::Clock;

use super::settings::SettingsArgs;
use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// Which database.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Does it. Nothing happens to a database that is up to date.
pub async fn run(
    args: &MigrateArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let config = args.settings.resolve(context.reach, context.env)?;
    if let Some(folder) = config
        .database
        .file()
        .and_then(std::path::Path::parent)
        .filter(|it| !it.as_os_str().is_empty())
    {
        crate::init::folder(folder)?;
    }
    let done = wayleave_store::migrate(&config.database, &Clock::system()).await?;
    let sentence = if done.from == done.to {
        format!("{} has schema {} already", config.database, done.to)
    } else {
        format!("{} went from schema {} to {}", config.database, done.from, done.to)
    };
    let value = json!({"database": config.database.to_string(), "from": done.from, "to": done.to});
    Ok(out.said(&value, &sentence)?)
}
