//! Content blocks to parts.
//!
//! A field of a block that no other grammar has a word for follows its part as a
//! [`Part::Vendor`] whose kind is `block.field`, so that it is carried or named as a loss.

use std::borrow::Cow;

use bytes::Bytes;

use crate::Malformed;
use crate::chat::media;
use crate::chat::node::{Node, keep, list};
use crate::chat::{Media, Part, Seal, SealKind};

/// Reads the content at `key`: a string, or a list of blocks. Absent is no content.
pub(super) fn content(node: &Node<'_>, key: &str) -> Result<Vec<Part>, Malformed> {
    let Some(raw) = node.raw(key) else { return Ok(Vec::new()) };
    if raw.starts_with('"') {
        let text = node.required(key)?;
        return Ok(vec![Part::Text { text, cache: None }]);
    }
    let path = node.path(key);
    let blocks =
        list(raw, &path).map_err(|_| node.wrong(key, "a string or a list of content blocks"))?;
    let mut parts = Vec::with_capacity(blocks.len());
    for (at, json) in blocks.into_iter().enumerate() {
        block(json, format!("{path}[{at}]"), &mut parts)?;
    }
    Ok(parts)
}

fn block(json: &str, path: String, parts: &mut Vec<Part>) -> Result<(), Malformed> {
    let node = Node::read(json, path)?;
    let kind = node.required("type")?;
    let cache = node.json("cache_control");
    let known: &[&str] = match &*kind {
        "text" => {
            parts.push(Part::Text { text: node.required("text")?, cache });
            &["text"]
        }
        "image" => {
            let media = source(&node)?;
            parts.push(Part::Image { media, detail: None, cache });
            &["source"]
        }
        "document" => {
            document(&node, parts)?;
            &["source", "title"]
        }
        "search_result" => {
            search_result(&node, parts)?;
            &["source", "title", "content"]
        }
        "tool_use" => {
            let input = node.raw("input").unwrap_or("{}").to_owned();
            let (id, name) = (node.required("id")?, node.required("name")?);
            parts.push(Part::ToolCall { id, name, input, custom: false, seal: None, cache });
            &["id", "name", "input"]
        }
        "tool_result" => {
            let id = node.required("tool_use_id")?;
            let inside = content(&node, "content")?;
            let is_error = node.flag("is_error")?.unwrap_or(false);
            parts.push(Part::ToolResult { id, name: None, parts: inside, is_error, cache });
            &["tool_use_id", "content", "is_error"]
        }
        "thinking" => {
            let text = node.text("thinking")?.unwrap_or_default().into_owned();
            let seal = seal(&node, "signature", SealKind::Signature)?;
            parts.push(Part::Reasoning { text, seal });
            &["thinking", "signature"]
        }
        "redacted_thinking" => {
            let seal = seal(&node, "data", SealKind::Redacted)?;
            parts.push(Part::Reasoning { text: String::new(), seal });
            &["data"]
        }
        _ => {
            parts.extend(keep(json).map(|json| Part::Vendor { kind, json }));
            return Ok(());
        }
    };
    extras(&node, &kind, known, parts);
    Ok(())
}

/// What a block says beyond its common fields.
fn extras(node: &Node<'_>, kind: &str, known: &[&str], parts: &mut Vec<Part>) {
    for (field, json) in node.others(&["type", "cache_control"]) {
        let default = field == "caller" && json.get().contains(r#""direct""#);
        let empty = field == "citations" && json.get() == "[]";
        if !known.contains(&&*field) && !default && !empty {
            parts.push(Part::Vendor { kind: format!("{kind}.{field}"), json });
        }
    }
}

/// Where a picture or a document is.
fn source(node: &Node<'_>) -> Result<Media, Malformed> {
    let source = node.node("source")?.ok_or_else(|| node.missing("source"))?;
    match &*source.required("type")? {
        "base64" => Ok(Media::Inline {
            mime: media::type_said(&source.text("media_type")?.unwrap_or_default())
                .ok_or_else(|| source.wrong("media_type", media::A_TYPE))?,
            base64: source.required("data")?,
        }),
        "url" => media::at(&source.required("url")?)
            .ok_or_else(|| source.wrong("url", media::AN_ADDRESS)),
        "file" => Ok(Media::FileId(source.required("file_id")?)),
        _ => Err(source.wrong("type", "base64, url or file")),
    }
}

/// A document: a file, or words. Words become text, which every grammar has.
fn document(node: &Node<'_>, parts: &mut Vec<Part>) -> Result<(), Malformed> {
    let cache = node.json("cache_control");
    let name = node.text("title")?.map(Cow::into_owned);
    let source_node = node.node("source")?.ok_or_else(|| node.missing("source"))?;
    match &*source_node.required("type")? {
        "text" => {
            let text = headed(&[name.as_deref()], &source_node.required("data")?);
            parts.push(Part::Text { text, cache });
        }
        "content" => {
            if let Some(name) = name {
                parts.push(Part::Text { text: name, cache: None });
            }
            parts.extend(content(&source_node, "content")?);
            mark_last(parts, cache);
        }
        _ => parts.push(Part::File { media: source(node)?, name, cache }),
    }
    Ok(())
}

/// A search result is words with a source.
fn search_result(node: &Node<'_>, parts: &mut Vec<Part>) -> Result<(), Malformed> {
    let title = node.text("title")?;
    let source = node.text("source")?;
    let text = headed(&[title.as_deref(), source.as_deref()], "");
    parts.push(Part::Text { text, cache: None });
    parts.extend(content(node, "content")?);
    mark_last(parts, node.json("cache_control"));
    Ok(())
}

/// Words under their headings, a line each.
fn headed(headings: &[Option<&str>], words: &str) -> String {
    let lines = headings.iter().copied().flatten().chain([words]);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The mark of a block that became several parts stands on the last of them.
fn mark_last(parts: &mut [Part], mark: Option<Box<serde_json::value::RawValue>>) {
    let Some(mark) = mark else { return };
    if let Some(Part::Text { cache, .. } | Part::Image { cache, .. } | Part::File { cache, .. }) =
        parts.last_mut()
    {
        *cache = Some(mark);
    }
}

fn seal(node: &Node<'_>, key: &str, kind: SealKind) -> Result<Option<Seal>, Malformed> {
    let bytes = node.text(key)?.filter(|bytes| !bytes.is_empty());
    Ok(bytes.map(|bytes| Seal { kind, bytes: Bytes::from(bytes.into_owned()) }))
}
