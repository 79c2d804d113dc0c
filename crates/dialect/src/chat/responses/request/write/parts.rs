//! The pieces of a message or of a tool's result, written.

use super::super::kinds::is_item;
use crate::chat::json::{self, Object};
use crate::chat::{Media, Part};
use crate::{Losses, Severity};

/// The texts of `parts`, if there is nothing else.
pub(super) fn only_text(parts: &[Part], losses: &mut Losses) -> Option<String> {
    let mut texts = Vec::with_capacity(parts.len());
    for part in parts {
        let Part::Text { text, .. } = part else { return None };
        texts.push(text.as_str());
    }
    parts.iter().for_each(|part| {
        note_cache(matches!(part, Part::Text { cache: Some(_), .. }), losses);
    });
    let text = texts.join("\n\n");
    (!text.is_empty()).then_some(text)
}

/// The content as JSON: a string where there is one text, else a list. `None`: there is nothing.
pub(super) fn content(parts: &[Part], losses: &mut Losses) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if let [Part::Text { text, cache: None }] = parts {
        json::quote(&mut out, text);
        return (!text.is_empty()).then_some(out);
    }
    let list: Vec<_> = parts.iter().filter_map(|part| piece(part, losses)).collect();
    json::list(&mut out, &list);
    (!list.is_empty()).then_some(out)
}

/// Providers of this dialect cache on their own; marks are for some models only.
pub(super) fn note_cache(marked: bool, losses: &mut Losses) {
    if marked {
        losses.note("messages[].content[].cache_control", "cached without", Severity::Hint);
    }
}

fn piece(part: &Part, losses: &mut Losses) -> Option<Vec<u8>> {
    let written = match part {
        Part::Text { text, cache } => {
            note_cache(cache.is_some(), losses);
            return (!text.is_empty()).then(|| {
                input("input_text", |o| {
                    o.text("text", text);
                })
            });
        }
        Part::Image { media, detail, cache } => {
            note_cache(cache.is_some(), losses);
            at(media, "image/png").map(|place| {
                let key = if place.is_id { "file_id" } else { "image_url" };
                input("input_image", |o| {
                    o.text(key, &place.at).text("detail", detail.as_deref().unwrap_or("auto"));
                })
            })
        }
        Part::File { media, name, cache } => {
            note_cache(cache.is_some(), losses);
            at(media, "application/pdf").map(|place| file(media, name.as_deref(), &place))
        }
        Part::Audio { .. } | Part::Video { .. } => None,
        Part::Vendor { kind, json } if kind.starts_with("input_") => {
            Some(json.get().as_bytes().to_vec())
        }
        Part::Vendor { kind, .. } if is_item(kind) => return None,
        Part::Vendor { kind, .. } => {
            let path = format!("messages[].content[].{kind}");
            losses.note(path, "no such part", Severity::Meaning);
            return None;
        }
        // These have places of their own.
        Part::ToolResult { .. } => return None,
        Part::Refusal(_) | Part::ToolCall { .. } | Part::Reasoning { .. } => {
            losses.note("messages[].content", "only the model says so", Severity::Meaning);
            return None;
        }
    };
    if written.is_none() {
        let (path, reason) = match part {
            Part::Video { .. } => ("video", "no such part"),
            // `ResponseInputContent` in the SDK's types has none.
            Part::Audio { .. } => ("audio", "no such part"),
            Part::Image { .. } => ("image", "it is in another provider's store"),
            _ => ("file", "it is in another provider's store"),
        };
        losses.note(format!("messages[].content[].{path}"), reason, Severity::Meaning);
    }
    written
}

fn input(kind: &str, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    json::object(&mut out, |object| {
        object.text("type", kind);
        fill(object);
    });
    out
}

struct Place {
    at: String,
    is_id: bool,
}

/// Where a provider of this dialect finds it. Its own ids begin with `file-`
/// (<https://platform.openai.com/docs/api-reference/files>); another's mean nothing to it.
fn at(media: &Media, by_default: &str) -> Option<Place> {
    match media {
        Media::Inline { mime, base64 } => {
            let mime = if mime.is_empty() { by_default } else { mime };
            Some(Place { at: format!("data:{mime};base64,{base64}"), is_id: false })
        }
        Media::Url(url) => Some(Place { at: url.clone(), is_id: false }),
        Media::FileId(id) => id.starts_with("file-").then(|| Place { at: id.clone(), is_id: true }),
    }
}

fn file(media: &Media, name: Option<&str>, place: &Place) -> Vec<u8> {
    input("input_file", |o| {
        match media {
            Media::FileId(_) => o.text("file_id", &place.at),
            Media::Url(_) => o.text("file_url", &place.at),
            // A file without a name is refused.
            Media::Inline { .. } => {
                o.text("filename", name.unwrap_or("document.pdf")).text("file_data", &place.at)
            }
        };
    })
}
