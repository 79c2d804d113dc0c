//! `wayleave sso`: single sign-on with OpenID Connect.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::secret_arg;
use crate::cli::Context;
use crate::exit::Failure;
use crate::output::{Out, cell};

/// What to do with single sign-on.
#[derive(Debug, Subcommand)]
pub enum SsoCommand {
    /// Show how it is set up
    Show,
    /// Set it up; what is not said is as if it had never been, but for the client secret
    Set(SetArgs),
    /// End it
    Remove,
}

/// How it is to be.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The issuer identifier, exactly as the issuer's own document spells it
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// What Wayleave is called there
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Where the client secret comes from: env:NAME, file:PATH or -; the stored one stays if absent
    #[arg(long, value_name = "SOURCE")]
    client_secret: Option<String>,
    /// What its button says
    #[arg(long)]
    label: Option<String>,
    /// Asked for beside openid; email and profile if none is named
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The claim that lists a person's groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    groups_claim: String,
    /// What a group makes of its people: GROUP=ROLE@WORKSPACE, or GROUP=operator; the group * is everybody
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<String>,
}

const PATH: &str = "/api/v1/system/sso";

/// Does it.
pub async fn run(
    command: SsoCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        SsoCommand::Show => {
            let shown = client.get(PATH).await?.body;
            out.said(&shown, &sentence(&shown))?;
        }
        SsoCommand::Set(args) => {
            let body = serde_json::to_vec(&wish(&args, context)?);
            let body = body.map_err(|error| Failure::Usage(error.to_string()))?;
            let done = client.put_bytes(PATH, body.into()).await?.body;
            out.said(&done, &sentence(&done))?;
        }
        SsoCommand::Remove => {
            let gone = client.delete(PATH).await?;
            out.said(&gone.body, "single sign-on has ended; people and sessions stay")?;
        }
    }
    Ok(())
}

fn sentence(shown: &Value) -> String {
    let text = |name: &str| cell(shown.get(name));
    let mut lines = format!(
        "people sign in at {} as client {}\nit must allow the redirect address {}",
        text("issuer"),
        text("client_id"),
        text("redirect_uri"),
    );
    for grant in shown["grants"].as_array().into_iter().flatten() {
        let (group, role) = (cell(grant.get("group")), cell(grant.get("role")));
        let place = match grant["workspace"].as_str() {
            Some(name) => format!("{role} of {name}"),
            None => role,
        };
        lines.push_str(&format!("\ngroup {group}: {place}"));
    }
    lines
}

fn wish(args: &SetArgs, context: &Context<'_>) -> Result<Value, Failure> {
    let grants = args.grants.iter().map(|it| grant(it)).collect::<Result<Vec<_>, _>>()?;
    let mut wish = json!({
        "issuer": args.issuer,
        "client_id": args.client_id,
        "groups_claim": args.groups_claim,
        "grants": grants,
    });
    if let Some(source) = &args.client_secret {
        let secret = secret_arg::read("--client-secret", source, context)?;
        wish["client_secret"] = json!(secret.expose_str());
    }
    if let Some(label) = &args.label {
        wish["label"] = json!(label);
    }
    if !args.scopes.is_empty() {
        wish["scopes"] = json!(args.scopes);
    }
    Ok(wish)
}

/// `GROUP=ROLE@WORKSPACE`; a group's name may have anything in it.
fn grant(text: &str) -> Result<Value, Failure> {
    let Some((group, what)) = text.rsplit_once('=') else {
        let why = "--grant: expected GROUP=ROLE@WORKSPACE, or GROUP=operator";
        return Err(Failure::Usage(why.to_owned()));
    };
    Ok(match what.split_once('@') {
        Some((role, workspace)) => json!({"group": group, "role": role, "workspace": workspace}),
        None => json!({"group": group, "role": what}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_names_group_role_and_workspace() {
        let all = json!({"group": "cn=devs,ou=x", "role": "editor", "workspace": "main"});
        assert_eq!(grant("cn=devs,ou=x=editor@main").unwrap(), all);
        assert_eq!(grant("ops=operator").unwrap(), json!({"group": "ops", "role": "operator"}));
        assert!(grant("ops").is_err());
    }
}
