//! Models of providers, and their prices.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod set_price;
pub(crate) mod update;

#[cfg(test)]
mod enabling_tests;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::ModelType;
use wayleave_model::target::Model;
use wayleave_provider::catalog::{Catalog, CatalogModel};
use wayleave_store::models::ModelDraft;
use wayleave_store::prices::PriceDraft;
use wayleave_store::{Tx, models};

use crate::apply::{Declared, PriceDecl};
use crate::auth::Here;
use crate::body::Tagged;
use crate::catalog::quote;
use crate::error::Problem;
use crate::lookup;
use crate::state::AdminState;
use crate::view::{ModelView, Scene};

/// What a model costs: a price, or explicitly nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PriceWish {
    /// Dollars by unit: per million tokens or characters, else per piece; or the word `catalog`.
    #[schema(value_type = Option<crate::shape::configuration::Price>)]
    price: Option<PriceDecl>,
    /// Explicitly without charge.
    free: bool,
    /// Where the price is from, like a vendor's page.
    source: String,
}

/// A price to be written. `source` says where a listed one is from; the catalog names its own.
fn draft(
    declared: Declared,
    source: String,
    row: Option<&CatalogModel>,
    kind: &str,
    model: &str,
) -> Result<PriceDraft, Problem> {
    let (free, rates, source) = match declared {
        Declared::Free => (true, Vec::new(), source),
        Declared::Rates(rates) => (false, rates, source),
        Declared::Catalog => {
            let quote = quote(row, kind, model).map_err(|why| Problem::field("price", why))?;
            (quote.free, quote.rates, quote.source)
        }
    };
    Ok(PriceDraft { free, rates, effective_from: None, source, verified_at: None })
}

fn declared(price: Option<&PriceDecl>, free: bool) -> Result<Declared, Problem> {
    Declared::of(price, free).map_err(|why| Problem::field("price", why))
}

/// The catalog's row of a kind's model, if it has one of that type.
fn row(catalog: &Catalog, kind: &str, name: &str, of: ModelType) -> Option<CatalogModel> {
    catalog.find(kind, name).filter(|it| it.model_type == of)
}

/// A model with what is around it.
pub(crate) async fn view(
    tx: &mut Tx,
    at: WorkspaceId,
    model: Model,
    now: Timestamp,
) -> Result<ModelView, Problem> {
    Ok(Scene::of_model(tx, at, &model, now).await?.show(model))
}

/// Switches a model on or off; everything else of it is kept.
async fn switch(
    state: &AdminState,
    here: &Here,
    model: &str,
    expected: Option<i64>,
    enabled: bool,
) -> Result<Tagged<ModelView>, Problem> {
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::model(change.tx(), at, model).await?;
    let draft = ModelDraft { enabled, ..ModelDraft::from(&found) };
    let changed = models::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = view(change.tx(), at, changed, state.clock.now()).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
