//! A request's top level, written for Cohere.

use wayleave_model::target::ModelFacts;

use super::{messages, thinking};
use crate::chat::json::{self, Object};
use crate::chat::openai::amend::within;
use crate::chat::{ChatRequest, OutputFormat, ToolChoice, ToolKind, functions, rest};
use crate::{Losses, Malformed, Severity};

/// Top-level fields that only Cohere has: carried where a client sends them in another dialect.
const OURS: [&str; 5] =
    ["documents", "citation_options", "safety_mode", "strict_tools", "priority"];

/// Most texts in `stop_sequences`.
const MOST_STOPS: usize = 5;

/// Renders `request` for `model`.
///
/// Fails on what would silently be another question: several answers, a picture in another
/// provider's store, a JSON answer that cannot be enforced, a demanded tool that is not there.
pub(in super::super) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    if request.choices > 1 {
        return Err(Malformed::unsupported("n", "this model gives one answer: `n` must be 1"));
    }
    let messages = messages::write(&request.turns, facts, losses)?;
    let mut out = Vec::with_capacity(1024 + messages.len());
    let mut writer = Writer { out: Object::open(&mut out), facts, losses };
    writer.out.text("model", model);
    writer.out.with("messages", |out| out.extend_from_slice(&messages));
    writer.tools(request)?;
    writer.output(request)?;
    writer.limits(request);
    writer.sampling(request);
    if let Some(thinking) = thinking::plan(request, facts, writer.losses) {
        writer.field("thinking", |out| out.extend_from_slice(&thinking));
    }
    writer.rest(request);
    // Whole is only the default.
    writer.out.raw("stream", if request.stream { "true" } else { "false" });
    writer.out.close();
    Ok(out)
}

struct Writer<'w, 'o> {
    out: Object<'o>,
    facts: &'w ModelFacts,
    losses: &'w mut Losses,
}

impl Writer<'_, '_> {
    /// Writes a field, unless the model refuses it.
    fn field(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.facts.refuses.iter().any(|refused| refused == key) {
            self.losses.note(key, "the model refuses it", Severity::Meaning);
        } else {
            self.out.with(key, write);
        }
    }

    fn value(&mut self, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.field(key, |out| out.extend_from_slice(value.to_string().as_bytes()));
        }
    }

    /// Cohere can be made to call some tool, not a certain one: so that one alone is offered.
    fn tools(&mut self, request: &ChatRequest) -> Result<(), Malformed> {
        let demanded = match &request.tool_choice {
            Some(ToolChoice::Tool(name)) => Some(name),
            _ => None,
        };
        let offered: Vec<_> = request
            .tools
            .iter()
            .filter(|it| demanded.is_none_or(|name| it.name == *name))
            .collect();
        let tools: Vec<_> =
            offered.iter().filter_map(|tool| functions::definition(tool, self.losses)).collect();
        let must = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
        if tools.is_empty() {
            if must {
                let message = "a tool is demanded but none can be offered";
                return Err(match request.tools.is_empty() {
                    true => Malformed::at("tool_choice", message),
                    false => Malformed::incapable("tool_choice", message),
                });
            }
            return Ok(());
        }
        if offered.len() < request.tools.len() {
            let reason = "only the demanded tool is offered";
            self.losses.note("tools", reason, Severity::Hint);
        }
        self.field("tools", |out| json::list(out, tools));
        self.strict(request);
        match request.tool_choice {
            Some(ToolChoice::None) => self.value("tool_choice", Some(r#""NONE""#)),
            _ if must => self.value("tool_choice", Some(r#""REQUIRED""#)),
            _ => (),
        }
        if request.parallel_tools == Some(false) {
            let reason = "several calls at once cannot be forbidden";
            self.losses.note("parallel_tool_calls", reason, Severity::Meaning);
        }
        Ok(())
    }

    /// One switch for all tools.
    fn strict(&mut self, request: &ChatRequest) {
        if request.rest.iter().any(|(key, _)| key == "strict_tools") {
            return;
        }
        let strict = |tool: &&crate::chat::Tool| {
            matches!(tool.kind, ToolKind::Function { strict: Some(true), .. })
        };
        match request.tools.iter().filter(strict).count() {
            0 => (),
            all if all == request.tools.len() => self.value("strict_tools", Some(true)),
            _ => self.losses.note("tools[].strict", "for all tools or for none", Severity::Hint),
        }
    }

    /// An answer that does not fit is worse than none. Cohere takes a format only without tools.
    fn output(&mut self, request: &ChatRequest) -> Result<(), Malformed> {
        let incapable = |why| Err(Malformed::incapable("response_format", why));
        let schema = match &request.output {
            OutputFormat::Text if request.rest.iter().any(|(key, _)| key == "response_format") => {
                return incapable("this model cannot be held to an answer of that type");
            }
            OutputFormat::Text => return Ok(()),
            OutputFormat::JsonObject => None,
            OutputFormat::JsonSchema { .. } if self.facts.json_schema == Some(false) => {
                return incapable("this model cannot be held to a JSON schema");
            }
            OutputFormat::JsonSchema { schema, .. } => Some(schema.get()),
        };
        let carried = |name: &str| request.rest.iter().any(|(key, _)| key == name);
        if !request.tools.is_empty() || carried("documents") {
            return incapable("this model cannot be held to a JSON answer together with tools");
        }
        if self.facts.refuses.iter().any(|field| field == "response_format") {
            return incapable("this model cannot be held to a JSON answer");
        }
        self.out.nest("response_format", |format| {
            format.text("type", "json_object");
            if let Some(schema) = schema {
                format.raw("json_schema", schema);
            }
        });
        Ok(())
    }

    fn limits(&mut self, request: &ChatRequest) {
        if let Some(asked) = request.max_output {
            let fits = within(asked, self.facts);
            if fits != asked {
                self.losses.note("max_tokens", "brought to what the model allows", Severity::Hint);
            }
            self.value("max_tokens", Some(fits));
        }
        if request.stop.len() > MOST_STOPS {
            self.losses.note("stop", "more than five stop texts", Severity::Meaning);
        }
        match &request.stop[..request.stop.len().min(MOST_STOPS)] {
            [] => (),
            stops => self.field("stop_sequences", |out| {
                let quoted = |stop: &String| {
                    let mut out = Vec::with_capacity(stop.len() + 2);
                    json::quote(&mut out, stop);
                    out
                };
                json::list(out, stops.iter().map(quoted));
            }),
        }
    }

    /// Within the ranges of the reference; `temperature` ends at 1
    /// (<https://docs.cohere.com/docs/temperature>).
    fn sampling(&mut self, request: &ChatRequest) {
        let wish = &request.sampling;
        self.number("temperature", "temperature", wish.temperature, 0.0, 1.0, Severity::Meaning);
        // No nucleus is asked for by 1, which the range leaves out.
        self.number("p", "top_p", wish.top_p, 0.01, 0.99, Severity::Hint);
        self.number(
            "frequency_penalty",
            "frequency_penalty",
            wish.frequency_penalty,
            0.0,
            1.0,
            Severity::Meaning,
        );
        self.number(
            "presence_penalty",
            "presence_penalty",
            wish.presence_penalty,
            0.0,
            1.0,
            Severity::Meaning,
        );
        if wish.top_k.is_some_and(|k| k > 500) {
            self.losses.note("top_k", "brought to the most there is", Severity::Hint);
        }
        self.value("k", wish.top_k.map(|k| k.min(500)));
        if wish.seed.is_some_and(|seed| seed < 0) {
            self.losses.note("seed", "must not be negative", Severity::Hint);
        }
        self.value("seed", wish.seed.filter(|seed| *seed >= 0));
        if let Some(top) = request.logprobs {
            if top > 0 {
                self.losses.note("top_logprobs", "only of the tokens drawn", Severity::Meaning);
            }
            self.value("logprobs", Some(true));
        }
    }

    fn number(
        &mut self,
        key: &str,
        wished: &str,
        value: Option<f64>,
        least: f64,
        most: f64,
        severity: Severity,
    ) {
        let Some(value) = value.filter(|value| value.is_finite()) else { return };
        if !(least..=most).contains(&value) {
            self.losses.note(wished, "brought into the range there is", severity);
        }
        self.value(key, Some(value.clamp(least, most)));
    }

    fn rest(&mut self, request: &ChatRequest) {
        let hints = [
            ("user", request.end_user.is_some()),
            ("prompt_cache_key", request.cache_key.is_some()),
            ("metadata", request.metadata.is_some()),
            ("service_tier", !matches!(request.service_tier.as_deref(), None | Some("auto"))),
        ];
        for (field, _) in hints.iter().filter(|(_, sent)| *sent) {
            self.losses.note(*field, "no field", Severity::Hint);
        }
        for (key, json) in &request.rest {
            if OURS.contains(&key.as_str()) {
                self.field(key, |out| out.extend_from_slice(json.get().as_bytes()));
            } else {
                self.losses.note(key, "no field", rest::severity(key, json));
            }
        }
    }
}
