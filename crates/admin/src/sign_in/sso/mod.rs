//! Single sign-on with OpenID Connect: the authorization code flow with PKCE, state and nonce.
//!
//! The protocol is the `openidconnect` crate's; here is what it leaves to its users:
//!
//! - Only asymmetric signatures count, whatever the issuer's own document allows: `none` and the `HS`
//!   family are refused.
//! - State, nonce and verifier are made from one random secret, which stands in a cookie of the
//!   browser that began, with the time at which it ends. So an answer counts in that browser, once the
//!   issuer's code is used, and for ten minutes.
//! - The issuer's document and keys are kept for ten minutes. A token under a key that is not among
//!   them has them read again, once a minute at most.
//! - A person is known by issuer and subject, not by their address; an address that the issuer has
//!   verified leads to the person who has it here, once.

pub(crate) mod config;
pub(crate) mod exchange;
mod flow;
pub(crate) mod groups;
pub(crate) mod people;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use openidconnect::IssuerUrl;
use openidconnect::core::CoreProviderMetadata;
use wayleave_model::Timestamp;

pub(crate) use flow::{Answer, CALLBACK, Identity, UnderWay};

use crate::error::Problem;
use exchange::{Carrier, Exchange};

/// For how long what an issuer says of itself is kept.
const KEPT: i64 = 600_000_000;
/// How soon it is read again for a key that is not among those known.
const AGAIN: i64 = 60_000_000;

/// What is known of the issuer, and the way to it.
pub(crate) struct Issuers {
    carrier: Carrier,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    issuer: String,
    read_at: Timestamp,
    metadata: Arc<CoreProviderMetadata>,
}

impl Issuers {
    pub(crate) fn new(exchange: Arc<dyn Exchange>) -> Issuers {
        Issuers { carrier: Carrier(exchange), known: Mutex::new(None) }
    }

    /// Endpoints and keys of `issuer`. `stale`: what is known did not do, and may be read again.
    async fn metadata(
        &self,
        issuer: &str,
        now: Timestamp,
        stale: bool,
    ) -> Result<Arc<CoreProviderMetadata>, Problem> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let age = if stale { AGAIN } else { KEPT };
        if let Some(known) = known.filter(|it| it.issuer == issuer)
            && now < known.read_at.plus_micros(age)
        {
            return Ok(known.metadata);
        }
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| unreachable(&error))?;
        let read = CoreProviderMetadata::discover_async(url, &self.carrier).await;
        let metadata = Arc::new(read.map_err(|error| unreachable(&chain(&error)))?);
        let fresh =
            Known { issuer: issuer.to_owned(), read_at: now, metadata: Arc::clone(&metadata) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(metadata)
    }
}

/// The issuer cannot be spoken to, or does not say what it should.
fn unreachable(why: &dyn std::fmt::Display) -> Problem {
    tracing::warn!(%why, "single sign-on: the issuer does not answer as it should");
    let detail = format!("the system that people sign in with does not answer as it should: {why}");
    Problem::new(StatusCode::BAD_GATEWAY, "issuer_failed", detail)
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
