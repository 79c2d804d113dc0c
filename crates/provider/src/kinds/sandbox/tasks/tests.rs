//! What the sandbox's models answer, as a client of them reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wayleave_dialect::task::FormWriter;

use super::*;

fn play(operation: Operation, model: &str, wire: &Wire) -> (u16, String, Vec<u8>) {
    let play = perform(operation, model, wire, Timestamp::from_micros(0)).expect("an operation");
    let content_type = play.headers.get(CONTENT_TYPE).map_or("", |it| it.to_str().expect("text"));
    let body: Vec<u8> = play.steps.iter().flat_map(|(_, it)| it.to_vec()).collect();
    (play.status.as_u16(), content_type.to_owned(), body)
}

fn asked(operation: Operation, model: &str, body: &Value) -> Value {
    let wire = Wire::json(vec![body.to_string().into()]);
    serde_json::from_slice(&play(operation, model, &wire).2).expect("JSON")
}

#[test]
fn texts_that_share_words_are_near() {
    let texts = ["the cat sat", "the cat slept", "profit fell by half"];
    let told = asked(Operation::Embed, "embedding", &serde_json::json!({ "input": texts }));
    let row = |at: usize| -> Vec<f64> {
        let figures = told["data"][at]["embedding"].as_array().expect("figures");
        figures.iter().filter_map(Value::as_f64).collect()
    };
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert!((near(&row(0), &row(0)) - 1.0).abs() < 1e-5);
    assert!(near(&row(0), &row(1)) > 0.5 && near(&row(0), &row(2)) < 0.3);
    assert!(told["usage"]["prompt_tokens"].as_u64().expect("a count") > 0);
    let packed = serde_json::json!({ "input": "a", "encoding_format": "base64", "dimensions": 4 });
    let packed = asked(Operation::Embed, "embedding", &packed);
    assert_eq!(packed["data"][0]["embedding"].as_str().map(str::len), Some(24));
    let empty = asked(Operation::Embed, "embedding", &serde_json::json!({ "input": "" }));
    assert_eq!(empty["error"]["param"], "input");
}

#[test]
fn documents_come_in_the_order_of_the_words_they_share() {
    let body = serde_json::json!({
        "query": "red apple", "documents": ["green pear", {"text": "a red apple"}, "red car"], "top_n": 2,
    });
    let told = asked(Operation::Rerank, "rerank", &body);
    let order: Vec<u64> = told["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter_map(|it| it["index"].as_u64())
        .collect();
    assert_eq!(order, [1, 2]);
    assert_eq!(told["results"][0]["relevance_score"], 1.0);
}

#[test]
fn a_text_is_flagged_by_the_name_of_a_category() {
    let body = serde_json::json!({ "input": ["a nice day", "so much violence"] });
    let told = asked(Operation::Moderate, "moderation", &body);
    assert_eq!(told["results"][0]["flagged"], false);
    assert_eq!(told["results"][1]["categories"]["violence"], true);
    assert_eq!(told["results"][1]["categories"]["violence/graphic"], false);
}

#[test]
fn speech_is_audio_of_the_format_that_was_asked_for() {
    for (format, content_type, begins) in [
        ("mp3", "audio/mpeg", &b"ID3"[..]),
        ("opus", "audio/opus", b"OggS"),
        ("aac", "audio/aac", b"\xff\xf1"),
        ("flac", "audio/flac", b"fLaC"),
        ("wav", "audio/wav", b"RIFF"),
    ] {
        let body = serde_json::json!({ "input": "hi", "voice": "x", "response_format": format });
        let wire = Wire::json(vec![body.to_string().into()]);
        let (status, got, bytes) = play(Operation::Speech, "speech", &wire);
        assert_eq!((status, got.as_str()), (200, content_type));
        assert!(bytes.starts_with(begins), "{format}");
    }
}

#[test]
fn a_picture_is_a_png_of_the_wanted_size() {
    let body = serde_json::json!({ "prompt": "a cat", "size": "64x32", "n": 2 });
    let told = asked(Operation::Image, "image", &body);
    assert_eq!(told["data"].as_array().map(Vec::len), Some(2));
    let png = STANDARD.decode(told["data"][0]["b64_json"].as_str().expect("a picture"));
    let png = png.expect("base64");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(png[16..24], [0, 0, 0, 64, 0, 0, 0, 32]);
    assert_ne!(told["data"][0], told["data"][1]);
    let body = serde_json::json!({ "prompt": "a cat", "response_format": "url" });
    assert_eq!(asked(Operation::Image, "image", &body)["error"]["param"], "response_format");
}

#[test]
fn a_transcript_says_what_was_sent() {
    let form = |format: &str, at: std::ops::Range<u64>| {
        let mut form = FormWriter::new("x");
        form.field("model", "transcription");
        form.field("response_format", format);
        form.file("file", "a.wav", "audio/wav", at);
        let (content_type, body) = form.end();
        Wire::new(content_type, body)
    };
    let (_, _, body) = play(Operation::Transcribe, "transcription", &form("json", 0..9));
    let told: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(told["text"], "This is the Wayleave sandbox. It got 9 bytes of audio/wav.");
    let (_, content_type, body) = play(Operation::Transcribe, "transcription", &form("srt", 0..9));
    assert!(content_type.starts_with("text/plain") && body.starts_with(b"1\n00:00:00,000"));
    assert_eq!(play(Operation::Transcribe, "transcription", &form("json", 0..0)).0, 400);
    assert_eq!(play(Operation::Transcribe, "other", &form("json", 0..9)).0, 404);
}
