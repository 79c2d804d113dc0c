//! Streams: those that pass, and those that are made.

use proptest::prelude::*;
use serde_json::json;
use wayleave_model::usage::UsageSource;

use super::*;
use crate::carry::{Carried, Carry};
use crate::task::{Broken, Streaming};

fn begun(content_type: &str) -> Streaming {
    let asked = asks(r#"{"model":"m","prompt":"a","stream":true,"partial_images":2}"#);
    assert!(asked.asked().stream);
    let (written, losses) = write(&*asked, Grammar::OpenAi, "m").expect("written");
    assert!(losses.is_empty());
    let Reader::Stream(reader) = written.reader else { panic!("no stream") };
    let head = SaidHead { content_type: content_type.to_owned(), ..SaidHead::default() };
    reader.begin(&head, &context()).expect("a stream")
}

fn carried(carry: &mut dyn Carry, chunks: &[&[u8]]) -> (String, Carried) {
    let (bytes, out) = run(carry, chunks);
    (String::from_utf8(bytes).expect("text"), out)
}

fn stream(picture: &str) -> String {
    let partial = json!({"type": "image_generation.partial_image", "b64_json": picture,
        "partial_image_index": 0, "size": "1024x1024"});
    let done = json!({"b64_json": picture, "created_at": 1, "quality": "low", "size": "1024x1024",
        "type": "image_generation.completed", "usage": {"input_tokens": 5, "output_tokens": 272,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 5}, "total_tokens": 277}});
    format!(
        ": hello\n\nevent: image_generation.partial_image\ndata: {partial}\n\n\
         event: image_generation.completed\ndata: {done}\n\n"
    )
}

#[test]
fn pictures_pass_as_they_come_and_what_they_took_is_read() {
    let sent = stream(&"A".repeat(200_000));
    for size in [100, 4_096, 1 << 20] {
        let mut it = begun("text/event-stream");
        assert_eq!((&*it.content_type, it.broken), ("text/event-stream", Broken::Event));
        let chunks: Vec<&[u8]> = sent.as_bytes().chunks(size).collect();
        let (got, out) = carried(&mut *it.carry, &chunks);
        assert!(got == sent, "{size}");
        assert_eq!(out.end, Some(Ok(())));
        let seen = it.carry.seen();
        let usage = seen.usage.expect("a report");
        assert_eq!((usage.input, usage.output, usage.image_output, usage.images), (5, 272, 272, 1));
        assert_eq!(usage.variant.map(|it| it.to_string()).as_deref(), Some("1024x1024/low"));
        assert_eq!(seen.source, Some(UsageSource::Provider));
    }
}

#[test]
fn a_long_picture_is_not_held_until_it_is_whole() {
    let sent = stream(&"A".repeat(100_000));
    let mut it = begun("text/event-stream");
    let mut out = Carried::default();
    it.carry.push(Bytes::copy_from_slice(&sent.as_bytes()[..200]), &mut out);
    assert!(it.carry.seen().semantic);
    assert_eq!(out.bytes.concat(), &sent.as_bytes()[..200]);
}

#[test]
fn an_error_before_the_first_picture_is_a_fault_and_nothing_passes() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"moderation_blocked\",\"message\":\"no\"}}\n\n";
    let mut it = begun("text/event-stream");
    let (got, out) = carried(&mut *it.carry, &[error.as_bytes()]);
    let fault = out.end.expect("an end").expect_err("a fault");
    assert_eq!((fault.code.as_deref(), fault.message.as_str()), (Some("moderation_blocked"), "no"));
    assert_eq!((got.as_str(), it.carry.seen().semantic), ("", false));
    // After a picture, what stood before it has passed.
    let sent = stream("AAAA");
    let partial = sent.find("event: image_generation.completed").expect("there");
    let both = format!("{}{error}", &sent[..partial]);
    let mut it = begun("text/event-stream");
    let (got, out) = carried(&mut *it.carry, &[both.as_bytes()]);
    assert!(out.end.is_some_and(|it| it.is_err()));
    assert_eq!(got, sent[..partial]);
}

#[test]
fn a_stream_that_ends_without_its_picture_was_cut() {
    let sent = stream("AAAA");
    let partial = sent.find("event: image_generation.completed").expect("there");
    for part in ["", ": hello\n\n", &sent[..partial]] {
        let mut it = begun("text/event-stream");
        let (_, out) = carried(&mut *it.carry, &[part.as_bytes()]);
        assert!(out.end.is_some_and(|it| it.is_err()), "{part}");
    }
    // Without its last empty line it is whole.
    let mut it = begun("text/event-stream");
    let (_, out) = carried(&mut *it.carry, &[sent.trim_end().as_bytes()]);
    assert_eq!(out.end, Some(Ok(())));
}

fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|data| serde_json::from_str(data).expect("JSON")).collect()
}

#[test]
fn a_whole_answer_where_a_stream_was_asked_for_becomes_one() {
    let mut it = begun("application/json");
    let told = r#"{"created":1,"data":[{"b64_json":"AAAA"},{"b64_json":"BBBB"}],"quality":"low","usage":{"input_tokens":3,"output_tokens":4}}"#;
    let (got, out) = carried(&mut *it.carry, &[&told.as_bytes()[..9], &told.as_bytes()[9..]]);
    assert_eq!(out.end, Some(Ok(())));
    let events = events(&got);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["type"], "image_generation.completed");
    assert_eq!((&events[0]["b64_json"], &events[1]["b64_json"]), (&json!("AAAA"), &json!("BBBB")));
    assert_eq!((&events[0]["quality"], &events[0]["size"]), (&json!("low"), &json!("auto")));
    assert_eq!(events[1]["usage"]["total_tokens"], 7);
    let seen = it.carry.seen();
    assert_eq!(seen.repairs, ["not_streamed"]);
    assert_eq!(seen.usage.map(|it| (it.images, it.output)), Some((2, 4)));
}

#[test]
fn others_pictures_come_in_one_event_each() {
    let fields = [("model", "m"), ("prompt", "a"), ("stream", "true"), ("partial_images", "1")];
    let question = read_edit(&given(&form(&fields, &["image"]))).expect("a request");
    let (written, losses) = write(&*question, Grammar::Gemini, "gemini-image").expect("written");
    assert_eq!(losses, ["partial_images"]);
    let inline = json!({"inlineData": {"mimeType": "image/png", "data": PNG}});
    let told = json!({"candidates": [{"content": {"parts": [inline]}}]}).to_string();
    let spoken = answered(written, &[&told]).expect("an answer");
    assert_eq!(spoken.content_type, "text/event-stream");
    let text = String::from_utf8(spoken.body.to_vec()).expect("text");
    assert!(text.starts_with("event: image_edit.completed\ndata: {") && text.ends_with("}\n\n"));
    let event = &events(&text)[0];
    assert_eq!(
        (&event["type"], &event["size"]),
        (&json!("image_edit.completed"), &json!("1024x1536"))
    );
    assert_eq!((&event["b64_json"], &event["created_at"]), (&json!(PNG), &json!(1_700_000_000)));
    assert_eq!(event["usage"]["total_tokens"], 0);
}

proptest! {
    #[test]
    fn a_stream_is_read_alike_however_it_is_cut(
        size in 1..900_usize,
        picture in "[A-Za-z0-9+/]{0,3000}",
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        for sent in [stream(&picture).into_bytes(), noise] {
            let mut whole = begun("text/event-stream");
            let (_, expected) = run(&mut *whole.carry, &[&sent]);
            let mut cut = begun("text/event-stream");
            let chunks: Vec<&[u8]> = sent.chunks(size).collect();
            let (got, out) = run(&mut *cut.carry, &chunks);
            prop_assert_eq!(&out.end, &expected.end);
            prop_assert_eq!(cut.carry.seen().usage, whole.carry.seen().usage);
            if expected.end == Some(Ok(())) {
                prop_assert_eq!(got, sent);
            }
        }
    }

    #[test]
    fn no_answer_of_a_provider_breaks_its_reader(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..24),
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let asked = asks(r#"{"model":"m","prompt":"a","response_format":"b64_json"}"#);
        for (grammar, model) in [
            (Grammar::OpenAi, "m"),
            (Grammar::Gemini, "gemini-image"),
            (Grammar::Vertex, "imagen-4.0"),
            (Grammar::Stability, "core"),
            (Grammar::Bedrock, "amazon.nova-canvas-v1:0"),
            (Grammar::SiliconFlow, "m"),
        ] {
            for body in [words.concat().into_bytes(), noise.clone()] {
                let (written, _) = write(&*asked, grammar, model).expect("written");
                let mut reader = whole(written);
                let head = SaidHead::default();
                if reader.read(Said { head, body: body.into() }).is_ok() {
                    let _ = reader.end(&context());
                }
            }
        }
    }
}

/// What answers are made of, well put together or not.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"data\"",
    "\"images\"",
    "\"b64_json\"",
    "\"url\"",
    "\"image\"",
    "\"https://x/1\"",
    "\"AAAA\"",
    "\"é\"",
    "null",
    "7",
    "\"candidates\"",
    "\"content\"",
    "\"parts\"",
    "\"inlineData\"",
    "\"predictions\"",
    "\"bytesBase64Encoded\"",
    "\"finish_reason\"",
    "\"SUCCESS\"",
    "{\"data\":[{\"url\":\"u\"}]",
    "{\"images\":[\"AAAA\"]",
    "{\"image\":\"A\"",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"data\":\"",
];

fn run(carry: &mut dyn Carry, chunks: &[&[u8]]) -> (Vec<u8>, Carried) {
    let mut out = Carried::default();
    for chunk in chunks {
        if out.end.is_none() {
            carry.push(Bytes::copy_from_slice(chunk), &mut out);
        }
    }
    if out.end.is_none() {
        carry.end(&mut out);
    }
    (out.bytes.concat(), out)
}
