//! Messages of alternating roles, as Anthropic and Bedrock's Converse demand them.
//!
//! Their blocks are in the words of either: what is here is where they stand.

use super::ids::{Ids, fit};
use crate::chat::json::{each, object};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Severity};

/// A message: `results` stand before `blocks`.
pub(in crate::chat) struct Message {
    pub(in crate::chat) assistant: bool,
    pub(in crate::chat) results: Vec<Vec<u8>>,
    pub(in crate::chat) blocks: Vec<Vec<u8>>,
}

impl Message {
    /// Appends its JSON.
    fn write(&self, out: &mut Vec<u8>) {
        object(out, |message| {
            message.text("role", if self.assistant { "assistant" } else { "user" });
            message.list("content", self.all());
        });
    }

    /// About how many bytes that is.
    fn room(&self) -> usize {
        64 + self.all().map(|block| block.len() + 1).sum::<usize>()
    }

    fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.results.iter().chain(&self.blocks)
    }
}

/// The messages under way, and the calls in them.
#[derive(Default)]
pub(in crate::chat) struct Messages {
    /// Roles alternate.
    pub(in crate::chat) all: Vec<Message>,
    /// The calls.
    pub(in crate::chat) ids: Ids,
}

impl Messages {
    /// Appends them as a list.
    pub(in crate::chat) fn write(&self, out: &mut Vec<u8>) {
        each(out, &self.all, |out, message| message.write(out));
    }

    /// About how many bytes that is.
    pub(in crate::chat) fn room(&self) -> usize {
        self.all.iter().map(Message::room).sum()
    }

    /// The message that speaks for this side at the end: the last one, or a new one.
    pub(in crate::chat) fn speaker(&mut self, assistant: bool) -> usize {
        if self.all.last().is_none_or(|last| last.assistant != assistant) {
            self.all.push(Message { assistant, results: Vec::new(), blocks: Vec::new() });
        }
        self.all.len() - 1
    }

    /// The wire id of a result, and where it goes: to the message right after its call, wherever
    /// the client put it. One that answers no call stays where it is: the provider says what it
    /// thinks of it. `None`: its call has its result.
    pub(in crate::chat) fn place(
        &mut self,
        client: &str,
        losses: &mut Losses,
    ) -> Option<(String, usize)> {
        let (id, at) = match self.ids.answered(client) {
            Some(call) if call.message + 1 < self.all.len() => (call.id, call.message + 1),
            Some(call) => (call.id, self.speaker(false)),
            None => (fit(client), self.speaker(false)),
        };
        if !self.ids.first_answer(&id) {
            let reason = "a second result for one call";
            losses.note("messages[].tool_call_id", reason, Severity::Hint);
            return None;
        }
        Some((id, at))
    }

    /// Lets the user speak first, if they do not, with `full_stop` as a block.
    pub(in crate::chat) fn open_with_the_user(
        &mut self,
        full_stop: Option<Vec<u8>>,
        losses: &mut Losses,
    ) {
        if self.all.first().is_none_or(|first| first.assistant) {
            let reason = "the user must speak first: a full stop was put in their mouth";
            losses.note("messages[0]", reason, Severity::Hint);
            let blocks = full_stop.into_iter().collect();
            self.all.insert(0, Message { assistant: false, results: Vec::new(), blocks });
        }
    }

    /// Whether they end in results of calls that were made without thinking first: Claude refuses
    /// to go on with such a loop with a thinking budget.
    pub(in crate::chat) fn in_unthought_loop(&self, is_thought: fn(&[u8]) -> bool) -> bool {
        let [.., before, last] = &*self.all else { return false };
        let thought = before.blocks.first().is_some_and(|block| is_thought(block));
        !last.results.is_empty() && !thought
    }
}

/// The text that the conversation ends with, when it is the assistant's.
pub(in crate::chat) fn ending(turns: &[Turn]) -> Option<&Part> {
    let blank = |part: &&Part| matches!(part, Part::Text { text, .. } if text.trim().is_empty());
    let assistants = turns.iter().rev().take_while(|turn| turn.role == Role::Assistant);
    assistants
        .flat_map(|turn| turn.parts.iter().rev())
        .find(|part| !blank(part))
        .filter(|part| matches!(part, Part::Text { .. }))
}
