//! The pieces of a message, written: text as one plain string wherever there is nothing else, since
//! many vendors take no list.

use crate::chat::json::{self, Object};
use crate::chat::{Media, Part};
use crate::{Losses, Severity};

/// What of a turn can stand in `content`.
pub(super) struct Content<'p>(Vec<Piece<'p>>);

enum Piece<'p> {
    Text(&'p str),
    /// A part as JSON.
    Media(Vec<u8>),
}

impl<'p> Content<'p> {
    /// Sorts out the parts that have a place elsewhere and notes those that have none.
    pub(super) fn of(parts: &'p [Part], losses: &mut Losses) -> Content<'p> {
        Content(parts.iter().filter_map(|part| piece(part, losses)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_media(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Media(_)))
    }

    /// The texts, joined; `None`: there are none.
    pub(super) fn text(&self, between: &str) -> Option<String> {
        let texts: Vec<&str> = self.0.iter().filter_map(Piece::text).collect();
        (!texts.is_empty()).then(|| texts.join(between))
    }

    /// Everything but text, as JSON parts.
    pub(super) fn media(self) -> Vec<Vec<u8>> {
        let media = |piece| match piece {
            Piece::Media(json) => Some(json),
            Piece::Text(_) => None,
        };
        self.0.into_iter().filter_map(media).collect()
    }

    /// Writes `content`: a string, or a list where there is more than text.
    pub(super) fn write(&self, object: &mut Object<'_>) {
        if self.has_media() {
            object.list("content", self.0.iter().map(Piece::json));
        } else {
            object.text("content", &self.text("\n\n").unwrap_or_default());
        }
    }
}

impl Piece<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Piece::Text(text) => Some(text),
            Piece::Media(_) => None,
        }
    }

    fn json(&self) -> Vec<u8> {
        match self {
            Piece::Text(value) => text(value),
            Piece::Media(json) => json.clone(),
        }
    }
}

/// A message with a role, a name and what `fill` adds.
pub(super) fn message(
    role: &str,
    name: Option<&str>,
    fill: impl FnOnce(&mut Object<'_>),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    json::object(&mut out, |object| {
        object.text("role", role);
        if let Some(name) = name {
            object.text("name", name);
        }
        fill(object);
    });
    out
}

/// A part of text.
pub(super) fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 32);
    json::object(&mut out, |object| {
        object.text("type", "text").text("text", text);
    });
    out
}

/// Providers of this dialect cache on their own, without marks.
pub(super) fn note_cache(marked: bool, losses: &mut Losses) {
    if marked {
        losses.note("messages[].content[].cache_control", "no field", Severity::Hint);
    }
}

fn piece<'p>(part: &'p Part, losses: &mut Losses) -> Option<Piece<'p>> {
    let json = match part {
        Part::Text { text, cache } => {
            note_cache(cache.is_some(), losses);
            return (!text.is_empty()).then_some(Piece::Text(text));
        }
        Part::Image { media, detail, cache } => {
            note_cache(cache.is_some(), losses);
            linked("image_url", url(media, "image/png"), detail.as_deref())
        }
        Part::Video { media } => linked("video_url", url(media, "video/mp4"), None),
        Part::Audio { media } => audio(media),
        Part::File { media, name, cache } => {
            note_cache(cache.is_some(), losses);
            file(media, name.as_deref())
        }
        Part::Vendor { kind, .. } => {
            losses.note(format!("messages[].content[].{kind}"), "no such part", Severity::Meaning);
            return None;
        }
        // These have places of their own.
        Part::Reasoning { .. }
        | Part::Refusal(_)
        | Part::ToolCall { .. }
        | Part::ToolResult { .. } => return None,
    };
    if json.is_none() {
        let (path, reason) = match part {
            Part::Image { .. } => ("image", "no field for another provider's file"),
            Part::Video { .. } => ("video", "no field for another provider's file"),
            Part::Audio { .. } => ("audio", "only inline"),
            _ => ("file", "only inline"),
        };
        losses.note(format!("messages[].content[].{path}"), reason, Severity::Meaning);
    }
    json.map(Piece::Media)
}

fn linked(kind: &str, url: Option<String>, detail: Option<&str>) -> Option<Vec<u8>> {
    let url = url?;
    let mut out = Vec::with_capacity(url.len() + 64);
    json::object(&mut out, |part| {
        part.text("type", kind);
        part.nest(kind, |inner| {
            inner.text("url", &url);
            if let Some(detail) = detail {
                inner.text("detail", detail);
            }
        });
    });
    Some(out)
}

fn url(media: &Media, by_default: &str) -> Option<String> {
    match media {
        Media::Inline { mime, base64 } => {
            let mime = if mime.is_empty() { by_default } else { mime };
            Some(format!("data:{mime};base64,{base64}"))
        }
        Media::Url(url) => Some(url.clone()),
        Media::FileId(_) => None,
    }
}

fn audio(media: &Media) -> Option<Vec<u8>> {
    let Media::Inline { mime, base64 } = media else { return None };
    let format = match mime.strip_prefix("audio/").unwrap_or("wav") {
        "mpeg" | "mp3" => "mp3",
        "wave" | "x-wav" | "vnd.wave" => "wav",
        other => other,
    };
    let mut out = Vec::with_capacity(base64.len() + 96);
    json::object(&mut out, |part| {
        part.text("type", "input_audio");
        part.nest("input_audio", |inner| {
            inner.text("data", base64).text("format", format);
        });
    });
    Some(out)
}

fn file(media: &Media, name: Option<&str>) -> Option<Vec<u8>> {
    if matches!(media, Media::Url(_)) {
        return None;
    }
    let mut out = Vec::new();
    json::object(&mut out, |part| {
        part.text("type", "file");
        part.nest("file", |inner| {
            if let Media::FileId(id) = media {
                inner.text("file_id", id);
            }
            if let Some(data) = url(media, "application/pdf") {
                // A file without a name is refused.
                inner.text("filename", name.unwrap_or("document.pdf"));
                inner.text("file_data", &data);
            }
        });
    });
    Some(out)
}
