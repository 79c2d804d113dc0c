//! Prices: what a unit costs, and what a usage costs under one version of the price book.

use serde::{Deserialize, Serialize};

use crate::id::PriceVersionId;
use crate::money::NanoUsd;
use crate::usage::Usage;

/// What is metered. One row of a receipt each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Prompt tokens that were neither read from nor written to a cache.
    Input,
    /// Prompt tokens read from the provider's cache.
    CachedInput,
    /// Prompt tokens written to the provider's cache (5 minutes).
    CacheWrite,
    /// Prompt tokens written to the provider's cache (1 hour).
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Prompt tokens of audio.
    AudioInput,
    /// Prompt tokens of images.
    ImageInput,
    /// Answer tokens that are neither reasoning nor audio.
    Output,
    /// Answer tokens of reasoning.
    Reasoning,
    /// Answer tokens of audio.
    AudioOutput,
    /// Answer tokens of images.
    ImageOutput,
    /// Requests.
    Request,
    /// Images made.
    Image,
    /// Characters of speech.
    Character,
    /// Seconds of audio.
    AudioSecond,
    /// Seconds of video.
    VideoSecond,
    /// Searches.
    Search,
}

impl Unit {
    /// Every unit, in the order of a receipt.
    pub const ALL: [Unit; 16] = [
        Unit::Input,
        Unit::CachedInput,
        Unit::CacheWrite,
        Unit::CacheWrite1h,
        Unit::AudioInput,
        Unit::ImageInput,
        Unit::Output,
        Unit::Reasoning,
        Unit::AudioOutput,
        Unit::ImageOutput,
        Unit::Request,
        Unit::Image,
        Unit::Character,
        Unit::AudioSecond,
        Unit::VideoSecond,
        Unit::Search,
    ];

    /// The word in SQL, in JSON and in setup files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Input => "input",
            Unit::CachedInput => "cached_input",
            Unit::CacheWrite => "cache_write",
            Unit::CacheWrite1h => "cache_write_1h",
            Unit::AudioInput => "audio_input",
            Unit::ImageInput => "image_input",
            Unit::Output => "output",
            Unit::Reasoning => "reasoning",
            Unit::AudioOutput => "audio_output",
            Unit::ImageOutput => "image_output",
            Unit::Request => "request",
            Unit::Image => "image",
            Unit::Character => "character",
            Unit::AudioSecond => "audio_second",
            Unit::VideoSecond => "video_second",
            Unit::Search => "search",
        }
    }

    /// The unit of that name.
    pub fn parse(name: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.as_str() == name)
    }

    /// How many units a price is quoted for: tokens and characters by the million, else one.
    pub const fn per(self) -> u64 {
        match self {
            Unit::Request | Unit::Image | Unit::AudioSecond | Unit::VideoSecond | Unit::Search => 1,
            _ => 1_000_000,
        }
    }

    const fn side(self) -> Option<Side> {
        match self {
            Unit::Input
            | Unit::CachedInput
            | Unit::CacheWrite
            | Unit::CacheWrite1h
            | Unit::AudioInput
            | Unit::ImageInput => Some(Side::Input),
            Unit::Output | Unit::Reasoning | Unit::AudioOutput | Unit::ImageOutput => {
                Some(Side::Output)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

/// The price of one unit: `amount` for each `per` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// What is priced.
    pub unit: Unit,
    /// Dollars for each `per`.
    pub amount: NanoUsd,
    /// The quantity the amount is for.
    pub per: u64,
}

/// One dated version of a model's prices, as a request is rated with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceVersion {
    /// What usage rows name.
    pub id: PriceVersionId,
    /// Explicitly without charge. Without this and without rates a model is refused, never 0.
    pub free: bool,
    /// At most one per unit.
    pub rates: Vec<Rate>,
}

/// One row of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was consumed.
    pub unit: Unit,
    /// How much of it.
    pub quantity: u64,
    /// ceil(quantity × price / per).
    pub cost: NanoUsd,
    /// The unit has no price of its own and took the dearest of its side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpriced: bool,
}

impl PriceVersion {
    /// The receipt of `usage`. Its cost is the sum of its lines.
    pub fn lines(&self, usage: &Usage) -> Vec<Line> {
        let mut lines: Vec<Line> = quantities(usage)
            .into_iter()
            .filter(|&(_, quantity)| quantity > 0)
            .map(|(unit, quantity)| self.line(unit, quantity))
            .collect();
        if self.rates.iter().any(|rate| rate.unit == Unit::Request) {
            lines.push(self.line(Unit::Request, 1));
        }
        lines
    }

    /// The most a request can cost that has at most `input` and `output` tokens: each in the
    /// dearest bucket of its side.
    pub fn ceiling(&self, input: u64, output: u64) -> NanoUsd {
        let dearest = |side, quantity| {
            self.dearest(side).map_or(NanoUsd::ZERO, |it| it.amount.for_quantity(quantity, it.per))
        };
        let request = self.rate(Unit::Request).map_or(NanoUsd::ZERO, |rate| rate.amount);
        dearest(Side::Input, input) + dearest(Side::Output, output) + request
    }

    /// The most that `usage` can cost: as [`PriceVersion::ceiling`], of what is no tokens too.
    pub fn ceiling_of(&self, usage: &Usage) -> NanoUsd {
        let tokens = self.ceiling(usage.input, usage.output);
        let others = quantities(usage).into_iter().filter(|(unit, _)| unit.side().is_none());
        let others: NanoUsd = others.map(|(unit, quantity)| self.line(unit, quantity).cost).sum();
        tokens + others
    }

    fn line(&self, unit: Unit, quantity: u64) -> Line {
        let own = self.rate(unit);
        // Vendors bill reasoning as output unless they say otherwise: that is its price, no guess.
        let usual = if unit == Unit::Reasoning { self.rate(Unit::Output) } else { None };
        let dearest = unit.side().and_then(|side| self.dearest(side));
        let rate = own.or(usual).or(dearest);
        Line {
            unit,
            quantity,
            cost: rate.map_or(NanoUsd::ZERO, |rate| rate.amount.for_quantity(quantity, rate.per)),
            unpriced: !self.free && own.or(usual).is_none(),
        }
    }

    fn rate(&self, unit: Unit) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.unit == unit)
    }

    /// The dearest rate of a side; of both, where that side has no price at all.
    fn dearest(&self, side: Side) -> Option<&Rate> {
        let worth =
            |rate: &&Rate| i128::from(rate.amount.0) * 1_000_000 / i128::from(rate.per.max(1));
        let tokens = || self.rates.iter().filter(|rate| rate.unit.side().is_some());
        let own = tokens().filter(|rate| rate.unit.side() == Some(side)).max_by_key(worth);
        own.or_else(|| tokens().max_by_key(worth))
    }
}

fn quantities(usage: &Usage) -> [(Unit, u64); 15] {
    let sum = |parts: &[u64]| parts.iter().fold(0, |sum: u64, it| sum.saturating_add(*it));
    let parts = sum(&[
        usage.cached,
        usage.cache_write,
        usage.cache_write_1h,
        usage.audio_input,
        usage.image_input,
    ]);
    let said = sum(&[usage.reasoning, usage.audio_output, usage.image_output]);
    [
        (Unit::Input, usage.input.saturating_sub(parts)),
        (Unit::CachedInput, usage.cached),
        (Unit::CacheWrite, usage.cache_write),
        (Unit::CacheWrite1h, usage.cache_write_1h),
        (Unit::AudioInput, usage.audio_input),
        (Unit::ImageInput, usage.image_input),
        (Unit::Output, usage.output.saturating_sub(said)),
        (Unit::Reasoning, usage.reasoning),
        (Unit::AudioOutput, usage.audio_output),
        (Unit::ImageOutput, usage.image_output),
        (Unit::Image, usage.images),
        (Unit::Character, usage.characters),
        (Unit::AudioSecond, usage.audio_seconds),
        (Unit::VideoSecond, usage.video_seconds),
        (Unit::Search, usage.searches),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn prices(rates: &[(Unit, &str)]) -> PriceVersion {
        let rate = |&(unit, amount): &(Unit, &str)| Rate {
            unit,
            amount: amount.parse().unwrap(),
            per: unit.per(),
        };
        PriceVersion {
            id: PriceVersionId::new(Timestamp::from_micros(0)),
            free: false,
            rates: rates.iter().map(rate).collect(),
        }
    }

    fn cost(lines: &[Line]) -> NanoUsd {
        lines.iter().map(|line| line.cost).sum()
    }

    #[test]
    fn cached_tokens_are_part_of_the_input() {
        let price =
            prices(&[(Unit::Input, "3"), (Unit::CachedInput, "0.30"), (Unit::Output, "15")]);
        let usage = Usage { input: 1_000, cached: 900, output: 10, ..Usage::default() };
        // 100 × $3 + 900 × $0.30 + 10 × $15, per million.
        assert_eq!(cost(&price.lines(&usage)), NanoUsd(720_000));
    }

    #[test]
    fn a_unit_without_a_price_takes_the_dearest_of_its_side_and_says_so() {
        let price = prices(&[(Unit::Input, "3"), (Unit::CacheWrite, "3.75"), (Unit::Output, "15")]);
        let usage = Usage { input: 10, cached: 10, output: 4, reasoning: 4, ..Usage::default() };
        let lines = price.lines(&usage);
        assert_eq!(
            lines[0],
            Line { unit: Unit::CachedInput, quantity: 10, cost: NanoUsd(37_500), unpriced: true }
        );
        assert_eq!(
            lines[1],
            Line { unit: Unit::Reasoning, quantity: 4, cost: NanoUsd(60_000), unpriced: false }
        );
    }

    #[test]
    fn a_side_without_any_price_is_not_free() {
        let price = prices(&[(Unit::Output, "15")]);
        let lines = price.lines(&Usage { input: 2, ..Usage::default() });
        assert_eq!(
            lines,
            [Line { unit: Unit::Input, quantity: 2, cost: NanoUsd(30_000), unpriced: true }]
        );
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
}
