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
    /// Show all
    List {
        /// Only those of this provider
        #[arg(long)]
        provider: Option<String>,
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
    },
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
            out.said(&made.body, &format!("model {provider}/{name} added"))?;
        }
        ModelCommand::List { provider } => {
            let only = provider.map_or_else(String::new, |it| format!("?provider={}", escape(&it)));
            let columns = [
                ("PROVIDER", "/provider"),
                ("NAME", "/name"),
                ("TYPE", "/type"),
                ("PRICE", "/price_summary"),
                ("POOL", "/load_balancing_active"),
                ("ID", "/id"),
            ];
            out.list(&client.list(&format!("{models}{only}")).await?, &columns)?;
        }
        ModelCommand::Price { provider, name, price } => {
            let id = find(&client, context, &provider, &name).await?;
            let done = client.post(&format!("{models}/{id}/price"), &price.wish()?).await?;
            out.said(&done.body, &format!("model {provider}/{name} has a new price"))?;
        }
        ModelCommand::Delete { provider, name } => {
            let id = find(&client, context, &provider, &name).await?;
            let gone = client.delete(&format!("{models}/{id}")).await?;
            out.said(&gone.body, &format!("model {provider}/{name} removed"))?;
        }
    }
    Ok(())
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
