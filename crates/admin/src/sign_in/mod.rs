//! How people get in: passwords, limits on attempts, cookies, single sign-on.

pub(crate) mod attempts;
pub(crate) mod cookies;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod sso;

use std::sync::Arc;

pub use sso::exchange::{Exchange, Exchanging};

/// What signing in needs beside the database. One for the whole process: it holds the limits.
#[derive(Clone)]
pub struct SignIn(Arc<Parts>);

struct Parts {
    passwords: password::Passwords,
    attempts: attempts::Attempts,
    sso: sso::Issuers,
}

impl SignIn {
    /// `exchange` reaches the system that people sign in with.
    pub fn new(exchange: Arc<dyn Exchange>) -> SignIn {
        SignIn(Arc::new(Parts {
            passwords: password::Passwords::new(),
            attempts: attempts::Attempts::default(),
            sso: sso::Issuers::new(exchange),
        }))
    }

    pub(crate) fn passwords(&self) -> &password::Passwords {
        &self.0.passwords
    }

    pub(crate) fn attempts(&self) -> &attempts::Attempts {
        &self.0.attempts
    }

    pub(crate) fn sso(&self) -> &sso::Issuers {
        &self.0.sso
    }
}
