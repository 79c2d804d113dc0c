//! `wayleave member`: what people are in a workspace.

use clap::Subcommand;
use serde_json::json;

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Make a person a member without inviting them; for operators, who name a workspace's first owner
    Add {
        /// Their address or id
        person: String,
        /// owner (where there is none yet), admin, editor, viewer, finance or auditor
        #[arg(long)]
        role: String,
    },
    /// Show all
    List,
    /// Give one another role
    Update {
        /// Their address or person id
        member: String,
        /// admin, editor, viewer, finance or auditor
        #[arg(long)]
        role: String,
    },
    /// Hand the workspace over to one; who owned it is an admin then
    MakeOwner {
        /// Their address or person id
        member: String,
    },
    /// End what one is in this workspace
    Remove {
        /// Their address or person id
        member: String,
    },
}

/// Does it.
pub async fn run(
    command: MemberCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |member: &str| context.path(&format!("/members/{}", escape(member)));
    let workspace = context.workspace();
    match command {
        MemberCommand::Add { person, role } => {
            let wish = json!({"person": person, "role": role});
            let made = client.post(&context.path("/members"), &wish).await?;
            out.said(&made.body, &format!("{person} is {role} of {workspace}"))?;
        }
        MemberCommand::List => {
            let columns = [
                ("ADDRESS", "/email"),
                ("NAME", "/name"),
                ("ROLE", "/role"),
                ("BY", "/granted_by"),
                ("LAST SIGN-IN", "/last_sign_in_at"),
                ("PERSON", "/person"),
            ];
            out.list(&client.list(&context.path("/members")).await?, &columns)?;
        }
        MemberCommand::Update { member, role } => {
            let done = client.patch(&path(&member), &json!({"role": role}), None).await?;
            out.said(&done.body, &format!("{member} is {role} of {workspace}"))?;
        }
        MemberCommand::MakeOwner { member } => {
            let done = client.post(&format!("{}/owner", path(&member)), &json!({})).await?;
            out.said(&done.body, &format!("{member} owns {workspace}"))?;
        }
        MemberCommand::Remove { member } => {
            let gone = client.delete(&path(&member)).await?;
            out.said(&gone.body, &format!("{member} is no member of {workspace} any more"))?;
        }
    }
    Ok(())
}
