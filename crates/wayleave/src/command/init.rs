//! `wayleave init`: what the first start of a server does, without starting it.

use clap::Args;
use serde_json::json;
use wayleave_model::{Clock, Secret};

use super::settings::SettingsArgs;
use crate::cli::Context;
use crate::exit::Failure;
use crate::init;
use crate::output::Out;

/// The process's settings, of which only those of folder, database and key matter here.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Makes what is missing and shows its secrets, once.
pub async fn run(args: &InitArgs, context: &Context<'_>, out: &mut Out<'_>) -> Result<(), Failure> {
    let config = args.settings.resolve(context.reach, context.env)?;
    init::folder(&config.data)?;
    let store = init::open(&config, Clock::system()).await?;
    let first = init::ensure(&config, &store).await?;
    store.close().await;
    let data = config.data.display();
    let Some(first) = first else {
        let value = json!({"data": config.data, "new": false});
        return Ok(out.said(&value, &format!("{data} was set up before; nothing was changed"))?);
    };
    let text = |secret: &Secret| secret.expose_str().unwrap_or_default().to_owned();
    let (key, token) = (text(&first.client_key), text(&first.admin_token));
    let value = json!({"data": config.data, "new": true, "client_key": key, "admin_token": token});
    let sentence = format!(
        "{data} is set up. These secrets are shown only now:\n\n  client key   {key}\n  admin token  {token}\n\nStart it with `wayleave serve --data {data}`"
    );
    Ok(out.said(&value, &sentence)?)
}
