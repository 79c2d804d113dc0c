//! Answers of providers with a grammar of their own, read whole and written as OpenAI writes them.

use std::borrow::Cow;

use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::Transcribe;
use super::openai::by_length;
use super::transcript::Transcript;
use crate::error::Fault;
use crate::task::{Context, ReadAnswer, Reader, Said, Spoken, Wire, Written};

/// A transcript, and what the provider says that it consumed.
pub(super) struct Heard {
    pub(super) transcript: Transcript,
    pub(super) usage: Option<Usage>,
}

/// Reads a provider's answer.
pub(super) type Hear = fn(&[u8]) -> Result<Heard, Fault>;

/// One request, and the reader of its answer.
pub(super) fn written(asked: &Transcribe, wire: Wire, hear: Hear) -> Written {
    let reader = Translated { asked: asked.clone(), hear, heard: None };
    Written { wires: vec![wire], edits: Vec::new(), reader: Reader::Whole(Box::new(reader)) }
}

struct Translated {
    asked: Transcribe,
    hear: Hear,
    heard: Option<Heard>,
}

impl ReadAnswer for Translated {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        self.heard = Some((self.hear)(&said.body)?);
        Ok(())
    }

    fn end(self: Box<Self>, _context: &Context) -> Result<Spoken, Fault> {
        let heard = self.heard.ok_or_else(|| Fault::unreadable("the provider gave no answer"))?;
        let counted = || by_length(self.asked.length);
        let said = |usage| (usage, UsageSource::Provider);
        let (usage, source) = heard.usage.map_or_else(counted, said);
        let written = heard.transcript.write(&self.asked, &usage)?;
        Ok(Spoken {
            content_type: Cow::Borrowed(written.content_type),
            body: written.body.into(),
            usage,
            source,
            repairs: Vec::new(),
            losses: written.losses,
            fetch: Vec::new(),
        })
    }
}

/// Seconds as usage counts them; `None`: no length.
pub(super) fn seconds(seconds: Option<f64>) -> Option<Usage> {
    let whole = seconds.filter(|it| (0.0..1e9).contains(it)).map(|it| it.ceil() as u64)?;
    (whole > 0).then(|| Usage { audio_seconds: whole, ..Usage::default() })
}
