//! Upstream calls that go on after their client left, so that they are settled exactly. Bounded
//! in number and in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// The calls that go on.
pub struct Drains {
    places: Arc<Semaphore>,
    limit: Duration,
    tasks: TaskTracker,
}

impl Drains {
    /// At most `places` calls for at most `limit` each, waited for at shutdown through `tasks`.
    pub fn new(places: usize, limit: Duration, tasks: TaskTracker) -> Drains {
        Drains { places: Arc::new(Semaphore::new(places)), limit, tasks }
    }

    /// Goes on with `rest` in the background. Where no place is left it is dropped: then the
    /// upstream call is cancelled and settled on an estimate.
    pub fn go_on(&self, rest: impl Future<Output = ()> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        // A body may be dropped while the runtime shuts down; then there is nothing to go on in.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let limit = self.limit;
        let rest = async move {
            let _place = place;
            let _ = tokio::time::timeout(limit, rest).await;
        };
        self.tasks.spawn_on(rest, &runtime);
    }
}
