//! What the management API fetches from elsewhere goes through the one guarded client.

use std::sync::Arc;

use wayleave_admin::{Exchange, Exchanging, Fetch, Fetching};
use wayleave_gateway::Gateway;
use wayleave_gateway::upstream::download::download;
use wayleave_gateway::upstream::exchange::exchange;

/// The data plane's client, with its address rules, proxy and certificates.
pub struct Guarded(pub Arc<Gateway>);

impl Fetch for Guarded {
    fn fetch<'a>(&'a self, url: &'a str, most: usize) -> Fetching<'a> {
        Box::pin(download(&self.0.upstream, url, most))
    }
}

impl Exchange for Guarded {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> Exchanging<'_> {
        Box::pin(exchange(&self.0.upstream, request))
    }
}
