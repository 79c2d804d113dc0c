//! What is kept of an answer comes back where it belongs.

use super::*;

fn open(index: u32, part: PartKind) -> ChatEvent {
    ChatEvent::Open { choice: 0, index, part }
}

fn delta(index: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta { choice: 0, index, text: text.into() }
}

fn seal(index: u32, proof: &'static str) -> ChatEvent {
    let bytes = Bytes::from_static(proof.as_bytes());
    ChatEvent::Seal { choice: 0, index, seal: Seal { kind: SealKind::Signature, bytes } }
}

fn call(id: &str) -> PartKind {
    PartKind::ToolCall { id: id.into(), name: "f".into(), custom: false }
}

fn kept(events: &[ChatEvent]) -> Option<(Anchor, Kept)> {
    let mut keeping = Keeping::default();
    events.iter().for_each(|event| keeping.event(event));
    keeping.finish(Dialect::AnthropicMessages)
}

fn thought_text_call() -> Vec<ChatEvent> {
    let (thought, text) = (PartKind::Reasoning, PartKind::Text);
    let mut events = vec![open(0, thought), delta(0, "hm"), delta(0, "m"), seal(0, "Eq==")];
    events.extend([open(1, text), delta(1, "I look."), open(2, call("c1")), delta(2, "{}")]);
    events
}

fn sent_back(parts: Vec<Part>) -> Turn {
    Turn { role: Role::Assistant, name: None, parts }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.into(), cache: None }
}

fn called(id: &str) -> Part {
    let (name, input) = ("f".into(), "{}".into());
    Part::ToolCall { id: id.into(), name, input, custom: false, seal: None, cache: None }
}

#[test]
fn reasoning_comes_back_to_its_place_with_its_proof() {
    let (anchor, kept) = kept(&thought_text_call()).unwrap();
    assert_eq!(anchor, Anchor::Call("c1".into()));
    let json = serde_json::to_vec(&kept).unwrap();
    let kept: Kept = serde_json::from_slice(&json).unwrap();
    let mut turn = sent_back(vec![text("I look."), called("c1")]);
    let request = ChatRequest { turns: vec![turn], ..ChatRequest::default() };
    assert_eq!(anchors(&request, Dialect::AnthropicMessages), [(0, anchor)]);
    turn = request.turns.into_iter().next().unwrap();
    restore(&mut turn, kept, Dialect::AnthropicMessages);
    let [
        Part::Reasoning { text: thought, seal: Some(seal) },
        Part::Text { text, .. },
        Part::ToolCall { id, .. },
    ] = &turn.parts[..]
    else {
        panic!("{:?}", turn.parts);
    };
    assert_eq!((&**thought, &**text, &**id), ("hmm", "I look.", "c1"));
    assert_eq!(&*seal.bytes, b"Eq==");
}

#[test]
fn a_signature_on_a_call_comes_back_on_that_call() {
    let events = [open(0, call("a")), seal(0, "Sa"), open(1, call("b")), seal(1, "Sb")];
    let (_, kept) = kept(&events).unwrap();
    let mut turn = sent_back(vec![called("a"), called("b"), called("new")]);
    restore(&mut turn, kept, Dialect::AnthropicMessages);
    let proofs: Vec<_> = turn
        .parts
        .iter()
        .map(|part| match part {
            Part::ToolCall { seal, .. } => seal.as_ref().map(|it| it.bytes.clone()),
            _ => None,
        })
        .collect();
    let proof = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    assert_eq!(proofs, [proof("Sa"), proof("Sb"), None]);
}

#[test]
fn a_signature_on_a_call_does_not_stand_for_the_thought_that_it_signs() {
    let mut part = called("c1");
    if let Part::ToolCall { seal, .. } = &mut part {
        *seal = Some(Seal { kind: SealKind::Signature, bytes: Bytes::from_static(b"Eq==") });
    }
    let request = ChatRequest { turns: vec![sent_back(vec![part])], ..ChatRequest::default() };
    for to in [Dialect::AnthropicMessages, Dialect::Bedrock] {
        assert_eq!(anchors(&request, to), [(0, Anchor::Call("c1".into()))]);
    }
    assert_eq!(anchors(&request, Dialect::Gemini), []);
    let (_, kept) = kept(&thought_text_call()).unwrap();
    let mut turn = request.turns.into_iter().next().unwrap();
    restore(&mut turn, kept, Dialect::AnthropicMessages);
    assert!(matches!(
        &turn.parts[..],
        [Part::Reasoning { seal: Some(_), .. }, Part::ToolCall { seal: None, .. }]
    ));
}

#[test]
fn thoughts_that_a_client_joined_give_way_to_those_that_were_kept() {
    let thought = PartKind::Reasoning;
    let mut events = vec![open(0, thought.clone()), delta(0, "one"), seal(0, "S1")];
    events.extend([open(1, call("a")), open(2, thought), delta(2, "two"), seal(2, "S2")]);
    events.push(open(3, call("b")));
    let (anchor, kept) = kept(&events).unwrap();
    let signed = |proof: &'static str| Seal {
        kind: SealKind::Signature,
        bytes: Bytes::from_static(proof.as_bytes()),
    };
    let joined = Part::Reasoning { text: "onetwo".into(), seal: Some(signed("S1")) };
    let mut second = called("b");
    if let Part::ToolCall { seal, .. } = &mut second {
        *seal = Some(signed("S2"));
    }
    let turns = vec![sent_back(vec![joined, called("a"), second])];
    let mut request = ChatRequest { turns, ..ChatRequest::default() };
    assert_eq!(anchors(&request, Dialect::AnthropicMessages), [(0, anchor)]);
    restore(&mut request.turns[0], kept, Dialect::AnthropicMessages);
    let said: Vec<_> = request.turns[0]
        .parts
        .iter()
        .map(|part| match part {
            Part::Reasoning { text, seal: Some(seal) } => (text.as_str(), &*seal.bytes),
            Part::ToolCall { id, .. } => (id.as_str(), &b""[..]),
            _ => panic!("{part:?}"),
        })
        .collect();
    assert_eq!(said, [("one", &b"S1"[..]), ("a", b""), ("two", b"S2"), ("b", b"")]);
}

#[test]
fn another_providers_reasoning_stays_away() {
    let (_, kept) = kept(&thought_text_call()).unwrap();
    let mut turn = sent_back(vec![text("I look."), called("c1")]);
    restore(&mut turn, kept, Dialect::Gemini);
    assert_eq!(turn.parts.len(), 2);
}

#[test]
fn what_was_kept_with_the_conversation_goes_to_the_turns_it_was_kept_of() {
    let said = |proof: &'static str| {
        let (thought, text_part) = (PartKind::Reasoning, PartKind::Text);
        let events = [open(0, thought), delta(0, proof), seal(0, proof), open(1, text_part)];
        kept(&[&events[..], &[delta(1, "Yes.")]].concat()).unwrap()
    };
    let turns = || vec![sent_back(vec![text("Yes.")]), sent_back(vec![text("Yes.")])];
    let mut request = ChatRequest { turns: turns(), ..ChatRequest::default() };
    restore_each(&mut request, vec![said("E1"), said("E2")], Dialect::AnthropicMessages);
    let proofs: Vec<_> = request
        .turns
        .iter()
        .map(|turn| match &turn.parts[..] {
            [Part::Reasoning { text, seal: Some(_) }, Part::Text { .. }] => text.clone(),
            parts => panic!("{parts:?}"),
        })
        .collect();
    assert_eq!(proofs, ["E1", "E2"]);
    let mut request = ChatRequest { turns: turns(), ..ChatRequest::default() };
    restore_each(&mut request, vec![said("E1")], Dialect::Gemini);
    assert!(request.turns.iter().all(|turn| turn.parts.len() == 1));
}

#[test]
fn an_answer_without_calls_is_found_by_its_text() {
    let mut events = thought_text_call();
    events.truncate(6);
    let (anchor, _) = kept(&events).unwrap();
    assert_eq!(anchor, Anchor::Text("I look.".into()));
}

#[test]
fn the_same_words_in_another_conversation_are_not_the_same_answer() {
    let anchor = Anchor::Text("Yes.".into());
    assert_ne!(anchor.bytes(b"Is it late?"), anchor.bytes(b"Is it cold?"));
    let user = Turn { role: Role::User, name: None, parts: vec![text("Is it "), text("late?")] };
    let turns = vec![user, sent_back(vec![text("Yes.")])];
    let request = ChatRequest { turns, ..ChatRequest::default() };
    assert_eq!((asked(&request, 1), asked(&request, 0)), ("Is it late?".into(), String::new()));
}

#[test]
fn nothing_is_kept_without_a_seal_or_beyond_the_limit() {
    let mut events = thought_text_call();
    events.remove(3);
    assert_eq!(kept(&events), None);
    let mut events = thought_text_call();
    events.insert(1, delta(0, &"x".repeat(MOST)));
    assert_eq!(kept(&events), None);
}
