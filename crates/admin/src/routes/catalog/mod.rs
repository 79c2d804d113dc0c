//! The catalog: what is publicly known of models, shown to all, and exchanged by the operator.

pub(crate) mod diff;
pub(crate) mod follow;
pub(crate) mod get;
pub(crate) mod models;
pub(crate) mod offer;
pub(crate) mod public;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_provider::catalog::Change;

/// What another catalog would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// SHA-256 of the catalog in force before.
    base: String,
    /// SHA-256 of the other one.
    sha256: String,
    /// How many models the other one has.
    models: u64,
    /// `change` (`added`, `removed`, `changed`), `provider`, `model`, and of changed ones `fields`:
    /// `field`, `old`, `new`.
    #[schema(value_type = Vec<crate::shape::catalog::CatalogChange>)]
    changes: Vec<Change>,
}
