//! How many tokens a conversation has: asked of the provider where it counts, else estimated.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};
use wayleave_dialect::carry::Seen;
use wayleave_dialect::chat::Head;
use wayleave_dialect::{ClientDialect, Dialect, Losses, Malformed};
use wayleave_model::Usage;
use wayleave_model::record::StreamEnd;

use crate::call::Call;
use crate::gateway::Gateway;
use crate::outbound;
use crate::refusal::Refusal;
use crate::supply;
use crate::trail::{BYTES_PER_TOKEN, Trail};
use crate::world::{Endpoint, Route, Target};

/// A count, in the client's dialect.
pub struct Counted {
    /// The body.
    pub body: Vec<u8>,
    /// Nobody counted: it is the size of the text over four.
    pub estimated: bool,
}

/// A conversation to be counted.
pub struct Counting<'a> {
    /// The dialect it is asked in.
    pub dialect: ClientDialect,
    /// What the address says.
    pub head: Head<'a>,
    /// The body as sent.
    pub body: &'a [u8],
    /// The client's headers.
    pub headers: &'a HeaderMap,
}

impl Gateway {
    /// Asks the first target that counts. One that cannot, or fails, is not the caller's trouble:
    /// then the figure is an estimate, and says so.
    pub(crate) async fn count(
        &self,
        it: &Counting<'_>,
        (route, targets): (&Route, &[Arc<Target>]),
        trail: &mut Trail,
    ) -> Result<Counted, Refusal> {
        let whole = whole(it).map_err(Refusal::bad_request)?;
        for target in targets {
            let (mut seat, mut other) = (None, None);
            let target = match target.label.supply {
                None => target,
                Some(_) => {
                    let now = self.recorder.clock.tick();
                    let Ok(place) = supply::take(route, target, now, false) else { continue };
                    seat = place.seat;
                    other.insert(place.target)
                }
            };
            let Some(endpoint) = target.endpoint(it.dialect) else { continue };
            let Some(uri) = address(endpoint) else { continue };
            let Ok(body) = question(it, &whole, target, endpoint) else { continue };
            let now = self.recorder.clock.tick();
            // Tried and given back: a count says little about an answer, and is no trial.
            let Some(_lease) = target.lease(now, true) else { continue };
            trail.open(target).map_err(|err| Refusal::dependency(err.to_string()))?;
            trail.seated(seat);
            let forwarded = outbound::forwarded(it.headers, it.dialect, 0);
            let call = Call { method: Method::POST, uri, body, forwarded: &forwarded };
            match self.call(target, endpoint, it.dialect, call).await {
                Ok(called) => {
                    trail.head(200, called.upstream_request_id);
                    let Some(tokens) = figure(endpoint.dialect, &called.body) else { break };
                    return Ok(done(it.dialect, tokens, false, trail));
                }
                Err(failed) => trail.failed(&failed.refusal.code),
            }
        }
        let tokens = (whole.to_string().len() as u64).div_ceil(BYTES_PER_TOKEN);
        Ok(done(it.dialect, tokens, true, trail))
    }
}

fn done(dialect: ClientDialect, tokens: u64, estimated: bool, trail: &mut Trail) -> Counted {
    // Counting is free with every provider that does it.
    let seen = Seen { usage: Some(Usage::default()), ..Seen::default() };
    trail.close(200, StreamEnd::Done, None, Some(&seen));
    let answer = match dialect {
        ClientDialect::Gemini => json!({ "totalTokens": tokens }),
        ClientDialect::OpenAiResponses => {
            json!({ "object": "response.input_tokens", "input_tokens": tokens })
        }
        _ => json!({ "input_tokens": tokens }),
    };
    Counted { body: answer.to_string().into_bytes(), estimated }
}

/// The request that the count is of: Gemini's may stand inside, and none needs an answer limit.
fn whole(it: &Counting<'_>) -> Result<Value, Malformed> {
    let mut body: Map<String, Value> = serde_json::from_slice(it.body)
        .map_err(|_| Malformed::new("the body must be a JSON object"))?;
    if let Some(Value::Object(inner)) = body.remove("generateContentRequest") {
        body = inner;
    }
    if it.dialect == ClientDialect::AnthropicMessages {
        body.entry("max_tokens").or_insert_with(|| 1.into());
    }
    Ok(Value::Object(body))
}

/// Where the target counts: beside where it answers.
fn address(endpoint: &Endpoint) -> Option<Uri> {
    let uri = endpoint.uri.to_string();
    let uri = match endpoint.dialect {
        Dialect::AnthropicMessages => format!("{uri}/count_tokens"),
        Dialect::OpenAiResponses => format!("{uri}/input_tokens"),
        Dialect::Gemini => uri.strip_suffix(":generateContent")?.to_owned() + ":countTokens",
        _ => return None,
    };
    uri.parse().ok()
}

/// What the target is asked: the request as it would be sent, without what a count does not take.
fn question(
    it: &Counting<'_>,
    whole: &Value,
    target: &Target,
    endpoint: &Endpoint,
) -> Result<Bytes, Malformed> {
    let model = &target.label.model_name;
    let mut body = if endpoint.dialect == it.dialect {
        whole.clone()
    } else {
        let text = whole.to_string();
        let request = it.dialect.chat().read_request(&it.head, text.as_bytes())?;
        let mut losses = Losses::default();
        let to = endpoint.dialect.chat();
        let written = to.write_request(&request, model, &target.facts, &mut losses)?;
        serde_json::from_slice(&written.body).map_err(|err| Malformed::new(err.to_string()))?
    };
    let Value::Object(fields) = &mut body else { return Err(Malformed::new("no object")) };
    let takes: &[&str] = match endpoint.dialect {
        // <https://docs.claude.com/en/api/messages-count-tokens>
        Dialect::AnthropicMessages => {
            &["messages", "system", "tools", "tool_choice", "thinking", "mcp_servers"]
        }
        // <https://platform.openai.com/docs/api-reference/responses/input-tokens>
        Dialect::OpenAiResponses => {
            &["input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation"]
        }
        // <https://ai.google.dev/api/tokens>
        _ => {
            fields.insert("model".to_owned(), format!("models/{model}").into());
            return Ok(json!({ "generateContentRequest": body }).to_string().into());
        }
    };
    fields.retain(|name, _| takes.contains(&name.as_str()));
    fields.insert("model".to_owned(), model.as_str().into());
    Ok(body.to_string().into())
}

/// The provider's figure.
fn figure(dialect: Dialect, body: &[u8]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let name = if dialect == Dialect::Gemini { "totalTokens" } else { "input_tokens" };
    body.get(name)?.as_u64()
}
