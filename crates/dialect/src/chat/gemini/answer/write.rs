//! The client's answer, written from events: chunks as they come, or one body.
//!
//! A stream is server-sent events, each a whole `GenerateContentResponse`, or with `Answer.list`
//! one JSON list of them. Every chunk names model and answer; the last one has the reason and the
//! usage, beside an empty text, as Google sends it: SDKs take a candidate without parts for none.
//!
//! The proof of a thought that a call follows stands on that call, as Gemini 3 has it: clients drop
//! thoughts from what they send back, and keep calls
//! (<https://ai.google.dev/gemini-api/docs/thought-signatures>).

use wayleave_model::Usage;

use super::super::usage;
use super::finish_reason;
use super::fold::{Part, is_known};
use super::grounds::{self, Grounds, Said};
use crate::carry::Answer;
use crate::chat::json::{Object, list, object};
use crate::chat::lost::Lost;
use crate::chat::{ChatEvent, Finish, PartKind, Seal, WriteEvents};

/// The state between events.
pub(in super::super) struct Writer {
    /// The id for an answer that brings none.
    id: String,
    model: String,
    /// What the model must be called, if not by the provider's own name.
    wanted: Option<String>,
    list: bool,
    /// An item of the list is out.
    begun: bool,
    usage: Option<Usage>,
    lanes: Vec<Lane>,
    lost: Lost,
}

/// One answer of several.
#[derive(Debug)]
struct Lane {
    choice: u32,
    open: Option<Part>,
    /// The proof of the thought that came last, until it is known what follows.
    proof: Option<Seal>,
    finish: Option<Finish>,
    grounds: Grounds,
}

impl Writer {
    /// A writer of the answer that `answer` names.
    pub(in super::super) fn new(answer: &Answer) -> Writer {
        Writer {
            id: answer.id.clone(),
            model: String::new(),
            wanted: answer.model.clone(),
            list: answer.list,
            begun: false,
            usage: None,
            lanes: Vec::new(),
            lost: Lost::default(),
        }
    }

    fn begin(&mut self, id: &str, model: &str) {
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        let model = self.wanted.as_deref().unwrap_or(model);
        model.clone_into(&mut self.model);
    }

    fn lane(&mut self, choice: u32) -> &mut Lane {
        let place = self.lanes.iter().position(|lane| lane.choice == choice);
        let place = place.unwrap_or_else(|| {
            let grounds = Grounds::default();
            self.lanes.push(Lane { choice, open: None, proof: None, finish: None, grounds });
            self.lanes.len() - 1
        });
        &mut self.lanes[place]
    }

    /// The open part of an answer, if it is that one.
    fn part(&mut self, choice: u32, index: u32) -> Option<&mut Part> {
        self.lane(choice).open.as_mut().filter(|part| part.index == index)
    }

    fn open(&mut self, choice: u32, index: u32, kind: &PartKind, out: &mut Vec<u8>) {
        self.close(choice, out);
        if !matches!(kind, PartKind::ToolCall { .. }) {
            self.prove(choice, out);
        }
        self.note(kind);
        let lane = self.lane(choice);
        lane.grounds.begin();
        lane.open = Some(Part::new(index, kind));
    }

    fn close(&mut self, choice: u32, out: &mut Vec<u8>) {
        self.lane(choice).grounds.settle();
        let Some(mut part) = self.lane(choice).open.take() else { return };
        if part.wants_proof() {
            if let Some(proof) = self.lane(choice).proof.take() {
                part.seal(&proof);
            }
        } else if part.is_call() {
            self.prove(choice, out);
        }
        if !part.is_words()
            && let Some(json) = part.whole(&self.id)
        {
            self.say(choice, &json, out);
        }
    }

    /// The proof of a thought that no call follows stands on the thought.
    fn prove(&mut self, choice: u32, out: &mut Vec<u8>) {
        if let Some(proof) = self.lane(choice).proof.take() {
            let json = Part::new(0, &PartKind::Reasoning).piece("", Some(&proof));
            self.say(choice, &json, out);
        }
    }

    fn note(&mut self, kind: &PartKind) {
        match kind {
            PartKind::Audio { .. } => self.lost.note("answer.audio"),
            kind if !is_known(kind) => self.lost.note("answer.vendor_parts"),
            _ => (),
        }
    }

    fn note_end(&mut self, reason: Finish, stop: Option<&str>) {
        if reason == Finish::Pause {
            // Written as `STOP`, so the client does not know that it is to ask again.
            self.lost.note("answer.pause");
        }
        if stop.is_some() {
            self.lost.note("answer.stop_sequence");
        }
    }

    /// A chunk with one part.
    fn say(&mut self, choice: u32, part: &[u8], out: &mut Vec<u8>) {
        let mut candidate = Vec::with_capacity(part.len() + 64);
        object(&mut candidate, |it| write_candidate(it, choice, &[part], None));
        self.chunk(&[candidate], None, out);
    }

    fn chunk(&mut self, candidates: &[Vec<u8>], usage: Option<&Usage>, out: &mut Vec<u8>) {
        let before: &[u8] = match (self.list, self.begun) {
            (false, _) => b"data: ",
            (true, false) => b"[",
            (true, true) => b",\r\n",
        };
        self.begun = true;
        out.extend_from_slice(before);
        self.response(candidates, usage, out);
        if !self.list {
            out.extend_from_slice(b"\r\n\r\n");
        }
    }

    fn response(&self, candidates: &[Vec<u8>], usage: Option<&Usage>, out: &mut Vec<u8>) {
        object(out, |response| {
            response.list("candidates", candidates);
            if let Some(usage) = usage {
                response.nest("usageMetadata", |figures| usage::write(figures, usage));
            }
            response.text("modelVersion", &self.model).text("responseId", &self.id);
        });
    }
}

impl WriteEvents for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        match event {
            ChatEvent::Begin { id, model } => self.begin(id, model),
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
            ChatEvent::Open { choice, index, part } => self.open(*choice, *index, part, out),
            ChatEvent::Delta { choice, index, text } => {
                let Some(part) = self.part(*choice, *index) else { return };
                if !part.is_words() {
                    part.add(text);
                } else if !text.is_empty() {
                    let (json, is_text) = (part.piece(text, None), part.is_text());
                    if is_text {
                        self.lane(*choice).grounds.say(text);
                    }
                    self.say(*choice, &json, out);
                }
            }
            ChatEvent::Seal { choice, index, seal } => {
                let Some(part) = self.part(*choice, *index) else { return };
                if part.is_thought() {
                    self.prove(*choice, out);
                    self.lane(*choice).proof = Some(seal.clone());
                } else if part.is_words() {
                    let json = part.piece("", Some(seal));
                    self.say(*choice, &json, out);
                } else if part.takes_seal() {
                    part.seal(seal);
                } else {
                    self.lost.seal(seal.kind);
                }
            }
            ChatEvent::Annotation { choice, kind, json, .. } => {
                if let Some(said) = grounds::read(kind, json, &mut self.lost) {
                    self.lane(*choice).grounds.add(said);
                }
            }
            ChatEvent::Close { choice, index } => {
                if self.part(*choice, *index).is_some() {
                    self.close(*choice, out);
                }
            }
            ChatEvent::Finish { choice, reason, stop } => {
                self.note_end(*reason, stop.as_deref());
                self.close(*choice, out);
                self.prove(*choice, out);
                // Held until the end: usage comes before it or after.
                self.lane(*choice).finish = Some(*reason);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let choices: Vec<u32> = self.lanes.iter().map(|lane| lane.choice).collect();
        for choice in choices {
            self.close(choice, out);
            self.prove(choice, out);
        }
        if self.lanes.is_empty() {
            self.lane(0);
        }
        let mut candidates = Vec::with_capacity(self.lanes.len());
        for lane in &self.lanes {
            let mut candidate = Vec::new();
            let finish = lane.finish.unwrap_or(Finish::Stop);
            object(&mut candidate, |it| {
                write_candidate(it, lane.choice, &[br#"{"text":""}"#], Some(finish));
                lane.grounds.write(it);
            });
            candidates.push(candidate);
        }
        let usage = self.usage.take().unwrap_or_default();
        self.chunk(&candidates, Some(&usage), out);
        if self.list {
            out.extend_from_slice(b"]");
        }
    }

    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8> {
        let mut answers: Vec<(u32, Vec<Part>, Finish)> = Vec::new();
        let mut notes: Vec<(u32, u32, Said)> = Vec::new();
        for event in events {
            match event {
                ChatEvent::Begin { id, model } => self.begin(id, model),
                ChatEvent::Usage(usage) => self.usage = Some(*usage),
                ChatEvent::Open { choice, index, part } => {
                    self.note(part);
                    answer(&mut answers, *choice).1.push(Part::new(*index, part));
                }
                ChatEvent::Delta { choice, index, text } => {
                    let parts = &mut answer(&mut answers, *choice).1;
                    if let Some(part) = parts.iter_mut().rfind(|part| part.index == *index) {
                        if part.is_signed_text() {
                            // The signature is of what was said before it.
                            let mut rest = Part::new(*index, &PartKind::Text);
                            rest.add(text);
                            parts.push(rest);
                        } else {
                            part.add(text);
                        }
                    }
                }
                ChatEvent::Seal { choice, index, seal } => {
                    let parts = &mut answer(&mut answers, *choice).1;
                    match parts.iter_mut().rfind(|part| part.index == *index) {
                        Some(part) if part.takes_seal() => part.seal(seal),
                        _ => self.lost.seal(seal.kind),
                    }
                }
                ChatEvent::Annotation { choice, index, kind, json } => {
                    if let Some(said) = grounds::read(kind, json, &mut self.lost) {
                        notes.push((*choice, *index, said));
                    }
                }
                ChatEvent::Close { .. } => (),
                ChatEvent::Finish { choice, reason, stop } => {
                    self.note_end(*reason, stop.as_deref());
                    answer(&mut answers, *choice).2 = *reason;
                }
            }
        }
        answers.iter_mut().for_each(|(_, parts, _)| hand_over(parts));
        let candidates: Vec<Vec<u8>> = answers
            .iter()
            .map(|(choice, parts, finish)| {
                let grounds = grounds_of(*choice, parts, &mut notes);
                let parts: Vec<Vec<u8>> =
                    parts.iter().filter_map(|part| part.whole(&self.id)).collect();
                let empty = [br#"{"text":""}"#.to_vec()];
                let parts = if parts.is_empty() { &empty[..] } else { &parts };
                let mut candidate = Vec::new();
                object(&mut candidate, |it| {
                    write_candidate(it, *choice, parts, Some(*finish));
                    grounds.write(it);
                });
                candidate
            })
            .collect();
        let usage = self.usage.take().unwrap_or_default();
        let mut out = Vec::with_capacity(256 + candidates.iter().map(Vec::len).sum::<usize>());
        self.response(&candidates, Some(&usage), &mut out);
        out
    }

    fn losses(&self) -> &[&'static str] {
        self.lost.names()
    }
}

/// What is said about the parts of one answer.
fn grounds_of(choice: u32, parts: &[Part], notes: &mut Vec<(u32, u32, Said)>) -> Grounds {
    let mut grounds = Grounds::default();
    for part in parts {
        grounds.begin();
        if part.is_text() {
            grounds.say(part.text());
        }
        let ours = |(of, at, _): &mut (u32, u32, Said)| *of == choice && *at == part.index;
        notes.extract_if(.., ours).for_each(|(_, _, said)| grounds.add(said));
        grounds.settle();
    }
    grounds
}

fn answer(
    answers: &mut Vec<(u32, Vec<Part>, Finish)>,
    choice: u32,
) -> &mut (u32, Vec<Part>, Finish) {
    let place = answers.iter().position(|(it, ..)| *it == choice);
    let place = place.unwrap_or_else(|| {
        answers.push((choice, Vec::new(), Finish::Stop));
        answers.len() - 1
    });
    &mut answers[place]
}

/// Gives the proofs of thoughts to the calls that follow them.
fn hand_over(parts: &mut [Part]) {
    for at in 1..parts.len() {
        let (before, after) = parts.split_at_mut(at);
        if let ([.., thought], [call, ..]) = (before, after)
            && thought.is_thought()
            && call.wants_proof()
            && let Some(proof) = thought.take_seal()
        {
            call.seal(&proof);
        }
    }
}

fn write_candidate<P: AsRef<[u8]>>(
    it: &mut Object<'_>,
    choice: u32,
    parts: &[P],
    finish: Option<Finish>,
) {
    it.nest("content", |content| {
        content.with("parts", |out| list(out, parts)).text("role", "model");
    });
    if let Some(finish) = finish {
        it.text("finishReason", finish_reason(finish));
    }
    it.count("index", u64::from(choice));
}
