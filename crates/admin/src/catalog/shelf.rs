//! The public body of the catalog, made once per catalog and kept packed: a tenth of its length.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::Mutex;
use wayleave_provider::catalog::{Catalog, public_json};
use wayleave_store::Store;

use super::in_force;
use crate::error::Problem;

/// Where the packed body is kept, until there is another catalog. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Option<Packed>>>);

/// The public body of one catalog.
#[derive(Clone)]
pub(crate) struct Packed {
    /// The catalog's digest.
    pub(crate) sha256: String,
    pub(crate) gzip: Bytes,
}

impl Shelf {
    /// The body of the catalog in force, whose digest the caller read to be `sha256`. Callers that
    /// come while it is made wait for it: nobody makes it twice.
    pub(crate) async fn packed(&self, store: &Store, sha256: &str) -> Result<Packed, Problem> {
        let mut kept = self.0.lock().await;
        if let Some(packed) = kept.as_ref().filter(|it| it.sha256 == sha256) {
            return Ok(packed.clone());
        }
        let catalog = in_force(&mut store.read().await?).await?;
        let made = tokio::task::spawn_blocking(move || pack(&catalog)).await;
        let packed = made
            .map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))?;
        Ok(kept.insert(packed).clone())
    }
}

fn pack(catalog: &Catalog) -> std::io::Result<Packed> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&public_json(catalog))?;
    Ok(Packed { sha256: catalog.digest().into_owned(), gzip: Bytes::from(packer.finish()?) })
}

/// The entity tag of a catalog's public body. Weak: the same for the packed and the plain form. With
/// the version, because another one may write the same rows otherwise.
pub(crate) fn etag(sha256: &str) -> String {
    let short: String = sha256.chars().take(32).collect();
    format!("W/\"{short}-{}\"", env!("CARGO_PKG_VERSION"))
}
