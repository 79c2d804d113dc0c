//! `wayleave credential`: named secrets of providers, proven before they are saved.

mod health;
mod wish;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::{Client, escape};
use crate::exit::Failure;
use crate::output::{Out, cell};
use crate::transcript;
use wish::{AddArgs, FieldArgs, PaidArgs, UpdateArgs};

/// What to do with credentials.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// Prove one and save it; nothing is saved unless its provider accepts it
    #[command(visible_alias = "create")]
    Add(AddArgs),
    /// Show all of a provider, their secrets masked
    List {
        /// The provider's name or id
        provider: String,
    },
    /// Show one, its secrets masked
    Show {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
    },
    /// Prove one and store nothing: a new one, or a stored one as these fields would leave it
    Validate {
        /// The provider's name or id
        provider: String,
        /// A stored credential's name or id
        credential: Option<String>,
        #[command(flatten)]
        fields: FieldArgs,
        #[command(flatten)]
        paid: PaidArgs,
    },
    /// Prove a stored one again and note what that shows
    Check {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
        #[command(flatten)]
        paid: PaidArgs,
    },
    /// Show the proofs that cost something, newest first
    Proofs,
    /// Change one; what is not named stays
    Update(UpdateArgs),
    /// Make one the default of its provider, or of its custom model
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
    /// Remove one, and its entries of pools; a default goes only with a word about the next
    Delete {
        /// The provider's name or id
        provider: String,
        /// The credential's name or id
        credential: String,
        /// The next default, if this one is it
        #[arg(long, value_name = "NAME", conflicts_with = "leave_unset")]
        successor: Option<String>,
        /// Let no default serve until another one is chosen: calls are refused meanwhile
        #[arg(long)]
        leave_unset: bool,
    },
}

/// Does it.
pub async fn run(
    command: CredentialCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |provider: &str, rest: &str| {
        context.path(&format!("/providers/{}/credentials{rest}", escape(provider)))
    };
    let one = |provider: &str, credential: &str, rest: &str| {
        path(provider, &format!("/{}{rest}", escape(credential)))
    };
    match command {
        CredentialCommand::Add(args) => {
            let made = client.post(&path(&args.provider, ""), &args.wish(context)?).await?;
            let (name, status) = (cell(made.body.get("name")), cell(made.body.get("status")));
            let why = match cell(made.body.get("proof")).as_str() {
                "-" => "its provider was not asked".to_owned(),
                why => why.to_owned(),
            };
            out.said(&made.body, &format!("credential {name} added, {status}: {why}"))?;
        }
        CredentialCommand::List { provider } => {
            let columns = [
                ("NAME", "/name"),
                ("STATUS", "/status"),
                ("VALIDATED", "/validated"),
                ("DEFAULT", "/default"),
                ("MODEL", "/model"),
                ("FIELDS", "/fields"),
                ("SETTINGS", "/settings"),
                ("LAST USED", "/last_used_at"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&path(&provider, "")).await?, &columns)?;
        }
        CredentialCommand::Show { provider, credential } => {
            let found = client.get(&one(&provider, &credential, "")).await?;
            let fields = found.body.as_object().into_iter().flatten();
            let lines: Vec<String> =
                fields.map(|(key, value)| format!("{key}: {}", cell(Some(value)))).collect();
            out.said(&found.body, &lines.join("\n"))?;
        }
        CredentialCommand::Validate { provider, credential, fields, paid } => {
            let at = match &credential {
                Some(credential) => one(&provider, credential, "/validate"),
                None => path(&provider, "/validate"),
            };
            let mut wish = fields.wish(context)?;
            if let (Some(credential), Some(_)) = (&credential, wish.get("settings")) {
                let (settings, _) =
                    merged(&client, &one(&provider, credential, ""), &wish["settings"]).await?;
                wish["settings"] = settings;
            }
            if let Some(how) = paid.wish() {
                wish["validate"] = how;
            }
            let proof = client.post(&at, &wish).await?.body;
            shown(&proof, &proof, out)?;
        }
        CredentialCommand::Check { provider, credential, paid } => {
            let wish = match paid.wish() {
                Some(how) => json!({"validate": how}),
                None => json!({}),
            };
            let done = client.post(&one(&provider, &credential, "/check"), &wish).await?.body;
            let proof = done.get("proof").cloned().unwrap_or_default();
            shown(&done, &proof, out)?;
        }
        CredentialCommand::Proofs => {
            let columns = [
                ("STARTED", "/started_at"),
                ("BY", "/asked_by"),
                ("PROVIDER", "/provider"),
                ("MODEL", "/model"),
                ("OUTCOME", "/outcome"),
                ("CALLS", "/calls"),
                ("IN", "/input_tokens"),
                ("OUT", "/output_tokens"),
                ("COST (USD 1e-9)", "/cost_nanos"),
            ];
            out.list(&client.list(&context.path("/proofs")).await?, &columns)?;
        }
        CredentialCommand::Update(args) => {
            let at = one(&args.provider, &args.credential, "");
            let mut wish = args.wish(context)?;
            let mut etag = None;
            if let Some(settings) = wish.get("settings") {
                let (all, read) = merged(&client, &at, settings).await?;
                wish["settings"] = all;
                etag = read;
            }
            let changed = client.patch(&at, &wish, etag.as_deref()).await?;
            let status = cell(changed.body.get("status"));
            let name = cell(changed.body.get("name"));
            out.said(&changed.body, &format!("credential {name} changed, {status}"))?;
        }
        CredentialCommand::Default { provider, credential } => {
            let done = client.post(&one(&provider, &credential, "/default"), &json!({})).await?;
            let of = match cell(done.body.get("model")).as_str() {
                "-" => provider,
                model => format!("model {model}"),
            };
            out.said(&done.body, &format!("{credential} is now the default of {of}"))?;
        }
        CredentialCommand::Health { provider, credential } => {
            let shown = client.get(&one(&provider, &credential, "")).await?;
            health::shown(&shown.body["health"], out)?;
        }
        CredentialCommand::Rest { provider, credential, seconds, model } => {
            let wish = json!({"action": "rest", "seconds": seconds, "model": model});
            let said = client.post(&one(&provider, &credential, "/health"), &wish).await?;
            out.said(&said.body, &format!("{credential} rests, on the node that answered"))?;
        }
        CredentialCommand::Clear { provider, credential, quarantine, model } => {
            let action = if quarantine { "end_quarantine" } else { "clear" };
            let wish = json!({"action": action, "model": model});
            let said = client.post(&one(&provider, &credential, "/health"), &wish).await?;
            out.said(&said.body, &format!("{credential} may be used, on the node that answered"))?;
        }
        CredentialCommand::Delete { provider, credential, successor, leave_unset } => {
            let how = match (successor, leave_unset) {
                (Some(next), _) => format!("?successor={}", escape(&next)),
                (None, true) => "?leave_unset=true".to_owned(),
                (None, false) => String::new(),
            };
            let gone = client.delete(&one(&provider, &credential, &how)).await?;
            out.said(&gone.body, &format!("credential {credential} removed"))?;
        }
    }
    Ok(())
}

/// The stored settings with `changes` over them, and the entity tag they were read under: the API
/// takes all settings at once.
async fn merged(
    client: &Client,
    at: &str,
    changes: &Value,
) -> Result<(Value, Option<String>), Failure> {
    let found = client.get(at).await?;
    let mut all =
        found.body.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    all.extend(changes.as_object().cloned().unwrap_or_default());
    Ok((Value::Object(all), found.etag))
}

/// The transcript and what it comes to. What is not proven is a failure, for scripts.
fn shown(body: &Value, proof: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    let (outcome, summary) = (cell(proof.get("outcome")), cell(proof.get("summary")));
    let mut lines = vec![format!("{outcome}: {summary}")];
    lines.extend(transcript::lines(proof));
    out.said(body, &lines.join("\n"))?;
    match outcome.as_str() {
        "proven" => Ok(()),
        _ => Err(Failure::Refused(format!("the credential is not proven: {outcome}"))),
    }
}
