//! Pictures, sound, films and documents as Google's `inlineData` and `fileData`.
//!
//! Google fetches public addresses only lately and not for every model
//! (<https://ai.google.dev/gemini-api/docs/file-input-methods>), so what stands at one is sent
//! inline; what stands in Google's own stores is named.

use crate::Malformed;
use crate::chat::Media;
use crate::chat::json::{Object, object};
use crate::chat::media::data_url;

/// Where the Files API keeps what was uploaded.
const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/";

/// Whether Google fetches it itself.
pub(in super::super) fn fetches(media: &Media) -> bool {
    match media {
        Media::Inline { .. } | Media::FileId(_) => true,
        Media::Url(url) => is_googles(url) || is_film_site(url) || !is_web(url),
    }
}

/// The field that holds `media`, in an object of its own. `kind` is what the part is, for media
/// whose type nobody said.
pub(super) fn part(media: &Media, kind: &'static str) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    let mut inline = |mime: &str, base64: &str| {
        out.reserve(base64.len() + 64);
        object(&mut out, |part| {
            part.nest("inlineData", |data| {
                data.text("mimeType", sniff(mime, base64, kind)).text("data", base64);
            });
        });
    };
    match media {
        Media::Inline { mime, base64 } => inline(mime, base64),
        Media::Url(url) => match data_url(url).flatten() {
            Some((mime, base64)) => inline(mime, base64),
            None => named(&mut out, url, by_extension(url)),
        },
        Media::FileId(id) if id.starts_with("gs://") => named(&mut out, id, by_extension(id)),
        Media::FileId(id) if is_googles(id) => named(&mut out, id, by_extension(id)),
        Media::FileId(id) if id.starts_with("files/") => {
            named(&mut out, &format!("{FILES}{id}"), None);
        }
        Media::FileId(id) => {
            let shown: String = id.chars().take(64).collect();
            let message = format!(
                "the file {shown:?} is in another provider's store: send its content instead"
            );
            return Err(Malformed::incapable("messages", message));
        }
    }
    Ok(out)
}

fn named(out: &mut Vec<u8>, uri: &str, mime: Option<&str>) {
    object(out, |part| {
        part.nest("fileData", |file: &mut Object<'_>| {
            if let Some(mime) = mime {
                file.text("mimeType", mime);
            }
            file.text("fileUri", uri);
        });
    });
}

fn is_web(url: &str) -> bool {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    matches!(&*scheme, "http" | "https")
}

fn is_googles(url: &str) -> bool {
    url.starts_with("https://generativelanguage.googleapis.com/")
}

/// Films there are named by their address; nobody could send their bytes.
fn is_film_site(url: &str) -> bool {
    ["https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/"]
        .iter()
        .any(|site| url.starts_with(site))
}

/// The type by the first bytes where they tell it, else as said, else the likeliest of its kind.
fn sniff<'m>(said: &'m str, base64: &str, kind: &'static str) -> &'m str {
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
        (Some((_, "image/webp")), _) if kind != "image" => "audio/wav",
        (Some((_, mime)), _) => mime,
        (None, "image/jpg") => "image/jpeg",
        (None, "") => match kind {
            "image" => "image/jpeg",
            "audio" => "audio/wav",
            "video" => "video/mp4",
            _ => "application/octet-stream",
        },
        (None, said) => said,
    }
}

/// What the end of an address says about what stands there.
fn by_extension(uri: &str) -> Option<&'static str> {
    const TYPES: [(&str, &str); 14] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("heic", "image/heic"),
        ("pdf", "application/pdf"),
        ("txt", "text/plain"),
        ("csv", "text/csv"),
        ("mp3", "audio/mp3"),
        ("wav", "audio/wav"),
        ("ogg", "audio/ogg"),
        ("mp4", "video/mp4"),
        ("mov", "video/mov"),
    ];
    let path = uri.split(['?', '#']).next().unwrap_or(uri);
    let (_, end) = path.rsplit_once('.')?;
    let end = end.to_ascii_lowercase();
    TYPES.iter().find(|(known, _)| *known == end).map(|(_, mime)| *mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(media: &Media, kind: &'static str) -> String {
        String::from_utf8(part(media, kind).unwrap()).unwrap()
    }

    fn url(url: &str) -> Media {
        Media::Url(url.to_owned())
    }

    #[test]
    fn what_stands_in_the_web_is_fetched_for_google() {
        assert!(!fetches(&url("https://x.test/a.png")) && !fetches(&url("HTTP://x.test/a")));
        assert!(fetches(&url("https://youtu.be/x")) && fetches(&url("gs://b/a.png")));
        assert!(fetches(&url("data:image/png;base64,AA==")));
    }

    #[test]
    fn media_go_inline_or_by_name() {
        let expected = r#"{"inlineData":{"mimeType":"image/jpeg","data":"/9j/4AAQ"}}"#;
        assert_eq!(shown(&url("data:image/jpg;base64,/9j/4AAQ"), "image"), expected);
        let expected = r#"{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/a.PDF"}}"#;
        assert_eq!(shown(&Media::FileId("gs://b/a.PDF".into()), "file"), expected);
        let expected = r#"{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}}"#;
        assert_eq!(shown(&Media::FileId("files/x".into()), "file"), expected);
        assert!(part(&Media::FileId("file-abc".into()), "file").is_err());
    }

    #[test]
    fn a_type_that_nobody_said_is_the_likeliest() {
        assert_eq!(sniff("", "AAAA", "image"), "image/jpeg");
        assert_eq!(sniff("", "UklGRiQ", "audio"), "audio/wav");
        assert_eq!(sniff("audio/mp3", "SUQz", "audio"), "audio/mp3");
    }
}
