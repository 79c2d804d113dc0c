//! Answers, for a target or a client of another dialect: read as events, and written from them.

mod fold;
mod lanes;
mod lost;
pub(super) mod read;
pub(super) mod wire;
mod words;
pub(super) mod write;

#[cfg(test)]
mod tests;
