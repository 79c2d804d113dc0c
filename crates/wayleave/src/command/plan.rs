//! `wayleave plan`: what workspaces are granted, managed by the operator.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with plans.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Make one
    Create {
        /// Its name
        name: String,
        /// A feature that it grants: pools
        #[arg(long = "feature", value_name = "FEATURE")]
        features: Vec<String>,
    },
    /// Show all
    List,
    /// Change one, at once for every workspace that has it
    Set {
        /// Its name or id
        plan: String,
        /// Its new name
        #[arg(long)]
        name: Option<String>,
        /// A feature that it grants from now on, with all others named here: pools
        #[arg(long = "feature", value_name = "FEATURE")]
        features: Vec<String>,
        /// It grants no feature
        #[arg(long, conflicts_with = "features")]
        no_features: bool,
    },
    /// Remove one that no workspace has
    Delete {
        /// Its name or id
        plan: String,
    },
}

const PATH: &str = "/api/v1/system/plans";

/// Does it.
pub async fn run(
    command: PlanCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        PlanCommand::Create { name, features } => {
            let made = client.post(PATH, &json!({"name": name, "features": features})).await?;
            out.said(&made.body, &format!("plan {name} made"))?;
        }
        PlanCommand::List => {
            let columns = [("NAME", "/name"), ("FEATURES", "/features"), ("ID", "/id")];
            out.list(&client.list(PATH).await?, &columns)?;
        }
        PlanCommand::Set { plan, name, features, no_features } => {
            let features = (no_features || !features.is_empty()).then_some(features);
            let mut wish = json!({});
            wish["name"] = name.map_or(Value::Null, Value::from);
            wish["features"] = features.map_or(Value::Null, Value::from);
            let changed = client.patch(&format!("{PATH}/{}", escape(&plan)), &wish, None).await?;
            out.said(&changed.body, &format!("plan {plan} changed"))?;
        }
        PlanCommand::Delete { plan } => {
            let gone = client.delete(&format!("{PATH}/{}", escape(&plan))).await?;
            out.said(&gone.body, &format!("plan {plan} removed"))?;
        }
    }
    Ok(())
}
