//! Whole requests, for a target or a client of another dialect: read into a conversation, and
//! written from one.

mod kinds;
pub(super) mod read;
pub(super) mod write;

pub(super) use kinds::is_item;

#[cfg(test)]
mod tests;
