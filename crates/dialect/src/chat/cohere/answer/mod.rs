//! Answers: Cohere's events and bodies, read as the provider-neutral ones.

mod parts;
mod read;
mod wire;

pub(super) use read::Reader;

#[cfg(test)]
mod tests;
