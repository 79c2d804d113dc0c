//! Both sides speak the same dialect: outside of what is named, the bytes are the other side's own.
//!
//! Bodies and streams are spelled as no serializer of ours would: numbers no type of ours holds,
//! escapes where none is needed, white space and keys in any order, fields nobody knows.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::carry::{Answer, Carried};
use wayleave_dialect::chat::Head;
use wayleave_dialect::raw::{Edits, RawObject};
use wayleave_model::target::{ModelFacts, ReasoningField, SeedField};

/// The text of a number, as odd as JSON allows.
fn number() -> impl Strategy<Value = String> {
    const ODD: [&str; 6] =
        ["1.50", "-0.0", "1E+5", "1e400", "0.1e-7", "123456789012345678901234567890"];
    prop_oneof![
        prop::sample::select(&ODD[..]).prop_map(str::to_owned),
        any::<i64>().prop_map(|it| it.to_string())
    ]
}

/// The text of a string, with escapes that need not be.
fn string() -> impl Strategy<Value = String> {
    let plain = "[ !#-\\[\\]-~\u{e9}\u{6f22}\u{1f600}]{0,12}";
    const ESCAPES: [&str; 7] =
        [r"\u0041", r"\/", r#"\""#, r"\n", r"\ud83d\uDE00", r"\\", r"\u007F"];
    let escaped = prop::sample::select(&ESCAPES[..]).prop_map(str::to_owned);
    vec(prop_oneof![plain, escaped], 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "", " ", "  ", "\t"][..])
}

/// Any JSON text on one line.
fn json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(&["null", "true", "false", "{}", "[ ]"][..]);
    let leaf = prop_oneof![number(), string(), word.prop_map(str::to_owned)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let list = (vec(inner.clone(), 0..4), space())
            .prop_map(|(items, space)| format!("[{}]", items.join(&format!("{space},"))));
        // Below the top level a key may come twice.
        let object =
            (vec((string(), space(), inner), 0..4), space()).prop_map(|(fields, space)| {
                let fields: Vec<String> = fields
                    .into_iter()
                    .map(|(key, gap, json)| format!("{key}{gap}:{json}"))
                    .collect();
                format!("{{{space}{}}}", fields.join(&format!(",{space}")))
            });
        prop_oneof![list, object]
    })
}

/// Fields that no dialect knows, and where they stand among those that it does.
#[derive(Clone, Debug)]
struct Unknown {
    fields: Vec<(String, usize)>,
    space: &'static str,
}

fn unknown() -> impl Strategy<Value = Unknown> {
    let fields = vec((json(), any::<usize>()), 0..5);
    (fields, space()).prop_map(|(fields, space)| Unknown { fields, space })
}

impl Unknown {
    /// An object of `known` fields and these.
    fn among(&self, known: &[(&str, &str)]) -> String {
        let mut all: Vec<String> =
            known.iter().map(|(key, json)| format!("\"{key}\"{}:{json}", self.space)).collect();
        for (n, (json, at)) in self.fields.iter().enumerate() {
            all.insert(at % (all.len() + 1), format!("\"x_{n}\":{}{json}", self.space));
        }
        format!("{{{}}}", all.join(&format!(",{}", self.space)))
    }
}

/// A request of `dialect` that names `model`, if the dialect does.
fn request(dialect: ClientDialect, model: &str, prompt: &str, unknown: &Unknown) -> String {
    let message = unknown.among(&[("role", "\"user\""), ("content", prompt)]);
    let messages = format!("[{message}]");
    let options = unknown.among(&[("include_usage", "true")]);
    match dialect {
        ClientDialect::OpenAiChat => unknown.among(&[
            ("messages", &messages),
            ("temperature", "1.0"),
            ("model", model),
            ("stream", "true"),
            ("stream_options", &options),
        ]),
        ClientDialect::OpenAiResponses => {
            unknown.among(&[("model", model), ("input", &messages), ("stream", "true")])
        }
        ClientDialect::OpenAiCompletions => unknown.among(&[
            ("prompt", prompt),
            ("model", model),
            ("stream", "true"),
            ("stream_options", &options),
        ]),
        ClientDialect::AnthropicMessages => unknown.among(&[
            ("max_tokens", "90"),
            ("model", model),
            ("messages", &messages),
            ("stream", "true"),
        ]),
        ClientDialect::Gemini => {
            let content = unknown.among(&[("parts", &format!("[{{\"text\":{prompt}}}]"))]);
            let config = unknown.among(&[("temperature", "1.50")]);
            unknown.among(&[("contents", &format!("[{content}]")), ("generationConfig", &config)])
        }
    }
}

/// The request as it goes to `model`, and what was edited.
fn amended(
    dialect: ClientDialect,
    body: &str,
    model: &str,
    facts: &ModelFacts,
) -> (String, Vec<String>) {
    let head = Head { model: Some("asked"), stream: Some(true), list: false };
    let head = if dialect == ClientDialect::Gemini { head } else { Head::default() };
    let object = RawObject::read(body.as_bytes()).expect("an object");
    let ask = dialect.chat().ask(&head, object).expect("a request");
    let mut edits = Edits::default();
    dialect.chat().amend(&ask, model, facts, &mut edits);
    let bytes = edits.apply(&ask.body, &Bytes::copy_from_slice(body.as_bytes())).concat();
    let names = edits.names().map(|name| name.to_string()).collect();
    (String::from_utf8(bytes).expect("UTF-8"), names)
}

/// A whole answer of `dialect` by `model`.
fn answer(dialect: ClientDialect, model: &str, text: &str, unknown: &Unknown) -> String {
    match dialect {
        ClientDialect::OpenAiChat => {
            let message = unknown.among(&[("role", "\"assistant\""), ("content", text)]);
            let choice = unknown.among(&[
                ("finish_reason", "\"stop\""),
                ("index", "0"),
                ("message", &message),
            ]);
            unknown.among(&[
                ("object", "\"chat.completion\""),
                ("choices", &format!("[{choice}]")),
                ("model", model),
                ("usage", &openai_usage(unknown)),
            ])
        }
        ClientDialect::OpenAiCompletions => {
            let choice =
                unknown.among(&[("text", text), ("index", "0"), ("finish_reason", "\"stop\"")]);
            unknown.among(&[
                ("object", "\"text_completion\""),
                ("model", model),
                ("choices", &format!("[{choice}]")),
                ("usage", &openai_usage(unknown)),
            ])
        }
        ClientDialect::OpenAiResponses => response(model, text, unknown),
        ClientDialect::AnthropicMessages => {
            let block = unknown.among(&[("type", "\"text\""), ("text", text)]);
            unknown.among(&[
                ("id", "\"msg_1\""),
                ("type", "\"message\""),
                ("role", "\"assistant\""),
                ("content", &format!("[{block}]")),
                ("model", model),
                ("stop_reason", "\"end_turn\""),
                ("stop_sequence", "null"),
                ("usage", &unknown.among(&[("input_tokens", "3"), ("output_tokens", "2")])),
            ])
        }
        ClientDialect::Gemini => gemini(model, text, unknown),
    }
}

fn openai_usage(unknown: &Unknown) -> String {
    unknown.among(&[("prompt_tokens", "3"), ("completion_tokens", "2"), ("total_tokens", "5")])
}

fn response(model: &str, text: &str, unknown: &Unknown) -> String {
    let part = unknown.among(&[("type", "\"output_text\""), ("text", text), ("annotations", "[]")]);
    let item = unknown.among(&[
        ("type", "\"message\""),
        ("id", "\"msg_1\""),
        ("role", "\"assistant\""),
        ("content", &format!("[{part}]")),
    ]);
    unknown.among(&[
        ("id", "\"resp_1\""),
        ("object", "\"response\""),
        ("status", "\"completed\""),
        ("model", model),
        ("output", &format!("[{item}]")),
        ("usage", &unknown.among(&[("input_tokens", "3"), ("output_tokens", "2")])),
    ])
}

fn gemini(model: &str, text: &str, unknown: &Unknown) -> String {
    let part = unknown.among(&[("text", text)]);
    let content = unknown.among(&[("parts", &format!("[{part}]")), ("role", "\"model\"")]);
    let candidate = unknown.among(&[("content", &content), ("finishReason", "\"STOP\"")]);
    let usage = unknown.among(&[("promptTokenCount", "3"), ("candidatesTokenCount", "2")]);
    unknown.among(&[
        ("candidates", &format!("[{candidate}]")),
        ("usageMetadata", &usage),
        ("modelVersion", model),
    ])
}

/// The same answer as a stream.
fn stream(dialect: ClientDialect, model: &str, text: &str, unknown: &Unknown) -> String {
    let named = |kind: &str, fields: &[(&str, &str)]| {
        let kind_json = format!("\"{kind}\"");
        let fields = [&[("type", &*kind_json)], fields].concat();
        format!("event: {kind}\ndata: {}\n\n", unknown.among(&fields))
    };
    let data = |json: &str| format!("data: {json}\n\n");
    let chunk = |choices: &str, usage: &str| {
        data(&unknown.among(&[
            ("object", "\"chat.completion.chunk\""),
            ("model", model),
            ("choices", choices),
            ("usage", usage),
        ]))
    };
    let done = "data: [DONE]\n\n".to_owned();
    match dialect {
        ClientDialect::OpenAiChat => {
            let delta = unknown.among(&[("role", "\"assistant\""), ("content", text)]);
            let said = [("index", "0"), ("delta", &*delta), ("finish_reason", "null")];
            let last = [("index", "0"), ("delta", "{}"), ("finish_reason", "\"stop\"")];
            let choices = |fields| format!("[{}]", unknown.among(fields));
            let usage = openai_usage(unknown);
            [
                chunk(&choices(&said), "null"),
                chunk(&choices(&last), "null"),
                chunk("[]", &usage),
                done,
            ]
            .concat()
        }
        ClientDialect::OpenAiCompletions => {
            let said = [("text", text), ("index", "0"), ("finish_reason", "null")];
            let last = [("text", "\"\""), ("index", "0"), ("finish_reason", "\"stop\"")];
            let choices = |fields| format!("[{}]", unknown.among(fields));
            let usage = openai_usage(unknown);
            [
                chunk(&choices(&said), "null"),
                chunk(&choices(&last), "null"),
                chunk("[]", &usage),
                done,
            ]
            .concat()
        }
        ClientDialect::OpenAiResponses => {
            let whole = response(model, text, unknown);
            [
                named("response.created", &[("sequence_number", "0"), ("response", &whole)]),
                named("response.output_text.delta", &[("item_id", "\"msg_1\""), ("delta", text)]),
                named("response.of_the_future", &[("delta", text)]),
                named("response.completed", &[("response", &whole)]),
            ]
            .concat()
        }
        ClientDialect::AnthropicMessages => {
            let usage = unknown.among(&[("input_tokens", "3"), ("output_tokens", "1")]);
            let message = unknown.among(&[
                ("id", "\"msg_1\""),
                ("type", "\"message\""),
                ("role", "\"assistant\""),
                ("content", "[]"),
                ("model", model),
                ("usage", &usage),
            ]);
            let block = unknown.among(&[("type", "\"text\""), ("text", "\"\"")]);
            let delta = unknown.among(&[("type", "\"text_delta\""), ("text", text)]);
            let reason = unknown.among(&[("stop_reason", "\"end_turn\"")]);
            let spent = unknown.among(&[("output_tokens", "2")]);
            [
                named("message_start", &[("message", &message)]),
                named("content_block_start", &[("index", "0"), ("content_block", &block)]),
                named("content_block_delta", &[("index", "0"), ("delta", &delta)]),
                named("content_block_stop", &[("index", "0")]),
                named("of_the_future", &[]),
                named("message_delta", &[("delta", &reason), ("usage", &spent)]),
                named("message_stop", &[]),
            ]
            .concat()
        }
        ClientDialect::Gemini => {
            let frame = format!("data: {}\r\n\r\n", gemini(model, text, unknown));
            frame.repeat(2)
        }
    }
}

fn wanted(model: Option<&str>) -> Answer {
    Answer {
        id: "wl_1".to_owned(),
        model: model.map(str::to_owned),
        include_usage: true,
        ..Answer::default()
    }
}

/// What the client gets of a stream in pieces of these sizes, over and over.
fn carried(
    dialect: ClientDialect,
    answer: &Answer,
    stream: &str,
    sizes: &[usize],
) -> (String, Vec<&'static str>) {
    let mut carrier = dialect.chat().carry(answer);
    let (mut out, mut rest) = (Carried::default(), stream.as_bytes());
    for size in sizes.iter().cycle() {
        let (chunk, tail) = rest.split_at((*size).min(rest.len()));
        if chunk.is_empty() || out.end.is_some() {
            break;
        }
        carrier.push(Bytes::copy_from_slice(chunk), &mut out);
        rest = tail;
    }
    if out.end.is_none() {
        carrier.end(&mut out);
    }
    assert_eq!(out.end, Some(Ok(())), "{dialect:?}: {stream}");
    let bytes = String::from_utf8(out.bytes.concat()).expect("UTF-8");
    (bytes, carrier.seen().repairs.clone())
}

/// Facts that ask for every edit there is.
fn demanding() -> ModelFacts {
    ModelFacts {
        max_output: Some(10),
        refuses: ["temperature", "messages[].name"].map(str::to_owned).to_vec(),
        developer_role: Some(false),
        seed_field: Some(SeedField::RandomSeed),
        reasoning_field: Some(ReasoningField::EnableThinking),
        ..ModelFacts::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn the_provider_gets_the_clients_bytes_but_for_the_model(
        prompt in string(), unknown in unknown(),
    ) {
        for dialect in ClientDialect::ALL {
            let body = request(dialect, "\"asked\"", &prompt, &unknown);
            let (same, names) = amended(dialect, &body, "asked", &ModelFacts::default());
            prop_assert_eq!((&same, names), (&body, Vec::new()), "{:?}", dialect);
            let (renamed, _) = amended(dialect, &body, "up/1", &ModelFacts::default());
            let expected = request(dialect, "\"up/1\"", &prompt, &unknown);
            prop_assert_eq!(renamed, expected, "{:?}", dialect);
        }
    }

    #[test]
    fn fields_that_nobody_knows_reach_the_most_demanding_provider_in_place(
        prompt in string(), unknown in unknown(),
    ) {
        for dialect in ClientDialect::ALL {
            let body = request(dialect, "\"asked\"", &prompt, &unknown);
            let (edited, names) = amended(dialect, &body, "up/1", &demanding());
            prop_assert!(!names.is_empty(), "{:?}", dialect);
            let theirs = |body: &str| -> Vec<(String, String)> {
                let object = RawObject::read(body.as_bytes()).expect("an object");
                let keys = object.keys().filter(|key| key.starts_with("x_"));
                keys.map(|key| (key.to_owned(), object.raw(key).unwrap_or("").to_owned())).collect()
            };
            prop_assert_eq!(theirs(&edited), theirs(&body), "{:?}", dialect);
        }
    }

    #[test]
    fn the_client_gets_the_providers_body_but_for_the_model(
        text in string(), unknown in unknown(),
    ) {
        for dialect in ClientDialect::ALL {
            let body = answer(dialect, "\"up/1\"", &text, &unknown);
            let bytes = Bytes::from(body.clone());
            let same = dialect.chat().carry_whole(&wanted(None), bytes.clone()).expect("an answer");
            prop_assert_eq!((&same.body, same.repairs), (&bytes, Vec::new()), "{:?}", dialect);
            prop_assert_eq!(same.usage.map(|usage| (usage.input, usage.output)), Some((3, 2)));
            let renamed = dialect.chat().carry_whole(&wanted(Some("asked")), bytes);
            let renamed = renamed.expect("an answer").body;
            prop_assert_eq!(
                String::from_utf8_lossy(&renamed),
                answer(dialect, "\"asked\"", &text, &unknown),
                "{:?}",
                dialect
            );
        }
    }

    #[test]
    fn the_client_gets_the_providers_stream_but_for_the_model_in_any_pieces(
        text in string(), unknown in unknown(), sizes in vec(1..200_usize, 1..20),
    ) {
        for dialect in ClientDialect::ALL {
            let sent = stream(dialect, "\"up/1\"", &text, &unknown);
            let (same, repairs) = carried(dialect, &wanted(None), &sent, &sizes);
            prop_assert_eq!((&same, repairs), (&sent, Vec::new()), "{:?}", dialect);
            let (renamed, _) = carried(dialect, &wanted(Some("asked")), &sent, &sizes);
            let expected = stream(dialect, "\"asked\"", &text, &unknown);
            prop_assert_eq!(renamed, expected, "{:?}", dialect);
        }
    }
}
