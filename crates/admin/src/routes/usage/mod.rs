//! Usage: what was asked and what it cost.

pub(crate) mod get;
pub(crate) mod list;

#[cfg(test)]
mod tests;
