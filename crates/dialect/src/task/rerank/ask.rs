//! A request for an order on its way to one target: its batches, and what stays behind.

use super::answer::{Counts, Joined, ReadRanks};
use super::request::{Document, RerankRequest};
use crate::json;
use crate::task::{Callee, Reader, Wire, Written};
use crate::{Losses, Malformed, Severity};

/// The most calls that are made of one request.
const MOST_CALLS: usize = 256;

/// A request on its way to one target.
pub(super) struct Ask<'a> {
    pub(super) request: &'a RerankRequest,
    pub(super) to: &'a Callee<'a>,
}

impl Ask<'_> {
    /// How many documents go into one call. A document's score does not depend on the others, so
    /// the orders of several calls make one.
    pub(super) fn batch(&self, documented: Option<usize>) -> Result<usize, Malformed> {
        let said = self.to.facts.max_batch.and_then(|most| usize::try_from(most).ok());
        let count = self.request.documents.len();
        let size = said.or(documented).unwrap_or(count).max(1);
        if count.div_ceil(size) > MOST_CALLS {
            return Err(Malformed::incapable(
                "documents",
                format!(
                    "this model takes {size} documents in a call, and {MOST_CALLS} calls are made \
                     of one request at most: send fewer documents"
                ),
            ));
        }
        Ok(size)
    }

    /// A wire for each batch; `body` writes one from the place of its first document.
    pub(super) fn wires(
        &self,
        size: usize,
        read: ReadRanks,
        counts: Counts,
        mut body: impl FnMut(usize, &[Document]) -> Result<Wire, Malformed>,
    ) -> Result<Written, Malformed> {
        let documents = &self.request.documents;
        let mut wires = Vec::with_capacity(documents.len().div_ceil(size));
        for (at, batch) in documents.chunks(size).enumerate() {
            wires.push(body(at * size, batch)?);
        }
        let sizes = documents.chunks(size).map(<[Document]>::len);
        let reader = Joined::new(read, sizes, counts, self.request);
        Ok(Written { wires, edits: Vec::new(), reader: Reader::Whole(Box::new(reader)) })
    }

    /// A batch's words as JSON strings.
    pub(super) fn texts(
        &self,
        first: usize,
        batch: &[Document],
    ) -> Result<Vec<Vec<u8>>, Malformed> {
        let quoted = |(at, document): (usize, &Document)| {
            let mut out = Vec::new();
            let words = document.words(|| format!("documents[{}]", first + at))?;
            json::quote(&mut out, words);
            Ok(out)
        };
        batch.iter().enumerate().map(quoted).collect()
    }

    /// The query's words.
    pub(super) fn query(&self) -> Result<&str, Malformed> {
        self.request.query.words(|| "query".to_owned())
    }

    /// Names what stays behind.
    pub(super) fn leave(&self, truncates: bool, limits: bool, losses: &mut Losses) {
        let request = self.request;
        if let Some((field, _)) = request.truncate.filter(|_| !truncates) {
            let reason = "the provider decides what is done with a long document";
            losses.note(field, reason, Severity::Meaning);
        }
        if request.max_tokens_per_doc.is_some() && !limits {
            let reason = "the provider decides how much of a document is read";
            losses.note("max_tokens_per_doc", reason, Severity::Meaning);
        }
        if request.user.is_some() {
            losses.note("user", "no such field", Severity::Hint);
        }
        for field in &request.rest {
            losses.note(field.clone(), "no such field", Severity::Meaning);
        }
    }
}
