//! Judgements of content: what is asked in every grammar, and who reads and writes it.

mod mistral;
mod pass;
mod request;

pub use request::read;

#[cfg(test)]
mod tests;
