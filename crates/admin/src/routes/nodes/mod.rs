//! Nodes: the processes that serve this instance.

pub(crate) mod list;
