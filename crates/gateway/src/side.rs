//! Requests beside conversations: counts, stored responses, explanations. Each of a known key
//! leaves a row when it reached a provider or was refused.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::chat::Head;
use wayleave_dialect::raw::RawObject;
use wayleave_model::provider::Operation;

use crate::answer::{self, ClientBody};
use crate::count::Counting;
use crate::gateway::{Arrival, Gateway};
use crate::kept::Forgotten;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::stored::Wish;
use crate::surface::{self, Match, Stored, Surface};
use crate::world::KeyEntry;
use crate::{explain, intake, route};

impl Gateway {
    /// Counts a conversation's tokens.
    pub(crate) async fn counted(
        &self,
        request: Request<Incoming>,
        arrival: &Arrival,
        found: &Match,
        (dialect, path): (ClientDialect, &'static str),
    ) -> Result<Response<ClientBody>, Refusal> {
        let (parts, body) = request.into_parts();
        let key = self.caller(&parts.headers, &parts.uri).map_err(|it| it.refusal)?;
        let origin = Origin::new(arrival, parts.headers, Operation::CountTokens, dialect, path)
            .addressed(found, None);
        let (body, key) = self.whole(body, key, &origin).await?;
        let body = match self.recall(&key, &origin, body).await {
            Ok((body, _)) => body,
            Err(forgotten) => {
                let Forgotten { refusal, model } = *forgotten;
                self.trail_of(&key, &model, &origin).refused(&refusal);
                return Err(refusal);
            }
        };
        let model = match origin.model() {
            Some(model) => Ok(model.to_owned()),
            None => named(&body),
        };
        let mut trail = self.trail_of(&key, model.as_deref().unwrap_or_default(), &origin);
        let counted = async {
            let route = route::find(&key, &model?)?;
            trail.routed(route);
            let targets = route::order(route, &key.caller.environment, arrival.admitted, 0)?;
            let head = Head { model: Some(&route.name), ..Head::default() };
            let it = Counting { dialect, head, body: &body, headers: origin.headers() };
            self.count(&it, (route, &targets), &mut trail).await
        };
        match counted.await {
            Ok(counted) => {
                let mut response = answer::json(StatusCode::OK, dialect, arrival.id, counted.body);
                if counted.estimated {
                    let name = HeaderName::from_static("x-wayleave-estimated");
                    response.headers_mut().insert(name, HeaderValue::from_static("true"));
                }
                Ok(response)
            }
            Err(refusal) => {
                trail.refused(&refusal);
                Err(refusal)
            }
        }
    }

    /// Reads, cancels or deletes a stored response.
    pub(crate) async fn of_stored(
        &self,
        request: Request<Incoming>,
        arrival: &Arrival,
        (verb, id): (Stored, &str),
    ) -> Result<Response<ClientBody>, Refusal> {
        let dialect = ClientDialect::OpenAiResponses;
        let (parts, _) = request.into_parts();
        let key = self.caller(&parts.headers, &parts.uri).map_err(|it| it.refusal)?;
        let query = parts.uri.query().unwrap_or_default();
        let wish = Wish { verb, id, query, headers: &parts.headers };
        let operation = Operation::StoredResponse;
        let origin =
            Origin::new(arrival, parts.headers.clone(), operation, dialect, "/v1/responses/{id}");
        let mut trail = self.trail_of(&key, "", &origin);
        match self.stored(&key, &wish, &mut trail).await {
            Ok((body, upstream_id)) => {
                let mut response = answer::json(StatusCode::OK, dialect, arrival.id, body);
                let value = upstream_id.and_then(|it| HeaderValue::from_str(&it).ok());
                if let Some(value) = value {
                    let name = HeaderName::from_static("x-upstream-request-id");
                    response.headers_mut().insert(name, value);
                }
                Ok(response)
            }
            Err(refusal) => {
                trail.refused(&refusal);
                Err(refusal)
            }
        }
    }

    /// Says what would be sent where.
    pub(crate) async fn explained(
        self: &Arc<Self>,
        request: Request<Incoming>,
        arrival: &Arrival,
    ) -> Result<Response<ClientBody>, Refusal> {
        let (parts, body) = request.into_parts();
        let key = self.caller(&parts.headers, &parts.uri).map_err(|it| it.refusal)?;
        let read = intake::read(&parts.headers, body, self.settings.max_body).await;
        let body = read.map_err(|(refusal, _)| refusal)?;
        let question = explain::question(&body)?;
        let path = question.path.split('?').next().unwrap_or_default();
        let found = surface::find(&http::Method::POST, path).ok();
        let Some((found, Surface::Operation { operation, dialect, path })) =
            found.as_ref().map(|found| (found, found.surface))
        else {
            let message = format!(
                "`{}` is no path of a conversation: use one like /v1/chat/completions",
                question.path.chars().take(100).collect::<String>()
            );
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message);
            return Err(refusal.at("path"));
        };
        let asked = Bytes::copy_from_slice(question.body.get().as_bytes());
        let query = question.path.split_once('?').map(|it| it.1);
        let origin =
            Origin::new(arrival, parts.headers, operation, dialect, path).addressed(found, query);
        let recalled = self.recall(&key, &origin, asked).await;
        let (asked, memory) = recalled.map_err(|forgotten| forgotten.refusal)?;
        let mut prepared = self.prepare(&key, &origin, &asked, Arc::default())?;
        prepared.memory = memory;
        let explained = explain::explain(&prepared).await;
        // Nothing was sent and nothing refused: it is no request, and leaves no row.
        prepared.trail.forget();
        Ok(answer::json(StatusCode::OK, ClientDialect::OpenAiChat, arrival.id, explained))
    }

    /// Codex goes on over HTTP at once after this status, and after no other. It is told so also
    /// where a proxy on the way has taken the wish for an upgrade out of its request.
    pub(crate) fn no_socket(&self, version: Version, arrival: &Arrival) -> Response<ClientBody> {
        let message =
            format!("WebSockets are not served: POST to {}/v1/responses", self.settings.public_url);
        let refusal = Refusal::new(StatusCode::UPGRADE_REQUIRED, "unsupported_endpoint", message);
        let dialect = ClientDialect::OpenAiResponses;
        let mut response = answer::refusal(&refusal, dialect, arrival.id);
        // The protocol that would do (RFC 9110, sections 7.8 and 15.5.22): the one that was asked
        // for is not served. HTTP/2 has no such headers (RFC 9113, section 8.2.2).
        if version == Version::HTTP_11 {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("HTTP/1.1"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        response
    }

    async fn whole(
        &self,
        body: Incoming,
        key: KeyEntry,
        origin: &Origin,
    ) -> Result<(Bytes, KeyEntry), Refusal> {
        match intake::read(origin.headers(), body, self.settings.max_body).await {
            Ok(body) => Ok((body, key)),
            Err((refusal, rest)) => {
                self.trail_of(&key, "", origin).refused(&refusal);
                Err(match rest {
                    Some(rest) => intake::discard(rest, refusal).await,
                    None => refusal,
                })
            }
        }
    }
}

fn named(body: &[u8]) -> Result<String, Refusal> {
    let object = RawObject::read(body).map_err(Refusal::bad_request)?;
    let model = object.string("model").transpose().map_err(Refusal::bad_request)?;
    model.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        let message = "`model` is missing";
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message).at("model")
    })
}

/// The parameter of a query, still escaped.
pub(crate) fn parameter<'q>(query: Option<&'q str>, name: &str) -> Option<&'q str> {
    parameters(query.unwrap_or_default()).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The parameters of a query, still escaped.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter_map(|pair| pair.split_once('='))
}
