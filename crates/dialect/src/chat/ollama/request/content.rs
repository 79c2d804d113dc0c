//! What of a turn can stand in a message: one text, and pictures beside it as bare base64.

use crate::chat::anthropic::request::base64;
use crate::chat::json::Object;
use crate::chat::media::data_url;
use crate::chat::{Media, Part};
use crate::{Losses, Malformed, Severity};

/// Text and pictures of a message.
#[derive(Default)]
pub(super) struct Content {
    text: String,
    /// Base64, each as JSON.
    pictures: Vec<String>,
    between: &'static str,
}

impl Content {
    /// Sorts out the parts that have a place elsewhere and notes those that have none. A picture
    /// whose bytes are not at hand is refused: without it, it is another question.
    pub(super) fn of(
        parts: &[Part],
        between: &'static str,
        losses: &mut Losses,
    ) -> Result<Content, Malformed> {
        let mut content = Content { between, ..Content::default() };
        for part in parts {
            content.take(part, losses)?;
        }
        Ok(content)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.pictures.is_empty()
    }

    /// The text, to be added to.
    pub(super) fn text(&mut self) -> &mut String {
        &mut self.text
    }

    /// Forgets the pictures; `true`: there were some.
    pub(super) fn drop_pictures(&mut self) -> bool {
        !std::mem::take(&mut self.pictures).is_empty()
    }

    /// Writes `content` and `images`.
    pub(super) fn write(&self, message: &mut Object<'_>) {
        message.text("content", &self.text);
        if !self.pictures.is_empty() {
            message.list("images", &self.pictures);
        }
    }

    fn take(&mut self, part: &Part, losses: &mut Losses) -> Result<(), Malformed> {
        let mut lose = |path: &str, reason| {
            losses.note(format!("messages[].content[].{path}"), reason, Severity::Meaning);
        };
        match part {
            Part::Text { text, .. } => self.words(text),
            Part::Refusal(words) => {
                self.words(words);
                losses.note("messages[].refusal", "carried as text", Severity::Hint);
            }
            Part::Image { media, detail, .. } => {
                self.pictures.push(picture(media)?);
                if detail.as_ref().is_some_and(|detail| detail != "auto") {
                    losses.note("messages[].content[].detail", "no field", Severity::Hint);
                }
            }
            Part::File { media, name, .. } => match words(media, name.as_deref()) {
                Some(words) => self.words(&words),
                None => lose("file", "only documents of text are taken"),
            },
            Part::Audio { .. } => lose("audio", "no field"),
            Part::Video { .. } => lose("video", "no field"),
            Part::Vendor { kind, .. } => lose(kind, "no field"),
            // These have places of their own.
            Part::Reasoning { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => (),
        }
        if let Part::Text { cache, .. } | Part::Image { cache, .. } | Part::File { cache, .. } =
            part
        {
            note_cache(cache.is_some(), losses);
        }
        Ok(())
    }

    fn words(&mut self, words: &str) {
        if !self.text.is_empty() && !words.is_empty() {
            self.text.push_str(self.between);
        }
        self.text.push_str(words);
    }
}

/// Ollama caches on its own, without marks.
pub(super) fn note_cache(marked: bool, losses: &mut Losses) {
    if marked {
        losses.note("messages[].content[].cache_control", "no field", Severity::Hint);
    }
}

fn picture(media: &Media) -> Result<String, Malformed> {
    let base64 = match media {
        Media::Inline { base64, .. } => Some(&**base64),
        Media::Url(url) => data_url(url).flatten().map(|(_, base64)| base64),
        Media::FileId(_) => None,
    };
    let Some(base64) = base64 else {
        let message = "this model takes pictures only within the request, as base64";
        return Err(Malformed::incapable("messages", message));
    };
    Ok(serde_json::Value::from(base64).to_string())
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
