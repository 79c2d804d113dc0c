//! `GET /api/v1/workspaces/{workspace}/providers/{provider}/discover`

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::Model;
use wayleave_provider::catalog::{Catalog, CatalogModel};
use wayleave_provider::listing::MOST;
use wayleave_provider::proof::{Claim, Outcome};
use wayleave_provider::{Listed, ProviderKind};
use wayleave_store::{Tx, credentials, models};

use crate::auth::Here;
use crate::body::Search;
use crate::catalog::{in_force, quote};
use crate::error::Problem;
use crate::form;
use crate::lookup::{self, every};
use crate::routes::Refusals;
use crate::routes::credentials::validation;
use crate::state::AdminState;
use crate::view::{ProofView, day};

/// With which credential, and of which type.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asking {
    /// The credential to ask with, by name or id; the provider's default if absent.
    credential: Option<String>,
    /// Only models of this type, and those whose type nobody knows.
    #[serde(rename = "type")]
    #[param(value_type = Option<String>, example = "llm")]
    model_type: Option<ModelType>,
}

/// What a provider offers, beside what catalog and workspace know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscoveryView {
    /// The provider's name.
    provider: String,
    /// The name of the credential it was asked with; `null`: none is needed.
    credential: Option<String>,
    /// The provider lists its models. `false`: it does not, and what is shown is what catalog and
    /// workspace know.
    listed: bool,
    /// The list was read to its end. `false`: nothing is said to be gone.
    complete: bool,
    /// What asking it has shown, in one line.
    summary: String,
    /// By name.
    models: Vec<DiscoveredView>,
}

/// One model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscoveredView {
    name: String,
    /// As the workspace has it, else as the provider says, else as the catalog does; `null`: nobody
    /// says.
    #[serde(rename = "type")]
    model_type: Option<&'static str>,
    /// `new`: the provider lists it, and neither workspace nor catalog knows it: it can be added as a
    /// custom model, with its price. `known`: the catalog knows it, or it is there and disabled: it can
    /// be enabled by its name. `enabled`. `gone`: it is there, and the provider does not list it.
    state: &'static str,
    /// The id of the workspace's model, if it is there.
    model: Option<String>,
    /// Tokens of prompt and answer together, where somebody says so.
    context_window: Option<u64>,
    /// The catalog's price in dollars by unit: per million tokens or characters, else per piece; `null`:
    /// it states none.
    price: Option<BTreeMap<String, String>>,
    /// The catalog says that it costs nothing.
    free: bool,
    /// The first day on which its vendor no longer serves it, as the catalog knows.
    deprecates_on: Option<String>,
    /// That day has come.
    deprecated: bool,
}

/// Asks the provider for its free list of models, and says of each whether workspace and catalog know
/// it. Stores nothing. A provider that cannot be asked is a problem with the transcript in `proof`.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers/{provider}/discover", tag = "models",
    operation_id = "discover_models",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), Asking),
    responses((status = 200, body = DiscoveryView), Refusals)
)]
pub(crate) async fn discover(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Search(asking): Search<Asking>,
) -> Result<Json<DiscoveryView>, Problem> {
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, at, &named.1).await?;
    let kind = validation::known(&provider)?;
    let credential = credential(&mut tx, at, &provider, asking.credential.as_deref()).await?;
    let claim = claim(&mut tx, at, kind, &provider, credential.as_ref()).await?;
    drop(tx);
    let mut proof = state.prove.prove(&claim).await;
    let listed = proof.listed.take();
    if listed.is_none() && !matches!(proof.outcome, Outcome::Proven | Outcome::Unproven) {
        return Err(unasked(&claim, proof));
    }
    let summary = ProofView::from(proof).summary;
    let mut tx = state.store.read().await?;
    let only = Some(provider.id);
    let there: Vec<Model> = every!(page => models::list(&mut tx, at, only, &page));
    let catalog = in_force(&mut tx).await?;
    let known = Known { catalog, kind: provider.kind, there, today: day(state.clock.now()) };
    let complete = listed.as_ref().is_some_and(|it| it.len() < MOST);
    let mut found = match &listed {
        Some(listed) => known.beside(listed, complete),
        None => known.alone(),
    };
    let of = asking.model_type.map(ModelType::as_str);
    found.retain(|it| of.is_none() || it.model_type.is_none() || it.model_type == of);
    Ok(Json(DiscoveryView {
        provider: provider.name,
        credential: credential.map(|it| it.name),
        listed: listed.is_some(),
        complete,
        summary,
        models: found,
    }))
}

/// Why there is no list, with what was tried. No field of a body is to blame: there is none.
fn unasked(claim: &Claim, proof: wayleave_provider::proof::Proof) -> Problem {
    Problem { errors: Vec::new(), ..validation::refusal(claim, proof) }
}

/// The one to ask with.
async fn credential(
    tx: &mut Tx,
    at: WorkspaceId,
    provider: &Provider,
    named: Option<&str>,
) -> Result<Option<Credential>, Problem> {
    if let Some(text) = named {
        return Ok(Some(lookup::credential(tx, at, provider, text).await?));
    }
    let found = match provider.default_credential {
        Some(id) => credentials::get(tx, at, id).await?,
        None => None,
    };
    if found.is_none() && form::secret_fields(&provider.kind).any(|it| it.required) {
        let detail = format!(
            "`{}` has no default credential to ask with: choose one, or name one",
            provider.name
        );
        return Err(Problem::new(StatusCode::CONFLICT, "no_default_credential", detail));
    }
    Ok(found)
}

async fn claim(
    tx: &mut Tx,
    at: WorkspaceId,
    kind: &'static dyn ProviderKind,
    provider: &Provider,
    credential: Option<&Credential>,
) -> Result<Claim, Problem> {
    let Some(it) = credential else {
        let (none, secrets) = (BTreeMap::new(), SecretFields::default());
        return Ok(Claim::new(kind, provider, &none, secrets, None));
    };
    let secrets = credentials::secrets(tx, at, it.id).await?.unwrap_or_default();
    Ok(Claim::new(kind, provider, &it.settings, secrets, None))
}

/// What is known of a provider's models without asking it.
struct Known {
    catalog: Catalog,
    kind: String,
    there: Vec<Model>,
    today: String,
}

impl Known {
    /// What the provider lists, then what it does not list any more.
    fn beside(&self, listed: &[Listed], complete: bool) -> Vec<DiscoveredView> {
        let listed: BTreeMap<&str, &Listed> =
            listed.iter().map(|it| (it.name.as_str(), it)).collect();
        let mut all: Vec<DiscoveredView> = Vec::with_capacity(listed.len());
        for (name, it) in &listed {
            let row = self.row(name);
            let window = it.context_window;
            let before = all.len();
            for model in self.there.iter().filter(|model| model.name == *name) {
                all.push(self.own(model, row.as_ref(), state_of(model), window));
            }
            if all.len() == before {
                let state = if row.is_some() { "known" } else { "new" };
                let of = it.model_type.or_else(|| row.as_ref().map(|row| row.model_type));
                all.push(self.view(name, of, state, None, row.as_ref(), window));
            }
        }
        for model in self.there.iter().filter(|it| !listed.contains_key(it.name.as_str())) {
            let state = if complete { "gone" } else { state_of(model) };
            all.push(self.own(model, self.row(&model.name).as_ref(), state, None));
        }
        sorted(all)
    }

    /// Where the provider lists nothing.
    fn alone(&self) -> Vec<DiscoveredView> {
        let own = self
            .there
            .iter()
            .map(|model| self.own(model, self.row(&model.name).as_ref(), state_of(model), None));
        let names: BTreeSet<&str> = self.there.iter().map(|it| it.name.as_str()).collect();
        let rows = self.catalog.of_kind(&self.kind);
        let rows = rows.filter(|row| !names.contains(row.model.as_str()));
        let known = rows.map(|row| {
            self.view(&row.model, Some(row.model_type), "known", None, Some(&row), None)
        });
        sorted(own.chain(known).collect())
    }

    fn row(&self, name: &str) -> Option<CatalogModel> {
        self.catalog.find(&self.kind, name)
    }

    fn own(
        &self,
        model: &Model,
        row: Option<&CatalogModel>,
        state: &'static str,
        window: Option<u64>,
    ) -> DiscoveredView {
        let row = row.filter(|it| it.model_type == model.model_type);
        let window = window.or(model.facts.context_window);
        self.view(&model.name, Some(model.model_type), state, Some(model), row, window)
    }

    fn view(
        &self,
        name: &str,
        of: Option<ModelType>,
        state: &'static str,
        model: Option<&Model>,
        row: Option<&CatalogModel>,
        window: Option<u64>,
    ) -> DiscoveredView {
        let quote = quote(row, &self.kind, name).ok();
        let price = quote.as_ref().filter(|it| !it.rates.is_empty()).map(|it| {
            it.rates
                .iter()
                .map(|rate| (rate.meter().to_string(), rate.amount.to_string()))
                .collect()
        });
        DiscoveredView {
            name: name.to_owned(),
            model_type: of.map(ModelType::as_str),
            state,
            model: model.map(|it| it.id.to_string()),
            context_window: window.or_else(|| row.and_then(|it| it.context_window)),
            price,
            free: quote.is_some_and(|it| it.free),
            deprecated: row.is_some_and(|it| it.is_past(&self.today)),
            deprecates_on: row.and_then(|it| it.deprecated).map(|it| it.to_string()),
        }
    }
}

fn state_of(model: &Model) -> &'static str {
    if model.enabled { "enabled" } else { "known" }
}

fn sorted(mut all: Vec<DiscoveredView>) -> Vec<DiscoveredView> {
    all.sort_by(|one, other| (&one.name, one.model_type).cmp(&(&other.name, other.model_type)));
    all
}
