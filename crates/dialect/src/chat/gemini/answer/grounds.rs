//! What an answer says about itself beside its parts: its sources and its probabilities, in
//! Google's words (<https://ai.google.dev/api/generate-content#Candidate>).

use super::probabilities;
use crate::chat::cited::{self, Desk, Found, Placed};
use crate::chat::json::{self, Object, object};
use crate::chat::lost::Lost;

/// Gathered while the answer is written; they stand in its last chunk, as Google sends them.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    desk: Desk,
    placed: Vec<Placed>,
    probabilities: Vec<String>,
}

impl Grounds {
    /// A text begins.
    pub(super) fn begin(&mut self) {
        self.desk.begin();
    }

    /// It goes on.
    pub(super) fn say(&mut self, text: &str) {
        self.desk.say(text);
    }

    /// What [`read`] understood of it.
    pub(super) fn add(&mut self, said: Said) {
        match said {
            Said::Cited(found) => self.desk.cite(found),
            Said::Probable(json) => self.probabilities.push(json),
        }
    }

    /// The text ended.
    pub(super) fn settle(&mut self) {
        self.placed.extend(self.desk.settle());
    }

    /// Writes the candidate's fields, if it has any.
    pub(super) fn write(&self, it: &mut Object<'_>) {
        if !self.placed.is_empty() {
            it.nest("groundingMetadata", |grounding| self.sources(grounding));
        }
        probabilities::write(&self.probabilities, it);
    }

    /// Every source once, and the words that rest on each, placed by bytes.
    fn sources(&self, grounding: &mut Object<'_>) {
        let mut pages: Vec<&Placed> = Vec::new();
        let (mut chunks, mut supports) = (Vec::new(), Vec::new());
        for placed in &self.placed {
            let known = pages.iter().position(|page| page.url == placed.url);
            let at = known.unwrap_or_else(|| {
                pages.push(placed);
                chunks.push(page(placed));
                pages.len() - 1
            });
            let mut support = Vec::new();
            object(&mut support, |support| {
                support.nest("segment", |segment| {
                    segment.count("startIndex", placed.from as u64);
                    segment.count("endIndex", placed.to as u64);
                    segment.text("text", self.desk.words(placed));
                });
                support.list("groundingChunkIndices", [at.to_string()]);
            });
            supports.push(support);
        }
        grounding.list("groundingChunks", chunks).list("groundingSupports", supports);
    }
}

fn page(placed: &Placed) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |chunk| {
        chunk.nest("web", |web| {
            web.text("uri", &placed.url).text("title", &placed.title);
        });
    });
    out
}

/// An annotation that has a word here.
pub(super) enum Said {
    Cited(Found),
    Probable(String),
}

/// What of an annotation can be said; what cannot is noted.
pub(super) fn read(kind: &str, json: &str, lost: &mut Lost) -> Option<Said> {
    match kind {
        "annotation" | "citation" => {
            let found = cited::read(kind, json);
            if found.cited.is_empty() {
                lost.annotation(kind);
                return None;
            }
            found.lost().for_each(|kind| lost.annotation(kind));
            Some(Said::Cited(found))
        }
        "logprobs" if probabilities::says(json) => Some(Said::Probable(json.to_owned())),
        _ => {
            lost.annotation(kind);
            None
        }
    }
}
