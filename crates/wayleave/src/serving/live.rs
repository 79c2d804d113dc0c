//! A change is live before whoever made it is told that it was made: their next request sees it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http::{HeaderName, HeaderValue};
use wayleave_gateway::Gateway;
use wayleave_store::Store;

/// Longest wait: the change is made in any case, and comes into force when the store is read again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Says which revision of the configuration holds a change, as usage rows name it.
const REVISION: HeaderName = HeaderName::from_static("x-wayleave-revision");
/// Reading one workspace again takes a few milliseconds.
const PAUSE: Duration = Duration::from_millis(2);

/// The control plane, each of whose changes is answered once this node serves by it.
pub fn at_once(router: Router, gateway: Arc<Gateway>, store: Store) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let (gateway, store) = (Arc::clone(&gateway), store.clone());
        async move {
            let changes = !request.method().is_safe();
            let mut response = next.run(request).await;
            if changes && response.status().is_success() {
                // Not in time, it is live a moment later: no reason to call the change a failure.
                let caught_up = tokio::time::timeout(PATIENCE, caught_up(&gateway, &store)).await;
                if let Ok(Some(revision)) = caught_up {
                    response.headers_mut().insert(REVISION, HeaderValue::from(revision));
                }
            }
            response
        }
    }))
}

/// The revision that this node serves by, once it holds all that was changed until now.
async fn caught_up(gateway: &Gateway, store: &Store) -> Option<i64> {
    let revision = store.revision().await.ok()?;
    loop {
        let serving = gateway.world.load().revision;
        if serving >= revision {
            return Some(serving);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
