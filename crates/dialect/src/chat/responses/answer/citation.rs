//! Citations: ours are the chat dialect's (`{"type":"url_citation","url_citation":{…}}`), this
//! dialect's have no envelope, and those of others are placed when the text has ended.

use crate::chat::cited::{self, Found};
use crate::chat::json;
use crate::raw::RawObject;

/// The kind that annotations go by which only this dialect has (files of the provider's store).
const OWN: &str = "responses.annotation";

/// The neutral kind and JSON of an annotation of this dialect.
pub(super) fn read(json: &str) -> (String, String) {
    match nested(json) {
        Some(nested) => ("annotation".to_owned(), nested),
        None => (OWN.to_owned(), json.to_owned()),
    }
}

fn nested(json: &str) -> Option<String> {
    let flat = RawObject::read(json.as_bytes()).ok()?;
    if flat.raw("type") != Some(r#""url_citation""#) {
        return None;
    }
    let mut out = Vec::with_capacity(json.len() + 32);
    json::object(&mut out, |object| {
        object.text("type", "url_citation").nest("url_citation", |inner| {
            for key in flat.keys().filter(|key| *key != "type") {
                inner.raw(key, flat.raw(key).unwrap_or("null"));
            }
        });
    });
    String::from_utf8(out).ok()
}

/// What of another dialect's citation has a place here.
pub(super) enum Cited {
    /// An annotation of this dialect.
    Now(Vec<u8>),
    /// Sources on the web: their places are known when the text has ended.
    Later(Found),
}

/// The annotation that `kind` and `json` stand for; `None`: this dialect has none for it.
pub(super) fn write(kind: &str, json: &str) -> Option<Cited> {
    match kind {
        OWN => Some(Cited::Now(json.as_bytes().to_vec())),
        "annotation" => flat(json).map(Cited::Now),
        "citation" => {
            let found = cited::read(kind, json);
            (!found.cited.is_empty()).then_some(Cited::Later(found))
        }
        _ => None,
    }
}

/// The annotation of the characters of `text` that rest on it.
pub(super) fn of(cited: &cited::Cited, text: &str) -> Vec<u8> {
    let range = cited.range(text);
    let before = |at: usize| text.get(..at).unwrap_or_default().chars().count() as u64;
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        object.text("type", "url_citation").count("start_index", before(range.start));
        object.count("end_index", before(range.end));
        object.text("url", &cited.url).text("title", &cited.title);
    });
    out
}

fn flat(json: &str) -> Option<Vec<u8>> {
    let nested = RawObject::read(json.as_bytes()).ok()?;
    let kind = nested.string("type")?.ok()?;
    let Some(inner) = nested.raw(&kind).and_then(|raw| RawObject::read(raw.as_bytes()).ok()) else {
        return nested.has("url").then(|| json.as_bytes().to_vec());
    };
    let mut out = Vec::with_capacity(json.len());
    json::object(&mut out, |object| {
        object.text("type", &kind);
        for key in inner.keys().filter(|key| *key != "type") {
            object.raw(key, inner.raw(key).unwrap_or("null"));
        }
    });
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_goes_on_and_off() {
        let own = r#"{"type":"url_citation","start_index":1,"end_index":4,"url":"u","title":"t"}"#;
        let (kind, neutral) = read(own);
        let expected = r#"{"type":"url_citation","url_citation":{"start_index":1,"end_index":4,"url":"u","title":"t"}}"#;
        assert_eq!((&*kind, &*neutral), ("annotation", expected));
        let Some(Cited::Now(again)) = write(&kind, &neutral) else { panic!("no annotation") };
        assert_eq!(again, own.as_bytes());
    }

    #[test]
    fn what_only_this_dialect_has_stays_its_own() {
        let file = r#"{"type":"file_citation","file_id":"f","filename":"n","index":3}"#;
        let (kind, json) = read(file);
        assert_eq!((&*kind, &*json), (OWN, file));
        assert!(matches!(write(&kind, &json), Some(Cited::Now(same)) if same == file.as_bytes()));
        assert!(write("citation", r#"{"type":"char_location","cited_text":"x"}"#).is_none());
    }
}
