//! Providers: configured uses of provider kinds.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod discover;
pub(crate) mod enable_models;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

#[cfg(test)]
mod tests;
