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
        /// Enable models that the catalog comes to know of its kind
        #[arg(long)]
        new_models: bool,
    },
    /// Show all
    List,
    /// Ask it for its free list of models, and say which of them are new, known, enabled or gone
    Discover {
        /// Its name or id
        provider: String,
        /// The credential to ask with; its default if left out
        #[arg(long)]
        credential: Option<String>,
        /// Only models of this type
        #[arg(long = "type", value_name = "TYPE")]
        model_type: Option<String>,
        /// Only models in this state: new, known, enabled or gone
        #[arg(long)]
        state: Option<String>,
    },
    /// Say whether models that the catalog comes to know of its kind are enabled by themselves
    NewModels {
        /// Its name or id
        provider: String,
        /// on or off
        #[arg(value_parser = ["on", "off"])]
        policy: String,
    },
    /// Show the kinds there are, and their fields
    Kinds,
    /// Choose whose credentials serve where the operator supplies one too
    Prefer {
        /// Its name or id
        provider: String,
        /// The operator's, within quotas; the workspace's own; or the workspace's own once it has one
        #[arg(value_parser = ["system", "custom", "default"])]
        preference: String,
    },
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
        ProviderCommand::Create { name, kind, base_url, settings, new_models } => {
            let wish = json!({"name": name, "kind": kind, "base_url": base_url, "settings": texts("--set", &settings)?, "new_models": new_models});
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
                ("USING", "/supply/using"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&context.path("/providers")).await?, &columns)?;
        }
        ProviderCommand::Discover { provider, credential, model_type, state } => {
            let asked = [("credential", credential), ("type", model_type)];
            let asked = asked.into_iter().filter_map(|(key, it)| Some((key, escape(&it?))));
            let query: Vec<String> = asked.map(|(key, it)| format!("{key}={it}")).collect();
            let path = format!("/providers/{}/discover?{}", escape(&provider), query.join("&"));
            let found = client.get(&context.path(&path)).await?.body;
            discovered(&found, state.as_deref(), out)?;
        }
        ProviderCommand::NewModels { provider, policy } => {
            let path = context.path(&format!("/providers/{}", escape(&provider)));
            let wish = json!({"new_models": policy == "on"});
            let done = client.patch(&path, &wish, None).await?;
            let sentence = match policy.as_str() {
                "on" => "are enabled by themselves",
                _ => "wait until somebody enables them",
            };
            out.said(&done.body, &format!("new models of {provider} {sentence}"))?;
        }
        ProviderCommand::Kinds => {
            let columns = [("KIND", "/id"), ("NAME", "/label"), ("WHAT IT IS", "/summary")];
            out.list(&client.list("/api/v1/system/kinds").await?, &columns)?;
        }
        ProviderCommand::Prefer { provider, preference } => {
            let wanted = (preference != "default").then_some(preference);
            let at = context.path(&format!("/providers/{}", escape(&provider)));
            let changed = client.patch(&at, &json!({"preference": wanted}), None).await?;
            let using = changed.body["supply"]["using"].as_str().unwrap_or_default();
            out.said(&changed.body, &format!("provider {provider} is served by: {using}"))?;
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

fn discovered(found: &Value, state: Option<&str>, out: &mut Out<'_>) -> Result<(), Failure> {
    let mut models = found["models"].as_array().cloned().unwrap_or_default();
    models.retain(|it| state.is_none_or(|state| it["state"] == state));
    let columns = [
        ("NAME", "/name"),
        ("TYPE", "/type"),
        ("STATE", "/state"),
        ("CONTEXT", "/context_window"),
        ("INPUT", "/price/input"),
        ("OUTPUT", "/price/output"),
        ("DEPRECATES ON", "/deprecates_on"),
    ];
    out.list(&models, &columns)?;
    let note = match (found["listed"] == true, found["complete"] == true) {
        (false, _) => "the provider lists no models: this is what catalog and workspace know",
        (true, false) => "the list is longer than what was read of it",
        (true, true) => return Ok(()),
    };
    Ok(out.note(note)?)
}

fn texts(option: &str, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let read =
        |text: &String| pair(option, text).map(|(field, value)| (field.to_owned(), json!(value)));
    pairs.iter().map(read).collect()
}
