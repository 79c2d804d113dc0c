//! Reads OpenAI's list of vectors, which most vendors give.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::vector::Vector;
use crate::error::Fault;
use crate::task::{Said, said};

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<Row<'a>>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<ListUsage>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
    #[serde(default)]
    index: Option<usize>,
}

/// What OpenAI's form says was consumed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct ListUsage {
    #[serde(default)]
    prompt_tokens: Option<f64>,
    #[serde(default)]
    total_tokens: Option<f64>,
    /// Voyage's, of its multimodal models.
    #[serde(default)]
    text_tokens: Option<f64>,
}

impl ListUsage {
    /// Whether both figures of OpenAI's are there.
    pub(super) fn is_complete(self) -> bool {
        self.prompt_tokens.is_some() && self.total_tokens.is_some()
    }

    /// In the one convention.
    pub(super) fn told(self) -> Told {
        // Servers that count nothing say 0: no text has no tokens at all.
        let some = |figure| said::figure(figure).filter(|it| *it > 0);
        let input = some(self.prompt_tokens).or(some(self.total_tokens));
        let texts = said::figure(self.text_tokens);
        let image_input = match (input, texts) {
            (Some(all), Some(texts)) => all.saturating_sub(texts),
            _ => 0,
        };
        Told { input, image_input, images: 0 }
    }
}

/// Reads the list; rows are put in the order of their `index`.
pub(super) fn read(said: &Said) -> Result<Rows, Fault> {
    let mut list: List<'_> = said::read(said, "vectors")?;
    list.data.sort_by_key(|row| row.index);
    let vectors = list.data.iter().map(|row| Vector::read(row.embedding.get()));
    Ok(Rows {
        vectors: vectors.collect::<Result<_, _>>()?,
        told: list.usage.unwrap_or_default().told(),
        model: list.model,
    })
}
