//! Default models: which one of each type clients of the API are told to use.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod set;
pub(crate) mod unset;

#[cfg(test)]
mod tests;

use wayleave_model::provider::ModelType;

use crate::error::Problem;

/// The type in a path.
fn type_of(text: &str) -> Result<ModelType, Problem> {
    ModelType::parse(text).ok_or_else(|| Problem::not_found("model type", text))
}
