//! Backups of a running server.

pub(crate) mod create;
