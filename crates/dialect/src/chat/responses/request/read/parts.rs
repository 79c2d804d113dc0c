//! The pieces of a message or of a tool's result, read: text, pictures, sound and documents.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::Rest;
use crate::Malformed;
use crate::chat::media;
use crate::chat::node::{Node, keep, list};
use crate::chat::{Media, Part};

/// Reads a content: one text or a list of parts.
pub(super) fn content(node: &Node<'_>, key: &str, rest: &mut Rest) -> Result<Vec<Part>, Malformed> {
    let Some(raw) = node.raw(key) else { return Ok(Vec::new()) };
    if raw.starts_with('"') {
        let text = node.required(key)?;
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::Text { text, cache: None }]
        });
    }
    if !raw.starts_with('[') {
        return Err(node.wrong(key, "a string or a list of parts"));
    }
    let path = node.path(key);
    let items = list(raw, &path)?.into_iter().enumerate();
    items.map(|(at, json)| part(&Node::read(json, format!("{path}[{at}]"))?, json, rest)).collect()
}

fn part(node: &Node<'_>, json: &str, rest: &mut Rest) -> Result<Part, Malformed> {
    let kind = node.required("type")?;
    let cache = mark(node);
    Ok(match &*kind {
        "input_text" | "output_text" | "text" => {
            let told = |raw: &str| raw != "[]";
            let notes = node.json("annotations").filter(|raw| told(raw.get()));
            rest.keep("input[].content[].annotations", notes);
            Part::Text { text: node.required("text")?, cache }
        }
        "refusal" => Part::Refusal(node.required("refusal")?),
        "input_image" => Part::Image {
            media: media(node, "file_id", "image_url", "image_url")?,
            detail: node.text("detail")?.map(Cow::into_owned),
            cache,
        },
        "input_file" => {
            let name = node.text("filename")?.map(Cow::into_owned);
            Part::File { media: file(node, name.as_deref())?, name, cache }
        }
        "input_audio" => Part::Audio { media: audio(node)? },
        _ => match keep(json) {
            Some(json) => Part::Vendor { kind, json },
            None => return Err(node.wrong("type", "a kind of part")),
        },
    })
}

/// The prompt-cache mark, in the words that the conversation knows it by.
fn mark(node: &Node<'_>) -> Option<Box<RawValue>> {
    node.raw("prompt_cache_breakpoint").and_then(|_| keep(r#"{"type":"ephemeral"}"#))
}

/// What stands at the first of the keys that is there.
fn media(node: &Node<'_>, id: &str, url: &str, missing: &str) -> Result<Media, Malformed> {
    if let Some(id) = node.text(id)?.filter(|id| !id.is_empty()) {
        return Ok(Media::FileId(id.into_owned()));
    }
    let Some(address) = node.text(url)?.filter(|address| !address.is_empty()) else {
        return Err(node.missing(missing));
    };
    media::at(&address).ok_or_else(|| node.wrong(url, media::AN_ADDRESS))
}

fn file(node: &Node<'_>, name: Option<&str>) -> Result<Media, Malformed> {
    match node.text("file_data")? {
        Some(data) if media::data_url(&data).is_none() => {
            // Some clients send the base64 alone.
            let pdf = name.is_none_or(|name| name.ends_with(".pdf"));
            let mime = if pdf { "application/pdf" } else { "" }.to_owned();
            Ok(Media::Inline { mime, base64: data.into_owned() })
        }
        Some(_) => media(node, "file_id", "file_data", "file_data"),
        None => media(node, "file_id", "file_url", "file_data"),
    }
}

fn audio(node: &Node<'_>) -> Result<Media, Malformed> {
    let inner = node.node("input_audio")?.ok_or_else(|| node.missing("input_audio"))?;
    let base64 = inner.required("data")?;
    let format = inner.text("format")?.unwrap_or_default();
    let mime = media::type_of("audio", &format)
        .ok_or_else(|| inner.wrong("format", "the name of a format, like `wav`"))?;
    Ok(Media::Inline { mime, base64 })
}
