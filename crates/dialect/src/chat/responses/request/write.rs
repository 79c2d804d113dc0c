//! A request's top level, written for a provider of this dialect.
//!
//! Stateless: `store` is false, and reasoning comes back encrypted, so that the next turn can go to
//! any node and any credential of the same provider.

mod items;
mod parts;
mod tools;

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::json::{self, Object};
use crate::chat::responses::ask::within;
use crate::chat::{ChatRequest, OutputFormat, Part, ReasoningAmount, SealKind, rest};
use crate::{Losses, Malformed, Severity};

/// Top-level fields without a common word that stand here under the same name. No other dialect
/// has fields of these names that mean something else.
const OURS: [&str; 9] = [
    "context_management",
    "max_tool_calls",
    "moderation",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "stream_options",
    "truncation",
    "image",
];

/// The longest `user` that OpenAI takes, in characters.
const LONGEST_USER: usize = 64;

/// Renders `request` for `model`, noting what the dialect has no word for.
pub(in crate::chat::responses) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    if request.choices > 1 {
        let message = "this model's provider gives one answer to a request";
        return Err(Malformed::unsupported("n", message));
    }
    let mut out = Vec::with_capacity(4096);
    let mut writer = Writer { out: Object::open(&mut out), facts, losses };
    writer.out.text("model", model);
    let input = items::Input::of(request, writer.losses);
    if let Some(instructions) = &input.instructions {
        writer.out.text("instructions", instructions);
    }
    writer.out.list("input", &input.items);
    writer.tools(request);
    writer.text(request)?;
    writer.limits(request);
    writer.sampling(request);
    writer.reasoning(request);
    writer.include(request);
    writer.labels(request);
    writer.rest(request);
    writer.out.raw("store", "false");
    if request.stream {
        writer.out.raw("stream", "true");
    }
    writer.out.close();
    Ok(out)
}

struct Writer<'w, 'o> {
    out: Object<'o>,
    facts: &'w ModelFacts,
    losses: &'w mut Losses,
}

impl Writer<'_, '_> {
    fn refused(&self, key: &str) -> bool {
        self.facts.refuses.iter().any(|refused| refused == key)
    }

    /// Writes a field, unless the model refuses it.
    fn field(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.refused(key) {
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

    fn tools(&mut self, request: &ChatRequest) {
        let tools = tools::list(&request.tools, self.losses);
        if tools.is_empty() {
            // Without tools the other two fields are refused.
            return;
        }
        self.field("tools", |out| json::list(out, tools));
        if let Some(choice) = tools::choice(request, self.losses) {
            self.field("tool_choice", |out| out.extend_from_slice(&choice));
        }
        self.value("parallel_tool_calls", request.parallel_tools);
    }

    /// The shape of the answer and how wordy it is. An answer that does not fit is worse than none.
    fn text(&mut self, request: &ChatRequest) -> Result<(), Malformed> {
        let verbosity = request.rest.iter().find(|(key, _)| key == "verbosity");
        let format = format(&request.output);
        let is_schema = matches!(request.output, OutputFormat::JsonSchema { .. });
        let cannot = is_schema && self.facts.json_schema == Some(false);
        if format.is_some() && (cannot || self.refused("text")) {
            let message = "this model cannot be held to a JSON answer of a given form";
            return Err(Malformed::incapable("response_format", message));
        }
        if format.is_some() || verbosity.is_some() {
            self.field("text", |out| {
                json::object(out, |text| {
                    if let Some(format) = format {
                        text.with("format", |out| out.extend_from_slice(&format));
                    }
                    if let Some((key, json)) = verbosity {
                        text.raw(key, json.get());
                    }
                });
            });
        }
        Ok(())
    }

    fn limits(&mut self, request: &ChatRequest) {
        if let Some(asked) = request.max_output {
            let fits = within(asked, self.facts);
            if fits != asked {
                self.losses.note("max_tokens", "brought to what the model allows", Severity::Hint);
            }
            self.value("max_output_tokens", Some(fits));
        }
        if !request.stop.is_empty() {
            self.losses.note("stop", "no field", Severity::Meaning);
        }
    }

    fn sampling(&mut self, request: &ChatRequest) {
        let sampling = &request.sampling;
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        self.value("temperature", finite(sampling.temperature));
        self.value("top_p", finite(sampling.top_p));
        let absent = [
            ("top_k", sampling.top_k.is_some()),
            ("frequency_penalty", sampling.frequency_penalty.is_some_and(|it| it != 0.0)),
            ("presence_penalty", sampling.presence_penalty.is_some_and(|it| it != 0.0)),
            ("seed", sampling.seed.is_some()),
        ];
        for (path, _) in absent.into_iter().filter(|(_, asked)| *asked) {
            self.losses.note(path, "no field", Severity::Meaning);
        }
        self.value("top_logprobs", request.logprobs);
    }

    /// A word goes up as it is, unless the model is known not to take one. A budget in tokens
    /// becomes a word only where the model is known to take it: up to 2048 tokens `low`, up to 8192
    /// `medium`, else `high`. Switching it off has no common word here.
    fn reasoning(&mut self, request: &ChatRequest) {
        let Some(reasoning) = &request.reasoning else { return };
        let takes_words = match self.facts.reasoning {
            None => None,
            Some(ReasoningControl::Effort | ReasoningControl::Adaptive) => Some(true),
            Some(ReasoningControl::None | ReasoningControl::Budget) => Some(false),
        };
        let mut effort = None;
        match (&reasoning.amount, takes_words) {
            (ReasoningAmount::Adaptive | ReasoningAmount::Unsaid, _) => (),
            (ReasoningAmount::Effort(word), None | Some(true)) => effort = Some(word.as_str()),
            (ReasoningAmount::Budget(budget), Some(true)) => {
                self.losses.note("reasoning.budget", "sent as an effort", Severity::Hint);
                effort = Some(match budget {
                    0..=2048 => "low",
                    2049..=8192 => "medium",
                    _ => "high",
                });
            }
            _ => self.losses.note("reasoning", "the model has no word for it", Severity::Hint),
        }
        let show = match reasoning.show.as_deref() {
            _ if self.facts.reasoning == Some(ReasoningControl::None) => None,
            Some(word @ ("auto" | "concise" | "detailed")) => Some(word),
            // Other dialects' words for not showing it, which is what happens without one here.
            None | Some("omitted" | "none" | "false") => None,
            Some(_) => Some("auto"),
        };
        if effort.is_some() || show.is_some() {
            self.field("reasoning", |out| {
                json::object(out, |object| {
                    if let Some(word) = effort {
                        object.text("effort", word);
                    }
                    if let Some(word) = show {
                        object.text("summary", word);
                    }
                });
            });
        }
    }

    /// A model that does not reason refuses to encrypt its reasoning. Where nothing is known of a
    /// model, it does if it is asked to, or did before.
    fn include(&mut self, request: &ChatRequest) {
        let asked = request.reasoning.as_ref().is_some_and(|it| it.amount != ReasoningAmount::Off);
        let reasons = match self.facts.reasoning {
            Some(control) => control != ReasoningControl::None,
            None => asked || request.turns.iter().flat_map(|turn| &turn.parts).any(is_sealed),
        };
        let mut include = Vec::new();
        if reasons {
            include.push(r#""reasoning.encrypted_content""#.to_owned());
        }
        if request.logprobs.is_some() {
            include.push(r#""message.output_text.logprobs""#.to_owned());
        }
        let others = request.rest.iter().filter(|(key, _)| key.starts_with("include."));
        include.extend(others.map(|(_, json)| json.get().to_owned()));
        if !include.is_empty() {
            self.field("include", |out| json::list(out, include));
        }
    }

    fn labels(&mut self, request: &ChatRequest) {
        match &request.end_user {
            Some(user) if user.chars().count() > LONGEST_USER => {
                self.losses.note("user", "longer than 64 characters", Severity::Hint);
            }
            Some(user) => self.field("user", |out| json::quote(out, user)),
            None => (),
        }
        match request.service_tier.as_deref() {
            Some(
                tier @ ("auto" | "default" | "flex" | "scale" | "priority" | "fast" | "ultrafast"),
            ) => self.field("service_tier", |out| json::quote(out, tier)),
            Some(_) => self.losses.note("service_tier", "no such tier", Severity::Hint),
            None => (),
        }
        if let Some(key) = &request.cache_key {
            self.field("prompt_cache_key", |out| json::quote(out, key));
        }
        if request.metadata.is_some() {
            self.losses.note("metadata", "only for answers that are stored", Severity::Hint);
        }
    }

    fn rest(&mut self, request: &ChatRequest) {
        for (key, json) in &request.rest {
            let own = key == "verbosity" || key.starts_with("include.");
            let choice = key == "tool_choice" || key.starts_with("tool_choice.");
            // Anthropic's field of that name holds an object, and other things.
            let theirs = key == "context_management" && !json.get().starts_with('[');
            if OURS.contains(&key.as_str()) && !theirs {
                self.field(key, |out| out.extend_from_slice(json.get().as_bytes()));
            } else if key == "store" && json.get() != "true" || own || choice {
                // Written in their places, or asking for what is done anyway.
            } else {
                self.losses.note(key, "no field", rest::severity(key, json));
            }
        }
    }
}

fn is_sealed(part: &Part) -> bool {
    let Part::Reasoning { seal: Some(seal), .. } = part else { return false };
    seal.kind == SealKind::Encrypted
}

/// `text.format`; `None` for free text.
fn format(output: &OutputFormat) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match output {
        OutputFormat::Text => return None,
        OutputFormat::JsonObject => out.extend_from_slice(br#"{"type":"json_object"}"#),
        OutputFormat::JsonSchema { name, description, schema, strict } => {
            json::object(&mut out, |format| {
                format.text("type", "json_schema");
                format.text("name", if name.is_empty() { "response" } else { name });
                if let Some(description) = description {
                    format.text("description", description);
                }
                format.raw("schema", schema.get());
                if let Some(strict) = strict {
                    format.raw("strict", if *strict { "true" } else { "false" });
                }
            });
        }
    }
    Some(out)
}
