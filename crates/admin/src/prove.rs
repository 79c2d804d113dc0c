//! Credentials are proven by whoever runs the API, which opens no sockets itself.

use std::future::Future;
use std::pin::Pin;

use wayleave_provider::proof::{Claim, Proof};

/// A proof in the making. It never fails: what went wrong is what it shows.
pub type Proving<'a> = Pin<Box<dyn Future<Output = Proof> + Send + 'a>>;

/// Proves that an account works, cheapest first.
pub trait Prove: Send + Sync {
    /// What was tried and what it shows. Stores nothing.
    fn prove<'a>(&'a self, claim: &'a Claim) -> Proving<'a>;
}
