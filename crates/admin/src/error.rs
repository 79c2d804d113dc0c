//! What the API says when it cannot do what was asked: problem documents (RFC 9457).
//!
//! Which one to use: [`Problem::invalid`] for a body whose fields are wrong, [`Problem::not_found`]
//! for a thing that is not there, [`Problem::forbidden`] for one that this caller may not do.
//! Errors of the store turn into theirs by `?`. Each failure of ours is logged once, here.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_store::StoreError;

use crate::apply::CredentialProof;
use crate::view::ProofView;

/// A refusal. Written by the layer that knows the request's id.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What programs go by.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// The fields that are to blame.
    pub errors: Vec<FieldError>,
    /// Seconds after which it is worth another try.
    pub retry_after: Option<u64>,
    /// What was tried, where a credential was not proven.
    pub proof: Option<Box<ProofView>>,
    /// The same for each credential of a setup document that was not.
    pub proofs: Vec<CredentialProof>,
}

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Its path in the body, like `targets[1].model`.
    pub field: String,
    /// What is wrong and what to do. Never a secret's value.
    pub message: String,
    /// The field is right, but something else stands in its way.
    #[serde(skip)]
    pub conflict: bool,
}

/// A problem document as it is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The status in words.
    pub(crate) title: String,
    /// The status.
    pub(crate) status: u16,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    /// What programs go by.
    pub(crate) code: String,
    /// The fields that are to blame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
    /// What was tried, where a credential was not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<ProofView>,
    /// The same for each credential of a setup document that was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) proofs: Vec<CredentialProof>,
    /// Names this request in the log and in the audit.
    pub(crate) request_id: String,
}

impl FieldError {
    /// A field whose value is wrong.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), message: message.into(), conflict: false }
    }

    /// A field whose value something else stands in the way of.
    pub fn conflict(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { conflict: true, ..FieldError::new(field, message) }
    }

    /// The same, deeper in a document.
    pub fn under(self, path: &str) -> FieldError {
        FieldError { field: format!("{path}.{}", self.field), ..self }
    }
}

impl Problem {
    /// A problem with a code of its own.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            proof: None,
            proofs: Vec::new(),
        }
    }

    /// A body whose fields are wrong: 422, or 409 where they are right but something is in the way.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let conflict = !errors.is_empty() && errors.iter().all(|it| it.conflict);
        let (status, code) = if conflict {
            (StatusCode::CONFLICT, "conflict")
        } else {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        };
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            many => format!("{} things are wrong", many.len()),
        };
        let errors =
            if errors.len() == 1 && errors[0].field.is_empty() { Vec::new() } else { errors };
        Problem { errors, ..Problem::new(status, code, detail) }
    }

    /// One field that is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem::invalid(vec![FieldError::new(field, message)])
    }

    /// There is no such thing.
    pub fn not_found(noun: &str, what: &str) -> Problem {
        let what: String = what.chars().take(256).collect();
        Problem::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {noun} `{what}`"))
    }

    /// This caller may not do that.
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Something of ours failed; the log says what.
    pub fn internal(error: &dyn std::fmt::Display) -> Problem {
        tracing::error!(%error, "management request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed here: the server's log says what, under this request's id",
        )
    }

    pub(crate) fn document(self, request_id: &str) -> Response {
        let retry_after = match (self.retry_after, self.status) {
            (None, StatusCode::SERVICE_UNAVAILABLE) => Some(2),
            (seconds, _) => seconds,
        };
        let document = ProblemDocument {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code.to_owned(),
            errors: self.errors,
            proof: self.proof.map(|it| *it),
            proofs: self.proofs,
            request_id: request_id.to_owned(),
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let detail = error.to_string();
        match error {
            StoreError::NotFound { .. } => Problem::new(StatusCode::NOT_FOUND, "not_found", detail),
            StoreError::NameTaken { .. } => {
                Problem::new(StatusCode::CONFLICT, "name_taken", detail)
            }
            StoreError::SecretTaken { .. } => {
                Problem::new(StatusCode::CONFLICT, "secret_taken", detail)
            }
            StoreError::InUse { .. } => Problem::new(StatusCode::CONFLICT, "in_use", detail),
            StoreError::Stale { .. } => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
            }
            StoreError::Invalid { field, why } => Problem::field(field, why),
            StoreError::BadCursor => Problem::new(StatusCode::BAD_REQUEST, "bad_cursor", detail),
            StoreError::KekMissing { .. } | StoreError::BadKeyring(_) => {
                Problem::new(StatusCode::CONFLICT, "key_file", detail)
            }
            StoreError::BackupNeedsPgDump => {
                Problem::new(StatusCode::CONFLICT, "backup_needs_pg_dump", detail)
            }
            StoreError::File { .. } => Problem::new(StatusCode::CONFLICT, "file", detail),
            StoreError::Unavailable(_) => {
                tracing::warn!(error = %detail, "the database is unavailable");
                let detail = "the database cannot be reached now: try again later";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "dependency_unavailable", detail)
            }
            _ => Problem::internal(&detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_conflicts_make_a_conflict() {
        let conflict = || FieldError::conflict("providers[0]", "made by hand");
        assert_eq!(Problem::invalid(vec![conflict()]).status, StatusCode::CONFLICT);
        let mixed = vec![conflict(), FieldError::new("keys[0]", "wrong")];
        assert_eq!(Problem::invalid(mixed).status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_failure_of_the_database_is_not_the_callers_and_tells_no_internals() {
        let error = StoreError::Unreadable { noun: "key", why: "column `hunter2`".to_owned() };
        let problem = Problem::from(error);
        assert_eq!((problem.status.as_u16(), problem.code), (500, "internal"));
        assert!(!problem.detail.contains("hunter2"));
    }
}
