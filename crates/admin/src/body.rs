//! What comes in and goes out: JSON whose errors name the field, pages, entity tags.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ETAG, IF_MATCH};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::IntoParams;
use wayleave_store::Listing;

use crate::error::Problem;
use crate::state::AdminState;

/// A JSON body. Unknown fields are refused by the types themselves.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AdminState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AdminState) -> Result<Body<T>, Problem> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes
            .map_err(|error| Problem::new(error.status(), "unreadable_body", error.body_text()))?;
        read(&bytes).map(Body)
    }
}

/// Reads JSON; an error names the field and never repeats a value of unknown meaning.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => Problem::field(
                if path == "." { String::new() } else { path },
                without_place(&inner.to_string()),
            ),
            _ => malformed(&inner),
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the body is not JSON: {error}"))
}

/// The message without its place, which the field says better, and without the value it quotes: a
/// secret may have been typed into the wrong field.
pub(crate) fn without_place(message: &str) -> String {
    let message = message.rfind(" at line ").map_or(message, |at| &message[..at]);
    match (message.find("string \""), message.rfind('"')) {
        (Some(from), Some(to)) if from + 8 <= to => {
            format!("{}string{}", &message[..from], &message[to + 1..])
        }
        _ => message.to_owned(),
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// At most so many items, 1 to 500; 50 if absent.
    pub(crate) limit: Option<u32>,
}

impl Paging {
    pub(crate) fn listing(self) -> Listing {
        Listing { cursor: self.cursor, limit: self.limit.unwrap_or(50) }
    }
}

/// A query string, whose unknown parameters are refused.
pub(crate) struct Search<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AdminState> for Search<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Search<T>, Problem> {
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        let read = read.map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "bad_query", error.body_text())
        })?;
        Ok(Search(read.0))
    }
}

/// The version that a change is meant for: `If-Match: "7"`; none takes what is there.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl FromRequestParts<AdminState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<IfMatch, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(IfMatch(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(IfMatch(None));
        }
        let number = text.strip_prefix("W/").unwrap_or(text).trim_matches('"').parse();
        let number = number.map_err(|_| {
            let detail = "If-Match wants the ETag of an earlier answer, like \"7\"";
            Problem::new(StatusCode::BAD_REQUEST, "bad_if_match", detail)
        })?;
        Ok(IfMatch(Some(number)))
    }
}

/// One thing with its version as entity tag.
pub(crate) struct Tagged<T>(pub(crate) T, pub(crate) i64);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.1)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// A new thing: 201.
pub(crate) struct Created<T>(pub(crate) T, pub(crate) i64);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Tagged(self.0, self.1).into_response();
        *response.status_mut() = StatusCode::CREATED;
        response
    }
}

/// Tells `null` from absent in a change: absent keeps, `null` clears.
pub(crate) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[serde(default, deserialize_with = "nullable")]
        base_url: Option<Option<String>>,
        #[serde(default)]
        #[allow(dead_code, reason = "only its type matters")]
        targets: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[allow(dead_code, reason = "only its type matters")]
        weight: u32,
    }

    #[test]
    fn an_error_names_the_field() {
        let problem = read::<Wish>(br#"{"targets":[{"weight":1},{"weight":"x"}]}"#).unwrap_err();
        assert_eq!(problem.errors[0].field, "targets[1].weight");
        assert_eq!(problem.errors[0].message, "invalid type: string, expected u32");
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(read::<Wish>(b"{").unwrap_err().code, "malformed");
        assert_eq!(read::<Wish>(b"{} {}").unwrap_err().code, "malformed");
    }

    #[test]
    fn null_clears_and_absent_keeps() {
        assert_eq!(read::<Wish>(b"{}").unwrap().base_url, None);
        assert_eq!(read::<Wish>(br#"{"base_url":null}"#).unwrap().base_url, Some(None));
        assert_eq!(
            read::<Wish>(br#"{"base_url":"u"}"#).unwrap().base_url,
            Some(Some("u".to_owned()))
        );
    }
}
