//! Waiting with a limit: a test that would hang fails, and says at what.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// What `future` yields.
///
/// # Panics
/// After `seconds`, saying what was waited for.
pub async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    match timeout(Duration::from_secs(seconds), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {seconds} s"),
    }
}

/// Asks again and again until `look` finds something.
///
/// # Panics
/// After `seconds`, saying what was waited for.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    seconds: u64,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let limit = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < limit, "{what}: not within {seconds} s");
        sleep(Duration::from_millis(25)).await;
    }
}
