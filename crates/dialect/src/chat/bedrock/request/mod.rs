//! Requests: the provider-neutral conversation, written as Converse takes it.

mod blocks;
mod extras;
mod family;
mod labels;
mod media;
mod names;
mod output;
mod reasoning;
mod sampling;
mod tools;
mod turns;
mod write;

pub(super) use write::write;

#[cfg(test)]
mod tests;
