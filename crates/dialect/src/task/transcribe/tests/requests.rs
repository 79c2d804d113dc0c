//! What goes up.

use super::*;

fn refused(fields: &[(&str, &str)], files: Vec<FormFile>) -> Malformed {
    given(fields, files, |it| form::read(it, false)).expect_err("a refusal")
}

#[test]
fn a_form_that_lacks_something_is_refused_by_name() {
    let model = [("model", "whisper-1")];
    let cases = [
        (refused(&[], vec![wav_file()]), "model", "missing"),
        (refused(&[("model", "")], vec![wav_file()]), "model", "missing"),
        (refused(&model, vec![]), "file", "missing"),
        (refused(&[model[0], ("file", "x")], vec![]), "file", "a text"),
        (refused(&model, vec![file(Some("a.mp3"), b"", 0)]), "file", "0 bytes"),
        (refused(&model, vec![wav_file(), wav_file()]), "file", "one `file` at a time"),
        (refused(&[model[0], ("stream", "maybe")], vec![wav_file()]), "stream", "true or false"),
    ];
    for (error, param, words) in cases {
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    let json = Body::Json(Bytes::from_static(b"{}"));
    let error = read_transcription(&Given { head: Head::default(), body: &json });
    assert!(error.err().expect("no form").message.contains("multipart/form-data"));
}

#[test]
fn the_form_goes_up_as_it_came_with_the_models_own_name_and_the_files_true_type() {
    let it = asked(&[
        ("x_unknown", "kept"),
        ("model", "stt"),
        ("language", "zh"),
        ("timestamp_granularities[]", "word"),
    ]);
    let (written, losses) = write(&it, Grammar::OpenAi);
    assert!(losses.is_empty());
    assert_eq!(written.edits, ["model", "file.filename", "file.content_type"]);
    let wire = &written.wires[0];
    let boundary =
        wire.content_type.strip_prefix("multipart/form-data; boundary=").expect("a form");
    let part = |head: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name={head}\r\n\r\n{value}\r\n")
    };
    let sound = "\"file\"; filename=\"speech.wav\"\r\nContent-Type: audio/wav";
    let expected = [
        part("\"x_unknown\"", "kept"),
        part("\"model\"", "whisper-large"),
        part("\"language\"", "zh"),
        part("\"timestamp_granularities[]\"", "word"),
        part(sound, "<file 100..64144>"),
        format!("--{boundary}--\r\n"),
    ];
    assert_eq!(shown(&wire.body), expected.concat());
}

#[test]
fn a_name_that_is_right_and_bytes_that_nobody_knows_stay_as_they_are() {
    let named = |name: Option<&str>, kind: Option<&str>, head: &[u8]| {
        let mut it = file(name, head, 9);
        it.content_type = kind.map(str::to_owned);
        let it = given(&[("model", "whisper-large")], vec![it], |it| form::read(it, false));
        let (written, _) = write(&it.expect("a request"), Grammar::OpenAi);
        (shown(&written.wires[0].body), written.edits)
    };
    let (body, edits) = named(Some("a.MPGA"), Some("audio/mp3"), b"ID3\x04");
    assert!(body.contains("filename=\"a.MPGA\"\r\nContent-Type: audio/mp3"), "{body}");
    assert_eq!(edits, Vec::<String>::new());
    let (body, edits) = named(Some("x.bin"), None, b"who knows");
    assert!(body.contains("\"x.bin\"\r\nContent-Type: application/octet-stream"), "{body}");
    assert_eq!(edits, Vec::<String>::new());
    let (body, edits) = named(None, None, b"OggS");
    assert!(body.contains("filename=\"audio.ogg\"\r\nContent-Type: audio/ogg"), "{body}");
    assert_eq!(edits, ["file.filename", "file.content_type"]);
}

#[test]
fn deepgram_gets_the_bare_sound_and_the_rest_as_a_query() {
    let it = asked(&[("model", "stt"), ("prompt", "names"), ("temperature", "0"), ("x", "1")]);
    let (written, losses) = write(&it, Grammar::Deepgram);
    let wire = &written.wires[0];
    assert_eq!(wire.query, "model=whisper-large&smart_format=true&detect_language=true");
    assert_eq!(wire.content_type, "audio/wav");
    assert_eq!(wire.body, [Piece::File(100..100 + LEN)]);
    let lost: Vec<_> = losses.iter().map(|it| (it.path.as_str(), it.severity)).collect();
    let (hint, meaning) = (Severity::Hint, Severity::Meaning);
    assert_eq!(lost, [("prompt", meaning), ("temperature", hint), ("x", meaning)]);
    let it = asked(&[("model", "stt"), ("language", "a&b"), ("response_format", "diarized_json")]);
    let (written, _) = write(&it, Grammar::Deepgram);
    let query = "model=whisper-large&smart_format=true&language=a%26b&utterances=true\
                 &diarize_model=latest";
    assert_eq!(written.wires[0].query, query);
}

#[test]
fn elevenlabs_gets_a_form_of_its_own() {
    let it = asked(&[
        ("model", "stt"),
        ("language", "de"),
        ("temperature", "0.5"),
        ("response_format", "srt"),
    ]);
    let (written, losses) = write(&it, Grammar::ElevenLabs);
    assert!(losses.is_empty(), "{losses:?}");
    let body = shown(&written.wires[0].body);
    for field in [
        "name=\"model_id\"\r\n\r\nwhisper-large\r\n",
        "name=\"language_code\"\r\n\r\nde\r\n",
        "name=\"temperature\"\r\n\r\n0.5\r\n",
        "name=\"timestamps_granularity\"\r\n\r\nword\r\n",
        "name=\"tag_audio_events\"\r\n\r\nfalse\r\n",
        "name=\"file\"; filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\n<file 100..64144>",
    ] {
        assert!(body.contains(field), "{field}: {body}");
    }
    let it = asked(&[("model", "stt"), ("temperature", "warm")]);
    assert_eq!(refusal(&it, Grammar::ElevenLabs).param.as_deref(), Some("temperature"));
}

#[test]
fn gemini_gets_the_sound_within_its_request() {
    let it =
        asked(&[("model", "stt"), ("language", "zh\"data\":\"\u{1}\""), ("temperature", "0.2")]);
    let (written, losses) = write(&it, Grammar::Gemini);
    assert!(losses.is_empty());
    let wire = &written.wires[0];
    assert_eq!(wire.suffix, ":generateContent");
    assert_eq!(wire.body[1], Piece::Base64(100..100 + LEN));
    let body = shown(&wire.body);
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let parts = &body["contents"][0]["parts"];
    assert_eq!(parts[0]["inlineData"]["mimeType"], "audio/wav");
    assert_eq!(parts[0]["inlineData"]["data"], "<base64 100..64144>");
    let text = parts[1]["text"].as_str().expect("an instruction");
    assert!(text.starts_with("Write down everything") && text.contains("The language is \"zh"));
    assert_eq!(body["generationConfig"]["temperature"], 0.2);
    let it = given(&[("model", "m")], vec![wav_file()], |it| form::read(it, true)).expect("one");
    let body = shown(&write(&it, Grammar::Vertex).0.wires[0].body);
    assert!(body.contains("into English"), "{body}");
}

#[test]
fn what_a_provider_cannot_do_is_refused_and_not_left_out() {
    let english = given(&[("model", "m")], vec![wav_file()], |it| form::read(it, true));
    let english = english.expect("a request");
    for grammar in [Grammar::Deepgram, Grammar::ElevenLabs] {
        let error = refusal(&english, grammar);
        assert_eq!(error.code, Some("capability_not_supported"));
        let streamed = asked(&[("model", "m"), ("stream", "true"), ("response_format", "srt")]);
        assert_eq!(refusal(&streamed, grammar).param.as_deref(), Some("stream"));
        let odd = asked(&[("model", "m"), ("response_format", "docx")]);
        assert_eq!(refusal(&odd, grammar).param.as_deref(), Some("response_format"));
    }
    for format in ["srt", "vtt", "verbose_json", "diarized_json"] {
        let it = asked(&[("model", "m"), ("response_format", format)]);
        let error = refusal(&it, Grammar::Gemini);
        assert_eq!(error.param.as_deref(), Some("response_format"));
        assert!(error.message.contains(format), "{error}");
    }
    let large = file(Some("a.wav"), &wav::header(16_000), 15_000_001);
    let large = given(&[("model", "m")], vec![large], |it| form::read(it, false)).expect("one");
    let error = refusal(&large, Grammar::Gemini);
    assert_eq!(error.param.as_deref(), Some("file"));
    assert!(error.message.contains("15000001 bytes"), "{error}");
}

#[test]
fn what_is_consumed_is_known_before_the_answer() {
    let it = asked(&[("model", "m")]);
    let it = it.consumes(&ModelFacts::UNKNOWN);
    assert_eq!((it.sent.audio_seconds, it.sent.audio_input), (2, 20));
    assert_eq!((it.most.audio_seconds, it.most.audio_input), (2, 64));
    let it =
        given(&[("model", "m")], vec![file(None, b"OggS", 50_000)], |it| form::read(it, false));
    let it = it.expect("a request").consumes(&ModelFacts::UNKNOWN);
    assert_eq!((it.sent.audio_seconds, it.most.audio_seconds), (4, 50));
}
