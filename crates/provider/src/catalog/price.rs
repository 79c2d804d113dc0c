//! Prices as vendors publish them, and what of them the price book can hold.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wayleave_model::price::Rate;
use wayleave_model::{Meter, NanoUsd};

/// The price of one unit: `amount` for each `per` of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogPrice {
    /// What is priced: a unit, of images and seconds of video also of one size or quality.
    pub unit: Meter,
    /// In the currency, for each `per`.
    pub amount: Amount,
    /// The quantity the amount is for.
    pub per: NonZeroU64,
    /// As published. US dollars where a row does not say.
    #[serde(default, skip_serializing_if = "Currency::is_usd")]
    pub currency: Currency,
    /// Only for requests whose prompt has more tokens than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_context: Option<NonZeroU64>,
    /// Only for requests of a batch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
}

impl CatalogPrice {
    /// Its name in the public catalog, which says what it is for: `input_per_1m_above_200k`.
    pub fn key(&self) -> String {
        super::public::price_key(self)
    }
}

/// More than nothing, in billionths of a currency's unit. A decimal string in every text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(NanoUsd);

impl Amount {
    /// Billionths of the currency's unit.
    pub const fn nanos(self) -> i64 {
        self.0.0
    }
}

/// Digits with at most nine decimals, like `0.15`: the same grammar in every currency.
impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Amount, String> {
        let wrong = || format!("`{text}` is no amount: digits with at most nine decimals, above 0");
        match text.parse::<NanoUsd>() {
            Ok(amount) if amount > NanoUsd::ZERO => Ok(Amount(amount)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Three capital letters of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars.
    pub const USD: Currency = Currency(*b"USD");

    /// Whether it is US dollars, which the price book counts in.
    pub fn is_usd(&self) -> bool {
        *self == Currency::USD
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for Currency {
    fn default() -> Currency {
        Currency::USD
    }
}

impl FromStr for Currency {
    type Err = String;

    fn from_str(text: &str) -> Result<Currency, String> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Currency(letters)),
            _ => Err(format!("`{text}` is no currency: three capital letters, like USD")),
        }
    }
}

/// A row's prices as a version of the price book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateDraft {
    /// Explicitly without charge; then there are no rates.
    pub free: bool,
    /// At most one per unit and variant, in the order of a receipt.
    pub rates: Vec<Rate>,
    /// What these rates do not say: other sizes of prompt, batches, other currencies. Show them; nothing bills by them.
    pub apart: Vec<CatalogPrice>,
}

/// The rates of a request with `context` prompt tokens: of each unit the tier that it falls in.
pub(super) fn drafted(free: bool, prices: &[CatalogPrice], context: u64) -> RateDraft {
    let floor = |it: &CatalogPrice| it.above_context.map_or(0, NonZeroU64::get);
    let applies = |it: &CatalogPrice| {
        !it.batch && it.currency.is_usd() && (it.above_context.is_none() || floor(it) < context)
    };
    let mut draft = RateDraft { free, rates: Vec::new(), apart: Vec::new() };
    for price in prices {
        let better = |other: &CatalogPrice| {
            other.unit == price.unit && applies(other) && floor(other) > floor(price)
        };
        if applies(price) && !prices.iter().any(better) {
            let Meter { unit, variant } = price.unit;
            let (amount, per) = (price.amount.0, price.per.get());
            draft.rates.push(Rate { unit, variant, amount, per });
        } else {
            draft.apart.push(price.clone());
        }
    }
    draft.rates.sort_by_key(Rate::meter);
    draft
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// From a string only: a JSON number would have been a float on its way.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Amount, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
