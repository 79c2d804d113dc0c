//! Streams of providers that speak OpenAI's grammar, passed on as they come: partial pictures, then
//! the picture (<https://platform.openai.com/docs/api-reference/images-streaming>). A whole answer
//! where a stream was asked for becomes one.
//!
//! One event is as long as a picture, so none is ever held: what is kept of it are the beginnings
//! of its texts, which is enough to know what it is and what it says was consumed.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::usage::UsageSource;

use super::answer;
use super::passed::{Passed, Told, Wish};
use super::request::Request;
use super::scan::Scan;
use crate::carry::{Carried, Carry, Seen};
use crate::error::Fault;
use crate::task::{Broken, Context, ReadAnswer, Said, SaidHead, StreamAnswer, Streaming, error};

/// Bytes that wait until it is known what they begin: an error is shorter.
const HELD: usize = 32 << 10;
/// The most of a whole answer: pictures as OpenAI makes at once, and more.
const WHOLE: usize = 128 << 20;

/// Begins one.
pub(super) struct Events {
    wish: Wish,
    edit: bool,
}

impl Events {
    pub(super) fn of(request: &Request) -> Events {
        Events { wish: Wish::of(request), edit: request.edit }
    }
}

impl StreamAnswer for Events {
    fn begin(self: Box<Self>, head: &SaidHead, context: &Context) -> Result<Streaming, Fault> {
        let carry: Box<dyn Carry> = match head.content_type.as_str() {
            "text/event-stream" => Box::new(Passing::new(self.wish)),
            _ => Box::new(Whole {
                wish: self.wish,
                edit: self.edit,
                head: head.clone(),
                context: context.clone(),
                body: BytesMut::new(),
                seen: Seen::default(),
                ended: false,
            }),
        };
        let content_type = "text/event-stream".into();
        Ok(Streaming { content_type, carry, broken: Broken::Event, source: UsageSource::Provider })
    }
}

/// Events on their way.
struct Passing {
    wish: Wish,
    scan: Scan,
    /// The event's name so far, and its data.
    name: Vec<u8>,
    data: Vec<u8>,
    held: Vec<Bytes>,
    waiting: usize,
    images: u64,
    seen: Seen,
    ended: bool,
}

/// What is looked at of an event.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Event<'a> {
    r#type: String,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    b64_json: Option<&'a RawValue>,
}

impl Passing {
    fn new(wish: Wish) -> Passing {
        Passing {
            wish,
            scan: Scan::default(),
            name: Vec::new(),
            data: Vec::new(),
            held: Vec::new(),
            waiting: 0,
            images: 0,
            seen: Seen::default(),
            ended: false,
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            let name = std::mem::take(&mut self.name);
            return if data.is_empty() { Ok(()) } else { self.event(&name, &data) };
        }
        let value = |field: &[u8]| {
            let rest = line.strip_prefix(field)?;
            Some(rest.strip_prefix(b" ").unwrap_or(rest).to_vec())
        };
        if let Some(name) = value(b"event:") {
            // The picture itself need not be awaited.
            self.seen.semantic |= is_picture(&name);
            self.name = name;
        } else if let Some(data) = value(b"data:") {
            self.data.extend(data);
        }
        Ok(())
    }

    fn event(&mut self, name: &[u8], data: &[u8]) -> Result<(), Fault> {
        if data == b"[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data).unwrap_or_default();
        let kind = if event.r#type.is_empty() { name } else { event.r#type.as_bytes() };
        let errs = event.error.is_some_and(|it| it.get() != "null");
        if kind == b"error" || (errs && event.b64_json.is_none()) {
            return Err(error::in_place_of_an_answer(data));
        }
        self.seen.semantic |= is_picture(kind);
        if kind.ends_with(b".completed") {
            self.images += 1;
            let told: Told<'_> = serde_json::from_slice(data).unwrap_or_default();
            let (usage, source) = told.usage(self.images, &self.wish);
            // Each picture of several has an event and a report of its own.
            let sum = self.seen.usage.map_or(usage, |before| wayleave_model::Usage {
                input: before.input.saturating_add(usage.input),
                cached: before.cached.saturating_add(usage.cached),
                image_input: before.image_input.saturating_add(usage.image_input),
                output: before.output.saturating_add(usage.output),
                image_output: before.image_output.saturating_add(usage.image_output),
                ..usage
            });
            self.seen.usage = Some(sum);
            self.seen.source = Some(source);
        }
        Ok(())
    }

    /// Reads a chunk; what is wrong with it, and how much of it stood before that.
    fn look(&mut self, chunk: &[u8]) -> Result<(), (Fault, usize)> {
        let (mut at, mut sound) = (0, 0);
        while at < chunk.len() {
            let (used, ended) = self.scan.take(&chunk[at..]);
            at += used;
            if ended {
                let line = self.scan.end();
                self.line(&line).map_err(|fault| (fault, sound))?;
                if line.is_empty() {
                    sound = at;
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, chunk: Bytes, out: &mut Carried) {
        self.waiting += chunk.len();
        self.held.push(chunk);
        // No error is that long: it is a picture.
        self.seen.semantic |= self.waiting > HELD;
        if self.seen.semantic {
            out.bytes.append(&mut self.held);
        }
    }

    fn fail(&mut self, fault: Fault, out: &mut Carried) {
        self.ended = true;
        out.end = Some(Err(fault));
    }
}

impl Carry for Passing {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        match self.look(&chunk) {
            Ok(()) => self.pass(chunk, out),
            Err((fault, sound)) => {
                if self.seen.semantic && sound > 0 {
                    self.pass(chunk.slice(..sound), out);
                }
                self.fail(fault, out);
            }
        }
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        // The last event may have no empty line after it.
        let line = self.scan.end();
        let read = self.line(&line).and_then(|()| self.line(b""));
        if let Err(fault) = read {
            return self.fail(fault, out);
        }
        if self.images == 0 {
            return self.fail(Fault::cut(), out);
        }
        out.bytes.append(&mut self.held);
        self.ended = true;
        out.end = Some(Ok(()));
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

fn is_picture(kind: &[u8]) -> bool {
    kind.ends_with(b".partial_image") || kind.ends_with(b".completed")
}

/// A whole answer, held until its end.
struct Whole {
    wish: Wish,
    edit: bool,
    head: SaidHead,
    context: Context,
    body: BytesMut,
    seen: Seen,
    ended: bool,
}

impl Whole {
    fn events(&mut self) -> Result<Bytes, Fault> {
        let said = Said { head: self.head.clone(), body: self.body.split().freeze() };
        let passed = Box::new(Passed::with(Wish { form: None, ..self.wish.clone() }, said.clone()));
        let spoken = passed.end(&self.context)?;
        self.seen.usage = Some(spoken.usage);
        self.seen.source = Some(spoken.source);
        self.seen.repaired("not_streamed");
        answer::events_of(&said.body, self.edit, self.context.created, &spoken.usage)
    }
}

impl Carry for Whole {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if self.body.len() + chunk.len() > WHOLE {
            self.ended = true;
            out.end = Some(Err(Fault::unreadable("the provider's answer is too long")));
            return;
        }
        self.body.extend_from_slice(&chunk);
    }

    fn end(&mut self, out: &mut Carried) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        match self.events() {
            Ok(events) => {
                self.seen.semantic = true;
                out.bytes.push(events);
                out.end = Some(Ok(()));
            }
            Err(fault) => out.end = Some(Err(fault)),
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}
