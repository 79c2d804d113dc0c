//! `wayleave workspace`: tenants, managed by the operator.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::{Out, cell};

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
    Settings {
        /// Its name
        name: String,
        /// Keep responses of providers that keep none, for so many days (30 if none are said)
        #[arg(long, value_name = "DAYS", num_args = 0..=1, default_missing_value = "30")]
        keep_responses: Option<u16>,
        /// Keep none any more; what is kept already stays until its time
        #[arg(long, conflicts_with = "keep_responses")]
        no_keep_responses: bool,
        /// So many proofs of credentials may cost something in an hour; 0: none
        #[arg(long, value_name = "NUMBER")]
        proofs_per_hour: Option<u16>,
    },
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
        WorkspaceCommand::Settings { name, keep_responses, no_keep_responses, proofs_per_hour } => {
            let path = format!("/api/v1/workspaces/{}/settings", escape(&name));
            let mut wish = json!({});
            if let Some(days) = keep_responses {
                wish["keep_responses"] = json!({"days": days});
            } else if no_keep_responses {
                wish["keep_responses"] = Value::Null;
            }
            if let Some(most) = proofs_per_hour {
                wish["proofs_per_hour"] = json!(most);
            }
            let settings = match wish.as_object().is_some_and(|it| !it.is_empty()) {
                true => client.patch(&path, &wish, None).await?.body,
                false => client.get(&path).await?.body,
            };
            let kept = match settings.pointer("/keep_responses/days") {
                Some(days) => format!("responses are kept for {days} days"),
                None => "responses are not kept".to_owned(),
            };
            let most = cell(settings.get("proofs_per_hour"));
            let text =
                format!("{kept}\n{most} proofs of credentials may cost something in an hour");
            out.said(&settings, &text)?;
        }
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
