//! Default models of a setup document: what they mean, and how they differ from what is there.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use wayleave_model::provider::ModelType;
use wayleave_model::target::DefaultModel;

use super::resolve::Resolver;
use super::wanted::WantedTarget;

/// The default model of a type.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultModelDecl {
    /// Of which type.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "llm")]
    pub model_type: ModelType,
    /// The provider, by name or id.
    pub provider: String,
    /// The provider's own name for the model, or its id.
    pub model: String,
}

/// The same, with its place.
#[derive(Debug)]
pub struct WantedDefault {
    /// Where it stands in the document.
    pub path: String,
    /// Of which type.
    pub model_type: ModelType,
    /// The model.
    pub target: WantedTarget,
}

/// What `declared` means.
pub(super) fn wanted(path: String, declared: DefaultModelDecl) -> WantedDefault {
    let DefaultModelDecl { model_type, provider, model } = declared;
    let target = WantedTarget {
        path: path.clone(),
        provider,
        model,
        model_type: Some(model_type),
        credential: None,
        environments: BTreeMap::new(),
        weight: 1,
    };
    WantedDefault { path, model_type, target }
}

impl WantedDefault {
    /// The fields in which what is there differs.
    pub(super) fn differs(&self, there: &DefaultModel, names: &Resolver<'_>) -> Vec<String> {
        let same = names.target(&self.target).is_ok_and(|it| it.model == Some(there.model));
        if same { Vec::new() } else { vec!["model".to_owned()] }
    }
}
