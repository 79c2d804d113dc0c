//! `wayleave apply -f FILE`: makes a server as a setup file says, and prints what that changes.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};
use wayleave_admin::Problem;
use wayleave_admin::apply::document::{Document, Hidden, Sent};
use wayleave_admin::apply::plan::Action;
use wayleave_admin::apply::{self, Options};
use wayleave_model::{Clock, Secret};
use wayleave_store::{Actor, Store};

use crate::apply_file;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::{Out, cell};

/// What to apply, and how far.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The setup file; - for standard input
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Show the plan, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what an earlier apply made and the file no longer has
    #[arg(long)]
    prune: bool,
    /// Take over things of the same name that were made otherwise
    #[arg(long)]
    adopt: bool,
    /// Prove new and changed credentials first, and save nothing unless all are: by what costs
    /// nothing, or with the smallest call of a model
    #[arg(
        long,
        value_name = "HOW",
        value_parser = ["free", "paid"],
        num_args = 0..=1,
        default_missing_value = "free",
        require_equals = true
    )]
    validate: Option<String>,
}

/// Applies every document of the file, each in a transaction of its own.
pub async fn run(
    args: &ApplyArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let text = read(&args.file)?;
    let documents = apply_file::load(&args.file, &text, context.env);
    let documents = documents.map_err(|error| Failure::Usage(error.to_string()))?;
    let client = context.client()?;
    for document in documents {
        let workspace = document.workspace.clone();
        let mut query =
            format!("dry_run={}&prune={}&adopt={}", args.dry_run, args.prune, args.adopt);
        if let Some(how) = &args.validate {
            query.push_str("&validate=");
            query.push_str(how);
        }
        let path = format!("/api/v1/workspaces/{}/apply?{query}", escape(&workspace));
        let done = client.post_bytes(&path, body(document)?).await?;
        show(&workspace, args, &done.body, out)?;
    }
    Ok(())
}

/// Applies a setup file before a server starts, as `serve --apply FILE` wants it.
///
/// # Errors
/// What is wrong with the file, or what stands in its way.
pub async fn at_start(file: &Path, store: &Store) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let documents = apply_file::load(file, &read(file)?, &env);
    for document in documents.map_err(|error| Failure::Usage(error.to_string()))? {
        let workspace = document.workspace.clone();
        let document = document.map_secrets(|it| Ok::<_, Failure>(Hidden(it)))?;
        let actor = Actor::system("serve --apply");
        let done = apply::run(store, &Clock::system(), &actor, document, Options::default()).await;
        let done = done.map_err(|problem| {
            Failure::Refused(format!("{}: {}", file.display(), lines(&problem)))
        })?;
        let changed = done.changes.iter().filter(|it| it.action != Action::Unchanged).count();
        tracing::info!(file = %file.display(), workspace, changed, "setup file applied");
        for note in &done.notes {
            tracing::warn!(file = %file.display(), workspace, "{note}");
        }
        for minted in &done.secrets {
            // Shown once, where the other secrets of a first start are: never in the log.
            let secret = minted.secret.0.expose_str().unwrap_or_default();
            writeln!(
                std::io::stderr(),
                "  the secret of key {} is shown only now: {secret}",
                minted.key
            )?;
        }
    }
    Ok(())
}

fn lines(problem: &Problem) -> String {
    let fields = problem.errors.iter().map(|it| format!("\n  {}: {}", it.field, it.message));
    format!("{}{}", problem.detail, fields.collect::<String>())
}

fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

fn body(document: Document<Secret>) -> Result<Bytes, Failure> {
    let sent = document.map_secrets(|it| Ok::<_, Failure>(Sent(it)))?;
    let bytes = serde_json::to_vec(&sent).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

fn show(
    workspace: &str,
    args: &ApplyArgs,
    answer: &Value,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.raw(&answer.to_string())?);
    }
    let list = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (unchanged, changes): (Vec<Value>, Vec<Value>) =
        list("changes").into_iter().partition(|it| it["action"] == json!("unchanged"));
    for change in &changes {
        let fields = if change["fields"].is_null() {
            String::new()
        } else {
            format!(": {}", cell(change.get("fields")))
        };
        let line = [cell(change.get("action")), cell(change.get("noun")), cell(change.get("name"))];
        out.raw(&format!("{:6} {:10} {}{fields}", line[0], line[1], line[2]))?;
    }
    for left in list("left") {
        let (noun, name) = (cell(left.get("noun")), cell(left.get("name")));
        out.raw(&format!("left   {noun:10} {name}: no longer in the file; --prune removes it"))?;
    }
    for note in list("notes") {
        out.raw(&format!("note: {}", cell(Some(&note))))?;
    }
    for proven in list("proven") {
        out.raw(&format!("proven {}", cell(Some(&proven))))?;
    }
    for minted in list("secrets") {
        let (key, secret) = (cell(minted.get("key")), cell(minted.get("secret")));
        out.raw(&format!("the secret of key {key} is shown only now: {secret}"))?;
    }
    let verb = if args.dry_run { "would change" } else { "changed" };
    let line = format!(
        "workspace {workspace}: {} {verb}, {} as they should be",
        changes.len(),
        unchanged.len()
    );
    Ok(out.raw(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_sent_with_its_secrets() {
        let text = "version: 1\nworkspace: w\nkeys: [{name: k, owner: o, environment: e, secret: wl_0123456789abcdef0}]\n";
        let documents = apply_file::load(Path::new("s"), text, &|_| None).unwrap();
        let sent = body(documents.into_iter().next().unwrap()).unwrap();
        assert_eq!(
            std::str::from_utf8(&sent).unwrap(),
            r#"{"version":1,"workspace":"w","keys":[{"name":"k","secret":"wl_0123456789abcdef0","owner":"o","environment":"e"}]}"#
        );
    }

    #[test]
    fn a_plan_is_printed_line_by_line() {
        let answer = json!({
            "changes": [
                {"action": "create", "noun": "alias", "name": "fast"},
                {"action": "update", "noun": "provider", "name": "p", "fields": ["base_url", "settings"]},
                {"action": "unchanged", "noun": "key", "name": "ci"},
            ],
            "left": [{"action": "delete", "noun": "key", "name": "old"}],
            "secrets": [{"key": "new", "secret": "wl_x"}],
        });
        let args = ApplyArgs {
            file: "s".into(),
            dry_run: true,
            prune: false,
            adopt: false,
            validate: None,
        };
        let mut text = Vec::new();
        show("main", &args, &answer, &mut Out::new(false, &mut text)).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "create alias      fast\n\
             update provider   p: base_url,settings\n\
             left   key        old: no longer in the file; --prune removes it\n\
             the secret of key new is shown only now: wl_x\n\
             workspace main: 2 would change, 1 as they should be\n"
        );
    }
}
