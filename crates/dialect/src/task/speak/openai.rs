//! Speech by providers that speak OpenAI's grammar: the client's bytes go up, and sound or events
//! come back (<https://platform.openai.com/docs/api-reference/audio/createSpeech>).

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::Speak;
use super::carry::{Lead, Sounds, done};
use super::voiced::{Voiced, spoken};
use crate::Malformed;
use crate::carry::{Carried, Carry, Seen};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::raw::{Edits, RawObject};
use crate::task::{
    Broken, Callee, Context, Reader, SaidHead, StreamAnswer, Streaming, Wire, Written, error,
};

/// Characters that OpenAI takes at a time.
const MOST: u64 = 4_096;

/// # Errors
/// A text of several pieces in a format that cannot be joined.
pub(super) fn write(asked: &Speak, to: &Callee<'_>) -> Result<Written, Malformed> {
    let pieces = asked.pieces(to.facts, MOST)?;
    // Once, however many pieces there are.
    let object = RawObject::read(&asked.body)?;
    let (mut wires, mut edits) = (Vec::with_capacity(pieces.len()), Vec::new());
    for piece in &pieces {
        let mut changes = Edits::default();
        if asked.model != to.model {
            changes.set("model", Value::from(to.model).to_string(), "model");
        }
        if pieces.len() > 1 {
            changes.set("input", Value::from(*piece).to_string(), "input");
        }
        wires.push(Wire::json(changes.apply(&object, &asked.body)));
        edits = changes.names().cloned().collect();
    }
    let reader = Voiced::reader(asked, &pieces, Sounds::Bare, Lead::None);
    if !asked.events {
        return Ok(Written { wires, edits, reader });
    }
    let characters = pieces.iter().map(|piece| piece.chars().count() as u64).collect();
    let reader = Reader::Stream(Box::new(Evented { bare: reader, characters }));
    Ok(Written { wires, edits, reader })
}

/// Events, as the provider sends them; bare sound, if that is what it sends.
struct Evented {
    bare: Reader,
    characters: Vec<u64>,
}

impl StreamAnswer for Evented {
    fn begin(self: Box<Self>, head: &SaidHead, context: &Context) -> Result<Streaming, Fault> {
        if head.content_type != EVENTS {
            return match self.bare {
                Reader::Stream(bare) => bare.begin(head, context),
                Reader::Whole(_) => Err(Fault::unreadable("the provider's answer is no stream")),
            };
        }
        let carry = Events {
            characters: self.characters,
            splitter: Splitter::default(),
            part: 0,
            done: false,
            usage: Usage::default(),
            seen: Seen::default(),
            ended: false,
        };
        Ok(Streaming {
            content_type: Cow::Borrowed(EVENTS),
            carry: Box::new(carry),
            broken: Broken::Event,
            source: UsageSource::Provider,
        })
    }
}

const EVENTS: &str = "text/event-stream";

/// Passes events on; of several answers, only the last one's end.
struct Events {
    characters: Vec<u64>,
    splitter: Splitter,
    part: usize,
    /// The last event of this part went by.
    done: bool,
    usage: Usage,
    seen: Seen,
    ended: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Event<'a> {
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    audio: Cow<'a, str>,
    usage: Option<Tokens>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tokens {
    input_tokens: u64,
    output_tokens: u64,
}

impl Events {
    fn run(&mut self, run: &Bytes, out: &mut Carried) -> Result<(), Fault> {
        for frame in split::frames(run) {
            let Some(read) = split::read(&frame) else {
                out.bytes.push(frame);
                continue;
            };
            let event: Event<'_> = serde_json::from_slice(&read.data).unwrap_or_default();
            match &*event.r#type {
                "speech.audio.delta" => self.seen.semantic |= !event.audio.is_empty(),
                "speech.audio.done" => {
                    self.finished(event.usage);
                    if let Some(end) = self.last(frame) {
                        out.bytes.push(end);
                    }
                    continue;
                }
                _ if error::read(&read.data).is_some() => {
                    return Err(error::in_place_of_an_answer(&read.data));
                }
                _ => {}
            }
            out.bytes.push(frame);
        }
        Ok(())
    }

    fn finished(&mut self, tokens: Option<Tokens>) {
        self.done = true;
        match tokens.filter(|it| it.input_tokens + it.output_tokens > 0) {
            Some(it) => {
                self.usage.input += it.input_tokens;
                self.usage.output += it.output_tokens;
                self.usage.audio_output = self.usage.output;
            }
            None => {
                let characters = self.characters.get(self.part).copied().unwrap_or_default();
                self.usage.characters += spoken(characters).characters;
                self.seen.source = Some(UsageSource::Counted);
            }
        }
        self.seen.usage = Some(self.usage);
    }

    /// The end of all, if this is the end of the last part.
    fn last(&mut self, frame: Bytes) -> Option<Bytes> {
        let last = self.part + 1 >= self.characters.len();
        match (last, self.characters.len()) {
            (false, _) => None,
            (true, 1) => Some(frame),
            (true, _) => Some(done(&self.usage, &mut self.seen)),
        }
    }

    fn take(&mut self, chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        let runs: Vec<Bytes> = self.splitter.push(chunk)?.collect();
        runs.iter().try_for_each(|run| self.run(run, out))
    }

    /// A body ended: whether it was an answer.
    fn close(&mut self, out: &mut Carried) -> Result<(), Fault> {
        if let Some(tail) = self.splitter.finish() {
            self.run(&tail, out)?;
        }
        if !self.done {
            return Err(Fault::cut());
        }
        if !self.seen.semantic {
            return Err(Fault::unreadable("the provider answered without any sound"));
        }
        Ok(())
    }
}

impl Carry for Events {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            self.ended = true;
            out.end = Some(Err(fault));
        }
    }

    fn part(&mut self, head: &SaidHead, out: &mut Carried) {
        if self.ended {
            return;
        }
        let mut closed = self.close(out);
        if closed.is_ok() && head.content_type != EVENTS {
            closed = Err(Fault::unreadable("the provider's pieces of sound differ in their form"));
        }
        if let Err(fault) = closed {
            self.ended = true;
            out.end = Some(Err(fault));
            return;
        }
        self.part += 1;
        self.done = false;
        self.splitter = Splitter::default();
    }

    fn end(&mut self, out: &mut Carried) {
        if !self.ended {
            self.ended = true;
            out.end = Some(self.close(out));
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}
