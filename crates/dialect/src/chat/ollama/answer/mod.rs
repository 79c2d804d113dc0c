//! Answers: Ollama's lines and bodies, read as the provider-neutral events.

mod read;

pub(super) use read::Reader;

#[cfg(test)]
mod tests;
