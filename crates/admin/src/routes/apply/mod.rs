//! Setup files.

pub(crate) mod create;

#[cfg(test)]
mod tests;
