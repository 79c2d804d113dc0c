//! `POST /api/v1/workspaces/{workspace}/models`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::ModelId;
use wayleave_model::price::Rate;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::{Model, ModelFacts};
use wayleave_provider::catalog::CatalogModel;
use wayleave_provider::kind;
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::prices::PriceDraft;

use super::{declared, draft, row, view};
use crate::apply::PriceDecl;
use crate::auth::Here;
use crate::body::{Body, Created, Tagged};
use crate::catalog::in_force;
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::routes::credentials::create::{NewCredential, prepare_for, proved, store};
use crate::state::AdminState;
use crate::view::{CredentialView, ModelView};

/// A custom model, and a credential of its own if it has one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewModel {
    /// Its provider, by name or id.
    provider: String,
    /// The provider's own name for the model.
    name: String,
    /// What it does.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "llm")]
    model_type: ModelType,
    /// Dollars by unit: per million tokens or characters, else per piece; or the word `catalog`. A model
    /// that is not there yet needs this or `free`.
    #[serde(default)]
    #[schema(value_type = Option<crate::shape::configuration::Price>)]
    price: Option<PriceDecl>,
    /// Explicitly without charge.
    #[serde(default)]
    free: bool,
    /// What it can do, where known. What is left open is filled in from the catalog.
    #[serde(default)]
    #[schema(value_type = crate::shape::configuration::Facts, required = false)]
    facts: ModelFacts,
    /// The kind's form of a custom model, filled in: facts, as texts.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// A credential for this model alone, without `model`. Proven first, as every credential is.
    #[serde(default)]
    credential: Option<NewCredential>,
}

/// A model that was added, or was there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedModel {
    #[serde(flatten)]
    model: ModelView,
    /// It was there already and nothing of it was changed; a credential that came along is its own now.
    attached: bool,
    /// What the request says otherwise than the model that was there, and was not taken: `price`,
    /// `facts`.
    kept: Vec<&'static str>,
    /// The credential that came along.
    credential: Option<CredentialView>,
}

/// Adds a custom model with its price. Facts that are left open are filled in from the catalog. Where
/// the provider has a model of that name and type already, none is added beside it: 200, and the
/// credential that came along is attached to the one that is there.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/models", tag = "models", operation_id = "create_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewModel,
    responses(
        (status = 201, body = AddedModel, description = "It was added"),
        (status = 200, body = AddedModel, description = "It was there already"),
        Refusals
    )
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(mut new): Body<NewModel>,
) -> Result<Response, Problem> {
    let (at, now) = (here.workspace.id, state.clock.now());
    let mut tx = state.store.read().await?;
    let catalog = in_force(&mut tx).await?;
    let provider = lookup::provider(&mut tx, at, &new.provider).await?;
    let facts = form::model(&provider.kind, new.model_type, &new.settings, &new.facts);
    new.facts = facts.map_err(Problem::invalid)?;
    let there = models::by_name(&mut tx, at, provider.id, &new.name, new.model_type).await?;
    let row = row(&catalog, &provider.kind, &new.name, new.model_type);
    if there.is_none() {
        may_be_added(&provider)?;
        new.price_draft(row.as_ref(), &provider)?;
    }
    let credential = match new.credential.take() {
        Some(credential) if credential.model.is_some() => {
            return Err(Problem::field("credential.model", "is this model: leave it out"));
        }
        Some(credential) => {
            let own = there.unwrap_or_else(|| new.planned(&provider, row.as_ref(), now));
            let it = prepare_for(&mut tx, at, provider.clone(), Some(&own), credential).await;
            Some(it.map_err(below)?)
        }
        None => None,
    };
    drop(tx);
    let checks = match &credential {
        Some(it) => Some(proved(&state, &here, it).await.map_err(below)?),
        None => None,
    };
    let mut change = state.store.change(at, &here.actor, "").await?;
    // Looked for again under the change's lock.
    let there = models::by_name(change.tx(), at, provider.id, &new.name, new.model_type).await?;
    let attached = there.is_some();
    let (model, kept) = match there {
        Some(there) => {
            let kept = new.differs(&there, row.as_ref(), &provider);
            (there, kept)
        }
        None => {
            let price = new.price_draft(row.as_ref(), &provider)?;
            let made = models::create(&mut change, &new.draft(&provider, row.as_ref())).await?;
            (models::set_price(&mut change, made.id, None, &price).await?, Vec::new())
        }
    };
    let id = model.id;
    let credential = match credential.zip(checks) {
        Some((it, (status, checks))) => {
            let stored = store(&mut change, it, Some(id), status, checks).await;
            Some(stored.map_err(below)?.0)
        }
        None => None,
    };
    // A first credential of its own becomes its default: read again.
    let model = models::get(change.tx(), at, id).await?.unwrap_or(model);
    let version = model.version;
    let model = view(change.tx(), at, model, now).await?;
    change.commit().await?;
    let shown = AddedModel { model, attached, kept, credential };
    Ok(match attached {
        true => Tagged(shown, version).into_response(),
        false => Created(shown, version).into_response(),
    })
}

impl NewModel {
    fn price_draft(
        &self,
        row: Option<&CatalogModel>,
        provider: &Provider,
    ) -> Result<PriceDraft, Problem> {
        let declared = declared(self.price.as_ref(), self.free)?;
        draft(declared, String::new(), row, &provider.kind, &self.name)
    }

    fn draft(&self, provider: &Provider, row: Option<&CatalogModel>) -> ModelDraft {
        ModelDraft {
            provider: provider.id,
            name: self.name.clone(),
            model_type: self.model_type,
            custom: true,
            enabled: true,
            facts: row.map_or_else(|| self.facts.clone(), |it| it.fill(&self.facts)),
            managed_by: None,
        }
    }

    /// As its credential is proven for it, before it is stored.
    fn planned(&self, provider: &Provider, row: Option<&CatalogModel>, now: Timestamp) -> Model {
        let ModelDraft { name, model_type, custom, enabled, facts, .. } = self.draft(provider, row);
        Model {
            id: ModelId::new(now),
            provider: provider.id,
            name,
            model_type,
            custom,
            enabled,
            facts,
            price: None,
            default_credential: None,
            managed_by: None,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// What is said of the model otherwise than it is there.
    fn differs(
        &self,
        there: &Model,
        row: Option<&CatalogModel>,
        provider: &Provider,
    ) -> Vec<&'static str> {
        let said = self.price.is_some() || self.free;
        let price = said
            && self.price_draft(row, provider).map_or(true, |wanted| {
                there.price.as_ref().is_none_or(|is| {
                    let (mut one, mut other) = (is.rates.clone(), wanted.rates);
                    one.sort_by_key(Rate::meter);
                    other.sort_by_key(Rate::meter);
                    (is.free, one) != (wanted.free, other)
                })
            });
        let said = self.facts != ModelFacts::default();
        let facts = said && self.draft(provider, row).facts != there.facts;
        [("price", price), ("facts", facts)].into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }
}

fn may_be_added(provider: &Provider) -> Result<(), Problem> {
    if kind(&provider.kind).is_some_and(|it| !it.manifest().custom_models) {
        let why = "this kind of provider has the models it has, and no others";
        return Err(Problem::field("provider", why));
    }
    Ok(())
}

/// A problem of the credential that came along: its fields are below `credential`.
fn below(problem: Problem) -> Problem {
    let errors = problem.errors.into_iter().map(|it| it.under("credential")).collect();
    Problem { errors, ..problem }
}
