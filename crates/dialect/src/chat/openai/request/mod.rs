//! Whole requests, for a target or a client of another dialect: read into a conversation, and
//! written from one.

pub(super) mod read;
pub(super) mod write;

#[cfg(test)]
mod tests;
