//! Puts the parts of one answer one after the other.
//!
//! On this dialect's wire text, reasoning and several calls may come interleaved. In events the
//! parts of a choice never overlap: what belongs to a later part waits until the earlier one is
//! complete, which for a call is when its arguments are whole JSON, and at the latest when the
//! answer ends.

use std::collections::VecDeque;

use crate::chat::openai::progress::Progress;
use crate::chat::{ChatEvent, PartKind};
use crate::error::Fault;

/// The parts of one choice.
#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) choice: u32,
    pub(super) finished: bool,
    pub(super) called: bool,
    pub(super) refused: bool,
    next: u32,
    calls: u32,
    live: Option<Lane>,
    waiting: VecDeque<Lane>,
    /// Calls that have ended.
    closed: Vec<CallKey>,
}

#[derive(Debug)]
struct Lane {
    kind: Kind,
    /// Its index once it is open.
    index: u32,
    /// What came before it could be opened.
    held: String,
    /// Annotations that came with it: kind and JSON.
    notes: Vec<(String, String)>,
}

#[derive(Debug)]
enum Kind {
    /// Text, reasoning or a refusal: may end any time.
    Words(PartKind),
    /// A part that is complete as it stands.
    Whole(PartKind),
    Call {
        key: CallKey,
        name: String,
        custom: bool,
        progress: Progress,
    },
}

/// How deltas name a call.
#[derive(Clone, Debug)]
struct CallKey {
    /// Its index on the wire; some servers send none, others the same for all.
    wire: Option<u32>,
    /// As sent, or invented.
    id: String,
    invented: bool,
}

/// More of a call.
pub(super) struct CallDelta<'d> {
    pub(super) wire: Option<u32>,
    pub(super) id: &'d str,
    pub(super) name: &'d str,
    pub(super) custom: bool,
    pub(super) text: &'d str,
}

impl Lanes {
    pub(super) fn new(choice: u32) -> Lanes {
        Lanes {
            choice,
            finished: false,
            called: false,
            refused: false,
            next: 0,
            calls: 0,
            live: None,
            waiting: VecDeque::new(),
            closed: Vec::new(),
        }
    }

    /// More text, reasoning or refusal.
    pub(super) fn words(
        &mut self,
        kind: PartKind,
        text: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        self.refused |= kind == PartKind::Refusal;
        let same = |lane: &Lane| matches!(&lane.kind, Kind::Words(open) if *open == kind);
        if self.waiting.is_empty() && self.live.as_ref().is_some_and(same) {
            self.delta(text.to_owned(), out);
            return Ok(());
        }
        match self.waiting.back_mut().filter(|lane| same(lane)) {
            Some(lane) => lane.held.push_str(text),
            None => self.waiting.push_back(Lane::new(Kind::Words(kind), text)),
        }
        self.advance(false, out)
    }

    /// A part that comes in one piece.
    pub(super) fn whole(
        &mut self,
        kind: PartKind,
        text: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        self.waiting.push_back(Lane::new(Kind::Whole(kind), text));
        self.advance(false, out)
    }

    /// Something about what was last said.
    pub(super) fn note(
        &mut self,
        kind: &str,
        json: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let note = (kind.to_owned(), json.to_owned());
        if let Some(lane) = self.waiting.back_mut() {
            lane.notes.push(note);
            return Ok(());
        }
        if let Some(lane) = &self.live {
            out.push(self.annotation(lane.index, note));
            return Ok(());
        }
        // About an answer that has not begun: the text it is about is still to come.
        let mut lane = Lane::new(Kind::Words(PartKind::Text), "");
        lane.notes.push(note);
        self.waiting.push_back(lane);
        self.advance(false, out)
    }

    /// More of a call. `tail` makes invented ids of different answers differ.
    pub(super) fn call(
        &mut self,
        delta: &CallDelta<'_>,
        tail: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        self.called = true;
        if let Some(lane) = self.live.as_mut().filter(|lane| lane.is(delta)) {
            lane.take(delta);
            if !delta.text.is_empty() {
                self.delta(delta.text.to_owned(), out);
            }
            return self.advance(false, out);
        }
        if let Some(lane) = self.waiting.iter_mut().rev().find(|lane| lane.is(delta)) {
            lane.take(delta);
            lane.held.push_str(delta.text);
            return self.advance(false, out);
        }
        if delta.name.is_empty() && self.closed.iter().any(|key| key.is(delta)) {
            return match delta.text.trim().is_empty() {
                true => Ok(()),
                false => Err(Fault::unreadable("the provider added to a tool call that had ended")),
            };
        }
        let invented = delta.id.is_empty();
        let id = match invented {
            true => format!("call_{tail}_{}_{}", self.choice, self.calls),
            false => delta.id.to_owned(),
        };
        self.calls += 1;
        let key = CallKey { wire: delta.wire, id, invented };
        let progress = Progress::default();
        let kind = Kind::Call { key, name: String::new(), custom: delta.custom, progress };
        let mut lane = Lane::new(kind, delta.text);
        lane.take(delta);
        self.waiting.push_back(lane);
        self.advance(false, out)
    }

    /// Nothing more comes: every part is opened and closed.
    pub(super) fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        self.finished = true;
        self.advance(true, out)?;
        self.close(out);
        Ok(())
    }

    /// Opens what waits, as far as what is open can end.
    fn advance(&mut self, force: bool, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        while let Some(next) = self.waiting.front() {
            let free = self.live.as_ref().is_none_or(Lane::may_end);
            if !force && (!free || !next.is_named()) {
                return Ok(());
            }
            let Some(mut lane) = self.waiting.pop_front() else { return Ok(()) };
            self.close(out);
            let Some(part) = lane.part() else {
                return Err(Fault::unreadable("the provider sent a tool call without a name"));
            };
            lane.index = self.next;
            self.next += 1;
            let (choice, index) = (self.choice, lane.index);
            out.push(ChatEvent::Open { choice, index, part });
            let (held, notes) = (std::mem::take(&mut lane.held), std::mem::take(&mut lane.notes));
            self.live = Some(lane);
            if !held.is_empty() {
                self.delta(held, out);
            }
            out.extend(notes.into_iter().map(|note| self.annotation(index, note)));
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<ChatEvent>) {
        let Some(lane) = self.live.take() else { return };
        out.push(ChatEvent::Close { choice: self.choice, index: lane.index });
        if let Kind::Call { key, .. } = lane.kind {
            self.closed.push(key);
        }
    }

    fn delta(&self, text: String, out: &mut Vec<ChatEvent>) {
        if let Some(lane) = &self.live {
            out.push(ChatEvent::Delta { choice: self.choice, index: lane.index, text });
        }
    }

    fn annotation(&self, index: u32, (kind, json): (String, String)) -> ChatEvent {
        ChatEvent::Annotation { choice: self.choice, index, kind, json }
    }
}

impl Lane {
    fn new(kind: Kind, held: &str) -> Lane {
        Lane { kind, index: 0, held: held.to_owned(), notes: Vec::new() }
    }

    fn part(&self) -> Option<PartKind> {
        match &self.kind {
            Kind::Words(part) | Kind::Whole(part) => Some(part.clone()),
            Kind::Call { name, .. } if name.is_empty() => None,
            Kind::Call { key, name, custom, .. } => {
                Some(PartKind::ToolCall { id: key.id.clone(), name: name.clone(), custom: *custom })
            }
        }
    }

    fn is_named(&self) -> bool {
        !matches!(&self.kind, Kind::Call { name, .. } if name.is_empty())
    }

    fn may_end(&self) -> bool {
        match &self.kind {
            Kind::Words(_) | Kind::Whole(_) => true,
            Kind::Call { progress, .. } => progress.is_whole(),
        }
    }

    /// Whether `delta` is about this call. One that is complete does not begin again: where a
    /// server gives neither ids nor indexes, a name after the end is another call.
    fn is(&self, delta: &CallDelta<'_>) -> bool {
        let Kind::Call { key, progress, .. } = &self.kind else { return false };
        let again = delta.id.is_empty() && !delta.name.is_empty() && progress.is_whole();
        key.is(delta) && !again
    }

    /// Learns what `delta` says of the call.
    fn take(&mut self, delta: &CallDelta<'_>) {
        if let Kind::Call { name, progress, .. } = &mut self.kind {
            if name.is_empty() {
                delta.name.clone_into(name);
            }
            progress.push(delta.text);
        }
    }
}

impl CallKey {
    fn is(&self, delta: &CallDelta<'_>) -> bool {
        let same_id = delta.id.is_empty() || self.invented || self.id == delta.id;
        let same_index = delta.wire.is_none() || self.wire == delta.wire;
        same_id && same_index
    }
}
