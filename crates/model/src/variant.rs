//! Which image or video: the size and quality that vendors price by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size, a quality, or both; written `1024x1536`, `high` or `1024x1536/high`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    /// Width and height in pixels; `None`: the vendor does not say, or does not price by it.
    pub size: Option<(u16, u16)>,
    /// The quality; `None`: as for the size.
    pub quality: Option<Quality>,
}

/// The words that vendors have for how well a picture or a film is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// `standard`.
    Standard,
    /// `hd`.
    Hd,
    /// `xhigh`.
    Xhigh,
    /// `max`.
    Max,
    /// `premium`.
    Premium,
}

impl Quality {
    /// Every quality.
    pub const ALL: [Quality; 8] = [
        Quality::Low,
        Quality::Medium,
        Quality::High,
        Quality::Standard,
        Quality::Hd,
        Quality::Xhigh,
        Quality::Max,
        Quality::Premium,
    ];

    /// The word in requests, in SQL and in setup files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Quality::Low => "low",
            Quality::Medium => "medium",
            Quality::High => "high",
            Quality::Standard => "standard",
            Quality::Hd => "hd",
            Quality::Xhigh => "xhigh",
            Quality::Max => "max",
            Quality::Premium => "premium",
        }
    }

    /// The quality of that name.
    pub fn parse(name: &str) -> Option<Quality> {
        Quality::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// Text that names no size and no quality.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no size (`1024x1536`), no quality (low, medium, high, xhigh, max, standard, hd, premium) and not both (`1024x1536/high`)"
)]
pub struct NoVariant(String);

impl fmt::Display for Variant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((width, height)) = self.size {
            write!(out, "{width}x{height}")?;
        }
        match (self.size, self.quality) {
            (Some(_), Some(quality)) => write!(out, "/{}", quality.as_str()),
            (None, Some(quality)) => out.write_str(quality.as_str()),
            (_, None) => Ok(()),
        }
    }
}

impl FromStr for Variant {
    type Err = NoVariant;

    fn from_str(text: &str) -> Result<Variant, NoVariant> {
        let none = || NoVariant(text.chars().take(64).collect());
        let quality = |word| Quality::parse(word).ok_or_else(none);
        let size = |words: &str| {
            let (width, height) = words.split_once('x').ok_or_else(none)?;
            let figure = |digits: &str| digits.parse::<u16>().map_err(|_| none());
            Ok((figure(width)?, figure(height)?))
        };
        match text.split_once('/') {
            Some((left, right)) => {
                Ok(Variant { size: Some(size(left)?), quality: Some(quality(right)?) })
            }
            None if text.contains('x') => Ok(Variant { size: Some(size(text)?), quality: None }),
            None => Ok(Variant { size: None, quality: Some(quality(text)?) }),
        }
    }
}

impl Serialize for Variant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Variant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Variant, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_read_as_it_is_written() {
        for text in ["1024x1536", "high", "1024x1536/high", "720x1280/standard", "hd"] {
            assert_eq!(text.parse::<Variant>().expect("a variant").to_string(), text);
        }
        for text in ["", "x", "70000x1", "auto", "1024x1024/", "/hd", "1024x1024/best"] {
            assert!(text.parse::<Variant>().is_err(), "{text}");
        }
    }
}
