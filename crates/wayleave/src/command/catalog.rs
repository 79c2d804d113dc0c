//! `wayleave catalog`: what is publicly known of models, and how another catalog takes its place.

use std::io::{BufRead, IsTerminal, Read, Write};

use bytes::Bytes;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::{Client, escape};
use crate::exit::Failure;
use crate::output::{Out, cell};

/// What to do with the catalog.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Show what is known of models
    List {
        /// Only those of this provider kind
        #[arg(long, value_name = "KIND")]
        provider: Option<String>,
    },
    /// Say which catalog is in force
    Show,
    /// Show what another catalog would change
    Diff {
        /// Its file (- for standard input), or its address, which the server fetches over https
        #[arg(value_name = "FILE|URL")]
        from: String,
    },
    /// Put another catalog in force on all nodes, after showing what that changes
    Update {
        /// Its file (- for standard input), or its address, which the server fetches over https
        #[arg(value_name = "FILE|URL")]
        from: String,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
    /// Go back to the catalog that the server's version was built with
    Reset {
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
}

const PATH: &str = "/api/v1/system/catalog";

/// Does it.
pub async fn run(
    command: CatalogCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        CatalogCommand::List { provider } => list(&client, provider, out).await,
        CatalogCommand::Show => show(&client, out).await,
        CatalogCommand::Diff { from } => {
            let found = client.post_bytes(&format!("{PATH}/diff"), offer(&from)?).await?;
            differences(&found.body, out)
        }
        CatalogCommand::Update { from, yes } => {
            if from == "-" && !yes {
                let why =
                    "the catalog comes from standard input, so nobody can be asked: add --yes";
                return Err(Failure::Usage(why.to_owned()));
            }
            exchange(&client, offer(&from)?, yes, out).await
        }
        CatalogCommand::Reset { yes } => {
            exchange(&client, Bytes::from_static(b"{\"built_in\":true}"), yes, out).await
        }
    }
}

async fn list(client: &Client, provider: Option<String>, out: &mut Out<'_>) -> Result<(), Failure> {
    let only = provider.map_or_else(String::new, |it| format!("?provider={}", escape(&it)));
    let columns = [
        ("PROVIDER", "/provider"),
        ("MODEL", "/model"),
        ("TYPE", "/type"),
        ("CONTEXT", "/context"),
        ("INPUT/1M", "/prices/input_per_1m"),
        ("OUTPUT/1M", "/prices/output_per_1m"),
        ("AS OF", "/as_of"),
    ];
    Ok(out.list(&client.list(&format!("{PATH}/models{only}")).await?, &columns)?)
}

async fn show(client: &Client, out: &mut Out<'_>) -> Result<(), Failure> {
    let found = client.get(PATH).await?.body;
    let text = |key: &str| cell(found.get(key));
    let sentence = if found["built_in"] == json!(true) {
        format!("the built-in catalog: {} models", text("models"))
    } else {
        format!(
            "a catalog from {}, applied by {} at {}: {} models",
            text("source"),
            text("applied_by"),
            text("applied_at"),
            text("models")
        )
    };
    Ok(out.said(&found, &sentence)?)
}

/// What the server is sent: the file's bytes, or the address.
fn offer(from: &str) -> Result<Bytes, Failure> {
    if from.starts_with("https://") || from.starts_with("http://") {
        return Ok(Bytes::from(json!({"url": from}).to_string()));
    }
    let read = if from == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(from)
    };
    let bytes = read.map_err(|error| Failure::Usage(format!("{from}: {error}")))?;
    Ok(Bytes::from(bytes))
}

/// Shows what would change, asks, and has exactly that done: if the address or the catalog in force
/// has changed meanwhile, the server refuses.
async fn exchange(
    client: &Client,
    offer: Bytes,
    yes: bool,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let seen = client.post_bytes(&format!("{PATH}/diff"), offer.clone()).await?.body;
    differences(&seen, out)?;
    out.flush()?;
    if !yes {
        let terminal = std::io::stdin().is_terminal();
        agreed(terminal, &mut std::io::stdin().lock(), &mut std::io::stderr())?;
    }
    let text = |key: &str| seen[key].as_str().unwrap_or_default();
    let query = format!("base={}&sha256={}", escape(text("base")), escape(text("sha256")));
    let done = client.put_bytes(&format!("{PATH}?{query}"), offer).await?.body;
    let applied = json!({
        "applied": !done["revision"].is_null(),
        "models": done["models"],
        "sha256": done["sha256"],
        "revision": done["revision"],
        "enabled": done["enabled"],
    });
    let models = cell(done.get("models"));
    let sentence = if done["revision"].is_null() {
        format!("nothing was changed: this catalog of {models} models is in force already")
    } else {
        format!("a catalog of {models} models is in force now")
    };
    out.said(&applied, &sentence)?;
    for at in done["enabled"].as_array().into_iter().flatten() {
        let text = |key: &str| cell(at.get(key));
        let (workspace, provider, models) = (text("workspace"), text("provider"), text("models"));
        out.note(&format!("enabled at {provider} of the workspace {workspace}: {models}"))?;
    }
    Ok(())
}

/// Whether somebody says yes.
fn agreed(terminal: bool, from: &mut dyn BufRead, to: &mut dyn Write) -> Result<(), Failure> {
    if !terminal {
        return Err(Failure::Usage("nobody can be asked here: add --yes to apply it".to_owned()));
    }
    write!(to, "apply it? [y/N] ")?;
    to.flush()?;
    let mut answer = String::new();
    from.read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Refused("nothing was changed".to_owned())),
    }
}

/// A line for each model; for people without those that were only read again.
fn differences(found: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    let changes = found["changes"].as_array().cloned().unwrap_or_default();
    if out.is_json() {
        return Ok(out.list(&changes, &[])?);
    }
    let (news, again): (Vec<Value>, Vec<Value>) = changes.into_iter().partition(is_news);
    let rows: Vec<Value> = news.iter().map(line).collect();
    let columns =
        [("CHANGE", "/change"), ("PROVIDER", "/provider"), ("MODEL", "/model"), ("WHAT", "/what")];
    if !rows.is_empty() {
        out.list(&rows, &columns)?;
    }
    let again = match again.len() {
        0 => String::new(),
        n => format!(", {n} have only another source or date"),
    };
    let models = cell(found.get("models"));
    Ok(out.raw(&format!("{} models would change{again}; {models} afterwards", rows.len()))?)
}

/// Whether it says more than that the same was read again from another source or on another day.
fn is_news(change: &Value) -> bool {
    let said = |field: &Value| field["field"] != "source" && field["field"] != "as_of";
    change["fields"].as_array().is_none_or(|fields| fields.iter().any(said))
}

fn line(change: &Value) -> Value {
    let fields = change["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let what = fields.iter().map(|it| {
        let old = it["old"].as_str().unwrap_or("unknown");
        let new = it["new"].as_str().unwrap_or("unknown");
        format!("{} {old} -> {new}", it["field"].as_str().unwrap_or_default())
    });
    json!({
        "change": change["change"],
        "provider": change["provider"],
        "model": change["model"],
        "what": what.collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(json: bool) -> String {
        let found = json!({"models": 3, "changes": [
            {"change": "added", "provider": "openai", "model": "gpt-6"},
            {"change": "changed", "provider": "openai", "model": "gpt-5", "fields": [
                {"field": "prices.input_per_1m", "old": "1.25", "new": "1"},
                {"field": "max_output", "old": null, "new": "64"},
            ]},
            {"change": "changed", "provider": "xai", "model": "grok", "fields": [
                {"field": "as_of", "old": "2026-11-22", "new": "2026-12-01"},
            ]},
        ]});
        let mut text = Vec::new();
        differences(&found, &mut Out::new(json, &mut text)).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn people_see_what_is_new() {
        assert_eq!(
            printed(false),
            "CHANGE   PROVIDER  MODEL  WHAT\n\
             added    openai    gpt-6  -\n\
             changed  openai    gpt-5  prices.input_per_1m 1.25 -> 1, max_output unknown -> 64\n\
             2 models would change, 1 have only another source or date; 3 afterwards\n"
        );
    }

    #[test]
    fn programs_see_everything() {
        let text = printed(true);
        let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2]["fields"][0]["field"], "as_of");
    }

    #[test]
    fn nothing_is_applied_that_nobody_agreed_to() {
        let ask = |terminal, answer: &str| {
            let mut asked = Vec::new();
            agreed(terminal, &mut answer.as_bytes(), &mut asked).map(|()| asked)
        };
        assert_eq!(ask(true, "y\n").unwrap(), b"apply it? [y/N] ");
        assert!(ask(true, "YES\n").is_ok());
        for no in ["\n", "n\n", "", "yep\n"] {
            assert!(matches!(ask(true, no), Err(Failure::Refused(_))), "{no:?}");
        }
        assert!(matches!(ask(false, "y\n"), Err(Failure::Usage(_))));
    }

    #[test]
    fn an_address_is_the_servers_to_fetch() {
        let sent = offer("https://catalog.example/c.json").unwrap();
        assert_eq!(sent, r#"{"url":"https://catalog.example/c.json"}"#);
        assert!(matches!(offer("/no/such/file"), Err(Failure::Usage(_))));
    }
}
