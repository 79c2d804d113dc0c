//! Content blocks as they stand on the wire: announced, in pieces, and whole.
//!
//! Each is a union: of its fields, one is there.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::PartKind;
use crate::error::Fault;

/// What a block begins with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start<'a> {
    #[serde(borrow, default)]
    pub(super) tool_use: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) tool_result: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) image: Option<Image>,
}

/// What is added to a block.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delta<'a> {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) tool_use: Option<Input>,
    #[serde(borrow, default)]
    pub(super) tool_result: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    pub(super) reasoning_content: Option<Thought>,
    #[serde(borrow, default)]
    pub(super) citation: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) image: Option<Image>,
}

/// A whole block.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content<'a> {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(borrow, default)]
    pub(super) tool_use: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) reasoning_content: Option<Reasoning>,
    #[serde(borrow, default)]
    pub(super) citations_content: Option<Cited<'a>>,
    #[serde(default)]
    pub(super) image: Option<Image>,
}

/// A call: whole, or as it begins.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call<'a> {
    #[serde(default)]
    pub(super) tool_use_id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
}

/// A piece of a call's arguments.
#[derive(Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    pub(super) input: String,
}

/// A piece of a thought.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thought {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) signature: Option<String>,
    #[serde(default)]
    pub(super) redacted_content: Option<String>,
}

/// A whole thought.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reasoning {
    #[serde(default)]
    pub(super) reasoning_text: Option<Thought>,
    #[serde(default)]
    pub(super) redacted_content: Option<String>,
}

/// Words with their sources.
#[derive(Deserialize)]
pub(super) struct Cited<'a> {
    #[serde(default)]
    pub(super) content: Vec<Words>,
    #[serde(borrow, default)]
    pub(super) citations: Vec<&'a RawValue>,
}

/// A piece of them.
#[derive(Deserialize)]
pub(super) struct Words {
    #[serde(default)]
    pub(super) text: Option<String>,
}

/// A picture, or a piece of one.
#[derive(Deserialize)]
pub(super) struct Image {
    #[serde(default)]
    pub(super) format: Option<String>,
    #[serde(default)]
    pub(super) source: Option<Source>,
}

/// Where it is.
#[derive(Deserialize)]
pub(super) struct Source {
    #[serde(default)]
    pub(super) bytes: Option<String>,
}

impl Delta<'_> {
    /// Whether it adds nothing of a kind that is known.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none()
            && self.tool_use.is_none()
            && self.tool_result.is_none()
            && self.reasoning_content.is_none()
            && self.citation.is_none()
            && self.image.is_none()
    }
}

impl Image {
    /// The part it is.
    pub(super) fn part(&self) -> PartKind {
        PartKind::Image { mime: format!("image/{}", self.format.as_deref().unwrap_or("png")) }
    }
}

/// A call, from what stands in its block.
pub(super) fn call(json: &RawValue) -> Result<Call<'_>, Fault> {
    serde_json::from_str(json.get())
        .map_err(|_| Fault::unreadable("the provider sent a tool call that cannot be read"))
}

/// Arguments are JSON; a model that gives a text means what stands in it.
pub(super) fn arguments(input: &RawValue) -> String {
    serde_json::from_str::<String>(input.get()).unwrap_or_else(|_| input.get().to_owned())
}
