//! The pieces of a message, read: text, pictures, sound, films and documents.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Malformed;
use crate::chat::media;
use crate::chat::node::{Node, keep, list};
use crate::chat::{Media, Part};

/// Reads a message's content: one text or a list of parts.
pub(super) fn content(message: &Node<'_>, key: &str) -> Result<Vec<Part>, Malformed> {
    let Some(raw) = message.raw(key) else { return Ok(Vec::new()) };
    if raw.starts_with('"') {
        let text = message.required(key)?;
        let cache = message.json("cache_control");
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::Text { text, cache }] });
    }
    if !raw.starts_with('[') {
        return Err(message.wrong(key, "a string or a list of parts"));
    }
    let path = message.path(key);
    let read = |(at, json): (usize, &str)| {
        if json.starts_with('"') {
            // A bare string among the parts.
            let text = serde_json::from_str(json).map_err(|_| {
                Malformed::at(format!("{path}[{at}]"), "a text that cannot be read")
            })?;
            return Ok(Part::Text { text, cache: None });
        }
        part(&Node::read(json, format!("{path}[{at}]"))?, json)
    };
    list(raw, &path)?.into_iter().enumerate().map(read).collect()
}

/// Reads the pictures that the model made, which some vendors take back where they put them: beside
/// the content (<https://openrouter.ai/docs/features/multimodal/image-generation>).
pub(super) fn pictures(message: &Node<'_>, key: &str) -> Result<Vec<Part>, Malformed> {
    let list = message.list(key)?.unwrap_or_default().into_iter().enumerate();
    let read = |(at, json): (usize, &str)| {
        let picture = Node::read(json, format!("{}[{at}]", message.path(key)))?;
        let (media, detail) = address(&picture, "image_url")?;
        Ok(Part::Image { media, detail, cache: picture.json("cache_control") })
    };
    list.map(read).collect()
}

fn part(node: &Node<'_>, json: &str) -> Result<Part, Malformed> {
    let kind = node.required("type")?;
    let cache = node.json("cache_control");
    Ok(match &*kind {
        "text" | "input_text" | "output_text" => Part::Text { text: node.required("text")?, cache },
        "refusal" => Part::Refusal(node.required("refusal")?),
        "image_url" => {
            let (media, detail) = address(node, "image_url")?;
            by_type(media, detail, cache)
        }
        "video_url" => Part::Video { media: address(node, "video_url")?.0 },
        "audio_url" => Part::Audio { media: address(node, "audio_url")?.0 },
        "input_audio" => Part::Audio { media: audio(node)? },
        "file" => file(node, cache)?,
        _ => match keep(json) {
            Some(json) => Part::Vendor { kind, json },
            None => return Err(node.wrong("type", "a kind of part")),
        },
    })
}

/// What stands at `key`: `{"url", "detail"}`, or the address alone.
fn address(node: &Node<'_>, key: &str) -> Result<(Media, Option<String>), Malformed> {
    if node.raw(key).is_some_and(|raw| raw.starts_with('"')) {
        return Ok((media(node, key)?, None));
    }
    let inner = node.node(key)?.ok_or_else(|| node.missing(key))?;
    Ok((media(&inner, "url")?, inner.text("detail")?.map(Cow::into_owned)))
}

/// Clients without a word for sound, films and documents send them as pictures, with their type.
fn by_type(media: Media, detail: Option<String>, cache: Option<Box<RawValue>>) -> Part {
    let mime = match &media {
        Media::Inline { mime, .. } => mime.as_str(),
        _ => "",
    };
    match mime.split('/').next() {
        Some("audio") => Part::Audio { media },
        Some("video") => Part::Video { media },
        Some("application" | "text") => Part::File { media, name: None, cache },
        _ => Part::Image { media, detail, cache },
    }
}

fn media(node: &Node<'_>, key: &str) -> Result<Media, Malformed> {
    let url = node.text(key)?.ok_or_else(|| node.missing(key))?;
    media::at(&url).ok_or_else(|| node.wrong(key, media::AN_ADDRESS))
}

fn audio(node: &Node<'_>) -> Result<Media, Malformed> {
    let inner = node.node("input_audio")?.ok_or_else(|| node.missing("input_audio"))?;
    let data = inner.required("data")?;
    if data.starts_with("data:") {
        return media(&inner, "data");
    }
    let format = inner.text("format")?.unwrap_or_default();
    let mime = media::type_of("audio", &format)
        .ok_or_else(|| inner.wrong("format", "the name of a format, like `wav`"))?;
    Ok(Media::Inline { mime, base64: data })
}

fn file(node: &Node<'_>, cache: Option<Box<RawValue>>) -> Result<Part, Malformed> {
    let inner = node.node("file")?.ok_or_else(|| node.missing("file"))?;
    let name = inner.text("filename")?.map(Cow::into_owned);
    let media = match (inner.text("file_id")?, inner.text("file_data")?) {
        (Some(id), _) => Media::FileId(id.into_owned()),
        (None, None) => return Err(inner.missing("file_data")),
        (None, Some(data)) if data.contains(':') => media(&inner, "file_data")?,
        (None, Some(data)) => {
            let pdf = name.as_deref().is_some_and(|name| name.ends_with(".pdf"));
            let mime = if pdf { "application/pdf" } else { "" }.to_owned();
            Media::Inline { mime, base64: data.into_owned() }
        }
    };
    Ok(Part::File { media, name, cache })
}
