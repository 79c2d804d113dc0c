//! What a streamed and a whole answer are written with alike.

use crate::carry::Answer;
use crate::chat::Finish;
use crate::chat::cited::{Desk, Placed};
use crate::chat::json::{self, Object};

/// Appends `{"id":…,"object":…,"created":…,"model":…` without its end.
pub(super) fn identify(out: &mut Vec<u8>, answer: &Answer, id: &str, model: &str, object: &str) {
    const PREFIX: &str = "chatcmpl-";
    let id = if id.is_empty() { &answer.id } else { id };
    let id = match id.starts_with(PREFIX) {
        true => id.to_owned(),
        false => format!("{PREFIX}{id}"),
    };
    let mut head = Object::open(out);
    head.text("id", &id).text("object", object);
    head.raw("created", &answer.created.to_string());
    head.text("model", answer.model.as_deref().unwrap_or(model));
}

/// Why the answer ended, in this dialect's words.
pub(super) fn finish_word(reason: Finish, refused: bool, legacy: bool) -> &'static str {
    match reason {
        Finish::Stop | Finish::StopSequence | Finish::Pause => "stop",
        Finish::Length | Finish::ContextLength => "length",
        Finish::ToolCalls if legacy => "function_call",
        Finish::ToolCalls => "tool_calls",
        // A refusal in words is an answer that ended; without words it was cut by a filter.
        Finish::Refused if refused => "stop",
        Finish::Refused => "content_filter",
    }
}

/// The type of a call, and the field of its input.
pub(super) const fn call_words(custom: bool) -> (&'static str, &'static str) {
    if custom { ("custom", "input") } else { ("function", "arguments") }
}

/// The text that a function standing for a custom tool was given: `{"input":"…"}`.
pub(super) fn unwrap(arguments: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        input: String,
    }
    match serde_json::from_str::<Wrapped>(arguments) {
        Ok(wrapped) => wrapped.input,
        Err(_) => arguments.to_owned(),
    }
}

/// The picture number `nth` among the answer, in OpenRouter's form
/// (<https://openrouter.ai/docs/features/multimodal/image-generation>). openai-python's
/// `accumulate_delta` raises on the second one of a list whose items have no `index`.
pub(super) fn image(nth: u32, mime: &str, base64: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(base64.len() + 96);
    json::object(&mut out, |image| {
        image.text("type", "image_url");
        image.nest("image_url", |link| {
            link.text("url", &format!("data:{mime};base64,{base64}"));
        });
        image.count("index", nth.into());
    });
    out
}

/// A source on the web as this dialect cites it: places count in characters.
pub(super) fn url_citation(desk: &Desk, placed: &Placed) -> String {
    let (from, to) = desk.characters(placed);
    let mut out = Vec::with_capacity(placed.url.len() + 128);
    json::object(&mut out, |note| {
        note.text("type", "url_citation").nest("url_citation", |inner| {
            inner.count("start_index", from).count("end_index", to);
            inner.text("url", &placed.url).text("title", &placed.title);
        });
    });
    String::from_utf8_lossy(&out).into_owned()
}
