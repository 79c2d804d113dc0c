//! Where the words of an answer go again: clients keep them as one text, and a proof that stands
//! on a piece of them has to stand there again.
//!
//! "Don't merge one part with a signature with another part without a signature"
//! (<https://ai.google.dev/gemini-api/docs/thought-signatures>).

use std::collections::VecDeque;

use super::{KeptPart, KeptSeal};
use crate::chat::Part;

/// Notes more of an answer's words. What follows a piece that is sealed is another piece.
pub(super) fn add(parts: &mut Vec<KeptPart>, at: &mut usize, text: &str) {
    if text.is_empty() {
        return;
    }
    let goes_on = parts.len();
    match parts.get_mut(*at) {
        Some(KeptPart::Words { length, seal: None }) => *length += text.len(),
        Some(KeptPart::Words { .. }) => {
            *at = goes_on;
            parts.push(KeptPart::Words { length: text.len(), seal: None });
        }
        _ => (),
    }
}

/// Makes of several pieces one, where the client's words are not those that were said: nothing
/// tells where a piece would end. The first proof counts.
pub(super) fn fit(kept: &mut Vec<KeptPart>, theirs: &VecDeque<Part>) {
    let said = |part: &Part| if let Part::Text { text, .. } = part { text.len() } else { 0 };
    let sent: usize = theirs.iter().map(said).sum();
    let is_words = |part: &KeptPart| matches!(part, KeptPart::Words { .. });
    let (mut length, mut proof): (usize, Option<KeptSeal>) = (0, None);
    for part in kept.iter() {
        if let KeptPart::Words { length: more, seal } = part {
            length += more;
            proof = proof.or_else(|| seal.clone());
        }
    }
    if length == sent {
        return;
    }
    let mut first = true;
    kept.retain(|part| !is_words(part) || std::mem::take(&mut first));
    if let Some(KeptPart::Words { length, seal }) = kept.iter_mut().find(|part| is_words(part)) {
        (*length, *seal) = (sent, proof);
    }
}

/// Moves the next `length` bytes of text to `out`, with what stands between them. Calls stay: they
/// have places of their own.
pub(super) fn take(theirs: &mut VecDeque<Part>, mut length: usize, out: &mut Vec<Part>) {
    while length > 0 {
        let Some(at) = theirs.iter().position(|part| !matches!(part, Part::ToolCall { .. })) else {
            return;
        };
        match theirs.remove(at) {
            Some(Part::Text { mut text, cache }) if text.len() > length => {
                if text.is_char_boundary(length) {
                    let rest = text.split_off(length);
                    theirs.insert(at, Part::Text { text: rest, cache });
                    out.push(Part::Text { text, cache: None });
                } else {
                    out.push(Part::Text { text, cache });
                }
                return;
            }
            Some(Part::Text { text, cache }) => {
                length -= text.len();
                out.push(Part::Text { text, cache });
            }
            Some(part) => out.push(part),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::{Anchor, Keeping, Kept, anchors, restore};
    use crate::Dialect;
    use crate::chat::{
        ChatEvent, ChatRequest, Media, Part, PartKind, Role, Seal, SealKind, Turn, gemini,
    };

    enum Event {
        Open(PartKind),
        Said(&'static str),
        Sealed(&'static str),
    }
    use Event::{Open, Said, Sealed};

    fn kept(events: Vec<Event>) -> (Anchor, Kept) {
        let mut keeping = Keeping::default();
        let (mut next, choice) = (0, 0);
        for event in events {
            let index = if next == 0 { 0 } else { next - 1 };
            keeping.event(&match event {
                Open(part) => {
                    next += 1;
                    ChatEvent::Open { choice, index: next - 1, part }
                }
                Said(text) => ChatEvent::Delta { choice, index, text: text.into() },
                Sealed(proof) => {
                    let bytes = Bytes::from_static(proof.as_bytes());
                    let seal = Seal { kind: SealKind::Signature, bytes };
                    ChatEvent::Seal { choice, index, seal }
                }
            });
        }
        let (anchor, kept) = keeping.finish(Dialect::Gemini).unwrap();
        let json = serde_json::to_vec(&kept).unwrap();
        (anchor, serde_json::from_slice(&json).unwrap())
    }

    fn call(id: &str) -> PartKind {
        PartKind::ToolCall { id: id.into(), name: "f".into(), custom: false }
    }

    fn text(text: &str) -> Part {
        Part::Text { text: text.into(), cache: None }
    }

    fn called(id: &str) -> Part {
        let (name, input) = ("f".into(), "{}".into());
        Part::ToolCall { id: id.into(), name, input, custom: false, seal: None, cache: None }
    }

    fn restored(kept: Kept, parts: Vec<Part>) -> Vec<String> {
        let mut turn = Turn { role: Role::Assistant, name: None, parts };
        restore(&mut turn, kept, Dialect::Gemini);
        let told = turn.parts.iter().map(|part| match part {
            Part::Text { text, .. } => text.clone(),
            Part::ToolCall { id, seal, .. } => {
                let proof = seal.as_ref().map(|it| String::from_utf8_lossy(&it.bytes));
                format!("call {id} {}", proof.unwrap_or_default())
            }
            Part::Vendor { kind, json } if kind == gemini::PROOF => format!("sealed {json}"),
            other => format!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn a_proof_comes_back_on_the_words_it_came_on() {
        let said = || vec![Open(PartKind::Text), Said("Hel"), Said("lo"), Sealed("AAAA")];
        let (anchor, whole) = kept(said());
        assert_eq!(anchor, Anchor::Text("Hello".into()));
        assert_eq!(restored(whole, vec![text("Hello")]), ["Hello", r#"sealed "AAAA""#]);
        // Gemini 2.5 signs the first chunk, and the client has one text.
        let (anchor, pieces) =
            kept(vec![Open(PartKind::Text), Said("Grü"), Sealed("AAAA"), Said("ß"), Said("e")]);
        assert_eq!(anchor, Anchor::Text("Grüße".into()));
        assert_eq!(restored(pieces, vec![text("Grüße")]), ["Grü", r#"sealed "AAAA""#, "ße"]);
    }

    #[test]
    fn each_piece_has_its_own_proof() {
        let mut events = vec![Open(PartKind::Text), Said("One."), Sealed("AAAA"), Said("Two.")];
        events.extend([Sealed("BBBB"), Sealed("CCCC")]);
        let proofs = [r#"sealed "AAAA""#, r#"sealed "BBBB""#, r#"sealed "CCCC""#];
        let expected = ["One.", proofs[0], "Two.", proofs[1], "", proofs[2]];
        assert_eq!(restored(kept(events).1, vec![text("One.Two.")]), expected);
    }

    #[test]
    fn words_around_a_call_find_their_places() {
        let answer = || {
            let mut events = vec![Open(PartKind::Text), Said("One."), Sealed("AAAA")];
            events.extend([Open(call("c")), Sealed("BBBB"), Open(PartKind::Text), Said("Two.")]);
            kept(events).1
        };
        let expected = ["One.", r#"sealed "AAAA""#, "call c BBBB", "Two."];
        assert_eq!(restored(answer(), vec![text("One.Two."), called("c")]), expected);
        assert_eq!(restored(answer(), vec![text("One."), called("c"), text("Two.")]), expected);
    }

    #[test]
    fn a_proof_on_no_words_comes_back_on_none() {
        let (_, kept) =
            kept(vec![Open(call("c")), Sealed("AAAA"), Open(PartKind::Text), Sealed("BBBB")]);
        let expected = ["call c AAAA", "", r#"sealed "BBBB""#];
        assert_eq!(restored(kept, vec![called("c")]), expected);
    }

    #[test]
    fn other_words_than_were_said_are_not_cut() {
        let answer = || {
            let mut events = vec![Open(PartKind::Text), Said("One. "), Said("Two. ")];
            events.extend([Open(PartKind::Text), Said("Three. "), Sealed("AAAA")]);
            events.push(Open(call("c")));
            kept(events).1
        };
        let trimmed = vec![text("One. Two. Three."), called("c")];
        assert_eq!(
            restored(answer(), trimmed),
            ["One. Two. Three.", r#"sealed "AAAA""#, "call c "]
        );
        // As long, but other letters: none is cut in two.
        let (_, short) = kept(vec![Open(PartKind::Text), Said("ab"), Sealed("AAAA"), Said("c")]);
        assert_eq!(restored(short, vec![text("aü")]), ["aü", r#"sealed "AAAA""#]);
    }

    #[test]
    fn pictures_and_words_keep_their_order() {
        let png = || PartKind::Image { mime: "image/png".into() };
        let mut events = vec![Open(PartKind::Text), Said("One."), Sealed("AAAA"), Open(png())];
        events.extend([Open(PartKind::Text), Said("Two."), Open(call("c"))]);
        let picture = Part::Image { media: Media::Url("u".into()), detail: None, cache: None };
        let parts = vec![text("One."), picture, text("Two."), called("c")];
        let told = restored(kept(events).1, parts);
        assert_eq!(told.len(), 5);
        assert_eq!((&*told[0], &*told[1], &*told[3]), ("One.", r#"sealed "AAAA""#, "Two."));
    }

    #[test]
    fn a_record_of_before_text_had_places_is_still_read() {
        let json = r#"{"from":"gemini","parts":["text",{"call":{"id":"c","seal":{"kind":"signature","proof":"AAAA"}}}]}"#;
        let kept: Kept = serde_json::from_str(json).unwrap();
        assert_eq!(restored(kept, vec![text("One."), called("c")]), ["One.", "call c AAAA"]);
    }

    #[test]
    fn words_that_have_their_proof_are_not_looked_up() {
        let seal = Seal { kind: SealKind::Signature, bytes: Bytes::from_static(b"AAAA") };
        let parts = vec![text("Hello"), gemini::proof(&seal).unwrap()];
        let turns = vec![Turn { role: Role::Assistant, name: None, parts }];
        let request = ChatRequest { turns, ..ChatRequest::default() };
        assert_eq!(anchors(&request, Dialect::Gemini), []);
        assert_eq!(anchors(&request, Dialect::Bedrock).len(), 1);
    }
}
