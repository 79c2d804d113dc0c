//! What must hold for any bytes: what the fuzzer tries, and what the tests run its corpora through.
//!
//! Each check takes the bytes and a seed for what is not in them: how they are cut into chunks, and
//! what the client wants of the answer.

use bytes::Bytes;
use serde_json::value::RawValue;
use wayleave_dialect::Losses;
use wayleave_dialect::carry::{Answer, Carried, Carry, Translate, translate_whole};
use wayleave_dialect::chat::Head;
use wayleave_dialect::error::FaultKind;
use wayleave_dialect::frame::Frame;
use wayleave_dialect::frame::split::{self, Splitter};
use wayleave_dialect::frame::sse::Sse;
use wayleave_dialect::raw::{Edits, RawObject};
use wayleave_dialect::{ClientDialect, Dialect};
use wayleave_model::Usage;
use wayleave_model::target::{ModelFacts, ReasoningBack, ReasoningField, SeedField};

/// A check and the folder of its corpus.
pub(crate) type Check = (&'static str, fn(&[u8], u64));

/// Every check.
pub(crate) const CHECKS: [Check; 13] = [
    ("raw_object", raw_object),
    ("sse_frames", sse_frames),
    ("openai_carry", |data, seed| same_dialect(ClientDialect::OpenAiChat, data, seed)),
    ("anthropic_carry", |data, seed| same_dialect(ClientDialect::AnthropicMessages, data, seed)),
    ("gemini_carry", |data, seed| same_dialect(ClientDialect::Gemini, data, seed)),
    ("openai_request", |data, seed| request(ClientDialect::OpenAiChat, data, seed)),
    ("anthropic_request", |data, seed| request(ClientDialect::AnthropicMessages, data, seed)),
    ("completions_carry", |data, seed| {
        same_dialect(ClientDialect::OpenAiCompletions, data, seed);
    }),
    ("completions_request", |data, seed| request(ClientDialect::OpenAiCompletions, data, seed)),
    ("responses_carry", |data, seed| same_dialect(ClientDialect::OpenAiResponses, data, seed)),
    ("responses_request", |data, seed| request(ClientDialect::OpenAiResponses, data, seed)),
    ("gemini_request", |data, seed| request(ClientDialect::Gemini, data, seed)),
    ("translate", translate),
];

/// Runs the check named `name` on what a fuzzer found, with a seed made of it.
#[allow(dead_code)] // The corpora's test brings its own seeds.
pub(crate) fn fuzz(name: &str, data: &[u8]) {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let seed = data.iter().fold(0xcbf2_9ce4_8422_2325, fnv);
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("a check of that name");
    check(data, seed);
}

/// A body is judged as serde_json judges it, and edits leave what they say.
fn raw_object(data: &[u8], _: u64) {
    let theirs =
        serde_json::from_slice::<&RawValue>(data).is_ok_and(|raw| raw.get().starts_with('{'));
    let object = match RawObject::read(data) {
        Ok(object) => object,
        Err(error) => {
            let ours = ["repeated key", "256 top-level", "lone surrogate"];
            let by_us = ours.iter().any(|words| error.message.contains(words));
            assert!(by_us || !theirs, "refused what serde_json accepts: {error}");
            assert!(!error.message.contains('\n'), "{error:?}");
            return;
        }
    };
    assert!(theirs, "accepted what serde_json refuses");
    let keys: Vec<&str> = object.keys().collect();
    for key in &keys {
        let raw = object.raw(key).expect("a key that is there");
        assert_eq!(object.has(key), raw != "null");
        let string = object.string(key).and_then(Result::ok);
        assert_eq!(string.as_deref(), serde_json::from_str::<String>(raw).ok().as_deref());
        let _ = (object.bool(key), object.u64(key));
    }
    let mut edits = Edits::default();
    edits.rename("a", "b", "rename");
    edits.set("model", "\"x\"".into(), "set");
    keys.iter()
        .skip(2)
        .step_by(2)
        .filter(|key| **key != "model")
        .for_each(|key| edits.remove(key, "remove"));
    let edited = edits.apply(&object, &Bytes::copy_from_slice(data)).concat();
    let edited = RawObject::read(&edited).expect("an edited object is an object");
    assert_eq!(edited.raw("model"), Some("\"x\""));
}

/// Frames do not depend on the chunks, nor on which of the two readings finds them.
fn sse_frames(data: &[u8], seed: u64) {
    let whole = read_frames(&[Bytes::copy_from_slice(data)]);
    assert_eq!(read_frames(&chunks(data, seed)), whole);
    let runs = |splitter: Splitter, chunks: &[Bytes]| {
        let mut splitter = splitter;
        let mut runs: Vec<Bytes> = Vec::new();
        for chunk in chunks {
            let Ok(whole) = splitter.push(chunk.clone()) else { return runs };
            runs.extend(whole);
        }
        runs.extend(splitter.finish());
        runs
    };
    let read = |runs: &[Bytes]| -> Vec<Frame> {
        runs.iter().flat_map(split::frames).filter_map(|frame| split::read(&frame)).collect()
    };
    assert_eq!(read(&runs(Splitter::default(), &chunks(data, seed))), whole);
    let apart = |chunks: &[Bytes]| {
        let runs = runs(Splitter::by_lines(), chunks);
        let apart: Vec<Bytes> =
            runs.iter().flat_map(split::frames).map(|frame| split::apart(&frame)).collect();
        read(&apart)
    };
    assert_eq!(apart(&chunks(data, seed)), apart(&[Bytes::copy_from_slice(data)]));
}

fn read_frames(chunks: &[Bytes]) -> Vec<Frame> {
    let mut sse = Sse::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        sse.push(chunk.clone());
        while let Ok(Some(frame)) = sse.next_frame() {
            frames.push(frame);
        }
    }
    frames.extend(sse.finish());
    frames
}

/// A stream passed on is the same in any chunks; a whole body passed on can be read again.
fn same_dialect(dialect: ClientDialect, data: &[u8], seed: u64) {
    let answer = answer(seed);
    let carrier = || dialect.chat().carry(&answer);
    same_in_any_chunks(carrier, data, seed);
    if let Ok(whole) = dialect.chat().carry_whole(&answer, Bytes::copy_from_slice(data)) {
        assert!(RawObject::read(&whole.body).is_ok(), "a body that is passed on is an object");
    }
}

/// A stream translated is the same in any chunks.
fn translate(data: &[u8], seed: u64) {
    let answer = answer(seed);
    for (from, to) in
        Dialect::ALL.into_iter().flat_map(|from| ClientDialect::ALL.map(|to| (from, to)))
    {
        let carrier = || -> Box<dyn Carry> { Box::new(Translate::new(from, to, &answer)) };
        same_in_any_chunks(carrier, data, seed);
        if let Ok(whole) = translate_whole(from, to, &answer, data) {
            assert!(RawObject::read(&whole.body).is_ok(), "a body that is written is an object");
        }
    }
}

fn same_in_any_chunks(carrier: impl Fn() -> Box<dyn Carry>, data: &[u8], seed: u64) {
    let whole = carried(carrier(), &[Bytes::copy_from_slice(data)]);
    let split = carried(carrier(), &chunks(data, seed));
    assert_eq!(String::from_utf8_lossy(&split.bytes), String::from_utf8_lossy(&whole.bytes));
    assert_eq!(split, whole);
}

/// What can be told of a carried answer. Blank lines beyond those that end frames say nothing, and
/// the words for an answer that is none may tell how far it was read.
#[derive(Debug, PartialEq)]
struct Told {
    bytes: Vec<u8>,
    end: Result<(), (FaultKind, Option<String>)>,
    semantic: bool,
    usage: Option<Usage>,
}

fn carried(mut carrier: Box<dyn Carry>, chunks: &[Bytes]) -> Told {
    let mut bytes = Vec::new();
    let mut end = None;
    let steps = chunks.iter().map(Some).chain([None]);
    for step in steps {
        let mut out = Carried::default();
        match step {
            Some(chunk) => carrier.push(chunk.clone(), &mut out),
            None => carrier.end(&mut out),
        }
        bytes.extend(out.bytes.concat());
        end = out.end;
        if end.is_some() {
            break;
        }
    }
    let end = end.expect("the end of the body ends the answer");
    let mut frames = bytes.trim_ascii_start().to_vec();
    let mut newlines = 0;
    frames.retain(|byte| {
        newlines = if *byte == b'\n' { newlines + 1 } else { 0 };
        newlines <= 2
    });
    let seen = carrier.seen();
    Told {
        bytes: frames,
        end: end.map_err(|fault| (fault.kind, fault.code)),
        semantic: seen.semantic,
        usage: seen.usage,
    }
}

/// A model of which little is known, or one of a vendor with words of its own.
fn facts(seed: u64) -> ModelFacts {
    const FIELDS: [ReasoningField; 4] = [
        ReasoningField::ThinkingAndEffort,
        ReasoningField::EnableThinking,
        ReasoningField::ChatTemplateKwargs,
        ReasoningField::Reasoning,
    ];
    let max_output = (seed & 1 == 1).then_some(100);
    if seed & 2 == 0 {
        return ModelFacts { max_output, ..ModelFacts::default() };
    }
    ModelFacts {
        max_output,
        refuses: ["user", "messages[].name", "messages[].content"].map(str::to_owned).to_vec(),
        developer_role: Some(false),
        seed_field: Some(SeedField::RandomSeed),
        reasoning_field: Some(FIELDS[(seed >> 2) as usize % FIELDS.len()]),
        reasoning_back: Some(ReasoningBack::Reasoning),
        ..ModelFacts::default()
    }
}

/// A request that can be read can be amended, and written in any dialect as what that can read.
fn request(dialect: ClientDialect, data: &[u8], seed: u64) {
    let head = head(dialect);
    let facts = facts(seed);
    if let Ok(object) = RawObject::read(data)
        && let Ok(ask) = dialect.chat().ask(&head, object)
    {
        let mut edits = Edits::default();
        dialect.chat().amend(&ask, "target", &facts, &mut edits);
        let amended = edits.apply(&ask.body, &Bytes::copy_from_slice(data)).concat();
        let amended = RawObject::read(&amended).expect("an amended request is an object");
        let model = amended.string("model").and_then(Result::ok);
        let model = model.as_deref().map(|model| model.trim_start_matches("models/"));
        assert!(model == Some("target") || head.model.is_some() && model.is_none(), "{model:?}");
    }
    let Ok(read) = dialect.chat().read_request(&head, data) else { return };
    for to in Dialect::ALL {
        let mut losses = Losses::default();
        let Ok(written) = to.chat().write_request(&read, "target", &facts, &mut losses) else {
            continue;
        };
        let written = written.body;
        let Some(surface) = ClientDialect::ALL.into_iter().find(|it| to == *it) else {
            assert!(RawObject::read(&written).is_ok(), "a request that is written is an object");
            continue;
        };
        let again = surface.chat().read_request(&self::head(surface), &written);
        assert!(again.is_ok(), "{:?} of {}", again.err(), String::from_utf8_lossy(&written));
    }
}

/// What the address says: some dialects name the model there.
fn head(dialect: ClientDialect) -> Head<'static> {
    match dialect {
        ClientDialect::Gemini => Head { model: Some("asked"), ..Head::default() },
        _ => Head::default(),
    }
}

fn answer(seed: u64) -> Answer {
    Answer {
        id: "wl_1".to_owned(),
        created: 1_750_000_000,
        model: (seed & 2 == 2).then(|| "public".to_owned()),
        include_usage: seed & 1 == 1,
        custom_tools: Vec::new(),
        legacy_functions: seed & 4 == 4,
        list: seed & 8 == 8,
        ..Answer::default()
    }
}

/// `data` in chunks of 1 to 32 bytes.
fn chunks(data: &[u8], seed: u64) -> Vec<Bytes> {
    let mut state = seed | 1;
    let mut rest = data;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let most = 1 + (seed >> 2) % 32;
        let size = 1 + ((state >> 33) % most) as usize;
        let (chunk, tail) = rest.split_at(size.min(rest.len()));
        chunks.push(Bytes::copy_from_slice(chunk));
        rest = tail;
    }
    chunks
}
