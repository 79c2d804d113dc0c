//! `wayleave token`: management tokens for automation. A secret is shown once, when it is made.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::usage::instant;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make one of a workspace, or of the whole instance, and show its secret once
    Create(CreateArgs),
    /// Show all, without their secrets
    List {
        /// Those of the whole instance
        #[arg(long)]
        instance: bool,
    },
    /// End one, now and for good
    Revoke {
        /// Its name or id
        token: String,
        /// It is one of the whole instance
        #[arg(long)]
        instance: bool,
    },
    /// Show what roles may do: the names that --scope takes
    Permissions,
}

/// What a new token is.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Its name
    name: String,
    /// What it may do in the workspace: admin, editor, viewer, finance or auditor
    #[arg(long, required_unless_present = "instance")]
    role: Option<String>,
    /// Of the whole instance: an operator's
    #[arg(long, conflicts_with = "role")]
    instance: bool,
    /// A permission it is to have; all of its role if none is named
    #[arg(long = "scope", value_name = "PERMISSION")]
    scopes: Vec<String>,
    /// Refused from then on: RFC 3339, or from now like 90d
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

/// Does it.
pub async fn run(
    command: TokenCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |instance: bool| match instance {
        true => "/api/v1/system/tokens".to_owned(),
        false => context.path("/tokens"),
    };
    match command {
        TokenCommand::Create(args) => {
            let made = client.post(&path(args.instance), &wish(&args)?).await?;
            let secret = made.body.get("secret").and_then(Value::as_str).unwrap_or_default();
            let said = format!("token {} made; its secret is shown only now:\n{secret}", args.name);
            out.said(&made.body, &said)?;
        }
        TokenCommand::List { instance } => {
            let columns = [
                ("NAME", "/name"),
                ("ROLE", "/role"),
                ("SCOPES", "/scopes"),
                ("EXPIRES", "/expires_at"),
                ("REVOKED", "/revoked_at"),
                ("SECRET", "/masked"),
            ];
            out.list(&client.list(&path(instance)).await?, &columns)?;
        }
        TokenCommand::Revoke { token, instance } => {
            let path = format!("{}/{}/revoke", path(instance), escape(&token));
            let gone = client.post(&path, &json!({})).await?;
            out.said(&gone.body, &format!("token {token} is refused from now on"))?;
        }
        TokenCommand::Permissions => {
            let columns = [("PERMISSION", "/name"), ("ROLES", "/roles"), ("WHAT", "/what")];
            let answer = client.get("/api/v1/system/permissions").await?;
            let items = answer.body["items"].as_array().cloned().unwrap_or_default();
            out.list(&items, &columns)?;
        }
    }
    Ok(())
}

fn wish(args: &CreateArgs) -> Result<Value, Failure> {
    let mut wish = json!({"name": args.name});
    if let Some(role) = &args.role {
        wish["role"] = json!(role);
    }
    if !args.scopes.is_empty() {
        wish["scopes"] = json!(args.scopes);
    }
    if let Some(text) = &args.expires {
        let at = instant(text, true).map_err(|why| Failure::Usage(format!("--expires: {why}")))?;
        wish["expires_at"] = json!(at.to_string());
    }
    Ok(wish)
}
