//! Walks an endpoint as a client would, until something is broken that the rest stands on.

use std::path::Path;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wayleave_model::Secret;

use super::address;
use super::ask::{Caller, Reply};
use super::diagnose::{About, error_of, model_advice, page, refusal};
use super::finding::{Finding, Findings, Grade};
use super::stream;
use crate::exit::Failure;
use crate::net::Base;

/// What a client has in its form.
pub(super) struct Endpoint<'a> {
    pub(super) url: &'a str,
    pub(super) key: Option<Secret>,
    pub(super) model: Option<&'a str>,
    pub(super) ca: Option<&'a Path>,
}

/// Goes through the steps.
pub(super) async fn walk(
    endpoint: &Endpoint<'_>,
    findings: &mut Findings<'_, '_>,
) -> Result<(), Failure> {
    let (url, finding) = address::check(endpoint.url);
    findings.add(finding)?;
    let base = match Base::parse(&url) {
        Ok(base) => base,
        Err(why) => {
            let fix = "give the base URL as a client has it, like https://ai.example.com/v1";
            return Ok(findings.add(Finding::broken("url", why, fix))?);
        }
    };
    let mut walk = Walk {
        caller: Caller { base, key: endpoint.key.as_ref(), ca: endpoint.ca },
        url,
        model: endpoint.model.map(str::to_owned),
        models: Vec::new(),
        limit: "max_tokens",
    };
    for finding in walk.list().await {
        findings.add(finding)?;
    }
    if walk.model.is_none() {
        walk.model = walk.models.first().cloned();
        let Some(model) = &walk.model else {
            return Ok(
                findings.add(Finding::skipped("chat", "no model to ask: name one with --model"))?
            );
        };
        findings
            .add(Finding::good("model", format!("none was named with --model: asking {model}")))?;
    }
    let chat = walk.chat().await;
    let works = chat.grade != Grade::Broken;
    findings.add(chat)?;
    if !works {
        findings.add(Finding::skipped("stream", "the plain call does not work yet"))?;
        return Ok(findings.add(Finding::skipped("tools", "the plain call does not work yet"))?);
    }
    for finding in walk.stream().await {
        findings.add(finding)?;
    }
    Ok(findings.add(walk.tools().await)?)
}

struct Walk<'a> {
    caller: Caller<'a>,
    url: String,
    model: Option<String>,
    models: Vec<String>,
    /// The name under which this model takes its token limit.
    limit: &'static str,
}

impl Walk<'_> {
    async fn list(&mut self) -> Vec<Finding> {
        let reply = match self.caller.call(Method::GET, "/models", None).await {
            Ok(reply) => reply,
            Err(why) => {
                return vec![Finding::broken(
                    "connect",
                    why,
                    "check host, port and scheme of the URL, and firewalls on the way",
                )];
            }
        };
        if reply.status == StatusCode::NOT_FOUND && !reply.is_page() {
            let fix = "clients that fetch the list need the names typed in";
            return vec![self.elsewhere().await.unwrap_or_else(|| {
                Finding::warning("models", "404: there is no list of models", fix)
            })];
        }
        if !reply.status.is_success() {
            let better = if reply.is_page() { self.elsewhere().await } else { None };
            return vec![better.unwrap_or_else(|| refusal(&self.about("models"), &reply))];
        }
        if reply.is_page() {
            return vec![
                self.elsewhere().await.unwrap_or_else(|| page(&self.about("models"), &reply)),
            ];
        }
        let ids = |body: Value| -> Option<Vec<String>> {
            let items = body.get("data")?.as_array()?.clone();
            Some(items.iter().filter_map(|it| it.get("id")?.as_str().map(str::to_owned)).collect())
        };
        let Some(models) = reply.json().and_then(ids) else {
            let fix = "it should be {\"data\":[{\"id\":…}]}: check that this is an OpenAI-compatible endpoint";
            return vec![Finding::broken(
                "models",
                "the list of models is not in OpenAI's form",
                fix,
            )];
        };
        self.models = models;
        let mut found = vec![Finding::good("models", format!("{} models", self.models.len()))];
        if let Some(model) = self.model.as_ref().filter(|it| !self.models.contains(it)) {
            let what = format!("`{model}` is not in the list");
            found.push(Finding::warning("model", what, model_advice(&self.about("model"))));
        }
        found
    }

    /// Whether the API is one `/v1` further down: the base URL that somebody forgot the version of.
    async fn elsewhere(&self) -> Option<Finding> {
        if self.url.ends_with("/v1") {
            return None;
        }
        let reply = self.caller.call(Method::GET, "/v1/models", None).await.ok()?;
        let api = !reply.is_page()
            && (reply.status.is_success() || reply.status == StatusCode::UNAUTHORIZED);
        api.then(|| {
            let what = "nothing of an API is at this path, but it is one `/v1` further";
            Finding::broken("models", what, format!("use {}/v1", self.url))
        })
    }

    async fn chat(&mut self) -> Finding {
        let ask = json!({"messages": [{"role": "user", "content": "Answer with the word ok."}]});
        let mut reply = self.post(&ask).await;
        if let Ok(refused) = &reply {
            let (_, message) = error_of(refused);
            if refused.status == StatusCode::BAD_REQUEST
                && message.contains("max_completion_tokens")
            {
                self.limit = "max_completion_tokens";
                reply = self.post(&ask).await;
            }
        }
        let reply = match self.judged("chat", reply) {
            Ok(reply) => reply,
            Err(finding) => return finding,
        };
        let Some(body) = reply.json() else {
            return Finding::broken(
                "chat",
                "the answer is not JSON",
                "check that the base URL is that of an API",
            );
        };
        if let Some(error) = body.get("error").filter(|it| !it.is_null()) {
            let what = format!("status 200, but the body is an error: {error}");
            return Finding::broken(
                "chat",
                what,
                "the endpoint must answer errors with an error's status",
            );
        }
        if body.pointer("/choices/0/message").is_none() {
            return Finding::broken(
                "chat",
                "the answer has no choices[0].message",
                "this is not OpenAI's chat completions",
            );
        }
        let tokens = |name: &str| body.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        match (tokens("prompt_tokens"), tokens("completion_tokens")) {
            (Some(prompt), Some(completion)) => {
                Finding::good("chat", format!("answered; {prompt} tokens in, {completion} out"))
            }
            _ => Finding::warning(
                "chat",
                "answered, but the usage is not reported whole",
                "clients that count tokens (Dify's) need integers here",
            ),
        }
    }

    async fn stream(&self) -> Vec<Finding> {
        let ask = json!({
            "messages": [{"role": "user", "content": "Count from 1 to 15, one number a line."}],
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        match self.judged("stream", self.post(&ask).await) {
            Ok(reply) => stream::look(&reply),
            Err(finding) => vec![finding],
        }
    }

    async fn tools(&self) -> Finding {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let ask = json!({
            "messages": [{"role": "user", "content": "What is the weather in Oslo? Use the tool."}],
            "tools": [{"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": parameters}}],
        });
        let reply = match self.judged("tools", self.post(&ask).await) {
            Ok(reply) => reply,
            Err(Finding { what, .. }) => {
                return Finding::warning(
                    "tools",
                    what,
                    "the model or the endpoint takes no tools: agents need another model",
                );
            }
        };
        let body = reply.json().unwrap_or(Value::Null);
        let arguments = body
            .pointer("/choices/0/message/tool_calls/0/function/arguments")
            .and_then(Value::as_str);
        match arguments.map(serde_json::from_str::<Value>) {
            Some(Ok(read)) if read.is_object() => {
                Finding::good("tools", format!("the tool was called with {read}"))
            }
            Some(_) => Finding::broken(
                "tools",
                "the tool was called, but its arguments are not JSON",
                "agents will fail with this model",
            ),
            None => Finding::warning(
                "tools",
                "the model answered without calling the tool",
                "agents need a model that calls tools",
            ),
        }
    }

    async fn post(&self, ask: &Value) -> Result<Reply, String> {
        let mut body = ask.clone();
        body["model"] = json!(self.model);
        // Models that reason first spend some of it on that.
        body[self.limit] = json!(512);
        self.caller.call(Method::POST, "/chat/completions", Some(&body)).await
    }

    fn judged(&self, step: &'static str, reply: Result<Reply, String>) -> Result<Reply, Finding> {
        match reply {
            Err(why) => Err(Finding::broken(
                step,
                why,
                "look at time limits and size limits of proxies on the way",
            )),
            Ok(reply) if !reply.status.is_success() => Err(refusal(&self.about(step), &reply)),
            Ok(reply) if reply.is_page() => Err(page(&self.about(step), &reply)),
            Ok(reply) => Ok(reply),
        }
    }

    fn about(&self, step: &'static str) -> About<'_> {
        About {
            step,
            base: &self.url,
            key: self.caller.key,
            model: self.model.as_deref(),
            models: &self.models,
        }
    }
}
