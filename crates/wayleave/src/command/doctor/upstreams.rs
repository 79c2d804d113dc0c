//! The server that runs on this data folder, if one does, and whether its providers can be reached.

use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::ask::Caller;
use super::finding::{Finding, Findings};
use crate::cli::Context;
use crate::client::{Client, escape};
use crate::config::Config;
use crate::exit::Failure;
use crate::net::{self, Base, Place};

/// How long a provider's host may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server whether it serves, and tries a connection to each provider's host.
pub(super) async fn look(
    config: &Config,
    context: &Context<'_>,
    findings: &mut Findings<'_, '_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let workspaces = match client.list("/api/v1/system/workspaces").await {
        Ok(workspaces) => workspaces,
        Err(Failure::Unreached(why)) => {
            let why = why.lines().next().unwrap_or_default();
            return Ok(findings
                .add(Finding::skipped("server", format!("none is running here ({why})")))?);
        }
        Err(error) => {
            return Ok(findings.add(Finding::broken(
                "server",
                error.to_string(),
                "see its log",
            ))?);
        }
    };
    let info = client.get("/api/v1/system/info").await?;
    let ca = config.tls.as_ref().map(|it| it.cert.as_path());
    findings.add(ready(info.body["url"].as_str().unwrap_or_default(), ca).await)?;
    for workspace in &workspaces {
        let name = workspace["name"].as_str().unwrap_or_default();
        for provider in providers(&client, name).await? {
            if let Some(finding) = reach(name, &provider).await {
                findings.add(finding)?;
            }
        }
    }
    Ok(())
}

/// Asks at the address that clients are told.
async fn ready(url: &str, ca: Option<&Path>) -> Finding {
    let base = match Base::parse(url) {
        Ok(base) => base,
        Err(why) => {
            return Finding::broken(
                "server",
                format!("clients are told {url}: {why}"),
                "correct --public-url",
            );
        }
    };
    let caller = Caller { base, key: None, ca };
    match caller.call(Method::GET, "/readyz", None).await {
        Err(why) => {
            let what = format!("it runs, but not at {url}, where clients are sent: {why}");
            Finding::broken("server", what, "correct --public-url, or the proxy before it")
        }
        Ok(reply) => {
            let body = reply.json().unwrap_or(Value::Null);
            let degraded: Vec<&str> = body["degraded"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|it| it["message"].as_str().or(it["code"].as_str()))
                .collect();
            match (reply.status.is_success(), degraded.is_empty()) {
                (true, true) => Finding::good("server", format!("serves at {url}")),
                (true, false) => {
                    let what = format!("serves at {url}, but {}", degraded.join(", "));
                    Finding::warning("server", what, "see its log")
                }
                (false, _) => {
                    Finding::broken("server", format!("does not serve: {body}"), "see its log")
                }
            }
        }
    }
}

async fn providers(client: &Client, workspace: &str) -> Result<Vec<Value>, Failure> {
    client.list(&format!("/api/v1/workspaces/{}/providers", escape(workspace))).await
}

/// `None` for a kind that has no address.
async fn reach(workspace: &str, provider: &Value) -> Option<Finding> {
    let kind = wayleave_provider::kind(provider["kind"].as_str()?)?;
    let url = provider["base_url"].as_str().or(kind.manifest().default_base_url)?;
    let Ok(Base { place: Place::Tcp { host, port, .. }, .. }) = Base::parse(url) else {
        return None;
    };
    let name = format!("{workspace}/{}", provider["name"].as_str().unwrap_or_default());
    let tried = tokio::time::timeout(PATIENCE, net::tcp(&host, port)).await;
    Some(match tried {
        Ok(Ok(_)) => {
            Finding::good("upstream", format!("{name} accepts connections at {host}:{port}"))
        }
        Ok(Err(why)) => Finding::broken(
            "upstream",
            format!("{name}: {why}"),
            "check its base URL, and firewalls on the way",
        ),
        Err(_) => Finding::broken(
            "upstream",
            format!("{name}: {host}:{port} does not answer"),
            "check firewalls on the way",
        ),
    })
}
