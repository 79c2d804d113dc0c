//! Pictures from words and from other pictures: what is asked, in whose grammar, and what comes
//! back.
//!
//! Clients speak OpenAI's Images
//! (<https://platform.openai.com/docs/api-reference/images>). Providers that speak it too get the
//! client's own bytes; all others get what `request` understood of it.

mod amazon;
mod answer;
mod bedrock;
mod events;
mod gemini;
mod imagen;
mod openai;
mod passed;
mod picture;
mod request;
mod scan;
mod size;
mod stability;
mod vendors;

pub use openai::{read_edit, read_generation};

#[cfg(test)]
mod tests;
