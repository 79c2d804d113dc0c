//! `wayleave model`: models of providers, and what they cost.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::secret_arg::pair;
use crate::cli::Context;
use crate::client::{Client, escape};
use crate::exit::Failure;
use crate::output::Out;

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Add a custom model to a provider
    Add {
        /// The provider's name or id
        provider: String,
        /// The provider's own name for the model
        name: String,
        /// What it does: llm, embedding, rerank, speech-to-text, text-to-speech, image, moderation, video
        #[arg(long = "type", value_name = "TYPE", default_value = "llm")]
        model_type: String,
        #[command(flatten)]
        price: PriceArgs,
        /// What it can do, beside what the catalog knows, as a JSON object like {"context_window":128000,"vision":true}
        #[arg(long, value_name = "JSON")]
        facts: Option<String>,
    },
    /// Show all, or those that fit
    List(ListArgs),
    /// Enable models: those of the catalog are made with its price, those that are there keep what they have
    Enable {
        /// The provider's name or id
        provider: String,
        /// The models' names
        #[arg(value_name = "NAME", required_unless_present = "all")]
        names: Vec<String>,
        /// Every model that the catalog has of the provider's kind and the vendor still serves
        #[arg(long, conflicts_with = "names")]
        all: bool,
        /// Only models of this type
        #[arg(long = "type", value_name = "TYPE")]
        model_type: Option<String>,
    },
    /// Refuse calls of a model and keep everything of it
    Disable {
        /// The provider's name or id
        provider: String,
        /// The model's name or id
        name: String,
    },
    /// Set what a model costs from now on; what was asked before keeps its price
    Price {
        /// The provider's name or id
        provider: String,
        /// The model's name or id
        name: String,
        #[command(flatten)]
        price: PriceArgs,
    },
    /// Remove one that no alias needs
    Delete {
        /// The provider's name or id
        provider: String,
        /// The model's name or id
        name: String,
        /// Keep its own credentials, so that it can be added again without them being typed
        #[arg(long)]
        keep_credentials: bool,
    },
    /// Show removed custom models of a provider whose credentials were kept
    Addable {
        /// The provider's name or id
        provider: String,
    },
    /// Add a removed custom model again, with its kept credentials
    Readd {
        /// The provider's name or id
        provider: String,
        /// The model's name, or the id it had
        name: String,
    },
    /// Throw away the kept credentials of a removed custom model
    Forget {
        /// The provider's name or id
        provider: String,
        /// The model's name, or the id it had
        name: String,
    },
}

/// Which models.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those of this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only those of this type
    #[arg(long = "type", value_name = "TYPE")]
    model_type: Option<String>,
    /// Only those that are enabled, or are not
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Only those that the workspace made, or that were enabled from the catalog
    #[arg(long, value_name = "BOOL")]
    custom: Option<bool>,
    /// Only those that their vendor no longer serves, or still does
    #[arg(long, value_name = "BOOL")]
    deprecated: Option<bool>,
}

/// What a model costs.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct PriceArgs {
    /// Dollars per million tokens (or per piece), like input=0.15
    #[arg(long = "price", value_name = "UNIT=USD", conflicts_with = "free")]
    prices: Vec<String>,
    /// Explicitly without charge
    #[arg(long)]
    free: bool,
    /// What the catalog says it costs: see `wayleave catalog list`
    #[arg(long, conflicts_with_all = ["prices", "free"])]
    catalog_price: bool,
}

/// Does it.
pub async fn run(
    command: ModelCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let models = context.path("/models");
    match command {
        ModelCommand::Add { provider, name, model_type, price, facts } => {
            let mut wish = price.wish()?;
            wish["provider"] = json!(provider);
            wish["name"] = json!(name);
            wish["type"] = json!(model_type);
            if let Some(text) = facts {
                let facts: Value = serde_json::from_str(&text)
                    .map_err(|error| Failure::Usage(format!("--facts is not JSON: {error}")))?;
                wish["facts"] = facts;
            }
            let made = client.post(&models, &wish).await?;
            let sentence = match made.body["attached"] == true {
                true => attached(&provider, &name, &made.body),
                false => format!("model {provider}/{name} added"),
            };
            out.said(&made.body, &sentence)?;
        }
        ModelCommand::List(args) => {
            let columns = [
                ("PROVIDER", "/provider"),
                ("NAME", "/name"),
                ("TYPE", "/type"),
                ("PRICE", "/price_summary"),
                ("ENABLED", "/enabled"),
                ("AVAILABLE", "/available"),
                ("BECAUSE", "/unavailable_because"),
                ("DEPRECATES ON", "/deprecates_on"),
                ("POOL", "/load_balancing_active"),
                ("ID", "/id"),
            ];
            out.list(&client.list(&format!("{models}{}", args.query())).await?, &columns)?;
        }
        ModelCommand::Enable { provider, names, all, model_type } => {
            let mut wish = if all { json!({"all": true}) } else { json!({"names": names}) };
            wish["type"] = json!(model_type);
            let path = context.path(&format!("/providers/{}/models/enable", escape(&provider)));
            enabled(&client.post(&path, &wish).await?.body, out)?;
        }
        ModelCommand::Disable { provider, name } => {
            let id = find(&client, context, &provider, &name).await?;
            let done = client.post(&format!("{models}/{id}/disable"), &json!({})).await?;
            let sentence = format!("model {provider}/{name} is disabled: calls of it are refused");
            out.said(&done.body, &sentence)?;
        }
        ModelCommand::Price { provider, name, price } => {
            let id = find(&client, context, &provider, &name).await?;
            let done = client.post(&format!("{models}/{id}/price"), &price.wish()?).await?;
            out.said(&done.body, &format!("model {provider}/{name} has a new price"))?;
        }
        ModelCommand::Delete { provider, name, keep_credentials } => {
            let id = find(&client, context, &provider, &name).await?;
            let how = if keep_credentials { "?keep_credentials=true" } else { "" };
            let gone = client.delete(&format!("{models}/{id}{how}")).await?;
            out.said(&gone.body, &format!("model {provider}/{name} removed"))?;
        }
        ModelCommand::Addable { provider } => {
            let columns = [
                ("NAME", "/name"),
                ("TYPE", "/type"),
                ("REMOVED", "/removed_at"),
                ("CREDENTIAL", "/credentials/0/name"),
                ("ID", "/id"),
            ];
            out.list(&client.list(&addable(context, &provider)).await?, &columns)?;
        }
        ModelCommand::Readd { provider, name } => {
            let path = removed(&client, context, &provider, &name).await?;
            let made = client.post(&path, &json!({})).await?;
            out.said(&made.body, &format!("model {provider}/{name} added again"))?;
        }
        ModelCommand::Forget { provider, name } => {
            let path = removed(&client, context, &provider, &name).await?;
            let gone = client.delete(&path).await?;
            out.said(&gone.body, &format!("what was kept of {provider}/{name} is gone"))?;
        }
    }
    Ok(())
}

impl ListArgs {
    /// As the query of a path.
    fn query(&self) -> String {
        let flag = |it: Option<bool>| it.map(|it| it.to_string());
        let all = [
            ("provider", self.provider.clone()),
            ("type", self.model_type.clone()),
            ("enabled", flag(self.enabled)),
            ("custom", flag(self.custom)),
            ("deprecated", flag(self.deprecated)),
        ];
        let said = all.into_iter().filter_map(|(key, it)| Some(format!("{key}={}", escape(&it?))));
        let query = said.collect::<Vec<_>>().join("&");
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// What became of each name, and what failed: names that nobody knows.
fn enabled(done: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    let models = done["models"].as_array().cloned().unwrap_or_default();
    let columns =
        [("NAME", "/name"), ("TYPE", "/type"), ("OUTCOME", "/outcome"), ("NOTE", "/note")];
    out.list(&models, &columns)?;
    let left_out = done["left_out"].as_array().map_or(0, Vec::len);
    if left_out > 0 {
        out.note(&format!("{left_out} left out: their vendor no longer serves them"))?;
    }
    match models.iter().filter(|it| it["outcome"] == "unknown").count() {
        0 => Ok(()),
        count => Err(Failure::Refused(format!("{count} of {} are unknown", models.len()))),
    }
}

/// What is said of a model that was there already.
fn attached(provider: &str, name: &str, body: &Value) -> String {
    let kept: Vec<&str> =
        body["kept"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let kept = match kept.is_empty() {
        true => "nothing of it was changed".to_owned(),
        false => format!("it keeps its own {}", kept.join(" and ")),
    };
    format!("the provider {provider} has the model {name} already: {kept}")
}

fn addable(context: &Context<'_>, provider: &str) -> String {
    context.path(&format!("/providers/{}/addable", escape(provider)))
}

/// The path of a removed model, by the id it had or by its name, if that is one model's only.
async fn removed(
    client: &Client,
    context: &Context<'_>,
    provider: &str,
    name: &str,
) -> Result<String, Failure> {
    let path = addable(context, provider);
    let all = client.list(&path).await?;
    let found: Vec<_> = all.iter().filter(|it| it["id"] == name || it["name"] == name).collect();
    match found.as_slice() {
        [one] => Ok(format!("{path}/{}", one["id"].as_str().unwrap_or_default())),
        [] => Err(Failure::Refused(format!("nothing was kept of a model `{name}` of {provider}"))),
        _ => Err(Failure::Usage(format!("several models `{name}` were removed: give the id"))),
    }
}

impl PriceArgs {
    fn wish(&self) -> Result<Value, Failure> {
        if self.free {
            return Ok(json!({"free": true}));
        }
        if self.catalog_price {
            return Ok(json!({"price": "catalog"}));
        }
        let read = |text: &String| {
            pair("--price", text).map(|(unit, amount)| (unit.to_owned(), json!(amount)))
        };
        let prices: Map<String, Value> =
            self.prices.iter().map(read).collect::<Result<_, Failure>>()?;
        Ok(json!({"price": prices}))
    }
}

/// The id of the one model that is meant.
pub(super) async fn find(
    client: &Client,
    context: &Context<'_>,
    provider: &str,
    name: &str,
) -> Result<String, Failure> {
    let all = client.list(&context.path(&format!("/models?provider={}", escape(provider)))).await?;
    let named = |it: &&Value| it["name"] == name || it["id"] == name;
    let found: Vec<&Value> = all.iter().filter(named).collect();
    match found.as_slice() {
        [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
        [] => Err(Failure::Refused(format!(
            "the provider {provider} has no model {name}: see `wayleave model list`"
        ))),
        _ => Err(Failure::Refused(format!(
            "the provider {provider} has several models {name}: give the id"
        ))),
    }
}
