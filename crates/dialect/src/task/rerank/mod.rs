//! Documents in the order of their relevance: what is asked in every grammar, and who reads and
//! writes it.

mod answer;
mod ask;
mod bedrock;
mod pass;
mod question;
mod request;
mod tei;
mod vertex;
mod voyage;

pub use request::read;

#[cfg(test)]
mod tests;
