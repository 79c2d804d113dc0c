//! Changes inside a JSON text, at any depth, that leave every other byte as it was.

use std::ops::Range;

/// A text and what is to change in it.
pub(in crate::chat) struct Splice<'a> {
    text: &'a str,
    cuts: Vec<(Range<usize>, String)>,
}

impl<'a> Splice<'a> {
    /// Nothing is to change yet.
    pub(in crate::chat) fn new(text: &'a str) -> Splice<'a> {
        Splice { text, cuts: Vec::new() }
    }

    /// Puts `with` in the place of `part`, which must be a slice of the text.
    pub(in crate::chat) fn replace(&mut self, part: &'a str, with: impl Into<String>) {
        let range = self.range(part);
        self.cuts.push((range, with.into()));
    }

    /// Adds a member at the beginning of `object`, which must be a slice of the text.
    pub(in crate::chat) fn add(&mut self, object: &'a str, key: &str, json: &str) {
        let at = self.range(object).start + 1;
        let empty =
            object[1..].trim_start().starts_with('}') && !self.cuts.iter().any(|c| c.0 == (at..at));
        let comma = if empty { "" } else { "," };
        // Cuts at one place go in as they were made, so the newest must come first.
        self.cuts.insert(0, (at..at, format!("\"{key}\":{json}{comma}")));
    }

    /// Whether the text stays as it is.
    pub(in crate::chat) fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// The changed text.
    pub(in crate::chat) fn apply(mut self) -> String {
        self.cuts.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(self.text.len() + 64);
        let mut done = 0;
        for (range, with) in &self.cuts {
            out.push_str(&self.text[done..range.start]);
            out.push_str(with);
            done = range.end;
        }
        out.push_str(&self.text[done..]);
        out
    }

    fn range(&self, part: &str) -> Range<usize> {
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        debug_assert!(start <= self.text.len(), "the part is of another text");
        let start = start.min(self.text.len());
        start..(start + part.len()).min(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_adds_at_any_depth() {
        let text = r#"{"a":{"b":1},"c":{}}"#;
        let mut splice = Splice::new(text);
        splice.replace(&text[10..11], "22");
        splice.add(&text[17..19], "d", "3");
        splice.add(&text[17..19], "e", "4");
        splice.add(&text[5..12], "f", "5");
        assert!(!splice.is_empty());
        assert_eq!(splice.apply(), r#"{"a":{"f":5,"b":22},"c":{"e":4,"d":3}}"#);
        assert_eq!(Splice::new(text).apply(), text);
    }
}
