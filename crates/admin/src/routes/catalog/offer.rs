//! A catalog as it is sent: its rows, or where they are.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_provider::catalog::{BadCatalog, Catalog, MAX_BYTES};

use crate::body::{read, without_place};
use crate::error::{FieldError, Problem};
use crate::state::AdminState;

/// Another catalog: an array of rows, or one of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Place {
    /// Fetched by the server, over https.
    url: Option<String>,
    /// The one that this version was built with.
    built_in: bool,
}

/// What was sent.
pub(crate) struct Offer(Bytes);

/// A catalog that was read.
pub(crate) struct Offered {
    pub(crate) catalog: Catalog,
    pub(crate) sha256: String,
    /// Where it is from; `None`: built in.
    pub(crate) source: Option<String>,
}

impl FromRequest<AdminState> for Offer {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AdminState) -> Result<Offer, Problem> {
        let bytes = Bytes::from_request(request, state).await;
        let unreadable = |error: axum::extract::rejection::BytesRejection| {
            Problem::new(error.status(), "unreadable_body", error.body_text())
        };
        bytes.map(Offer).map_err(unreadable)
    }
}

impl Offer {
    /// Reads it, after fetching it if it is elsewhere.
    pub(crate) async fn read(self, state: &AdminState) -> Result<Offered, Problem> {
        let begins = self.0.iter().find(|it| !it.is_ascii_whitespace());
        if begins != Some(&b'{') {
            return checked(self.0, "file".to_owned()).await;
        }
        match read::<Place>(&self.0)? {
            Place { url: Some(url), built_in: false } => {
                let fetched = state.fetch.fetch(&url, MAX_BYTES).await;
                let bytes = fetched.map_err(|why| Problem::field("url", why))?;
                checked(bytes, shown(&url).to_owned()).await
            }
            Place { url: None, built_in: true } => {
                let catalog = Catalog::built_in();
                let sha256 = catalog.digest().into_owned();
                Ok(Offered { catalog, sha256, source: None })
            }
            _ => {
                let why = "expected an array of rows, or either `url` or `built_in: true`";
                Err(Problem::field("", why))
            }
        }
    }
}

/// An address without its query, where people put secrets.
fn shown(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    &url[..end]
}

/// Up to 16 MiB are read row by row: not on a thread that serves others.
async fn checked(bytes: Bytes, source: String) -> Result<Offered, Problem> {
    let read = tokio::task::spawn_blocking(move || {
        Catalog::read(&bytes).map(|catalog| (catalog.digest().into_owned(), catalog))
    });
    let read = read.await.map_err(|error| Problem::internal(&error))?;
    let (sha256, catalog) = read.map_err(refused)?;
    Ok(Offered { catalog, sha256, source: Some(source) })
}

/// What is wrong, with the row (counted from 1 in words, from 0 in paths) and the field.
fn refused(error: BadCatalog) -> Problem {
    let detail = error.to_string();
    match error {
        BadCatalog::TooLarge(_) | BadCatalog::TooMany(_) => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", detail)
        }
        BadCatalog::NotAnArray(why) => {
            let detail = format!("a catalog is a JSON array of rows: {}", quiet(&why));
            Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
        }
        BadCatalog::Row { row, name, field, why } => {
            let why = without_place(&why);
            let named = if name.is_empty() { name } else { format!(" ({name})") };
            let path = if field == "." { String::new() } else { format!(".{field}") };
            let at = if field == "." { String::new() } else { format!(", {field}") };
            let detail = format!("row {row}{named}{at}: {why}");
            row_error(format!("[{}]{path}", row.saturating_sub(1)), why, detail)
        }
        BadCatalog::Twice { row, .. } => {
            let why = "this model is in the catalog already".to_owned();
            row_error(format!("[{}]", row.saturating_sub(1)), why, detail)
        }
    }
}

fn row_error(field: String, why: String, detail: String) -> Problem {
    Problem {
        errors: vec![FieldError::new(field, why)],
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }
}

/// The message without a value that it quotes: a file of secrets may have been sent by mistake.
fn quiet(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(from), Some(to)) if from < to => {
            format!("{}…{}", &message[..from], &message[to + 1..])
        }
        _ => message.to_owned(),
    }
}
