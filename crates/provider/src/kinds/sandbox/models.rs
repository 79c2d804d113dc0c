//! The sandbox's models: what they are called, and what each one does.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::manifest::KnownModel;

/// Tokens of prompt and answer together; longer prompts get `context_length_exceeded`.
pub(super) const CONTEXT_WINDOW: u64 = 1_000_000;
/// Most tokens of one answer.
pub(super) const MAX_OUTPUT: usize = 10_000;

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Echo,
    Slow,
    Tools,
    Json,
    Reasoning,
    Vision,
    Long,
    Empty,
    Refusal,
    /// Answers this status.
    Error(u16),
    /// An error frame after five tokens.
    ErrorStream,
    /// The connection breaks after five tokens.
    Cut,
    /// A head, then nothing.
    Silent,
    /// Not even a head.
    Hang,
}

impl Act {
    /// What the model of that name does.
    pub(super) fn of(model: &str) -> Option<Act> {
        Some(match model {
            "echo" => Act::Echo,
            "slow" => Act::Slow,
            "tools" => Act::Tools,
            "json" => Act::Json,
            "reasoning" => Act::Reasoning,
            "vision" => Act::Vision,
            "long" => Act::Long,
            "empty" => Act::Empty,
            "refusal" => Act::Refusal,
            "error-400" => Act::Error(400),
            "error-401" => Act::Error(401),
            "error-404" => Act::Error(404),
            "error-429" => Act::Error(429),
            "error-500" => Act::Error(500),
            "error-503" => Act::Error(503),
            "error-stream" => Act::ErrorStream,
            "cut" => Act::Cut,
            "silent" => Act::Silent,
            "hang" => Act::Hang,
            _ => return None,
        })
    }
}

/// Every model, in the order people see them.
pub(super) static MODELS: [KnownModel; 26] = [
    llm("echo", "Says that it is the sandbox and repeats your last message."),
    llm("slow", "Waits two seconds, then speaks a token every 200 ms."),
    llm("tools", "Calls the first tool it is offered, or all if the prompt says `parallel`."),
    llm("json", "Answers JSON that fits the schema it is given."),
    able("reasoning", "Reasons before it answers.", false, true),
    able("vision", "Says how many images of which types it got.", true, false),
    llm("long", "Answers 500 tokens."),
    llm("empty", "Answers nothing at all, successfully."),
    llm("refusal", "Refuses politely."),
    llm("error-400", "Answers status 400."),
    llm("error-401", "Answers status 401."),
    llm("error-404", "Answers status 404."),
    llm("error-429", "Answers status 429 with Retry-After: 1."),
    llm("error-500", "Answers status 500."),
    llm("error-503", "Answers status 503."),
    llm("error-stream", "Sends an error frame after five tokens."),
    llm("cut", "Breaks the connection after five tokens."),
    llm("silent", "Sends a head and then nothing."),
    llm("hang", "Never answers."),
    of_type("embedding", ModelType::Embedding, "Vectors that are near where texts share words."),
    of_type(
        "rerank",
        ModelType::Rerank,
        "Orders documents by the words they share with the query.",
    ),
    of_type("transcription", ModelType::SpeechToText, "Says how many bytes of which type it got."),
    of_type("speech", ModelType::TextToSpeech, "A recording that says what it is, in six formats."),
    of_type("image", ModelType::Image, "Draws stripes whose colours come of the prompt."),
    of_type("moderation", ModelType::Moderation, "Flags a text that holds the name of a category."),
    of_type(
        "video",
        ModelType::Video,
        "Promises a film of a second, and has it two seconds later.",
    ),
];

/// A model that holds no conversation.
const fn of_type(name: &'static str, model_type: ModelType, summary: &'static str) -> KnownModel {
    KnownModel { name, model_type, facts: ModelFacts::UNKNOWN, summary, free: true }
}

const fn llm(name: &'static str, summary: &'static str) -> KnownModel {
    able(name, summary, false, false)
}

const fn able(
    name: &'static str,
    summary: &'static str,
    vision: bool,
    reasoning: bool,
) -> KnownModel {
    let mut facts = ModelFacts::UNKNOWN;
    facts.context_window = Some(CONTEXT_WINDOW);
    facts.max_output = Some(MAX_OUTPUT as u64);
    facts.tools = Some(true);
    facts.vision = Some(vision);
    facts.json_schema = Some(true);
    facts.reasoning = if reasoning { Some(ReasoningControl::Effort) } else { None };
    KnownModel { name, model_type: ModelType::Llm, facts, summary, free: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_does_something_of_its_own() {
        let chats = || MODELS.iter().filter(|it| it.model_type == ModelType::Llm);
        for (n, model) in chats().enumerate() {
            let act = Act::of(model.name).expect(model.name);
            let others = chats().skip(n + 1).filter_map(|it| Act::of(it.name));
            assert!(others.clone().all(|other| other != act), "{}", model.name);
        }
        assert!(MODELS.iter().all(|it| it.free));
    }
}
