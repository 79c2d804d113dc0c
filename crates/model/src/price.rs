//! Prices: what a unit costs, and what a usage costs under one version of the price book.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::id::PriceVersionId;
use crate::meter::Meter;
use crate::money::NanoUsd;
use crate::usage::Usage;
use crate::variant::Variant;

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

    /// Whether vendors price it by size or quality.
    pub const fn has_variants(self) -> bool {
        matches!(self, Unit::Image | Unit::VideoSecond)
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
    /// Only of this size or quality; `None`: of all that have no price of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// Dollars for each `per`.
    pub amount: NanoUsd,
    /// The quantity the amount is for.
    pub per: u64,
}

impl Rate {
    /// What it is a price for.
    pub const fn meter(&self) -> Meter {
        Meter { unit: self.unit, variant: self.variant }
    }

    /// Which of two costs more for the same quantity.
    fn worth(&self, other: &Rate) -> Ordering {
        let scaled = |amount: NanoUsd, per: u64| i128::from(amount.0) * i128::from(per.max(1));
        scaled(self.amount, other.per).cmp(&scaled(other.amount, self.per))
    }

    /// What `quantity` costs on up to `lines` lines, each rounded up.
    fn at_most(&self, quantity: u64, lines: u64) -> NanoUsd {
        let whole = i128::from(self.amount.0) % i128::from(self.per.max(1)) == 0;
        let rounding = if whole { 0 } else { quantity.min(lines).saturating_sub(1) };
        self.amount.for_quantity(quantity, self.per) + NanoUsd(rounding as i64)
    }
}

/// One dated version of a model's prices, as a request is rated with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceVersion {
    /// What usage rows name.
    pub id: PriceVersionId,
    /// Explicitly without charge. Without this and without rates a model is refused, never 0.
    pub free: bool,
    /// At most one per unit and variant.
    pub rates: Vec<Rate>,
}

/// One row of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was consumed.
    pub unit: Unit,
    /// Of which size or quality, where the unit is priced by them and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// How much of it.
    pub quantity: u64,
    /// ceil(quantity × price / per).
    pub cost: NanoUsd,
    /// The unit has no price of its own and took the dearest of its side, or of its variants.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpriced: bool,
}

impl Line {
    /// What it counts.
    pub const fn meter(&self) -> Meter {
        Meter { unit: self.unit, variant: self.variant }
    }
}

impl PriceVersion {
    /// The receipt of `usage`. Its cost is the sum of its lines.
    pub fn lines(&self, usage: &Usage) -> Vec<Line> {
        let usage = self.told_once(usage);
        let mut lines: Vec<Line> = quantities(&usage)
            .into_iter()
            .filter(|&(_, quantity)| quantity > 0)
            .map(|(unit, quantity)| self.line(unit, usage.variant, quantity))
            .collect();
        if self.rates.iter().any(|rate| rate.unit == Unit::Request) {
            lines.push(self.line(Unit::Request, None, 1));
        }
        lines
    }

    /// The most a request can cost that has at most `input` and `output` tokens: each in the
    /// dearest bucket of its side.
    pub fn ceiling(&self, input: u64, output: u64) -> NanoUsd {
        self.ceiling_of(&Usage { input, output, ..Usage::default() })
    }

    /// The most a request can cost that consumes at most `usage`: each token in the dearest bucket
    /// of its side, each image and second in its dearest variant.
    pub fn ceiling_of(&self, usage: &Usage) -> NanoUsd {
        let of_side = |side, quantity: u64, units: u64| {
            self.dearest(side).map_or(NanoUsd::ZERO, |rate| rate.at_most(quantity, units))
        };
        let tokens = of_side(Side::Input, usage.input.max(input_parts(usage)), 6)
            + of_side(Side::Output, usage.output.max(output_parts(usage)), 4);
        let counted = quantities(usage).into_iter().filter(|(unit, _)| unit.side().is_none());
        let pieces = counted.chain([(Unit::Request, 1)]).map(|(unit, quantity)| {
            let dearest = self.rates_of(unit).max_by(|a, b| a.worth(b));
            dearest.map_or(NanoUsd::ZERO, |rate| rate.at_most(quantity, 1))
        });
        tokens + pieces.sum::<NanoUsd>()
    }

    /// Images that a provider tells by their number and by their tokens are charged once: by the
    /// tokens of the answer where those have a price, else by number.
    fn told_once(&self, usage: &Usage) -> Usage {
        if usage.images == 0 || usage.total() == 0 {
            return *usage;
        }
        let priced = |side| self.rates.iter().any(|rate| rate.unit.side() == Some(side));
        if priced(Side::Output) {
            return Usage { images: 0, ..*usage };
        }
        if self.rates_of(Unit::Image).next().is_none() {
            return *usage;
        }
        let answer = Usage { output: 0, reasoning: 0, audio_output: 0, image_output: 0, ..*usage };
        if priced(Side::Input) {
            return answer;
        }
        let (cached, cache_write, cache_write_1h) = (0, 0, 0);
        let (audio_input, image_input) = (0, 0);
        Usage { input: 0, cached, cache_write, cache_write_1h, audio_input, image_input, ..answer }
    }

    fn line(&self, unit: Unit, variant: Option<Variant>, quantity: u64) -> Line {
        let variant = variant.filter(|_| unit.has_variants());
        let own = self.own(unit, variant);
        // Vendors bill reasoning as output unless they say otherwise: that is its price, no guess.
        let usual = if unit == Unit::Reasoning { self.own(Unit::Output, None) } else { None };
        let dearest = || match unit.side() {
            Some(side) => self.dearest(side),
            None => self.rates_of(unit).max_by(|a, b| a.worth(b)),
        };
        let rate = own.or(usual).or_else(dearest);
        Line {
            unit,
            variant,
            quantity,
            cost: rate.map_or(NanoUsd::ZERO, |rate| rate.amount.for_quantity(quantity, rate.per)),
            unpriced: !self.free && own.or(usual).is_none(),
        }
    }

    /// The price of a unit: of that variant, else of its size or its quality alone (the dearer),
    /// else of all that have no price of their own.
    fn own(&self, unit: Unit, variant: Option<Variant>) -> Option<&Rate> {
        let with =
            |wanted: Option<Variant>| self.rates_of(unit).find(move |rate| rate.variant == wanted);
        let Some(of) = variant else { return with(None) };
        let part = |of: Variant| if of == Variant::default() { None } else { with(Some(of)) };
        let by_size = part(Variant { quality: None, ..of });
        let by_quality = part(Variant { size: None, ..of });
        let either = by_size.into_iter().chain(by_quality).max_by(|a, b| a.worth(b));
        with(Some(of)).or(either).or_else(|| with(None))
    }

    fn rates_of(&self, unit: Unit) -> impl Iterator<Item = &Rate> {
        self.rates.iter().filter(move |rate| rate.unit == unit)
    }

    /// The dearest rate of a side; of both, where that side has no price at all.
    fn dearest(&self, side: Side) -> Option<&Rate> {
        let tokens = || self.rates.iter().filter(|rate| rate.unit.side().is_some());
        let own = tokens().filter(|rate| rate.unit.side() == Some(side));
        own.max_by(|a, b| a.worth(b)).or_else(|| tokens().max_by(|a, b| a.worth(b)))
    }
}

fn sum(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum: u64, it| sum.saturating_add(*it))
}

/// Tokens of the prompt that have units of their own.
fn input_parts(usage: &Usage) -> u64 {
    let Usage { cached, cache_write, cache_write_1h, audio_input, image_input, .. } = *usage;
    sum(&[cached, cache_write, cache_write_1h, audio_input, image_input])
}

/// Tokens of the answer that have units of their own.
fn output_parts(usage: &Usage) -> u64 {
    sum(&[usage.reasoning, usage.audio_output, usage.image_output])
}

fn quantities(usage: &Usage) -> [(Unit, u64); 15] {
    let (parts, said) = (input_parts(usage), output_parts(usage));
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
mod tests;
