//! Prices as the price book takes them, and values from vendors' pages.

use super::*;

fn owned(rates: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    rates.iter().map(|&(unit, amount)| (unit, amount.to_owned())).collect()
}

#[test]
fn tiers_replace_the_price_they_are_above() {
    // https://docs.x.ai/developers/models/grok-4.3-latest: $1.25, $0.20, $2.50 per 1M tokens below
    // 200k prompt tokens; $2.50, $0.40, $5.00 for all tokens of a request that reaches them.
    // The registry has no tier for tokens of images.
    let image = ("image_input", "1.25");
    let small = owned(&[("input", "1.25"), ("cached_input", "0.2"), image, ("output", "2.5")]);
    let large = owned(&[("input", "2.5"), ("cached_input", "0.4"), image, ("output", "5")]);
    assert_eq!(rates("xai", "grok-4.3", 0), small);
    assert_eq!(rates("xai", "grok-4.3", 199_999), small);
    assert_eq!(rates("xai", "grok-4.3", 200_000), large);
    assert_eq!(rates("xai", "grok-4.3", u64::MAX), large);
}

#[test]
fn well_known_models_cost_what_their_vendors_say() {
    // https://platform.claude.com/docs/en/about-claude/pricing, "Model pricing".
    let opus = [
        ("input", "5"),
        ("cached_input", "0.5"),
        ("cache_write", "6.25"),
        ("cache_write_1h", "10"),
        ("output", "25"),
    ];
    assert_eq!(rates("anthropic", "claude-opus-4-8", 0), owned(&opus));
    assert_eq!(rates("anthropic", "claude-opus-4-8", u64::MAX), owned(&opus));
    // https://developers.openai.com/api/docs/models/gpt-5-nano
    let nano = [("input", "0.05"), ("cached_input", "0.005"), ("output", "0.4")];
    assert_eq!(rates("openai", "gpt-5-nano", 0), owned(&nano));
    // https://developers.openai.com/api/docs/models/gpt-6.2-sol: above 272K input tokens input and
    // cache rates double and output costs 1.5 times.
    let sol = [("input", "4"), ("cached_input", "0.2"), ("cache_write", "5"), ("output", "15")];
    assert_eq!(rates("openai", "gpt-6.2-sol", 272_001), owned(&sol));
    // https://api-docs.deepseek.com/quick_start/pricing: peak prices.
    let flash = [("input", "0.3"), ("cached_input", "0.006"), ("output", "1.2")];
    assert_eq!(rates("deepseek", "deepseek-flash", 0), owned(&flash));
    // https://docs.mistral.ai/models/model-cards/mistral-large-3-25-12
    let large = [("input", "0.5"), ("cached_input", "0.05"), ("output", "1.5")];
    assert_eq!(rates("mistral", "mistral-large-2512", 0), owned(&large));
}

#[test]
fn what_the_price_book_cannot_hold_is_told_apart_not_dropped() {
    let prices = json!([
        {"unit": "input", "amount": "1", "per": 1_000_000},
        {"unit": "input", "amount": "0.5", "per": 1_000_000, "batch": true},
        {"unit": "output", "amount": "8", "per": 1_000_000, "currency": "CNY"},
        {"unit": "image_output", "amount": "30", "per": 1_000_000},
        {"unit": "image@1024x1024/hd", "amount": "0.08", "per": 1},
    ]);
    let catalog = catalog(&json!([with("prices", prices)])).expect("valid");
    let draft = catalog.find("openai", "gpt-x").expect("there").rates();
    let rates: Vec<_> = draft.rates.iter().map(|it| it.meter().to_string()).collect();
    assert_eq!(rates, ["input", "image_output", "image@1024x1024/hd"]);
    let apart: Vec<&str> = draft.apart.iter().map(|it| it.unit.unit.as_str()).collect();
    assert_eq!(apart, ["input", "output"]);
}

#[test]
fn a_free_model_is_free_and_one_without_prices_is_not() {
    let mut free = with("free", json!(true));
    free["prices"] = json!([]);
    let unknown = with("prices", json!([]));
    for (row, is_free) in [(free, true), (unknown, false)] {
        let catalog = catalog(&json!([row])).expect("valid");
        let draft = catalog.find("openai", "gpt-x").expect("there").rates();
        assert_eq!((draft.free, draft.rates.len()), (is_free, 0));
    }
}

proptest! {
    #[test]
    fn an_amount_is_what_it_was_written_as(whole in 0_u32..1_000_000, nanos in 1_u32..1_000_000_000) {
        let decimals = format!("{nanos:09}");
        let text = format!("{whole}.{}", decimals.trim_end_matches('0'));
        let amount: Amount = text.parse().expect("an amount");
        prop_assert_eq!(amount.nanos(), i64::from(whole) * 1_000_000_000 + i64::from(nanos));
        prop_assert_eq!(amount.to_string(), text);
    }
}
