//! The people of the instance, and their sessions: the operator's.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke_sessions;
pub(crate) mod sessions;
pub(crate) mod set_password;
pub(crate) mod update;

#[cfg(test)]
mod tests;
