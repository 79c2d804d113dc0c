//! Streams whose events have names, passed on to a client of the same dialect.
//!
//! Runs of frames that are all content, which are nearly all, are told at a glance and go out as
//! the bytes they came in. The few other frames are looked into, each by its grammar ([`Named`]).

use bytes::Bytes;

use super::form::Form;
use super::{Answer, Carried, Carry, Seen};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::raw::RawObject;

/// What tells apart the grammars whose streams are passed on alike.
pub(crate) trait Named: Send {
    /// For the answer that `answer` describes.
    fn new(answer: &Answer) -> Self;

    /// How many bytes of content these frames bring, if all of them are frames of content as every
    /// client reads them.
    fn content(frames: &[u8]) -> Option<u64>;

    /// Whether these frames are all content; if so, it is counted.
    fn is_content(frames: &[u8], seen: &mut Seen) -> bool {
        let bytes = Self::content(frames);
        seen.semantic |= bytes.is_some();
        seen.content_bytes += bytes.unwrap_or(0);
        bytes.is_some()
    }

    /// What becomes of a frame that may be of any kind. The fault ends the answer; what came
    /// before the frame still goes out.
    fn frame(&mut self, frame: &Bytes, seen: &mut Seen) -> Result<Step, Fault>;

    /// A stream made of a whole body, and what went by in it.
    fn whole(&mut self, body: &Bytes, seen: &mut Seen) -> Result<Bytes, Fault>;

    /// What is missing of a stream that ended without its last event.
    fn end(&mut self, _seen: &mut Seen) -> Result<Bytes, Fault> {
        Err(Fault::cut())
    }

    /// The fault of a body that is no answer.
    fn not_an_answer(body: &[u8]) -> Fault;
}

/// What becomes of a frame.
pub(crate) enum Step {
    /// It goes out as it came.
    Keep,
    /// These go out in its place.
    Replace(Vec<Bytes>),
    /// It goes out, or these in its place, and it is the last.
    Last(Option<Vec<Bytes>>),
}

/// Carries one answer: the state between chunks.
pub(crate) struct Pass<N> {
    named: N,
    form: Form,
    splitter: Splitter,
    seen: Seen,
    ended: bool,
}

impl<N: Named> Pass<N> {
    /// Nothing went by yet.
    pub(crate) fn new(answer: &Answer) -> Pass<N> {
        Pass {
            named: N::new(answer),
            form: Form::Unknown,
            splitter: Splitter::default(),
            seen: Seen::default(),
            ended: false,
        }
    }

    fn take(&mut self, chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        let Some(chunk) = self.form.take(chunk, b"{", N::not_an_answer)? else { return Ok(()) };
        let runs = self.splitter.push(chunk)?;
        if self.splitter.normalised() {
            self.seen.repaired("crlf");
        }
        for run in runs {
            self.run(&run, out)?;
            if out.end.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Some whole frames. Those that stay as they are go out together, as slices of `run`.
    fn run(&mut self, run: &Bytes, out: &mut Carried) -> Result<(), Fault> {
        if N::is_content(run, &mut self.seen) {
            out.bytes.push(run.clone());
            return Ok(());
        }
        let mut done = 0;
        for frame in split::frames(run) {
            if N::is_content(&frame, &mut self.seen) {
                continue;
            }
            let start = frame.as_ptr() as usize - run.as_ptr() as usize;
            let end = start + frame.len();
            let (pieces, last) = match self.named.frame(&frame, &mut self.seen) {
                Ok(Step::Keep) => continue,
                Ok(Step::Replace(pieces)) => (Some(pieces), false),
                Ok(Step::Last(pieces)) => (pieces, true),
                Err(fault) => {
                    emit([run.slice(done..start)], out);
                    return Err(fault);
                }
            };
            emit([run.slice(done..if pieces.is_some() { start } else { end })], out);
            emit(pieces.into_iter().flatten(), out);
            done = end;
            if last {
                out.end = Some(Ok(()));
                return Ok(());
            }
        }
        emit([run.slice(done..)], out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match &mut self.form {
            Form::Unknown => return Err(Fault::cut()),
            Form::Whole(body) => {
                let body = body.split().freeze();
                out.bytes.push(self.named.whole(&body, &mut self.seen)?);
                return Ok(());
            }
            Form::Frames => (),
        }
        // The last frame may lack its blank line; half a frame is nothing.
        let tail = self.splitter.finish();
        let whole = |tail: &Bytes| {
            split::read(tail).is_some_and(|frame| RawObject::read(&frame.data).is_ok())
        };
        if let Some(tail) = tail.filter(whole) {
            self.seen.repaired("frame_break");
            self.run(&tail, out)?;
        }
        if out.end.is_none() {
            out.bytes.push(self.named.end(&mut self.seen)?);
        }
        Ok(())
    }
}

impl<N: Named> Carry for Pass<N> {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            out.end = Some(Err(fault));
        }
        self.ended = out.end.is_some();
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        self.ended = true;
        out.end = Some(self.finish(out));
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

fn emit(pieces: impl IntoIterator<Item = Bytes>, out: &mut Carried) {
    out.bytes.extend(pieces.into_iter().filter(|piece| !piece.is_empty()));
}
