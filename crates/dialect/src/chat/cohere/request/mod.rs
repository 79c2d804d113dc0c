//! Requests: the provider-neutral conversation as Cohere takes it.

mod content;
mod messages;
mod thinking;
mod write;

pub(super) use write::write;

#[cfg(test)]
mod tests;
