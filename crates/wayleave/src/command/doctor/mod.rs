//! `wayleave doctor`: what is wrong, where, and what to do about it.
//!
//! Without `--url` it looks at this machine: settings, data folder, key file, database, disk, clock,
//! and the upstreams of the server that runs here. With `--url` it walks any endpoint that speaks
//! OpenAI's chat completions as a client would: models, a chat, a stream, a tool call.

mod address;
mod ask;
mod diagnose;
mod endpoint;
mod finding;
mod local;
mod stream;
mod upstreams;

use std::path::PathBuf;

use clap::Args;

use super::secret_arg;
use super::settings::SettingsArgs;
use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

use finding::Findings;

/// What to look at.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Walk this endpoint instead: the base URL as a client has it, like `https://ai.example.com/v1`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The key for it; better as env:NAME, file:PATH or - for standard input
    #[arg(long, value_name = "KEY", requires = "url")]
    key: Option<String>,
    /// The model to ask
    #[arg(long, value_name = "NAME", requires = "url")]
    model: Option<String>,
    /// More certificates (PEM) to trust at the endpoint
    #[arg(long, value_name = "FILE", requires = "url")]
    url_ca: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Looks, prints a line for each thing, and fails if one of them is broken.
pub async fn run(
    args: &DoctorArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let mut findings = Findings::new(out);
    match &args.url {
        Some(url) => {
            let key = args.key.as_deref().map(|text| key(text, context)).transpose()?;
            let endpoint = endpoint::Endpoint {
                url,
                key,
                model: args.model.as_deref(),
                ca: args.url_ca.as_deref(),
            };
            endpoint::walk(&endpoint, &mut findings).await?;
        }
        None => local::look(&args.settings, context, &mut findings).await?,
    }
    if findings.broken() { Err(Failure::Findings) } else { Ok(()) }
}

/// A key as it stands, as a guide says it, or where it can be read.
fn key(text: &str, context: &Context<'_>) -> Result<wayleave_model::Secret, Failure> {
    let is_source = text == "-" || text.starts_with("env:") || text.starts_with("file:");
    if is_source {
        secret_arg::read("--key", text, context)
    } else {
        Ok(wayleave_model::Secret::new(text))
    }
}

#[cfg(test)]
mod tests;
