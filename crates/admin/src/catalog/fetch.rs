//! Catalogs at an address: fetched by whoever runs the API, which opens no sockets itself.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

/// What was fetched, or in one line why nothing was.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Bytes, String>> + Send + 'a>>;

/// Fetches what stands at an address that an operator named.
pub trait Fetch: Send + Sync {
    /// The body at `url`, of at most `most` bytes. Nothing but https, and no private address that the
    /// operator did not allow upstreams to have.
    fn fetch<'a>(&'a self, url: &'a str, most: usize) -> Fetching<'a>;
}
