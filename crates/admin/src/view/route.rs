//! Aliases and routes as the API shows them: targets by name, in the form in which they go back.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::alias::{Alias, Policy, Route};
use wayleave_model::provider::Provider;
use wayleave_model::target::Model;

/// A public model name and the route in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AliasView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) route: RouteView,
    /// The route's targets as `provider/model`, groups in order.
    pub(crate) target_names: Vec<String>,
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// One immutable version of a route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RouteView {
    pub(crate) id: String,
    pub(crate) number: i64,
    /// Tried in this order; those with the same `group` share the load.
    pub(crate) targets: Vec<TargetView>,
    /// The same as `provider/model`.
    pub(crate) target_names: Vec<String>,
    #[schema(value_type = crate::shape::configuration::Policy)]
    pub(crate) policy: Policy,
    pub(crate) author: String,
    pub(crate) reason: String,
    pub(crate) created_at: String,
}

/// A target of a route, in the form in which it can be sent back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetView {
    /// The provider's name; its id if it is gone.
    pub(crate) provider: String,
    /// The model's id.
    pub(crate) model: String,
    /// The model's name; `null` if it is gone.
    pub(crate) model_name: Option<String>,
    /// The credential's id, if the target names one.
    pub(crate) credential: Option<String>,
    /// The id of the credential for the keys of each environment that the target names.
    pub(crate) environments: BTreeMap<String, String>,
    pub(crate) weight: u32,
    pub(crate) group: u32,
}

/// What routes need to be shown with names.
pub(crate) struct Names {
    pub(crate) providers: Vec<Provider>,
    pub(crate) models: Vec<Model>,
}

impl RouteView {
    pub(crate) fn of(it: Route, names: &Names) -> RouteView {
        let targets: Vec<TargetView> = (1..)
            .zip(&it.groups)
            .flat_map(|(group, members)| members.targets.iter().map(move |target| (group, target)))
            .map(|(group, target)| {
                let model = names.models.iter().find(|model| model.id == target.model);
                let provider = model
                    .and_then(|model| names.providers.iter().find(|it| it.id == model.provider));
                TargetView {
                    provider: provider.map_or_else(String::new, |it| it.name.clone()),
                    model: target.model.to_string(),
                    model_name: model.map(|it| it.name.clone()),
                    credential: target.credential.map(|id| id.to_string()),
                    environments: target
                        .environments
                        .iter()
                        .map(|(environment, id)| (environment.clone(), id.to_string()))
                        .collect(),
                    weight: target.weight,
                    group,
                }
            })
            .collect();
        let shown = |it: &TargetView| match &it.model_name {
            Some(name) => format!("{}/{name}", it.provider),
            None => it.model.clone(),
        };
        RouteView {
            id: it.id.to_string(),
            number: it.number,
            target_names: targets.iter().map(shown).collect(),
            targets,
            policy: it.policy,
            author: it.author,
            reason: it.reason,
            created_at: it.created_at.to_string(),
        }
    }
}

impl AliasView {
    pub(crate) fn of(it: Alias, names: &Names) -> AliasView {
        let route = RouteView::of(it.route, names);
        AliasView {
            id: it.id.to_string(),
            name: it.name,
            enabled: it.enabled,
            target_names: route.target_names.clone(),
            route,
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}
