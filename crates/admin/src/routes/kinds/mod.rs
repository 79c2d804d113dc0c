//! Provider kinds: what the binary knows of vendors.

pub(crate) mod list;
