//! Refusals: every way a request can end without an answer, in the words of the error taxonomy.

use std::time::Duration;

use http::StatusCode;
use wayleave_dialect::error::{ErrorBody, Source};
use wayleave_dialect::{ClientDialect, Malformed};

/// A request that gets no answer. Rendered in the client's dialect by whoever ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the client is told.
    pub status: StatusCode,
    /// The code of the taxonomy, or the provider's own.
    pub code: String,
    /// One line: what is wrong and what to do.
    pub message: String,
    /// The field to blame.
    pub param: Option<String>,
    /// Who refused.
    pub source: Source,
    /// The provider's own status.
    pub provider_status: Option<u16>,
    /// The provider's own error type.
    pub provider_type: Option<String>,
    /// The provider's own id of the call, for `x-upstream-request-id`.
    pub upstream_request_id: Option<String>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The `Allow` header of a 405.
    pub allow: Option<&'static str>,
    /// The provider's body, to be passed on as it is: the caller's own mistake in its own dialect.
    pub verbatim: Option<bytes::Bytes>,
}

impl Refusal {
    /// One of ours.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code: code.to_owned(),
            message: message.into(),
            param: None,
            source: Source::Gateway,
            provider_status: None,
            provider_type: None,
            upstream_request_id: None,
            retry_after: None,
            allow: None,
            verbatim: None,
        }
    }

    /// A mistake in the request: 400, `invalid_request` unless it has a code of its own.
    pub fn bad_request(malformed: Malformed) -> Refusal {
        let code = malformed.code.unwrap_or("invalid_request");
        Refusal {
            param: malformed.param,
            ..Refusal::new(StatusCode::BAD_REQUEST, code, malformed.message)
        }
    }

    /// Something we need is away: 503, `dependency_unavailable`.
    pub fn dependency(message: impl Into<String>) -> Refusal {
        Refusal {
            retry_after: Some(Duration::from_secs(5)),
            ..Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "dependency_unavailable", message)
        }
    }

    /// As a client of that dialect is told it: Anthropic's has a status of its own for a provider
    /// that says it is overloaded.
    pub fn told_in(mut self, dialect: ClientDialect) -> Refusal {
        let overloaded = self.code == "overloaded" && self.provider_status == Some(529);
        if let (true, ClientDialect::AnthropicMessages, Ok(status)) =
            (overloaded, dialect, StatusCode::from_u16(529))
        {
            self.status = status;
        }
        self
    }

    /// With the field to blame.
    pub fn at(mut self, param: &str) -> Refusal {
        self.param = Some(param.to_owned());
        self
    }

    /// As the dialects render it.
    pub fn body(&self, request_id: String) -> ErrorBody {
        ErrorBody {
            status: self.status.as_u16(),
            code: self.code.clone(),
            message: self.message.clone(),
            param: self.param.clone(),
            source: self.source,
            provider_status: self.provider_status,
            provider_type: self.provider_type.clone(),
            request_id,
        }
    }
}
