//! Requests: Anthropic's JSON to and from the provider-neutral conversation.

pub(in crate::chat) mod base64;
mod blocks;
pub(in crate::chat) mod ids;
pub(in crate::chat) mod media;
mod output;
mod parts;
mod read;
pub(in crate::chat) mod sampling;
pub(in crate::chat) mod thinking;
pub(in crate::chat) mod tools;
mod turns;
mod write;

pub(in crate::chat) use blocks::arguments;
pub(super) use blocks::is_ours;
pub(super) use ids::fit;
pub(super) use output::JSON_TOOL;
pub(super) use read::read;
pub(super) use write::write;

#[cfg(test)]
mod tests;
