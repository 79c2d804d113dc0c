//! Media types and data URLs, read in one place, so that whatever one grammar lets through every other can say.

use crate::chat::Media;

/// What a field must hold that names a type, to complete "`field` must be …".
pub(super) const A_TYPE: &str = "a media type like `image/png`";

/// What a field must hold that is an address, to complete "`field` must be …".
pub(super) const AN_ADDRESS: &str =
    "an address, or a data URL with a type and base64: `data:image/png;base64,…`";

/// The most a name may have
/// (<https://www.rfc-editor.org/rfc/rfc6838#section-4.2>).
const LONGEST: usize = 127;

/// Whether `said` is a media type, as it may be registered, and its parameters, if any, are plain
/// words (<https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1>): a quoted one could end a data
/// URL.
#[must_use]
pub fn is_media_type(said: &str) -> bool {
    let mut words = said.split(';').map(str::trim);
    let named = words.next().and_then(|it| it.split_once('/'));
    named.is_some_and(|(kind, sort)| is_name(kind) && is_name(sort)) && words.all(is_parameter)
}

fn is_name(word: &str) -> bool {
    let first = word.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&it);
    first && word.len() <= LONGEST && word.bytes().all(plain)
}

fn is_parameter(word: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&it);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(plain);
    word.is_empty() || word.split_once('=').is_some_and(|(name, of)| is_word(name) && is_word(of))
}

/// A type that a client says, without white space around it; empty where it said none. `None`: no
/// media type.
pub(super) fn type_said(said: &str) -> Option<String> {
    let said = said.trim();
    (said.is_empty() || is_media_type(said)).then(|| said.to_owned())
}

/// The type of a format's name, like `png` or `wav`, under `kind`.
pub(super) fn type_of(kind: &str, format: &str) -> Option<String> {
    match (kind, format) {
        (_, "") => Some(String::new()),
        ("audio", "mp3") => Some("audio/mpeg".to_owned()),
        _ => type_said(&format!("{kind}/{format}")),
    }
}

/// What stands at `url`. `None`: no address, or a data URL that cannot be read.
pub(super) fn at(url: &str) -> Option<Media> {
    match data_url(url) {
        Some(read) => {
            let (mime, base64) = read?;
            Some(Media::Inline { mime: type_said(mime)?, base64: base64.to_owned() })
        }
        None if url.is_empty() => None,
        None => Some(Media::Url(url.to_owned())),
    }
}

/// The type and the base64 of `data:image/png;base64,…`, parameters before `;base64` dropped.
/// `None`: another address; `Some(None)`: one of these without base64.
pub(super) fn data_url(url: &str) -> Option<Option<(&str, &str)>> {
    let (scheme, rest) = url.split_at_checked("data:".len())?;
    scheme.eq_ignore_ascii_case("data:").then(|| {
        let (head, base64) = rest.split_once(',')?;
        let mut words = head.split(';').map(str::trim);
        let mime = words.next()?;
        words.any(|word| word.eq_ignore_ascii_case("base64")).then_some((mime, base64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_two_names_and_plain_parameters() {
        for said in [
            "image/png",
            "Image/PNG",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "image/svg+xml",
            "audio/L16;codec=pcm;rate=24000",
            "text/plain; charset=utf-8",
            "text/plain;",
        ] {
            assert!(is_media_type(said), "{said}");
        }
        let long = format!("image/{}", "a".repeat(128));
        for said in [
            "",
            "png",
            "/png",
            "image/",
            "audio/`",
            "imag,/png",
            "image/*",
            "image/png/x",
            "image /png",
            "image/p ng",
            "image/é",
            "image/\"",
            "a/b;c",
            "a/b;c=\"d,e\"",
            "a/b;=c",
            "-a/b",
            &long,
        ] {
            assert!(!is_media_type(said), "{said}");
        }
    }

    #[test]
    fn a_data_url_is_read_where_it_is_one() {
        let inline =
            |mime: &str| Some(Media::Inline { mime: mime.to_owned(), base64: "AA==".to_owned() });
        assert_eq!(at("data:image/png;base64,AA=="), inline("image/png"));
        assert_eq!(at("DATA:image/png;name=a.png; Base64,AA=="), inline("image/png"));
        assert_eq!(at("data:;base64,AA=="), inline(""));
        assert_eq!(at("https://x.test/a"), Some(Media::Url("https://x.test/a".to_owned())));
        for unreadable in
            ["", "data:image/png,AA==", "data:image/png;base64", "data:audio/`;base64,AA=="]
        {
            assert_eq!(at(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn a_format_is_a_type_of_its_kind() {
        assert_eq!(type_of("audio", "mp3").as_deref(), Some("audio/mpeg"));
        assert_eq!(type_of("audio", "wav").as_deref(), Some("audio/wav"));
        assert_eq!(type_of("image", "").as_deref(), Some(""));
        assert_eq!(type_of("audio", "`"), None);
    }
}
