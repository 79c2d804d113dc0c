//! Custom models that were removed and whose credentials were kept: they can be added again.

pub(crate) mod add_again;
pub(crate) mod forget;
pub(crate) mod list;

#[cfg(test)]
mod tests;
