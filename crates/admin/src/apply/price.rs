//! A price as it is written: a list of units, or the word `catalog`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use wayleave_model::price::Rate;

use wayleave_model::Meter;

use super::document::Amount;

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceDecl {
    /// Dollars by unit: per million tokens or characters, else per piece; of images and seconds of
    /// video also by size and quality.
    Listed(BTreeMap<Meter, Amount>),
    /// What the catalog says.
    Catalog,
}

/// The word.
const CATALOG: &str = "catalog";

/// What was declared, checked as far as it can be without the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declared {
    /// Explicitly without charge.
    Free,
    /// These; not empty.
    Rates(Vec<Rate>),
    /// What the catalog says.
    Catalog,
}

impl Declared {
    /// A price, or the word that there is none.
    ///
    /// # Errors
    /// A model needs exactly one of the two.
    pub(crate) fn of(price: Option<&PriceDecl>, free: bool) -> Result<Declared, &'static str> {
        match (price, free) {
            (None, true) => Ok(Declared::Free),
            (Some(PriceDecl::Catalog), false) => Ok(Declared::Catalog),
            (Some(PriceDecl::Listed(list)), false) if !list.is_empty() => {
                let rate = |(&Meter { unit, variant }, amount): (&Meter, &Amount)| Rate {
                    unit,
                    variant,
                    amount: amount.0,
                    per: unit.per(),
                };
                Ok(Declared::Rates(list.iter().map(rate).collect()))
            }
            (Some(_), true) => Err("has a price and is free: choose one"),
            _ => Err("needs `price` or `free: true`: without them every request to it is refused"),
        }
    }
}

impl Serialize for PriceDecl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            PriceDecl::Listed(list) => list.serialize(to),
            PriceDecl::Catalog => to.serialize_str(CATALOG),
        }
    }
}

impl<'de> Deserialize<'de> for PriceDecl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PriceDecl, D::Error> {
        from.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = PriceDecl;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("amounts by unit, or the word `catalog`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<PriceDecl, E> {
        if word == CATALOG {
            return Ok(PriceDecl::Catalog);
        }
        Err(E::invalid_value(de::Unexpected::Str(word), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, list: A) -> Result<PriceDecl, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(list)).map(PriceDecl::Listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_a_list_or_the_catalogs() {
        let read = |text: &str| serde_json::from_str::<PriceDecl>(text);
        assert_eq!(read("\"catalog\"").unwrap(), PriceDecl::Catalog);
        let listed = read(r#"{"input":"0.15"}"#).unwrap();
        assert_eq!(serde_json::to_string(&listed).unwrap(), r#"{"input":"0.15"}"#);
        assert_eq!(serde_json::to_string(&PriceDecl::Catalog).unwrap(), "\"catalog\"");
        let images = r#"{"image":"0.04","image@hd":"0.08"}"#;
        assert_eq!(serde_json::to_string(&read(images).unwrap()).unwrap(), images);
        let error = read(r#"{"input@hd":"1"}"#).unwrap_err().to_string();
        assert!(error.contains("`input` has no variants"), "{error}");
        let error = read("\"catalogue\"").unwrap_err().to_string();
        assert!(error.contains("amounts by unit, or the word `catalog`"), "{error}");
    }

    #[test]
    fn a_model_has_one_price() {
        let of = |price: Option<PriceDecl>, free| Declared::of(price.as_ref(), free);
        assert_eq!(of(Some(PriceDecl::Catalog), false), Ok(Declared::Catalog));
        assert_eq!(of(None, true), Ok(Declared::Free));
        assert!(of(Some(PriceDecl::Catalog), true).unwrap_err().contains("choose one"));
        assert!(of(Some(PriceDecl::Listed(BTreeMap::new())), false).is_err());
        assert!(of(None, false).is_err());
    }
}
