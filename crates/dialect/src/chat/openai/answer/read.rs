//! An upstream's answer, streamed or whole, as events.

use super::lanes::{CallDelta, Lanes};
use super::wire::{self, Choice, Chunk, Message};
use crate::chat::openai::error;
use crate::chat::openai::usage::Report;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents};
use crate::error::Fault;
use crate::frame::Frame;

/// Reads one answer.
#[derive(Debug, Default)]
pub(in crate::chat::openai) struct Reader {
    begun: bool,
    /// Makes invented ids of calls differ from those of other answers.
    tail: String,
    done: bool,
    /// It called a function in the older form.
    pub(in crate::chat::openai) legacy: bool,
    choices: Vec<Lanes>,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return self.conclude(out);
        }
        if &frame.event[..] == b"error" {
            return Err(error::fault(data));
        }
        let chunk: Chunk<'_> = serde_json::from_slice(data)
            .map_err(|_| Fault::unreadable("the provider sent a frame that cannot be read"))?;
        if chunk.error.is_some() {
            return Err(error::fault(data));
        }
        self.chunk(chunk, out)
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let whole = !self.choices.is_empty() && self.choices.iter().all(|lanes| lanes.finished);
        if whole { Ok(()) } else { Err(Fault::cut()) }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(body) else {
            return Err(error::not_an_answer(body));
        };
        if chunk.error.is_some() || chunk.choices.as_ref().is_none_or(Vec::is_empty) {
            return Err(error::not_an_answer(body));
        }
        self.done = true;
        self.chunk(chunk, out)?;
        self.conclude(out)
    }
}

impl Reader {
    /// Ends what the provider did not: `[DONE]` says that the answer is whole, also where a server
    /// never says why it ended.
    fn conclude(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        for lanes in self.choices.iter_mut().filter(|lanes| !lanes.finished) {
            lanes.finish(out)?;
            let reason = if lanes.called { Finish::ToolCalls } else { Finish::Stop };
            out.push(ChatEvent::Finish { choice: lanes.choice, reason, stop: None });
        }
        Ok(())
    }

    fn chunk(&mut self, chunk: Chunk<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let choices = chunk.choices.unwrap_or_default();
        // A first chunk without choices (a content filter's report) may lack the id.
        if !self.begun && !choices.is_empty() {
            self.begun = true;
            let id = wire::string(chunk.id).unwrap_or_default();
            let model = wire::string(chunk.model).unwrap_or_default();
            let plain = id.chars().filter(char::is_ascii_alphanumeric).collect::<Vec<_>>();
            self.tail = plain[plain.len().saturating_sub(16)..].iter().collect();
            out.push(ChatEvent::Begin { id, model });
        }
        let mut finishes = Vec::new();
        for (at, choice) in (0..).zip(choices) {
            let finish = self.choice(choice.index.unwrap_or(at), choice, out)?;
            finishes.extend(finish);
        }
        out.extend(finishes);
        if let Some(usage) = chunk.usage.and_then(|raw| Report::read(raw.get().as_bytes())?.usage())
        {
            out.push(ChatEvent::Usage(usage));
        }
        Ok(())
    }

    fn choice(
        &mut self,
        index: u32,
        choice: Choice<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Option<ChatEvent>, Fault> {
        let at = match self.choices.iter().position(|lanes| lanes.choice == index) {
            Some(at) => at,
            None => {
                self.choices.push(Lanes::new(index));
                self.choices.len() - 1
            }
        };
        let lanes = &mut self.choices[at];
        if lanes.finished {
            // Some servers repeat the finish, or add an empty delta after it.
            return Ok(None);
        }
        if let Some(mut message) = choice.delta.or(choice.message) {
            if self.done {
                // The calls of a whole answer are told apart by their place.
                let calls = message.tool_calls.iter_mut().flatten();
                (0..).zip(calls).for_each(|(at, call)| call.index = Some(at));
            }
            self.legacy |= message.function_call.is_some();
            said(lanes, message, &self.tail, out)?;
        }
        if let Some(logprobs) = choice.logprobs {
            lanes.note("logprobs", logprobs.get(), out)?;
        }
        let Some(word) = choice.finish_reason.filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        let reason = finish(&word, lanes)?;
        lanes.finish(out)?;
        let stop = match reason {
            Finish::Stop => wire::string(choice.stop_reason),
            _ => None,
        };
        let reason = if stop.is_some() { Finish::StopSequence } else { reason };
        Ok(Some(ChatEvent::Finish { choice: index, reason, stop }))
    }
}

/// Takes in what a message or a delta says, in the order in which it is meant.
fn said(
    lanes: &mut Lanes,
    message: Message<'_>,
    tail: &str,
    out: &mut Vec<ChatEvent>,
) -> Result<(), Fault> {
    let (text, thought) = wire::said(message.content);
    // Some servers fill both names of the same reasoning.
    let reasoning = wire::string(message.reasoning_content).filter(|text| !text.is_empty());
    let reasoning = reasoning.or_else(|| wire::string(message.reasoning)).unwrap_or(thought);
    lanes.words(PartKind::Reasoning, &reasoning, out)?;
    lanes.words(PartKind::Text, &text, out)?;
    let refusal = wire::string(message.refusal).unwrap_or_default();
    lanes.words(PartKind::Refusal, &refusal, out)?;
    for note in message.annotations.unwrap_or_default() {
        lanes.note("annotation", note.get(), out)?;
    }
    for image in message.images.unwrap_or_default() {
        let url = image.image_url.and_then(|link| link.url).unwrap_or_default();
        if let Some((mime, base64)) =
            url.strip_prefix("data:").and_then(|url| url.split_once(";base64,"))
        {
            lanes.whole(PartKind::Image { mime: mime.to_owned() }, base64, out)?;
        } else {
            // One at an address: no other dialect's answers hold such.
            let json = serde_json::json!({ "image_url": { "url": url } }).to_string();
            lanes.whole(PartKind::Vendor { kind: "images".to_owned() }, &json, out)?;
        }
    }
    if let Some(audio) = message.audio {
        lanes.whole(PartKind::Vendor { kind: "audio".to_owned() }, audio.get(), out)?;
    }
    for call in message.tool_calls.unwrap_or_default() {
        let custom = call.custom.is_some();
        let function = call.custom.or(call.function);
        let delta = CallDelta {
            wire: call.index,
            id: call.id.as_deref().unwrap_or_default(),
            name: function.as_ref().and_then(|f| f.name.as_deref()).unwrap_or_default(),
            custom,
            text: &wire::arguments(function.as_ref().and_then(|f| f.arguments)),
        };
        lanes.call(&delta, tail, out)?;
    }
    if let Some(call) = message.function_call {
        let delta = CallDelta {
            wire: None,
            id: "",
            name: call.name.as_deref().unwrap_or_default(),
            custom: false,
            text: &wire::arguments(call.arguments),
        };
        lanes.call(&delta, tail, out)?;
    }
    Ok(())
}

/// Why the answer ended. Some servers say `stop` after tool calls, where clients of other dialects
/// would not run them; and a refusal in words ends with `stop` too.
fn finish(word: &str, lanes: &Lanes) -> Result<Finish, Fault> {
    Ok(match word {
        "length" | "max_tokens" => Finish::Length,
        "model_length" => Finish::ContextLength,
        "content_filter" | "safety" => Finish::Refused,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "error" | "insufficient_system_resource" | "network_error" => {
            let message = format!("the provider ended its answer with `{word}`");
            return Err(Fault::reported(Some(word.to_owned()), message));
        }
        _ if lanes.called => Finish::ToolCalls,
        _ if lanes.refused => Finish::Refused,
        _ => Finish::Stop,
    })
}
