//! Answers: this dialect's events and bodies to and from the provider-neutral ones.

mod citation;
mod frames;
mod item;
mod lost;
mod object;
mod open;
mod read;
mod said;
mod wire;
mod write;

pub(super) use read::Reader;
pub(super) use wire::Response;
pub(super) use write::Writer;

#[cfg(test)]
mod tests;
