//! `wayleave workspace settings`: what a workspace decides for itself.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::{Client, escape};
use crate::exit::Failure;
use crate::output::{Out, cell};

/// What to set; nothing: it is shown.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Its name
    name: String,
    /// Keep responses of providers that keep none, for so many days (30 if none are said)
    #[arg(long, value_name = "DAYS", num_args = 0..=1, default_missing_value = "30")]
    keep_responses: Option<u16>,
    /// Keep none any more; what is kept already stays until its time
    #[arg(long, conflicts_with = "keep_responses")]
    no_keep_responses: bool,
    /// So many proofs of credentials may cost something in an hour; 0: none
    #[arg(long, value_name = "NUMBER")]
    proofs_per_hour: Option<u16>,
    #[command(flatten)]
    editors: EditorArgs,
}

/// Limits of editors. Those that are not named stay.
#[derive(Debug, Args)]
struct EditorArgs {
    /// An environment whose keys editors may make, change and rotate; may be given again
    #[arg(long = "editor-environment", value_name = "NAME")]
    environments: Vec<String>,
    /// Keys that editors make or change must expire within so many days
    #[arg(long = "editor-key-days", value_name = "DAYS")]
    key_days: Option<u16>,
    /// A model that aliases of editors may lead to; may be given again
    #[arg(long = "editor-model", value_name = "PROVIDER/MODEL")]
    models: Vec<String>,
    /// Keys that editors make must name their aliases
    #[arg(
        long = "editor-aliases-per-key", value_name = "BOOL", num_args = 0..=1,
        default_missing_value = "true"
    )]
    aliases_per_key: Option<bool>,
    /// Lift all limits of editors, but those that are named beside
    #[arg(long)]
    no_editor_limits: bool,
}

impl EditorArgs {
    /// The limits that are named, over those that `are`; `None`: none is named.
    fn over(&self, are: &Value) -> Option<Value> {
        let mut limits = match are {
            Value::Object(_) if !self.no_editor_limits => are.clone(),
            _ => json!({}),
        };
        if !self.environments.is_empty() {
            limits["environments"] = json!(self.environments);
        }
        if let Some(days) = self.key_days {
            limits["key_days"] = json!(days);
        }
        if !self.models.is_empty() {
            limits["models"] = json!(self.models);
        }
        if let Some(named) = self.aliases_per_key {
            limits["aliases_per_key"] = json!(named);
        }
        self.says_something().then_some(limits)
    }

    fn says_something(&self) -> bool {
        self.no_editor_limits
            || self.key_days.is_some()
            || self.aliases_per_key.is_some()
            || !self.environments.is_empty()
            || !self.models.is_empty()
    }
}

/// Does it.
pub async fn run(
    args: SettingsArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = format!("/api/v1/workspaces/{}/settings", escape(&args.name));
    let wish = wish(&args, &client, &path).await?;
    let settings = match wish.as_object().is_some_and(|it| !it.is_empty()) {
        true => client.patch(&path, &wish, None).await?.body,
        false => client.get(&path).await?.body,
    };
    let kept = match settings.pointer("/keep_responses/days") {
        Some(days) => format!("responses are kept for {days} days"),
        None => "responses are not kept".to_owned(),
    };
    let most = cell(settings.get("proofs_per_hour"));
    let editors = limits(settings.get("editor_limits").unwrap_or(&Value::Null));
    let text =
        format!("{kept}\n{most} proofs of credentials may cost something in an hour\n{editors}");
    out.said(&settings, &text)?;
    Ok(())
}

async fn wish(args: &SettingsArgs, client: &Client, path: &str) -> Result<Value, Failure> {
    let mut wish = json!({});
    if let Some(days) = args.keep_responses {
        wish["keep_responses"] = json!({"days": days});
    } else if args.no_keep_responses {
        wish["keep_responses"] = Value::Null;
    }
    if let Some(most) = args.proofs_per_hour {
        wish["proofs_per_hour"] = json!(most);
    }
    if args.editors.says_something() {
        let are = client.get(path).await?.body;
        if let Some(limits) = args.editors.over(&are["editor_limits"]) {
            wish["editor_limits"] = limits;
        }
    }
    Ok(wish)
}

/// The limits in words.
fn limits(limits: &Value) -> String {
    let names = |field: &str| {
        let names = limits[field].as_array()?.iter().map(|it| cell(Some(it)));
        let names = names.collect::<Vec<_>>().join(", ");
        Some(if names.is_empty() { "nothing".to_owned() } else { names })
    };
    let said = [
        names("environments").map(|it| format!("keys of editors are of: {it}")),
        limits["key_days"].as_u64().map(|it| format!("keys of editors expire within {it} days")),
        (limits["aliases_per_key"] == true).then(|| "keys of editors name their aliases".into()),
        names("models").map(|it| format!("aliases of editors lead to: {it}")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { "editors are not limited".to_owned() } else { said.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        editors: EditorArgs,
    }

    fn over(line: &[&str], are: &Value) -> Option<Value> {
        Line::parse_from(["x"].iter().chain(line)).editors.over(are)
    }

    #[test]
    fn limits_that_are_not_named_stay() {
        let are = json!({"environments": ["test"], "key_days": 30});
        assert_eq!(over(&[], &are), None);
        assert_eq!(
            over(&["--editor-key-days", "9", "--editor-aliases-per-key"], &are),
            Some(json!({"environments": ["test"], "key_days": 9, "aliases_per_key": true}))
        );
        assert_eq!(over(&["--no-editor-limits"], &are), Some(json!({})));
        let only = ["--no-editor-limits", "--editor-model", "p/x", "--editor-model", "p/y"];
        assert_eq!(over(&only, &are), Some(json!({"models": ["p/x", "p/y"]})));
        let off = ["--editor-aliases-per-key", "false"];
        assert_eq!(over(&off, &Value::Null), Some(json!({"aliases_per_key": false})));
    }

    #[test]
    fn limits_are_told_in_words() {
        assert_eq!(limits(&Value::Null), "editors are not limited");
        assert_eq!(
            limits(&json!({"environments": [], "key_days": 30, "aliases_per_key": false})),
            "keys of editors are of: nothing\nkeys of editors expire within 30 days"
        );
    }
}
