//! Jobs: videos that providers make later. Read only: clients make them.

pub(crate) mod get;
pub(crate) mod list;

#[cfg(test)]
mod tests;
