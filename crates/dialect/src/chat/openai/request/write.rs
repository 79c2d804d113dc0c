//! A request's top level, written for any upstream of this dialect, whoever made it.
//!
//! Written for the most cautious reading of the dialect: text as a plain string, the older name of
//! the answer limit unless the model is known to want the newer, no field that only one vendor has.

mod messages;
mod parts;
mod tools;

use wayleave_model::target::{ModelFacts, ReasoningControl, ReasoningField, SeedField, TokenLimit};

use crate::chat::json::{self, Object};
use crate::chat::openai::amend::within;
use crate::chat::openai::effort::{self, Amount, EFFORT};
use crate::chat::{ChatRequest, OutputFormat, ReasoningAmount, rest};
use crate::{Losses, Malformed, Severity};

/// Top-level fields of this dialect without a common word: carried when they came from it. No
/// other dialect has fields of these names.
const OURS: [&str; 12] = [
    "audio",
    "logit_bias",
    "modalities",
    "moderation",
    "prediction",
    "prompt_cache_options",
    "prompt_cache_retention",
    "response_format",
    "safety_identifier",
    "store",
    "tool_choice",
    "verbosity",
];

/// The longest `user` that OpenAI takes, in characters.
const LONGEST_USER: usize = 64;

/// Most texts in `stop`.
const MOST_STOPS: usize = 4;

/// Renders `request` for `model`, noting what the dialect has no word for.
pub(in crate::chat::openai) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(4096);
    let mut writer = Writer { out: Object::open(&mut out), facts, losses };
    writer.out.text("model", model);
    let messages = messages::Messages::of(request, facts, writer.losses);
    writer.out.with("messages", |out| messages.write(out));
    writer.tools(request);
    writer.output(&request.output)?;
    writer.limits(request);
    writer.sampling(request);
    writer.reasoning(request);
    writer.labels(request);
    writer.rest(request);
    writer.stream(request);
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
        if self.facts.refuses(key) {
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
        let facts = self.facts;
        if let Some(options) = tools::search(&request.tools) {
            self.field("web_search_options", |out| out.extend_from_slice(options.as_bytes()));
        }
        let tools = tools::list(&request.tools, facts, self.losses);
        if tools.is_empty() {
            // Without tools the other two fields are refused.
            return;
        }
        self.field("tools", |out| json::list(out, tools));
        let kept = request.rest.iter().any(|(key, _)| key == "tool_choice");
        if let Some(choice) = request.tool_choice.as_ref().filter(|_| !kept) {
            self.field("tool_choice", |out| tools::choice(choice, facts, &request.tools, out));
        }
        self.value("parallel_tool_calls", request.parallel_tools);
    }

    /// An answer that does not fit is worse than none.
    fn output(&mut self, output: &OutputFormat) -> Result<(), Malformed> {
        let refuses = self.facts.refuses("response_format");
        match output {
            OutputFormat::Text => (),
            OutputFormat::JsonObject if refuses => {
                let message = "this model cannot be held to a JSON answer";
                return Err(Malformed::incapable("response_format", message));
            }
            OutputFormat::JsonObject => self.field("response_format", |out| {
                out.extend_from_slice(br#"{"type":"json_object"}"#);
            }),
            OutputFormat::JsonSchema { name, description, schema, strict } => {
                if refuses || self.facts.json_schema == Some(false) {
                    let message = "this model cannot be held to a JSON schema";
                    return Err(Malformed::incapable("response_format", message));
                }
                self.field("response_format", |out| {
                    json::object(out, |format| {
                        format.text("type", "json_schema");
                        format.nest("json_schema", |wrapped| {
                            wrapped.text("name", if name.is_empty() { "response" } else { name });
                            if let Some(description) = description {
                                wrapped.text("description", description);
                            }
                            wrapped.raw("schema", schema.get());
                            if let Some(strict) = strict {
                                wrapped.raw("strict", if *strict { "true" } else { "false" });
                            }
                        });
                    });
                });
            }
        }
        Ok(())
    }

    /// The answer limit goes by the name the model knows. Where that is not known it is the older
    /// one, which all but OpenAI's reasoning models take and many vendors take alone.
    fn limits(&mut self, request: &ChatRequest) {
        let by_default = match self.facts.reasoning {
            Some(ReasoningControl::Effort) => TokenLimit::MaxCompletionTokens,
            _ => TokenLimit::MaxTokens,
        };
        if let Some(asked) = request.max_output {
            let fits = within(asked, self.facts);
            if fits != asked {
                self.losses.note("max_tokens", "brought to what the model allows", Severity::Hint);
            }
            self.value(self.facts.token_limit.unwrap_or(by_default).field(), Some(fits));
        }
        if request.stop.len() > MOST_STOPS {
            self.losses.note("stop", "more than four stop texts", Severity::Meaning);
        }
        match &request.stop[..request.stop.len().min(MOST_STOPS)] {
            [] => (),
            stops => self.field("stop", |out| {
                json::list(out, stops.iter().map(|stop| quoted(stop)));
            }),
        }
        self.value("n", Some(request.choices).filter(|n| *n > 1));
    }

    fn sampling(&mut self, request: &ChatRequest) {
        let sampling = &request.sampling;
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        self.value("temperature", finite(sampling.temperature));
        self.value("top_p", finite(sampling.top_p));
        self.value("frequency_penalty", finite(sampling.frequency_penalty));
        self.value("presence_penalty", finite(sampling.presence_penalty));
        self.value(self.facts.seed_field.unwrap_or(SeedField::Seed).field(), sampling.seed);
        if sampling.top_k.is_some() {
            self.losses.note("top_k", "no field", Severity::Meaning);
        }
        if let Some(top) = request.logprobs {
            self.value("logprobs", Some(true));
            self.value("top_logprobs", Some(top).filter(|top| *top > 0));
        }
    }

    /// How much to reason, in the field that the vendor reads. Where that is not known it is
    /// OpenAI's.
    fn reasoning(&mut self, request: &ChatRequest) {
        let Some(reasoning) = &request.reasoning else { return };
        if reasoning.show.is_some() {
            self.losses.note("reasoning.show", "no field", Severity::Hint);
        }
        let amount = match &reasoning.amount {
            ReasoningAmount::Adaptive | ReasoningAmount::Unsaid => return,
            ReasoningAmount::Off => Amount::Off,
            ReasoningAmount::Effort(word) => Amount::of(word),
            ReasoningAmount::Budget(tokens) => Amount::Budget(*tokens),
        };
        match self.facts.reasoning_field {
            None | Some(ReasoningField::ReasoningEffort) => self.effort(&reasoning.amount),
            Some(_) if self.facts.reasoning == Some(ReasoningControl::None) => {
                self.losses.note("reasoning", "the model cannot reason", Severity::Hint);
            }
            Some(field) => {
                let said = effort::say(field, amount);
                if let Some(reason) = said.lost {
                    self.losses.note("reasoning", reason, Severity::Hint);
                }
                for (key, json) in said.fields {
                    self.field(key, |out| out.extend_from_slice(json.as_bytes()));
                }
            }
        }
    }

    /// A word goes up as it is, unless the model is known not to take one. A budget in tokens
    /// becomes a word only where the model is known to take it. Switching it off has no common
    /// word here.
    fn effort(&mut self, amount: &ReasoningAmount) {
        let takes_words = match self.facts.reasoning {
            None => None,
            Some(ReasoningControl::Effort | ReasoningControl::Adaptive) => Some(true),
            Some(ReasoningControl::None | ReasoningControl::Budget) => Some(false),
        };
        let word = match (amount, takes_words) {
            (ReasoningAmount::Effort(_), Some(false)) => None,
            (ReasoningAmount::Effort(word), _) if word == "max" => {
                self.losses.note("reasoning", "the most is `high` here", Severity::Hint);
                Some("high")
            }
            (ReasoningAmount::Effort(word), _) => Some(word.as_str()),
            (ReasoningAmount::Budget(budget), Some(true)) => {
                self.losses.note("reasoning.budget", "sent as an effort", Severity::Hint);
                Some(effort::word(*budget))
            }
            _ => None,
        };
        match word {
            Some(word) => self.field(EFFORT, |out| json::quote(out, word)),
            None => self.losses.note("reasoning", "the model has no word for it", Severity::Hint),
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
            Some(tier @ ("auto" | "default" | "flex" | "scale" | "priority")) => {
                self.field("service_tier", |out| json::quote(out, tier));
            }
            Some(_) => self.losses.note("service_tier", "no such tier", Severity::Hint),
            None => (),
        }
        if let Some(key) = &request.cache_key {
            self.field("prompt_cache_key", |out| json::quote(out, key));
        }
        if let Some(metadata) = &request.metadata {
            let stored = request.rest.iter().any(|(k, v)| k == "store" && v.get() == "true");
            if stored {
                self.field("metadata", |out| out.extend_from_slice(metadata.get().as_bytes()));
            } else {
                self.losses.note("metadata", "only for answers that are stored", Severity::Hint);
            }
        }
    }

    fn rest(&mut self, request: &ChatRequest) {
        for (key, json) in &request.rest {
            if OURS.contains(&key.as_str()) {
                self.field(key, |out| out.extend_from_slice(json.get().as_bytes()));
            } else {
                self.losses.note(key, "no field", rest::severity(key, json));
            }
        }
    }

    /// Usage is what a streamed call is billed by, so it is always asked for.
    fn stream(&mut self, request: &ChatRequest) {
        if request.stream {
            self.out.raw("stream", "true");
            if !self.facts.refuses("stream_options") {
                self.out.raw("stream_options", r#"{"include_usage":true}"#);
            }
        }
    }
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::quote(&mut out, text);
    out
}
