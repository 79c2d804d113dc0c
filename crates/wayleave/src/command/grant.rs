//! `wayleave grant`: what of the system's providers workspaces are supplied with, managed by the operator.

use clap::Subcommand;
use serde_json::{Value, json};
use wayleave_model::NanoUsd;

use super::usage::instant;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Supply the workspace (`--workspace`) with a provider of the system
    Create {
        /// The system's provider: `wayleave --workspace system provider list`
        system_provider: String,
        /// The workspace's own provider that is supplied [default: its oldest of that kind without a
        /// grant, else a new one]
        #[arg(long)]
        provider: Option<String>,
        /// A model that it covers [default: all predefined ones]
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// How much may be used: paid, free or trial; money (in USD), tokens or calls; a number or
        /// `unlimited`; and when it expires, like `trial:calls:100:30d`
        #[arg(long = "quota", value_name = "TYPE:UNIT:LIMIT[:EXPIRES]")]
        quotas: Vec<String>,
    },
    /// Show those of all workspaces
    List {
        /// Only those of this one
        #[arg(long, value_name = "NAME")]
        of: Option<String>,
    },
    /// Show one, with what is used of it
    Show {
        /// Its id
        grant: String,
    },
    /// Change one, at once
    Update {
        /// Its id
        grant: String,
        /// A model that it covers from now on, with all others named here
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// It covers all predefined models
        #[arg(long, conflicts_with = "models")]
        all_models: bool,
        /// A quota from now on, with all others named here; what is used of one stays while its type
        /// and unit do
        #[arg(long = "quota", value_name = "TYPE:UNIT:LIMIT[:EXPIRES]")]
        quotas: Vec<String>,
        /// It supplies again
        #[arg(long)]
        enable: bool,
        /// It supplies nothing
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
    },
    /// Take one back
    Delete {
        /// Its id
        grant: String,
    },
}

const PATH: &str = "/api/v1/system/grants";

/// Does it.
pub async fn run(
    command: GrantCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let at = |grant: &str| format!("{PATH}/{}", escape(grant));
    match command {
        GrantCommand::Create { system_provider, provider, models, quotas } => {
            let wish = json!({
                "workspace": context.workspace(),
                "system_provider": system_provider,
                "provider": provider,
                "models": (!models.is_empty()).then_some(models),
                "quotas": all(&quotas)?,
            });
            let made = client.post(PATH, &wish).await?;
            let name = made.body["provider"].as_str().unwrap_or_default();
            let id = made.body["id"].as_str().unwrap_or_default();
            let said = format!(
                "{system_provider} supplies provider {name} of {}: {id}",
                context.workspace()
            );
            out.said(&made.body, &said)?;
        }
        GrantCommand::List { of } => {
            let query = of.map_or_else(String::new, |it| format!("?workspace={}", escape(&it)));
            let mut rows = client.list(&format!("{PATH}{query}")).await?;
            if !out.is_json() {
                rows.iter_mut().for_each(in_words);
            }
            let columns = [
                ("WORKSPACE", "/workspace"),
                ("PROVIDER", "/provider"),
                ("SUPPLIED BY", "/system_provider"),
                ("ENABLED", "/enabled"),
                ("QUOTAS", "/quotas"),
                ("ID", "/id"),
            ];
            out.list(&rows, &columns)?;
        }
        GrantCommand::Show { grant } => {
            let shown = client.get(&at(&grant)).await?.body;
            let mut quotas = shown["quotas"].as_array().cloned().unwrap_or_default();
            if out.is_json() {
                return Ok(out.said(&shown, "")?);
            }
            quotas.iter_mut().for_each(amounts);
            let columns = [
                ("TYPE", "/type"),
                ("UNIT", "/unit"),
                ("LIMIT", "/limit"),
                ("USED", "/used"),
                ("LEFT", "/left"),
                ("EXPIRES", "/expires_at"),
                ("VALID", "/valid"),
            ];
            out.list(&quotas, &columns)?;
        }
        GrantCommand::Update { grant, models, all_models, quotas, enable, disable } => {
            let mut wish = json!({});
            if all_models || !models.is_empty() {
                wish["models"] = json!((!all_models).then_some(models));
            }
            if !quotas.is_empty() {
                wish["quotas"] = all(&quotas)?.into();
            }
            if enable || disable {
                wish["enabled"] = enable.into();
            }
            let changed = client.patch(&at(&grant), &wish, None).await?;
            out.said(&changed.body, &format!("grant {grant} changed"))?;
        }
        GrantCommand::Delete { grant } => {
            let gone = client.delete(&at(&grant)).await?;
            out.said(&gone.body, &format!("grant {grant} taken back"))?;
        }
    }
    Ok(())
}

fn all(quotas: &[String]) -> Result<Vec<Value>, Failure> {
    quotas.iter().map(|it| quota(it)).collect()
}

/// `trial:calls:100:30d` as the API takes it.
fn quota(text: &str) -> Result<Value, Failure> {
    let wrong = |why: &str| {
        Failure::Usage(format!("--quota {text}: {why}: expected TYPE:UNIT:LIMIT[:EXPIRES]"))
    };
    let mut parts = text.splitn(4, ':');
    let (Some(kind), Some(unit), Some(limit)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong("a part is missing"));
    };
    let limit = match (limit, unit) {
        ("unlimited" | "-1", _) => -1,
        (usd, "money") => usd.parse::<NanoUsd>().map_err(|err| wrong(&format!("LIMIT: {err}")))?.0,
        (number, _) => number.parse::<i64>().map_err(|_| wrong("LIMIT is no whole number"))?,
    };
    let expires = parts.next().map(|it| instant(it, true)).transpose();
    let expires = expires.map_err(|why| wrong(&format!("EXPIRES: {why}")))?;
    let expires = expires.map(|at| at.to_string());
    Ok(json!({"type": kind, "unit": unit, "limit": limit, "expires_at": expires}))
}

/// A grant's quotas in one cell.
fn in_words(grant: &mut Value) {
    let said = |it: &Value| {
        let mut it = it.clone();
        amounts(&mut it);
        let word = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}/{} {}", word("type"), word("used"), word("limit"), word("unit"))
    };
    let all: Vec<String> = grant["quotas"].as_array().into_iter().flatten().map(said).collect();
    grant["quotas"] = all.join(", ").into();
}

/// Amounts as people read them: dollars for money, a word for no limit.
fn amounts(quota: &mut Value) {
    let money = quota["unit"] == "money";
    for name in ["limit", "used", "left"] {
        let Some(amount) = quota[name].as_i64() else { continue };
        quota[name] = match (amount, name) {
            (-1, "limit" | "left") => "unlimited".into(),
            (amount, _) if money => NanoUsd(amount).to_string().into(),
            (amount, _) => amount.to_string().into(),
        };
    }
    if money {
        quota["unit"] = "USD".into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_as_the_api_takes_it() {
        let read = |text: &str| quota(text).unwrap();
        assert_eq!(
            read("trial:calls:100"),
            json!({"type": "trial", "unit": "calls", "limit": 100, "expires_at": null})
        );
        assert_eq!(read("paid:money:12.5")["limit"], 12_500_000_000_i64);
        assert_eq!(read("free:tokens:unlimited")["limit"], -1);
        let until = read("free:tokens:5:2027-01-01T00:00:00Z");
        assert_eq!(until["expires_at"], "2027-01-01T00:00:00.000000Z");
        for wrong in ["trial", "trial:calls", "trial:calls:many", "paid:money:a", "free:calls:1:x"]
        {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn quotas_are_shown_as_people_read_them() {
        let mut grant = json!({"quotas": [
            {"type": "paid", "unit": "money", "limit": 2_000_000_000_i64, "used": 500_000_000, "left": 1},
            {"type": "free", "unit": "calls", "limit": -1, "used": 7, "left": -1},
        ]});
        in_words(&mut grant);
        assert_eq!(grant["quotas"], "paid 0.5/2 USD, free 7/unlimited calls");
    }
}
