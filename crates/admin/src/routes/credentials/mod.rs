//! Credentials of a provider. Secrets go in and never come out.

pub(crate) mod check;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod health;
pub(crate) mod list;
pub(crate) mod make_default;
pub(crate) mod update;
pub(crate) mod validate;
pub(crate) mod validate_stored;

pub(crate) mod validation;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use wayleave_model::credential::SecretFields;

use crate::apply::document::Hidden;

/// Secret fields as they came in.
fn secrets(fields: BTreeMap<String, Hidden>) -> SecretFields {
    SecretFields::new(fields.into_iter().map(|(id, it)| (id, it.0)))
}
