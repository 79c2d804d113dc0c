//! What is written is read back the same, streamed or whole.

use proptest::prelude::*;
use wayleave_model::Usage;

use super::{Writer, answer, folded, read_stream, read_whole, write_stream};
use crate::carry::Answer;
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind, WriteEvents};

/// A part in pieces: what it is, its deltas, its signature.
type Piece = (PartKind, Vec<String>, Option<&'static str>);

fn any_part() -> impl Strategy<Value = Piece> {
    let words = || proptest::collection::vec("[a-zü\"\\\\\n\u{1F600}]{1,5}", 1..4);
    let sealed = || proptest::sample::select(vec![None, Some("AAAA")]);
    let text = (words(), sealed()).prop_map(|(words, seal)| (PartKind::Text, words, seal));
    let thought = (words(), sealed()).prop_map(|(words, seal)| (PartKind::Reasoning, words, seal));
    let input = prop_oneof![Just(vec!["{}"]), Just(vec!["{\"a\"", ": [1.50]}"])];
    let call = ("[a-z_0-9]{1,9}", input, sealed()).prop_map(|(id, input, seal)| {
        let kind = PartKind::ToolCall { id, name: "f".to_owned(), custom: false };
        (kind, input.into_iter().map(str::to_owned).collect(), seal)
    });
    let image = sealed()
        .prop_map(|seal| (PartKind::Image { mime: "image/png".into() }, vec!["iVBO".into()], seal));
    let code = Just((
        PartKind::Vendor { kind: "executableCode".to_owned() },
        vec![r#"{"executableCode":{"code":"1"}}"#.to_owned()],
        None,
    ));
    prop_oneof![text, thought, call, image, code]
}

fn any_events() -> impl Strategy<Value = Vec<ChatEvent>> {
    let parts = proptest::collection::vec(any_part(), 0..6);
    let reasons = vec![Finish::Stop, Finish::Length, Finish::Refused];
    (parts, 1..99_u64, 1..99_u64, proptest::sample::select(reasons)).prop_map(
        |(mut parts, input, output, reason)| {
            let choice = 0;
            // Words of one kind that follow each other are one part on this wire; thoughts are,
            // unless signed.
            parts.dedup_by(|next, last| {
                next.0 == last.0 && (last.2.is_none() || next.0 == PartKind::Text)
            });
            let called = parts.iter().any(|part| matches!(part.0, PartKind::ToolCall { .. }));
            let reason = if called && reason == Finish::Stop { Finish::ToolCalls } else { reason };
            let mut out = vec![ChatEvent::Begin { id: "r".into(), model: "m".into() }];
            for (index, (part, deltas, seal)) in (0..).zip(parts) {
                out.push(ChatEvent::Open { choice, index, part });
                out.extend(deltas.into_iter().map(|text| ChatEvent::Delta { choice, index, text }));
                let seal =
                    seal.map(|proof| Seal { kind: SealKind::Signature, bytes: proof.into() });
                out.extend(seal.map(|seal| ChatEvent::Seal { choice, index, seal }));
                out.push(ChatEvent::Close { choice, index });
            }
            out.push(ChatEvent::Usage(Usage { input, output, ..Usage::default() }));
            out.push(ChatEvent::Finish { choice, reason, stop: None });
            out
        },
    )
}

/// The same events as this dialect has them: the proof of a thought that a call without its own
/// directly follows stands on the call.
fn on_calls(events: &[ChatEvent]) -> Vec<ChatEvent> {
    let mut out = events.to_vec();
    for at in 0..out.len() {
        let (
            Some(ChatEvent::Seal { choice, index, seal }),
            Some(ChatEvent::Close { .. }),
            Some(ChatEvent::Open { index: called, part: PartKind::ToolCall { .. }, .. }),
        ) = (out.get(at), out.get(at + 1), out.get(at + 2))
        else {
            continue;
        };
        let of = |it: &ChatEvent| matches!(it, ChatEvent::Open { index: open, part: PartKind::Reasoning, .. } if open == index);
        if !out.iter().any(of) {
            continue;
        }
        let (choice, called, seal) = (*choice, *called, seal.clone());
        let end = ChatEvent::Close { choice, index: called };
        let Some(end) = out.iter().position(|it| *it == end) else { continue };
        if !matches!(out[end - 1], ChatEvent::Seal { .. }) {
            out.insert(end, ChatEvent::Seal { choice, index: called, seal });
            out.remove(at);
        }
    }
    out
}

proptest! {
    #[test]
    fn a_stream_is_read_back(events in any_events()) {
        let stream = write_stream(&events, &answer());
        prop_assert_eq!(folded(&read_stream(stream.as_bytes()).unwrap()), folded(&on_calls(&events)));
    }

    #[test]
    fn a_body_and_a_list_say_what_the_stream_says(events in any_events()) {
        let body = Writer::new(&answer()).whole(&events);
        prop_assert_eq!(folded(&read_whole(&body).unwrap()), folded(&on_calls(&events)));
        let list = write_stream(&events, &Answer { list: true, ..answer() });
        prop_assert_eq!(folded(&read_whole(list.as_bytes()).unwrap()), folded(&on_calls(&events)));
    }
}
