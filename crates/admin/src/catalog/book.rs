//! What the price book takes of a catalog's row.

use wayleave_model::price::Rate;
use wayleave_provider::catalog::{CatalogModel, CatalogPrice};

/// A price that is the catalog's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// The vendor says it costs nothing.
    pub(crate) free: bool,
    /// Empty if free.
    pub(crate) rates: Vec<Rate>,
    /// Who says so, and when that was read.
    pub(crate) source: String,
    /// Published prices that the book cannot hold, by name: dearer tiers for long prompts above all.
    pub(crate) apart: Vec<String>,
}

/// The catalog's price of a kind's model, in US dollars.
///
/// # Errors
/// There is none, and why.
pub(crate) fn quote(row: Option<&CatalogModel>, kind: &str, model: &str) -> Result<Quote, String> {
    let Some(row) = row else {
        return Err(format!(
            "the catalog has no model `{model}` of the kind `{kind}`: give its price, or `free: true`"
        ));
    };
    let draft = row.rates();
    if !draft.free && draft.rates.is_empty() {
        let why = without(&row.prices);
        return Err(format!(
            "the catalog has no price in US dollars for `{kind}/{model}`{why}: give its price"
        ));
    }
    let rates = draft.rates.iter().map(|rate| {
        per_unit(rate).ok_or_else(|| {
            let unit = rate.meter();
            format!(
                "the catalog's price of `{unit}` for `{kind}/{model}` is not exact: give its price"
            )
        })
    });
    Ok(Quote {
        free: draft.free,
        rates: rates.collect::<Result<_, _>>()?,
        source: format!("catalog: {} ({})", row.source, row.as_of),
        apart: draft.apart.iter().filter(|it| !it.batch).map(CatalogPrice::key).collect(),
    })
}

/// The price for as many as the book quotes it for; `None` where that is no whole nano-dollar.
fn per_unit(rate: &Rate) -> Option<Rate> {
    let per = rate.unit.per();
    let scaled = i128::from(rate.amount.0) * i128::from(per);
    let (amount, rest) = (scaled / i128::from(rate.per), scaled % i128::from(rate.per));
    let amount = i64::try_from(amount).ok().filter(|_| rest == 0)?;
    Some(Rate { amount: wayleave_model::NanoUsd(amount), per, ..*rate })
}

/// What it has instead.
fn without(prices: &[CatalogPrice]) -> String {
    let keys: Vec<String> = prices.iter().map(CatalogPrice::key).collect();
    if keys.is_empty() { String::new() } else { format!(" (it has {})", keys.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wayleave_provider::catalog::Catalog;

    use super::*;

    fn quoted(prices: impl Into<Value>) -> Result<Quote, String> {
        let prices: Value = prices.into();
        let row = json!({
            "provider": "openai", "model": "m", "type": "llm", "families": ["chat"],
            "prices": prices, "source": "page", "as_of": "2026-11-22", "verified": "unverified",
        });
        let catalog = Catalog::read(json!([row]).to_string().as_bytes()).unwrap();
        quote(catalog.find("openai", "m").as_ref(), "openai", "m")
    }

    fn listed(quote: &Quote) -> Vec<(&'static str, String, u64)> {
        quote.rates.iter().map(|it| (it.unit.as_str(), it.amount.to_string(), it.per)).collect()
    }

    #[test]
    fn a_price_is_quoted_as_the_book_quotes_it() {
        let quote = quoted(json!([
            {"unit": "input", "amount": "1.5", "per": 1_000_000},
            {"unit": "output", "amount": "0.002", "per": 1000},
            {"unit": "input", "amount": "3", "per": 1_000_000, "above_context": 200_000},
            {"unit": "input", "amount": "0.75", "per": 1_000_000, "batch": true},
        ]))
        .unwrap();
        let expected =
            [("input", "1.5".to_owned(), 1_000_000), ("output", "2".to_owned(), 1_000_000)];
        assert_eq!(listed(&quote), expected);
        assert_eq!(quote.source, "catalog: page (2026-11-22)");
        assert_eq!(quote.apart, ["input_per_1m_above_200k"]);
    }

    #[test]
    fn a_price_in_another_currency_is_no_price() {
        let why = quoted(json!([
            {"unit": "input", "amount": "2", "per": 1_000_000, "currency": "CNY"},
        ]))
        .unwrap_err();
        assert_eq!(
            why,
            "the catalog has no price in US dollars for `openai/m` (it has input_per_1m_cny): give its price"
        );
        assert!(quote(None, "openai", "x").unwrap_err().contains("no model `x`"));
    }

    #[test]
    fn a_price_that_would_have_to_be_rounded_is_refused() {
        let third = json!([{"unit": "image", "amount": "1", "per": 3}]);
        assert!(quoted(third).unwrap_err().contains("not exact"));
    }
}
