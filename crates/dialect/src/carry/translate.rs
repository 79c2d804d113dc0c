//! An answer in one dialect, carried to a client that reads another: frames, events, frames.

use bytes::{Buf, Bytes, BytesMut};

use super::keep::Keeping;
use super::{Answer, Carried, Carry, KEPT_LOSSES, Seen, Unwrap, Whole, is_text, seals};
use crate::chat::{ChatEvent, Finish, ReadEvents, WriteEvents};
use crate::error::Fault;
use crate::frame::{FrameTooLong, Frames, Framing, LONGEST};
use crate::{ClientDialect, Dialect};

/// Carries a stream between two dialects.
pub struct Translate {
    reader: Box<dyn ReadEvents>,
    writer: Box<dyn WriteEvents>,
    /// The provider's dialect.
    from: Dialect,
    /// Its name for the model, where its dialect does not repeat it.
    target_model: String,
    /// The client has a field for proofs and does not always send it back.
    forgets: bool,
    unwrap: Option<Unwrap>,
    keeping: Option<Keeping>,
    framing: Framing,
    form: Form,
    /// Read and not yet written; kept for its capacity.
    events: Vec<ChatEvent>,
    seen: Seen,
    finished: bool,
    ended: bool,
}

/// How the upstream answers.
enum Form {
    /// Nothing but white space yet.
    Unknown,
    /// With a stream, as it was asked to.
    Frames(Frames),
    /// With one JSON body: an error with a status of success, or an answer from a provider that
    /// cannot stream.
    Whole(BytesMut),
}

impl Translate {
    /// From an upstream that speaks `from` to a client that speaks `to`.
    pub fn new(from: Dialect, to: ClientDialect, answer: &Answer) -> Translate {
        let unwrap = answer.answer_tool.clone().map(Unwrap::new);
        let keeping = answer.keep.then(Keeping::default);
        let (reader, writer) = (from.chat().reader(answer), to.chat().writer(answer));
        let target_model = answer.target_model.clone();
        let forgets = forgets(to);
        let plain = Translate::between(from, reader, writer);
        Translate { target_model, forgets, unwrap, keeping, ..plain }
    }

    /// From any reader to any writer.
    fn between(
        from: Dialect,
        reader: Box<dyn ReadEvents>,
        writer: Box<dyn WriteEvents>,
    ) -> Translate {
        Translate {
            reader,
            writer,
            from,
            target_model: String::new(),
            forgets: false,
            unwrap: None,
            keeping: None,
            framing: from.chat().framing(),
            form: Form::Unknown,
            events: Vec::new(),
            seen: Seen::default(),
            finished: false,
            ended: false,
        }
    }

    /// Reads what `chunk` completes. `Ok(true)`: the provider has said its last word.
    fn read(&mut self, mut chunk: Bytes) -> Result<bool, Fault> {
        if matches!(self.form, Form::Unknown) {
            let start = chunk.iter().position(is_text).unwrap_or(chunk.len());
            chunk.advance(start);
            self.form = match chunk.first() {
                None => return Ok(false),
                Some(b'<') => return Err(web_page()),
                Some(b'{') if self.framing != Framing::Lines => Form::Whole(BytesMut::new()),
                Some(_) => Form::Frames(Frames::new(self.framing)),
            };
        }
        match &mut self.form {
            Form::Whole(body) if body.len() + chunk.len() > LONGEST => Err(FrameTooLong.into()),
            Form::Whole(body) => {
                body.extend_from_slice(&chunk);
                Ok(false)
            }
            Form::Frames(frames) => {
                frames.push(chunk);
                while let Some(frame) = frames.next_frame()? {
                    self.reader.frame(&frame, &mut self.events)?;
                    if self.reader.done() {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Form::Unknown => Ok(false),
        }
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
            Form::Frames(frames) => {
                if let Some(frame) = frames.finish()? {
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
            let event = match &mut self.unwrap {
                Some(unwrap) => unwrap.event(event),
                None => Some(event),
            };
            let Some(mut event) = event else { continue };
            if let Some(keeping) = &mut self.keeping {
                keeping.event(&event);
            }
            name(&mut event, &self.target_model);
            if let ChatEvent::Seal { seal, .. } = &mut event {
                seals::mark(seal, self.from);
            }
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
        let lost = self.forgets || KEPT_LOSSES.iter().any(|name| self.seen.losses.contains(name));
        if let (true, Some(Ok(())), Some(keeping)) =
            (lost, &end, self.keeping.take_if(|_| end.is_some()))
        {
            self.seen.kept = keeping.finish(self.from).map(Box::new);
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
    if let Some(tool) = &answer.answer_tool {
        let mut unwrap = Unwrap::new(tool.clone());
        events = events.into_iter().filter_map(|event| unwrap.event(event)).collect();
    }
    let mut keeping = Keeping::default();
    for event in &mut events {
        keeping.event(event);
        name(event, &answer.target_model);
        if let ChatEvent::Seal { seal, .. } = event {
            seals::mark(seal, from);
        }
    }
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
    let lost = forgets(to) || KEPT_LOSSES.iter().any(|name| losses.contains(name));
    let kept = if answer.keep && lost { keeping.finish(from).map(Box::new) } else { None };
    Ok(Whole {
        body,
        usage: seen.usage,
        content_bytes: seen.content_bytes,
        repairs: seen.repairs,
        losses,
        kept,
    })
}

/// Gemini's command line drops thoughts, and the signatures on them, from what it sends back.
fn forgets(client: ClientDialect) -> bool {
    client == ClientDialect::Gemini
}

/// An answer whose dialect does not say which model gave it says the target's.
fn name(event: &mut ChatEvent, target_model: &str) {
    if let ChatEvent::Begin { model, .. } = event
        && model.is_empty()
    {
        target_model.clone_into(model);
    }
}

fn web_page() -> Fault {
    Fault::unreadable("the provider answered with a web page: its base URL may be wrong")
}

#[cfg(test)]
mod tests;
