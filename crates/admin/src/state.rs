//! What every operation has at hand.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::task::TaskTracker;
use wayleave_model::Clock;
use wayleave_store::Store;

use crate::catalog::{Fetch, Shelf};
use crate::healths::Healths;
use crate::prove::Prove;
use crate::sign_in::SignIn;

/// The server behind the API. Cheap to clone.
#[derive(Clone)]
pub struct AdminState {
    /// The database.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// The base URL that clients are told, without `/v1`.
    pub public_url: String,
    /// The file of the key-encryption keys; `None`: they are in the environment, and change only
    /// with a restart.
    pub key_file: Option<PathBuf>,
    /// This node's spool, for backups.
    pub spool: Option<PathBuf>,
    /// `GET /api/catalog` is answered from it; `None`: it is switched off.
    pub public_catalog: Option<Shelf>,
    /// How credentials fare on this node.
    pub healths: Arc<dyn Healths>,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Fetches catalogs that an operator names by address.
    pub fetch: Arc<dyn Fetch>,
    /// Proves credentials.
    pub prove: Arc<dyn Prove>,
    /// What is not to be stopped half-way: shutdown waits for it.
    pub tasks: TaskTracker,
}
