//! `wayleave invitation`: ways into a workspace. A link is shown once, when it is made.

use clap::Subcommand;
use serde_json::{Value, json};

use super::usage::span;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationCommand {
    /// Invite somebody, and show the link once
    Create {
        /// Whom it is for
        email: String,
        /// admin, editor, viewer, finance or auditor
        #[arg(long)]
        role: String,
        /// How long it can be used, like 24h or 7d; at most 30d
        #[arg(long, default_value = "7d")]
        valid: String,
    },
    /// Show all, used and ended ones too
    List,
    /// Take one back
    Revoke {
        /// Its id
        invitation: String,
    },
}

/// Does it.
pub async fn run(
    command: InvitationCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        InvitationCommand::Create { email, role, valid } => {
            let micros = span(&valid).map_err(|why| Failure::Usage(format!("--valid: {why}")))?;
            let wish = json!({"email": email, "role": role, "hours": micros / 3_600_000_000});
            let made = client.post(&context.path("/invitations"), &wish).await?;
            let link = made.body.get("link").and_then(Value::as_str).unwrap_or_default();
            let said = format!("{email} is invited; their link is shown only now:\n{link}");
            out.said(&made.body, &said)?;
        }
        InvitationCommand::List => {
            let columns = [
                ("ADDRESS", "/email"),
                ("ROLE", "/role"),
                ("STATE", "/state"),
                ("BY", "/invited_by"),
                ("EXPIRES", "/expires_at"),
                ("ID", "/id"),
            ];
            out.list(&client.list(&context.path("/invitations")).await?, &columns)?;
        }
        InvitationCommand::Revoke { invitation } => {
            let path = context.path(&format!("/invitations/{}/revoke", escape(&invitation)));
            let gone = client.post(&path, &json!({})).await?;
            let state = gone.body.get("state").and_then(Value::as_str).unwrap_or_default();
            out.said(&gone.body, &format!("invitation {invitation} is {state}"))?;
        }
    }
    Ok(())
}
