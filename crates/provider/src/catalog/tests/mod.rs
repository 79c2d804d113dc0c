//! The catalog's tests, and what they share.

mod built_in;
mod differences;
mod facts;
mod outside;
mod prices;
mod public;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use wayleave_model::provider::ModelType;
use wayleave_model::target::{Family, ModelFacts, ReasoningControl, TokenLimit};

use super::*;

const VERIFIED: &str = include_str!("../../../catalog/verified.json");
const DOCS: &str = include_str!("../../../../../docs/catalog.md");

fn catalog(rows: &Value) -> Result<Catalog, BadCatalog> {
    Catalog::read(rows.to_string().as_bytes())
}

fn row() -> Value {
    json!({
        "provider": "openai", "model": "gpt-x", "type": "llm", "families": ["chat"],
        "context_window": 1000, "prices": [{"unit": "input", "amount": "1.5", "per": 1_000_000}],
        "source": "https://example.com/pricing", "as_of": "2026-11-22", "verified": "unverified",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut row = row();
    row[field] = value;
    row
}

/// `(unit, amount)` of the rates in force for a prompt of that size.
fn rates(kind: &str, model: &str, context: u64) -> Vec<(&'static str, String)> {
    let draft = find(kind, model).expect(model).rates_at(context);
    draft.rates.iter().map(|rate| (rate.unit.as_str(), rate.amount.to_string())).collect()
}
