//! An answer in one dialect, carried to a client that reads another: frames, events, frames.

use bytes::Bytes;

use super::form::Form;
use super::keep::{Anchor, Keeping, Kept};
use super::{Answer, Carried, Carry, KEPT_LOSSES, Seen, Unwrap, Whole, is_text, seals};
use crate::chat::{ChatEvent, Finish, ReadEvents, WriteEvents};
use crate::error::Fault;
use crate::frame::{Frames, Framing};
use crate::{ClientDialect, Dialect};

/// Carries a stream between two dialects.
pub struct Translate {
    reader: Box<dyn ReadEvents>,
    writer: Box<dyn WriteEvents>,
    crossing: Crossing,
    form: Form,
    /// What a body that is no stream begins with.
    openings: &'static [u8],
    frames: Frames,
    /// Read and not yet written; kept for its capacity.
    events: Vec<ChatEvent>,
    seen: Seen,
    finished: bool,
    ended: bool,
}

/// What becomes of an answer's events between two dialects, streamed or not.
struct Crossing {
    /// The provider's dialect.
    from: Dialect,
    /// Its name for the model, where its dialect does not repeat it.
    target_model: String,
    /// The client has a field for proofs and does not always send it back.
    forgets: bool,
    unwrap: Option<Unwrap>,
    keeping: Option<Keeping>,
}

impl Crossing {
    fn new(from: Dialect, to: ClientDialect, answer: &Answer) -> Crossing {
        Crossing {
            from,
            target_model: answer.target_model.clone(),
            // Gemini's command line drops thoughts, and the signatures on them, from what it
            // sends back.
            forgets: to == ClientDialect::Gemini,
            unwrap: answer.answer_tool.clone().map(Unwrap::new),
            keeping: answer.keep.then(Keeping::default),
        }
    }

    /// The event as the client's answer has it. `None`: it has no place there.
    fn event(&mut self, event: ChatEvent) -> Option<ChatEvent> {
        let mut event = match &mut self.unwrap {
            Some(unwrap) => unwrap.event(event)?,
            None => event,
        };
        if let Some(keeping) = &mut self.keeping {
            keeping.event(&event);
        }
        match &mut event {
            // An answer whose dialect does not say which model gave it says the target's.
            ChatEvent::Begin { model, .. } if model.is_empty() => {
                self.target_model.clone_into(model);
            }
            ChatEvent::Seal { seal, .. } => seals::mark(seal, self.from),
            _ => (),
        }
        Some(event)
    }

    /// What is to be kept for the client when all is written, and `losses` could not be.
    fn kept(&mut self, losses: &[&'static str]) -> Option<Box<(Anchor, Kept)>> {
        let lost = self.forgets || KEPT_LOSSES.iter().any(|name| losses.contains(name));
        let keeping = self.keeping.take().filter(|_| lost)?;
        keeping.finish(self.from).map(Box::new)
    }
}

impl Translate {
    /// From an upstream that speaks `from` to a client that speaks `to`.
    pub fn new(from: Dialect, to: ClientDialect, answer: &Answer) -> Translate {
        let (reader, writer) = (from.chat().reader(answer), to.chat().writer(answer));
        Translate::between(Crossing::new(from, to, answer), reader, writer)
    }

    /// From any reader to any writer.
    fn between(
        crossing: Crossing,
        reader: Box<dyn ReadEvents>,
        writer: Box<dyn WriteEvents>,
    ) -> Translate {
        let framing = crossing.from.chat().framing();
        Translate {
            reader,
            writer,
            crossing,
            form: Form::Unknown,
            openings: if framing == Framing::Lines { b"" } else { b"{" },
            frames: Frames::new(framing),
            events: Vec::new(),
            seen: Seen::default(),
            finished: false,
            ended: false,
        }
    }

    /// Reads what `chunk` completes. `Ok(true)`: the provider has said its last word.
    fn read(&mut self, chunk: Bytes) -> Result<bool, Fault> {
        let page = |_: &[u8]| web_page();
        let Some(chunk) = self.form.take(chunk, self.openings, page)? else { return Ok(false) };
        self.frames.push(chunk);
        while let Some(frame) = self.frames.next_frame()? {
            self.reader.frame(&frame, &mut self.events)?;
            if self.reader.done() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads what the upstream's end completes.
    fn read_end(&mut self) -> Result<(), Fault> {
        match &mut self.form {
            Form::Unknown => return Err(Fault::cut()),
            Form::Whole(body) => {
                self.reader.whole(body, &mut self.events)?;
                self.seen.repaired("not_streamed");
                return Ok(());
            }
            Form::Frames => {
                if let Some(frame) = self.frames.finish()? {
                    self.reader.frame(&frame, &mut self.events)?;
                }
            }
        }
        self.reader.end(&mut self.events)
    }

    /// Writes what was read; when that was the last, what ends the stream. Events before a fault
    /// still reach the client.
    fn write(&mut self, read: Result<bool, Fault>, out: &mut Carried) {
        let mut bytes = Vec::new();
        for event in self.events.drain(..) {
            let Some(event) = self.crossing.event(event) else { continue };
            self.seen.event(&event);
            self.finished |= matches!(event, ChatEvent::Finish { .. });
            self.writer.event(&event, &mut bytes);
        }
        let end = match read {
            Ok(false) => None,
            Ok(true) if !self.finished => Some(Err(Fault::cut())),
            Ok(true) => {
                self.writer.end(&mut bytes);
                Some(Ok(()))
            }
            Err(fault) => Some(Err(fault)),
        };
        self.ended = end.is_some();
        let losses = self.writer.losses();
        let known = self.seen.losses.len();
        self.seen.losses.extend(losses.iter().skip(known));
        if let Some(Ok(())) = end {
            self.seen.kept = self.crossing.kept(&self.seen.losses);
        }
        if !bytes.is_empty() {
            out.bytes.push(bytes.into());
        }
        out.end = end;
    }
}

impl Carry for Translate {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        let read = match self.read(chunk) {
            Ok(true) => self.reader.end(&mut self.events).map(|()| true),
            other => other,
        };
        self.write(read, out);
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        let read = self.read_end().map(|()| true);
        self.write(read, out);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// A whole answer in `from`, as `to` has it.
pub fn translate_whole(
    from: Dialect,
    to: ClientDialect,
    answer: &Answer,
    body: &[u8],
) -> Result<Whole, Fault> {
    if body.iter().find(|byte| is_text(byte)) == Some(&b'<') {
        return Err(web_page());
    }
    let mut events = Vec::new();
    from.chat().reader(answer).whole(body, &mut events)?;
    let mut crossing = Crossing::new(from, to, answer);
    let mut events: Vec<ChatEvent> =
        events.into_iter().filter_map(|event| crossing.event(event)).collect();
    let mut seen = Seen::default();
    events.iter().for_each(|event| seen.event(event));
    if !seen.semantic {
        return Err(Fault::unreadable("the provider's answer holds nothing"));
    }
    if !events.iter().any(|event| matches!(event, ChatEvent::Finish { .. })) {
        // The body is complete, or it would be no JSON: only the word for it is missing.
        events.push(ChatEvent::Finish { choice: 0, reason: Finish::Stop, stop: None });
        seen.repaired("finish_missing");
    }
    let mut writer = to.chat().writer(answer);
    let body = writer.whole(&events).into();
    let losses = writer.losses().to_vec();
    Ok(Whole {
        body,
        usage: seen.usage,
        content_bytes: seen.content_bytes,
        repairs: seen.repairs,
        kept: crossing.kept(&losses),
        losses,
    })
}

fn web_page() -> Fault {
    Fault::unreadable("the provider answered with a web page: its base URL may be wrong")
}

#[cfg(test)]
mod tests;
