//! What is written is read back the same, streamed or whole.

use proptest::prelude::*;
use wayleave_model::Usage;

use super::{answer, folded, read_stream, read_whole, write_stream, write_whole};
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind};

/// A part in pieces: what it is, its deltas, its seal.
type Piece = (PartKind, Vec<String>, Option<Seal>);

fn any_part() -> impl Strategy<Value = Piece> {
    let words = || proptest::collection::vec("[a-zü\"\\\\\n\u{1F600}]{1,5}", 0..4);
    let seal = |kind| move |proof: String| Some(Seal { kind, bytes: proof.into() });
    let thought = ("[A-Za-z+/]{1,9}=", words()).prop_map(move |(proof, words)| {
        (PartKind::Reasoning, words, seal(SealKind::Signature)(proof))
    });
    let redacted = "[A-Za-z]{1,9}"
        .prop_map(move |proof| (PartKind::Reasoning, Vec::new(), seal(SealKind::Redacted)(proof)));
    let call = ("[a-z_0-9]{1,9}", prop_oneof![Just(vec!["{}"]), Just(vec!["{\"a\"", ": [1.50]}"])])
        .prop_map(|(id, input)| {
            let kind = PartKind::ToolCall { id, name: "f".to_owned(), custom: false };
            (kind, input.into_iter().map(str::to_owned).collect(), None)
        });
    let hosted = Just((
        PartKind::Vendor { kind: "server_tool_use".to_owned() },
        vec![r#"{"type":"server_tool_use","id":"s","#.to_owned(), r#""input":{"q":1}}"#.to_owned()],
        None,
    ));
    let text = words().prop_map(|words| (PartKind::Text, words, None));
    prop_oneof![3 => text, 1 => thought, 1 => redacted, 2 => call, 1 => hosted]
}

fn any_usage() -> impl Strategy<Value = Usage> {
    (1..9_u64, 0..9_u64, 0..9_u64, 0..9_u64, 1..9_u64, 0..9_u64).prop_map(
        |(rest, cached, cache_write, cache_write_1h, answer, reasoning)| Usage {
            input: rest + cached + cache_write + cache_write_1h,
            cached,
            cache_write,
            cache_write_1h,
            output: answer + reasoning,
            reasoning,
            ..Usage::default()
        },
    )
}

fn events(parts: Vec<Piece>, usage: Usage, reason: Finish, usage_last: bool) -> Vec<ChatEvent> {
    let called = parts.iter().any(|part| matches!(part.0, PartKind::ToolCall { .. }));
    let reason = if called { Finish::ToolCalls } else { reason };
    let choice = 0;
    let mut out = vec![ChatEvent::Begin { id: "msg_1".to_owned(), model: "m".to_owned() }];
    for (index, (part, deltas, seal)) in (0..).zip(parts) {
        out.push(ChatEvent::Open { choice, index, part });
        out.extend(deltas.into_iter().map(|text| ChatEvent::Delta { choice, index, text }));
        out.extend(seal.map(|seal| ChatEvent::Seal { choice, index, seal }));
        out.push(ChatEvent::Close { choice, index });
    }
    let stop = (reason == Finish::StopSequence).then(|| "END".to_owned());
    let last = [ChatEvent::Usage(usage), ChatEvent::Finish { choice, reason, stop }];
    out.extend(last);
    if usage_last {
        let at = out.len() - 2;
        out.swap(at, at + 1);
    }
    out
}

fn any_events() -> impl Strategy<Value = Vec<ChatEvent>> {
    let reasons = [
        Finish::Stop,
        Finish::StopSequence,
        Finish::Length,
        Finish::ContextLength,
        Finish::Refused,
        Finish::Pause,
    ];
    let parts = proptest::collection::vec(any_part(), 0..6);
    (parts, any_usage(), proptest::sample::select(reasons.to_vec()), any::<bool>())
        .prop_map(|(parts, usage, reason, last)| events(parts, usage, reason, last))
}

proptest! {
    #[test]
    fn a_stream_is_read_back(events in any_events()) {
        let stream = write_stream(&events, &answer());
        prop_assert_eq!(folded(&read_stream(stream.as_bytes()).unwrap()), folded(&events));
    }

    #[test]
    fn a_body_is_read_back(events in any_events()) {
        let body = write_whole(&events, &answer());
        prop_assert_eq!(folded(&read_whole(body.as_bytes()).unwrap()), folded(&events));
    }

    #[test]
    fn a_body_says_what_its_stream_says(events in any_events()) {
        let (stream, body) = (write_stream(&events, &answer()), write_whole(&events, &answer()));
        let streamed = read_stream(stream.as_bytes()).unwrap();
        prop_assert_eq!(folded(&streamed), folded(&read_whole(body.as_bytes()).unwrap()));
    }
}
