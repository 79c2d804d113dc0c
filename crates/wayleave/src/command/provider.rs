//! `wayleave provider`: configured uses of provider kinds, and their credentials.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::credential::{self, CredentialCommand};
use super::secret_arg::pair;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with providers.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Add one
    Create {
        /// Its name
        name: String,
        /// Its kind: see `provider kinds`
        #[arg(long)]
        kind: String,
        /// Where it is, as the vendor prints it
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Another field of the kind's form
        #[arg(long = "set", value_name = "FIELD=VALUE")]
        settings: Vec<String>,
    },
    /// Show all
    List,
    /// Show the kinds there are, and their fields
    Kinds,
    /// Remove one that no alias needs, with its models and credentials
    Delete {
        /// Its name or id
        provider: String,
    },
    /// Its credentials; the same as `wayleave credential`
    #[command(subcommand)]
    Credential(CredentialCommand),
}

/// Does it.
pub async fn run(
    command: ProviderCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        ProviderCommand::Create { name, kind, base_url, settings } => {
            let wish = json!({"name": name, "kind": kind, "base_url": base_url, "settings": texts("--set", &settings)?});
            let made = client.post(&context.path("/providers"), &wish).await?;
            let at = made
                .body
                .get("base_url")
                .and_then(Value::as_str)
                .map_or_else(String::new, |it| format!(" at {it}"));
            out.said(&made.body, &format!("provider {name} added{at}"))?;
        }
        ProviderCommand::List => {
            let columns = [
                ("NAME", "/name"),
                ("KIND", "/kind"),
                ("BASE URL", "/base_url"),
                ("DEFAULT", "/default_credential"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&context.path("/providers")).await?, &columns)?;
        }
        ProviderCommand::Kinds => {
            let columns = [("KIND", "/id"), ("NAME", "/label"), ("WHAT IT IS", "/summary")];
            out.list(&client.list("/api/v1/system/kinds").await?, &columns)?;
        }
        ProviderCommand::Delete { provider } => {
            let gone =
                client.delete(&context.path(&format!("/providers/{}", escape(&provider)))).await?;
            out.said(&gone.body, &format!("provider {provider} removed"))?;
        }
        ProviderCommand::Credential(command) => credential::run(command, context, out).await?,
    }
    Ok(())
}

fn texts(option: &str, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let read =
        |text: &String| pair(option, text).map(|(field, value)| (field.to_owned(), json!(value)));
    pairs.iter().map(read).collect()
}
