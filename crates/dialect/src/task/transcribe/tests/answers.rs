//! What comes back, whole.

use serde_json::{Value, json};
use wayleave_model::usage::UsageSource;

use super::*;
use crate::error::FaultKind;

const DEEPGRAM: &str = r#"{"metadata":{"request_id":"r","duration":2.4,"channels":1},"results":{
  "channels":[{"detected_language":"en","alternatives":[{"transcript":"Good day. Who is it?",
  "confidence":0.99,"words":[
  {"word":"good","punctuated_word":"Good","start":0.1,"end":0.3,"speaker":0},
  {"word":"day","punctuated_word":"day.","start":0.3,"end":0.6,"speaker":0},
  {"word":"who","punctuated_word":"Who","start":1.0,"end":1.2,"speaker":1},
  {"word":"is","start":1.2,"end":1.3,"speaker":1},
  {"word":"it","punctuated_word":"it?","start":1.3,"end":1.5,"speaker":1}]}]}],
  "utterances":[{"start":0.1,"end":0.6,"transcript":"Good day.","speaker":0},
  {"start":1.0,"end":1.5,"transcript":"Who is it?","speaker":1}]}}"#;

const ELEVENLABS: &str = r#"{"language_code":"eng","language_probability":1,
  "text":"Good day. Who?","words":[
  {"text":"Good","start":0.1,"end":0.3,"type":"word","speaker_id":"speaker_0","logprob":0},
  {"text":" ","start":0.3,"end":0.3,"type":"spacing","speaker_id":"speaker_0","logprob":0},
  {"text":"day.","start":0.3,"end":0.6,"type":"word","speaker_id":"speaker_0","logprob":0},
  {"text":" ","start":0.6,"end":1.0,"type":"spacing","speaker_id":"speaker_0","logprob":0},
  {"text":"Who?","start":1.0,"end":1.2,"type":"word","speaker_id":"speaker_1","logprob":0}]}"#;

fn spoken(fields: &[(&str, &str)], grammar: Grammar, body: &str) -> Spoken {
    let fields = [&[("model", "m")], fields].concat();
    let (written, _) = write(&asked(&fields), grammar);
    answer(written, "application/json", body).expect("an answer")
}

fn text(spoken: &Spoken) -> &str {
    std::str::from_utf8(&spoken.body).expect("text")
}

fn value(spoken: &Spoken) -> Value {
    serde_json::from_slice(&spoken.body).expect("JSON")
}

#[test]
fn openais_answer_passes_with_what_it_alone_knows() {
    let body = r#"{"text":"hi","x":[1],"usage":{"type":"tokens","input_tokens":14,
        "input_token_details":{"audio_tokens":10,"text_tokens":4},"output_tokens":3}}"#;
    let it = spoken(&[], Grammar::OpenAi, body);
    assert_eq!(text(&it), body);
    assert_eq!((it.usage.input, it.usage.audio_input, it.usage.output), (14, 10, 3));
    assert_eq!(it.source, UsageSource::Provider);
}

#[test]
fn seconds_are_the_providers_or_the_files() {
    for body in [
        r#"{"text":"","usage":{"type":"duration","seconds":2.1}}"#,
        r#"{"text":"","duration":2.1}"#,
        r#"{"text":"","duration":"2.100000"}"#,
    ] {
        let it = spoken(&[], Grammar::OpenAi, body);
        assert_eq!((it.usage.audio_seconds, it.source), (3, UsageSource::Provider), "{body}");
    }
    let mistral = r#"{"model":"voxtral","text":"","usage":{"prompt_audio_seconds":3,
        "prompt_tokens":4,"completion_tokens":6,"total_tokens":13}}"#;
    let it = spoken(&[], Grammar::OpenAi, mistral);
    assert_eq!((it.usage.audio_seconds, it.usage.input, it.usage.output), (3, 4, 6));
    let it = spoken(&[], Grammar::OpenAi, r#"{"text":"hi"}"#);
    assert_eq!((it.usage.audio_seconds, it.source), (2, UsageSource::Counted));
    let srt = "1\n00:00:00,000 --> 00:00:01,000\nhi\n\n";
    let (written, _) =
        write(&asked(&[("model", "m"), ("response_format", "srt")]), Grammar::OpenAi);
    let it = answer(written, "text/plain", srt).expect("subtitles");
    assert_eq!((text(&it), &*it.content_type), (srt, "text/plain; charset=utf-8"));
    assert_eq!((it.usage.audio_seconds, it.source), (2, UsageSource::Counted));
}

#[test]
fn a_form_that_only_the_provider_knows_passes_and_no_model_is_added() {
    let it = spoken(&[("response_format", "tsv")], Grammar::OpenAi, "0\t1\thi\n");
    assert_eq!(text(&it), "0\t1\thi\n");
    for (body, expected) in [
        (r#"{"text":"hi"}"#, r#"{"text":"hi"}"#),
        (r#"{"model":"x","text":"hi"}"#, r#"{"model":"alias","text":"hi"}"#),
    ] {
        let (written, _) = write(&asked(&[("model", "m")]), Grammar::OpenAi);
        let Reader::Whole(mut reader) = written.reader else { panic!("a stream") };
        reader.read(Said { body: body.into(), ..Said::default() }).expect("an answer");
        let context = Context { answer_model: Some("alias".to_owned()), ..Context::default() };
        assert_eq!(text(&reader.end(&context).expect("an answer")), expected);
    }
}

#[test]
fn an_error_or_a_page_under_success_is_no_transcript() {
    for format in ["json", "text"] {
        for (body, message) in [
            (r#"{"error":{"message":"overloaded","type":"x"}}"#, "overloaded"),
            ("<html>", "the provider sent a web page in place of an answer"),
        ] {
            let it = asked(&[("model", "m"), ("response_format", format)]);
            let (written, _) = write(&it, Grammar::OpenAi);
            let fault = answer(written, "text/html", body).expect_err("no answer");
            assert_eq!(fault.message, message);
        }
    }
    for grammar in [Grammar::Deepgram, Grammar::ElevenLabs, Grammar::Gemini] {
        let (written, _) = write(&asked(&[("model", "m")]), grammar);
        let fault = answer(written, "application/json", r#"{"x":1}"#).expect_err("no answer");
        assert_eq!(fault.kind, FaultKind::Unreadable, "{grammar:?}");
    }
}

#[test]
fn deepgrams_answer_is_written_in_every_form() {
    let it = spoken(&[], Grammar::Deepgram, DEEPGRAM);
    let usage = json!({"type": "duration", "seconds": 3});
    assert_eq!(value(&it), json!({"text": "Good day. Who is it?", "usage": usage}));
    assert_eq!((it.usage.audio_seconds, it.source), (3, UsageSource::Provider));

    let it = spoken(&[("response_format", "text")], Grammar::Deepgram, DEEPGRAM);
    assert_eq!(
        (text(&it), &*it.content_type),
        ("Good day. Who is it?\n", "text/plain; charset=utf-8")
    );

    let it = spoken(&[("response_format", "srt")], Grammar::Deepgram, DEEPGRAM);
    let srt = "1\n00:00:00,100 --> 00:00:00,600\nGood day.\n\n\
               2\n00:00:01,000 --> 00:00:01,500\nWho is it?\n\n";
    assert_eq!(text(&it), srt);

    let fields = [
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    ];
    let it = spoken(&fields, Grammar::Deepgram, DEEPGRAM);
    assert_eq!(it.losses, ["answer.segments.scores"]);
    let it = value(&it);
    assert_eq!(
        (&it["task"], &it["language"], &it["duration"]),
        (&json!("transcribe"), &json!("en"), &json!(2.4))
    );
    assert_eq!(it["segments"][1]["text"], "Who is it?");
    assert_eq!(it["words"][1], json!({"word": "day.", "start": 0.3, "end": 0.6}));
    let it = spoken(&fields[..2], Grammar::Deepgram, DEEPGRAM);
    assert_eq!(value(&it).get("segments"), None);

    let it = spoken(&[("response_format", "diarized_json")], Grammar::Deepgram, DEEPGRAM);
    let it = value(&it);
    let speakers: Vec<_> = it["segments"].as_array().expect("a list").iter().collect();
    assert_eq!((&speakers[0]["speaker"], &speakers[1]["speaker"]), (&json!("A"), &json!("B")));
    assert_eq!(speakers[1]["type"], "transcript.text.segment");
}

#[test]
fn elevenlabs_words_become_cues() {
    let it = spoken(&[("response_format", "vtt")], Grammar::ElevenLabs, ELEVENLABS);
    let vtt = "WEBVTT\n\n00:00:00.100 --> 00:00:00.600\nGood day.\n\n\
               00:00:01.000 --> 00:00:01.200\nWho?\n\n";
    assert_eq!(text(&it), vtt);
    assert_eq!((it.usage.audio_seconds, it.source), (2, UsageSource::Provider));
    let fields = [("response_format", "verbose_json"), ("timestamp_granularities[]", "word")];
    let it = value(&spoken(&fields, Grammar::ElevenLabs, ELEVENLABS));
    assert_eq!(it["words"][0], json!({"word": "Good", "start": 0.1, "end": 0.3}));
    assert_eq!(it["language"], "eng");
}

#[test]
fn times_that_a_provider_left_out_are_not_made_up() {
    let (written, _) =
        write(&asked(&[("model", "m"), ("response_format", "srt")]), Grammar::ElevenLabs);
    let fault = answer(written, "application/json", r#"{"text":"hi"}"#).expect_err("no times");
    assert_eq!(fault.message, "the provider's transcript has no times");
    let it = spoken(&[("response_format", "srt")], Grammar::ElevenLabs, r#"{"text":""}"#);
    assert_eq!(text(&it), "");
}

#[test]
fn geminis_words_are_the_transcript_and_its_tokens_the_usage() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":" Good day.\n"}]},
        "finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":84,
        "candidatesTokenCount":3,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":64}]}}"#;
    let it = spoken(&[], Grammar::Gemini, body);
    assert_eq!((it.usage.input, it.usage.audio_input, it.usage.output), (84, 64, 3));
    let it = value(&it);
    assert_eq!((&it["text"], &it["usage"]["total_tokens"]), (&json!("Good day."), &json!(87)));
    let (written, _) = write(&asked(&[("model", "m")]), Grammar::Gemini);
    let cut =
        r#"{"candidates":[{"content":{"parts":[{"text":"Go"}]},"finishReason":"MAX_TOKENS"}]}"#;
    let fault = answer(written, "application/json", cut).expect_err("cut");
    assert_eq!(fault.code.as_deref(), Some("MAX_TOKENS"));
}
