//! Answers as vendors give them, frame by frame.

pub mod anthropic;
pub mod openai;
