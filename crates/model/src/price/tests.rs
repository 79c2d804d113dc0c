//! What a usage costs.

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;
use crate::variant::Quality;

fn prices(rates: &[(Unit, &str)]) -> PriceVersion {
    let rate = |&(unit, amount): &(Unit, &str)| Rate {
        unit,
        variant: None,
        amount: amount.parse().unwrap(),
        per: unit.per(),
    };
    PriceVersion {
        id: PriceVersionId::new(Timestamp::from_micros(0)),
        free: false,
        rates: rates.iter().map(rate).collect(),
    }
}

fn line(unit: Unit, quantity: u64, cost: i64, unpriced: bool) -> Line {
    Line { unit, variant: None, quantity, cost: NanoUsd(cost), unpriced }
}

fn cost(lines: &[Line]) -> NanoUsd {
    lines.iter().map(|line| line.cost).sum()
}

#[test]
fn cached_tokens_are_part_of_the_input() {
    let price = prices(&[(Unit::Input, "3"), (Unit::CachedInput, "0.30"), (Unit::Output, "15")]);
    let usage = Usage { input: 1_000, cached: 900, output: 10, ..Usage::default() };
    // 100 × $3 + 900 × $0.30 + 10 × $15, per million.
    assert_eq!(cost(&price.lines(&usage)), NanoUsd(720_000));
}

#[test]
fn a_unit_without_a_price_takes_the_dearest_of_its_side_and_says_so() {
    let price = prices(&[(Unit::Input, "3"), (Unit::CacheWrite, "3.75"), (Unit::Output, "15")]);
    let usage = Usage { input: 10, cached: 10, output: 4, reasoning: 4, ..Usage::default() };
    let lines = price.lines(&usage);
    assert_eq!(lines[0], line(Unit::CachedInput, 10, 37_500, true));
    assert_eq!(lines[1], line(Unit::Reasoning, 4, 60_000, false));
}

#[test]
fn a_side_without_any_price_is_not_free() {
    let price = prices(&[(Unit::Output, "15")]);
    let lines = price.lines(&Usage { input: 2, ..Usage::default() });
    assert_eq!(lines, [line(Unit::Input, 2, 30_000, true)]);
    assert_eq!(price.ceiling(2, 0), NanoUsd(30_000));
}

#[test]
fn a_ceiling_is_never_below_the_cost() {
    let price = prices(&[
        (Unit::Input, "3"),
        (Unit::CacheWrite1h, "6"),
        (Unit::Output, "15"),
        (Unit::Request, "0.01"),
    ]);
    let usage =
        Usage { input: 99, cache_write_1h: 50, output: 7, reasoning: 3, ..Usage::default() };
    assert!(cost(&price.lines(&usage)) <= price.ceiling(99, 7));
}

/// The rates of such words at such prices.
fn book(rates: &[(&str, &str)]) -> PriceVersion {
    let mut version = prices(&[]);
    version.rates = rates
        .iter()
        .map(|(meter, amount)| {
            let Meter { unit, variant } = meter.parse().unwrap();
            Rate { unit, variant, amount: amount.parse().unwrap(), per: unit.per() }
        })
        .collect();
    version
}

fn images(images: u64, variant: &str) -> Usage {
    let variant = Some(variant).filter(|it| !it.is_empty()).map(|it| it.parse().unwrap());
    Usage { images, variant, ..Usage::default() }
}

#[test]
fn an_image_costs_what_its_size_and_quality_cost() {
    let price = book(&[
        ("image", "0.02"),
        ("image@hd", "0.08"),
        ("image@1024x1536", "0.06"),
        ("image@1024x1024/hd", "0.12"),
    ]);
    for (variant, dollars) in [
        ("1024x1024/hd", "0.12"),
        ("512x512/hd", "0.08"),
        ("1024x1536/low", "0.06"),
        // Both have a price: the dearer.
        ("1024x1536/hd", "0.08"),
        ("512x512/low", "0.02"),
        ("", "0.02"),
    ] {
        let lines = price.lines(&images(2, variant));
        assert_eq!((lines.len(), lines[0].unpriced), (1, false), "{variant}");
        let one: NanoUsd = dollars.parse().unwrap();
        assert_eq!(lines[0].cost, NanoUsd(one.0 * 2), "{variant}");
        let meter = if variant.is_empty() { "image".into() } else { format!("image@{variant}") };
        assert_eq!(lines[0].meter().to_string(), meter);
    }
}

#[test]
fn a_variant_without_any_price_takes_the_dearest_of_its_unit_and_says_so() {
    let price = book(&[("image@low", "0.01"), ("image@high", "0.17"), ("input", "900")]);
    for variant in ["medium", "512x512", ""] {
        let lines = price.lines(&images(1, variant));
        assert_eq!((lines[0].cost, lines[0].unpriced), (NanoUsd(170_000_000), true), "{variant}");
    }
}

#[test]
fn an_image_that_is_told_by_number_and_by_tokens_is_charged_once() {
    let told = Usage { input: 10, output: 1000, image_output: 1000, ..images(1, "low") };
    let units = |rates: &[(&str, &str)]| -> Vec<String> {
        book(rates).lines(&told).iter().map(|it| it.meter().to_string()).collect()
    };
    let by_both = [("image", "0.04"), ("input", "1"), ("image_output", "30")];
    assert_eq!(units(&by_both), ["input", "image_output"]);
    assert_eq!(units(&[("image", "0.04"), ("input", "1")]), ["input", "image@low"]);
    assert_eq!(units(&[("image", "0.04")]), ["image@low"]);
    assert_eq!(units(&[]), ["input", "image_output", "image@low"]);
}

#[test]
fn a_line_without_a_variant_is_stored_as_before() {
    let json = r#"{"unit":"input","quantity":2,"cost":3}"#;
    let read: Line = serde_json::from_str(json).unwrap();
    assert_eq!(read, line(Unit::Input, 2, 3, false));
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

fn any_variant() -> impl Strategy<Value = Option<Variant>> {
    let size = prop::option::of(prop::sample::select(vec![(512, 512), (1024, 1024)]));
    let quality = prop::option::of(prop::sample::select(Quality::ALL.to_vec()));
    (size, quality).prop_map(|(size, quality)| {
        Some(Variant { size, quality }).filter(|it| *it != Variant::default())
    })
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let per = prop::sample::select(vec![1, 3, 1000, 1_000_000]);
    let unit = prop::sample::select(Unit::ALL.to_vec());
    (unit, any_variant(), 0..5_000_000_000_i64, per).prop_map(|(unit, variant, amount, per)| {
        let variant = variant.filter(|_| unit.has_variants());
        Rate { unit, variant, amount: NanoUsd(amount), per }
    })
}

prop_compose! {
    fn any_usage()(n in prop::array::uniform13(0..2000_u64), variant in any_variant()) -> Usage {
        let [input, cached, cache_write, cache_write_1h, audio_input, image_input, ..] = n;
        let [.., output, reasoning, image_output, images, characters, video_seconds, searches] = n;
        Usage {
            input, cached, cache_write, cache_write_1h, audio_input, image_input, output,
            reasoning, audio_output: 0, image_output, images, characters,
            audio_seconds: input, video_seconds, searches, variant,
        }
    }
}

proptest! {
    #[test]
    fn no_cost_is_above_the_ceiling_of_its_usage(
        rates in prop::collection::vec(any_rate(), 0..12),
        usage in any_usage(),
        said in any_variant(),
    ) {
        let price = PriceVersion { rates, ..prices(&[]) };
        let ceiling = price.ceiling_of(&Usage { variant: said, ..usage });
        prop_assert!(cost(&price.lines(&usage)) <= ceiling);
    }
}
