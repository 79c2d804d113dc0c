//! One tool call after the other.
//!
//! Clients add deltas without an id to the call that began last, so calls whose deltas come
//! interleaved end up in each other. A call is let through until its arguments are whole JSON;
//! frames of others wait until then. In a well-formed stream that is before the next call begins,
//! so none ever waits. Calls that cannot be told apart by index, or answered for lack of an id, are
//! given one.

use std::borrow::Cow;
use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::chat::json;
use crate::chat::openai::answer::wire;
use crate::chat::openai::progress::Progress;
use crate::chat::openai::splice::Splice;
use crate::error::Fault;
use crate::frame::LONGEST;
use crate::raw::RawObject;

/// The calls of an answer, choice by choice.
#[derive(Debug, Default)]
pub(super) struct Order(Vec<Choice>);

#[derive(Debug, Default)]
struct Choice {
    index: u32,
    calls: Vec<Call>,
    /// The call that is let through.
    current: Option<usize>,
    /// Frames that wait, in the order in which they came, each with its call.
    held: VecDeque<(usize, Bytes)>,
    held_bytes: usize,
}

#[derive(Debug, Default)]
struct Call {
    /// Its index on the provider's side; some send none, others the same for all.
    sent: Option<u32>,
    /// Its index on the client's side.
    shown: u32,
    id: String,
    progress: Progress,
    /// Another came after it.
    done: bool,
}

/// What becomes of a frame.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// It goes out as it came.
    pub(super) pass: bool,
    /// Frames that go out now, after it or in its place.
    pub(super) frames: Vec<Bytes>,
    /// What was done.
    pub(super) repairs: Vec<&'static str>,
    /// Bytes of arguments in it.
    pub(super) text: usize,
}

impl Order {
    /// Takes a frame with tool calls. `list` is their list within `payload`; `last` tells that the
    /// answer ends with this frame, so that nothing of it may wait.
    pub(super) fn take(
        &mut self,
        choice: u32,
        payload: &str,
        list: &str,
        last: bool,
    ) -> Result<Taken, Fault> {
        let at = match self.0.iter().position(|known| known.index == choice) {
            Some(at) => at,
            None => {
                self.0.push(Choice { index: choice, ..Choice::default() });
                self.0.len() - 1
            }
        };
        self.0[at].take(payload, list, last)
    }

    /// Lets everything through: the answer ends.
    pub(super) fn flush(&mut self) -> Taken {
        let mut taken = Taken::default();
        self.0.iter_mut().for_each(|choice| choice.release(true, &mut taken));
        taken
    }
}

impl Choice {
    fn take(&mut self, payload: &str, list: &str, last: bool) -> Result<Taken, Fault> {
        let unreadable = || Fault::unreadable("the provider sent tool calls that cannot be read");
        let deltas: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| unreadable())?;
        let mut taken = Taken::default();
        let mut placed = Vec::with_capacity(deltas.len());
        let waiting = !self.held.is_empty();
        for raw in deltas {
            let delta: wire::Call<'_> =
                serde_json::from_str(raw.get()).map_err(|_| unreadable())?;
            let (call, text) = self.place(raw.get(), &delta, payload, &mut taken);
            let goes = last || self.admits(call);
            if goes && waiting {
                taken.repairs.push("tool_calls_interleaved");
            }
            if goes && self.current != Some(call) {
                self.move_on(call);
            }
            placed.push((call, goes, text));
        }
        let all_go = placed.iter().all(|(_, goes, _)| *goes);
        taken.pass = all_go && placed.iter().all(|(_, _, text)| matches!(text, Cow::Borrowed(_)));
        if !taken.pass {
            self.split(placed, payload, list, &mut taken);
        }
        if self.held_bytes > LONGEST {
            return Err(Fault::unreadable("the provider sent tool calls that do not end"));
        }
        self.release(false, &mut taken);
        Ok(taken)
    }

    /// Finds the call that a delta is about, and what is to be written of the delta.
    fn place<'p>(
        &mut self,
        raw: &'p str,
        delta: &wire::Call<'_>,
        payload: &str,
        taken: &mut Taken,
    ) -> (usize, Cow<'p, str>) {
        let function = delta.custom.as_ref().or(delta.function.as_ref());
        let input = function.and_then(|function| function.arguments);
        let name = function.and_then(|function| function.name.as_deref()).unwrap_or_default();
        let id = delta.id.as_deref().unwrap_or_default();
        let found = self.find(delta.index, id, !name.is_empty());
        let at = found.unwrap_or_else(|| self.begin(delta.index, id));
        let text = wire::arguments(input);
        taken.text += text.len();
        let call = &mut self.calls[at];
        call.progress.push(&text);
        let mut splice = Splice::new(raw);
        if delta.index != Some(call.shown) {
            taken.repairs.push("tool_call_index");
            set(&mut splice, raw, "index", &call.shown.to_string());
        }
        if found.is_none() && id.is_empty() && !name.is_empty() {
            taken.repairs.push("tool_call_id");
            call.id = invent(payload, self.index, at);
            set(&mut splice, raw, "id", &quoted(&call.id));
        }
        if let Some(object) = input.map(RawValue::get).filter(|input| input.starts_with('{')) {
            taken.repairs.push("tool_arguments");
            splice.replace(part(raw, object), quoted(object));
        }
        (at, if splice.is_empty() { Cow::Borrowed(raw) } else { Cow::Owned(splice.apply()) })
    }

    fn find(&mut self, sent: Option<u32>, id: &str, named: bool) -> Option<usize> {
        if let Some(at) = self.calls.iter().rposition(|call| !id.is_empty() && call.id == id) {
            return Some(at);
        }
        let same = |call: &Call| sent.is_none() || call.sent == sent;
        let at = self.calls.iter().rposition(same)?;
        let call = &mut self.calls[at];
        if id.is_empty() {
            // A name after the end of the arguments begins another call.
            return (!named || !call.progress.is_whole()).then_some(at);
        }
        // The id comes late.
        call.id.is_empty().then(|| id.clone_into(&mut call.id)).map(|()| at)
    }

    fn begin(&mut self, sent: Option<u32>, id: &str) -> usize {
        let free = |index: &u32| self.calls.iter().all(|call| call.shown != *index);
        let next = self.calls.iter().map(|call| call.shown.saturating_add(1)).max().unwrap_or(0);
        let shown = sent.filter(free).unwrap_or(next);
        self.calls.push(Call { sent, shown, id: id.to_owned(), ..Call::default() });
        self.calls.len() - 1
    }

    /// Whether a delta of `call` may go out now. (Its own part of the arguments counts already.)
    fn admits(&self, call: usize) -> bool {
        match self.current {
            None => true,
            Some(current) if current == call || self.calls[call].done => true,
            Some(current) => self.calls[current].progress.is_whole() && self.held.is_empty(),
        }
    }

    fn move_on(&mut self, call: usize) {
        if self.calls[call].done {
            return;
        }
        if let Some(current) = self.current {
            self.calls[current].done = true;
        }
        self.current = Some(call);
    }

    /// Writes a frame anew: as one where all of it goes out, else one for each call.
    fn split(
        &mut self,
        placed: Vec<(usize, bool, Cow<'_, str>)>,
        payload: &str,
        list: &str,
        taken: &mut Taken,
    ) {
        let frame = |calls: &str| {
            let mut splice = Splice::new(payload);
            splice.replace(part(payload, list), format!("[{calls}]"));
            Bytes::from(format!("data: {}\n\n", splice.apply()))
        };
        if placed.iter().all(|(_, goes, _)| *goes) {
            let texts: Vec<&str> = placed.iter().map(|(_, _, text)| &**text).collect();
            taken.frames.push(frame(&texts.join(",")));
            return;
        }
        for (call, goes, text) in placed {
            let frame = frame(&text);
            if goes {
                taken.frames.push(frame);
            } else {
                self.held_bytes += frame.len();
                self.held.push_back((call, frame));
            }
        }
    }

    /// Lets the next calls through, as far as the current one has ended.
    fn release(&mut self, force: bool, taken: &mut Taken) {
        while let Some((next, _)) = self.held.front() {
            let next = *next;
            let ended = self.current.is_none_or(|current| self.calls[current].progress.is_whole());
            if !ended && !force {
                return;
            }
            self.move_on(next);
            let mut skipped = false;
            let held = std::mem::take(&mut self.held);
            for (call, frame) in held {
                if call == next {
                    if skipped {
                        taken.repairs.push("tool_calls_interleaved");
                    }
                    self.held_bytes -= frame.len();
                    taken.frames.push(frame);
                } else {
                    skipped = true;
                    self.held.push_back((call, frame));
                }
            }
        }
    }
}

/// Gives a member of an object a value, whether it is there or not.
fn set<'a>(splice: &mut Splice<'a>, object: &'a str, key: &str, json: &str) {
    let value = RawObject::of(object).ok().and_then(|read| read.raw(key));
    match value {
        Some(value) => splice.replace(part(object, value), json),
        None => splice.add(object, key, json),
    }
}

/// An id for a call that came without: the same however often it is made, and another in every
/// answer.
fn invent(payload: &str, choice: u32, call: usize) -> String {
    let id = RawObject::of(payload).ok().and_then(|chunk| chunk.string("id")?.ok());
    let plain: Vec<char> =
        id.iter().flat_map(|id| id.chars()).filter(char::is_ascii_alphanumeric).collect();
    let tail: String = plain[plain.len().saturating_sub(16)..].iter().collect();
    format!("call_{tail}_{choice}_{call}")
}

/// `inner`, which is a slice of `text`, as a slice of its lifetime.
fn part<'t>(text: &'t str, inner: &str) -> &'t str {
    let start = (inner.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    text.get(start..start.wrapping_add(inner.len())).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::quote(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
