//! An answer is the same streamed and whole, in whatever pieces the stream arrives.
//!
//! The streams are those the fuzzer starts from (`fuzz/corpus/translate`), of the forms that the
//! vendors' references give; in `wholes/`, under the same name, is what the vendor sends where none
//! was asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use wayleave_dialect::carry::{Answer, Carried, Carry, Translate, translate_whole};
use wayleave_dialect::chat::{ChatEvent, Finish, PartKind, Seal};
use wayleave_dialect::frame::Frames;
use wayleave_dialect::{ClientDialect, Dialect};
use wayleave_model::Usage;

/// An answer of a provider, in both of its forms.
struct Pair {
    name: String,
    from: Dialect,
    stream: Vec<u8>,
    whole: Vec<u8>,
}

/// What the names of a dialect's streams begin with.
fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat => "openai-",
        Dialect::OpenAiResponses => "responses-",
        Dialect::OpenAiCompletions => "completions-",
        Dialect::AnthropicMessages => "anthropic-",
        Dialect::Gemini => "gemini-",
        Dialect::Cohere => "cohere-",
        Dialect::Bedrock => "bedrock-",
        Dialect::Ollama => "ollama-",
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn pairs() -> Vec<Pair> {
    let streams = files("../../fuzz/corpus/translate");
    let pair = |whole: PathBuf| {
        let is_its_stream = |it: &&PathBuf| {
            it.file_stem() == whole.file_stem() && it.extension() != whole.extension()
        };
        let stream = streams.iter().find(is_its_stream).expect("a stream of that name");
        let name = whole.file_stem().expect("a name").to_string_lossy().into_owned();
        let from = Dialect::ALL.into_iter().find(|from| name.starts_with(prefix(*from)));
        Pair {
            from: from.expect("a dialect's name"),
            stream: std::fs::read(stream).expect("a stream"),
            whole: std::fs::read(&whole).expect("a body"),
            name,
        }
    };
    files("tests/wholes").into_iter().map(pair).collect()
}

/// What an answer comes to.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    begun: Option<(String, String)>,
    choices: BTreeMap<u32, Choice>,
    usage: Option<Usage>,
}

#[derive(Debug, Default, PartialEq)]
struct Choice {
    parts: BTreeMap<u32, Part>,
    notes: Vec<(String, String)>,
    finish: Option<(Finish, Option<String>)>,
}

#[derive(Debug, PartialEq)]
struct Part {
    kind: PartKind,
    text: String,
    seals: Vec<Seal>,
    notes: Vec<(String, String)>,
    closed: bool,
}

fn sum(events: Vec<ChatEvent>) -> Sum {
    let mut sum = Sum::default();
    for event in events {
        sum.add(event);
    }
    // In which order things are said about a part says nothing.
    let parts = sum.choices.values_mut().flat_map(|choice| choice.parts.values_mut());
    parts.for_each(|part| part.notes.sort());
    sum
}

impl Sum {
    fn part(&mut self, choice: u32, index: u32) -> &mut Part {
        let choice = self.choices.get_mut(&choice).expect("a choice that began");
        let part = choice.parts.get_mut(&index).expect("a part that began");
        assert!(!part.closed, "more of a part that ended");
        part
    }

    /// With what is said about parts said of their choice: where in it that stands depends on how
    /// much the client had when it came.
    fn without_places(mut self) -> Sum {
        for choice in self.choices.values_mut() {
            for part in choice.parts.values_mut() {
                choice.notes.append(&mut part.notes);
            }
            for (_, json) in &mut choice.notes {
                let mut note: serde_json::Value = serde_json::from_str(json).expect("JSON");
                note.as_object_mut().expect("an object").remove("index");
                *json = note.to_string();
            }
            choice.notes.sort();
        }
        self
    }

    fn add(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Begin { id, model } => self.begun = Some((id, model)),
            ChatEvent::Open { choice, index, part } => {
                let (text, seals, notes) = Default::default();
                let part = Part { kind: part, text, seals, notes, closed: false };
                let before = self.choices.entry(choice).or_default().parts.insert(index, part);
                assert!(before.is_none(), "a part that begins twice");
            }
            ChatEvent::Delta { choice, index, text } => self.part(choice, index).text += &text,
            ChatEvent::Seal { choice, index, seal } => self.part(choice, index).seals.push(seal),
            ChatEvent::Annotation { choice, index, kind, json } => {
                self.part(choice, index).notes.push((kind, json));
            }
            ChatEvent::Close { choice, index } => self.part(choice, index).closed = true,
            ChatEvent::Finish { choice, reason, stop } => {
                self.choices.entry(choice).or_default().finish = Some((reason, stop));
            }
            ChatEvent::Usage(usage) => self.usage = Some(usage),
        }
    }
}

fn answer() -> Answer {
    Answer {
        id: "wl_1".to_owned(),
        created: 1_750_000_000,
        target_model: "m".to_owned(),
        include_usage: true,
        ..Answer::default()
    }
}

/// What a stream comes to as `dialect` is read.
fn streamed<'c>(dialect: Dialect, chunks: impl IntoIterator<Item = &'c [u8]>) -> Sum {
    let grammar = dialect.chat();
    let (mut reader, mut events) = (grammar.reader(&answer()), Vec::new());
    let mut frames = Frames::new(grammar.framing());
    for chunk in chunks {
        frames.push(Bytes::copy_from_slice(chunk));
        while let Some(frame) = frames.next_frame().expect("frames") {
            reader.frame(&frame, &mut events).expect("a frame that is read");
        }
    }
    if let Some(frame) = frames.finish().expect("no half frame") {
        reader.frame(&frame, &mut events).expect("a frame that is read");
    }
    reader.end(&mut events).expect("an answer that ended");
    sum(events)
}

/// What a body comes to as `dialect` is read.
fn whole(dialect: Dialect, body: &[u8]) -> Sum {
    let mut events = Vec::new();
    dialect.chat().reader(&answer()).whole(body, &mut events).expect("a body that is read");
    sum(events)
}

/// What the client gets.
fn carried<'c>(mut carrier: Box<dyn Carry>, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<u8> {
    let mut out = Carried::default();
    for chunk in chunks {
        carrier.push(Bytes::copy_from_slice(chunk), &mut out);
        if out.end.is_some() {
            break;
        }
    }
    if out.end.is_none() {
        carrier.end(&mut out);
    }
    assert_eq!(out.end, Some(Ok(())));
    out.bytes.concat()
}

#[test]
fn every_dialect_has_answers_in_both_forms() {
    let pairs = pairs();
    for dialect in Dialect::ALL {
        let least = if dialect == Dialect::OpenAiCompletions { 1 } else { 2 };
        assert!(pairs.iter().filter(|pair| pair.from == dialect).count() >= least, "{dialect:?}");
    }
}

/// Each stream at every eleventh place, one later than the stream before.
#[test]
fn a_stream_comes_to_the_whole_wherever_it_is_cut_in_two() {
    for (at, Pair { name, from, stream, whole: body }) in pairs().into_iter().enumerate() {
        let expected = whole(from, &body);
        for cut in (at % 11..=stream.len()).step_by(11) {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(streamed(from, [head, tail]), expected, "{name} cut at {cut}");
        }
        assert_eq!(streamed(from, stream.chunks(1)), expected, "{name} byte by byte");
    }
}

/// What a client makes of both: the ids and the marks that a stream alone has are not compared.
#[test]
fn a_client_gets_the_same_answer_streamed_and_whole() {
    for Pair { name, from, stream, whole: body } in pairs() {
        for to in ClientDialect::ALL {
            let expected = translate_whole(from, to, &answer(), &body).expect("an answer");
            let expected = whole(to.dialect(), &expected.body).without_places();
            for size in [1, 7, 64, stream.len()] {
                let translate = Box::new(Translate::new(from, to, &answer()));
                let bytes = carried(translate, stream.chunks(size));
                let told = streamed(to.dialect(), [&*bytes]).without_places();
                assert_eq!(told, expected, "{name} to {to:?}");
            }
        }
    }
}

#[test]
fn a_client_of_the_same_dialect_gets_the_same_answer_streamed_and_whole() {
    for Pair { name, from, stream, whole: body } in pairs() {
        let Some(to) = ClientDialect::ALL.into_iter().find(|to| from == *to) else { continue };
        let passed = to.chat().carry_whole(&answer(), body.clone().into()).expect("an answer");
        let expected = whole(from, &passed.body);
        assert_eq!(expected, whole(from, &body), "{name}");
        for size in [1, 7, 64, stream.len()] {
            let bytes = carried(to.chat().carry(&answer()), stream.chunks(size));
            assert_eq!(streamed(from, [&*bytes]), expected, "{name} in pieces of {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
    #[test]
    fn a_stream_comes_to_the_whole_in_any_pieces(
        sizes in prop::collection::vec(1..60_usize, 1..40),
    ) {
        for Pair { name, from, stream, whole: body } in pairs() {
            let mut rest = &stream[..];
            let chunks = sizes.iter().cycle().map_while(|size| {
                let (chunk, tail) = rest.split_at((*size).min(rest.len()));
                rest = tail;
                (!chunk.is_empty()).then_some(chunk)
            });
            prop_assert_eq!(streamed(from, chunks), whole(from, &body), "{}", name);
        }
    }
}
