//! What must hold for any bytes and any edits.

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::raw::{Edits, RawObject};

/// Any JSON value.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,200}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Any JSON object, spelled in either way serde_json spells one.
fn object_text() -> impl Strategy<Value = (Value, String)> {
    let fields = btree_map("[a-e]|.{0,12}", json(), 0..8);
    (fields, any::<bool>()).prop_map(|(fields, pretty)| {
        let value: Value = fields.into_iter().collect();
        let text = if pretty {
            serde_json::to_string_pretty(&value)
        } else {
            serde_json::to_string(&value)
        };
        // Read back, because serde_json is not exact in the last digit of a float.
        let text = text.unwrap();
        (serde_json::from_str(&text).unwrap(), text)
    })
}

/// What serde_json makes of the grammar. It passes over escapes without decoding them, too.
fn oracle(body: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(body).is_ok_and(|raw| raw.get().starts_with('{'))
}

/// The same verdict as serde_json, but for what only we refuse.
fn agrees(body: &[u8]) -> Result<(), TestCaseError> {
    match RawObject::read(body) {
        Ok(_) => prop_assert!(oracle(body), "accepted what serde_json refuses"),
        Err(error) => {
            let ours = ["repeated key", "256 top-level", "lone surrogate"];
            if !ours.iter().any(|words| error.message.contains(words)) {
                prop_assert!(!oracle(body), "refused what serde_json accepts: {}", error);
            }
        }
    }
    Ok(())
}

/// Text made of the pieces JSON is made of.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\\"",
            "\\u",
            "\\ud800",
            "00e9",
            "\"a\"",
            "\"a\":",
            " ",
            "\n",
            "true",
            "false",
            "null",
            "0",
            "-",
            "1",
            ".5",
            "e",
            "E+",
            "é",
            "x",
            "\"abcdefghij",
            "\t",
            "\u{7f}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..3),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_object_reads_as_serde_json_reads_it((value, text) in object_text()) {
        let object = RawObject::read(text.as_bytes()).unwrap();
        let map = value.as_object().unwrap();
        prop_assert_eq!(object.keys().count(), map.len());
        for (key, value) in map {
            prop_assert_eq!(&serde_json::from_str::<Value>(object.raw(key).unwrap()).unwrap(), value);
            if let Value::String(string) = value {
                prop_assert_eq!(&*object.string(key).unwrap().unwrap(), string);
            }
        }
    }

    #[test]
    fn byte_soup_is_judged_as_serde_json_judges_it(body in vec(any::<u8>(), 0..64)) {
        agrees(&body)?;
    }

    #[test]
    fn json_soup_is_judged_as_serde_json_judges_it(body in soup(), inside in soup()) {
        agrees(&body)?;
        agrees(&[b"{\"k\":", &body[..], b"}"].concat())?;
        agrees(&[b"{\"k\":\"", &body[..], b"\",\"l\":[", &inside[..], b"]}"].concat())?;
    }

    #[test]
    fn broken_json_is_judged_as_serde_json_judges_it(
        (_, text) in object_text(), at in any::<prop::sample::Index>(), byte in any::<u8>(), way in 0..3,
    ) {
        let mut body = text.into_bytes();
        let at = at.index(body.len());
        match way {
            0 => body[at] = byte,
            1 => body.insert(at, byte),
            _ => drop(body.remove(at)),
        }
        agrees(&body)?;
    }

    #[test]
    fn a_splice_changes_only_its_value((value, text) in object_text(), new in json()) {
        let body = Bytes::from(text.clone());
        let object = RawObject::read(&body).unwrap();
        let mut edits = Edits::default();
        edits.set("a", new.to_string(), "a");
        let after = String::from_utf8(edits.apply(&object, &body).concat()).unwrap();
        match object.raw("a") {
            Some(old) => {
                let at = old.as_ptr() as usize - text_start(&object);
                prop_assert_eq!(&after[..at], &text[..at]);
                prop_assert!(after[at..].starts_with(&new.to_string()));
                prop_assert_eq!(&after[at + new.to_string().len()..], &text[at + old.len()..]);
            }
            None => prop_assert!(after.ends_with(&text[1..])),
        }
        let mut expected = value;
        expected["a"] = serde_json::from_str(&new.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), expected);
    }

    #[test]
    fn any_edits_leave_the_object_they_say(
        (value, text) in object_text(),
        changes in vec((0..3, 0..5_usize, 0..5_usize, 0..9_u8), 0..8),
    ) {
        const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
        let body = Bytes::from(text);
        let object = RawObject::read(&body).unwrap();
        let mut expected = value;
        let map = expected.as_object_mut().unwrap();
        let mut edits = Edits::default();
        for (way, key, to, json) in changes {
            let (key, to) = (KEYS[key], KEYS[to]);
            match way {
                0 => {
                    edits.set(key, json.to_string(), "");
                    map.insert(key.to_owned(), json.into());
                }
                1 => {
                    edits.rename(key, to, "");
                    if let Some(value) = map.remove(key) {
                        map.insert(to.to_owned(), value);
                    }
                }
                _ => {
                    edits.remove(key, "");
                    map.remove(key);
                }
            }
        }
        let after = edits.apply(&object, &body).concat();
        prop_assert!(RawObject::read(&after).is_ok(), "{}", String::from_utf8_lossy(&after));
        prop_assert_eq!(serde_json::from_slice::<Value>(&after).unwrap(), expected);
    }
}

fn text_start(object: &RawObject<'_>) -> usize {
    object.body().as_ptr() as usize
}
