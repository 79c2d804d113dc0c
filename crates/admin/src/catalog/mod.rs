//! The catalog in force: the built-in one, unless the operator applied another, which all nodes share.

mod book;
mod fetch;
mod shelf;
mod unpacked;

use wayleave_provider::catalog::Catalog;
use wayleave_store::Tx;

use crate::error::Problem;

pub(crate) use book::{Quote, quote};
pub use fetch::{Fetch, Fetching};
pub use shelf::Shelf;
pub(crate) use shelf::etag;
pub(crate) use unpacked::Unpacked;

/// The catalog that suggestions are made from now.
pub(crate) async fn in_force(tx: &mut Tx) -> Result<Catalog, Problem> {
    let Some((text, sha256)) = wayleave_store::catalog::text(tx).await? else {
        return Ok(Catalog::built_in());
    };
    let catalog = Catalog::kept(text);
    if catalog.digest() != sha256 {
        return Err(Problem::internal(&"the stored catalog is not the one that was applied"));
    }
    Ok(catalog)
}

/// The digest of the catalog in force, without its rows.
pub(crate) async fn digest_in_force(tx: &mut Tx) -> Result<String, Problem> {
    let note = wayleave_store::catalog::note(tx).await?;
    Ok(note.map_or_else(|| Catalog::built_in().digest().into_owned(), |it| it.sha256))
}
