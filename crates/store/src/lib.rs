//! SQL for SQLite and PostgreSQL from one text.
//!
//! Reading: [`Store::read`] gives a [`Tx`], and each noun's module has functions that take one.
//! Writing configuration: [`Store::change`] gives a [`Change`], each noun's `create`, `update` and
//! `delete` take it, and [`Change::commit`] makes it so. There is no other way to write
//! configuration. Usage comes in through [`Store::append`] only.

mod backup;
mod base64;
mod change;
mod db;
mod error;
mod feed;
mod hasher;
mod invariants;
mod kept;
mod key_versions;
mod keyring;
mod ledger;
mod migrate;
mod page;
mod receipt;
mod replays;
mod response_ids;
mod rollup;
mod rotate;
mod seal;
mod secret_fields;
mod secret_text;
mod snapshot;
mod store;
mod text;
mod url;
mod vault;

pub mod aliases;
pub mod audit;
pub mod catalog;
pub mod credentials;
pub mod default_models;
pub mod grants;
pub mod identities;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod members;
pub mod models;
pub mod nodes;
pub mod owners;
pub mod people;
pub mod plans;
pub mod pools;
pub mod prices;
pub mod proofs;
pub mod providers;
pub mod routes;
pub mod sessions;
pub mod settings;
pub mod tokens;
pub mod usage;
pub mod workspace_settings;
pub mod workspaces;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use change::{Actor, Change};
pub use db::Tx;
pub use error::StoreError;
pub use feed::Feed;
pub use hasher::KeyHasher;
pub use invariants::{Checkup, Fault};
pub use kept::{Chain, Draft as KeptDraft, MAX_CHAIN, MAX_RESPONSE, Whose};
pub use keyring::Keyring;
pub use ledger::{Appended, MAX_BATCH};
pub use migrate::{Migrated, SCHEMA, migrate, schema_of};
pub use page::{Listing, MAX_LIMIT};
pub use replays::{Earlier, Once};
pub use response_ids::{ResponseIds, ResponseRef};
pub use snapshot::{Snapshot, WorkspaceSnapshot};
pub use store::Store;
pub use url::DatabaseUrl;
pub use vault::{Anchor, KEPT_SECONDS, MAX_KEPT};
