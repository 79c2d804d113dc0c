//! `wayleave alias`: public model names, and the versions of where they lead.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with aliases.
#[derive(Debug, Subcommand)]
pub enum AliasCommand {
    /// Lead an alias to targets, tried in order; made if there is none of that name
    Set(SetArgs),
    /// Show all
    List,
    /// Show every version of one's route
    Versions {
        /// Its name or id
        alias: String,
    },
    /// Go back to a version of its route
    Restore {
        /// Its name or id
        alias: String,
        /// The version's number
        number: i64,
        /// Why, for the log
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Remove one
    Delete {
        /// Its name or id
        alias: String,
    },
}

/// Where an alias leads.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Its name
    name: String,
    /// PROVIDER/MODEL, and options behind semicolons: `;weight=3`, `;group=1` (the same number shares the load),
    /// `;credential=NAME`, `;credential.production=NAME` (for keys of that environment), `;type=llm`
    #[arg(long = "target", value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// How requests behave, as a JSON object like {"answer_model":"alias"}
    #[arg(long, value_name = "JSON")]
    policy: Option<String>,
    /// Why, for the log
    #[arg(long, default_value = "")]
    reason: String,
}

/// Does it.
pub async fn run(
    command: AliasCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |alias: &str, rest: &str| context.path(&format!("/aliases/{}{rest}", escape(alias)));
    match command {
        AliasCommand::Set(args) => set(&args, context, out).await?,
        AliasCommand::List => {
            let columns = [
                ("NAME", "/name"),
                ("TARGETS", "/target_names"),
                ("VERSION", "/route/number"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&context.path("/aliases")).await?, &columns)?;
        }
        AliasCommand::Versions { alias } => {
            let columns = [
                ("VERSION", "/number"),
                ("MADE", "/created_at"),
                ("BY", "/author"),
                ("TARGETS", "/target_names"),
                ("REASON", "/reason"),
            ];
            out.list(&client.list(&path(&alias, "/versions")).await?, &columns)?;
        }
        AliasCommand::Restore { alias, number, reason } => {
            let done = client
                .post(&path(&alias, "/restore"), &json!({"number": number, "reason": reason}))
                .await?;
            out.said(&done.body, &format!("alias {alias} leads where version {number} led"))?;
        }
        AliasCommand::Delete { alias } => {
            let gone = client.delete(&path(&alias, "")).await?;
            out.said(&gone.body, &format!("alias {alias} removed"))?;
        }
    }
    Ok(())
}

async fn set(args: &SetArgs, context: &Context<'_>, out: &mut Out<'_>) -> Result<(), Failure> {
    let client = context.client()?;
    let targets =
        args.targets.iter().map(|text| target(text)).collect::<Result<Vec<Value>, String>>();
    let targets = targets.map_err(|why| Failure::Usage(format!("--target: {why}")))?;
    let mut wish = json!({"targets": targets, "reason": args.reason});
    if let Some(text) = &args.policy {
        let policy: Value = serde_json::from_str(text)
            .map_err(|error| Failure::Usage(format!("--policy is not JSON: {error}")))?;
        wish["policy"] = policy;
    }
    let path = context.path(&format!("/aliases/{}", escape(&args.name)));
    let done = match client.find(&path).await? {
        Some(there) => client.patch(&path, &wish, there.etag.as_deref()).await?,
        None => {
            wish["name"] = json!(args.name);
            client.post(&context.path("/aliases"), &wish).await?
        }
    };
    let number = done.body.pointer("/route/number").and_then(Value::as_i64).unwrap_or_default();
    Ok(out.said(&done.body, &format!("alias {} leads to its version {number}", args.name))?)
}

/// `openai-main/gpt-x;weight=3` as the API wants it. A provider's name ends at the first slash: a
/// model's may hold more.
fn target(text: &str) -> Result<Value, String> {
    let mut parts = text.split(';');
    let named = parts.next().and_then(|it| it.split_once('/'));
    let Some((provider, model)) =
        named.filter(|(provider, model)| !provider.is_empty() && !model.is_empty())
    else {
        return Err(format!("`{text}` is not PROVIDER/MODEL"));
    };
    let mut target = json!({"provider": provider, "model": model});
    for option in parts {
        let (name, value) =
            option.split_once('=').ok_or_else(|| format!("`{option}` is not NAME=VALUE"))?;
        if let Some(environment) = name.strip_prefix("credential.") {
            target["environments"][environment] = json!(value);
            continue;
        }
        target[name] = match name {
            "weight" | "group" => {
                let number: u32 =
                    value.parse().map_err(|_| format!("`{value}` is not a number"))?;
                json!(number)
            }
            "credential" | "type" => json!(value),
            _ => {
                return Err(format!(
                    "`{name}` is none of weight, group, credential, credential.ENVIRONMENT, type"
                ));
            }
        };
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_have_slashes_in_its_model() {
        let read = target("router/meta/llama-3;weight=3;group=1;credential=eu").unwrap();
        let want = json!({"provider": "router", "model": "meta/llama-3", "weight": 3, "group": 1, "credential": "eu"});
        assert_eq!(read, want);
    }

    #[test]
    fn a_target_may_name_a_credential_for_each_environment() {
        let read =
            target("p/m;credential=any;credential.production=prod;credential.a.b=c").unwrap();
        let want = json!({"provider": "p", "model": "m", "credential": "any", "environments": {"production": "prod", "a.b": "c"}});
        assert_eq!(read, want);
    }

    #[test]
    fn a_target_that_is_none_is_refused() {
        for text in ["gpt-x", "/gpt-x", "p/", "p/m;weight", "p/m;weight=x", "p/m;colour=red"] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
