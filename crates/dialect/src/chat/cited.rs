//! Sources on the web that an answer cites, read from every dialect's word for them.
//!
//! In the neutral conversation an annotation of kind `annotation` is one of OpenAI chat
//! (<https://platform.openai.com/docs/api-reference/chat/object>), and one of kind `citation` is
//! the provider's own JSON: Anthropic's `web_search_result_location`
//! (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>), Google's
//! `GroundingMetadata` and `CitationMetadata` (<https://ai.google.dev/api/generate-content>),
//! Cohere's `Citation` (<https://docs.cohere.com/reference/chat>) or Bedrock's
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html>).

mod desk;
mod wire;

use std::ops::Range;

pub(super) use desk::{Desk, Placed};

/// One source, and what of the text rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cited {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) span: Span,
}

/// What of a text rests on a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// All of it.
    Whole,
    /// From one character up to another.
    Chars(u64, u64),
    /// From one byte of its UTF-8 up to another (Google's count).
    Bytes(u64, u64),
}

/// What an annotation says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The sources that have an address.
    pub(super) cited: Vec<Cited>,
    /// Some have none, or nothing rests on them.
    pub(super) unplaced: bool,
    /// It says more than what was cited (Google's `searchEntryPoint`, the queries).
    pub(super) beside: bool,
}

impl Found {
    /// The names of what cannot be told by addresses and spans.
    pub(super) fn lost(&self) -> impl Iterator<Item = &'static str> {
        let citations = (self.unplaced || self.cited.is_empty()).then_some("citation");
        citations.into_iter().chain(self.beside.then_some("annotation"))
    }
}

/// The sources that an annotation names.
pub(super) fn read(kind: &str, json: &str) -> Found {
    match kind {
        "annotation" => wire::annotation(json),
        "citation" => wire::citation(json),
        _ => Found::default(),
    }
}

impl Cited {
    /// The bytes of `text` that rest on it: all of them where its figures fit no part of it.
    pub(super) fn range(&self, text: &str) -> Range<usize> {
        let byte = |chars: u64| {
            let chars = usize::try_from(chars).ok()?;
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().nth(chars)
        };
        let range = match self.span {
            Span::Whole => None,
            Span::Chars(from, to) => byte(from).zip(byte(to)),
            Span::Bytes(from, to) => usize::try_from(from).ok().zip(usize::try_from(to).ok()),
        };
        let range = range.map_or(0..text.len(), |(from, to)| from..to);
        if text.get(range.clone()).is_some() { range } else { 0..text.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_characters_or_bytes_and_odd_ones_are_the_whole() {
        let text = "añb";
        let range = |span| Cited { url: String::new(), title: String::new(), span }.range(text);
        assert_eq!(range(Span::Chars(1, 2)), 1..3);
        assert_eq!(range(Span::Chars(0, 3)), 0..4);
        assert_eq!(range(Span::Bytes(1, 3)), 1..3);
        for odd in [Span::Whole, Span::Chars(2, 9), Span::Bytes(2, 3), Span::Bytes(3, 1)] {
            assert_eq!(range(odd), 0..4);
        }
        assert_eq!(range(Span::Chars(u64::MAX, u64::MAX)), 0..4);
    }
}
