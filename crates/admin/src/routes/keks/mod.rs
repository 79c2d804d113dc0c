//! Key-encryption keys: never shown, only their ids.

pub(crate) mod list;
pub(crate) mod rotate;

use wayleave_store::{Keyring, StoreError};

use crate::error::Problem;
use crate::keyfile;
use crate::state::AdminState;

/// The keys of the server's key file as they are now.
fn in_file(state: &AdminState) -> Result<Keyring, Problem> {
    match &state.key_file {
        Some(path) => Ok(keyfile::read(path)?),
        None => {
            let why = "they came with WAYLEAVE_KEK: change it there, new key first, and restart the server".to_owned();
            Err(StoreError::BadKeyring(why).into())
        }
    }
}
