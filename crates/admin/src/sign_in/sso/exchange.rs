//! Requests of a sign-in to the issuer: carried by whoever runs the API, which opens no sockets.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// The issuer's answer, or in one line why none came.
pub type Exchanging<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Vec<u8>>, String>> + Send + 'a>>;

/// Carries one request to the system that people sign in with.
pub trait Exchange: Send + Sync {
    /// Sends it, by the rules of all outbound requests: no private address that the operator did not
    /// allow, no redirects, a bounded body, and not for ever.
    fn exchange(&self, request: http::Request<Vec<u8>>) -> Exchanging<'_>;
}

/// The way to the issuer, as `openidconnect` takes it.
pub(crate) struct Carrier(pub(crate) Arc<dyn Exchange>);

impl<'c> AsyncHttpClient<'c> for Carrier {
    type Error = Unreached;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreached>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.0.exchange(request).await.map_err(Unreached) })
    }
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct Unreached(pub(crate) String);

impl std::fmt::Display for Unreached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreached {}
