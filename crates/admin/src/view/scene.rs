//! What a model is shown with beside itself: whether it can be served, by which aliases it is reached,
//! and until when its vendor serves it.

use std::iter::once;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::alias::Alias;
use wayleave_model::id::{CredentialId, WorkspaceId};
use wayleave_model::pool::default_credential;
use wayleave_model::target::Model;
use wayleave_provider::catalog::Catalog;
use wayleave_store::{Tx, aliases};

use super::{Around, ModelView};
use crate::catalog::in_force;
use crate::error::Problem;
use crate::lookup::every;

/// An alias that leads to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReachedView {
    /// Its name.
    pub(crate) alias: String,
    /// The id of the credential that the target names; `null`: the model's pool or default.
    pub(crate) credential: Option<String>,
    /// Of which environment the keys are that this serves; `null`: of all that have no entry of
    /// their own.
    pub(crate) environment: Option<String>,
    /// The target can be called.
    pub(crate) available: bool,
    /// Why it cannot: as a model's, or `alias_disabled`.
    pub(crate) unavailable_because: Option<&'static str>,
}

/// Why a model cannot be served, whatever its provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    ProviderDisabled,
    ModelDisabled,
    UnknownKind,
    NoPrice,
    NoDefaultCredential,
    CredentialDisabled,
}

impl Obstacle {
    /// The word in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Obstacle::ProviderDisabled => "provider_disabled",
            Obstacle::ModelDisabled => "model_disabled",
            Obstacle::UnknownKind => "unknown_kind",
            Obstacle::NoPrice => "no_price",
            Obstacle::NoDefaultCredential => "no_default_credential",
            Obstacle::CredentialDisabled => "credential_disabled",
        }
    }
}

/// What stands around models.
pub(crate) struct Scene {
    pub(crate) around: Around,
    aliases: Vec<Alias>,
    catalog: Catalog,
    /// The day, as RFC 3339 writes it.
    today: String,
}

impl Scene {
    /// Of all models of a workspace.
    pub(crate) async fn of_workspace(
        tx: &mut Tx,
        at: WorkspaceId,
        now: Timestamp,
    ) -> Result<Scene, Problem> {
        let around = Around::of_workspace(tx, at).await?;
        Scene::with(tx, at, around, now).await
    }

    /// Of one model.
    pub(crate) async fn of_model(
        tx: &mut Tx,
        at: WorkspaceId,
        model: &Model,
        now: Timestamp,
    ) -> Result<Scene, Problem> {
        let around = Around::of_model(tx, at, model).await?;
        Scene::with(tx, at, around, now).await
    }

    async fn with(
        tx: &mut Tx,
        at: WorkspaceId,
        around: Around,
        now: Timestamp,
    ) -> Result<Scene, Problem> {
        Ok(Scene {
            around,
            aliases: every!(page => aliases::list(tx, at, &page)),
            catalog: in_force(tx).await?,
            today: day(now),
        })
    }

    /// The model as it is shown.
    pub(crate) fn show(&self, model: Model) -> ModelView {
        ModelView::of(model, self)
    }

    /// The first day on which the vendor no longer serves it, where the catalog knows one, and whether
    /// that day has come.
    pub(crate) fn deprecation(&self, model: &Model) -> Option<(String, bool)> {
        let kind = self.around.provider(model.provider).map_or("", |it| it.kind.as_str());
        let row = self.catalog.find(kind, &model.name);
        let row = row.filter(|it| it.model_type == model.model_type)?;
        Some((row.deprecated?.to_string(), row.is_past(&self.today)))
    }

    /// Why a call of the model, with that credential if one is named, would not reach its provider.
    pub(crate) fn obstacle(&self, model: &Model, named: Option<CredentialId>) -> Option<Obstacle> {
        let provider = self.around.provider(model.provider);
        if provider.is_none_or(|it| !it.enabled) {
            return Some(Obstacle::ProviderDisabled);
        }
        if !model.enabled {
            return Some(Obstacle::ModelDisabled);
        }
        if provider.is_none_or(|it| wayleave_provider::kind(&it.kind).is_none()) {
            return Some(Obstacle::UnknownKind);
        }
        if model.price.is_none() {
            return Some(Obstacle::NoPrice);
        }
        let shared = || self.around.is_supplied(model) || self.around.marks(model).active;
        if named.is_none() && shared() {
            return None;
        }
        let default = provider.and_then(|it| it.default_credential);
        let default = || default_credential(model, default, self.around.credentials.iter());
        let serving = named.or_else(default).and_then(|id| self.around.credential(id));
        match serving {
            None => Some(Obstacle::NoDefaultCredential),
            Some(it) if !it.enabled => Some(Obstacle::CredentialDisabled),
            Some(_) => None,
        }
    }

    /// The aliases that lead to it, by name, once for each target and for each environment that has a
    /// credential of its own there.
    pub(crate) fn reached(&self, model: &Model) -> Vec<ReachedView> {
        let mut all: Vec<ReachedView> = self
            .aliases
            .iter()
            .flat_map(|alias| {
                let targets = alias.route.groups.iter().flat_map(|group| &group.targets);
                let ours = targets.filter(|target| target.model == model.id);
                ours.flat_map(move |target| {
                    let named = target.environments.iter();
                    let named = named.map(|(environment, id)| (Some(environment), Some(*id)));
                    once((None, target.credential)).chain(named)
                })
                .map(|named| self.target(alias, model, named))
            })
            .collect();
        all.sort_by(|one, other| one.alias.cmp(&other.alias));
        all
    }

    fn target(
        &self,
        alias: &Alias,
        model: &Model,
        (environment, named): (Option<&String>, Option<CredentialId>),
    ) -> ReachedView {
        let because = match alias.enabled {
            true => self.obstacle(model, named).map(Obstacle::as_str),
            false => Some("alias_disabled"),
        };
        ReachedView {
            alias: alias.name.clone(),
            credential: named.map(|id| id.to_string()),
            environment: environment.cloned(),
            available: because.is_none(),
            unavailable_because: because,
        }
    }
}

/// The day of an instant, in UTC, as the catalog writes days.
pub(crate) fn day(now: Timestamp) -> String {
    now.to_string().chars().take(10).collect()
}
