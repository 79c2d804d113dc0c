//! Where a request comes from, and what its address says of it.

use std::net::IpAddr;

use http::HeaderMap;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::chat::Head;
use wayleave_model::id::RequestId;
use wayleave_model::provider::Operation;
use wayleave_model::time::Tick;

use crate::gateway::Arrival;
use crate::listing;
use crate::side::parameter;
use crate::surface::Match;

/// Where a request comes from.
pub(crate) struct Origin {
    pub(crate) id: RequestId,
    pub(crate) admitted: Tick,
    pub(crate) peer: IpAddr,
    pub(crate) headers: HeaderMap,
    pub(crate) operation: Operation,
    pub(crate) dialect: ClientDialect,
    /// As rows name it.
    pub(crate) path: &'static str,
    /// A stream is to be one JSON list.
    pub(crate) list: bool,
    model: Option<String>,
    stream: Option<bool>,
}

impl Origin {
    /// A request whose address says nothing of what is asked.
    pub(crate) fn new(
        arrival: &Arrival,
        headers: HeaderMap,
        operation: Operation,
        dialect: ClientDialect,
        path: &'static str,
    ) -> Origin {
        let (id, admitted, peer) = (arrival.id, arrival.admitted, arrival.peer);
        let (model, stream, list) = (None, None, false);
        Origin { id, admitted, peer, headers, operation, dialect, path, list, model, stream }
    }

    /// With what the address says: Gemini names the model there, and how the stream is framed.
    pub(crate) fn addressed(mut self, found: &Match, query: Option<&str>) -> Origin {
        if self.dialect == ClientDialect::Gemini {
            // A name that cannot be decoded is not found either.
            self.model = Some(listing::decoded(&found.rest).unwrap_or_else(|| found.rest.clone()));
            self.stream = found.stream;
            self.list = found.stream == Some(true) && parameter(query, "alt") != Some("sse");
        }
        self
    }

    /// What the address says.
    pub(crate) fn head(&self) -> Head<'_> {
        Head { model: self.model.as_deref(), stream: self.stream, list: self.list }
    }

    /// The model that the address names.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The client's headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}
