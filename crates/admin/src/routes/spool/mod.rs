//! Records that a node which is gone left in its spool.

pub(crate) mod replay;
