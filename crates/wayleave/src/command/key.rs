//! `wayleave key`: what clients present. A secret is shown once, when it is made.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::secret_arg;
use super::usage::instant;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;
use update::UpdateArgs;

mod update;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make one, and show its secret once
    Create(CreateArgs),
    /// Show all, without their secrets
    List,
    /// Change what is said of one; its secrets stay
    Update {
        /// Its name or id
        key: String,
        #[command(flatten)]
        change: UpdateArgs,
    },
    /// Give one a new secret; the old one goes on for a while
    Rotate {
        /// Its name or id
        key: String,
        /// How long the old secrets go on, like 30m, 24h or 7d; 0s ends them now
        #[arg(long, default_value = "24h")]
        overlap: String,
    },
    /// Refuse one from now on
    Revoke {
        /// Its name or id
        key: String,
        /// Only this version of its secret
        #[arg(long)]
        version: Option<i64>,
    },
    /// Remove one; its usage stays
    Delete {
        /// Its name or id
        key: String,
    },
}

/// What a new key is.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Its name
    name: String,
    /// Whose it is: a team or a service account, made if there is none of that name
    #[arg(long)]
    owner: String,
    /// Like production or test
    #[arg(long)]
    environment: String,
    /// What it is for
    #[arg(long, default_value = "")]
    purpose: String,
    /// An alias it may call; all if none is named
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    /// A label copied into each usage row
    #[arg(long = "tag", value_name = "TEXT")]
    tags: Vec<String>,
    /// Refused from then on: RFC 3339, or from now like 90d
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// What becomes of requests that a target cannot carry whole: warn or refuse. The stricter of
    /// this and the alias's policy holds; without it, what the alias says
    #[arg(long, value_parser = ["warn", "refuse"])]
    losses: Option<String>,
    /// Take this secret over instead of making one: env:NAME, file:PATH or - for standard input
    #[arg(long, value_name = "SOURCE")]
    secret: Option<String>,
}

/// Does it.
pub async fn run(
    command: KeyCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |key: &str, rest: &str| context.path(&format!("/keys/{}{rest}", escape(key)));
    match command {
        KeyCommand::Create(args) => {
            let made = client.post(&context.path("/keys"), &wish(&args, context)?).await?;
            show_secret(&made.body, &format!("key {} made", args.name), out)?;
        }
        KeyCommand::List => {
            let columns = [
                ("NAME", "/name"),
                ("STATE", "/state"),
                ("OWNER", "/owner"),
                ("ENVIRONMENT", "/environment"),
                ("ALIASES", "/aliases"),
                ("EXPIRES", "/expires_at"),
                ("LOSSES", "/losses"),
                ("SECRET", "/masked"),
            ];
            out.list(&client.list(&context.path("/keys")).await?, &columns)?;
        }
        KeyCommand::Update { key, change } => {
            let changed = client.patch(&path(&key, ""), &update::wish(&change)?, None).await?;
            out.said(&changed.body, &format!("key {key} changed"))?;
        }
        KeyCommand::Rotate { key, overlap } => {
            let micros = super::usage::span(&overlap)
                .map_err(|why| Failure::Usage(format!("--overlap: {why}")))?;
            let wish = json!({"overlap_seconds": micros / 1_000_000});
            let made = client.post(&path(&key, "/rotate"), &wish).await?;
            show_secret(&made.body, &format!("key {key} has a new secret"), out)?;
        }
        KeyCommand::Revoke { key, version } => {
            let gone = client.post(&path(&key, "/revoke"), &json!({"version": version})).await?;
            out.said(&gone.body, &format!("key {key} is refused from now on"))?;
        }
        KeyCommand::Delete { key } => {
            let gone = client.delete(&path(&key, "")).await?;
            out.said(&gone.body, &format!("key {key} removed"))?;
        }
    }
    Ok(())
}

fn wish(args: &CreateArgs, context: &Context<'_>) -> Result<Value, Failure> {
    let mut wish = json!({
        "name": args.name,
        "owner": args.owner,
        "environment": args.environment,
        "purpose": args.purpose,
        "tags": args.tags,
    });
    if !args.aliases.is_empty() {
        wish["aliases"] = json!(args.aliases);
    }
    if let Some(text) = &args.expires {
        let at = instant(text, true).map_err(|why| Failure::Usage(format!("--expires: {why}")))?;
        wish["expires_at"] = json!(at.to_string());
    }
    if let Some(losses) = &args.losses {
        wish["losses"] = json!(losses);
    }
    if let Some(source) = &args.secret {
        let secret = secret_arg::read("--secret", source, context)?;
        wish["secret"] = json!(secret.expose_str());
    }
    Ok(wish)
}

fn show_secret(body: &Value, sentence: &str, out: &mut Out<'_>) -> Result<(), Failure> {
    let secret = body.get("secret").and_then(Value::as_str);
    let shown =
        secret.map_or_else(String::new, |it| format!("; its secret is shown only now:\n{it}"));
    Ok(out.said(body, &format!("{sentence}{shown}"))?)
}
