//! `wayleave key update`: what is said of a key. Its secrets stay.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::command::usage::instant;
use crate::exit::Failure;

/// What changes; what is not named stays.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct UpdateArgs {
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another owner, by name or id
    #[arg(long)]
    owner: Option<String>,
    /// Like production or test
    #[arg(long)]
    environment: Option<String>,
    /// What it is for
    #[arg(long)]
    purpose: Option<String>,
    /// An alias it may call, and no others but those named with it
    #[arg(long = "alias", value_name = "NAME", conflicts_with = "all_aliases")]
    aliases: Vec<String>,
    /// It may call every alias
    #[arg(long)]
    all_aliases: bool,
    /// A label copied into each usage row, in place of those it had
    #[arg(long = "tag", value_name = "TEXT")]
    tags: Vec<String>,
    /// Refused from then on: RFC 3339, from now like 90d, or never
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// What becomes of requests that a target cannot carry whole: warn or refuse (the stricter of
    /// this and the alias's policy holds), or alias for what the alias says
    #[arg(long, value_parser = ["warn", "refuse", "alias"])]
    losses: Option<String>,
    /// Honour it again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Refuse it until it is enabled again
    #[arg(long)]
    disable: bool,
}

/// As the API wants it.
pub(super) fn wish(args: &UpdateArgs) -> Result<Value, Failure> {
    let mut wish = Map::new();
    let texts = [
        ("name", &args.name),
        ("owner", &args.owner),
        ("environment", &args.environment),
        ("purpose", &args.purpose),
    ];
    for (field, text) in texts {
        wish.extend(text.as_ref().map(|text| (field.to_owned(), json!(text))));
    }
    let mut put = |field: &str, value: Value| drop(wish.insert(field.to_owned(), value));
    if args.all_aliases {
        put("aliases", Value::Null);
    } else if !args.aliases.is_empty() {
        put("aliases", json!(args.aliases));
    }
    if !args.tags.is_empty() {
        put("tags", json!(args.tags));
    }
    match args.expires.as_deref() {
        None => {}
        Some("never") => put("expires_at", Value::Null),
        Some(text) => {
            let at =
                instant(text, true).map_err(|why| Failure::Usage(format!("--expires: {why}")))?;
            put("expires_at", json!(at.to_string()));
        }
    }
    match args.losses.as_deref() {
        None => {}
        Some("alias") => put("losses", Value::Null),
        Some(word) => put("losses", json!(word)),
    }
    if args.enable || args.disable {
        put("enabled", json!(args.enable));
    }
    Ok(Value::Object(wish))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: UpdateArgs,
    }

    fn wished(line: &[&str]) -> Option<Value> {
        let line = Line::try_parse_from(["update"].iter().chain(line)).ok()?;
        wish(&line.args).ok()
    }

    #[test]
    fn only_what_is_named_changes() {
        assert_eq!(wished(&["--losses", "refuse"]), Some(json!({"losses": "refuse"})));
        assert_eq!(
            wished(&["--losses", "alias", "--expires", "never", "--all-aliases", "--disable"]),
            Some(json!({"losses": null, "expires_at": null, "aliases": null, "enabled": false}))
        );
        assert_eq!(
            wished(&["--alias", "a", "--alias", "b", "--tag", "t", "--enable", "--name", "n"]),
            Some(json!({"aliases": ["a", "b"], "tags": ["t"], "enabled": true, "name": "n"}))
        );
    }

    #[test]
    fn nothing_to_change_and_contradictions_are_mistakes() {
        for line in [
            &[][..],
            &["--losses", "maybe"],
            &["--enable", "--disable"],
            &["--alias", "a", "--all-aliases"],
            &["--expires", "soon"],
        ] {
            assert_eq!(wished(line), None, "{line:?}");
        }
    }
}
