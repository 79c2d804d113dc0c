//! What is looked at of an answer, as it stands on the wire. Fields that servers fill with
//! something else are kept raw.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::halves;

/// An event of a stream.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) item_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) output_index: Option<u64>,
    #[serde(default)]
    pub(super) content_index: Option<u64>,
    #[serde(default)]
    pub(super) summary_index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) annotation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// The whole answer, or what there is of it.
#[derive(Deserialize)]
pub(in super::super) struct Response<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in super::super) status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in super::super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) incomplete_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in super::super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    pub(in super::super) usage: Option<&'a RawValue>,
}

impl Response<'_> {
    /// Whether there is an error in the place of an answer.
    pub(in super::super) fn failed(&self) -> bool {
        let status = string(self.status);
        let error = self.error.map(RawValue::get);
        matches!(status.as_deref(), Some("failed" | "cancelled"))
            || !matches!(error, None | Some("null" | "{}" | "\"\"" | "false"))
    }

    /// The word for why it is not complete.
    pub(super) fn why_incomplete(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Details<'a> {
            #[serde(borrow, default)]
            reason: Option<&'a RawValue>,
        }
        let details: Details<'_> = serde_json::from_str(self.incomplete_details?.get()).ok()?;
        string(details.reason)
    }
}

/// One item of the output: every field of the kinds that are looked into.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) call_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) encrypted_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) output_format: Option<Cow<'a, str>>,
    /// What a picture was really asked for.
    #[serde(borrow, default)]
    pub(super) revised_prompt: Option<&'a RawValue>,
}

/// A part of a message, or of a thought.
#[derive(Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) annotations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// The parts at `raw`, if it is a list of them.
pub(super) fn list<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Vec<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The string at `raw`, if it is one. Halves of surrogate pairs are replaced.
pub(super) fn string(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?.get();
    if !raw.starts_with('"') {
        return None;
    }
    let mut mended = String::new();
    halves::read::<Cow<'_, str>>(raw, &mut mended).map(Cow::into_owned)
}

/// A value as text: a string's own, or an object's JSON where a server sends arguments as such.
pub(super) fn arguments(raw: Option<&RawValue>) -> Option<String> {
    string(raw).or_else(|| Some(raw?.get().to_owned()).filter(|json| json.starts_with('{')))
}

/// A list that has something in it.
pub(super) fn filled(raw: Option<&RawValue>) -> Option<&str> {
    raw.map(RawValue::get).filter(|json| json.starts_with('[') && json[1..].trim() != "]")
}
