//! Turns to messages, in the order that Converse demands.
//!
//! What the operator says before anything else becomes `system`. Turns of one role that follow
//! each other are one message. The results of an assistant's calls stand first in the message
//! right after it, all of them. The first message is the user's, and the last one, when it is the
//! assistant's, does not end in white space. A document has words beside it.

use serde_json::value::RawValue;

use super::family::Family;
use super::names::{self, Documents};
use super::{blocks, media};
use crate::chat::anthropic::request::message::{Messages, ending};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// Words for a place where there must be some.
const FULL_STOP: &str = ".";

/// A conversation laid out.
#[derive(Default)]
pub(super) struct Layout {
    /// Blocks of the system prompt.
    pub(super) system: Vec<Vec<u8>>,
    /// The messages.
    pub(super) messages: Messages,
    /// Tools that were called, each once, in order.
    pub(super) called: Vec<String>,
    /// There are results, which demand that tools are defined.
    pub(super) answered: bool,
}

/// Lays out `turns` for a model of `family`.
pub(super) fn lay_out(
    turns: &[Turn],
    family: Family,
    losses: &mut Losses,
) -> Result<Layout, Malformed> {
    let mut desk =
        Desk { layout: Layout::default(), documents: Documents::default(), family, losses };
    let operators = |turn: &&Turn| matches!(turn.role, Role::System | Role::Developer);
    let lead = turns.iter().take_while(operators).count();
    desk.system(&turns[..lead]);
    let ending = ending(turns);
    for turn in &turns[lead..] {
        if turn.name.is_some() {
            desk.losses.note("messages[].name", "no such field", Severity::Hint);
        }
        for part in &turn.parts {
            let ends = ending.is_some_and(|ending| std::ptr::eq(ending, part));
            desk.part(part, turn.role, ends)?;
        }
    }
    desk.layout.messages.open_with_the_user(blocks::text(FULL_STOP), desk.losses);
    desk.put_words_beside_documents();
    Ok(desk.layout)
}

impl Layout {
    /// Whether the conversation ends in results of calls that were made without thinking first:
    /// Claude refuses to go on with such a loop with a thinking budget.
    pub(super) fn in_unthought_loop(&self) -> bool {
        self.messages.in_unthought_loop(blocks::is_thought)
    }
}

/// The layout under way.
struct Desk<'l> {
    layout: Layout,
    documents: Documents,
    family: Family,
    losses: &'l mut Losses,
}

impl Desk<'_> {
    fn system(&mut self, turns: &[Turn]) {
        for part in turns.iter().flat_map(|turn| &turn.parts) {
            let Part::Text { text, cache } = part else {
                self.lose("messages[].content", "the system prompt holds text only");
                continue;
            };
            let Some(block) = blocks::text(text) else { continue };
            self.layout.system.push(block);
            let point = self.point(cache.as_deref());
            self.layout.system.extend(point);
        }
    }

    fn part(&mut self, part: &Part, role: Role, ends: bool) -> Result<(), Malformed> {
        if let Part::ToolResult { id, parts, is_error, cache, .. } = part {
            return self.result(id, parts, *is_error, cache.as_deref());
        }
        let Some(block) = self.block(part, role, ends)? else { return Ok(()) };
        let point = self.point(mark(part));
        let at = self.layout.messages.speaker(role == Role::Assistant);
        let blocks = &mut self.layout.messages.all[at].blocks;
        blocks.push(block);
        blocks.extend(point);
        Ok(())
    }

    /// A part as a block; `None` when nothing of it goes up, which is noted where it is a loss.
    fn block(&mut self, part: &Part, role: Role, ends: bool) -> Result<Option<Vec<u8>>, Malformed> {
        let assistant = role == Role::Assistant;
        Ok(match part {
            Part::ToolCall { id, name, input, custom, seal, .. } if assistant => {
                if seal.is_some() {
                    let reason = "the thought that it signs is not there";
                    self.losses.note("messages[].tool_calls[].signature", reason, Severity::Hint);
                }
                let name = names::tool(name)?;
                let at = self.layout.messages.speaker(true);
                let id = self.layout.messages.ids.call(id, at);
                if !self.layout.called.iter().any(|called| called == name) {
                    self.layout.called.push(name.to_owned());
                }
                Some(blocks::call(&id, name, input, *custom, self.losses))
            }
            Part::Text { text, .. } if matches!(role, Role::System | Role::Developer) => {
                // Only some models take the system role here.
                let reason = "the operator's words between turns, carried as the user's";
                self.losses.note("messages[].role", reason, Severity::Hint);
                let words = text.trim();
                (!words.is_empty())
                    .then(|| blocks::text(&format!("<system>\n{words}\n</system>")))
                    .flatten()
            }
            Part::Text { text, .. } if ends => blocks::text(text.trim_end()),
            Part::Text { text, .. } => blocks::text(text),
            Part::Refusal(words) => {
                self.losses.note("messages[].refusal", "carried as text", Severity::Hint);
                blocks::text(words)
            }
            Part::Reasoning { text, seal } => {
                let taken = assistant && self.family.takes_thoughts();
                let seal = seal.as_ref().filter(|_| taken);
                let block = seal.and_then(|seal| blocks::thought(text, seal));
                if block.is_none() {
                    let reason = "reasoning that the model did not sign is refused";
                    self.losses.note("messages[].reasoning", reason, Severity::Hint);
                }
                block
            }
            Part::Image { .. } | Part::File { .. } | Part::Video { .. } | Part::Audio { .. }
                if assistant =>
            {
                self.lose("messages[].content", "the model's own turns hold no media");
                None
            }
            Part::Audio { media } => {
                let block = media::audio(media)?;
                self.lose_if(block.is_none(), "input_audio", "not a type that is taken");
                block
            }
            _ => self.medium(part)?,
        })
    }

    /// What may stand in a message of the user's and in a result.
    fn medium(&mut self, part: &Part) -> Result<Option<Vec<u8>>, Malformed> {
        Ok(match part {
            Part::Text { text, .. } => blocks::text(text),
            Part::Image { media, detail, .. } => {
                if detail.as_ref().is_some_and(|detail| detail != "auto") {
                    let path = "messages[].content[].detail";
                    self.losses.note(path, "no such field", Severity::Hint);
                }
                Some(media::image(media)?)
            }
            Part::File { media, name, .. } => {
                let name = name.as_deref();
                let block = media::document(media, name, &mut self.documents, self.losses)?;
                self.lose_if(block.is_none(), "file", "not a type that is taken");
                block
            }
            Part::Video { media } => {
                let block = media::video(media)?;
                self.lose_if(block.is_none(), "video", "not a type that is taken");
                block
            }
            Part::Audio { .. } => {
                self.lose_if(true, "input_audio", "a result holds no sound");
                None
            }
            Part::Vendor { kind, .. } => {
                self.lose_if(true, kind, "no such content block");
                None
            }
            _ => {
                self.lose("messages[].content", "a piece stands where none of its kind can");
                None
            }
        })
    }

    fn result(
        &mut self,
        client: &str,
        parts: &[Part],
        is_error: bool,
        cache: Option<&RawValue>,
    ) -> Result<(), Malformed> {
        let place = self.layout.messages.place(client, self.losses);
        let Some((id, at)) = place else { return Ok(()) };
        let mut inside = Vec::with_capacity(parts.len());
        for part in parts {
            inside.extend(self.medium(part)?);
        }
        // No point may stand inside a result: one that did stands behind it.
        let point = self.point(cache.or_else(|| parts.iter().rev().find_map(mark)));
        let block = blocks::result(&id, inside, is_error, self.family, self.losses);
        self.layout.answered = true;
        let results = &mut self.layout.messages.all[at].results;
        results.push(block);
        results.extend(point);
        Ok(())
    }

    fn point(&mut self, mark: Option<&RawValue>) -> Option<Vec<u8>> {
        blocks::cache_point(mark?, self.family, self.losses)
    }

    fn put_words_beside_documents(&mut self) {
        for message in &mut self.layout.messages.all {
            let any = |is: fn(&[u8]) -> bool| message.blocks.iter().any(|block| is(block));
            if any(blocks::is_document) && !any(blocks::is_text) {
                let reason = "a document needs words beside it: a full stop was added";
                self.losses.note("messages[].content", reason, Severity::Hint);
                message.blocks.extend(blocks::text(FULL_STOP));
            }
        }
    }

    fn lose_if(&mut self, lost: bool, kind: &str, reason: &'static str) {
        if lost {
            self.lose(&format!("messages[].content[].{kind}"), reason);
        }
    }

    fn lose(&mut self, path: &str, reason: &'static str) {
        self.losses.note(path, reason, Severity::Meaning);
    }
}

/// The prompt-cache mark on a part.
fn mark(part: &Part) -> Option<&RawValue> {
    match part {
        Part::Text { cache, .. }
        | Part::Image { cache, .. }
        | Part::File { cache, .. }
        | Part::ToolCall { cache, .. }
        | Part::ToolResult { cache, .. } => cache.as_deref(),
        _ => None,
    }
}
