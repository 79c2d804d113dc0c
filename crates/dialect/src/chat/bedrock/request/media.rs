//! Pictures, documents, films and sound: a format by its short name, and bytes or a place in S3.

use super::names::Documents;
use crate::chat::Media;
use crate::chat::anthropic::request::media::{is_text, sniff};
use crate::chat::json::{Object, object};
use crate::chat::media::data_url;
use crate::{Losses, Malformed, Severity};

/// A piece of media where Bedrock can get it.
enum Source<'m> {
    /// In the request.
    Bytes { mime: &'m str, base64: &'m str },
    /// In the account's own store.
    S3(&'m str),
}

/// An `image` block.
///
/// Fails on a type that no model takes: without the picture it is another question.
pub(super) fn image(media: &Media) -> Result<Vec<u8>, Malformed> {
    let source = resolve(media)?;
    let format = match &source {
        Source::Bytes { mime, base64 } => match sniff(mime, base64) {
            "image/png" => "png",
            "image/jpeg" => "jpeg",
            "image/gif" => "gif",
            "image/webp" => "webp",
            other => {
                let shown: String = other.chars().take(64).collect();
                let message = format!(
                    "this model takes pictures as PNG, JPEG, GIF or WebP, not as {shown:?}"
                );
                return Err(Malformed::incapable("messages", message));
            }
        },
        Source::S3(uri) => match ending(uri).as_str() {
            "jpg" | "jpeg" => "jpeg",
            "gif" => "gif",
            "webp" => "webp",
            _ => "png",
        },
    };
    Ok(block("image", format, &source, |_| ()))
}

/// A `document` block; `None` for a type that has no place in one.
pub(super) fn document(
    media: &Media,
    name: Option<&str>,
    names: &mut Documents,
    losses: &mut Losses,
) -> Result<Option<Vec<u8>>, Malformed> {
    let source = resolve(media)?;
    let named = name.and_then(|name| document_ending(&ending(name)));
    let format = match &source {
        Source::Bytes { mime, base64 } => document_mime(sniff(mime, base64)).or(named),
        Source::S3(uri) => document_ending(&ending(uri)).or(named),
    };
    // What says it is text is read as text, unless the name knows better.
    let format = match format {
        Some("txt") => named.or(format),
        format => format,
    };
    let Some(format) = format else { return Ok(None) };
    let (legal, changed) = names.name(name);
    if changed {
        let reason = "made into a name that is accepted";
        losses.note("messages[].content[].filename", reason, Severity::Hint);
    }
    Ok(Some(block("document", format, &source, |document| {
        document.text("name", &legal);
    })))
}

/// A `video` block; `None` for a type that has no place in one.
pub(super) fn video(media: &Media) -> Result<Option<Vec<u8>>, Malformed> {
    let source = resolve(media)?;
    let format = match &source {
        Source::Bytes { mime, .. } => plain(mime),
        Source::S3(uri) => ending(uri),
    };
    let format = match format.as_str() {
        "video/mp4" | "mp4" => "mp4",
        "video/quicktime" | "mov" => "mov",
        "video/x-matroska" | "video/matroska" | "mkv" => "mkv",
        "video/webm" | "webm" => "webm",
        "video/x-flv" | "flv" => "flv",
        "video/mpeg" | "mpeg" => "mpeg",
        "video/mpg" | "mpg" => "mpg",
        "video/x-ms-wmv" | "wmv" => "wmv",
        "video/3gpp" | "3gp" => "three_gp",
        _ => return Ok(None),
    };
    Ok(Some(block("video", format, &source, |_| ())))
}

/// An `audio` block; `None` for a type that has no place in one.
pub(super) fn audio(media: &Media) -> Result<Option<Vec<u8>>, Malformed> {
    let source = resolve(media)?;
    let format = match &source {
        Source::Bytes { mime, .. } => plain(mime),
        Source::S3(uri) => ending(uri),
    };
    let format = match format.strip_prefix("audio/").unwrap_or(&format) {
        "mpeg" | "mp3" => "mp3",
        "wav" | "wave" | "x-wav" | "vnd.wave" => "wav",
        "flac" | "x-flac" => "flac",
        "x-matroska" | "mka" => "mka",
        "m4a" | "x-m4a" => "m4a",
        "pcm" | "pcm16" | "l16" => "pcm",
        "aac" => "aac",
        "mp4" => "mp4",
        "ogg" => "ogg",
        "opus" => "opus",
        "webm" => "webm",
        _ => return Ok(None),
    };
    Ok(Some(block("audio", format, &source, |_| ())))
}

fn block(
    kind: &str,
    format: &str,
    source: &Source<'_>,
    more: impl FnOnce(&mut Object<'_>),
) -> Vec<u8> {
    let room = match source {
        Source::Bytes { base64, .. } => base64.len(),
        Source::S3(uri) => uri.len(),
    };
    let mut out = Vec::with_capacity(room + 96);
    object(&mut out, |envelope| {
        envelope.nest(kind, |inner| {
            inner.text("format", format);
            more(inner);
            inner.nest("source", |at| match source {
                Source::Bytes { base64, .. } => {
                    at.text("bytes", base64);
                }
                Source::S3(uri) => {
                    at.nest("s3Location", |place| {
                        place.text("uri", uri);
                    });
                }
            });
        });
    });
    out
}

/// What stands elsewhere cannot be reached: without it, it is another question.
fn resolve(media: &Media) -> Result<Source<'_>, Malformed> {
    let refuse = |message: &str| Err(Malformed::incapable("messages", message));
    match media {
        Media::Inline { mime, base64 } => Ok(Source::Bytes { mime, base64 }),
        Media::Url(url) if url.starts_with("s3://") => Ok(Source::S3(url)),
        Media::Url(url) => match data_url(url).flatten() {
            Some((mime, base64)) => Ok(Source::Bytes { mime, base64 }),
            None => refuse("this provider fetches nothing but s3:// addresses: send the content"),
        },
        Media::FileId(_) => {
            refuse("the file is in another provider's store: send its content instead")
        }
    }
}

/// A type without its parameters, in lower case.
fn plain(mime: &str) -> String {
    mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What stands behind the last dot, in lower case.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

fn document_mime(mime: &str) -> Option<&'static str> {
    const OFFICE: &str = "application/vnd.openxmlformats-officedocument.";
    let mime = plain(mime);
    Some(match mime.strip_prefix(OFFICE).unwrap_or(&mime) {
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        "application/msword" => "doc",
        "wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "spreadsheetml.sheet" => "xlsx",
        "text/html" => "html",
        "text/markdown" | "text/x-markdown" => "md",
        other if is_text(other) => "txt",
        _ => return None,
    })
}

fn document_ending(ending: &str) -> Option<&'static str> {
    const ENDINGS: [&str; 9] = ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];
    match ending {
        "htm" => Some("html"),
        "json" | "xml" | "log" | "yaml" | "yml" => Some("txt"),
        _ => ENDINGS.into_iter().find(|known| *known == ending),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(mime: &str, base64: &str) -> Media {
        Media::Inline { mime: mime.to_owned(), base64: base64.to_owned() }
    }

    fn shown(block: Option<Vec<u8>>) -> String {
        String::from_utf8(block.unwrap()).unwrap()
    }

    fn read(media: &Media, name: Option<&str>) -> Option<String> {
        let (mut names, mut losses) = (Documents::default(), Losses::default());
        document(media, name, &mut names, &mut losses).unwrap().map(|block| shown(Some(block)))
    }

    #[test]
    fn pictures_travel_as_bytes_or_stand_in_s3() {
        let jpeg = image(&inline("image/png", "/9j/4AAQ")).ok();
        let expected = r#"{"image":{"format":"jpeg","source":{"bytes":"/9j/4AAQ"}}}"#;
        assert_eq!(shown(jpeg), expected);
        let data = Media::Url("data:image/gif;base64,R0lGOD".to_owned());
        let expected = r#"{"image":{"format":"gif","source":{"bytes":"R0lGOD"}}}"#;
        assert_eq!(shown(image(&data).ok()), expected);
        let stored = Media::Url("s3://bucket/a.webp".to_owned());
        let expected =
            r#"{"image":{"format":"webp","source":{"s3Location":{"uri":"s3://bucket/a.webp"}}}}"#;
        assert_eq!(shown(image(&stored).ok()), expected);
    }

    #[test]
    fn what_cannot_be_reached_or_seen_is_refused() {
        let refusals = [
            image(&Media::Url("https://x.test/a.png".to_owned())),
            image(&Media::FileId("file_1".to_owned())),
            image(&inline("image/tiff", "SUkq")),
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap_err().code, Some("capability_not_supported"));
        }
    }

    #[test]
    fn documents_are_told_by_type_then_by_name() {
        let expected = r#"{"document":{"format":"pdf","name":"a","source":{"bytes":"JVBERi0x"}}}"#;
        assert_eq!(read(&inline("", "JVBERi0x"), Some("a.pdf")).as_deref(), Some(expected));
        let format = |mime: &str, name: Option<&str>| {
            let block = read(&inline(mime, "YSxi"), name)?;
            Some(block.split('"').nth(5).unwrap().to_owned())
        };
        let office = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(format(office, None).as_deref(), Some("xlsx"));
        assert_eq!(format("text/plain; charset=utf-8", None).as_deref(), Some("txt"));
        assert_eq!(format("text/plain", Some("a.md")).as_deref(), Some("md"));
        assert_eq!(format("application/json", None).as_deref(), Some("txt"));
        assert_eq!(format("", Some("a.csv")).as_deref(), Some("csv"));
        assert_eq!(format("application/octet-stream", Some("a.docx")).as_deref(), Some("docx"));
        assert_eq!(format("application/zip", Some("a.zip")), None);
    }

    #[test]
    fn films_and_sound_have_formats_of_their_own() {
        let film = video(&inline("video/quicktime", "AAAA")).unwrap();
        assert_eq!(shown(film), r#"{"video":{"format":"mov","source":{"bytes":"AAAA"}}}"#);
        let sound = audio(&inline("audio/x-wav", "UklG")).unwrap();
        assert_eq!(shown(sound), r#"{"audio":{"format":"wav","source":{"bytes":"UklG"}}}"#);
        assert_eq!(video(&inline("video/x-odd", "AAAA")).unwrap(), None);
        assert_eq!(audio(&inline("audio/x-odd", "AAAA")).unwrap(), None);
    }
}
