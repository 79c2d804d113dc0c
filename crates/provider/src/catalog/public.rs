//! The body of `GET /api/catalog`.

use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use wayleave_model::provider::ModelType;
use wayleave_model::target::Family;

use super::Catalog;
use super::price::CatalogPrice;
use super::row::{Abilities, CatalogModel, Modality};

/// `{"models":[…]}`, a row per line, about as long as the catalog. Make it when asked for, or keep it
/// for as long as the catalog stays.
pub fn public_json(catalog: &Catalog) -> Vec<u8> {
    let mut body = Vec::with_capacity(catalog.as_str().len());
    body.extend_from_slice(b"{\"models\":[");
    for (index, row) in catalog.models().enumerate() {
        body.extend_from_slice(if index > 0 { b",\n" } else { b"\n" });
        // Writing to memory, of a type whose keys are strings: there is nothing to fail.
        let _ = serde_json::to_writer(&mut body, &PublicModel::from(&row));
    }
    body.extend_from_slice(b"\n]}\n");
    body
}

/// One row as it stands there.
pub fn public_row(row: &CatalogModel) -> impl Serialize + '_ {
    PublicModel::from(row)
}

/// A row as the public sees it: what is absent is unknown.
#[derive(Serialize)]
struct PublicModel<'a> {
    provider: &'a str,
    model: &'a str,
    #[serde(rename = "type")]
    model_type: ModelType,
    families: &'a [Family],
    /// Tokens of prompt and answer together.
    context: Option<u64>,
    abilities: PublicAbilities<'a>,
    prices: Prices<'a>,
    source: &'a str,
    as_of: String,
}

/// What it can do, with the limits and the forms that go with that.
#[derive(Serialize)]
struct PublicAbilities<'a> {
    #[serde(flatten)]
    can: &'a Abilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output: Option<u64>,
    #[serde(skip_serializing_if = "<[Modality]>::is_empty")]
    input: &'a [Modality],
    #[serde(skip_serializing_if = "<[Modality]>::is_empty")]
    output: &'a [Modality],
}

impl<'a> From<&'a CatalogModel> for PublicModel<'a> {
    fn from(row: &'a CatalogModel) -> PublicModel<'a> {
        PublicModel {
            provider: &row.provider,
            model: &row.model,
            model_type: row.model_type,
            families: &row.families,
            context: row.context_window,
            abilities: PublicAbilities {
                can: &row.abilities,
                max_output: row.max_output,
                input: &row.input,
                output: &row.output,
            },
            prices: Prices(row),
            source: &row.source,
            as_of: row.as_of.to_string(),
        }
    }
}

/// An object of decimal strings; of a free model `{"free":"0"}`, of one without a known price `{}`.
struct Prices<'a>(&'a CatalogModel);

impl Serialize for Prices<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if self.0.free {
            map.serialize_entry("free", "0")?;
        }
        for price in &self.0.prices {
            map.serialize_entry(&price_key(price), &price.amount)?;
        }
        map.end()
    }
}

/// What a price is for, in one word: `input_per_1m`, `output_per_1m_above_200k`,
/// `input_per_1m_batch`, `image@1024x1024/hd_per_1`, `input_per_1m_cny`. US dollars where no currency is named.
pub(super) fn price_key(price: &CatalogPrice) -> String {
    let mut key = format!("{}_per_{}", price.unit, short(price.per.get()));
    if let Some(above) = price.above_context {
        // A `String` takes whatever is written to it.
        let _ = write!(key, "_above_{}", short(above.get()));
    }
    if price.batch {
        key.push_str("_batch");
    }
    if !price.currency.is_usd() {
        key.push('_');
        key.push_str(&price.currency.as_str().to_ascii_lowercase());
    }
    key
}

/// `1m`, `200k`, `1`.
fn short(quantity: u64) -> String {
    match quantity {
        it if it % 1_000_000 == 0 => format!("{}m", it / 1_000_000),
        it if it % 1_000 == 0 => format!("{}k", it / 1_000),
        it => it.to_string(),
    }
}
