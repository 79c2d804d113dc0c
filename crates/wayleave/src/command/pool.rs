//! `wayleave pool`: the credentials that share a model's load.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::model::find;
use crate::cli::Context;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with a model's pool.
#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// Show one, and how its credentials fare on the node that answers
    Show(ModelArgs),
    /// Make it as said here; entries that are left out are removed
    Set(SetArgs),
    /// Let it share the load
    On(ModelArgs),
    /// Let the default credential serve; the pool is kept
    Off(ModelArgs),
}

/// Whose pool.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// The provider's name or id
    provider: String,
    /// The model's name or id
    model: String,
}

/// What a pool is to be.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[command(flatten)]
    of: ModelArgs,
    /// An entry, in order: a credential's name or id, or `default`, whichever that is; with ;weight=N and ;off
    #[arg(long = "entry", value_name = "CREDENTIAL[;weight=N][;off]")]
    entries: Vec<String>,
    /// How one is chosen: round_robin, weighted, least_busy, lowest_latency, priority; as it was if left out
    #[arg(long)]
    strategy: Option<String>,
    /// Switched on: needs two entries that can serve
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Switched off
    #[arg(long)]
    off: bool,
}

/// Does it.
pub async fn run(
    command: PoolCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let of = match &command {
        PoolCommand::Show(of) | PoolCommand::On(of) | PoolCommand::Off(of) => of,
        PoolCommand::Set(args) => &args.of,
    };
    let name = format!("{}/{}", of.provider, of.model);
    let id = find(&client, context, &of.provider, &of.model).await?;
    let path = context.path(&format!("/models/{id}/pool"));
    let done = match &command {
        PoolCommand::Show(_) => client.get(&path).await?,
        PoolCommand::On(_) => client.patch(&path, &json!({"enabled": true}), None).await?,
        PoolCommand::Off(_) => client.patch(&path, &json!({"enabled": false}), None).await?,
        PoolCommand::Set(args) => {
            let there = client.get(&path).await?;
            let wish = wish(args, &there.body)?;
            client.put(&path, &wish, there.etag.as_deref()).await?
        }
    };
    show(&name, &done.body, out)
}

fn show(name: &str, pool: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    let strategy = pool["strategy"].as_str().unwrap_or_default();
    let state = match (pool["active"] == true, pool["inactive_because"].as_str()) {
        (true, _) => "shares the load".to_owned(),
        (false, why) => format!("does not serve ({})", why.unwrap_or("off").replace('_', " ")),
    };
    out.said(pool, &format!("the pool of {name} {state}, {strategy}"))?;
    if out.is_json() {
        return Ok(());
    }
    let mut entries = pool["entries"].as_array().cloned().unwrap_or_default();
    for entry in entries.iter_mut().filter(|it| it["credential"].is_null()) {
        let now = entry["credential_name"].as_str().unwrap_or("none").to_owned();
        entry["credential_name"] = json!(format!("(default: {now})"));
    }
    let columns = [
        ("CREDENTIAL", "/credential_name"),
        ("WEIGHT", "/weight"),
        ("ENABLED", "/enabled"),
        ("INVALID", "/invalid"),
        ("CREDENTIAL IS", "/credential_health/state"),
        ("CAUSE", "/credential_health/cause"),
        ("FOR THIS MODEL", "/model_health/state"),
        ("CAUSE", "/model_health/cause"),
        ("SECONDS LEFT", "/model_health/seconds_left"),
    ];
    Ok(out.list(&entries, &columns)?)
}

/// The whole pool: what is not said stays. Entries keep their ids, each in the order of its
/// credential.
fn wish(args: &SetArgs, there: &Value) -> Result<Value, Failure> {
    let mut known = there["entries"].as_array().cloned().unwrap_or_default();
    let mut entries = Vec::with_capacity(args.entries.len());
    for text in &args.entries {
        let mut entry = entry(text)?;
        let same = |it: &Value| match entry.get("credential").and_then(Value::as_str) {
            None => it["credential"].is_null(),
            Some(named) => {
                it["credential"] == named
                    || (!it["credential"].is_null() && it["credential_name"] == named)
            }
        };
        if let Some(at) = known.iter().position(same) {
            entry.insert("id".to_owned(), known.remove(at)["id"].clone());
        }
        entries.push(Value::Object(entry));
    }
    let enabled = args.on || (!args.off && there["enabled"] == true);
    let strategy = args.strategy.as_ref().map_or_else(|| there["strategy"].clone(), |it| json!(it));
    Ok(json!({"enabled": enabled, "strategy": strategy, "entries": entries}))
}

/// `CREDENTIAL[;weight=N][;off]`.
fn entry(text: &str) -> Result<Map<String, Value>, Failure> {
    let mut parts = text.split(';');
    let mut entry = Map::new();
    match parts.next().unwrap_or_default() {
        "" => return Err(Failure::Usage(format!("--entry {text}: begin with a credential"))),
        "default" => {}
        credential => drop(entry.insert("credential".to_owned(), json!(credential))),
    }
    for part in parts {
        match part.split_once('=') {
            None if part == "off" => drop(entry.insert("enabled".to_owned(), json!(false))),
            Some(("weight", number)) => {
                let number: u32 = number.parse().map_err(|_| {
                    Failure::Usage(format!("--entry {text}: expected weight=NUMBER"))
                })?;
                entry.insert("weight".to_owned(), json!(number));
            }
            _ => {
                let why = format!("--entry {text}: expected weight=NUMBER or off, not `{part}`");
                return Err(Failure::Usage(why));
            }
        }
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(entries: &[&str]) -> SetArgs {
        SetArgs {
            of: ModelArgs { provider: "p".into(), model: "m".into() },
            entries: entries.iter().map(|it| (*it).to_owned()).collect(),
            strategy: None,
            on: false,
            off: false,
        }
    }

    #[test]
    fn what_is_not_said_stays_and_entries_keep_their_ids() {
        let there = json!({"enabled": true, "strategy": "weighted", "entries": [
            {"id": "pen_1", "credential": "cred_a", "credential_name": "a"},
            {"id": "pen_2", "credential": null, "credential_name": "a"},
        ]});
        let wish = wish(&args(&["default;off", "a;weight=3", "a"]), &there).expect("a wish");
        assert_eq!(
            wish,
            json!({"enabled": true, "strategy": "weighted", "entries": [
                {"id": "pen_2", "enabled": false},
                {"id": "pen_1", "credential": "a", "weight": 3},
                {"credential": "a"},
            ]})
        );
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_refused() {
        for wrong in ["", ";off", "a;weight=x", "a;weight", "a;heavy"] {
            assert!(entry(wrong).is_err(), "{wrong}");
        }
    }
}
