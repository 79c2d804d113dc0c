//! The audit log: who changed what.

pub(crate) mod list;
pub(crate) mod verify;
