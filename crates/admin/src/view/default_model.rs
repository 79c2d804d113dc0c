//! Which model of a type the clients of the API are told to use, and whether it can be.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::ModelType;
use wayleave_model::target::DefaultModel;
use wayleave_store::{Tx, models};

use super::Scene;
use super::scene::Obstacle;
use crate::error::Problem;

/// The default model of a type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefaultModelView {
    #[serde(rename = "type")]
    pub(crate) model_type: &'static str,
    /// The model's id; `null`: none is set, and nothing is chosen instead.
    pub(crate) model: Option<String>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its provider's name.
    pub(crate) provider: Option<String>,
    /// It can be called.
    pub(crate) available: bool,
    /// Why not: `unset`, `provider_disabled`, `model_disabled`, `no_price`, `no_default_credential`,
    /// `credential_disabled` or `unknown_kind`.
    pub(crate) unavailable_because: Option<&'static str>,
    /// `apply`: set by a setup file.
    pub(crate) managed_by: Option<String>,
    /// 0: none is set.
    pub(crate) version: i64,
    pub(crate) updated_at: Option<String>,
}

impl DefaultModelView {
    /// With what is around its model now.
    pub(crate) async fn read(
        tx: &mut Tx,
        at: WorkspaceId,
        model_type: ModelType,
        set: Option<DefaultModel>,
        now: Timestamp,
    ) -> Result<DefaultModelView, Problem> {
        let unset = DefaultModelView {
            model_type: model_type.as_str(),
            model: None,
            name: None,
            provider: None,
            available: false,
            unavailable_because: Some("unset"),
            managed_by: None,
            version: 0,
            updated_at: None,
        };
        let Some(set) = set else { return Ok(unset) };
        let Some(model) = models::get(tx, at, set.model).await? else { return Ok(unset) };
        let scene = Scene::of_model(tx, at, &model, now).await?;
        let because = scene.obstacle(&model, None).map(Obstacle::as_str);
        Ok(DefaultModelView {
            model: Some(model.id.to_string()),
            provider: Some(scene.around.provider_name().to_owned()),
            name: Some(model.name),
            available: because.is_none(),
            unavailable_because: because,
            managed_by: set.managed_by,
            version: set.version,
            updated_at: Some(set.updated_at.to_string()),
            ..unset
        })
    }
}
