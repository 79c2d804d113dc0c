//! Edits change what they name and leave every other byte.

use bytes::Bytes;

use crate::raw::{Edits, RawObject};

fn edited(body: &'static str, edit: impl FnOnce(&mut Edits)) -> String {
    let mut edits = Edits::default();
    edit(&mut edits);
    let object = RawObject::read(body.as_bytes()).unwrap();
    let pieces = edits.apply(&object, &Bytes::from_static(body.as_bytes()));
    assert!(pieces.iter().all(|piece| !piece.is_empty()));
    let after = String::from_utf8(pieces.concat()).unwrap();
    RawObject::read(after.as_bytes()).unwrap_or_else(|e| panic!("{e} in {after}"));
    after
}

#[test]
fn set_replaces_a_value_and_keeps_every_other_byte() {
    let body = "{ \"x_vendor\": {\"b\":1, \"a\":2.50}, \"model\" : \"alias\",\t\"n\":1e3}";
    let after = edited(body, |edits| edits.set("model", "\"gpt\"".into(), "model"));
    assert_eq!(after, "{ \"x_vendor\": {\"b\":1, \"a\":2.50}, \"model\" : \"gpt\",\t\"n\":1e3}");
}

#[test]
fn set_adds_a_missing_field() {
    let add = |edits: &mut Edits| edits.set("a", "1".into(), "a");
    assert_eq!(edited("{}", add), r#"{"a":1}"#);
    assert_eq!(edited(" { } ", add), r#" {"a":1 } "#);
    assert_eq!(edited(r#"{ "b":2}"#, add), r#"{"a":1, "b":2}"#);
}

#[test]
fn removed_fields_take_their_commas_along() {
    let body = r#"{ "a" : 1 , "b" : 2 , "c" : 3 }"#;
    let without = |keys: &[&str]| {
        edited(body, |edits| keys.iter().for_each(|key| edits.remove(key, format!("-{key}"))))
    };
    assert_eq!(without(&["a"]), r#"{ "b" : 2 , "c" : 3 }"#);
    assert_eq!(without(&["b"]), r#"{ "a" : 1 , "c" : 3 }"#);
    assert_eq!(without(&["c"]), r#"{ "a" : 1 , "b" : 2 }"#);
    assert_eq!(without(&["b", "c"]), r#"{ "a" : 1 }"#);
    assert_eq!(without(&["c", "a"]), r#"{ "b" : 2 }"#);
    assert_eq!(without(&["a", "b", "c"]), "{  }");
    assert_eq!(without(&["d"]), body);
}

#[test]
fn changes_see_what_those_before_them_left() {
    let body = r#"{"max_tokens":5,"m":0,"mod\u0065l":"x"}"#;
    let after = edited(body, |edits| {
        edits.rename("max_tokens", "max_completion_tokens", "name");
        edits.set("max_completion_tokens", "16".into(), "limit");
        edits.remove("m", "-m");
        edits.set("m", "1".into(), "m");
        edits.set("model", "\"y\"".into(), "model");
    });
    assert_eq!(after, r#"{"m":1,"max_completion_tokens":16,"mod\u0065l":"y"}"#);
}

#[test]
fn a_renamed_field_takes_the_place_of_one_that_had_the_name() {
    let after = edited(r#"{"to":1,"x":2,"from":3}"#, |edits| edits.rename("from", "to", "to"));
    assert_eq!(after, r#"{"x":2,"to":3}"#);
    assert_eq!(edited(r#"{"x":2}"#, |edits| edits.rename("from", "to", "to")), r#"{"x":2}"#);
    assert_eq!(edited(r#"{"to":2}"#, |edits| edits.rename("to", "to", "to")), r#"{"to":2}"#);
}

#[test]
fn edits_are_named_and_copy_nothing_of_the_body() {
    let body = Bytes::from(format!(r#"{{"model":"a","messages":"{}"}}"#, "x".repeat(1000)));
    let object = RawObject::read(&body).unwrap();
    let mut edits = Edits::default();
    assert!(edits.is_empty());
    assert_eq!(edits.apply(&object, &body)[0].as_ptr(), body.as_ptr());
    edits.set("model", "\"b\"".into(), "model");
    edits.remove("x", "-x");
    assert_eq!(edits.names().collect::<Vec<_>>(), ["model", "-x"]);
    let pieces = edits.apply(&object, &body);
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[0].as_ptr(), body.as_ptr());
    assert_eq!(pieces[2].as_ptr(), body[12..].as_ptr());
}
