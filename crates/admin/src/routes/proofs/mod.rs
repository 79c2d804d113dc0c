//! Proofs of credentials that cost something: who asked, and what for how much.

pub(crate) mod days;
pub(crate) mod list;

#[cfg(test)]
mod tests;
