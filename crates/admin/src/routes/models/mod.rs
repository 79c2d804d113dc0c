//! Models of providers, and their prices.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod set_price;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::WorkspaceId;
use wayleave_model::target::Model;
use wayleave_store::prices::PriceDraft;
use wayleave_store::{Tx, providers};

use crate::apply::document::{Amount, Priced};
use crate::apply::wanted::rates;
use crate::error::Problem;
use crate::view::ModelView;

/// What a model costs: a price, or explicitly nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PriceWish {
    /// Dollars by unit: per million tokens or characters, else per piece.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    price: Option<BTreeMap<Priced, Amount>>,
    /// Explicitly without charge.
    free: bool,
    /// Where the price is from, like a vendor's page.
    source: String,
}

impl PriceWish {
    fn draft(self) -> Result<PriceDraft, Problem> {
        let rates =
            rates(self.price.as_ref(), self.free).map_err(|why| Problem::field("price", why))?;
        Ok(PriceDraft {
            free: self.free,
            rates,
            effective_from: None,
            source: self.source,
            verified_at: None,
        })
    }
}

async fn view(tx: &mut Tx, at: WorkspaceId, model: Model) -> Result<ModelView, Problem> {
    let provider = providers::get(tx, at, model.provider).await?;
    Ok(ModelView::of(model, provider.as_ref().map_or("", |it| it.name.as_str())))
}
