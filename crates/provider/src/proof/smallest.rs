//! The smallest call of a model: one word in, a few tokens out. It mends itself when a provider
//! says what it wants instead, so that a good credential is not called bad for a model's whims.

use serde_json::json;
use wayleave_dialect::chat::{Head, Written};
use wayleave_dialect::{ClientDialect, Dialect, Losses, Malformed};
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::{ModelFacts, TokenLimit};

use crate::{Offer, ProviderKind};

/// Tokens of the answer that are asked for at first: the least that OpenAI's Responses take.
const FIRST_LIMIT: u64 = 16;
/// The largest answer limit that a provider can talk us into.
const LARGEST_LIMIT: u64 = 2_048;
/// How often it is changed before it is given up.
const PATIENCE: u8 = 4;

/// A call that is about to be made.
#[derive(Clone, Debug)]
pub struct Smallest {
    offer: Offer,
    model: String,
    facts: ModelFacts,
    limit: u64,
    thinking_off: bool,
    stream: bool,
    changes_left: u8,
}

/// Why there is no such call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmade {
    /// No operation of the model's type is offered by its provider's kind.
    #[error("{label} is not called for models of type {model_type} here")]
    NotOffered {
        /// The kind.
        label: &'static str,
        /// The type.
        model_type: &'static str,
    },
    /// The request cannot be written for it.
    #[error("{0}")]
    Unwritable(String),
}

impl Smallest {
    /// The first form of the call.
    ///
    /// # Errors
    /// [`Unmade::NotOffered`].
    pub fn new(
        kind: &dyn ProviderKind,
        model: &str,
        model_type: ModelType,
        facts: &ModelFacts,
    ) -> Result<Smallest, Unmade> {
        let facts = kind.quirks().fill(model, facts);
        let offers = match model_type {
            ModelType::Llm => kind.offers(Operation::Chat, &facts),
            _ => &[],
        };
        let offer = *offers.first().ok_or(Unmade::NotOffered {
            label: kind.manifest().label,
            model_type: model_type.as_str(),
        })?;
        let limit = facts.min_output.unwrap_or(FIRST_LIMIT).max(FIRST_LIMIT);
        Ok(Smallest {
            offer,
            model: model.to_owned(),
            facts,
            limit,
            thinking_off: false,
            stream: false,
            changes_left: PATIENCE,
        })
    }

    /// Where it goes.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// Whether it asks for a stream: some models answer in no other way.
    pub fn streams(&self) -> bool {
        self.stream
    }

    /// Its body, in the provider's dialect.
    ///
    /// # Errors
    /// [`Unmade::Unwritable`].
    pub fn body(&self) -> Result<Vec<u8>, Unmade> {
        let unwritable = |why: Malformed| Unmade::Unwritable(why.message);
        if self.offer.dialect == Dialect::OpenAiCompletions {
            let body = json!({ "model": self.model, "prompt": "ping", "max_tokens": self.limit });
            return Ok(body.to_string().into_bytes());
        }
        let mut asked = json!({
            "model": self.model,
            "messages": [{ "role": "user", "content": "ping" }],
            "max_completion_tokens": self.limit,
        });
        if self.stream {
            asked["stream"] = true.into();
        }
        if self.thinking_off {
            asked["reasoning_effort"] = "none".into();
        }
        let text = asked.to_string();
        let surface = ClientDialect::OpenAiChat.chat();
        let request =
            surface.read_request(&Head::default(), text.as_bytes()).map_err(unwritable)?;
        let written: Written = self
            .offer
            .dialect
            .chat()
            .write_request(&request, &self.model, &self.facts, &mut Losses::default())
            .map_err(unwritable)?;
        Ok(written.body)
    }

    /// Changes the call to what a refusal asks for, and says what was changed; `None`: the refusal
    /// asks for nothing that can be given.
    pub fn adapt(&mut self, message: &str) -> Option<String> {
        self.changes_left = self.changes_left.checked_sub(1)?;
        let says = message.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| says.contains(word));
        let named = |limit: TokenLimit| says.contains(limit.field());
        let chat = self.offer.dialect == Dialect::OpenAiChat;
        // "Unsupported parameter: 'max_tokens' … Use 'max_completion_tokens' instead." names both:
        // the one that was sent is the one that is refused.
        let sent = self.facts.token_limit.unwrap_or(TokenLimit::MaxTokens);
        let other = match sent {
            TokenLimit::MaxTokens => TokenLimit::MaxCompletionTokens,
            TokenLimit::MaxCompletionTokens => TokenLimit::MaxTokens,
        };
        let refused = has(&["unsupported", "not supported", "unrecognized", "unknown", "extra"]);
        if chat && named(sent) && (refused || named(other)) {
            self.facts.token_limit = Some(other);
            return Some(format!("the answer limit goes as {}", other.field()));
        }
        let about_tokens = has(&["token", "maxoutput", "max_output", "num_predict"]);
        let too_few = has(&["minimum", "at least", "greater than", ">=", "below", "too small"]);
        if about_tokens && (too_few || has(&["output limit was reached", "budget"])) {
            let wanted = first_number_above(&says, self.limit).unwrap_or(self.limit * 4);
            if wanted <= LARGEST_LIMIT {
                self.limit = wanted.max(self.limit + 1);
                return Some(format!("the answer limit is {} tokens", self.limit));
            }
        }
        if !self.stream && has(&["stream"]) && has(&["only", "must", "required", "non-stream"]) {
            self.stream = true;
            return Some("the answer is streamed".to_owned());
        }
        if !self.thinking_off && has(&["thinking", "reasoning"]) {
            self.thinking_off = true;
            return Some("thinking is switched off".to_owned());
        }
        None
    }
}

/// The smallest number in `text` above `floor`.
fn first_number_above(text: &str, floor: u64) -> Option<u64> {
    let numbers = text.split(|it: char| !it.is_ascii_digit()).filter_map(|it| it.parse().ok());
    // "greater than 1024" wants one more; a limit that is one too high does no harm.
    numbers.filter(|number: &u64| *number > floor).min().map(|number| number + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::kind;

    fn smallest(id: &str, facts: &ModelFacts) -> Smallest {
        let kind = kind(id).expect("a kind");
        Smallest::new(kind, "m", ModelType::Llm, facts).expect("chat is offered")
    }

    fn body(it: &Smallest) -> Value {
        serde_json::from_slice(&it.body().expect("a body")).expect("JSON")
    }

    #[test]
    fn it_is_one_word_in_and_a_few_tokens_out_in_every_dialect() {
        for id in
            ["openai", "anthropic", "gemini", "cohere", "bedrock", "ollama", "groq", "azure-openai"]
        {
            let text = body(&smallest(id, &ModelFacts::default())).to_string();
            assert!(text.contains("ping") && text.contains("16"), "{id}: {text}");
            assert!(text.len() < 200, "{id}: {text}");
        }
    }

    #[test]
    fn the_models_own_minimum_is_known_beforehand() {
        let facts = ModelFacts { min_output: Some(64), ..ModelFacts::default() };
        assert_eq!(body(&smallest("anthropic", &facts))["max_tokens"], 64);
    }

    #[test]
    fn the_other_name_of_the_limit_is_taken_when_the_provider_asks_for_it() {
        let facts = ModelFacts { token_limit: Some(TokenLimit::MaxTokens), ..Default::default() };
        let mut it = smallest("openai-compatible", &facts);
        assert_eq!(body(&it)["max_tokens"], 16);
        let openai = "Unsupported parameter: 'max_tokens' is not supported with this model. \
                      Use 'max_completion_tokens' instead.";
        let change = it.adapt(openai).expect("it can be given");
        assert_eq!(change, "the answer limit goes as max_completion_tokens");
        assert_eq!(body(&it)["max_completion_tokens"], 16);
        assert_eq!(body(&it).get("max_tokens"), None);
    }

    #[test]
    fn a_minimum_is_met_and_a_hundred_thousand_tokens_are_not_bought() {
        let mut it = smallest("openai-compatible", &ModelFacts::default());
        let says = "Invalid 'max_output_tokens': integer below minimum value. Expected a value \
                    >= 100, but got 16 instead.";
        assert_eq!(it.adapt(says).expect("given"), "the answer limit is 101 tokens");
        assert_eq!(it.adapt("max_tokens must be at least 100000"), None);
    }

    #[test]
    fn thinking_is_switched_off_and_a_stream_is_asked_for() {
        let mut it = smallest("anthropic", &ModelFacts::default());
        let change = it.adapt("thinking.budget_tokens: Input should be greater than 1023");
        assert_eq!(change.expect("given"), "the answer limit is 1024 tokens");
        let mut it = smallest("qwen", &ModelFacts::default());
        let qwen = "parameter.enable_thinking must be set to false for non-streaming calls";
        assert_eq!(it.adapt(qwen).expect("given"), "the answer is streamed");
        assert_eq!(body(&it)["stream"], true);
        assert_eq!(
            it.adapt("this model wants no thinking").expect("given"),
            "thinking is switched off"
        );
    }

    #[test]
    fn what_asks_for_nothing_is_not_tried_again_and_nor_is_anything_for_ever() {
        let mut it = smallest("openai", &ModelFacts::default());
        assert_eq!(it.adapt("The model `m` does not exist"), None);
        let mut it = smallest("openai-compatible", &ModelFacts::default());
        let says = "'max_tokens' and 'max_completion_tokens' are not supported";
        let tries = std::iter::from_fn(|| it.adapt(says)).count();
        assert_eq!(tries, usize::from(PATIENCE));
    }

    #[test]
    fn a_type_that_is_not_called_says_so() {
        let kind = kind("openai").expect("a kind");
        let error = Smallest::new(kind, "m", ModelType::Video, &ModelFacts::default());
        let error = error.expect_err("no video here");
        assert_eq!(error.to_string(), "OpenAI is not called for models of type video here");
    }
}
