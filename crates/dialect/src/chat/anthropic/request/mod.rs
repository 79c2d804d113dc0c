//! Requests: Anthropic's JSON to and from the provider-neutral conversation.

pub(in crate::chat) mod base64;
mod blocks;
mod ids;
mod media;
mod output;
mod parts;
mod read;
mod sampling;
mod thinking;
mod tools;
mod turns;
mod write;

pub(super) use blocks::{arguments, is_ours};
pub(super) use ids::fit;
pub(super) use output::JSON_TOOL;
pub(super) use read::read;
pub(super) use write::write;

#[cfg(test)]
mod tests;
