//! The call in which a provider lists its models. It is free: the cheapest proof that a credential
//! works, and what "discover" compares with the catalog.

use serde_json::Value;
use wayleave_model::provider::ModelType;

use crate::{Account, BadAccount};

/// Models of one list that are read; what is longer is cut, and the answer says so.
pub const MOST: usize = 5_000;
/// Longest name of a model, in bytes: longer ones are no names.
const LONGEST_NAME: usize = 256;

/// Where a provider lists its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The whole address, asked with GET.
    pub url: String,
    /// How its answer is read.
    pub shape: Shape,
    /// Requests name the models as the list does. Azure lists what can be deployed, and requests
    /// name deployments.
    pub callable: bool,
}

/// How a list of models is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"data": [{"id"}]}`, or the bare list that some servers answer:
    /// <https://platform.openai.com/docs/api-reference/models/list>,
    /// <https://docs.claude.com/en/api/models-list>.
    OpenAi,
    /// `{"models": [{"name": "models/…", "supportedGenerationMethods"}]}`:
    /// <https://ai.google.dev/api/models#method:-models.list>.
    Gemini,
    /// `{"models": [{"name", "endpoints", "context_length"}]}`:
    /// <https://docs.cohere.com/reference/list-models>.
    Cohere,
    /// `{"models": [{"name"}]}`: <https://docs.ollama.com/api/tags>.
    Ollama,
    /// `{"modelSummaries": [{"modelId", "outputModalities"}]}`:
    /// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html>.
    Bedrock,
    /// `{"stt": [{"canonical_name"}], "tts": […]}`:
    /// <https://developers.deepgram.com/reference/manage/models/list>.
    Deepgram,
    /// `[{"model_id", "can_do_text_to_speech"}]`:
    /// <https://elevenlabs.io/docs/api-reference/models/list>.
    ElevenLabs,
}

/// A model that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name that requests give.
    pub name: String,
    /// What it does, where the list says so.
    pub model_type: Option<ModelType>,
    /// Its context window in tokens, where the list says so.
    pub context_window: Option<u64>,
}

impl Listing {
    /// A list of that shape at `path` below the account's base URL.
    pub(crate) fn below(
        account: &Account<'_>,
        path: &str,
        shape: Shape,
    ) -> Result<Option<Listing>, BadAccount> {
        let url = crate::kinds::below(account.base_url, path)?;
        Ok(Some(Listing { url, shape, callable: true }))
    }
}

impl Shape {
    /// The models of an answer; `None`: it is no such list.
    pub fn read(self, body: &[u8]) -> Option<Vec<Listed>> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        if self == Shape::Deepgram {
            return deepgram(&answer);
        }
        let (list, name) = match self {
            Shape::ElevenLabs => (&answer, "model_id"),
            Shape::Deepgram => return None,
            Shape::OpenAi => (answer.get("data").unwrap_or(&answer), "id"),
            Shape::Gemini | Shape::Cohere | Shape::Ollama => (answer.get("models")?, "name"),
            Shape::Bedrock => (answer.get("modelSummaries")?, "modelId"),
        };
        let list = list.as_array()?;
        let models = list.iter().take(MOST).filter_map(|it| self.listed(it, name));
        Some(models.collect())
    }

    fn listed(self, it: &Value, key: &str) -> Option<Listed> {
        // Some servers of OpenAI's grammar say `name` alone.
        let name = it.get(key).or_else(|| it.get("name"))?.as_str()?;
        let name = match self {
            Shape::Gemini => name.strip_prefix("models/").unwrap_or(name),
            _ => name,
        };
        let is_name = (1..=LONGEST_NAME).contains(&name.len()) && !name.contains(char::is_control);
        is_name.then(|| Listed {
            name: name.to_owned(),
            model_type: self.model_type(it),
            context_window: WINDOWS.iter().find_map(|field| it.get(field)?.as_u64()),
        })
    }

    fn model_type(self, it: &Value) -> Option<ModelType> {
        let words = |field: &str| -> Vec<&str> {
            let list = it.get(field).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let one_of = |field: &str, table: &[(&str, ModelType)]| {
            let said = words(field);
            table.iter().find(|(word, _)| said.contains(word)).map(|(_, it)| *it)
        };
        match self {
            Shape::OpenAi => {
                let word = it.get("type").and_then(Value::as_str)?;
                OPENAI_TYPES.iter().find(|(known, _)| *known == word).map(|(_, it)| *it)
            }
            Shape::Gemini => one_of("supportedGenerationMethods", GEMINI_METHODS),
            Shape::Cohere => one_of("endpoints", COHERE_ENDPOINTS),
            Shape::Bedrock => one_of("outputModalities", BEDROCK_OUTPUTS),
            Shape::ElevenLabs => {
                let speaks = it.get("can_do_text_to_speech")?.as_bool()?;
                speaks.then_some(ModelType::TextToSpeech)
            }
            Shape::Ollama | Shape::Deepgram => None,
        }
    }
}

/// Two lists, one for each way; versions of a model stand there by themselves.
fn deepgram(answer: &Value) -> Option<Vec<Listed>> {
    let types = [("stt", ModelType::SpeechToText), ("tts", ModelType::TextToSpeech)];
    let mut models: Vec<Listed> = Vec::new();
    let mut known = false;
    for (list, model_type) in types {
        let Some(list) = answer.get(list).and_then(Value::as_array) else { continue };
        known = true;
        for it in list.iter().take(MOST) {
            let Some(listed) = Shape::Deepgram.listed(it, "canonical_name") else { continue };
            if !models.iter().any(|model| model.name == listed.name) {
                models.push(Listed { model_type: Some(model_type), ..listed });
            }
        }
    }
    known.then_some(models)
}

/// Where lists say how long a prompt may be: OpenRouter and Cohere, vLLM, Groq, Gemini, Mistral.
const WINDOWS: &[&str] =
    &["context_length", "max_model_len", "context_window", "inputTokenLimit", "max_context_length"];

/// The field `type` as Together writes it: <https://docs.together.ai/reference/models-1>.
/// OpenAI's own list has none, and Anthropic's says `model` of each.
const OPENAI_TYPES: &[(&str, ModelType)] = &[
    ("chat", ModelType::Llm),
    ("language", ModelType::Llm),
    ("llm", ModelType::Llm),
    ("embedding", ModelType::Embedding),
    ("rerank", ModelType::Rerank),
    ("image", ModelType::Image),
    ("audio", ModelType::TextToSpeech),
    ("transcribe", ModelType::SpeechToText),
    ("moderation", ModelType::Moderation),
    ("video", ModelType::Video),
];

const GEMINI_METHODS: &[(&str, ModelType)] = &[
    ("generateContent", ModelType::Llm),
    ("embedContent", ModelType::Embedding),
    ("predictLongRunning", ModelType::Video),
    ("predict", ModelType::Image),
];

const COHERE_ENDPOINTS: &[(&str, ModelType)] = &[
    ("chat", ModelType::Llm),
    ("embed", ModelType::Embedding),
    ("rerank", ModelType::Rerank),
    ("transcriptions", ModelType::SpeechToText),
];

const BEDROCK_OUTPUTS: &[(&str, ModelType)] = &[
    ("TEXT", ModelType::Llm),
    ("EMBEDDING", ModelType::Embedding),
    ("IMAGE", ModelType::Image),
    ("VIDEO", ModelType::Video),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shape: Shape, body: &str) -> Vec<(String, Option<ModelType>, Option<u64>)> {
        let models = shape.read(body.as_bytes()).expect("a list");
        models.into_iter().map(|it| (it.name, it.model_type, it.context_window)).collect()
    }

    #[test]
    fn every_vendors_list_is_read() {
        let plain = |name: &str| (name.to_owned(), None, None);
        let openai = r#"{"object":"list","data":[{"id":"gpt-5.4","object":"model"},{"id":"x"}]}"#;
        assert_eq!(read(Shape::OpenAi, openai), [plain("gpt-5.4"), plain("x")]);
        let anthropic = r#"{"data":[{"type":"model","id":"claude-opus-4-6"}],"has_more":false}"#;
        assert_eq!(read(Shape::OpenAi, anthropic), [plain("claude-opus-4-6")]);
        let bare = r#"[{"id":"m","type":"embedding","context_length":512}]"#;
        let embedding = ("m".to_owned(), Some(ModelType::Embedding), Some(512));
        assert_eq!(read(Shape::OpenAi, bare), [embedding]);
        let gemini = r#"{"models":[{"name":"models/gemini-3","inputTokenLimit":1048576,
            "supportedGenerationMethods":["generateContent","countTokens"]}]}"#;
        let model = ("gemini-3".to_owned(), Some(ModelType::Llm), Some(1_048_576));
        assert_eq!(read(Shape::Gemini, gemini), [model]);
        let cohere = r#"{"models":[{"name":"rerank-v4","endpoints":["rerank"]}]}"#;
        assert_eq!(
            read(Shape::Cohere, cohere),
            [("rerank-v4".to_owned(), Some(ModelType::Rerank), None)]
        );
        let ollama = r#"{"models":[{"name":"llama4:latest","model":"llama4:latest"}]}"#;
        assert_eq!(read(Shape::Ollama, ollama), [plain("llama4:latest")]);
        let deepgram = r#"{"stt":[{"name":"nova-3","canonical_name":"nova-3-general"},
            {"canonical_name":"nova-3-general"}],"tts":[{"canonical_name":"aura-2-thalia-en"}]}"#;
        let typed = |name: &str, model_type| (name.to_owned(), Some(model_type), None);
        assert_eq!(
            read(Shape::Deepgram, deepgram),
            [
                typed("nova-3-general", ModelType::SpeechToText),
                typed("aura-2-thalia-en", ModelType::TextToSpeech),
            ]
        );
        assert_eq!(Shape::Deepgram.read(br#"{"err_code":"INVALID_AUTH"}"#), None);
        let elevenlabs = r#"[{"model_id":"eleven_v3","name":"v3","can_do_text_to_speech":true},
            {"model_id":"sts","can_do_text_to_speech":false}]"#;
        assert_eq!(
            read(Shape::ElevenLabs, elevenlabs),
            [typed("eleven_v3", ModelType::TextToSpeech), plain("sts")]
        );
        let bedrock = r#"{"modelSummaries":[{"modelId":"amazon.nova-pro-v1:0",
            "outputModalities":["TEXT"]}]}"#;
        let model = ("amazon.nova-pro-v1:0".to_owned(), Some(ModelType::Llm), None);
        assert_eq!(read(Shape::Bedrock, bedrock), [model]);
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        for body in [r#"{"error":{"message":"no"}}"#, "<html>", "{}", r#"{"data":"x"}"#, "7"] {
            assert_eq!(Shape::OpenAi.read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Shape::OpenAi.read(br#"{"data":[]}"#), Some(Vec::new()));
    }

    #[test]
    fn names_that_are_none_are_left_out() {
        let long = "x".repeat(LONGEST_NAME + 1);
        let body = serde_json::json!({"data": [
            {"id": ""}, {"id": 7}, {"id": "a\nb"}, {"id": long}, "text", {"id": "fine"},
        ]});
        let names = read(Shape::OpenAi, &body.to_string());
        assert_eq!(names, [("fine".to_owned(), None, None)]);
    }
}
