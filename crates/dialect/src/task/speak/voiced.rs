//! How an answer of sound begins, whoever makes it: the client's type and the carrier.

use std::borrow::Cow;

use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::carry::{Carrying, Lead, Out, Sounds};
use super::{Format, Speak};
use crate::error::Fault;
use crate::task::{Broken, Context, Reader, SaidHead, StreamAnswer, Streaming};

/// What is known of the answer before it begins.
pub(super) struct Voiced {
    pub(super) format: Format,
    pub(super) events: bool,
    pub(super) sounds: Sounds,
    /// What stands before the first sample.
    pub(super) lead: Lead,
    /// Characters of each request.
    pub(super) characters: Vec<u64>,
}

impl Voiced {
    /// For the pieces of a text, as `sounds` come.
    pub(super) fn reader(asked: &Speak, pieces: &[&str], sounds: Sounds, lead: Lead) -> Reader {
        let count = |piece: &&str| piece.chars().count() as u64;
        Reader::Stream(Box::new(Voiced {
            format: asked.format.clone(),
            events: asked.events,
            sounds,
            lead,
            characters: pieces.iter().map(count).collect(),
        }))
    }
}

impl StreamAnswer for Voiced {
    fn begin(self: Box<Self>, head: &SaidHead, _context: &Context) -> Result<Streaming, Fault> {
        let own = Some(&head.content_type).filter(|it| {
            // A provider that answers in another format than was asked for says so.
            self.sounds == Sounds::Bare && self.lead == Lead::None && it.starts_with("audio/")
        });
        let content_type = match (self.events, own) {
            (true, _) => Cow::Borrowed("text/event-stream"),
            (false, Some(own)) => Cow::Owned(own.clone()),
            (false, None) => Cow::Borrowed(self.format.media_type()),
        };
        let wavs = self.format == Format::Wav && self.lead == Lead::None;
        let out = if self.events { Out::Events } else { Out::Bytes };
        let broken = if self.events { Broken::Event } else { Broken::Abort };
        let carry = Carrying::new(self.sounds, self.lead, wavs, out, self.characters, head);
        let source = match self.sounds {
            Sounds::Bare => UsageSource::Counted,
            Sounds::Google => UsageSource::Provider,
        };
        Ok(Streaming { content_type, carry: Box::new(carry), broken, source })
    }
}

/// Characters, as they are counted here.
pub(super) fn spoken(characters: u64) -> Usage {
    Usage { characters, ..Usage::default() }
}
