//! What is looked at of an answer, as it stands on the wire: a chunk of a stream and a whole answer
//! differ in one name. Fields that vendors fill with something else are kept raw.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::halves;

/// A chunk or a whole answer.
#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

/// One of the answers that were asked for.
#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    /// The stop text that was met, where a server tells it
    /// (<https://docs.vllm.ai/en/stable/serving/openai_compatible_server>).
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// What is said, or what is added to it.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub(super) audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) images: Option<Vec<Image<'a>>>,
    #[serde(borrow, default)]
    pub(super) annotations: Option<Vec<&'a RawValue>>,
}

/// A call, or more of one.
#[derive(Deserialize)]
pub(in crate::chat::openai) struct Call<'a> {
    #[serde(default)]
    pub(in crate::chat::openai) index: Option<u32>,
    #[serde(borrow, default)]
    pub(in crate::chat::openai) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::chat::openai) function: Option<Function<'a>>,
    #[serde(borrow, default)]
    pub(in crate::chat::openai) custom: Option<Function<'a>>,
}

/// What is called, and with what.
#[derive(Deserialize)]
pub(in crate::chat::openai) struct Function<'a> {
    #[serde(borrow, default)]
    pub(in crate::chat::openai) name: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "input")]
    pub(in crate::chat::openai) arguments: Option<&'a RawValue>,
}

/// A picture among the answer, as some vendors send it.
#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow, default)]
    pub(super) image_url: Option<Link<'a>>,
}

/// Where it is: always a data URL.
#[derive(Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'a, str>>,
}

/// A piece of content that is a list.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
}

/// What is said and what is thought, in a field that holds a text or a list of pieces.
pub(in crate::chat::openai) fn said(raw: Option<&RawValue>) -> (String, String) {
    let (mut text, mut thought) = (String::new(), String::new());
    let Some(raw) = raw else { return (text, thought) };
    if let Some(plain) = string(Some(raw)) {
        return (plain, thought);
    }
    for piece in pieces(raw) {
        text.push_str(piece.text.as_deref().unwrap_or_default());
        let Some(thinking) = piece.thinking else { continue };
        match string(Some(thinking)) {
            Some(plain) => thought.push_str(&plain),
            None => thought.extend(pieces(thinking).into_iter().filter_map(|inner| inner.text)),
        }
    }
    (text, thought)
}

fn pieces(list: &RawValue) -> Vec<Piece<'_>> {
    serde_json::from_str(list.get()).unwrap_or_default()
}

/// The string at `raw`, if it is one. Half a surrogate pair, which some servers send when they cut
/// a character in two, becomes the replacement character.
pub(super) fn string(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?.get();
    if !raw.starts_with('"') {
        return None;
    }
    serde_json::from_str(raw).or_else(|_| serde_json::from_str(&halves::replaced(raw))).ok()
}

/// Arguments as JSON text, also where a server sends the object itself.
pub(in crate::chat::openai) fn arguments(raw: Option<&RawValue>) -> String {
    match raw.map(RawValue::get) {
        None | Some("null") => String::new(),
        Some(text) if text.starts_with('"') => string(raw).unwrap_or_default(),
        Some(json) => json.to_owned(),
    }
}
