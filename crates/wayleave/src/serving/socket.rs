//! The local way in: a Unix socket in the data folder that only the server's own user can open.
//! Whoever can open it needs no token.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::{Extension, Router};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use wayleave_admin::LocalOperator;

use crate::exit::Failure;

/// The socket's name in the data folder.
pub const NAME: &str = "admin.sock";

/// Binds the socket with mode 0600. The data folder's lock is held, so a socket that is there
/// already belongs to nobody.
///
/// # Errors
/// When it cannot be bound.
pub fn bind(data: &Path) -> Result<UnixListener, Failure> {
    let path = data.join(NAME);
    let fail = |err: std::io::Error| Failure::Refused(format!("{}: {err}", path.display()));
    match std::fs::remove_file(&path) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(fail(err)),
        _ => {}
    }
    // Made in a folder that is 0700, so there is no moment in which others could connect.
    let listener = UnixListener::bind(&path).map_err(fail)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    Ok(listener)
}

/// Serves the control plane on the socket until `stop`.
pub async fn listen(listener: UnixListener, router: Router, stop: CancellationToken) {
    let router = router.layer(Extension(LocalOperator));
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(err) = served.await {
        tracing::error!(%err, "the local socket ended");
    }
}
