//! `wayleave session`: the browsers that people are signed in with.

use clap::Subcommand;

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Show somebody's
    List {
        /// Their address or id
        person: String,
    },
    /// End one of somebody's, or all
    Revoke {
        /// Their address or id
        person: String,
        /// Only the session of this id
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
}

/// Does it.
pub async fn run(
    command: SessionCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |person: &str| format!("/api/v1/system/people/{}/sessions", escape(person));
    match command {
        SessionCommand::List { person } => {
            let columns = [
                ("ID", "/id"),
                ("HOW", "/how"),
                ("FROM", "/addr"),
                ("BROWSER", "/agent"),
                ("SIGNED IN", "/created_at"),
                ("SEEN", "/seen_at"),
                ("ENDS", "/expires_at"),
            ];
            out.list(&client.list(&path(&person)).await?, &columns)?;
        }
        SessionCommand::Revoke { person, session: None } => {
            let gone = client.delete(&path(&person)).await?;
            out.said(&gone.body, &format!("{person} is signed out everywhere"))?;
        }
        SessionCommand::Revoke { person, session: Some(id) } => {
            let gone = client.delete(&format!("{}/{}", path(&person), escape(&id))).await?;
            out.said(&gone.body, &format!("session {id} has ended"))?;
        }
    }
    Ok(())
}
