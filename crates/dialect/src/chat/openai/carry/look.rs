//! The one look that every frame of a passing stream gets: a walk over its structure that reads no
//! strings, allocates nothing and stops at anything out of the ordinary.

use std::ops::Range;

/// What a chunk holds, where it is of the form that clients expect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Look {
    /// Its only choice; `None`: the list is empty.
    pub(in crate::chat) choice: Option<u32>,
    /// Bytes of text, reasoning, refusal or older calls in its delta.
    pub(in crate::chat) text: usize,
    /// Where the list of its tool calls is, if it has any.
    pub(in crate::chat) calls: Option<Range<usize>>,
    /// The delta holds something that a client can tell the answer by.
    pub(in crate::chat) says: bool,
    /// It tells why the answer ended.
    pub(in crate::chat) finish: bool,
    /// Where its usage report is, if it has one.
    pub(in crate::chat) usage: Option<Range<usize>>,
    /// Where the name of its model is, quotes included.
    pub(in crate::chat) model: Option<Range<usize>>,
}

/// Looks at the JSON of one frame. `None`: a client may not expect it, so it must be read.
pub(super) fn look(payload: &[u8]) -> Option<Look> {
    let mut walk = Walk { text: payload, at: 0 };
    let mut look = Look::default();
    let mut listed = false;
    let mut more = walk.open(b'{', b'}')?;
    while more {
        match walk.key()? {
            b"choices" => {
                listed = true;
                choices(&mut walk, &mut look)?;
            }
            b"usage" => look.usage = walk.object_or_null()?,
            b"error" => walk.null()?,
            b"model" => {
                let start = walk.at;
                if walk.string().is_some() {
                    look.model = Some(start..walk.at);
                } else {
                    walk.null()?;
                }
            }
            _ => walk.skip()?,
        }
        more = walk.next(b'}')?;
    }
    walk.space();
    (listed && walk.at == payload.len()).then_some(look)
}

fn choices(walk: &mut Walk<'_>, look: &mut Look) -> Option<()> {
    if !walk.open(b'[', b']')? {
        return Some(());
    }
    let mut index = 0;
    let mut delta = false;
    let mut more = walk.open(b'{', b'}')?;
    while more {
        match walk.key()? {
            b"delta" => {
                delta = true;
                self::delta(walk, look)?;
            }
            b"index" => index = walk.number()?,
            b"finish_reason" => match walk.string() {
                Some(word) => look.finish |= !word.is_empty(),
                None => walk.null()?,
            },
            _ => walk.skip()?,
        }
        more = walk.next(b'}')?;
    }
    look.choice = Some(index);
    // Several choices in one chunk are read.
    (delta && !walk.next(b']')?).then_some(())
}

fn delta(walk: &mut Walk<'_>, look: &mut Look) -> Option<()> {
    let mut reasoning = 0;
    let mut more = walk.open(b'{', b'}')?;
    while more {
        match walk.key()? {
            b"role" => walk.skip()?,
            b"content" | b"refusal" => look.text += walk.text()?,
            // Some servers fill both names of the same reasoning.
            b"reasoning_content" | b"reasoning" => reasoning = reasoning.max(walk.text()?),
            b"tool_calls" => {
                let start = walk.at;
                walk.skip()?;
                if walk.text[start] == b'['
                    && !walk.text[start + 1..].trim_ascii_start().starts_with(b"]")
                {
                    look.calls = Some(start..walk.at);
                }
            }
            _ => {
                let start = walk.at;
                walk.skip()?;
                let empty = matches!(&walk.text[start..walk.at], b"null" | b"[]" | b"{}" | b"\"\"");
                look.says |= !empty;
                if walk.text[start] == b'{' && !empty {
                    look.text += walk.at - start;
                }
            }
        }
        more = walk.next(b'}')?;
    }
    look.text += reasoning;
    look.says |= look.text > 0 || look.calls.is_some();
    Some(())
}

/// A place in a JSON text.
struct Walk<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Walk<'t> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Goes into an object or a list; whether there is anything in it.
    #[inline]
    fn open(&mut self, open: u8, close: u8) -> Option<bool> {
        self.space();
        self.byte(open)?;
        self.space();
        Some(self.byte(close).is_none())
    }

    /// After a member: whether there is another.
    #[inline]
    fn next(&mut self, close: u8) -> Option<bool> {
        self.space();
        if self.byte(b',').is_some() {
            self.space();
            return Some(true);
        }
        self.byte(close).map(|()| false)
    }

    /// A key, up to its value.
    #[inline]
    fn key(&mut self) -> Option<&'t [u8]> {
        let key = self.string()?;
        self.space();
        self.byte(b':')?;
        self.space();
        Some(key)
    }

    /// The inside of a string, escapes and all.
    #[inline]
    fn string(&mut self) -> Option<&'t [u8]> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let mut at = start;
        // Most strings are too short for a search to be worth its call.
        let near = self.text.len().min(start + 24);
        loop {
            while at < near && !matches!(self.text[at], b'"' | b'\\') {
                at += 1;
            }
            if at >= near {
                at += memchr::memchr2(b'"', b'\\', self.text.get(at..)?)?;
            }
            if self.text[at] == b'"' {
                self.at = at + 1;
                return Some(&self.text[start..at]);
            }
            at += 2;
        }
    }

    /// The length of a string, or of nothing.
    #[inline]
    fn text(&mut self) -> Option<usize> {
        match self.string() {
            Some(text) => Some(text.len()),
            None => self.null().map(|()| 0),
        }
    }

    fn null(&mut self) -> Option<()> {
        self.text.get(self.at..)?.starts_with(b"null").then(|| self.at += 4)
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek()?.is_ascii_digit() {
            self.at += 1;
        }
        std::str::from_utf8(&self.text[start..self.at]).ok()?.parse().ok()
    }

    /// Where an object is.
    fn object_or_null(&mut self) -> Option<Option<Range<usize>>> {
        if self.peek()? != b'{' {
            return self.null().map(|()| None);
        }
        let start = self.at;
        self.skip()?;
        Some(Some(start..self.at))
    }

    /// Passes over a value.
    #[inline]
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.nested(),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                while !matches!(self.peek()?, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
                    self.at += 1;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => (),
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(json: &str) -> Option<Look> {
        look(json.as_bytes())
    }

    #[test]
    fn a_chunk_of_text_is_seen_through() {
        let json = r#"{"id":"x","model":"m","choices":[{"index":2,"delta":{"content":"a\"b"},"logprobs":null,"finish_reason":null}],"usage":null}"#;
        let look = see(json).unwrap();
        assert_eq!((look.choice, look.text, look.says, look.finish), (Some(2), 4, true, false));
        assert_eq!(&json[look.model.unwrap()], r#""m""#);
        assert_eq!(look.usage, None);
    }

    #[test]
    fn white_space_changes_nothing() {
        let json = "{ \"choices\" : [ { \"index\" : 0 , \"delta\" : { \"content\" : \"a\" } , \"finish_reason\" : \"stop\" } ] , \"usage\" : { \"a\" : [ 1 ] } } ";
        let look = see(json).unwrap();
        assert_eq!((look.text, look.finish), (1, true));
        assert_eq!(&json[look.usage.unwrap()], "{ \"a\" : [ 1 ] }");
    }

    #[test]
    fn a_role_or_nothing_says_nothing() {
        for delta in [
            r#"{"role":"assistant"}"#,
            r#"{"role":"assistant","content":"","refusal":null,"tool_calls":[]}"#,
            "{}",
            r#"{"content":null,"reasoning_content":"","function_call":null,"audio":{}}"#,
        ] {
            let look = see(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)).unwrap();
            assert!(!look.says && !look.finish && look.text == 0, "{delta}");
        }
    }

    #[test]
    fn whatever_a_client_can_tell_the_answer_by_is_seen() {
        for delta in [
            r#"{"content":"a"}"#,
            r#"{"refusal":"a"}"#,
            r#"{"reasoning":"a"}"#,
            r#"{"reasoning_content":"a"}"#,
            r#"{"tool_calls":[{"index":0}]}"#,
            r#"{"function_call":{"name":"f"}}"#,
            r#"{"audio":{"id":"a"}}"#,
        ] {
            let look = see(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)).unwrap();
            assert!(look.says, "{delta}");
        }
    }

    #[test]
    fn a_usage_chunk_has_no_choice() {
        let look = see(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#).unwrap();
        assert_eq!(look.choice, None);
        assert!(look.usage.is_some());
    }

    #[test]
    fn what_a_client_may_not_expect_must_be_read() {
        for json in [
            "",
            "{}",
            "null",
            "[1]",
            r#"{"choices":null}"#,
            r#"{"choices":{}}"#,
            r#"{"usage":{}}"#,
            r#"{"choices":[{}]}"#,
            r#"{"choices":[{"delta":null}]}"#,
            r#"{"choices":[{"delta":{"content":["a"]}}]}"#,
            r#"{"choices":[{"delta":{}},{"delta":{}}]}"#,
            r#"{"choices":[],"error":{}}"#,
            r#"{"choices":[],"usage":7}"#,
            r#"{"choices":[]}}"#,
            r#"{"choices":[]"#,
            r#"{"choices":[{"delta":{"content":"a"#,
            r#"{"choices":[{"delta":{"content":"a\"#,
        ] {
            assert_eq!(see(json), None, "{json}");
        }
    }
}
