//! What goes up.

use serde_json::json;

use super::*;

#[test]
fn a_request_that_lacks_something_is_refused_by_name() {
    for (body, param) in [
        (json!({"input": "x", "voice": "a"}), "model"),
        (json!({"model": "", "input": "x"}), "model"),
        (json!({"model": "m"}), "input"),
        (json!({"model": "m", "input": ""}), "input"),
        (json!({"model": "m", "input": " \n"}), "input"),
        (json!({"model": "m", "input": ["x"]}), "input"),
        (json!({"model": "m", "input": "x", "voice": 7}), "voice"),
        (json!({"model": "m", "input": "x", "speed": "fast"}), "speed"),
        (json!({"model": "m", "input": "x", "stream_format": "ws"}), "stream_format"),
    ] {
        let error = parsed(&body).expect_err("a refusal");
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
    }
}

#[test]
fn the_clients_own_bytes_go_up_with_the_models_own_name() {
    let it = asked(&json!({"x_unknown": [1], "voice": {"id": "voice_1"}, "speed": 1.25}));
    assert_eq!(it.voice.as_deref(), Some("voice_1"));
    let (written, losses) = write(&it, Grammar::OpenAi);
    assert_eq!((written.edits, losses.is_empty()), (vec!["model".into()], true));
    let mut expected: Value = serde_json::from_slice(&it.body).expect("JSON");
    expected["model"] = "aura-2-thalia-en".into();
    assert_eq!(json(&written.wires[0]), expected);
}

#[test]
fn a_long_text_goes_up_in_pieces_that_can_be_joined() {
    let it = asked(&json!({"input": "One is. Two is.", "x": 1}));
    let written = in_pieces(&it, Grammar::OpenAi, 8).expect("a request");
    assert_eq!(written.edits, ["model", "input"]);
    let inputs: Vec<Value> = written.wires.iter().map(|wire| json(wire)["input"].clone()).collect();
    assert_eq!(inputs, ["One is.", "Two is."]);
    assert!(written.wires.iter().all(|wire| json(wire)["x"] == 1));
    let flac = asked(&json!({"input": "One is. Two is.", "response_format": "flac"}));
    let error = in_pieces(&flac, Grammar::OpenAi, 8).err().expect("a refusal");
    assert_eq!(error.code, Some("capability_not_supported"));
    assert!(in_pieces(&flac, Grammar::OpenAi, 80).is_ok());
    assert!(in_pieces(&asked(&json!({"input": "word ".repeat(101)})), Grammar::OpenAi, 5).is_err());
    let long = asked(&json!({"input": "word ".repeat(1_000)}));
    let wires = |grammar| write(&long, grammar).0.wires.len();
    assert_eq!((wires(Grammar::OpenAi), wires(Grammar::Deepgram)), (2, 3));
}

#[test]
fn elevenlabs_has_the_voice_in_its_path() {
    let it = asked(&json!({"voice": "a/b?c", "response_format": "wav", "speed": 1.2,
        "instructions": "cheerful"}));
    let (written, losses) = write(&it, Grammar::ElevenLabs);
    let wire = &written.wires[0];
    assert_eq!(
        (wire.suffix.as_str(), wire.query.as_str()),
        ("/a%2Fb%3Fc/stream", "output_format=pcm_24000")
    );
    let body = json!({"text": "Good day.", "model_id": "aura-2-thalia-en",
        "voice_settings": {"speed": 1.2}});
    assert_eq!(json(wire), body);
    let lost: Vec<_> = losses.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(lost, ["instructions"]);
    let param = |more: Value| refusal(&asked(&more), Grammar::ElevenLabs).param;
    assert_eq!(param(json!({"response_format": "aac"})).as_deref(), Some("response_format"));
    assert_eq!(param(json!({"speed": 2})).as_deref(), Some("speed"));
    assert_eq!(param(json!({"voice": null})).as_deref(), Some("voice"));
}

#[test]
fn deepgrams_model_is_the_voice() {
    let it = asked(&json!({"voice": "aura-2-orion-en", "response_format": "opus", "speed": 1.0}));
    let (written, losses) = write(&it, Grammar::Deepgram);
    assert_eq!(written.wires[0].query, "model=aura-2-orion-en&encoding=opus&container=ogg");
    assert_eq!(json(&written.wires[0]), json!({"text": "Good day."}));
    assert!(losses.is_empty(), "{losses:?}");
    // Another family may have another price.
    for voice in ["aura-asteria-en", "nova"] {
        let (written, losses) = write(&asked(&json!({"voice": voice})), Grammar::Deepgram);
        assert_eq!(written.wires[0].query, "model=aura-2-thalia-en&encoding=mp3");
        assert_eq!(losses.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["voice"]);
    }
}

#[test]
fn gemini_is_asked_for_an_answer_of_sound() {
    let it = asked(&json!({"voice": "Kore", "response_format": "pcm", "speed": 1.5,
        "instructions": "Say cheerfully:"}));
    let (written, losses) = write(&it, Grammar::Gemini);
    assert_eq!(written.wires[0].suffix, ":generateContent");
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Say cheerfully:\nGood day."}]}],
        "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": {
            "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}},
    });
    assert_eq!(json(&written.wires[0]), body);
    assert_eq!(losses.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["speed"]);
    let error = refusal(&asked(&json!({})), Grammar::Vertex);
    assert_eq!(error.param.as_deref(), Some("response_format"));
    assert!(error.message.contains("wav or pcm"), "{error}");
}

#[test]
fn a_voice_that_a_model_is_known_not_to_have_is_refused_with_those_it_has() {
    let voices = vec!["alloy".to_owned(), "coral".to_owned()];
    let facts = ModelFacts { voices, ..ModelFacts::UNKNOWN };
    let error = try_write(&asked(&json!({})), Grammar::OpenAi, &facts).err().expect("a refusal");
    assert_eq!(error.param.as_deref(), Some("voice"));
    assert!(error.message.contains("alloy, coral"), "{error}");
    for voice in [json!("coral"), json!({"id": "voice_1"})] {
        assert!(try_write(&asked(&json!({"voice": voice})), Grammar::OpenAi, &facts).is_ok());
    }
}

#[test]
fn characters_are_counted_before_they_are_spoken() {
    let it = asked(&json!({"input": "Grüß Gott 👋"})).consumes(&ModelFacts::UNKNOWN);
    assert_eq!((it.sent.characters, it.most.characters), (11, 11));
    assert!(it.most.audio_output >= 11 * 25 && it.most.audio_seconds >= 11);
}
