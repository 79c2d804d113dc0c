//! The control plane: the REST API behind console and CLI.
//!
//! [`router`] holds every route and its description in one chain; one operation is one file under
//! `routes/<noun>/<verb>.rs`. Every write goes through [`wayleave_store::Store::change`], so that it
//! is in the audit log and on every node.

pub mod apply;
mod auth;
mod body;
mod catalog;
mod checks;
mod editor_limits;
mod enabling;
mod error;
pub mod form;
mod healths;
mod idempotency;
pub mod keyfile;
mod lookup;
mod permission;
mod prove;
mod request_id;
mod router;
mod routes;
mod shape;
mod sign_in;
mod state;
#[cfg(test)]
mod testing;
mod view;

pub use auth::LocalOperator;
pub use catalog::{Fetch, Fetching, Shelf};
pub use checks::keep_checking;
pub use error::{FieldError, Problem};
pub use healths::Healths;
pub use prove::{Prove, Proving};
pub use router::{document, router};
pub use sign_in::{Exchange, Exchanging, SignIn};
pub use state::AdminState;
