//! Answers, for a target or a client of another dialect: read as events, and written from them.

mod fold;
mod lanes;
pub(super) mod read;
pub(super) mod wire;
pub(super) mod write;

#[cfg(test)]
mod tests;
