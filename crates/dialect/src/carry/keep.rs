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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The turns of `request` that hold no proof for a provider that speaks `to`, or one whose thought
/// is gone, and whose reasoning may have been kept, newest first.
pub fn anchors(request: &ChatRequest, to: Dialect) -> Vec<(usize, Anchor)> {
    let turns = request.turns.iter().enumerate().rev();
    let whole = |turn: &Turn| turn.parts.iter().any(|it| is_sealed(it, to)) && !is_torn(turn, to);
    let unsealed = turns.filter(|(_, turn)| !whole(turn));
    unsealed.filter_map(|(at, turn)| Some((at, Anchor::of(turn)?))).take(TURNS).collect()
}

/// Puts back what was kept with a conversation itself, oldest first, where its proofs hold with a
/// provider that speaks `to`.
pub fn restore_each(request: &mut ChatRequest, mut kept: Vec<(Anchor, Kept)>, to: Dialect) {
    if kept.is_empty() {
        return;
    }
    for (at, anchor) in anchors(request, to) {
        let found = kept.iter().rposition(|(it, _)| *it == anchor);
        if let (Some(found), Some(turn)) = (found, request.turns.get_mut(at)) {
            let (_, of_turn) = kept.remove(found);
            restore(turn, of_turn, to);
        }
    }
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

/// Whether a call still holds the proof of a thought that nobody sent: some clients join the thoughts
/// between calls into one, and no proof holds for that.
fn is_torn(turn: &Turn, to: Dialect) -> bool {
    let left = |part: &Part| matches!(part, Part::ToolCall { seal: Some(seal), .. } if seal.kind == SealKind::Signature);
    !super::seals::on_calls(to) && turn.parts.iter().any(left)
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
mod tests;
