//! Turns to messages, in the order that Anthropic demands.
//!
//! What the operator says before anything else becomes `system`. Turns of one role that follow
//! each other are one message. The results of an assistant's calls stand first in the message
//! right after it. The first message is the user's, and the last one, when it is the assistant's,
//! does not end in white space.

use super::blocks;
use super::ids::{Ids, fit};
use crate::chat::json::{list, object};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// A conversation laid out.
#[derive(Default)]
pub(super) struct Layout {
    /// Blocks of the system prompt.
    pub(super) system: Vec<Vec<u8>>,
    /// The messages, roles alternating.
    pub(super) messages: Vec<Message>,
    /// Tools that were called, each once, in order.
    pub(super) called: Vec<String>,
}

/// A message: `results` stand before `blocks`.
pub(super) struct Message {
    assistant: bool,
    results: Vec<Vec<u8>>,
    blocks: Vec<Vec<u8>>,
}

/// Lays out `turns`.
pub(super) fn lay_out(turns: &[Turn], losses: &mut Losses) -> Result<Layout, Malformed> {
    let mut desk = Desk { layout: Layout::default(), ids: Ids::default(), losses };
    let operators = |turn: &&Turn| matches!(turn.role, Role::System | Role::Developer);
    let lead = turns.iter().take_while(operators).count();
    desk.system(&turns[..lead]);
    let ending = ending(turns);
    for turn in &turns[lead..] {
        if turn.name.is_some() {
            desk.losses.note("messages[].name", "no such field", Severity::Hint);
        }
        for part in &turn.parts {
            desk.part(part, turn.role, ending)?;
        }
    }
    desk.open_with_the_user();
    Ok(desk.layout)
}

impl Layout {
    /// Whether the conversation ends in results of calls that were made without thinking first:
    /// such a loop cannot go on with a thinking budget.
    pub(super) fn in_unthought_loop(&self) -> bool {
        let [.., before, last] = &*self.messages else { return false };
        let thought = |block: &Vec<u8>| {
            block.starts_with(br#"{"type":"thinking""#)
                || block.starts_with(br#"{"type":"redacted_thinking""#)
        };
        !last.results.is_empty() && !before.blocks.first().is_some_and(thought)
    }
}

impl Message {
    /// Its JSON.
    pub(super) fn render(&self) -> Vec<u8> {
        let blocks = || self.results.iter().chain(&self.blocks);
        let mut out = Vec::with_capacity(64 + blocks().map(|b| b.len() + 1).sum::<usize>());
        object(&mut out, |message| {
            message.text("role", if self.assistant { "assistant" } else { "user" });
            message.with("content", |out| list(out, blocks()));
        });
        out
    }
}

/// The layout under way.
struct Desk<'l> {
    layout: Layout,
    ids: Ids,
    losses: &'l mut Losses,
}

impl Desk<'_> {
    fn system(&mut self, turns: &[Turn]) {
        for part in turns.iter().flat_map(|turn| &turn.parts) {
            match part {
                Part::Text { text, cache } => {
                    self.layout.system.extend(blocks::text(text, cache.as_deref()));
                }
                _ => {
                    let reason = "the system prompt holds text only";
                    self.losses.note("messages[].content", reason, Severity::Meaning);
                }
            }
        }
    }

    fn part(&mut self, part: &Part, role: Role, ending: Option<&Part>) -> Result<(), Malformed> {
        let ends = ending.is_some_and(|ending| std::ptr::eq(ending, part));
        let block = match (part, role) {
            (Part::ToolResult { id, parts, is_error, cache, .. }, _) => {
                return self.result(id, parts, *is_error, cache.as_deref());
            }
            (Part::ToolCall { id, name, input, custom, seal, cache }, Role::Assistant) => {
                if seal.is_some() {
                    let reason = "the thought that it signs is not there";
                    self.losses.note("messages[].tool_calls[].signature", reason, Severity::Hint);
                }
                let at = self.message(true);
                let id = self.ids.call(id, at);
                if !self.layout.called.contains(name) {
                    self.layout.called.push(name.clone());
                }
                let cache = cache.as_deref();
                Some(blocks::call(&id, name, input, *custom, cache, self.losses))
            }
            (Part::Text { text, cache }, Role::System | Role::Developer) => {
                // Only models from Claude Opus 4.8 on take the system role here.
                let reason = "the operator's words between turns, carried as the user's";
                self.losses.note("messages[].role", reason, Severity::Hint);
                let words = text.trim();
                let words = format!("<system>\n{words}\n</system>");
                let blank = text.trim().is_empty();
                (!blank).then(|| blocks::text(&words, cache.as_deref())).flatten()
            }
            (Part::Text { text, cache }, _) if ends => {
                blocks::text(text.trim_end(), cache.as_deref())
            }
            _ => {
                if let Some(last) = self.layout.messages.last_mut()
                    && blocks::attach(&mut last.blocks, part)
                {
                    return Ok(());
                }
                blocks::block(part, role, self.losses)?
            }
        };
        if let Some(block) = block {
            let at = self.message(role == Role::Assistant);
            self.layout.messages[at].blocks.push(block);
        }
        Ok(())
    }

    /// A result goes to the message right after its call, wherever the client put it. One that
    /// answers no call stays where it is: the provider says what it thinks of it.
    fn result(
        &mut self,
        client: &str,
        parts: &[Part],
        is_error: bool,
        cache: Option<&serde_json::value::RawValue>,
    ) -> Result<(), Malformed> {
        let (id, at) = match self.ids.answered(client) {
            Some(call) if call.message + 1 < self.layout.messages.len() => {
                (call.id, call.message + 1)
            }
            Some(call) => (call.id, self.message(false)),
            None => (fit(client), self.message(false)),
        };
        if !self.ids.first_answer(&id) {
            let reason = "a second result for one call";
            self.losses.note("messages[].tool_call_id", reason, Severity::Hint);
            return Ok(());
        }
        let block = blocks::result(&id, parts, is_error, cache, self.losses)?;
        self.layout.messages[at].results.push(block);
        Ok(())
    }

    /// The message that speaks for this side at the end: the last one, or a new one.
    fn message(&mut self, assistant: bool) -> usize {
        let messages = &mut self.layout.messages;
        if messages.last().is_none_or(|last| last.assistant != assistant) {
            messages.push(Message { assistant, results: Vec::new(), blocks: Vec::new() });
        }
        messages.len() - 1
    }

    fn open_with_the_user(&mut self) {
        if self.layout.messages.first().is_none_or(|first| first.assistant) {
            let reason = "the user must speak first: a full stop was put in their mouth";
            self.losses.note("messages[0]", reason, Severity::Hint);
            let blocks = blocks::text(".", None).into_iter().collect();
            let opening = Message { assistant: false, results: Vec::new(), blocks };
            self.layout.messages.insert(0, opening);
        }
    }
}

/// The text that the conversation ends with, when it is the assistant's.
fn ending(turns: &[Turn]) -> Option<&Part> {
    let blank = |part: &&Part| matches!(part, Part::Text { text, .. } if text.trim().is_empty());
    let assistants = turns.iter().rev().take_while(|turn| turn.role == Role::Assistant);
    assistants
        .flat_map(|turn| turn.parts.iter().rev())
        .find(|part| !blank(part))
        .filter(|part| matches!(part, Part::Text { .. }))
}
