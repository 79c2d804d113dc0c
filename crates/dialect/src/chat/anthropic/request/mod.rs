//! Requests: Anthropic's JSON to and from the provider-neutral conversation.

pub(in crate::chat) mod base64;
mod blocks;
pub(in crate::chat) mod ids;
pub(in crate::chat) mod media;
pub(in crate::chat) mod message;
mod output;
mod parts;
mod read;
pub(in crate::chat) mod sampling;
pub(in crate::chat) mod shape;
pub(in crate::chat) mod thinking;
pub(in crate::chat) mod tools;
mod turns;
mod write;

pub(in crate::chat) use blocks::arguments;
pub(super) use blocks::is_ours;
pub(super) use ids::fit;
pub(super) use read::read;
pub(super) use shape::JSON_TOOL;
pub(super) use write::write;

#[cfg(test)]
mod tests;
