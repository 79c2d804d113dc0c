//! Pictures and documents as Anthropic's `source` objects.

use super::base64;
use crate::Malformed;
use crate::chat::Media;
use crate::chat::json::object;
use crate::chat::media::data_url;

/// A piece of media in the forms that this wire knows.
enum Source<'m> {
    Inline { mime: &'m str, base64: &'m str },
    Url(&'m str),
    File(&'m str),
}

/// The `source` of an image block.
pub(super) fn picture(media: &Media) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    match resolve(media)? {
        Source::Inline { mime, base64 } => inline(&mut out, sniff(mime, base64), base64),
        other => reference(&mut out, &other),
    }
    Ok(out)
}

/// The `source` of a document block; `None` for a type that has no place in one.
pub(super) fn document(media: &Media) -> Result<Option<Vec<u8>>, Malformed> {
    let mut out = Vec::new();
    match resolve(media)? {
        Source::Inline { mime, base64 } => match sniff(mime, base64) {
            pdf @ "application/pdf" => inline(&mut out, pdf, base64),
            mime if is_text(mime) => {
                let Some(text) = base64::text(base64) else { return Ok(None) };
                object(&mut out, |source| {
                    source.text("type", "text").text("media_type", "text/plain");
                    source.text("data", &text);
                });
            }
            _ => return Ok(None),
        },
        other => reference(&mut out, &other),
    }
    Ok(Some(out))
}

fn inline(out: &mut Vec<u8>, mime: &str, base64: &str) {
    out.reserve(base64.len() + 64);
    object(out, |source| {
        source.text("type", "base64").text("media_type", mime).text("data", base64);
    });
}

fn reference(out: &mut Vec<u8>, at: &Source<'_>) {
    object(out, |source| match at {
        Source::File(id) => {
            source.text("type", "file").text("file_id", id);
        }
        Source::Url(at) | Source::Inline { base64: at, .. } => {
            source.text("type", "url").text("url", at);
        }
    });
}

/// An id of another provider's store names nothing here: without the file, it is another question.
fn resolve(media: &Media) -> Result<Source<'_>, Malformed> {
    match media {
        Media::Inline { mime, base64 } => Ok(Source::Inline { mime, base64 }),
        Media::Url(url) => Ok(match data_url(url).flatten() {
            Some((mime, base64)) => Source::Inline { mime, base64 },
            None => Source::Url(url),
        }),
        Media::FileId(id) if id.starts_with("file_") => Ok(Source::File(id)),
        Media::FileId(id) => {
            let shown: String = id.chars().take(64).collect();
            let message = format!(
                "the file {shown:?} is in another provider's store: send its content instead"
            );
            Err(Malformed::incapable("messages", message))
        }
    }
}

/// The type by the first bytes where they tell it, else as said: clients often say `image/jpg`,
/// or `image/png` of a JPEG, which Anthropic refuses.
pub(in crate::chat) fn sniff<'m>(said: &'m str, base64: &str) -> &'m str {
    const STARTS: [(&str, &str); 5] = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("JVBERi", "application/pdf"),
    ];
    let found = STARTS.iter().find(|(start, _)| base64.starts_with(start));
    match (found, said) {
        // RIFF holds sound and film too.
        (Some((_, "image/webp")), said) if !matches!(said, "" | "image/webp") => said,
        (Some((_, mime)), _) => mime,
        (None, "image/jpg") => "image/jpeg",
        (None, said) => said,
    }
}

pub(in crate::chat) fn is_text(mime: &str) -> bool {
    let mime = mime.split(';').next().unwrap_or_default().trim();
    mime.starts_with("text/") || matches!(mime, "application/json" | "application/xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: Result<Vec<u8>, Malformed>) -> String {
        String::from_utf8(source.unwrap()).unwrap()
    }

    #[test]
    fn pictures_come_from_data_urls_addresses_and_stores() {
        let data = Media::Url("data:image/jpg;base64,/9j/4AAQ".to_owned());
        let expected = r#"{"type":"base64","media_type":"image/jpeg","data":"/9j/4AAQ"}"#;
        assert_eq!(shown(picture(&data)), expected);
        let url = Media::Url("https://x.test/a.png".to_owned());
        assert_eq!(shown(picture(&url)), r#"{"type":"url","url":"https://x.test/a.png"}"#);
        let own = Media::FileId("file_01".to_owned());
        assert_eq!(shown(picture(&own)), r#"{"type":"file","file_id":"file_01"}"#);
        assert!(picture(&Media::FileId("file-01".to_owned())).is_err());
    }

    #[test]
    fn the_bytes_say_what_a_picture_is() {
        assert_eq!(sniff("image/png", "/9j/4AAQ"), "image/jpeg");
        assert_eq!(sniff("", "iVBORw0KGgoAAA"), "image/png");
        assert_eq!(sniff("image/webp", "AAAA"), "image/webp");
        assert_eq!(sniff("audio/wav", "UklGRiQ"), "audio/wav");
    }

    #[test]
    fn documents_are_pdf_or_words() {
        let file = |mime: &str, base64: &str| Media::Inline {
            mime: mime.to_owned(),
            base64: base64.to_owned(),
        };
        let pdf = document(&file("", "JVBERi0x")).unwrap().unwrap();
        let expected = r#"{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"}"#;
        assert_eq!(pdf, expected.as_bytes());
        let words = document(&file("text/csv", "YSxi")).unwrap().unwrap();
        assert_eq!(words, br#"{"type":"text","media_type":"text/plain","data":"a,b"}"#);
        assert_eq!(document(&file("application/zip", "UEsD")).unwrap(), None);
    }
}
