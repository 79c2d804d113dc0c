//! Loads that several tests put on a server.

pub(crate) mod kill;
