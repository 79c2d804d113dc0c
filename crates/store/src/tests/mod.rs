//! What holds across all nouns, on both engines.

mod canary;
mod isolation;
mod rotation;
mod schema;
mod threads;
