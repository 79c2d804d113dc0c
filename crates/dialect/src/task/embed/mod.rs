//! Vectors for texts: what is asked in every grammar, and who reads and writes it.

mod openai;

pub use openai::read as read_openai;
