//! `wayleave provider`: configured uses of provider kinds, and their credentials.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::secret_arg::{self, pair};
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
    /// Its credentials
    #[command(subcommand)]
    Credential(CredentialCommand),
}

/// What to do with a provider's credentials.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// Add one
    Create(CredentialArgs),
    /// Show all, their secrets masked
    List {
        /// The provider's name or id
        provider: String,
    },
    /// Make one the default
    Default {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
    },
    /// Show how one fares on the node that answers
    Health {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
    },
    /// Keep one from being used by the node that answers
    Rest {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
        /// For so long; until it is cleared if left out
        #[arg(long)]
        seconds: Option<u64>,
        /// For this model only, by id
        #[arg(long, value_name = "ID")]
        model: Option<String>,
    },
    /// Forget what the node that answers holds against one: it is used again
    Clear {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
        /// Out of quarantine only: one request tries it first
        #[arg(long)]
        quarantine: bool,
        /// For this model only, by id
        #[arg(long, value_name = "ID")]
        model: Option<String>,
    },
    /// Remove one, and its entries of pools
    Delete {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
    },
}

/// What a new credential is.
#[derive(Debug, Args)]
pub struct CredentialArgs {
    /// The provider's name or id
    provider: String,
    /// Its name
    name: String,
    /// A secret field and where it is read: env:NAME, file:PATH or - for standard input
    #[arg(long = "secret", value_name = "FIELD=SOURCE")]
    secrets: Vec<String>,
    /// Another field of the kind's form
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    settings: Vec<String>,
    /// Let it serve unless a target says otherwise
    #[arg(long)]
    default: bool,
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
        ProviderCommand::Credential(command) => credential(command, context, out).await?,
    }
    Ok(())
}

async fn credential(
    command: CredentialCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |provider: &str, rest: &str| {
        context.path(&format!("/providers/{}/credentials{rest}", escape(provider)))
    };
    match command {
        CredentialCommand::Create(args) => {
            let mut fields = Map::new();
            for text in &args.secrets {
                let (field, source) = pair("--secret", text)?;
                let secret = secret_arg::read("--secret", source, context)?;
                fields.insert(field.to_owned(), json!(secret.expose_str()));
            }
            let wish = json!({
                "name": args.name,
                "fields": fields,
                "settings": texts("--set", &args.settings)?,
                "default": args.default,
            });
            let made = client.post(&path(&args.provider, ""), &wish).await?;
            out.said(
                &made.body,
                &format!("credential {} added, unverified until its first success", args.name),
            )?;
        }
        CredentialCommand::List { provider } => {
            let columns = [
                ("NAME", "/name"),
                ("STATUS", "/status"),
                ("DEFAULT", "/default"),
                ("FIELDS", "/fields"),
                ("SETTINGS", "/settings"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&path(&provider, "")).await?, &columns)?;
        }
        CredentialCommand::Default { provider, credential } => {
            let rest = format!("/{}/default", escape(&credential));
            let done = client.post(&path(&provider, &rest), &json!({})).await?;
            out.said(&done.body, &format!("{credential} is now the default of {provider}"))?;
        }
        CredentialCommand::Health { provider, credential } => {
            let shown = client.get(&path(&provider, &format!("/{}", escape(&credential)))).await?;
            health(&shown.body["health"], out)?;
        }
        CredentialCommand::Rest { provider, credential, seconds, model } => {
            let wish = json!({"action": "rest", "seconds": seconds, "model": model});
            let rest = format!("/{}/health", escape(&credential));
            let said = client.post(&path(&provider, &rest), &wish).await?;
            out.said(&said.body, &format!("{credential} rests, on the node that answered"))?;
        }
        CredentialCommand::Clear { provider, credential, quarantine, model } => {
            let action = if quarantine { "end_quarantine" } else { "clear" };
            let wish = json!({"action": action, "model": model});
            let rest = format!("/{}/health", escape(&credential));
            let said = client.post(&path(&provider, &rest), &wish).await?;
            out.said(&said.body, &format!("{credential} may be used, on the node that answered"))?;
        }
        CredentialCommand::Delete { provider, credential } => {
            let gone =
                client.delete(&path(&provider, &format!("/{}", escape(&credential)))).await?;
            out.said(&gone.body, &format!("credential {credential} removed"))?;
        }
    }
    Ok(())
}

/// How a credential fares: for all models, and for each.
fn health(fares: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.said(fares, "")?);
    }
    let mut rows = Vec::new();
    if let Some(all) = fares.get("all_models").filter(|it| !it.is_null()) {
        let mut all = all.clone();
        all["model"] = json!("(all)");
        rows.push(all);
    }
    rows.extend(fares["models"].as_array().into_iter().flatten().cloned());
    let columns = [
        ("MODEL", "/model"),
        ("STATE", "/state"),
        ("CAUSE", "/cause"),
        ("SINCE", "/since"),
        ("SECONDS LEFT", "/seconds_left"),
        ("FAILURES", "/failures"),
        ("QUARANTINED", "/quarantined"),
        ("IN FLIGHT", "/in_flight"),
        ("FIRST BYTE MS", "/first_byte_ms"),
    ];
    Ok(out.list(&rows, &columns)?)
}

fn texts(option: &str, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let read =
        |text: &String| pair(option, text).map(|(field, value)| (field.to_owned(), json!(value)));
    pairs.iter().map(read).collect()
}
