//! What roles may do, for those who show or choose it.

pub(crate) mod list;
