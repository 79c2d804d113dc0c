//! Requests: Google's JSON to and from the provider-neutral conversation.

mod blocks;
mod calling;
mod config;
mod generation;
mod media;
mod parts;
mod read;
mod schema;
mod thinking;
mod tools;
mod turns;
mod write;

pub(super) use blocks::arguments;
pub(super) use media::fetches;
pub(crate) use parts::{PROOF, proof};
pub(super) use read::read;
pub(super) use write::write;

#[cfg(test)]
mod tests;
