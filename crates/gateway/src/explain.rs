//! `POST /v1/explain`: what would be sent where, with which losses and at which price. Nothing is
//! sent.

use std::borrow::Cow;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wayleave_dialect::{Loss, Severity};
use wayleave_model::NanoUsd;

use crate::outbound::{self, Media};
use crate::pipeline::Conversation;
use crate::refusal::Refusal;
use crate::trail::UNLIMITED_OUTPUT;
use crate::world::Target;

/// A request that is not to be sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Where it would be sent, like `/v1/messages`.
    pub path: String,
    /// What it would say.
    pub body: Box<RawValue>,
}

#[derive(Serialize)]
struct Explained<'a> {
    object: &'static str,
    model: &'a str,
    route_version: String,
    stream: bool,
    estimated_input_tokens: u64,
    targets: Vec<Considered<'a>>,
}

/// A target, in the order in which they would be tried.
#[derive(Serialize)]
struct Considered<'a> {
    provider: &'a str,
    model: &'a str,
    dialect: &'static str,
    url: String,
    translated: bool,
    edits: Vec<Cow<'static, str>>,
    losses: Vec<Lost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    /// An upper bound: every token in its dearest unit, output at the limit.
    max_cost_usd: String,
    max_cost_nanos: i64,
}

#[derive(Serialize)]
struct Lost {
    path: String,
    reason: &'static str,
    severity: &'static str,
}

#[derive(Serialize)]
struct Refused {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
}

/// Reads the question.
pub fn question(body: &[u8]) -> Result<Question, Refusal> {
    serde_json::from_slice(body).map_err(|err| {
        let message =
            format!("expected {{\"path\": \"/v1/chat/completions\", \"body\": {{…}}}}: {err}");
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    })
}

/// What each target of `it` would be sent.
pub async fn explain(it: &Conversation<'_>) -> Vec<u8> {
    let mut targets = Vec::with_capacity(it.targets.len());
    for target in &it.targets {
        targets.extend(considered(it, target).await);
    }
    let explained = Explained {
        object: "explanation",
        model: &it.route.name,
        route_version: it.route.version.to_string(),
        stream: it.ask.stream,
        estimated_input_tokens: it.ask.asked.estimated_input,
        targets,
    };
    // Strings, numbers and JSON that was read before always serialise.
    serde_json::to_vec(&explained).unwrap_or_default()
}

async fn considered<'a>(it: &Conversation<'_>, target: &'a Target) -> Option<Considered<'a>> {
    let endpoint = target.endpoint(it.dialect)?;
    let uri = if it.ask.stream { &endpoint.stream_uri } else { &endpoint.uri };
    let limit = it.ask.max_output.or(target.facts.max_output).unwrap_or(UNLIMITED_OUTPUT);
    let cost: NanoUsd = target.price.ceiling(it.ask.asked.bytes, limit);
    let mut considered = Considered {
        provider: &target.label.provider_name,
        model: &target.label.model_name,
        dialect: endpoint.dialect.as_str(),
        // Where the operator's provider is, is the operator's to know.
        url: match target.label.supply {
            Some(_) => "supplied by the operator".to_owned(),
            None => uri.to_string(),
        },
        translated: endpoint.dialect != it.dialect || it.memory.recalled,
        edits: Vec::new(),
        losses: Vec::new(),
        refused: None,
        body: None,
        max_cost_usd: cost.to_string(),
        max_cost_nanos: cost.0,
    };
    match outbound::shape(it, target, endpoint, Media::Left).await {
        Ok(shaped) => {
            considered.edits = shaped.edits;
            considered.losses = shaped.losses.iter().map(lost).collect();
            let body = String::from_utf8(shaped.body.concat()).ok();
            considered.body = body.and_then(|body| RawValue::from_string(body).ok());
        }
        Err(malformed) => {
            considered.refused = Some(Refused {
                code: malformed.code.unwrap_or("invalid_request"),
                message: malformed.message,
                param: malformed.param,
            });
        }
    }
    Some(considered)
}

fn lost(loss: &Loss) -> Lost {
    let severity = match loss.severity {
        Severity::Hint => "hint",
        Severity::Meaning => "meaning",
    };
    Lost { path: loss.path.clone(), reason: loss.reason, severity }
}
