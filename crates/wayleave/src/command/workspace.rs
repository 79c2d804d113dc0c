//! `wayleave workspace`: tenants, managed by the operator.

use clap::Subcommand;
use serde_json::json;

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

mod settings;

/// What to do with workspaces.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Make one
    Create {
        /// Its name
        name: String,
        /// The zone whose days its reports use, by its IANA name
        #[arg(long, default_value = "UTC")]
        time_zone: String,
    },
    /// Show all
    List,
    /// Give one another name; nothing in it changes
    Rename {
        /// Its name
        name: String,
        /// Its new name
        to: String,
    },
    /// Show what is set for one, or change it
    Settings(settings::SettingsArgs),
    /// Grant one a plan
    Plan {
        /// Its name
        name: String,
        /// The plan's name or id
        #[arg(required_unless_present = "none")]
        plan: Option<String>,
        /// No plan: everything is granted
        #[arg(long, conflicts_with = "plan")]
        none: bool,
    },
    /// Remove an empty one; its usage and audit log stay
    Delete {
        /// Its name
        name: String,
    },
}

const PATH: &str = "/api/v1/system/workspaces";

/// Does it.
pub async fn run(
    command: WorkspaceCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        WorkspaceCommand::Create { name, time_zone } => {
            let made = client.post(PATH, &json!({"name": name, "time_zone": time_zone})).await?;
            out.said(&made.body, &format!("workspace {name} made"))?;
        }
        WorkspaceCommand::List => {
            let columns = [
                ("NAME", "/name"),
                ("TIME ZONE", "/time_zone"),
                ("PLAN", "/plan"),
                ("MADE", "/created_at"),
                ("ID", "/id"),
            ];
            out.list(&client.list(PATH).await?, &columns)?;
        }
        WorkspaceCommand::Rename { name, to } => {
            let path = format!("{PATH}/{}", escape(&name));
            let changed = client.patch(&path, &json!({"name": to}), None).await?;
            out.said(&changed.body, &format!("workspace {name} is now called {to}"))?;
        }
        WorkspaceCommand::Settings(args) => settings::run(args, context, out).await?,
        WorkspaceCommand::Plan { name, plan, none: _ } => {
            let path = format!("{PATH}/{}", escape(&name));
            let changed = client.patch(&path, &json!({"plan": plan}), None).await?;
            let has = plan.map_or_else(|| "no plan".to_owned(), |it| format!("the plan {it}"));
            out.said(&changed.body, &format!("workspace {name} now has {has}"))?;
        }
        WorkspaceCommand::Delete { name } => {
            let gone = client.delete(&format!("{PATH}/{}", escape(&name))).await?;
            out.said(&gone.body, &format!("workspace {name} removed"))?;
        }
    }
    Ok(())
}
