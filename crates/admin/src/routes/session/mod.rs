//! Signing in and out.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod ways;

#[cfg(test)]
mod tests;
