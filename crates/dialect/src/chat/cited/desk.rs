//! The texts of an answer and the sources under them, gathered until the places are known.

use super::{Cited, Found};

/// A source and its place among all the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) struct Placed {
    pub(in crate::chat) url: String,
    pub(in crate::chat) title: String,
    /// The first byte that rests on it.
    pub(in crate::chat) from: usize,
    /// The byte after the last.
    pub(in crate::chat) to: usize,
}

/// Gathers texts that follow each other and what they cite.
#[derive(Debug, Default)]
pub(in crate::chat) struct Desk {
    said: String,
    /// Where the newest text begins.
    begun: usize,
    waiting: Vec<Cited>,
}

impl Desk {
    /// A text begins.
    pub(in crate::chat) fn begin(&mut self) {
        self.begun = self.said.len();
    }

    /// It goes on.
    pub(in crate::chat) fn say(&mut self, text: &str) {
        self.said.push_str(text);
    }

    /// It cites something: its place is told when the text has ended.
    pub(in crate::chat) fn cite(&mut self, found: Found) {
        self.waiting.extend(found.cited);
    }

    /// It ended: what it cited, and where.
    pub(in crate::chat) fn settle(&mut self) -> Vec<Placed> {
        let (begun, text) = (self.begun, self.said.get(self.begun..).unwrap_or_default());
        let place = |cited: Cited| {
            let range = cited.range(text);
            let (from, to) = (begun + range.start, begun + range.end);
            Placed { url: cited.url, title: cited.title, from, to }
        };
        let placed = self.waiting.drain(..).map(place).collect();
        self.begun = self.said.len();
        placed
    }

    /// The words that rest on a source.
    pub(in crate::chat) fn words(&self, placed: &Placed) -> &str {
        self.said.get(placed.from..placed.to).unwrap_or_default()
    }

    /// Its place in characters.
    pub(in crate::chat) fn characters(&self, placed: &Placed) -> (u64, u64) {
        let before = |at: usize| self.said.get(..at).unwrap_or_default().chars().count() as u64;
        (before(placed.from), before(placed.to))
    }
}
