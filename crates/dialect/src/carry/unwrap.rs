//! A tool that stands for the answer: the input of its call becomes the answer's text.
//!
//! Where a provider cannot be held to a JSON schema, a forced tool with that schema holds it. The
//! client asked for text and gets text.

use crate::chat::{ChatEvent, Finish, PartKind};

/// Turns calls of one tool into text, event by event.
#[derive(Debug)]
pub struct Unwrap {
    tool: String,
    /// The call that was opened as text: choice and index.
    open: Option<(u32, u32)>,
    /// An answer came by way of the tool, so the model stopped by itself.
    seen: bool,
}

impl Unwrap {
    /// For calls of `tool`.
    pub fn new(tool: String) -> Unwrap {
        Unwrap { tool, open: None, seen: false }
    }

    /// The event as the client's answer has it. `None`: it has no place there.
    pub fn event(&mut self, event: ChatEvent) -> Option<ChatEvent> {
        match event {
            ChatEvent::Open { choice, index, part: PartKind::ToolCall { name, .. } }
                if name == self.tool =>
            {
                self.open = Some((choice, index));
                self.seen = true;
                Some(ChatEvent::Open { choice, index, part: PartKind::Text })
            }
            // A signature of the call has no meaning without it.
            ChatEvent::Seal { choice, index, .. } if self.open == Some((choice, index)) => None,
            ChatEvent::Finish { choice, reason: Finish::ToolCalls, stop } if self.seen => {
                Some(ChatEvent::Finish { choice, reason: Finish::Stop, stop })
            }
            other => Some(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> ChatEvent {
        let part = PartKind::ToolCall { id: "c".into(), name: name.into(), custom: false };
        ChatEvent::Open { choice: 0, index: 1, part }
    }

    fn finish(reason: Finish) -> ChatEvent {
        ChatEvent::Finish { choice: 0, reason, stop: None }
    }

    #[test]
    fn the_input_of_the_answering_tool_is_the_text() {
        let mut unwrap = Unwrap::new("answer".into());
        let text = ChatEvent::Open { choice: 0, index: 1, part: PartKind::Text };
        assert_eq!(unwrap.event(call("answer")), Some(text));
        let delta = ChatEvent::Delta { choice: 0, index: 1, text: "{}".into() };
        assert_eq!(unwrap.event(delta.clone()), Some(delta));
        assert_eq!(unwrap.event(finish(Finish::ToolCalls)), Some(finish(Finish::Stop)));
    }

    #[test]
    fn other_tools_are_called_as_ever() {
        let mut unwrap = Unwrap::new("answer".into());
        assert_eq!(unwrap.event(call("search")), Some(call("search")));
        assert_eq!(unwrap.event(finish(Finish::ToolCalls)), Some(finish(Finish::ToolCalls)));
    }
}
