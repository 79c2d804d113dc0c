//! What comes back, streamed.

use wayleave_model::usage::UsageSource;

use super::*;
use crate::carry::{Carried, Seen};
use crate::error::{Fault, FaultKind};
use crate::task::Broken;

const STREAM: &str = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Good \",\"logprobs\":[]}\n\n\
    data: {\"type\":\"transcript.text.delta\",\"delta\":\"day.\"}\n\n\
    data: {\"type\":\"transcript.text.done\",\"text\":\"Good day.\",\"usage\":{\"type\":\"tokens\",\
    \"input_tokens\":14,\"input_token_details\":{\"audio_tokens\":10},\"output_tokens\":3}}\n\n";

fn streamed(content_type: &str, chunks: &[&[u8]]) -> (String, Result<(), Fault>, Seen) {
    let (written, _) = write(&asked(&[("model", "m"), ("stream", "True")]), Grammar::OpenAi);
    let Reader::Stream(reader) = written.reader else { panic!("no stream") };
    let head = SaidHead { content_type: content_type.to_owned(), ..SaidHead::default() };
    let streaming = reader.begin(&head, &Context::default()).expect("a stream");
    assert_eq!((&*streaming.content_type, streaming.broken), ("text/event-stream", Broken::Event));
    let (mut carry, mut out) = (streaming.carry, Carried::default());
    for chunk in chunks {
        carry.push(Bytes::copy_from_slice(chunk), &mut out);
    }
    if out.end.is_none() {
        carry.end(&mut out);
    }
    let bytes = out.bytes.concat();
    (String::from_utf8(bytes).expect("text"), out.end.expect("an end"), carry.seen().clone())
}

#[test]
fn a_stream_passes_as_it_is_however_its_bytes_come() {
    for size in [1, 7, 64, 1_000] {
        let chunks: Vec<&[u8]> = STREAM.as_bytes().chunks(size).collect();
        let (text, end, seen) = streamed("text/event-stream", &chunks);
        assert_eq!((text.as_str(), end), (STREAM, Ok(())), "{size}");
        let usage = seen.usage.expect("a report");
        assert_eq!((usage.input, usage.audio_input, usage.output), (14, 10, 3));
        assert!(seen.semantic && seen.source.is_none() && seen.content_bytes == 9);
    }
}

#[test]
fn a_stream_without_its_end_is_cut_and_an_error_in_it_is_one() {
    let half = &STREAM.as_bytes()[..70];
    let (_, end, _) = streamed("text/event-stream", &[half]);
    assert_eq!(end.expect_err("cut").kind, FaultKind::Cut);
    let error = b"event: error\ndata: {\"error\":{\"message\":\"busy\"}}\n\n";
    let (text, end, seen) = streamed("text/event-stream", &[error]);
    assert_eq!((text.as_str(), end.expect_err("an error").message.as_str()), ("", "busy"));
    assert!(!seen.semantic);
}

#[test]
fn a_stream_that_counts_nothing_is_as_long_as_the_file() {
    let bare = STREAM.split(",\"usage\"").next().expect("a text").to_owned() + "}\n\n";
    let (_, end, seen) = streamed("text/event-stream", &[bare.as_bytes()]);
    assert_eq!(end, Ok(()));
    assert_eq!(seen.usage.expect("counted").audio_seconds, 2);
    assert_eq!(seen.source, Some(UsageSource::Counted));
}

#[test]
fn a_model_that_cannot_stream_is_streamed_for() {
    let body = r#"{"text":"Good day.","usage":{"type":"duration","seconds":3}}"#;
    let (text, end, seen) = streamed("application/json", &[body.as_bytes()]);
    let expected = "data: {\"delta\":\"Good day.\",\"type\":\"transcript.text.delta\"}\n\n\
        data: {\"text\":\"Good day.\",\"type\":\"transcript.text.done\",\
        \"usage\":{\"seconds\":3,\"type\":\"duration\"}}\n\n";
    assert_eq!((text.as_str(), end), (expected, Ok(())));
    assert_eq!(
        (seen.usage.expect("a report").audio_seconds, seen.repairs),
        (3, vec!["not_streamed"])
    );
    let (_, end, _) = streamed("application/json", &[br#"{"error":{"message":"no"}}"#]);
    assert_eq!(end.expect_err("an error").message, "no");
}

#[test]
fn an_answer_of_another_grammar_is_streamed_as_one_piece() {
    let body = r#"{"text":"Hi.","words":[{"text":"Hi.","type":"word","start":0,"end":1.5}]}"#;
    let (written, _) = write(&asked(&[("model", "m"), ("stream", "1")]), Grammar::ElevenLabs);
    let it = answer(written, "application/json", body).expect("an answer");
    assert_eq!(it.content_type, "text/event-stream");
    let text = String::from_utf8_lossy(&it.body).into_owned();
    let types: Vec<_> = text.matches("transcript.text.").collect();
    assert!(types.len() == 2 && text.contains("\"delta\":\"Hi.\""), "{text}");
    let fields = [("model", "m"), ("stream", "1"), ("response_format", "diarized_json")];
    let (written, _) = write(&asked(&fields), Grammar::ElevenLabs);
    let it = answer(written, "application/json", body).expect("an answer");
    let text = String::from_utf8_lossy(&it.body).into_owned();
    assert!(text.contains("transcript.text.segment") && !text.contains(".delta"), "{text}");
}
