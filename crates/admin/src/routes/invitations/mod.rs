//! Invitations into a workspace: made and taken back by its heads, looked at and taken by whoever has
//! the link.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod look;
pub(crate) mod revoke;

#[cfg(test)]
mod tests;
