//! An upstream's answer, read as events.
//!
//! The reason an answer ended is held until the stream ends: some servers repeat it in every chunk,
//! and sources may follow it. Google sends no end mark; the connection's end is one, if a reason
//! came by.

use serde_json::value::RawValue;

use super::super::error;
use super::super::usage::Tally;
use super::finish;
use super::parts::Lane;
use super::probabilities;
use super::wire::{Candidate, Chunk, Feedback};
use crate::carry::Answer;
use crate::chat::halves;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents};
use crate::error::Fault;
use crate::frame::Frame;

/// The state between chunks.
pub(in super::super) struct Reader {
    /// What tells apart the ids made for calls that have none.
    answer: String,
    begun: bool,
    lanes: Vec<Lane>,
    /// The prompt was refused, in these words.
    blocked: Option<String>,
    tally: Tally,
    told: Tally,
    ended: bool,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.ended || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        self.chunk(data, out).map(|_| ())
    }

    fn end(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let finished = self.lanes.iter().any(|lane| lane.finish.is_some());
        if !finished && self.blocked.is_none() {
            return Err(Fault::cut());
        }
        self.finish(out);
        Ok(())
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let mut ours = false;
        if body.trim_ascii_start().starts_with(b"[") {
            let items: Result<Vec<&RawValue>, _> = serde_json::from_slice(body);
            let Ok(items) = items else { return Err(error::not_an_answer(body)) };
            for item in items {
                ours |= self.chunk(item.get().as_bytes(), out)?;
            }
        } else {
            ours = self.chunk(body, out)?;
        }
        if !ours {
            return Err(error::not_an_answer(body));
        }
        self.finish(out);
        Ok(())
    }
}

impl Reader {
    /// A reader of the answer that is known here as `answer` says.
    pub(in super::super) fn new(answer: &Answer) -> Reader {
        Reader {
            answer: answer.id.clone(),
            begun: false,
            lanes: Vec::new(),
            blocked: None,
            tally: Tally::default(),
            told: Tally::default(),
            ended: false,
        }
    }

    /// Reads one chunk, and says whether it is of this grammar.
    fn chunk(&mut self, data: &[u8], out: &mut Vec<ChatEvent>) -> Result<bool, Fault> {
        let mut mended = String::new();
        let text = std::str::from_utf8(data).map_err(|_| error::not_an_answer(data))?;
        let Some(chunk) = halves::read::<Chunk<'_>>(text, &mut mended) else {
            return Err(error::not_an_answer(data));
        };
        if chunk.error.is_some() {
            return Err(error::fault(data));
        }
        let ours = chunk.is_ours();
        if ours && !std::mem::replace(&mut self.begun, true) {
            let id = chunk.response_id.clone().unwrap_or_default();
            let model = chunk.model_version.clone().unwrap_or_default();
            out.push(ChatEvent::Begin { id, model });
            // What the prompt cost, for grammars that say so first.
            self.report(chunk.usage_metadata, out);
        }
        for (at, candidate) in (0..).zip(chunk.candidates.unwrap_or_default()) {
            self.candidate(at, candidate, out)?;
        }
        if let Some(Feedback { block_reason: Some(_), block_reason_message }) =
            chunk.prompt_feedback
        {
            self.blocked = Some(block_reason_message.unwrap_or_default());
        }
        self.report(chunk.usage_metadata, out);
        Ok(ours)
    }

    fn candidate(
        &mut self,
        at: u32,
        candidate: Candidate<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let choice = candidate.index.unwrap_or(at);
        let place = match self.lanes.iter().position(|lane| lane.choice == choice) {
            Some(place) => place,
            None => {
                self.lanes.push(Lane::new(choice));
                self.lanes.len() - 1
            }
        };
        let lane = &mut self.lanes[place];
        for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            lane.part(part.get(), &self.answer, out)?;
        }
        let said = |json: Option<&RawValue>| {
            json.map(RawValue::get)
                .filter(|json| !matches!(*json, "{}" | "null"))
                .map(str::to_owned)
        };
        let sources = [said(candidate.grounding_metadata), said(candidate.citation_metadata)];
        for json in sources.into_iter().flatten() {
            lane.note("citation", json, out);
        }
        if let Some(json) = said(candidate.url_context_metadata) {
            lane.note("urlContextMetadata", json, out);
        }
        let probabilities = candidate.logprobs_result.and_then(|it| probabilities::read(it.get()));
        if let Some(json) = probabilities {
            lane.note("logprobs", json, out);
        }
        let Some(reason) = candidate.finish_reason else { return Ok(()) };
        if reason == "FINISH_REASON_UNSPECIFIED" || reason.is_empty() {
            return Ok(());
        }
        match finish(&reason, lane.called) {
            Some(finish) => lane.finish = Some(finish),
            None => {
                let message = candidate.finish_message.filter(|words| !words.is_empty());
                let message =
                    message.unwrap_or_else(|| format!("the model's answer failed: {reason}"));
                return Err(Fault::reported(Some(reason), message));
            }
        }
        Ok(())
    }

    /// Tells the newest figures, if there are new ones.
    fn report(&mut self, report: Option<&RawValue>, out: &mut Vec<ChatEvent>) {
        if let Some(report) = report {
            self.tally.add_json(report.get());
        }
        if self.tally != self.told {
            self.told = self.tally.clone();
            out.extend(self.tally.usage().map(ChatEvent::Usage));
        }
    }

    /// What is owed at the end.
    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.lanes.sort_by_key(|lane| lane.choice);
        for lane in &mut self.lanes {
            lane.close(out);
        }
        if let Some(words) = self.blocked.take().filter(|_| self.lanes.is_empty()) {
            let choice = 0;
            if !words.is_empty() {
                out.push(ChatEvent::Open { choice, index: 0, part: PartKind::Refusal });
                out.push(ChatEvent::Delta { choice, index: 0, text: words });
                out.push(ChatEvent::Close { choice, index: 0 });
            }
            out.push(ChatEvent::Finish { choice, reason: Finish::Refused, stop: None });
        }
        for lane in &self.lanes {
            let unsaid = if lane.called { Finish::ToolCalls } else { Finish::Stop };
            // A call may follow the chunk that said the answer stopped.
            let reason = match lane.finish {
                Some(Finish::Stop) | None => unsaid,
                Some(reason) => reason,
            };
            out.push(ChatEvent::Finish { choice: lane.choice, reason, stop: None });
        }
    }
}
