//! Reasoning that a client cannot keep: what of an answer is put aside, and how it comes back.
//!
//! A dialect without a field for signatures would lose them, and some providers refuse the next
//! turn without them. What was thought is kept beside the answer and found again by what the
//! client does send back: the id of a call, or the answer's text.

mod words;

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Dialect;
use crate::chat::{ChatEvent, ChatRequest, Part, PartKind, Role, Seal, SealKind, Turn, gemini};

/// The most bytes that are kept of one answer.
const MOST: usize = 256 << 10;
/// The most assistant turns of a conversation that are looked up, newest first.
const TURNS: usize = 64;

/// What one answer's provider wants back, in the order it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Who can read it.
    pub from: Dialect,
    parts: Vec<KeptPart>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptPart {
    Reasoning {
        text: String,
        seal: Option<KeptSeal>,
    },
    /// Text: the client has all but its seal. `length` in bytes.
    Words {
        length: usize,
        seal: Option<KeptSeal>,
    },
    /// What else was said: the client has it.
    Text,
    /// A call: the client has all but its seal.
    Call {
        id: String,
        seal: Option<KeptSeal>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptSeal {
    kind: KeptKind,
    proof: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptKind {
    Signature,
    Redacted,
    Encrypted,
}

/// Gathers what is to be kept while an answer goes by.
#[derive(Debug, Default)]
pub struct Keeping {
    parts: Vec<KeptPart>,
    /// The answer's text, to find it by where no tool is called.
    text: String,
    /// The open part, by its index.
    open: Option<(u32, usize)>,
    bytes: usize,
    sealed: bool,
}

impl Keeping {
    /// Notes what `event` adds. Only the first choice is kept: nobody continues from two.
    pub fn event(&mut self, event: &ChatEvent) {
        if self.bytes > MOST {
            return;
        }
        match event {
            ChatEvent::Open { choice: 0, index, part } => {
                let part = match part {
                    PartKind::Reasoning => KeptPart::Reasoning { text: String::new(), seal: None },
                    PartKind::ToolCall { id, .. } => KeptPart::Call { id: id.clone(), seal: None },
                    PartKind::Text => KeptPart::Words { length: 0, seal: None },
                    _ => KeptPart::Text,
                };
                self.open = Some((*index, self.parts.len()));
                self.parts.push(part);
                self.bytes += 64;
            }
            ChatEvent::Delta { choice: 0, index, text } => {
                self.bytes += text.len();
                match self.part(*index) {
                    Some(KeptPart::Reasoning { text: so_far, .. }) => so_far.push_str(text),
                    Some(KeptPart::Words { .. }) => {
                        if let Some((_, at)) = &mut self.open {
                            words::add(&mut self.parts, at, text);
                        }
                        self.text.push_str(text);
                    }
                    Some(KeptPart::Text) => self.text.push_str(text),
                    _ => (),
                }
            }
            ChatEvent::Seal { choice: 0, index, seal } => {
                let Ok(proof) = std::str::from_utf8(&seal.bytes) else { return };
                let proof = KeptSeal { kind: seal.kind.into(), proof: proof.to_owned() };
                self.bytes += proof.proof.len();
                if let Some(KeptPart::Words { seal: Some(_), .. }) = self.part(*index) {
                    self.open = Some((*index, self.parts.len()));
                    self.parts.push(KeptPart::Words { length: 0, seal: None });
                }
                if let Some(
                    KeptPart::Reasoning { seal, .. }
                    | KeptPart::Words { seal, .. }
                    | KeptPart::Call { seal, .. },
                ) = self.part(*index)
                {
                    *seal = Some(proof);
                    self.sealed = true;
                }
            }
            _ => (),
        }
    }

    fn part(&mut self, index: u32) -> Option<&mut KeptPart> {
        let (open, at) = self.open?;
        if open == index { self.parts.get_mut(at) } else { None }
    }

    /// What is to be kept, and what it is found by. `None`: nothing was sealed, or it is too much.
    pub fn finish(self, from: Dialect) -> Option<(Anchor, Kept)> {
        if !self.sealed || self.bytes > MOST {
            return None;
        }
        let call = self.parts.iter().find_map(|part| match part {
            KeptPart::Call { id, .. } => Some(id.clone()),
            _ => None,
        });
        let anchor = match call {
            Some(id) => Anchor::Call(id),
            None if self.text.is_empty() => return None,
            None => Anchor::Text(self.text),
        };
        Some((anchor, Kept { from, parts: self.parts }))
    }
}

/// What a client sends back of an answer that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The id of its first call.
    Call(String),
    /// All its text.
    Text(String),
}

impl Anchor {
    /// The bytes to hash. Ids of calls are their provider's and unlike any other; the same words
    /// are said in many conversations, so they count together with what they answer.
    pub fn bytes(&self, asked: &[u8]) -> Vec<u8> {
        match self {
            Anchor::Call(id) => [b"call:", id.as_bytes()].concat(),
            Anchor::Text(text) => {
                let length = (asked.len() as u64).to_be_bytes();
                [b"text:", &length[..], asked, text.as_bytes()].concat()
            }
        }
    }

    fn of(turn: &Turn) -> Option<Anchor> {
        if turn.role != Role::Assistant {
            return None;
        }
        let mut words = String::new();
        for part in &turn.parts {
            match part {
                Part::ToolCall { id, .. } => return Some(Anchor::Call(id.clone())),
                Part::Text { text, .. } => words.push_str(text),
                _ => (),
            }
        }
        (!words.is_empty()).then_some(Anchor::Text(words))
    }
}

/// What the turn at `at` answers: the words of the one before it.
pub fn asked(request: &ChatRequest, at: usize) -> String {
    let before = at.checked_sub(1).and_then(|at| request.turns.get(at));
    let parts = before.map_or(&[][..], |turn| &turn.parts);
    parts.iter().map(|part| if let Part::Text { text, .. } = part { text } else { "" }).collect()
}

/// The turns of `request` that hold no proof for a provider that speaks `to` and whose reasoning
/// may have been kept, newest first.
pub fn anchors(request: &ChatRequest, to: Dialect) -> Vec<(usize, Anchor)> {
    let turns = request.turns.iter().enumerate().rev();
    let is_sealed = |part: &Part| is_sealed(part, to);
    let unsealed = turns.filter(|(_, turn)| !turn.parts.iter().any(is_sealed));
    unsealed.filter_map(|(at, turn)| Some((at, Anchor::of(turn)?))).take(TURNS).collect()
}

/// Whether the proof of a thought is there, and the thought with it. A signature on a call is none
/// to providers that sign thoughts. What holds the thought itself may be one of several, of which
/// the client dropped the others.
fn is_sealed(part: &Part, to: Dialect) -> bool {
    match part {
        Part::Reasoning { text, seal: Some(seal) } => {
            !text.is_empty() || seal.kind == SealKind::Signature
        }
        Part::ToolCall { seal: Some(_), .. } => super::seals::on_calls(to),
        Part::Vendor { kind, .. } => kind == gemini::PROOF && super::seals::on_calls(to),
        _ => false,
    }
}

/// Puts back what was kept of `turn`, each piece in its place, where its proofs hold with a
/// provider that speaks `to`. Reasoning that the client sent in its own words gives way.
pub fn restore(turn: &mut Turn, kept: Kept, to: Dialect) {
    if !super::seals::holds(kept.from, to) {
        return;
    }
    let sealed = |seal: KeptSeal| Seal { kind: seal.kind.into(), bytes: Bytes::from(seal.proof) };
    let mut theirs: VecDeque<Part> = std::mem::take(&mut turn.parts).into();
    theirs.retain(|part| !matches!(part, Part::Reasoning { .. }));
    let mut kept = kept.parts;
    words::fit(&mut kept, &theirs);
    // Records of before text had places count what was said as one.
    let placed = kept.iter().any(|part| matches!(part, KeptPart::Words { .. }));
    let unplaced = |part: &Part| match part {
        Part::ToolCall { .. } => false,
        Part::Text { .. } => !placed,
        _ => true,
    };
    for part in kept {
        match part {
            KeptPart::Reasoning { text, seal } => {
                turn.parts.push(Part::Reasoning { text, seal: seal.map(sealed) });
            }
            KeptPart::Words { length, seal } => {
                words::take(&mut theirs, length, &mut turn.parts);
                let proof = seal.and_then(|seal| gemini::proof(&sealed(seal)));
                if proof.is_some() && length == 0 {
                    turn.parts.push(Part::Text { text: String::new(), cache: None });
                }
                turn.parts.extend(proof);
            }
            KeptPart::Text => {
                while let Some(part) = theirs.pop_front_if(|it| unplaced(it)) {
                    turn.parts.push(part);
                }
            }
            KeptPart::Call { id: wanted, seal } => {
                let at = theirs
                    .iter()
                    .position(|part| matches!(part, Part::ToolCall { id, .. } if *id == wanted));
                if let Some(mut part) = at.and_then(|at| theirs.remove(at)) {
                    if let Part::ToolCall { seal: empty, .. } = &mut part {
                        *empty = seal.map(sealed);
                    }
                    turn.parts.push(part);
                }
            }
        }
    }
    turn.parts.extend(theirs);
}

impl From<SealKind> for KeptKind {
    fn from(kind: SealKind) -> KeptKind {
        match kind {
            SealKind::Signature => KeptKind::Signature,
            SealKind::Redacted => KeptKind::Redacted,
            SealKind::Encrypted => KeptKind::Encrypted,
        }
    }
}

impl From<KeptKind> for SealKind {
    fn from(kind: KeptKind) -> SealKind {
        match kind {
            KeptKind::Signature => SealKind::Signature,
            KeptKind::Redacted => SealKind::Redacted,
            KeptKind::Encrypted => SealKind::Encrypted,
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn another_providers_reasoning_stays_away() {
        let (_, kept) = kept(&thought_text_call()).unwrap();
        let mut turn = sent_back(vec![text("I look."), called("c1")]);
        restore(&mut turn, kept, Dialect::Gemini);
        assert_eq!(turn.parts.len(), 2);
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
        let user =
            Turn { role: Role::User, name: None, parts: vec![text("Is it "), text("late?")] };
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
}
