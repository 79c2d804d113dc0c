//! What the management API fetches from elsewhere goes through the one guarded client.

use std::sync::Arc;

use wayleave_admin::{Fetch, Fetching};
use wayleave_gateway::Gateway;
use wayleave_gateway::upstream::download::download;

/// The data plane's client, with its address rules, proxy and certificates.
pub struct Guarded(pub Arc<Gateway>);

impl Fetch for Guarded {
    fn fetch<'a>(&'a self, url: &'a str, most: usize) -> Fetching<'a> {
        Box::pin(download(&self.0.upstream, url, most))
    }
}
