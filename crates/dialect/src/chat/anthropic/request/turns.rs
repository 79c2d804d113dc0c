//! Turns to messages, in the order that Anthropic demands.
//!
//! What the operator says before anything else becomes `system`. Turns of one role that follow
//! each other are one message. The results of an assistant's calls stand first in the message
//! right after it. The first message is the user's, and the last one, when it is the assistant's,
//! does not end in white space.

use super::blocks;
use super::message::{Messages, ending};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// A conversation laid out.
#[derive(Default)]
pub(super) struct Layout {
    /// Blocks of the system prompt.
    pub(super) system: Vec<Vec<u8>>,
    /// The messages.
    pub(super) messages: Messages,
    /// Tools that were called, each once, in order.
    pub(super) called: Vec<String>,
}

/// Lays out `turns`.
pub(super) fn lay_out(turns: &[Turn], losses: &mut Losses) -> Result<Layout, Malformed> {
    let mut desk = Desk { layout: Layout::default(), losses };
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
    desk.layout.messages.open_with_the_user(blocks::text(".", None), desk.losses);
    Ok(desk.layout)
}

impl Layout {
    /// Whether the conversation ends in results of calls that were made without thinking first:
    /// such a loop cannot go on with a thinking budget.
    pub(super) fn in_unthought_loop(&self) -> bool {
        self.messages.in_unthought_loop(|block| {
            block.starts_with(br#"{"type":"thinking""#)
                || block.starts_with(br#"{"type":"redacted_thinking""#)
        })
    }
}

/// The layout under way.
struct Desk<'l> {
    layout: Layout,
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
                let at = self.layout.messages.speaker(true);
                let id = self.layout.messages.ids.call(id, at);
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
                if let Some(last) = self.layout.messages.all.last_mut()
                    && blocks::attach(&mut last.blocks, part)
                {
                    return Ok(());
                }
                blocks::block(part, role, self.losses)?
            }
        };
        if let Some(block) = block {
            let at = self.layout.messages.speaker(role == Role::Assistant);
            self.layout.messages.all[at].blocks.push(block);
        }
        Ok(())
    }

    fn result(
        &mut self,
        client: &str,
        parts: &[Part],
        is_error: bool,
        cache: Option<&serde_json::value::RawValue>,
    ) -> Result<(), Malformed> {
        let place = self.layout.messages.place(client, self.losses);
        let Some((id, at)) = place else { return Ok(()) };
        let block = blocks::result(&id, parts, is_error, cache, self.losses)?;
        self.layout.messages.all[at].results.push(block);
        Ok(())
    }
}
