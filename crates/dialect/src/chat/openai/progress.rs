//! Tells when the pieces of a call's arguments add up to one whole JSON object: then, and not
//! before, another call may follow it.

/// How far a JSON text that comes in pieces has got.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Progress {
    /// Takes the next piece of the text itself.
    pub(super) fn push(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
    }

    /// Whether an object or a list has ended. A text that is neither is never whole.
    pub(super) fn is_whole(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }

    fn byte(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => (),
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.begun = true;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_at_its_last_bracket_and_not_before() {
        let text = r#" {"a":[1,{"b":"}\"}\\"}],"c":{}}"#;
        let mut progress = Progress::default();
        for (at, char) in text.char_indices() {
            assert!(!progress.is_whole(), "whole at {at}");
            progress.push(&char.to_string());
        }
        assert!(progress.is_whole());
    }

    #[test]
    fn nothing_and_plain_values_are_never_whole() {
        for text in ["", "  ", "7", "\"x\"", "{", "[[]"] {
            let mut progress = Progress::default();
            progress.push(text);
            assert!(!progress.is_whole(), "{text}");
        }
    }
}
