//! What of a turn can stand in `content`: text and, in a user's message, pictures.

use std::borrow::Cow;

use crate::chat::anthropic::request::base64;
use crate::chat::json::{self, Object};
use crate::chat::{Media, Part};
use crate::{Losses, Malformed, Severity};

/// The pieces of a message.
pub(super) struct Content<'p>(Vec<Piece<'p>>);

enum Piece<'p> {
    Text(Cow<'p, str>),
    /// A block as JSON.
    Picture(Vec<u8>),
}

impl<'p> Content<'p> {
    /// Sorts out the parts that have a place elsewhere and notes those that have none. A picture in
    /// another provider's store is refused: without it, it is another question.
    pub(super) fn of(parts: &'p [Part], losses: &mut Losses) -> Result<Content<'p>, Malformed> {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.extend(piece(part, losses)?);
        }
        Ok(Content(pieces))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts, joined; empty where there are none.
    pub(super) fn text(&self, between: &str) -> String {
        let texts = self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Picture(_) => None,
        });
        texts.collect::<Vec<_>>().join(between)
    }

    /// The pictures, as blocks.
    pub(super) fn into_pictures(self) -> Vec<Vec<u8>> {
        let picture = |piece| match piece {
            Piece::Picture(json) => Some(json),
            Piece::Text(_) => None,
        };
        self.0.into_iter().filter_map(picture).collect()
    }

    /// Writes `content`: a string, or a list where there is more than text.
    pub(super) fn write(&self, object: &mut Object<'_>) {
        if self.0.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            object.text("content", &self.text("\n\n"));
            return;
        }
        object.list(
            "content",
            self.0.iter().map(|piece| match piece {
                Piece::Text(words) => block("text", words),
                Piece::Picture(json) => json.clone(),
            }),
        );
    }
}

/// `{"type":"text","text":…}`, or the same of another type.
pub(super) fn block(kind: &str, words: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len() + 40);
    json::object(&mut out, |block| {
        block.text("type", kind).text(kind, words);
    });
    out
}

/// Cohere caches on its own, without marks.
pub(super) fn note_cache(marked: bool, losses: &mut Losses) {
    if marked {
        losses.note("messages[].content[].cache_control", "no field", Severity::Hint);
    }
}

fn piece<'p>(part: &'p Part, losses: &mut Losses) -> Result<Option<Piece<'p>>, Malformed> {
    Ok(match part {
        Part::Text { text, cache } => {
            note_cache(cache.is_some(), losses);
            (!text.is_empty()).then_some(Piece::Text(Cow::Borrowed(text)))
        }
        Part::Refusal(words) => {
            losses.note("messages[].refusal", "carried as text", Severity::Hint);
            Some(Piece::Text(Cow::Borrowed(words)))
        }
        Part::Image { media, detail, cache } => {
            note_cache(cache.is_some(), losses);
            Some(Piece::Picture(picture(media, detail.as_deref())?))
        }
        Part::File { media, name, cache } => {
            note_cache(cache.is_some(), losses);
            let words = words(media, name.as_deref());
            if words.is_none() {
                lose("messages[].content[].file", "only documents of text are taken", losses);
            }
            words.map(|words| Piece::Text(Cow::Owned(words)))
        }
        Part::Audio { .. } => {
            lose("messages[].content[].audio", "no such content block", losses);
            None
        }
        Part::Video { .. } => {
            lose("messages[].content[].video", "no such content block", losses);
            None
        }
        Part::Vendor { kind, .. } => {
            lose(&format!("messages[].content[].{kind}"), "no such content block", losses);
            None
        }
        // These have places of their own.
        Part::Reasoning { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => None,
    })
}

fn lose(path: &str, reason: &'static str, losses: &mut Losses) {
    losses.note(path, reason, Severity::Meaning);
}

fn picture(media: &Media, detail: Option<&str>) -> Result<Vec<u8>, Malformed> {
    let url = match media {
        Media::Url(url) => Cow::Borrowed(&**url),
        Media::Inline { mime, base64 } => {
            let mime = if mime.is_empty() { "image/png" } else { mime };
            Cow::Owned(format!("data:{mime};base64,{base64}"))
        }
        Media::FileId(_) => {
            let message = "the picture is in another provider's store: send its content instead";
            return Err(Malformed::incapable("messages", message));
        }
    };
    let mut out = Vec::with_capacity(url.len() + 64);
    json::object(&mut out, |block| {
        block.text("type", "image_url");
        block.nest("image_url", |link| {
            link.text("url", &url);
            if let Some(detail @ ("auto" | "low" | "high")) = detail {
                link.text("detail", detail);
            }
        });
    });
    Ok(out)
}

/// The words of a document, under its name.
fn words(media: &Media, name: Option<&str>) -> Option<String> {
    let Media::Inline { mime, base64 } = media else { return None };
    let mime = mime.split(';').next().unwrap_or_default().trim();
    if !mime.starts_with("text/") && !matches!(mime, "application/json" | "application/xml") {
        return None;
    }
    let words = base64::text(base64)?;
    Some(match name {
        Some(name) if !name.is_empty() => format!("{name}\n{words}"),
        _ => words,
    })
}
