//! What comes back.

use serde_json::json;
use wayleave_model::usage::UsageSource;

use super::*;
use crate::base64;
use crate::error::FaultKind;
use crate::task::audio::wav;

const MP3: &[u8] = b"\xff\xfb\x90\x64sound";

fn one(more: &Value, grammar: Grammar, kind: &str, chunks: &[&[u8]]) -> Told {
    told(write(&asked(more), grammar).0, &[(kind, chunks)])
}

fn two(more: Value, answers: &[(&str, &[&[u8]])]) -> Told {
    let mut more = more;
    more["input"] = "One is. Two is.".into();
    told(in_pieces(&asked(&more), Grammar::OpenAi, 8).expect("a request"), answers)
}

#[test]
fn sound_passes_as_it_comes() {
    let it = one(&json!({}), Grammar::OpenAi, "audio/mpeg", &[&MP3[..1], &MP3[1..]]);
    assert_eq!((it.bytes.as_slice(), it.end), (MP3, Ok(())));
    assert_eq!((it.content_type.as_str(), it.broken), ("audio/mpeg", Broken::Abort));
    let usage = it.seen.usage.expect("counted");
    assert!(it.seen.semantic && usage.characters == 9 && it.seen.content_bytes == 0);
}

#[test]
fn the_type_is_the_providers_if_it_says_one_and_else_the_one_asked_for() {
    for (format, said, told) in [
        ("mp3", "audio/x-wav", "audio/x-wav"),
        ("opus", "application/octet-stream", "audio/ogg"),
        ("aac", "", "audio/aac"),
        ("flac", "binary/octet-stream", "audio/flac"),
        ("pcm", "", "audio/pcm"),
    ] {
        let it = one(&json!({"response_format": format}), Grammar::OpenAi, said, &[b"sound"]);
        assert_eq!((it.content_type.as_str(), it.end), (told, Ok(())), "{format}");
    }
}

#[test]
fn what_is_no_sound_is_an_error_and_never_bytes() {
    let error: &[u8] = br#"{"error":{"message":"no credit"}}"#;
    for (kind, chunks, message) in [
        ("audio/mpeg", &[][..], "the provider answered without any sound"),
        ("audio/mpeg", &[&b""[..]], "the provider answered without any sound"),
        ("application/json", &[&error[..5], &error[5..]], "no credit"),
        ("audio/mpeg", &[&error[..5], &error[5..]], "no credit"),
        ("text/html", &[b"<p>"], "the provider sent a web page in place of an answer"),
        (
            "audio/mpeg",
            &[b"<!DOC", b"TYPE html>"],
            "the provider sent a web page in place of an answer",
        ),
        ("text/plain", &[b"oops"], "the provider sent something that is not an answer"),
    ] {
        let it = one(&json!({}), Grammar::OpenAi, kind, chunks);
        assert_eq!(it.end.expect_err("no sound").message, message);
        assert!(it.bytes.is_empty() && !it.seen.semantic && it.seen.usage.is_none());
    }
    let header = wav::header(24_000);
    for length in [20, 44] {
        let wav = json!({"response_format": "wav"});
        let it = one(&wav, Grammar::OpenAi, "audio/wav", &[&header[..length]]);
        assert!(it.end.is_err() && !it.seen.semantic, "{length}");
    }
    // Samples may begin with any bytes.
    let pcm = json!({"response_format": "pcm"});
    for samples in [b"{\"\x01\x02".as_slice(), b"<\x01"] {
        let it = one(&pcm, Grammar::OpenAi, "audio/pcm", &[samples]);
        assert_eq!((it.bytes.as_slice(), it.end), (samples, Ok(())));
    }
}

#[test]
fn pieces_of_mp3_follow_each_other() {
    let audio = "audio/mpeg";
    let it = two(json!({}), &[(audio, &[MP3]), (audio, &[MP3])]);
    assert_eq!((it.bytes, it.end), ([MP3, MP3].concat(), Ok(())));
    assert_eq!(it.seen.usage.expect("counted").characters, 14);
    let it = two(json!({}), &[(audio, &[MP3]), ("application/json", &[br#"{"detail":"busy"}"#])]);
    assert_eq!(it.end.expect_err("an error").message, "busy");
    assert_eq!(it.seen.usage.expect("counted").characters, 7);
    let it = two(json!({}), &[(audio, &[MP3]), (audio, &[])]);
    assert_eq!(it.end.expect_err("nothing").kind, FaultKind::Unreadable);
}

#[test]
fn pieces_of_wav_have_one_header() {
    let mut closed = wav::header(24_000).to_vec();
    closed[40..].copy_from_slice(&4_u32.to_le_bytes());
    let first = [&closed[..], b"abcdLIST\0\0\0\0"].concat();
    let second = [&wav::header(24_000)[..], b"efgh"].concat();
    let format = json!({"response_format": "wav"});
    for size in [1, 3, 100] {
        let (a, b): (Vec<&[u8]>, Vec<&[u8]>) =
            (first.chunks(size).collect(), second.chunks(size).collect());
        let it = two(format.clone(), &[("audio/wav", &a), ("audio/wav", &b)]);
        assert_eq!(it.end, Ok(()));
        assert_eq!(it.bytes, [&wav::header(24_000)[..], b"abcdefgh"].concat(), "{size}");
    }
    let slower = [&wav::header(8_000)[..], b"efgh"].concat();
    let it = two(format.clone(), &[("audio/wav", &[&first]), ("audio/wav", &[&slower])]);
    assert!(it.end.is_err());
    // Alone, it stays as it is, whatever follows its samples.
    let it = one(&format, Grammar::OpenAi, "audio/wav", &[&first]);
    assert_eq!((it.bytes, it.end), (first, Ok(())));
}

#[test]
fn samples_get_a_header_where_the_provider_makes_none() {
    let it =
        one(&json!({"response_format": "wav"}), Grammar::ElevenLabs, "audio/pcm", &[b"ab", b"cd"]);
    assert_eq!(it.bytes, [&wav::header(24_000)[..], b"abcd"].concat());
    assert_eq!((it.content_type.as_str(), it.end), ("audio/wav", Ok(())));
}

fn google(kind: &str, sound: &str, rest: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"inlineData":{{"mimeType":"{kind}","data":"{sound}"}}}}]}},"finishReason":"STOP"}}]{rest}}}"#
    )
}

#[test]
fn geminis_samples_come_out_of_its_json() {
    let usage = r#","usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":50,
        "candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":50}]}"#;
    let body = google("audio/L16;codec=pcm;rate=24000", &base64::encode(b"abcd"), usage);
    let pcm = json!({"response_format": "pcm"});
    for size in [1, 10, 1_000] {
        let chunks: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        let it = one(&pcm, Grammar::Gemini, "application/json", &chunks);
        assert_eq!((it.bytes.as_slice(), it.end), (&b"abcd"[..], Ok(())));
        let usage = it.seen.usage.expect("a report");
        assert_eq!((usage.input, usage.output, usage.audio_output), (5, 50, 50));
        assert_eq!((it.content_type.as_str(), it.seen.source), ("audio/pcm", None));
    }
    let it = one(
        &json!({"response_format": "wav"}),
        Grammar::Gemini,
        "application/json",
        &[body.as_bytes()],
    );
    assert_eq!(it.bytes, [&wav::header(24_000)[..], b"abcd"].concat());
    let bare = google("audio/L16", &base64::encode(b"ab"), "");
    let it = one(&pcm, Grammar::Gemini, "application/json", &[bare.as_bytes()]);
    assert_eq!(it.seen.usage.expect("counted").characters, 9);
    assert_eq!(it.seen.source, Some(UsageSource::Counted));
}

#[test]
fn gemini_without_sound_or_with_another_is_an_error() {
    let pcm = json!({"response_format": "pcm"});
    let text =
        r#"{"candidates":[{"content":{"parts":[{"text":"I cannot"}]},"finishReason":"OTHER"}]}"#;
    let other = google("audio/mpeg", "AAAA", "");
    let slow = google("audio/L16;rate=16000", "AAAA", "");
    let none = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    for (body, words) in [
        (text, "OTHER"),
        (&other, "audio/mpeg"),
        (&slow, "rate=16000"),
        (none, "without any sound"),
        (r#"{"error":{"code":500,"message":"internal"}}"#, "internal"),
        ("<html>", "web page"),
    ] {
        let it = one(&pcm, Grammar::Gemini, "application/json", &[body.as_bytes()]);
        let fault = it.end.expect_err(body);
        assert!(fault.message.contains(words), "{fault:?}");
        assert!(it.bytes.is_empty() && !it.seen.semantic);
    }
}

const EVENTS: &str = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAAA\",\"x\":1}\n\n\
    data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":4,\"output_tokens\":20}}\n\n";

#[test]
fn events_pass_and_their_tokens_are_the_usage() {
    let sse = json!({"stream_format": "sse"});
    let stream = "text/event-stream";
    for size in [1, 9, 1_000] {
        let chunks: Vec<&[u8]> = EVENTS.as_bytes().chunks(size).collect();
        let it = one(&sse, Grammar::OpenAi, stream, &chunks);
        assert_eq!((String::from_utf8_lossy(&it.bytes).as_ref(), it.end), (EVENTS, Ok(())));
        let usage = it.seen.usage.expect("a report");
        assert_eq!((usage.input, usage.output, usage.audio_output), (4, 20, 20));
        assert_eq!((it.content_type.as_str(), it.broken), (stream, Broken::Event));
    }
    let it = one(&sse, Grammar::OpenAi, stream, &[&EVENTS.as_bytes()[..60]]);
    assert_eq!(it.end.expect_err("cut").kind, FaultKind::Cut);
    let it = one(&sse, Grammar::OpenAi, stream, &[b"data: {\"error\":{\"message\":\"no\"}}\n\n"]);
    assert_eq!(it.end.expect_err("an error").message, "no");
    // Of two answers, one end, with the tokens of both.
    let both: &[(&str, &[&[u8]])] =
        &[(stream, &[EVENTS.as_bytes()]), (stream, &[EVENTS.as_bytes()])];
    let it = two(sse, both);
    let text = String::from_utf8_lossy(&it.bytes).into_owned();
    assert_eq!((text.matches("delta").count(), text.matches("done").count()), (2, 1), "{text}");
    assert!(text.contains(r#""total_tokens":48"#), "{text}");
}

#[test]
fn bare_sound_becomes_events_where_those_were_asked_for() {
    let sse = json!({"stream_format": "sse", "voice": "x"});
    for grammar in [Grammar::OpenAi, Grammar::ElevenLabs] {
        let it = one(&sse, grammar, "audio/mpeg", &[b"abc", b"d"]);
        let expected = "data: {\"audio\":\"YWJj\",\"type\":\"speech.audio.delta\"}\n\n\
            data: {\"audio\":\"ZA==\",\"type\":\"speech.audio.delta\"}\n\n\
            data: {\"type\":\"speech.audio.done\"}\n\n";
        assert_eq!((String::from_utf8_lossy(&it.bytes).as_ref(), it.end), (expected, Ok(())));
        assert_eq!(
            (it.content_type.as_str(), it.seen.losses),
            ("text/event-stream", vec!["answer.usage"])
        );
    }
}
