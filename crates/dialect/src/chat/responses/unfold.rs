//! A whole body, for a client of the same dialect that asked for a stream.
//!
//! Its items go out as they are, so that ids and seals hold together: what is written anew is only
//! the events that announce them and the text that clients show as it comes.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::whole;
use crate::carry::{Answer, Seen};
use crate::chat::json::{Object, object};
use crate::error::Fault;
use crate::raw::RawObject;

/// The frames of the answer that `body` is.
pub(super) fn stream(answer: &Answer, body: &Bytes, seen: &mut Seen) -> Result<Bytes, Fault> {
    let whole = whole::carry(answer, body)?;
    let unreadable = |_| Fault::unreadable("the provider sent a body that cannot be read");
    let response = RawObject::read(&whole.body).map_err(unreadable)?;
    let items: Vec<&RawValue> = response.parse("output").and_then(Result::ok).unwrap_or_default();
    let mut frames = Frames { out: Vec::with_capacity(2 * whole.body.len()), sequence: 0 };
    for kind in ["response.created", "response.in_progress"] {
        frames.put(kind, |data| {
            data.nest("response", |begun| begin(&response, begun));
        });
    }
    for (at, item) in (0..).zip(&items) {
        frames.item(at, item.get());
    }
    let incomplete = response.raw("status") == Some(r#""incomplete""#);
    let last = if incomplete { "response.incomplete" } else { "response.completed" };
    frames.put(last, |data| {
        data.bytes("response", &whole.body);
    });
    seen.semantic = true;
    seen.usage = whole.usage;
    seen.content_bytes = if whole.usage.is_some() { 0 } else { whole.content_bytes };
    seen.repaired("not_streamed");
    Ok(frames.out.into())
}

/// The response before there was anything of it.
fn begin(response: &RawObject<'_>, begun: &mut Object<'_>) {
    for key in response.keys() {
        let json = match key {
            "status" => r#""in_progress""#,
            "output" => "[]",
            "usage" | "incomplete_details" | "completed_at" => "null",
            _ => response.raw(key).unwrap_or("null"),
        };
        begun.raw(key, json);
    }
}

struct Frames {
    out: Vec<u8>,
    sequence: u64,
}

impl Frames {
    fn put(&mut self, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.out.extend_from_slice(format!("event: {kind}\ndata: ").as_bytes());
        let start = self.out.len();
        object(&mut self.out, |data| {
            data.text("type", kind).count("sequence_number", self.sequence);
            fill(data);
        });
        // Between the tokens of JSON a line feed is as good as a space; inside them there is none.
        self.out[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(
            |byte| {
                *byte = b' ';
            },
        );
        self.out.extend_from_slice(b"\n\n");
        self.sequence += 1;
    }

    fn item(&mut self, at: u64, json: &str) {
        let item = RawObject::read(json.as_bytes()).ok();
        let text = |key| item.as_ref().and_then(|item| item.raw(key));
        let id = text("id").unwrap_or(r#""""#);
        // What grows by deltas begins empty, as clients add to it.
        let grows = match text("type") {
            Some(r#""message""#) => Some(("content", "[]")),
            Some(r#""function_call""#) => Some(("arguments", r#""""#)),
            Some(r#""custom_tool_call""#) => Some(("input", r#""""#)),
            _ => None,
        };
        self.put("response.output_item.added", |data| {
            data.count("output_index", at).with("item", |out| match (&item, grows) {
                (Some(item), Some((field, empty))) => object(out, |added| {
                    for key in item.keys() {
                        let json = item.raw(key).unwrap_or("null");
                        added.raw(key, if key == field { empty } else { json });
                    }
                }),
                _ => out.extend_from_slice(json.as_bytes()),
            });
        });
        match grows {
            Some(("content", _)) => self.message(at, id, text("content").unwrap_or("[]")),
            Some((field, _)) => {
                let prefix = match field {
                    "arguments" => "response.function_call_arguments",
                    _ => "response.custom_tool_call_input",
                };
                let whole = text(field).filter(|raw| raw.starts_with('"')).unwrap_or(r#""""#);
                for (end, key) in [(".delta", "delta"), (".done", field)] {
                    self.put(&format!("{prefix}{end}"), |data| {
                        data.raw("item_id", id).count("output_index", at).raw(key, whole);
                    });
                }
            }
            None => (),
        }
        self.put("response.output_item.done", |data| {
            data.count("output_index", at).raw("item", json);
        });
    }

    fn message(&mut self, at: u64, id: &str, content: &str) {
        let parts: Vec<&RawValue> = serde_json::from_str(content).unwrap_or_default();
        for (nth, part) in (0..).zip(parts) {
            let Ok(read) = RawObject::read(part.get().as_bytes()) else { continue };
            let (prefix, key) = match read.raw("type") {
                Some(r#""refusal""#) => ("response.refusal", "refusal"),
                _ => ("response.output_text", "text"),
            };
            let text = read.raw(key).filter(|raw| raw.starts_with('"')).unwrap_or(r#""""#);
            let place = |data: &mut Object<'_>| {
                data.raw("item_id", id).count("output_index", at).count("content_index", nth);
            };
            self.put("response.content_part.added", |data| {
                place(data);
                data.with("part", |out| {
                    object(out, |added| {
                        for field in read.keys() {
                            let json = read.raw(field).unwrap_or("null");
                            added.raw(field, if field == key { r#""""# } else { json });
                        }
                    });
                });
            });
            for (end, field) in [(".delta", "delta"), (".done", key)] {
                self.put(&format!("{prefix}{end}"), |data| {
                    place(data);
                    data.raw(field, text);
                    if key == "text" {
                        data.raw("logprobs", "[]");
                    }
                });
            }
            self.put("response.content_part.done", |data| {
                place(data);
                data.raw("part", part.get());
            });
        }
    }
}
