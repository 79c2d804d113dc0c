//! A client's request for an order, written in the grammar of whoever is asked.

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::request::RerankRequest;
use super::{ask::Ask, bedrock, pass, tei, vertex, voyage};
use crate::task::{Callee, Consumes, Grammar, Question, Written};
use crate::{Losses, Malformed};

/// A request for an order.
pub(super) struct Reranking {
    pub(super) request: RerankRequest,
    /// As the client sent it.
    pub(super) body: Bytes,
}

/// Documents of one search, as vendors count them.
pub(super) const OF_A_SEARCH: u64 = 100;

/// Tokens from which on a document is counted as several
/// (<https://docs.cohere.com/docs/how-does-cohere-pricing-work>).
const OF_A_DOCUMENT: u64 = 500;

impl Question for Reranking {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn asked(&self) -> Asked {
        Asked {
            vision: self.request.documents.iter().any(|it| it.text.is_none()),
            bytes: self.body.len() as u64,
            estimated_input: self.request.tokens().0,
            ..Asked::default()
        }
    }

    fn end_user(&self) -> Option<&str> {
        self.request.user.as_deref()
    }

    fn consumes(&self, _facts: &ModelFacts) -> Consumes {
        let (about, most) = self.request.tokens();
        let sent = Usage { input: about, searches: self.request.searches(), ..Usage::default() };
        let searches = self.request.most_searches();
        Consumes { sent, most: Usage { input: most, searches, ..sent } }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        if to.facts.vision == Some(false) && self.asked().vision {
            return Err(Malformed::incapable("documents", "this model ranks texts only"));
        }
        let ask = Ask { request: &self.request, to };
        match to.grammar {
            Grammar::Jina | Grammar::OpenAi => pass::jina(&ask, &self.body),
            Grammar::Cohere => pass::cohere(&ask, &self.body, losses),
            Grammar::Voyage => voyage::write(&ask, losses),
            Grammar::Tei => tei::write(&ask, losses),
            Grammar::Bedrock => bedrock::write(&ask, losses),
            Grammar::VertexRanking => vertex::write(&ask, losses),
            _ => Err(Malformed::incapable("model", "this provider ranks no documents")),
        }
    }
}

/// The most tokens that one image is charged as: see the vectors' own.
const IMAGE_TOKENS: u64 = 30_000;

impl RerankRequest {
    /// Tokens: about, and at most. The query is read with each of the documents.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let (mut bytes, mut most) = (0_u64, 0_u64);
        let query = self.query.json.len() as u64;
        for document in &self.documents {
            let own = query + document.json.len() as u64;
            bytes += if document.text.is_some() { own } else { query };
            most += own + 4 + if document.text.is_some() { 0 } else { IMAGE_TOKENS };
        }
        (bytes.div_ceil(4), most)
    }

    /// Searches, where no document is long.
    pub(super) fn searches(&self) -> u64 {
        (self.documents.len() as u64).div_ceil(OF_A_SEARCH)
    }

    /// Searches, were each byte a token: a long document counts as several.
    fn most_searches(&self) -> u64 {
        let query = self.query.json.len() as u64;
        let room = OF_A_DOCUMENT.saturating_sub(query).max(1);
        let pieces = |bytes: usize| (bytes as u64).div_ceil(room).max(1);
        let pieces: u64 = self.documents.iter().map(|it| pieces(it.json.len())).sum();
        pieces.div_ceil(OF_A_SEARCH)
    }
}
