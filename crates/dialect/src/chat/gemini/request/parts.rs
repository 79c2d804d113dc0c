//! Google's parts to ours.
//!
//! A part is one piece of data and what is said about it. What no other grammar has a word for
//! (`videoMetadata`, a signature on text) follows its part as a [`Part::Vendor`] whose kind is
//! `part.field`, so that it is carried or named as a loss.

use std::borrow::Cow;

use super::super::base64;
use super::super::ids::Calls;
use super::super::proto::Message;
use super::super::seal;
use crate::Malformed;
use crate::chat::media;
use crate::chat::node::keep;
use crate::chat::{Media, Part, Seal};

/// What stands before the name of a field that follows its part.
pub(super) const FIELD: &str = "part.";

/// The kind of the part that is a proof of the text before it.
pub(crate) const PROOF: &str = "part.thoughtSignature";

/// The proof of the text that it is put behind; `None` for one that is not Google's.
pub(crate) fn proof(seal: &Seal) -> Option<Part> {
    let json = serde_json::to_string(seal::for_google(seal)?).ok()?;
    Some(Part::Vendor { kind: PROOF.to_owned(), json: keep(&json)? })
}

/// The data a part may hold.
const DATA: [&str; 5] = ["text", "inlineData", "fileData", "functionCall", "functionResponse"];

/// Reads the parts of a content. Absent is none.
pub(super) fn read(content: &Message<'_>, calls: &mut Calls) -> Result<Vec<Part>, Malformed> {
    let path = content.path("parts");
    let mut parts = Vec::new();
    for (at, json) in content.list("parts")?.into_iter().enumerate() {
        part(json, format!("{path}[{at}]"), calls, &mut parts)?;
    }
    Ok(parts)
}

fn part(
    json: &str,
    path: String,
    calls: &mut Calls,
    parts: &mut Vec<Part>,
) -> Result<(), Malformed> {
    let part = Message::read(json, path)?;
    let mut present = Vec::new();
    for kind in DATA {
        if part.raw(kind)?.is_some() {
            present.push(kind);
        }
    }
    let thought = part.flag("thought")?.unwrap_or(false);
    let signature = part.text("thoughtSignature")?.and_then(|text| seal::read(&text));
    let mut carried = false;
    match present[..] {
        ["text"] if thought => {
            let text = part.required("text")?;
            parts.push(Part::Reasoning { text, seal: signature });
            carried = true;
        }
        ["text"] => parts.push(Part::Text { text: part.required("text")?, cache: None }),
        ["inlineData"] => parts.push(inline(&part)?),
        ["fileData"] => parts.push(file(&part)?),
        ["functionCall"] => {
            let call = part.message("functionCall")?.ok_or_else(|| part.missing("functionCall"))?;
            let name = call.required("name")?;
            let id = calls.call(call.text("id")?.as_deref(), &name);
            let input = call.raw("args")?.unwrap_or("{}").to_owned();
            if !input.starts_with('{') {
                return Err(call.wrong("args", "an object"));
            }
            let custom = false;
            parts.push(Part::ToolCall { id, name, input, custom, seal: signature, cache: None });
            carried = true;
        }
        ["functionResponse"] => {
            let result = part.message("functionResponse")?;
            parts.push(response(&result.ok_or_else(|| part.missing("functionResponse"))?, calls)?);
        }
        [] => {
            vendor(json, &part, parts);
            return Ok(());
        }
        _ => return Err(part.odd("must hold one kind of data")),
    }
    for (field, json) in part.others(&DATA) {
        let known = field == "thought" || carried && field == "thoughtSignature";
        if !known && json.get() != "\"\"" && json.get() != "{}" {
            parts.push(Part::Vendor { kind: format!("{FIELD}{field}"), json });
        }
    }
    Ok(())
}

/// A part of a kind that only this dialect has: code that ran, calls of hosted tools. One that
/// says nothing is none.
fn vendor(json: &str, part: &Message<'_>, parts: &mut Vec<Part>) {
    let said = part.others(&["thought", "thoughtSignature", "partMetadata"]);
    let kind = said.into_iter().next().map(|(field, _)| field);
    let alone = part.others(&["thought", "partMetadata"]).into_iter().next();
    match (kind, alone) {
        (Some(kind), _) => {
            parts.extend(keep(json).map(|json| Part::Vendor { kind, json }));
        }
        (None, Some((field, json))) => {
            parts.push(Part::Vendor { kind: format!("{FIELD}{field}"), json });
        }
        (None, None) => (),
    }
}

fn inline(part: &Message<'_>) -> Result<Part, Malformed> {
    let blob = part.message("inlineData")?.ok_or_else(|| part.missing("inlineData"))?;
    let mime = mime(&blob)?;
    let base64 = base64::standard(&blob.required("data")?);
    let name = blob.text("displayName")?.map(Cow::into_owned);
    Ok(of_type(&mime.clone(), Media::Inline { mime, base64 }, name))
}

/// A file at an address. What stands in a store of Google's is an id to others.
fn file(part: &Message<'_>) -> Result<Part, Malformed> {
    let file = part.message("fileData")?.ok_or_else(|| part.missing("fileData"))?;
    let uri = file.required("fileUri")?;
    let mime = mime(&file)?;
    let web = uri.starts_with("https://") || uri.starts_with("http://");
    let theirs = uri.starts_with("https://generativelanguage.googleapis.com/");
    let media = if web && !theirs { Media::Url(uri) } else { Media::FileId(uri) };
    Ok(of_type(&mime, media, file.text("displayName")?.map(Cow::into_owned)))
}

fn mime(of: &Message<'_>) -> Result<String, Malformed> {
    let said = of.text("mimeType")?.unwrap_or_default();
    media::type_said(&said).ok_or_else(|| of.wrong("mimeType", media::A_TYPE))
}

fn of_type(mime: &str, media: Media, name: Option<String>) -> Part {
    match mime.split('/').next() {
        Some("image") => Part::Image { media, detail: None, cache: None },
        Some("audio") => Part::Audio { media },
        Some("video") => Part::Video { media },
        _ => Part::File { media, name, cache: None },
    }
}

/// What a function gave back: an object, in which `output` (or `result`) alone is the result and
/// `error` alone is a failure, and media beside it.
fn response(result: &Message<'_>, calls: &mut Calls) -> Result<Part, Malformed> {
    let name = result.required("name")?;
    let id = calls.answer(result.text("id")?.as_deref(), &name);
    let json = result.raw("response")?.unwrap_or("{}");
    let object = Message::read(json, result.path("response"))?;
    let fields = object.others(&[]);
    let (text, is_error) = match &fields[..] {
        [(key, only)] if matches!(&**key, "output" | "result" | "error") => {
            let plain = serde_json::from_str::<String>(only.get());
            (plain.unwrap_or_else(|_| only.get().to_owned()), key == "error")
        }
        [] => (String::new(), false),
        _ => (json.to_owned(), false),
    };
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(Part::Text { text, cache: None });
    }
    for (at, json) in result.list("parts")?.into_iter().enumerate() {
        let media = Message::read(json, format!("{}[{at}]", result.path("parts")))?;
        let is_inline = media.raw("inlineData")?.is_some();
        parts.push(if is_inline { inline(&media)? } else { file(&media)? });
    }
    Ok(Part::ToolResult { id, name: Some(name), parts, is_error, cache: None })
}
