//! What a client gets of an operation that is no conversation.

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode, header};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::task::Spoken;
use wayleave_model::id::RequestId;
use wayleave_model::record::StreamEnd;

use super::Passing;
use crate::answer::{self, Abandoned, ClientBody};
use crate::pipeline::Notes;
use crate::trail::Trail;

/// An answer that has begun: from here on nothing is retried.
pub struct Began {
    /// The body.
    pub body: BeganBody,
    /// What stands in the head beside it.
    pub notes: Notes,
}

/// The body of an answer that has begun.
pub enum BeganBody {
    /// All of it, with the trail still to be closed: before the head goes out.
    Whole(Box<Spoken>, Trail),
    /// Bytes or events that pass, and close their own trail.
    Passing(Cow<'static, str>, Box<Passing>),
}

impl Began {
    /// The response. A whole answer is recorded before its head goes out.
    pub(super) fn respond(mut self, dialect: ClientDialect, id: RequestId) -> Response<ClientBody> {
        let mut response = match self.body {
            BeganBody::Whole(spoken, mut trail) => {
                self.notes.lose(&spoken.losses);
                trail.first_token();
                trail.spoke(&spoken);
                trail.close(200, StreamEnd::Done, None, None);
                let mut response = answer::json(StatusCode::OK, dialect, id, spoken.body);
                if !spoken.content_type.is_empty() {
                    of_type(&mut response, &spoken.content_type);
                }
                response
            }
            BeganBody::Passing(content_type, passing) => {
                let body = ClientBody::Passing(passing);
                let mut response = answer::head(StatusCode::OK, dialect, id, body);
                of_type(&mut response, &content_type);
                let headers = response.headers_mut();
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
                response
            }
        };
        answer::note(&mut response, &self.notes);
        response
    }
}

fn of_type(response: &mut Response<ClientBody>, content_type: &str) {
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
}

impl Abandoned for Began {
    /// Its client left before it was whole: it is recorded with what it consumed.
    fn abandoned(self) {
        if let BeganBody::Whole(spoken, mut trail) = self.body {
            trail.spoke(&spoken);
            trail.close(499, StreamEnd::ClientGone, Some("client_gone"), None);
        }
    }
}
