//! Vectors for texts: what is asked in every grammar, and who reads and writes it.

mod answer;
mod bedrock;
mod cohere;
mod gemini;
mod jina;
mod mistral;
mod ollama;
mod openai;
mod pass;
mod plain;
mod question;
mod request;
mod rows;
mod surface_gemini;
mod tei;
mod vector;
mod vertex;
mod voyage;

pub use openai::read as read_openai;
pub use surface_gemini::{read as read_gemini, read_batch as read_gemini_batch};

#[cfg(test)]
mod tests;
